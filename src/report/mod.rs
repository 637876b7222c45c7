//! How findings are shown: one file per format.

mod deps;
mod diff;
mod entry;
mod excerpt;
mod inspect;
mod inspect_json;
mod json;
mod plan;
mod size;
mod text;

pub use deps::{deps_dot, deps_json, deps_paths, deps_text};
pub use diff::{Compared, diff_json, diff_text};
pub use entry::{InspectedEntry, entry_json, entry_text};
pub use inspect::{Inspected, inspect_text};
pub use inspect_json::inspect_json;
pub use json::json;
pub use plan::plan;
pub use text::{Style, text};

use std::borrow::Cow;

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

    /// The codes under which other tools would report a finding, its own first.
    fn aliases(&self, finding: &Finding) -> impl Iterator<Item = Cow<'static, str>> {
        let own = finding.code.map(|code| Cow::Owned(code.to_string()));
        let page = self.registry.get(finding.rule);
        let aliases = page.into_iter().flat_map(|page| &page.aliases);
        let said = aliases.filter(|alias| finding.in_final_stage || !alias.final_stage_only);
        own.into_iter().chain(said.map(|alias| Cow::Borrowed(alias.code)))
    }

    /// The code that a finding carries: ShellCheck's own, otherwise its rule's.
    fn code(&self, finding: &Finding) -> Cow<'static, str> {
        match finding.code {
            Some(code) => Cow::Owned(code.to_string()),
            None => Cow::Borrowed(self.registry.code(finding.rule)),
        }
    }
}

/// Where more is to be read: ShellCheck's page of its code, or the rule's page in the sources that are published with
/// this version.
fn url(finding: &Finding) -> String {
    if let Some(code) = finding.code {
        return format!("https://www.shellcheck.net/wiki/{code}");
    }
    concat!("https://docs.rs/crate/", env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"), "/source/rules/lint/")
        .to_owned()
        + finding.rule
        + ".md"
}
