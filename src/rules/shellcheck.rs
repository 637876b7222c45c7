//! `shellcheck`: findings of ShellCheck in a script.

use crate::lint::{Rule, SHELLCHECK};

/// Nothing is run here: the module `shellcheck` asks, and brings the findings to the engine.
pub(super) const RULE: Rule = Rule {
    name: SHELLCHECK,
    page: include_str!("../../rules/lint/shellcheck.md"),
    dockerfile: None,
    image: None,
};
