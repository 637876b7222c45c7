//! `unpinned-package`: other package managers install whatever version is current.

use super::unpinned;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unpinned-package",
    page: include_str!("../../rules/lint/unpinned-package.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    // What `cargo install --locked` locks is below the version.
    unpinned::check(
        cx,
        findings,
        &[
            "bun", "cargo", "composer", "pecl", "pnpm", "tdnf", "uv", "yarn",
        ],
    );
}
