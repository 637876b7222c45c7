//! `assets-without-secret-key`: Rails compiles its assets without a secret key.

use crate::lint::facts::{Run, Step};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "assets-without-secret-key",
    page: include_str!("../../rules/lint/assets-without-secret-key.md"),
    dockerfile: Some(check),
    image: None,
};

/// Variables that let Rails start in production.
const KEYS: [&str; 3] = [
    "SECRET_KEY_BASE",
    "SECRET_KEY_BASE_DUMMY",
    "RAILS_MASTER_KEY",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        for call in &run.calls {
            let mut arguments = call.arguments.iter();
            let task = arguments.find(|argument| argument.single() == Some("assets:precompile"));
            let Some(task) = task else { continue };
            if is_in_production(cx, run, step) && !has_key(cx, run, step) {
                findings.add(
                    task.span,
                    "no secret key for Rails in production: set `SECRET_KEY_BASE_DUMMY=1`",
                );
            }
        }
    }
}

/// Whether Rails runs in production, where it has no key of its own.
fn is_in_production(cx: &DockerfileContext<'_>, run: &Run<'_>, step: &Step<'_>) -> bool {
    let mut assignments = run.assignments();
    let assigned = assignments.find(|(name, ..)| matches!(*name, "RAILS_ENV" | "RACK_ENV"));
    match assigned {
        Some((_, value, _)) => value == Some("production"),
        None => ["RAILS_ENV", "RACK_ENV"]
            .iter()
            .any(|name| cx.facts.variable(step, name).as_deref() == Some("production")),
    }
}

/// Whether the script or the stage sets a key, or a mount provides it.
fn has_key(cx: &DockerfileContext<'_>, run: &Run<'_>, step: &Step<'_>) -> bool {
    run.mounts.iter().any(|mount| mount.kind == "secret")
        || run.assignments().any(|(name, ..)| KEYS.contains(&name))
        || KEYS.iter().any(|name| cx.facts.is_declared(step, name))
}
