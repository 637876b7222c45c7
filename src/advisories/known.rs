//! Vulnerabilities that are known of the packages of an image.

use super::ecosystem::Coverage;
use super::severity::Severity;

/// What an export knows of an image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// By identifier, then by package; one for each package, or each source of several packages.
    pub list: Vec<Vulnerability>,
    /// The ecosystems of the image, and whether the export has anything of them.
    pub coverage: Vec<Coverage>,
    /// Packages of which no ecosystem of the schema is told, such as those of a distribution that
    /// it does not have.
    pub unknown: usize,
}

/// A vulnerability of packages of one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Vulnerability {
    /// That of CVE, where it has one.
    pub id: String,
    /// All other names of it, among them those of the records; ordered.
    pub names: Vec<String>,
    /// Records that are about several at once; ordered.
    pub bulletins: Vec<String>,
    /// One line; empty where no record has one.
    pub summary: String,
    pub severity: Option<Severity>,
    /// `Debian:12`, as the record writes it.
    pub ecosystem: String,
    /// The source that the packages were built from, or the package itself.
    pub package: String,
    pub version: String,
    /// The version with which it is over.
    pub fixed: Option<String>,
    /// Rows of the installed packages, ascending.
    pub packages: Vec<usize>,
}

impl Known {
    /// The ecosystems of the image of which the export has nothing.
    pub fn uncovered(&self) -> impl Iterator<Item = &Coverage> {
        self.coverage
            .iter()
            .filter(|coverage| coverage.records == 0)
    }
}
