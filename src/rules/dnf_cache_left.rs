//! `dnf-cache-left`: the cache of dnf is left in the image.

use super::support::cache_left::{self, CacheFix};
use super::support::caches;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "dnf-cache-left",
    page: include_str!("../../rules/lint/dnf-cache-left.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &["dnf"], &CacheFix::Then("clean all"));
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    // The second directory is used by dnf 5.
    caches::report(
        cx,
        findings,
        &["/var/cache/dnf", "/var/cache/libdnf5"],
        "dnf cache",
    );
}
