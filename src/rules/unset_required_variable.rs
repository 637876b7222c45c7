//! `unset-required-variable`: `${NAME:?}` of a variable that is empty.

use std::borrow::Cow;
use std::collections::HashMap;

use super::support::words::expanded_parts;
use crate::dockerfile::{Kind, Modifier, Variable, Word, WordPart};
use crate::knowledge::VariableClass;
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unset-required-variable",
    page: include_str!("../../rules/lint/unset-required-variable.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The last defaults of the `ARG`s before the first FROM, by name.
type Defaults<'a> = HashMap<&'a str, Option<&'a Word>>;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let mut defaults = Defaults::new();
    for pair in cx.facts.global_args() {
        defaults.insert(pair.key.text.as_str(), pair.value.as_ref());
    }
    // An ONBUILD has the variables of the image that is built later.
    for step in cx.facts.steps.iter().filter(|step| !step.onbuild) {
        let all = parts(cx, step);
        let mut required = Vec::new();
        for parts in &all {
            collect(parts, &mut required);
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

/// The parts of everything in an instruction in which the builder replaces variables, FROM
/// included.
fn parts<'a>(cx: &DockerfileContext<'a>, step: &Step<'a>) -> Vec<Cow<'a, [WordPart]>> {
    let mut parts = expanded_parts(cx, step);
    if step.kind() == Kind::From
        && let Some(stage) = step.stage
    {
        let image = cx.facts.stages[stage].image;
        parts.push(Cow::Borrowed(image.parts.as_slice()));
        if let Some(flag) = step.flag("platform")
            && let Some(platform) = &flag.value
        {
            parts.push(Cow::Borrowed(platform.parts.as_slice()));
        }
    }
    parts
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
    // A file without stages may be a part of another one.
    let is_global = step.kind() == Kind::Arg && step.stage.is_none() && !cx.facts.stages.is_empty();
    if step.kind() == Kind::From || is_global {
        return fails_outside_stages(cx, defaults, (name, colon));
    }
    if let Some(value) = cx.facts.variable(step, name) {
        return colon && value.is_empty();
    }
    // A declared one may have a value that is not known here.
    cx.facts.is_unset(step, name)
}

/// The same where only the `ARG`s before the first FROM count.
fn fails_outside_stages(
    cx: &DockerfileContext<'_>,
    defaults: &Defaults<'_>,
    (name, colon): (&str, bool),
) -> bool {
    match defaults.get(name) {
        // `--build-arg` sets only what is declared.
        None => !VariableClass::Builder.contains(name),
        // An `ARG` without a default is meant to be given.
        Some(None) => false,
        // `--build-arg` and the configuration override the default.
        Some(Some(word)) => {
            let value = cx.facts.expand_default(word);
            colon && value.as_deref() == Some("") && !cx.settings.build_args.contains_key(name)
        }
    }
}
