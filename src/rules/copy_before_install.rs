//! `copy-before-install`: any change to the sources reinstalls the dependencies.

use super::support::copies::whole_context;
use crate::lint::facts::Call;
use crate::lint::facts::packages::{Action, PackageCall, understand};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "copy-before-install",
    page: include_str!("../../rules/lint/copy-before-install.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Managers that install the packages listed in a file of the working directory.
const FROM_A_LIST: [&str; 10] = [
    "bun", "bundler", "composer", "npm", "pdm", "pipenv", "pnpm", "poetry", "uv", "yarn",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        let mut copied: Option<Span> = None;
        for step in cx.facts.steps_of(stage).iter().filter(|step| !step.onbuild) {
            if copied.is_none() && whole_context(cx.facts, step).is_some() {
                copied = Some(step.span);
            }
            let Some(run) = cx.facts.run_of(step) else {
                continue;
            };
            let Some(install) = run.calls.iter().find(|call| installs_a_list(call)) else {
                continue;
            };
            // With a cache mount, the packages are not downloaded again; with a bind mount, the
            // list may not be one of the copied files.
            let has_mount = run
                .mounts
                .iter()
                .any(|mount| mount.kind != "secret" && mount.kind != "ssh");
            if let Some(copy) = copied
                && !has_mount
            {
                let message = "dependencies are reinstalled whenever any file changes";
                findings
                    .add(install.span, message)
                    .label(copy, "all files are copied here");
            }
            // Only the first install counts: later ones are for tools or for production.
            break;
        }
    }
}

/// Whether a call installs the dependencies that a file of the sources lists.
fn installs_a_list(call: &Call) -> bool {
    if let Some(packages) = understand(call) {
        return is_of_a_list(&packages);
    }
    // These are not in the table of package managers, or not with the verbs meant here.
    let first = call.words().next();
    match call.name.as_str() {
        // Without a verb, yarn installs.
        "yarn" => call.arguments.is_empty() || call.words().all(|word| word.starts_with('-')),
        "dotnet" => first == Some("restore"),
        "mvn" | "mvnw" => call.words().any(|word| word.starts_with("dependency:")),
        _ => false,
    }
}

/// Whether a call of a package manager installs from a list instead of naming packages.
fn is_of_a_list(call: &PackageCall<'_>) -> bool {
    let name = call.manager.name;
    match (name, call.action) {
        ("go", Action::Update) => has_word(call, &["download"]),
        ("cargo", Action::Update) => has_word(call, &["fetch"]),
        ("pip", Action::Install) => {
            has_word(call, &["-r", "--requirement"]) && call.packages.is_empty()
        }
        (_, Action::Install) => {
            FROM_A_LIST.contains(&name)
                && call.packages.is_empty()
                && !has_word(call, &["-g", "--global"])
        }
        _ => false,
    }
}

/// Whether one of these words is an argument of a call.
fn has_word(call: &PackageCall<'_>, words: &[&str]) -> bool {
    call.call.words().any(|word| words.contains(&word))
}
