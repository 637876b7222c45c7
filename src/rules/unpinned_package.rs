//! `unpinned-package`: packages of other managers have no version.

use super::support::unpinned;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unpinned-package",
    page: include_str!("../../rules/lint/unpinned-package.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // `cargo install --locked` locks the dependencies of a crate, but not its version.
    unpinned::check(
        cx,
        findings,
        &[
            "bun", "cargo", "composer", "conda", "cpanm", "dotnet", "luarocks", "pdm", "pecl",
            "pipenv", "pipx", "pnpm", "poetry", "tdnf", "uv", "yarn",
        ],
    );
}
