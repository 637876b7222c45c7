//! `unknown-rule-in-pragma`: a comment names an unknown rule.

use crate::lint::{Rule, pragma};

/// The engine itself speaks here: it reads the comments.
pub(super) const RULE: Rule = Rule {
    name: pragma::UNKNOWN,
    page: include_str!("../../rules/lint/unknown-rule-in-pragma.md"),
    dockerfile: None,
    image: None,
};
