//! `package-cache-left`: the cache of another package manager is left in the image.

use super::support::cache_left::{self, CacheFix};
use super::support::caches;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "package-cache-left",
    page: include_str!("../../rules/lint/package-cache-left.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

/// Package managers without a separate rule. pnpm and bun are not included: they link packages to
/// their cache, so it takes no additional space.
const MANAGERS: [&str; 6] = ["cargo", "composer", "conda", "go", "npm", "uv"];

/// Their caches, and those of managers that have a separate rule for Dockerfiles.
const DIRECTORIES: [&str; 9] = [
    "/root/.npm/_cacache",
    "/var/cache/apt/archives",
    "/root/.cargo/registry",
    "/usr/local/cargo/registry",
    "/root/.cache/go-build",
    "/root/.gem/specs",
    "/root/.composer/cache",
    "/root/.cache/uv",
    "/var/cache/zypp",
];

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &MANAGERS, &CacheFix::None);
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    caches::report(cx, findings, &DIRECTORIES, "package cache");
}
