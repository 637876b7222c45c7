//! Options and variables that disable a protection, in tables, and the code that finds them.

use std::borrow::Cow;

use crate::dockerfile::Kind;
use crate::lint::facts::{Call, Run, Step, glob_matches, packages};
use crate::lint::{DockerfileContext, Edit, Findings, Fix};
use crate::source::Span;

/// Programs that share the options of dnf.
pub(in crate::rules) const DNF_PROGRAMS: &[&str] = &[
    "yum",
    "dnf",
    "microdnf",
    "tdnf",
    "yum-config-manager",
    "dnf-config-manager",
];

/// Arguments of a program that disable a protection.
pub(in crate::rules) struct Switch {
    /// Names of programs. Package managers have their name in the package manager table.
    pub(in crate::rules) programs: &'static [&'static str],
    /// Patterns for arguments in this order, with others allowed between them, in any case.
    pub(in crate::rules) words: &'static [&'static str],
}

/// One row of a table of switches.
pub(in crate::rules) const fn switch(
    programs: &'static [&'static str],
    words: &'static [&'static str],
) -> Switch {
    Switch { programs, words }
}

/// An environment variable that disables a protection.
pub(in crate::rules) struct Variable {
    /// The exact name; npm variables may be in lower case as well.
    pub(in crate::rules) name: &'static str,
    /// The values that disable it, in any case; if empty, every value does.
    pub(in crate::rules) values: &'static [&'static str],
}

/// One row of a table of variables.
pub(in crate::rules) const fn variable(
    name: &'static str,
    values: &'static [&'static str],
) -> Variable {
    Variable { name, values }
}

impl Variable {
    fn is_set_by(&self, name: &str, value: Option<&str>) -> bool {
        // npm reads `npm_config_…` in upper and in lower case.
        let is_named = name == self.name
            || (self.name.starts_with("NPM_") && name == self.name.to_ascii_lowercase());
        if !is_named || self.values.is_empty() {
            return is_named;
        }
        let Some(value) = value else { return false };
        self.values
            .iter()
            .any(|known| value.trim().eq_ignore_ascii_case(known))
    }
}

/// The argument of a call that completes the first matching switch of a table, as written.
pub(in crate::rules) fn find<'c>(call: &'c Call, table: &[Switch]) -> Option<(Span, Cow<'c, str>)> {
    let manager = packages::manager(call).map(|manager| manager.name);
    for switch in table {
        let is_meant = switch
            .programs
            .iter()
            .any(|&program| program == call.name || manager == Some(program));
        if is_meant && let Some(word) = last_word(call, switch.words) {
            return Some(word);
        }
    }
    None
}

/// The argument that matches the last of the patterns, if the others match arguments before it.
fn last_word<'c>(call: &'c Call, patterns: &[&str]) -> Option<(Span, Cow<'c, str>)> {
    let mut patterns = patterns.iter().peekable();
    for argument in &call.arguments {
        for text in argument.texts() {
            let pattern = patterns.peek()?;
            // Most programs accept the values of these options in any case.
            if glob_matches(
                &pattern.to_ascii_lowercase(),
                &text.trim_matches('"').to_ascii_lowercase(),
            ) {
                patterns.next();
                if patterns.peek().is_none() {
                    return Some((argument.span, Cow::Borrowed(text)));
                }
            }
        }
    }
    None
}

/// Reports the variables of a table that are set by ENV, ARG or a script. The message is the name
/// followed by `what`.
pub(in crate::rules) fn report_variables(
    cx: &DockerfileContext<'_>,
    table: &[Variable],
    what: &str,
    findings: &mut Findings,
) {
    for step in &cx.facts.steps {
        for (name, value, span) in pairs(cx, step) {
            // The value of an ARG is its default, which applies unless `--build-arg` is given.
            if is_in(table, &name, value.as_deref()) {
                findings.add(span, format!("`{name}` {what}"));
            }
        }
        let Some(run) = cx.facts.run_of(step) else {
            continue;
        };
        for (name, value, span) in run.assignments() {
            if is_in(table, name, value) {
                findings.add(span, format!("`{name}` {what}"));
            }
        }
    }
}

/// Whether a table contains a variable with this value.
fn is_in(table: &[Variable], name: &str, value: Option<&str>) -> bool {
    table.iter().any(|variable| variable.is_set_by(name, value))
}

/// The names, values and locations of variables set by ENV and ARG.
fn pairs(cx: &DockerfileContext<'_>, step: &Step<'_>) -> Vec<(String, Option<String>, Span)> {
    let pairs = step.instruction.body.pairs();
    if !matches!(step.kind(), Kind::Env | Kind::Arg) {
        return Vec::new();
    }
    let mut set = Vec::new();
    for pair in pairs {
        // `ARG name` only declares the variable.
        if let Some(value) = &pair.value {
            let name = pair.key.text.as_str().to_owned();
            set.push((name, cx.facts.expand(step, value), pair.span));
        }
    }
    set
}

/// Removes a word from a script, with the whitespace before it.
pub(in crate::rules) fn removal(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    call: &Call,
    word: Span,
    title: &str,
) -> Option<Fix> {
    // In an exec form, quotes and commas would have to be removed as well.
    run.script.as_ref()?;
    // The removal starts at the end of the previous word, so that no double space is left.
    let before = call
        .arguments
        .iter()
        .map(|argument| argument.span)
        .take_while(|span| span.end <= word.start)
        .last();
    let start = before.unwrap_or(call.name_span).end;
    let between = cx
        .source
        .slice(Span::new(start.min(word.start), word.start));
    // The word may be part of an argument, `-o=x`, or follow a line continuation.
    if between.is_empty() || !between.trim().is_empty() {
        return None;
    }
    let edit = Edit::remove(Span::new(start, word.end));
    Some(Fix::marked_unsafe(title, [edit]))
}
