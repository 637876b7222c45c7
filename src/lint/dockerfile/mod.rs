//! Lints Dockerfiles: parses the text, gathers [`Facts`], runs the checks of the selected rules,
//! and drops what a pragma suppresses.

mod build_context;
mod context;
pub mod facts;

pub use build_context::{BuildContext, IgnoreFile, clean};
pub use context::DockerfileContext;
pub use facts::Facts;

use super::finding::{Finding, Location, TextLocation};
use super::pragma::Pragmas;
use super::registry::Registry;
use super::rule::Findings;
use super::settings::Settings;
use crate::dockerfile::{self, Dockerfile, Instruction};
use crate::source::{Source, Span};

/// The findings of the selected rules in a Dockerfile, in the order of its text.
pub fn lint(source: &Source, registry: &Registry, settings: &Settings) -> Vec<Finding> {
    lint_with(source, registry, settings, Extras::default())
}

/// Information about a Dockerfile that is not in its text.
#[derive(Debug, Default)]
pub struct Extras {
    pub build: BuildContext,
    /// ShellCheck's findings in the scripts. The linter runs no programs, so the caller runs
    /// ShellCheck; `None` if it did not.
    pub shellcheck: Option<Vec<Finding>>,
    /// Findings of an image that was built from the Dockerfile, at the lines that they come from.
    pub from_image: Vec<Finding>,
}

/// The same as [`lint`], with information from outside the text.
pub fn lint_with(
    source: &Source,
    registry: &Registry,
    settings: &Settings,
    extras: Extras,
) -> Vec<Finding> {
    let Extras {
        build,
        shellcheck,
        from_image,
    } = extras;
    let dockerfile = dockerfile::parse(source);
    let facts = Facts::new(&dockerfile, settings);
    let context = DockerfileContext {
        source,
        dockerfile: &dockerfile,
        facts: &facts,
        build: &build,
        settings,
    };
    let mut findings = run_checks(&context, registry);
    let has_shellcheck = shellcheck.is_some();
    // These were found regardless of this run's selection.
    let external = shellcheck.into_iter().flatten().chain(from_image);
    findings.extend(external.filter_map(|finding| accept(finding, registry, settings)));
    locate(&mut findings, &context);
    if settings.pragmas {
        let mut pragmas = Pragmas::read(source, &dockerfile, &facts, registry);
        pragmas.escalate(registry, settings, &mut findings);
        pragmas.suppress(source, &mut findings);
        // Findings about comments come last, because any other finding may be the one that a
        // comment suppresses. They can be suppressed too, by comments that name these rules.
        let mut about_pragmas = pragmas.report(source, registry, settings, has_shellcheck);
        locate(&mut about_pragmas, &context);
        pragmas.suppress(source, &mut about_pragmas);
        findings.extend(about_pragmas);
    }
    for finding in &mut findings {
        // This comes after `escalate`, which may change the severity.
        finding.labels.extend(settings.severity_label(finding));
    }
    // Findings of the same rule at the same location are sorted by message, so that the order is
    // deterministic.
    findings.sort_by(|a, b| (a.span(), a.rule, &a.message).cmp(&(b.span(), b.rule, &b.message)));
    findings
}

fn run_checks(context: &DockerfileContext<'_>, registry: &Registry) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (rule, page) in registry.iter() {
        let Some(check) = rule.dockerfile else {
            continue;
        };
        if context.settings.selects(page) {
            let mut sink = Findings::new(page.name, context.settings.severity(page));
            check(context, &mut sink);
            findings.extend(sink.into_findings());
        }
    }
    findings
}

/// An external finding under the settings of this run; `None` if they do not select it.
fn accept(mut finding: Finding, registry: &Registry, settings: &Settings) -> Option<Finding> {
    let page = registry.get(finding.rule)?;
    if !settings.selects(page) || !settings.selects_code(finding.code) {
        return None;
    }
    finding.severity = settings.severity_of(&finding).unwrap_or(finding.severity);
    Some(finding)
}

/// Fills in the enclosing instruction and stage, and drops fixes that would touch an unterminated
/// instruction.
fn locate(findings: &mut [Finding], context: &DockerfileContext<'_>) {
    let unterminated = unterminated(context);
    for finding in findings {
        // Text added after it would become part of the instruction.
        if let (Some(open), Some(fix)) = (unterminated, &finding.fix)
            && fix.edits.iter().any(|edit| edit.span.end > open.start)
        {
            finding.fix = None;
        }
        if let Location::Text(place) = &mut finding.location {
            *place = TextLocation {
                span: place.span,
                instruction: instruction_at(context.dockerfile, place.span),
                in_final_stage: is_in_final_stage(context.facts, place.span),
            };
        }
    }
}

/// The last instruction, if text that a fix adds after it would become part of it: an unterminated
/// heredoc extends to the end of the file, and a line that ends with the escape character continues
/// on the next line.
fn unterminated(context: &DockerfileContext<'_>) -> Option<Span> {
    let last: &Instruction = context.dockerfile.instructions.last()?;
    let in_heredoc = last.heredocs.iter().any(|heredoc| heredoc.end.is_empty());
    let text = context.source.slice(last.span).trim_end();
    if in_heredoc || text.ends_with(context.dockerfile.escape) {
        Some(last.span)
    } else {
        None
    }
}

/// The instruction that contains the start of `span`.
fn instruction_at(dockerfile: &Dockerfile, span: Span) -> Option<Span> {
    let after = dockerfile
        .instructions
        .partition_point(|instruction| instruction.span.start <= span.start);
    let instruction = dockerfile.instructions[after.checked_sub(1)?].span;
    // A finding at the end of the file may be just after the last instruction.
    if span.start <= instruction.end {
        Some(instruction)
    } else {
        None
    }
}

fn is_in_final_stage(facts: &Facts<'_>, span: Span) -> bool {
    let Some(stage) = facts.final_stage() else {
        return false;
    };
    let next = facts.stages.get(stage.index + 1);
    let end = next.map_or(usize::MAX, |next| next.from.span.start);
    (stage.from.span.start..end).contains(&span.start)
}
