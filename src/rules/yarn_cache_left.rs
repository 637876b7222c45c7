//! `yarn-cache-left`: what yarn downloads stays in a layer.

use super::support::cache_left::{self, Mend};
use super::support::caches;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "yarn-cache-left",
    page: include_str!("../../rules/lint/yarn-cache-left.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &["yarn"], &Mend::Then("cache clean"));
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    caches::report(cx, findings, caches::of("yarn"), "the cache of yarn");
}
