//! `zypper-cache-left`: the cache of zypper is left in the image.

use super::support::cache_left::{self, CacheFix};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "zypper-cache-left",
    page: include_str!("../../rules/lint/zypper-cache-left.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &["zypper"], &CacheFix::Then("clean --all"));
}
