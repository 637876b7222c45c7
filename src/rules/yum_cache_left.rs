//! `yum-cache-left`: the cache of yum is left in the image.

use super::support::cache_left::{self, CacheFix};
use super::support::caches;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "yum-cache-left",
    page: include_str!("../../rules/lint/yum-cache-left.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &["yum"], &CacheFix::Then("clean all"));
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    // dnf has a separate directory and a separate rule.
    caches::report(cx, findings, &["/var/cache/yum"], "yum cache");
}
