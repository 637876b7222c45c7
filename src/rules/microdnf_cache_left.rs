//! `microdnf-cache-left`: the cache of microdnf is left in the image.

use super::support::cache_left::{self, CacheFix};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "microdnf-cache-left",
    page: include_str!("../../rules/lint/microdnf-cache-left.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &["microdnf"], &CacheFix::Then("clean all"));
}
