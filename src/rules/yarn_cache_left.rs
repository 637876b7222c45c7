//! `yarn-cache-left`: the cache of yarn is left in the image.

use super::support::cache_left::{self, CacheFix};
use super::support::caches;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "yarn-cache-left",
    page: include_str!("../../rules/lint/yarn-cache-left.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &["yarn"], &CacheFix::Then("cache clean"));
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    caches::report(cx, findings, caches::directories_of("yarn"), "yarn cache");
}
