//! `unset-required-variable`: `${NAME:?}` of a variable that is empty.

use std::collections::HashMap;

use super::support::words::expanded_words;
use crate::dockerfile::{Kind, Modifier, Variable, Word, WordPart};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unset-required-variable",
    page: include_str!("../../rules/lint/unset-required-variable.md"),
    dockerfile: Some(check),
    image: None,
};

/// Flags whose values BuildKit expands, besides `--mount`.
const FLAGS: [&str; 4] = ["platform", "chown", "chmod", "checksum"];

/// The last defaults of the `ARG`s before the first FROM, by name.
type Defaults<'a> = HashMap<&'a str, Option<&'a Word>>;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let mut defaults = Defaults::new();
    for pair in cx.facts.global_args() {
        defaults.insert(pair.key.text.as_str(), pair.value.as_ref());
    }
    // An ONBUILD has the variables of the image that is built later.
    for step in cx.facts.steps.iter().filter(|step| !step.onbuild) {
        let mut required = Vec::new();
        for word in words(cx, step) {
            collect(&word.parts, &mut required);
        }
        for (variable, colon) in required {
            if fails(cx, &defaults, step, (&variable.name, colon)) {
                let (name, text) = (&variable.name, cx.source.slice(variable.span));
                let message = format!("`{name}` is empty, so `{text}` fails the build");
                findings.add(variable.span, message);
            }
        }
    }
}

/// The words of an instruction in which the builder replaces variables, those of FROM and of flags
/// included.
fn words<'a>(cx: &DockerfileContext<'a>, step: &Step<'a>) -> Vec<&'a Word> {
    let mut words = expanded_words(step);
    for flag in &step.instruction.flags {
        if FLAGS.contains(&flag.name.as_str()) {
            words.extend(&flag.value);
        }
    }
    if step.kind() == Kind::From
        && let Some(stage) = step.stage
    {
        words.push(cx.facts.stages[stage].image);
    }
    words
}

/// Collects the variables with `?`, each with whether an empty value counts as unset.
fn collect<'w>(parts: &'w [WordPart], required: &mut Vec<(&'w Variable, bool)>) {
    for part in parts {
        let WordPart::Variable(variable) = part else {
            continue;
        };
        match variable.modifier.as_deref() {
            Some(Modifier::Required { colon, word }) => {
                required.push((variable, *colon));
                collect(word, required);
            }
            // BuildKit expands the inner word whether or not it is used.
            Some(Modifier::Default { word, .. } | Modifier::Alternative { word, .. }) => {
                collect(word, required);
            }
            _ => {}
        }
    }
}

/// Whether the variable is known to be unset, or empty if the colon includes that case.
fn fails(
    cx: &DockerfileContext<'_>,
    defaults: &Defaults<'_>,
    step: &Step<'_>,
    (name, colon): (&str, bool),
) -> bool {
    if step.kind() == Kind::From {
        return colon && is_empty_by_default(cx, defaults, name);
    }
    if let Some(value) = cx.facts.variable(step, name) {
        return colon && value.is_empty();
    }
    let starts_empty = step
        .stage
        .is_some_and(|stage| cx.facts.starts_without_variables(stage));
    // A declared one may have a value that is not known here.
    starts_empty && !cx.facts.is_declared(step, name) && name != "PATH"
}

/// Whether an `ARG` before the first FROM has an empty default. An ARG without a default is meant
/// to be given.
fn is_empty_by_default(cx: &DockerfileContext<'_>, defaults: &Defaults<'_>, name: &str) -> bool {
    let Some(Some(word)) = defaults.get(name) else {
        return false;
    };
    // `--build-arg` and the configuration override the default.
    let value = cx.facts.expand_default(word);
    value.as_deref() == Some("") && !cx.settings.build_args.contains_key(name)
}
