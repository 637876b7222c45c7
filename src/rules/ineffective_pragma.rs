//! `ineffective-pragma`: a comment is meant to suppress findings and does not.

use crate::lint::{Rule, pragma};

/// A rule without a check: the engine reads the comments, and reports those that it cannot use.
pub(super) const RULE: Rule = Rule {
    name: pragma::INEFFECTIVE,
    page: include_str!("../../rules/lint/ineffective-pragma.md"),
    dockerfile: None,
    image: None,
    deployment: None,
};
