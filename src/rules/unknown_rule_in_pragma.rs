//! `unknown-rule-in-pragma`: a comment is to silence a rule that is not there.

use crate::lint::{Rule, pragma};

/// The engine itself speaks here: it reads the comments.
pub(super) const RULE: Rule = Rule {
    name: pragma::UNKNOWN,
    page: include_str!("../../rules/lint/unknown-rule-in-pragma.md"),
    dockerfile: None,
    image: None,
};
