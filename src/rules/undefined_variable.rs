//! `undefined-variable`: an instruction uses an undefined variable.

use super::support::words::expanded_parts;
use crate::dockerfile::{Modifier, Variable, WordPart};
use crate::knowledge::VariableClass;
use crate::lint::facts::{Facts, Known, Step};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "undefined-variable",
    page: include_str!("../../rules/lint/undefined-variable.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Maximum number of undefined names for which a similar one is searched for. Each is compared with
/// all names that are set.
const MAX_SEARCHES: usize = 50;

/// Maximum number of names that an undefined name is compared with.
const MAX_NAMES: usize = 1000;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let mut searches = 0;
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.stage.is_some() && !step.onbuild)
    {
        // Before the first FROM, other variables exist: see `undeclared-arg-in-from`.
        let all = expanded_parts(cx, step);
        let mut variables = Vec::new();
        for parts in &all {
            collect(cx.facts, step, parts, &mut variables);
        }
        for variable in variables {
            let name = variable.name.as_str();
            let Some((what, note)) = problem(cx.facts, step, name, &mut searches) else {
                continue;
            };
            let message = if is_special(name) {
                format!("`{}` {what}", cx.source.slice(variable.span))
            } else {
                format!("`{name}` {what}")
            };
            let report = findings.add(variable.span, message);
            if let Some(note) = note {
                report.note(note);
            }
        }
    }
}

/// Collects the variables whose value matters: `${NAME:-x}` and the like handle an unset variable,
/// but `x` may have variables as well.
fn collect<'p>(
    facts: &Facts<'_>,
    step: &Step<'_>,
    parts: &'p [WordPart],
    variables: &mut Vec<&'p Variable>,
) {
    for part in parts {
        let WordPart::Variable(variable) = part else {
            continue;
        };
        match variable.modifier.as_deref() {
            Some(Modifier::Default { word, .. }) => {
                if !facts.is_declared(step, &variable.name) {
                    collect(facts, step, word, variables);
                }
            }
            Some(Modifier::Alternative { word, .. }) => {
                if facts.is_declared(step, &variable.name) {
                    collect(facts, step, word, variables);
                }
            }
            // `unset-required-variable` is about these.
            Some(Modifier::Required { .. }) => {}
            // A part of nothing is nothing.
            Some(
                Modifier::RemovePrefix { .. }
                | Modifier::RemoveSuffix { .. }
                | Modifier::Replace { .. },
            )
            | None => {
                if !variable.name.is_empty() {
                    variables.push(variable);
                }
            }
        }
    }
}

/// The problem with a variable, as the end of a message, and an optional note.
fn problem(
    facts: &Facts<'_>,
    step: &Step<'_>,
    name: &str,
    searches: &mut usize,
) -> Option<(&'static str, Option<String>)> {
    // Every image has a PATH: the builder sets one if the base image does not.
    if facts.is_declared(step, name) || name == "PATH" {
        return None;
    }
    if is_special(name) {
        let note = "escape the `$` or quote the heredoc name to keep it as is";
        return Some((
            "is always empty here: no shell expands it",
            Some(note.to_owned()),
        ));
    }
    let declare = format!("add `ARG {name}` after `FROM`");
    if facts.is_global(name) {
        return Some(("is only declared before the first `FROM`", Some(declare)));
    }
    if VariableClass::Builder.contains(name) || VariableClass::Proxy.contains(name) {
        return Some(("is only available after an `ARG`", Some(declare)));
    }
    *searches += 1;
    let mut names = vec!["PATH"];
    if *searches <= MAX_SEARCHES {
        let declared = facts.declared(step).into_iter().take(MAX_NAMES);
        names.splice(0..0, declared);
    }
    // On Windows, names are case-insensitive: `$Path` is `$PATH`.
    let is_windows = facts.stages[step.stage?]
        .known
        .is_some_and(Known::is_windows);
    if is_windows && names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return None;
    }
    let near = names.into_iter().find(|known| is_near(known, name));
    let note = near.map(|near| format!("did you mean `{near}`?"));
    // The variables of most base images are unknown, so any other name may be one of them.
    if note.is_none() && !facts.starts_without_variables(step.stage?) {
        return None;
    }
    Some(("is not defined", note))
}

/// Whether a name is that of a shell parameter such as `$1` or `$@`.
fn is_special(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_digit() || "@*#?-$!".contains(c))
}

/// Whether a name is a misspelling of a known one: one letter too many, too few or wrong, two
/// letters swapped, or another case.
fn is_near(known: &str, name: &str) -> bool {
    // Short names are often similar without being related.
    if name.len() < 4 || known == name {
        return false;
    }
    // `PORT1` and `PORT2` are different on purpose.
    let is_typo = strsim::damerau_levenshtein(known, name) == 1
        && without_number(known) != without_number(name);
    is_typo || known.eq_ignore_ascii_case(name)
}

/// A name without the digits at its end.
fn without_number(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit())
}
