//! `copy-of-ignored-file`: `.dockerignore` excludes a file that is copied.

use crate::dockerfile::{Body, CopySource, Kind};
use crate::lint::{DockerfileContext, Findings, IgnoreFile, Rule, clean};

pub(super) const RULE: Rule = Rule {
    name: "copy-of-ignored-file",
    page: include_str!("../../rules/lint/copy-of-ignored-file.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // With exceptions, what is left of a folder depends on the files in it.
    let Some(ignore) = cx
        .build
        .ignore
        .as_ref()
        .filter(|ignore| !ignore.has_exceptions())
    else {
        return;
    };
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| matches!(step.kind(), Kind::Copy | Kind::Add) && !step.onbuild)
    {
        let Body::Transfer { sources, .. } = &step.instruction.body else {
            continue;
        };
        if step.flag("from").is_some() {
            continue;
        }
        for place in sources {
            let CopySource::Path(word) = place else {
                continue;
            };
            let Some(path) = cx.facts.expand(step, word) else {
                continue;
            };
            if !is_remote(&path) && is_left_out(ignore, &path) {
                findings.add(
                    word.span,
                    format!("`{path}` is excluded by `.dockerignore`"),
                );
            }
        }
    }
}

fn is_left_out(ignore: &IgnoreFile, path: &str) -> bool {
    let path = clean(path);
    if path == "." {
        ignore.ignores_everything()
    } else {
        ignore.ignores(&path)
    }
}

fn is_remote(path: &str) -> bool {
    path.contains("://") || path.starts_with("git@")
}
