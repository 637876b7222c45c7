//! Known vulnerabilities of the packages of an image.

use super::ecosystem::Coverage;
use super::severity::VulnerabilitySeverity;

/// The vulnerabilities of an image, and the coverage of its packages by the export.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownVulnerabilities {
    /// The vulnerabilities, sorted by identifier, then by package; one for each source package.
    pub list: Vec<Vulnerability>,
    /// The ecosystems of the image, with the number of records in the export for each.
    pub coverage: Vec<Coverage>,
    /// The number of packages without an ecosystem in the schema, such as those of an unsupported
    /// distribution.
    pub unknown: usize,
}

/// A vulnerability of packages that were built from the same source.
#[derive(Clone, Debug, PartialEq)]
pub struct Vulnerability {
    /// The CVE number, if it has one.
    pub id: String,
    /// All other names, among them those of the records; sorted.
    pub names: Vec<String>,
    /// Bulletins about several vulnerabilities at once; sorted.
    pub bulletins: Vec<String>,
    /// One line; empty if no record has a summary.
    pub summary: String,
    pub severity: Option<VulnerabilitySeverity>,
    /// `Debian:12`, as written in the record.
    pub ecosystem: String,
    /// The source that the packages were built from, or the package itself.
    pub package: String,
    pub version: String,
    /// The version that fixes it.
    pub fixed: Option<String>,
    /// Rows of the installed packages, ascending.
    pub packages: Vec<usize>,
}

impl KnownVulnerabilities {
    /// The ecosystems of the image that the export does not cover.
    pub fn uncovered(&self) -> impl Iterator<Item = &Coverage> {
        // An image without findings would look clean if the export is for other ecosystems.
        self.coverage
            .iter()
            .filter(|coverage| coverage.records == 0)
    }
}
