//! `copy-of-ignored-file`: `.dockerignore` excludes a file that is copied.

use super::support::steps::of_kind;
use crate::dockerfile::{Body, CopySource, Kind};
use crate::lint::{DockerfileContext, Findings, IgnoreFile, Rule, clean};

pub(super) const RULE: Rule = Rule {
    name: "copy-of-ignored-file",
    page: include_str!("../../rules/lint/copy-of-ignored-file.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(ignore) = &cx.build.ignore else {
        return;
    };
    // With exceptions (`!path`), a directory that is excluded may still have files left.
    if ignore.has_exceptions() {
        return;
    }
    for step in of_kind(cx, &[Kind::Copy, Kind::Add]) {
        if step.onbuild {
            continue;
        }
        let Body::Transfer { sources, .. } = &step.instruction.body else {
            continue;
        };
        // Another stage or image is not filtered.
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
            if !is_remote(&path) && is_excluded(ignore, &path) {
                findings.add(
                    word.span,
                    format!("`{path}` is excluded by `.dockerignore`"),
                );
            }
        }
    }
}

/// Whether an ignore file excludes a source; the context itself is excluded only by patterns that
/// match everything.
fn is_excluded(ignore: &IgnoreFile, path: &str) -> bool {
    let path = clean(path);
    if path == "." {
        ignore.ignores_everything()
    } else {
        ignore.ignores(&path)
    }
}

/// Whether a source is downloaded instead of read from the build context.
fn is_remote(path: &str) -> bool {
    path.contains("://") || path.starts_with("git@")
}
