//! How findings are shown: one file per format.

mod deps;
mod excerpt;
mod json;
mod plan;
mod text;

pub use deps::{deps_dot, deps_json, deps_paths, deps_text};
pub use json::json;
pub use plan::plan;
pub use text::{Style, text};

use crate::lint::{Finding, Registry, Severity};
use crate::source::Source;

/// A linted file and what was found in it, in the order of places.
#[derive(Debug)]
pub struct Linted {
    pub source: Source,
    pub findings: Vec<Finding>,
}

/// What a format is given.
#[derive(Debug)]
pub struct Report<'a> {
    pub files: &'a [Linted],
    pub registry: &'a Registry,
}

impl Report<'_> {
    fn count(&self, severity: Severity) -> usize {
        self.findings().filter(|finding| finding.severity == severity).count()
    }

    fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.files.iter().flat_map(|file| &file.findings)
    }

    /// The codes of other tools for a rule.
    fn aliases(&self, rule: &str) -> impl Iterator<Item = &'static str> {
        self.registry.get(rule).into_iter().flat_map(|page| page.aliases.iter().map(|alias| alias.code))
    }
}

/// Where a rule's page is to be read: in the sources that are published with this version.
fn url(rule: &str) -> String {
    concat!("https://docs.rs/crate/", env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"), "/source/rules/lint/")
        .to_owned()
        + rule
        + ".md"
}
