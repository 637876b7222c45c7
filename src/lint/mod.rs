//! The lint engine: rules are given to it, it names none.
//!
//! [`lint`] reads a source, gathers [`Facts`](facts::Facts), lets every selected rule speak, and takes out what a pragma
//! suppresses.

mod build_context;
mod context;
mod example;
pub mod facts;
mod finding;
pub mod fix;
mod index;
mod label;
mod page;
mod pragma;
mod registry;
mod rule;
mod settings;

pub use build_context::{BuildContext, IgnoreFile, clean};
pub use context::Context;
pub use example::{Example, Verdict, examples};
pub use finding::*;
pub use index::index_markdown;
pub use label::LabelType;
pub use page::{Alias, Category, Page, PageError, Profile, Tool};
pub use registry::{Registry, UnknownRule};
pub use rule::{Findings, Report, Rule};
pub use settings::{Selection, Settings};

use crate::dockerfile::{self, Dockerfile};
use crate::source::{Source, Span};

/// What the selected rules say of a Dockerfile, in the order of its text.
pub fn lint(source: &Source, registry: &Registry, settings: &Settings) -> Vec<Finding> {
    lint_in(&BuildContext::default(), source, registry, settings)
}

/// The same, for rules that look around the Dockerfile.
pub fn lint_in(build: &BuildContext, source: &Source, registry: &Registry, settings: &Settings) -> Vec<Finding> {
    let dockerfile = dockerfile::parse(source);
    let facts = facts::Facts::new(&dockerfile, settings);
    let context = Context { source, dockerfile: &dockerfile, facts: &facts, build, settings };
    let mut findings = Vec::new();
    for (rule, page) in registry.iter() {
        if settings.selects(page) {
            let severity = settings.severities.get(page.name).copied().unwrap_or(page.severity);
            let mut sink = Findings::new(page.name, severity);
            (rule.check)(&context, &mut sink);
            findings.extend(sink.into_findings());
        }
    }
    for finding in &mut findings {
        finding.instruction = instruction_at(&dockerfile, finding.span);
    }
    if settings.pragmas {
        pragma::suppress(source, &dockerfile, registry, &mut findings);
    }
    findings.sort_by(|a, b| (a.span, a.rule, &a.message).cmp(&(b.span, b.rule, &b.message)));
    findings
}

/// The instruction that holds the start of `span`.
fn instruction_at(dockerfile: &Dockerfile, span: Span) -> Option<Span> {
    let after = dockerfile.instructions.partition_point(|instruction| instruction.span.start <= span.start);
    let instruction = dockerfile.instructions[after.checked_sub(1)?].span;
    (span.start <= instruction.end).then_some(instruction)
}
