//! `copy-of-ignored-file`: `.dockerignore` excludes a file that is copied.

use crate::lint::{DockerfileContext, Findings, IgnoreFile, Rule, clean};

pub(super) const RULE: Rule = Rule {
    name: "copy-of-ignored-file",
    page: include_str!("../../rules/lint/copy-of-ignored-file.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let (Some(ignore), Some(read)) = (&cx.build.ignore, cx.context_sources()) else {
        return;
    };
    // With exceptions (`!path`), an excluded directory may still contain included files.
    if ignore.has_exceptions() {
        return;
    }
    for (span, path) in &read.sources {
        if is_excluded(ignore, path) {
            findings.add(*span, format!("`{path}` is excluded by `.dockerignore`"));
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
