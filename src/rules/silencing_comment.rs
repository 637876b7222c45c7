//! `silencing-comment`: a comment suppresses findings.

use crate::lint::{Rule, pragma};

/// A rule without a check: the engine reads the comments and reports them itself.
pub(super) const RULE: Rule = Rule {
    name: pragma::SILENCING,
    page: include_str!("../../rules/lint/silencing-comment.md"),
    dockerfile: None,
    image: None,
    deployment: None,
};
