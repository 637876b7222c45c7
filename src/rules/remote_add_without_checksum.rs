//! `remote-add-without-checksum`: ADD downloads a file without verifying a checksum.

use super::support::plain_http::plain_host;
use super::support::selection::is_selected;
use super::support::steps::of_kind;
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "remote-add-without-checksum",
    page: include_str!("../../rules/lint/remote-add-without-checksum.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let is_plain_reported = is_selected(cx, "plain-http-download");
    for step in of_kind(cx, &[Kind::Add]) {
        if step.flag("checksum").is_some() {
            continue;
        }
        for word in step.instruction.body.source_words() {
            let written = word.text.as_str().trim_matches('"');
            // A checksum solves that as well, so one finding is enough.
            if is_plain_reported && plain_host(written).is_some() {
                continue;
            }
            let path = cx
                .facts
                .expand(step, word)
                .unwrap_or_else(|| written.to_owned());
            // A Git repository is pinned by a commit after `#` instead.
            let address = path.split(['#', '?']).next().unwrap_or_default();
            let is_repository = address
                .rsplit_once('.')
                .is_some_and(|(_, extension)| extension == "git");
            if (path.starts_with("http://") || path.starts_with("https://")) && !is_repository {
                findings.add(word.span, "`ADD` downloads a file without `--checksum`");
            }
        }
    }
}
