//! What is said of the comments themselves: that they silence something, or nothing, or name no
//! rule.

use super::super::finding::{Applicability, Edit, Finding, Fix};
use super::super::registry::{Registry, UnknownRule};
use super::super::rule::Findings;
use super::super::settings::Settings;
use super::{Dialect, Name, Pragma, Pragmas, SILENCING, Target, UNKNOWN, UNUSED};
use crate::source::{Source, Span};

/// How many unknown names of a file are compared with all known ones to suggest one.
const MAX_SUGGESTIONS: usize = 100;

impl Pragmas {
    /// Says which names in comments silenced nothing, once
    /// [`suppress`](Pragmas::suppress) has seen every finding; `shellcheck` says whether ShellCheck
    /// was asked.
    pub(in super::super) fn report(
        &self,
        source: &Source,
        registry: &Registry,
        settings: &Settings,
        shellcheck: bool,
    ) -> Vec<Finding> {
        let sink = |rule: &'static str| {
            let page = registry.get(rule).filter(|page| settings.selects(page))?;
            Some(Findings::new(page.name, settings.severity(page)))
        };
        let (mut unused, mut unknown, mut silencing) =
            (sink(UNUSED), sink(UNKNOWN), sink(SILENCING));
        if let Some(silencing) = &mut silencing {
            for pragma in &self.comments {
                silencing.add(pragma.span, "this comment silences rules");
            }
        }
        let names = self.comments.iter().flat_map(|pragma| {
            let names = pragma.names.iter().enumerate();
            names.map(move |(index, name)| (pragma, index, name))
        });
        let mut unknown_count = 0;
        for (pragma, index, name) in names {
            let text = source.slice(name.span);
            if name.targets.is_empty() {
                if let Some(unknown) = unknown
                    .as_mut()
                    .filter(|_| pragma.dialect == Dialect::Jettison)
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
                    .all(|target| speaks(target, registry, settings, shellcheck))
            {
                let report = unused.add(
                    name.span,
                    format!("the comment silences `{text}`, which is not reported here"),
                );
                if let Some(fix) = fix(source, pragma, index) {
                    report.fix(fix);
                }
            }
        }
        [unused, unknown, silencing]
            .into_iter()
            .flatten()
            .flat_map(Findings::into_findings)
            .collect()
    }

    fn is_unused(&self, pragma: &Pragma, name: &Name) -> bool {
        let mut keys = pragma
            .places
            .iter()
            .flat_map(|&place| name.targets.iter().map(move |&target| (place, target)));
        !keys.any(|key| self.used.get(&key).copied().unwrap_or_default())
    }
}

/// Whether the rule could have spoken. A comment on the rules of comments is never idle.
fn speaks(target: &Target, registry: &Registry, settings: &Settings, shellcheck: bool) -> bool {
    match *target {
        Target::Rule(UNUSED | UNKNOWN | SILENCING) => false,
        Target::Rule(rule) => {
            (shellcheck || rule != super::super::SHELLCHECK)
                && registry
                    .get(rule)
                    .is_some_and(|page| settings.selects(page))
        }
        Target::Code(code) => {
            shellcheck
                && settings.selects_code(Some(code))
                && registry
                    .get(super::super::SHELLCHECK)
                    .is_some_and(|page| settings.selects(page))
        }
    }
}

/// Takes the name out, and the comment with its last name. Another tool may need its own comment.
fn fix(source: &Source, pragma: &Pragma, index: usize) -> Option<Fix> {
    if pragma.dialect != Dialect::Jettison || pragma.is_directive {
        return None;
    }
    let span = match (index, pragma.names.as_slice()) {
        (_, [_]) => comment_line(source, pragma)?,
        (0, names) => Span::new(names[0].span.start, names[1].span.start),
        (_, names) => Span::new(names[index - 1].span.end, names[index].span.end),
    };
    let edit = Edit {
        span,
        replacement: String::new(),
    };
    Some(Fix::new(
        "silence only what is reported",
        Applicability::Safe,
        vec![edit],
    ))
}

/// The line of a comment with its line break. A comment at the top may be all that keeps the one
/// below it from being a directive, so it stays.
fn comment_line(source: &Source, pragma: &Pragma) -> Option<Span> {
    let line = source.line(pragma.span.start);
    let start = source.line_span(line).start;
    let end = if line < source.line_count() {
        source.line_span(line + 1).start
    } else {
        source.bytes().len()
    };
    let next = source.text()[end..].lines().next().unwrap_or_default();
    let could_be_directive = line == 1 && next.starts_with('#') && next.contains('=');
    (!could_be_directive).then_some(Span::new(start, end))
}
