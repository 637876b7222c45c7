//! Words by which programs are told to give up a protection: how tables of them are read.

use std::borrow::Cow;

use crate::dockerfile::{Body, Kind};
use crate::lint::facts::{Call, Run, Step, glob_matches, packages};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix};
use crate::source::Span;

/// Words that a program may be given.
pub(in crate::rules) struct Switch {
    /// Names of programs; a package manager goes by its name in the table of packages.
    pub(in crate::rules) programs: &'static [&'static str],
    /// Patterns for words that follow each other, with others between them; case does not matter.
    pub(in crate::rules) words: &'static [&'static str],
}

pub(in crate::rules) const fn switch(
    programs: &'static [&'static str],
    words: &'static [&'static str],
) -> Switch {
    Switch { programs, words }
}

/// A variable whose value does the same.
pub(in crate::rules) struct Variable {
    /// Names in any case count only where all of one's letters are of one case.
    pub(in crate::rules) name: &'static str,
    /// What it has to be; every value does it where none is given.
    pub(in crate::rules) values: &'static [&'static str],
}

pub(in crate::rules) const fn variable(
    name: &'static str,
    values: &'static [&'static str],
) -> Variable {
    Variable { name, values }
}

impl Variable {
    fn is_set_by(&self, name: &str, value: Option<&str>) -> bool {
        let named = name == self.name
            || (self.name.starts_with("NPM_") && name == self.name.to_ascii_lowercase());
        let fits = |value: &str| {
            self.values
                .iter()
                .any(|known| value.trim().eq_ignore_ascii_case(known))
        };
        named && (self.values.is_empty() || value.is_some_and(fits))
    }
}

/// The word of a call by which the first switch of a table is complete, as it is written.
pub(in crate::rules) fn find<'c>(call: &'c Call, table: &[Switch]) -> Option<(Span, Cow<'c, str>)> {
    let manager = packages::manager(call).map(|manager| manager.name);
    let is_program = |name: &&str| *name == call.name || manager == Some(*name);
    let mut fitting = table
        .iter()
        .filter(|switch| switch.programs.iter().any(is_program));
    fitting.find_map(|switch| last_word(call, switch.words))
}

fn last_word<'c>(call: &'c Call, patterns: &[&str]) -> Option<(Span, Cow<'c, str>)> {
    let mut patterns = patterns.iter().peekable();
    for argument in &call.arguments {
        for text in argument.texts() {
            let pattern = patterns.peek()?;
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

/// Reports the variables of a table that ENV, ARG or a script sets.
pub(in crate::rules) fn report_variables(
    cx: &DockerfileContext<'_>,
    table: &[Variable],
    what: &str,
    findings: &mut Findings,
) {
    let known = |name: &str, value: Option<&str>| {
        table.iter().any(|variable| variable.is_set_by(name, value))
    };
    for step in &cx.facts.steps {
        for (name, value, span) in pairs(cx, step) {
            if known(&name, value.as_deref()) {
                findings.add(span, format!("`{name}` {what}"));
            }
        }
        let Some(run) = cx.facts.run_of(step) else {
            continue;
        };
        for (name, _, span) in run
            .assignments()
            .filter(|(name, value, _)| known(name, *value))
        {
            findings.add(span, format!("`{name}` {what}"));
        }
    }
}

/// What ENV and ARG set.
fn pairs(cx: &DockerfileContext<'_>, step: &Step<'_>) -> Vec<(String, Option<String>, Span)> {
    let Body::Pairs(pairs) = &step.instruction.body else {
        return Vec::new();
    };
    if !matches!(step.kind(), Kind::Env | Kind::Arg) {
        return Vec::new();
    }
    let read = |pair: &crate::dockerfile::Pair| {
        let value = pair.value.as_ref()?;
        Some((
            pair.key.text.as_str().to_owned(),
            cx.facts.expand(step, value),
            pair.span,
        ))
    };
    pairs.iter().filter_map(read).collect()
}

/// Takes a word out of a script, with the blanks before it.
pub(in crate::rules) fn removal(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    call: &Call,
    word: Span,
    title: &str,
) -> Option<Fix> {
    run.script.as_ref()?;
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
    let start = if between.trim().is_empty() && !between.is_empty() {
        start
    } else {
        return None;
    };
    let edit = Edit {
        span: Span::new(start, word.end),
        replacement: String::new(),
    };
    Some(Fix::new(title, Applicability::Unsafe, vec![edit]))
}
