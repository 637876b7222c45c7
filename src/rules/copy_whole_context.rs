//! `copy-whole-context`: COPY or ADD takes everything in the build context.

use super::support::steps::of_kind;
use crate::dockerfile::{Body, CopySource, Kind};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-whole-context",
    page: include_str!("../../rules/lint/copy-whole-context.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // A `.dockerignore` says which files are meant.
    if cx.build.ignore.is_some() {
        return;
    }
    for step in of_kind(cx, &[Kind::Copy, Kind::Add]) {
        // A stage contains what the build put there.
        let (None, Body::Transfer { sources, .. }) = (step.flag("from"), &step.instruction.body)
        else {
            continue;
        };
        for source in sources {
            let CopySource::Path(word) = source else {
                continue;
            };
            let Some(path) = cx.facts.expand(step, word) else {
                continue;
            };
            let is_whole = matches!(path.as_str(), "." | "./" | "/" | "*" | "./*" | "/*" | "/.");
            // `--exclude` says which files are not meant.
            if is_whole && step.flag("exclude").is_none() {
                let keyword = &step.instruction.keyword.text;
                findings.add(
                    word.span,
                    format!("`{keyword} {path}` copies everything in the build context"),
                );
            }
        }
    }
}
