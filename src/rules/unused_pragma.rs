//! `unused-pragma`: a comment suppresses nothing.

use crate::lint::{Rule, pragma};

/// A rule without a check: the engine knows which comments were needed only after all rules have
/// run, and reports the others itself.
pub(super) const RULE: Rule = Rule {
    name: pragma::UNUSED,
    page: include_str!("../../rules/lint/unused-pragma.md"),
    dockerfile: None,
    image: None,
    deployment: None,
};
