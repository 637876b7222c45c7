//! Findings about the comments themselves: those that suppress findings, that suppress none, that
//! name an unknown rule, or that no tool reads.

use super::super::finding::{Edit, Finding, Fix};
use super::super::registry::{Registry, UnknownRule};
use super::super::rule::Findings;
use super::super::settings::Settings;
use super::{Dialect, INEFFECTIVE, Name, Pragma, Pragmas, SILENCING, Target, UNKNOWN, UNUSED};
use crate::source::{Source, Span};

/// Maximum number of unknown names per file for which a similar name is searched for.
const MAX_SUGGESTIONS: usize = 100;

impl Pragmas {
    /// Reports the names in comments that suppressed nothing, after [`suppress`](Pragmas::suppress)
    /// has seen every finding. `shellcheck` is true if ShellCheck ran.
    pub(in super::super) fn report(
        &self,
        source: &Source,
        registry: &Registry,
        settings: &Settings,
        shellcheck: bool,
    ) -> Vec<Finding> {
        let mut unused = sink(UNUSED, registry, settings);
        let mut unknown = sink(UNKNOWN, registry, settings);
        let mut silencing = sink(SILENCING, registry, settings);
        let mut ineffective = sink(INEFFECTIVE, registry, settings);
        for (span, reason) in &self.ineffective {
            if let Some(ineffective) = &mut ineffective {
                ineffective.add(*span, reason.as_str());
            }
        }
        let mut unknown_count = 0;
        for pragma in &self.comments {
            if let Some(silencing) = &mut silencing {
                silencing.add(pragma.span, "this comment suppresses findings");
            }
            for (index, name) in pragma.names.iter().enumerate() {
                let text = source.slice(name.span);
                if name.targets.is_empty() {
                    // Another tool may have a rule with that name.
                    if let Some(unknown) = &mut unknown
                        && pragma.dialect == Dialect::Jettison
                    {
                        unknown_count += 1;
                        let error = if unknown_count <= MAX_SUGGESTIONS {
                            registry.unknown(text)
                        } else {
                            UnknownRule::without_suggestion(text)
                        };
                        unknown.add(name.span, error.to_string());
                    }
                } else if let Some(unused) = &mut unused
                    && self.is_unused(pragma, name)
                    && name
                        .targets
                        .iter()
                        .all(|&target| could_report(target, registry, settings, shellcheck))
                {
                    let message = format!("unused suppression: `{text}` is not reported here");
                    let report = unused.add(name.span, message);
                    if let Some(fix) = fix(source, pragma, index) {
                        report.fix(fix);
                    }
                }
            }
        }
        let sinks = [unused, unknown, silencing, ineffective]
            .into_iter()
            .flatten();
        sinks.flat_map(Findings::into_findings).collect()
    }

    fn is_unused(&self, pragma: &Pragma, name: &Name) -> bool {
        for &place in &pragma.places {
            for &target in &name.targets {
                if self.used.get(&(place, target)) == Some(&true) {
                    return false;
                }
            }
        }
        true
    }
}

/// A sink for the findings of a rule; `None` if the rule is not selected.
fn sink(rule: &str, registry: &Registry, settings: &Settings) -> Option<Findings> {
    let page = registry.get(rule)?;
    if !settings.selects(page) {
        return None;
    }
    Some(Findings::new(page.name, settings.severity(page)))
}

/// Whether this run could have reported a target. If not, the comment may be needed in another run.
fn could_report(
    target: Target,
    registry: &Registry,
    settings: &Settings,
    shellcheck: bool,
) -> bool {
    match target {
        // They are reported after the comments have been counted.
        Target::Rule(UNUSED | UNKNOWN | SILENCING | INEFFECTIVE) => false,
        Target::Rule(rule) => {
            (shellcheck || rule != super::super::SHELLCHECK)
                && registry
                    .get(rule)
                    .is_some_and(|page| settings.selects(page))
        }
        // A code is only reported if its rule is selected.
        Target::Code(code) => {
            shellcheck
                && settings.selects_code(Some(code))
                && registry
                    .get(super::super::SHELLCHECK)
                    .is_some_and(|page| settings.selects(page))
        }
    }
}

/// Removes a name, or the whole comment if it is the only name. Comments of other tools are kept,
/// because they may suppress findings of the tool itself.
fn fix(source: &Source, pragma: &Pragma, index: usize) -> Option<Fix> {
    if pragma.dialect != Dialect::Jettison || pragma.is_directive {
        return None;
    }
    let span = match (index, pragma.names.as_slice()) {
        (_, [_]) => comment_line(source, pragma)?,
        // Includes the comma and whitespace up to the next name, or from the previous one.
        (0, names) => Span::new(names[0].span.start, names[1].span.start),
        (_, names) => Span::new(names[index - 1].span.end, names[index].span.end),
    };
    let edit = Edit::remove(span);
    Some(Fix::safe("remove the unused suppression", [edit]))
}

/// The line of a comment with its line break.
///
/// `None` for a comment at the top of the file if the comment below it would become a directive.
fn comment_line(source: &Source, pragma: &Pragma) -> Option<Span> {
    let line = source.line(pragma.span.start);
    let start = source.line_span(line).start;
    // The last line may have no line break.
    let end = if line < source.line_count() {
        source.line_span(line + 1).start
    } else {
        source.bytes().len()
    };
    let next = source.text()[end..].lines().next().unwrap_or_default();
    let could_be_directive = line == 1 && next.starts_with('#') && next.contains('=');
    if could_be_directive {
        None
    } else {
        Some(Span::new(start, end))
    }
}
