//! `package-cache-left`: a package manager's cache is in the image.

use super::caches;
use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "package-cache-left",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    caches::report(
        cx,
        findings,
        &[
            "/root/.npm/_cacache",
            "/var/cache/apt/archives",
            "/root/.cargo/registry",
            "/usr/local/cargo/registry",
            "/root/.cache/go-build",
            "/root/.gem/specs",
            "/root/.composer/cache",
            "/root/.cache/uv",
            "/var/cache/zypp",
        ],
        "a package manager's cache",
    );
}
