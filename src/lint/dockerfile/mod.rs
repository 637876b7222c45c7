//! Lints Dockerfiles: parses the text, gathers [`Facts`], runs the checks of the selected rules,
//! and drops findings that a pragma suppresses.

mod build_context;
mod context;
pub mod facts;
mod fixes;

pub use build_context::{BuildContext, IgnoreFile, clean};
pub use context::DockerfileContext;
pub use facts::Facts;

use super::attack_surface::AttackSurface;
use super::finding::{Finding, Location, TextLocation};
use super::pragma::Pragmas;
use super::registry::Registry;
use super::rule::Findings;
use super::settings::Settings;
use crate::dockerfile::{self, Dockerfile};
use crate::source::{Source, Span};

/// The findings of the selected rules in a Dockerfile, in the order of its text.
pub fn lint(source: &Source, registry: &Registry, settings: &Settings) -> Vec<Finding> {
    lint_with(source, registry, settings, Extras::default()).findings
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

/// The findings in a Dockerfile, and its attack surface.
#[derive(Clone, Debug)]
pub struct DockerfileReport {
    /// In the order of the text.
    pub findings: Vec<Finding>,
    /// `None` for a file without stages.
    pub attack_surface: Option<AttackSurface>,
}

/// The same as [`lint`], for rules that look beyond the text.
pub fn lint_with(
    source: &Source,
    registry: &Registry,
    settings: &Settings,
    extras: Extras,
) -> DockerfileReport {
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
    if dockerfile.is_foreign {
        keep_errors(&mut findings, &dockerfile);
    }
    let has_shellcheck = shellcheck.is_some();
    // These were found regardless of this run's selection.
    let external = shellcheck.into_iter().flatten().chain(from_image);
    findings.extend(external.filter_map(|finding| accept(finding, registry, settings)));
    locate(&mut findings, &context);
    fixes::drop_contradicting(&mut findings, registry, settings);
    if settings.pragmas {
        let mut pragmas = Pragmas::read(source, &dockerfile, &facts, registry, settings);
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
    // The message decides between findings of a rule at one place, so that the order is the same in
    // every run.
    findings.sort_unstable_by(|a, b| {
        (a.span(), a.rule, &a.message).cmp(&(b.span(), b.rule, &b.message))
    });
    DockerfileReport {
        findings,
        attack_surface: AttackSurface::of_dockerfile(source, &facts),
    }
}

/// The union of the reports on a Dockerfile that is built in several ways. A stage is only
/// unreachable if no build reaches it.
pub fn of_all_builds(reports: Vec<DockerfileReport>) -> DockerfileReport {
    let mut reports = reports.into_iter();
    let Some(mut all) = reports.next() else {
        return DockerfileReport {
            findings: Vec::new(),
            attack_surface: None,
        };
    };
    for report in reports {
        let is_found = |finding: &Finding, others: &[Finding]| {
            others
                .iter()
                .any(|other| other.rule == finding.rule && other.span() == finding.span())
        };
        let needs_all = |finding: &Finding| finding.rule == UNREACHABLE;
        all.findings
            .retain(|finding| !needs_all(finding) || is_found(finding, &report.findings));
        for finding in report.findings {
            if !needs_all(&finding) {
                all.findings.push(finding);
            }
        }
        super::deployment::sort(&mut all.findings);
    }
    all
}

/// The rule about stages that a build does not need.
const UNREACHABLE: &str = "unreachable-stage";

fn run_checks(context: &DockerfileContext<'_>, registry: &Registry) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (rule, page) in registry.iter() {
        let Some(check) = rule.dockerfile else {
            continue;
        };
        if context.settings.selects(page) {
            let mut sink = Findings::new(page.name, context.settings.severity(page));
            check(context, &mut sink);
            let of_rule = sink.into_findings();
            // A hostile file causes most of its findings with one rule, so they are not copied.
            if findings.is_empty() {
                findings = of_rule;
            } else {
                findings.extend(of_rule);
            }
        }
    }
    findings
}

/// Drops the findings about a text that is not read as its author meant it, and with them the
/// fixes, which would damage the file. The finding of the error itself remains.
fn keep_errors(findings: &mut Vec<Finding>, dockerfile: &Dockerfile) {
    let errors = &dockerfile.errors;
    findings.retain(|finding| {
        errors
            .iter()
            .any(|error| finding.span() == Some(error.span))
    });
}

/// An external finding under the settings of this run; `None` if they do not select it.
fn accept(mut finding: Finding, registry: &Registry, settings: &Settings) -> Option<Finding> {
    let page = registry.get(finding.rule)?;
    let is_selected = settings.selects(page)
        && settings.selects_code(finding.code)
        && settings.profile_includes(&finding);
    if !is_selected {
        return None;
    }
    finding.severity = settings.severity_of(&finding).unwrap_or(finding.severity);
    Some(finding)
}

/// Fills in the enclosing instruction and stage, and drops fixes that would damage the file.
fn locate(findings: &mut [Finding], context: &DockerfileContext<'_>) {
    fixes::drop_unsound(findings, context);
    for finding in findings {
        if let Location::Text(place) = &mut finding.location {
            *place = TextLocation {
                span: place.span,
                instruction: instruction_at(context.dockerfile, place.span),
                in_final_stage: is_in_final_stage(context.facts, place.span),
                file: place.file,
            };
        }
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
