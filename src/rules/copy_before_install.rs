//! `copy-before-install`: any change of the sources reinstalls the dependencies.

use crate::dockerfile::{Body, CopySource, Kind};
use crate::lint::facts::packages::{Action, PackageCall, understand};
use crate::lint::facts::{Call, Step};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "copy-before-install",
    page: include_str!("../../rules/lint/copy-before-install.md"),
    dockerfile: Some(check),
    image: None,
};

/// Managers that install what a file in the folder lists.
const FROM_A_LIST: [&str; 7] = ["bun", "bundler", "composer", "npm", "pnpm", "uv", "yarn"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        let mut copied: Option<Span> = None;
        for step in cx.facts.steps_of(stage).iter().filter(|step| !step.onbuild) {
            if copied.is_none() && copies_all(cx, step) {
                copied = Some(step.span);
            }
            let Some(run) = cx.facts.run_of(step) else {
                continue;
            };
            let Some(install) = run.calls.iter().find(|call| installs_a_list(call)) else {
                continue;
            };
            // With a cache, or the list itself mounted, it costs little to do it again.
            if let (Some(copy), true) = (
                copied,
                run.mounts
                    .iter()
                    .all(|mount| mount.kind == "secret" || mount.kind == "ssh"),
            ) {
                findings
                    .add(
                        install.span,
                        "dependencies are reinstalled whenever any file changes",
                    )
                    .label(copy, "all files are copied first");
            }
            // Whatever installs later does so for another reason.
            break;
        }
    }
}

/// `COPY . .`: the whole context.
fn copies_all(cx: &DockerfileContext<'_>, step: &Step<'_>) -> bool {
    let Body::Transfer { sources, .. } = &step.instruction.body else {
        return false;
    };
    let all = |place: &CopySource| match place {
        CopySource::Path(word) => cx
            .facts
            .expand(step, word)
            .is_some_and(|path| matches!(path.as_str(), "." | "./" | "/" | "*" | "./*")),
        CopySource::Heredoc(_) => false,
    };
    matches!(step.kind(), Kind::Copy | Kind::Add)
        && step.flag("from").is_none()
        && sources.iter().any(all)
}

fn installs_a_list(call: &Call) -> bool {
    if let Some(packages) = understand(call) {
        return is_of_a_list(&packages);
    }
    let first = call.words().next();
    match call.name.as_str() {
        "yarn" => call.arguments.is_empty() || call.words().all(|word| word.starts_with('-')),
        "poetry" | "pdm" => matches!(first, Some("install" | "sync")),
        "pipenv" => {
            matches!(first, Some("install" | "sync"))
                && call
                    .words()
                    .all(|word| word.starts_with('-') || Some(word) == first)
        }
        "dotnet" => first == Some("restore"),
        "mvn" | "mvnw" => call.words().any(|word| word.starts_with("dependency:")),
        _ => false,
    }
}

fn is_of_a_list(call: &PackageCall<'_>) -> bool {
    let name = call.manager.name;
    let is = |words: &[&str]| call.call.words().any(|word| words.contains(&word));
    match (name, call.action) {
        ("go", Action::Update) => is(&["download"]),
        ("cargo", Action::Update) => is(&["fetch"]),
        ("pip", Action::Install) => is(&["-r", "--requirement"]) && call.packages.is_empty(),
        (_, Action::Install) => {
            FROM_A_LIST.contains(&name) && call.packages.is_empty() && !is(&["-g", "--global"])
        }
        _ => false,
    }
}
