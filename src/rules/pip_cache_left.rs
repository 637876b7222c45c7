//! `pip-cache-left`: the cache of pip is left in the image.

use super::support::cache_left::{self, CacheFix};
use super::support::caches;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "pip-cache-left",
    page: include_str!("../../rules/lint/pip-cache-left.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &["pip"], &CacheFix::Option("--no-cache-dir"));
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    caches::report(cx, findings, caches::directories_of("pip"), "pip cache");
}
