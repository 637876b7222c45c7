//! `shellcheck`: ShellCheck's findings in a script.

use crate::lint::{Rule, SHELLCHECK};

/// A rule without a check: the module `shellcheck` runs the program and passes its findings to the
/// engine.
pub(super) const RULE: Rule = Rule {
    name: SHELLCHECK,
    page: include_str!("../../rules/lint/shellcheck.md"),
    dockerfile: None,
    image: None,
    deployment: None,
};
