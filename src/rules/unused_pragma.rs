//! `unused-pragma`: a comment suppresses nothing.

use crate::lint::{Rule, pragma};

/// The engine itself speaks here: only when all rules have spoken is it known which comments were
/// needed.
pub(super) const RULE: Rule = Rule {
    name: pragma::UNUSED,
    page: include_str!("../../rules/lint/unused-pragma.md"),
    dockerfile: None,
    image: None,
};
