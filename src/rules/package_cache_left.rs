//! `package-cache-left`: the cache of another package manager is left in the image.

use super::support::cache_left::{self, CacheFix};
use super::support::caches;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "package-cache-left",
    page: include_str!("../../rules/lint/package-cache-left.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

/// Package managers that have no rule of their own. pnpm and bun are left out: they link packages
/// to their cache, so it takes no additional space.
const MANAGERS: [&str; 14] = [
    "brew", "cargo", "composer", "conda", "cpanm", "dotnet", "go", "npm", "pacman", "pdm",
    "pipenv", "poetry", "uv", "xbps",
];

/// Their caches, and those that managers with a rule for Dockerfiles leave in images.
const DIRECTORIES: [&str; 14] = [
    "/root/.npm/_cacache",
    "/var/cache/apt/archives",
    "/root/.cargo/registry",
    "/usr/local/cargo/registry",
    "/root/.cache/go-build",
    "/root/.gem/specs",
    "/root/.composer/cache",
    "/root/.cache/uv",
    "/root/.cache/pdm",
    "/root/.cache/pypoetry",
    "/root/.cpanm",
    "/var/cache/pacman/pkg",
    "/var/cache/xbps",
    "/var/cache/zypp",
];

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &MANAGERS, &CacheFix::None);
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    caches::report(cx, findings, &DIRECTORIES, "package cache");
}
