//! `secret-file-copied`: a file with secrets is in a layer.

use super::support::credentials::{self, removed_note};
use crate::dockerfile::{Body, CopySource, Kind, WordPart};
use crate::image::NameId;
use crate::lint::facts::{Stage, Step, secrets};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "secret-file-copied",
    page: include_str!("../../rules/lint/secret-file-copied.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

/// Variables with the path of a secret.
const POINTERS: [&str; 5] = [
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "HF_TOKEN_PATH",
    "KUBECONFIG",
];

/// The number of COPY instructions that each variable is compared with.
const MAX_COPIES: usize = 1000;

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx.facts.steps.iter().filter(|step| is_from_context(step)) {
        let Body::Transfer {
            sources,
            destination,
            ..
        } = &step.instruction.body
        else {
            continue;
        };
        if let Some(pointer) = destination.parts.iter().find_map(pointer) {
            findings.add(
                destination.span,
                format!("file copied to `${pointer}` is a secret"),
            );
            continue;
        }
        for source in sources {
            let CopySource::Path(word) = source else {
                continue;
            };
            let Some(path) = cx.facts.expand(step, word) else {
                continue;
            };
            if secrets::is_secret_file(&path) {
                findings
                    .add(
                        word.span,
                        format!("`{path}` contains secrets and is copied into a layer"),
                    )
                    .note("use `RUN --mount=type=secret` to pass a file to a single command");
            }
        }
    }
    if let Some(stage) = cx.facts.final_stage() {
        report_pointers(cx, stage, findings);
    }
}

/// The name of a variable with the path of a secret.
fn pointer(part: &WordPart) -> Option<&str> {
    match part {
        WordPart::Variable(variable) if POINTERS.contains(&variable.name.as_str()) => {
            Some(&variable.name)
        }
        _ => None,
    }
}

fn is_from_context(step: &Step<'_>) -> bool {
    matches!(step.kind(), Kind::Copy | Kind::Add) && step.flag("from").is_none()
}

/// Reports variables that point to a file the image's stages have copied.
fn report_pointers(cx: &DockerfileContext<'_>, stage: &Stage<'_>, findings: &mut Findings) {
    let steps: Vec<&Step<'_>> = cx
        .facts
        .lineage(stage.index)
        .filter(|step| !step.onbuild)
        .collect();
    let copied: Vec<(String, &Step<'_>)> = steps
        .iter()
        .filter_map(|step| match &step.instruction.body {
            Body::Transfer { destination, .. }
                if is_from_context(step)
                    && destination.parts.iter().find_map(pointer).is_none() =>
            {
                Some((place(step, &cx.facts.expand(step, destination)?)?, *step))
            }
            _ => None,
        })
        .take(MAX_COPIES)
        .collect();
    for step in steps
        .iter()
        .filter(|step| matches!(step.kind(), Kind::Env | Kind::Arg))
    {
        let Body::Pairs(pairs) = &step.instruction.body else {
            continue;
        };
        for pair in pairs
            .iter()
            .filter(|pair| POINTERS.contains(&pair.key.text.as_str()))
        {
            let path = pair
                .value
                .as_ref()
                .and_then(|value| cx.facts.expand(step, value))
                .and_then(|path| place(step, &path));
            let Some(path) = path else { continue };
            let holds = |to: &str| {
                path == to
                    || path
                        .strip_prefix(to)
                        .is_some_and(|rest| to.ends_with('/') || rest.starts_with('/'))
            };
            if let Some((_, copy)) = copied.iter().find(|(to, _)| holds(to)) {
                findings
                    .add(
                        pair.span,
                        format!(
                            "`{}` points to a secret inside the image",
                            pair.key.text.as_str()
                        ),
                    )
                    .label(copy.span, "copied here");
            }
        }
    }
}

/// The absolute path, without `.`; `None` for `/` itself, which every path is below.
fn place(step: &Step<'_>, path: &str) -> Option<String> {
    let from = step.workdir.path.as_deref().unwrap_or("/");
    let full = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{from}/{path}")
    };
    let parts: Vec<&str> = full
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    (!parts.is_empty() && !parts.contains(&"..")).then(|| format!("/{}", parts.join("/")))
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    for name in cx.files() {
        if contains_secrets(cx, name) {
            let path = cx.path(name);
            findings.add(cx.at_file(name), format!("`{path}` contains secrets"));
        }
    }
    for (name, layer) in cx.removed_files() {
        if contains_secrets(cx, name) {
            let path = cx.path(name);
            findings
                .add(cx.at_file(name), format!("`{path}` contains secrets"))
                .note(removed_note(layer));
        }
    }
}

/// Whether a file contains secrets, by its name and its content. Files of packages are public.
fn contains_secrets(cx: &ImageContext<'_>, name: NameId) -> bool {
    let path = String::from_utf8_lossy(&cx.tree().path(name)).into_owned();
    if !credentials::may_contain_secrets(&path) || cx.length(name) == 0 || cx.is_test_data(name) {
        return false;
    }
    if cx.packages.owners(name).next().is_some() {
        return false;
    }
    // What cannot be read may well contain one.
    let content = cx.read(name);
    content.is_none_or(|bytes| credentials::contains_secrets(&path, &bytes))
}
