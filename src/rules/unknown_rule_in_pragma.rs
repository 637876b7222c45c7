//! `unknown-rule-in-pragma`: a comment names an unknown rule.

use crate::lint::{Rule, pragma};

/// A rule without a check: the engine reads the comments and reports them itself.
pub(super) const RULE: Rule = Rule {
    name: pragma::UNKNOWN,
    page: include_str!("../../rules/lint/unknown-rule-in-pragma.md"),
    dockerfile: None,
    image: None,
    deployment: None,
};
