//! `secret-file-copied`: a file with secrets is in a layer.

use std::collections::HashMap;

use super::support::copies::normalized;
use super::support::credentials::{self, removed_note};
use crate::dockerfile::{Kind, WordPart};
use crate::image::{InodeId, NameId};
use crate::lint::facts::{Stage, Step, secrets};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};
use crate::paths::is_at_or_below;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "secret-file-copied",
    page: include_str!("../../rules/lint/secret-file-copied.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

/// Variables that contain the path of a secret.
const POINTERS: [&str; 5] = [
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "HF_TOKEN_PATH",
    "KUBECONFIG",
];

/// Maximum number of COPY instructions that each variable is compared with. Without a limit, a file
/// full of COPY and ENV would take quadratic time.
const MAX_COPIES: usize = 1000;

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx.facts.steps.iter().filter(|step| is_from_context(step)) {
        let Some(destination) = step.instruction.body.destination() else {
            continue;
        };
        // The variable in the destination is more informative than the name of the source.
        if let Some(pointer) = destination.parts.iter().find_map(pointer) {
            let message = format!("file copied to `${pointer}` is a secret");
            findings.add(destination.span, message);
            continue;
        }
        for (word, path) in cx.facts.source_paths(step) {
            // A variable without a value is not a known file name.
            if secrets::is_secret_file(&path) {
                let message = format!("`{path}` contains secrets and is copied into a layer");
                findings
                    .add(word.span, message)
                    .note("use `RUN --mount=type=secret` to pass a file to a single command");
            }
        }
    }
    // Only the variables of the image itself are read at run time.
    if let Some(stage) = cx.facts.final_stage() {
        report_pointers(cx, stage, findings);
    }
}

/// The name of a variable that contains the path of a secret.
fn pointer(part: &WordPart) -> Option<&str> {
    match part {
        WordPart::Variable(variable) if POINTERS.contains(&variable.name.as_str()) => {
            Some(&variable.name)
        }
        _ => None,
    }
}

/// Whether a step copies files from the build context. Files from a stage are checked at the
/// instruction that copied them into the stage.
fn is_from_context(step: &Step<'_>) -> bool {
    matches!(step.kind(), Kind::Copy | Kind::Add) && step.flag("from").is_none()
}

/// Reports variables that point to a file copied by a stage of the image.
fn report_pointers(cx: &DockerfileContext<'_>, stage: &Stage<'_>, findings: &mut Findings) {
    let steps: Vec<&Step<'_>> = cx
        .facts
        .lineage(stage.index)
        .filter(|step| !step.onbuild)
        .collect();
    let copied: Vec<(String, Span)> = steps
        .iter()
        .filter_map(|step| Some((copy_target(cx, step)?, step.span)))
        .take(MAX_COPIES)
        .collect();
    for step in steps {
        let pairs = step.instruction.body.pairs();
        if !matches!(step.kind(), Kind::Env | Kind::Arg) {
            continue;
        }
        for pair in pairs {
            let name = pair.key.text.as_str();
            if !POINTERS.contains(&name) {
                continue;
            }
            let value = pair
                .value
                .as_ref()
                .and_then(|value| cx.facts.expand(step, value));
            let Some(path) = value.and_then(|path| full_path(step, &path)) else {
                continue;
            };
            if let Some((_, copy)) = copied.iter().find(|(to, _)| is_at_or_below(&path, to)) {
                let message = format!("`{name}` points to a secret inside the image");
                findings.add(pair.span, message).label(*copy, "copied here");
            }
        }
    }
}

/// The path that a step copies files of the build context to.
fn copy_target(cx: &DockerfileContext<'_>, step: &Step<'_>) -> Option<String> {
    let destination = step.instruction.body.destination()?;
    // A destination with such a variable has already been reported.
    if !is_from_context(step) || destination.parts.iter().find_map(pointer).is_some() {
        return None;
    }
    full_path(step, &cx.facts.expand(step, destination)?)
}

/// The absolute path; `None` for `/` itself, because every path is below it.
fn full_path(step: &Step<'_>, path: &str) -> Option<String> {
    let from = step.workdir.path.as_deref().unwrap_or("/");
    let full = if path.starts_with('/') {
        normalized(path)?
    } else {
        normalized(&format!("{from}/{path}"))?
    };
    match full.as_str() {
        "/" => None,
        _ => Some(full),
    }
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    let mut searched = Searched::new();
    for name in cx.files() {
        if contains_secrets(cx, name, &mut searched) {
            let path = cx.path(name);
            findings.add(cx.at_file(name), format!("`{path}` contains secrets"));
        }
    }
    // A file that a later layer removes can still be read from its own layer.
    for (name, layer) in cx.removed_files() {
        if contains_secrets(cx, name, &mut searched) {
            let path = cx.path(name);
            findings
                .add(cx.at_file(name), format!("`{path}` contains secrets"))
                .note(removed_note(layer));
        }
    }
}

/// The files that were searched, by the format that their names stand for. A file may have
/// thousands of names.
type Searched = HashMap<(InodeId, Option<usize>), bool>;

/// Whether a file contains secrets, according to its name and content.
fn contains_secrets(cx: &ImageContext<'_>, name: NameId, searched: &mut Searched) -> bool {
    let path = String::from_utf8_lossy(&cx.tree().path(name)).into_owned();
    // Names are checked first, because reading every file of an image would be slow.
    if !credentials::may_contain_secrets(&path) || cx.length(name) == 0 || cx.is_test_data(name) {
        return false;
    }
    // Packages are public, and so are the keys in them.
    if cx.packages.owners(name).next().is_some() {
        return false;
    }
    let key = (cx.tree().inode_id(name), credentials::row_of_format(&path));
    if let Some(&found) = searched.get(&key) {
        return found;
    }
    // A file that cannot be read may contain a secret.
    let content = cx.read(name);
    let found = content.is_none_or(|bytes| credentials::contains_secrets(&path, &bytes));
    searched.insert(key, found);
    found
}
