//! `assets-without-secret-key`: Rails compiles its assets without a secret key.

use crate::lint::facts::{Call, Run};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "assets-without-secret-key",
    page: include_str!("../../rules/lint/assets-without-secret-key.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Variables that let Rails start in production.
const KEYS: [&str; 3] = [
    "SECRET_KEY_BASE",
    "SECRET_KEY_BASE_DUMMY",
    "RAILS_MASTER_KEY",
];

/// Variables that choose the environment of Rails.
const ENVIRONMENTS: [&str; 2] = ["RAILS_ENV", "RACK_ENV"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (run, call) in cx.facts.calls() {
        let mut arguments = call.arguments.iter();
        let task = arguments.find(|argument| argument.single() == Some("assets:precompile"));
        let Some(task) = task else { continue };
        if is_in_production(cx, run, call) && !has_key(cx, run, call) {
            let message = "no secret key for Rails in production: set `SECRET_KEY_BASE_DUMMY=1`";
            findings.add(task.span, message);
        }
    }
}

/// Whether Rails runs in production, where no key is generated automatically.
fn is_in_production(cx: &DockerfileContext<'_>, run: &Run<'_>, call: &Call) -> bool {
    let of_script = run.assignments().map(|(name, value, _)| (name, value));
    // Rake's arguments override the environment.
    let mut assignments = assignments_of_rake(call).chain(of_script);
    let assigned = assignments.find(|(name, _)| ENVIRONMENTS.contains(name));
    let step = &cx.facts.steps[run.step];
    match assigned {
        Some((_, value)) => value == Some("production"),
        None => ENVIRONMENTS
            .iter()
            .any(|name| cx.facts.variable(step, name).as_deref() == Some("production")),
    }
}

/// The arguments of a call that rake takes as variables, `NAME=value`: each with its value, if that
/// is known.
fn assignments_of_rake(call: &Call) -> impl Iterator<Item = (&str, Option<&str>)> {
    call.arguments.iter().filter_map(|argument| {
        let known = argument.single();
        let (name, value) = known.unwrap_or(argument.raw.as_str()).split_once('=')?;
        // As written, the argument may be quoted.
        let name = name.trim_start_matches(['"', '\'']);
        Some((name, known.and(Some(value))))
    })
}

/// Whether the script or the stage sets a key, or a mount provides it.
fn has_key(cx: &DockerfileContext<'_>, run: &Run<'_>, call: &Call) -> bool {
    let step = &cx.facts.steps[run.step];
    run.mounts.iter().any(|mount| mount.kind == "secret")
        || run.assignments().any(|(name, ..)| KEYS.contains(&name))
        || assignments_of_rake(call).any(|(name, _)| KEYS.contains(&name))
        || KEYS.iter().any(|name| cx.facts.is_declared(step, name))
}
