//! `copy-whole-context`: COPY or ADD takes everything in the build context.

use super::support::copies::whole_context;
use super::support::steps::of_kind;
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-whole-context",
    page: include_str!("../../rules/lint/copy-whole-context.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // With a `.dockerignore`, the author has already chosen which files to omit.
    if cx.build.ignore.is_some() {
        return;
    }
    for step in of_kind(cx, &[Kind::Copy, Kind::Add]) {
        // The same applies to `--exclude`.
        if step.flag("exclude").is_some() {
            continue;
        }
        if let Some((word, path)) = whole_context(cx.facts, step) {
            let keyword = &step.instruction.keyword.text;
            let message = format!("`{keyword} {path}` copies everything in the build context");
            findings.add(word.span, message);
        }
    }
}
