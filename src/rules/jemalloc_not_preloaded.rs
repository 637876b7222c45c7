//! `jemalloc-not-preloaded`: jemalloc is installed and nothing uses it.

use super::support::final_image;
use super::support::steps::last_of_kind;
use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::packages::Action;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "jemalloc-not-preloaded",
    page: include_str!("../../rules/lint/jemalloc-not-preloaded.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    if ["ld_preload", "ld.so.preload", "-ljemalloc", "with-jemalloc"]
        .iter()
        .any(|text| final_image::mentions(cx, text))
        || starts_a_script(cx)
    {
        return;
    }
    for run in final_image::runs(cx) {
        for call in run.package_calls() {
            if call.action != Action::Install || !call.manager.system {
                continue;
            }
            for package in &call.packages {
                // The headers are for a program that is linked with the library.
                let name = package.name(call.manager);
                let is_library = name.starts_with("libjemalloc") || name == "jemalloc";
                if is_library && !name.ends_with("-dev") {
                    let message = format!(
                        "`{}` is installed, but not listed in `LD_PRELOAD`",
                        package.word
                    );
                    findings.add(package.argument.span, message);
                }
            }
        }
    }
}

/// Whether the image starts a script, which may set the variable.
fn starts_a_script(cx: &DockerfileContext<'_>) -> bool {
    let Some(stage) = cx.facts.final_stage() else {
        return false;
    };
    let Some(step) = last_of_kind(cx, stage, Kind::Entrypoint) else {
        return false;
    };
    let name = match &step.instruction.body {
        Body::Command(Command::Exec(words)) => words.first().map(|word| word.value.as_str()),
        Body::Command(Command::Shell(script)) => script.text.as_str().split_whitespace().next(),
        _ => None,
    };
    name.is_some_and(|name| name.contains("entrypoint") || name.contains(".sh"))
}
