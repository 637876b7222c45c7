//! `install-without-yes`: pacman, xbps or conda prompts for confirmation.

use super::support::unattended;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "install-without-yes",
    page: include_str!("../../rules/lint/install-without-yes.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    unattended::check(cx, findings, &["pacman"], "--noconfirm");
    unattended::check(cx, findings, &["conda", "xbps"], "-y");
}
