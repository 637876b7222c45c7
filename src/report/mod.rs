//! Reports: findings, slimming plans, inspections and comparisons, one file per format.

mod attack_surface;
mod baseline;
mod checkstyle;
mod codeclimate;
mod compact;
mod deps;
mod diff;
mod dry_run;
mod entry;
mod excerpt;
mod fingerprint;
mod format;
mod github;
mod gitlab;
mod harden;
mod help;
mod html;
mod image_tests;
mod input;
mod inspect;
mod inspect_json;
mod json;
mod junit;
mod level_changes;
mod markdown;
mod missed;
mod plan;
mod report_json;
mod sarif;
mod sbom;
mod size;
mod sonarqube;
mod summary;
mod text;
mod treemap;
mod tty;
mod unused_features;
mod unused_packages;
mod uri;
mod vex;
mod xml;

pub use baseline::{Baseline, BaselineError, Suppressed};
pub use deps::{deps_dot, deps_json, deps_paths, deps_text};
pub use diff::{Compared, diff_json, diff_text};
pub use dry_run::dry_run;
pub use entry::{InspectedEntry, entry_json, entry_text};
pub use format::Format;
pub use harden::{
    Applied, Hardened, NotApplied, apparmor, apply, compose, docker_run, is_plain_name, kubernetes,
    other_values, podman_quadlet,
};
pub use help::markdown;
pub use html::report_html;
pub use image_tests::{failure as test_failure, image_tests};
pub use input::{Input, Linted};
pub use inspect::{Inspected, inspect_text};
pub use inspect_json::inspect_json;
pub use plan::plan;
pub use report_json::report_json;
pub use sbom::{Bill, cyclonedx, spdx, time_of_image};
pub use summary::{Risk, Sizes, Summary, summary};
pub use text::{Excerpts, Style, text};
pub use uri::{file_uri, uri};
pub use vex::{Statement, Status, Vex, counts, cyclonedx_vex, openvex, statements};

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};

use crate::lint::{Compliance, Finding, Registry, Requirement, Severity, is_own_rule};
use crate::printable::Lines;

/// A result in one of its formats.
#[expect(missing_debug_implementations, reason = "the pieces are not made yet")]
pub enum Rendered<'a> {
    /// Text for people.
    Text(Lines),
    /// Data for programs, which keep every character; the format encodes control characters. It
    /// comes in pieces, as a report of 100,000 findings may be larger than the findings.
    Data(Pieces<'a>),
}

/// Successive parts of a text, each made when it is written.
pub type Pieces<'a> = Box<dyn Iterator<Item = String> + 'a>;

impl<'a> Rendered<'a> {
    fn data(pieces: impl Iterator<Item = String> + 'a) -> Self {
        Self::Data(Box::new(pieces))
    }

    /// Data that is in memory as a whole.
    pub fn whole(data: String) -> Self {
        Self::data(std::iter::once(data))
    }

    pub fn write(self, stream: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Text(text) => stream.write_all(text.as_str().as_bytes()),
            Self::Data(pieces) => {
                let mut stream = BufWriter::new(stream);
                for piece in pieces {
                    stream.write_all(piece.as_bytes())?;
                }
                stream.flush()
            }
        }
    }
}

/// The findings of a run, as passed to every format.
#[derive(Debug)]
pub struct Report<'a> {
    pub files: &'a [Linted],
    pub registry: &'a Registry,
    /// The standard by whose requirements the findings are grouped, if any.
    pub compliance: Option<Compliance>,
}

impl Report<'_> {
    fn count(&self, severity: Severity) -> usize {
        self.findings()
            .filter(|finding| finding.severity == severity)
            .count()
    }

    /// All findings, each with its file or image.
    fn placed(&self) -> impl Iterator<Item = (&Linted, &Finding)> {
        self.files
            .iter()
            .flat_map(|file| file.findings.iter().map(move |finding| (file, finding)))
    }

    /// The same with fingerprints, which are unique within a file.
    fn fingerprinted(&self) -> impl Iterator<Item = (&Linted, &Finding, String)> {
        self.files.iter().flat_map(|file| {
            // Computed for all findings of a file at once, because they depend on the preceding
            // findings.
            let findings = file.findings.iter().zip(file.fingerprints());
            findings.map(move |(finding, fingerprint)| (file, finding, fingerprint))
        })
    }

    fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.files.iter().flat_map(|file| &file.findings)
    }

    /// The requirements of the standard that a finding violates.
    fn requirements(&self, finding: &Finding) -> impl Iterator<Item = &Requirement> {
        let compliance = self.compliance.into_iter();
        compliance.flat_map(|compliance| compliance.standard.requirements_of(finding.rule))
    }

    /// The codes of other tools for a finding, ShellCheck's own first.
    fn aliases(&self, finding: &Finding) -> impl Iterator<Item = Cow<'static, str>> {
        let own = finding.code.map(|code| Cow::Owned(code.to_string()));
        let page = self.registry.get(finding.rule);
        let aliases = page.into_iter().flat_map(|page| &page.aliases);
        // Some tools only check the final stage. An image is built from the final stage.
        let in_final_stage = finding.text().is_none_or(|text| text.in_final_stage);
        let aliases = aliases.filter(move |alias| in_final_stage || !alias.final_stage_only);
        own.into_iter()
            .chain(aliases.map(|alias| Cow::Borrowed(alias.code)))
    }

    /// The code of a finding: ShellCheck's, or else that of its rule.
    fn code(&self, finding: &Finding) -> Cow<'static, str> {
        match finding.code {
            Some(code) => Cow::Owned(code.to_string()),
            None => Cow::Borrowed(self.registry.code(finding.rule)),
        }
    }
}

/// The identifier of a finding: ShellCheck's code, or the rule's name.
fn id(finding: &Finding) -> Cow<'static, str> {
    match finding.code {
        Some(code) => Cow::Owned(code.to_string()),
        None => Cow::Borrowed(finding.rule),
    }
}

/// The message and the notes of a finding, one per line.
fn full_text(finding: &Finding) -> String {
    let mut text = finding.message.clone();
    // Formats with a single text per finding have no other place for notes.
    for note in Linted::notes(finding).iter() {
        text.push('\n');
        text.push_str(note);
    }
    text
}

/// The name of a file without a leading `./`, because GitHub, GitLab and SonarQube compare it
/// textually with paths in the repository.
fn relative(mut name: &str) -> &str {
    while let Some(rest) = name.strip_prefix("./") {
        // A bare `./` is the name of a directory, and an empty name would be invalid.
        if rest.is_empty() {
            break;
        }
        name = rest.trim_start_matches('/');
    }
    name
}

/// The URL of more information: ShellCheck's page about its code, or the rule's page.
pub fn url(finding: &Finding) -> String {
    match finding.code {
        // ShellCheck documents its own codes; our page only describes how it is run.
        Some(code) => format!("https://www.shellcheck.net/wiki/{code}"),
        None => page_url(finding.rule),
    }
}

/// The URL of a rule's page, or of the guide for a rule of the user's own. docs.rs shows the sources
/// of every published version, so the page matches this version.
fn page_url(rule: &str) -> String {
    // Concatenated at compile time, when the name and the version are known.
    const RULES: &str = concat!(
        "https://docs.rs/crate/",
        env!("CARGO_PKG_NAME"),
        "/",
        env!("CARGO_PKG_VERSION"),
        "/source/rules"
    );
    if is_own_rule(rule) {
        return format!("{RULES}/guide/own-rules.md");
    }
    format!("{RULES}/lint/{rule}.md")
}
