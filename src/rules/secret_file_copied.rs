//! `secret-file-copied`: a file that holds secrets goes into a layer.

use super::support::credentials;
use crate::dockerfile::{Body, Kind, Place, WordPart};
use crate::image::NameId;
use crate::lint::facts::{Stage, Step, secrets};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "secret-file-copied",
    page: include_str!("../../rules/lint/secret-file-copied.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

/// Variables that say where a program finds its secret.
const POINTERS: [&str; 5] = [
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "HF_TOKEN_PATH",
    "KUBECONFIG",
];

/// With how many copies a variable is compared.
const MOST_COPIES: usize = 1000;

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
                format!("what is copied to `${pointer}` is a secret"),
            );
            continue;
        }
        for source in sources {
            let Place::Path(word) = source else { continue };
            let Some(path) = cx.facts.expand(step, word) else {
                continue;
            };
            if secrets::is_secret_file(&path) {
                findings
                    .add(word.span, format!("`{path}` holds secrets, and goes into a layer"))
                    .note("`RUN --mount=type=secret` shows a file to one command and leaves no trace of it");
            }
        }
    }
    if let Some(stage) = cx.facts.final_stage() {
        report_pointers(cx, stage, findings);
    }
}

/// The name of a variable that says where a secret is.
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

/// Variables that point below what the image's own stages have copied: the secret is in there.
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
        .take(MOST_COPIES)
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
                    .label(copy.span, "it is copied here");
            }
        }
    }
}

/// The absolute path, without `.` in it; what is below `/` as a whole says nothing.
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
        if let Some(path) = secret_file(cx, name) {
            findings.add(cx.at_file(name), format!("`{path}` holds secrets"));
        }
    }
    for (name, by) in cx.gone_files() {
        if let Some(path) = secret_file(cx, name) {
            let report = findings.add(cx.at_file(name), format!("`{path}` holds secrets"));
            report.note(format!(
                "layer {by} takes the file away, but its own layer still has it"
            ));
        }
    }
}

/// By its name, and by what is in it; what packages bring has nobody's secrets in it.
fn secret_file(cx: &ImageContext<'_>, name: NameId) -> Option<String> {
    let path = String::from_utf8_lossy(&cx.tree().path(name)).into_owned();
    if !credentials::may_hold(&path) || cx.length(name) == 0 || cx.is_test_data(name) {
        return None;
    }
    let is_packaged = cx.packages.owners(name).next().is_some();
    (!is_packaged
        && cx
            .read(name)
            .is_none_or(|bytes| credentials::holds(&path, &bytes)))
    .then_some(path)
}
