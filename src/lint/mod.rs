//! The lint engine: rules are given to it, and it names none but those on what is its own, pragmas,
//! and on what comes from outside, ShellCheck's findings.
//!
//! [`lint`] reads a source, gathers [`Facts`](facts::Facts), lets every selected rule speak, and
//! takes out what a pragma suppresses.

mod build_context;
mod code;
mod context;
mod example;
pub mod facts;
mod finding;
pub mod fix;
mod index;
mod label;
mod page;
pub mod pragma;
mod registry;
mod rule;
mod settings;
pub mod words;

pub use build_context::{BuildContext, IgnoreFile, clean};
pub use code::ShellcheckCode;
pub use context::Context;
pub use example::{Example, Verdict, examples};
pub use facts::Facts;
pub use finding::*;
pub use index::index_markdown;
pub use label::LabelType;
pub use page::{Alias, Category, Page, Profile, Tool};
pub use registry::{Named, Registry, UnknownRule};
pub use rule::{Findings, Report, Rule};
pub use settings::{Codes, Selection, Settings};

use pragma::Pragmas;

use crate::dockerfile::{self, Dockerfile};
use crate::source::{Source, Span};

/// The rule under whose name ShellCheck's findings are brought.
pub const SHELLCHECK: &str = "shellcheck";

/// What the selected rules say of a Dockerfile, in the order of its text.
pub fn lint(source: &Source, registry: &Registry, settings: &Settings) -> Vec<Finding> {
    lint_with(source, registry, settings, Besides::default())
}

/// What is known of a file besides its text.
#[derive(Debug, Default)]
pub struct Besides {
    /// What lies around it.
    pub build: BuildContext,
    /// What ShellCheck says of its scripts: nothing is run here, so whoever has asked it brings the
    /// answer. `None` where it was not asked.
    pub shellcheck: Option<Vec<Finding>>,
    /// What an image that was built from the file says of its lines.
    pub measured: Vec<Finding>,
}

/// The same, for rules that look beyond the text.
pub fn lint_with(
    source: &Source,
    registry: &Registry,
    settings: &Settings,
    besides: Besides,
) -> Vec<Finding> {
    let Besides {
        build,
        shellcheck,
        measured,
    } = besides;
    let dockerfile = dockerfile::parse(source);
    let facts = Facts::new(&dockerfile, settings);
    let context = Context {
        source,
        dockerfile: &dockerfile,
        facts: &facts,
        build: &build,
        settings,
    };
    let mut findings = Vec::new();
    for (rule, page) in registry.iter() {
        if settings.selects(page) {
            let severity = settings
                .severities
                .get(page.name)
                .copied()
                .unwrap_or(page.severity);
            let mut sink = Findings::new(page.name, severity);
            (rule.check)(&context, &mut sink);
            findings.extend(sink.into_findings());
        }
    }
    let has_shellcheck = shellcheck.is_some();
    findings.extend(
        shellcheck
            .into_iter()
            .flatten()
            .chain(measured)
            .filter_map(|finding| brought(finding, registry, settings)),
    );
    for finding in &mut findings {
        place(finding, source, &dockerfile, &facts);
    }
    if settings.pragmas {
        let mut pragmas = Pragmas::read(source, &dockerfile, &facts, registry);
        pragmas.escalate(registry, settings, &mut findings);
        pragmas.suppress(source, &mut findings);
        let mut reported = pragmas.report(source, registry, settings, has_shellcheck);
        for finding in &mut reported {
            place(finding, source, &dockerfile, &facts);
        }
        pragmas.suppress(source, &mut reported);
        findings.extend(reported);
    }
    for finding in &mut findings {
        finding.labels.extend(settings.severity_label(finding));
    }
    findings.sort_by(|a, b| (a.span, a.rule, &a.message).cmp(&(b.span, b.rule, &b.message)));
    findings
}

/// A finding from outside under the settings of this run; `None` where they do not want it.
fn brought(mut finding: Finding, registry: &Registry, settings: &Settings) -> Option<Finding> {
    let is_selected = registry
        .get(finding.rule)
        .is_some_and(|page| settings.selects(page));
    finding.severity = settings.severity_of(&finding).unwrap_or(finding.severity);
    (is_selected && settings.wants(finding.code)).then_some(finding)
}

/// Says of a finding what lies around it.
fn place(finding: &mut Finding, source: &Source, dockerfile: &Dockerfile, facts: &Facts<'_>) {
    // A heredoc without an end takes in the rest of the file, and whatever a fix would put below
    // it; so does a line that would go on if there were another.
    let is_open = |instruction: &&dockerfile::Instruction| {
        instruction
            .heredocs
            .iter()
            .any(|heredoc| heredoc.end.is_empty())
            || source
                .slice(instruction.span)
                .trim_end()
                .ends_with(dockerfile.escape)
    };
    if let Some(open) = dockerfile.instructions.last().filter(is_open) {
        finding
            .fix
            .take_if(|fix| fix.edits.iter().any(|edit| edit.span.end > open.span.start));
    }
    finding.instruction = instruction_at(dockerfile, finding.span);
    finding.in_final_stage = facts.final_stage().is_some_and(|stage| {
        let next = facts
            .stages
            .get(stage.index + 1)
            .map_or(usize::MAX, |next| next.from.span.start);
        (stage.from.span.start..next).contains(&finding.span.start)
    });
}

/// The instruction that holds the start of `span`.
fn instruction_at(dockerfile: &Dockerfile, span: Span) -> Option<Span> {
    let after = dockerfile
        .instructions
        .partition_point(|instruction| instruction.span.start <= span.start);
    let instruction = dockerfile.instructions[after.checked_sub(1)?].span;
    (span.start <= instruction.end).then_some(instruction)
}
