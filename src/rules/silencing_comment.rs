//! `silencing-comment`: a comment suppresses findings.

use crate::lint::{Rule, pragma};

/// The engine itself speaks here: it reads the comments.
pub(super) const RULE: Rule = Rule {
    name: pragma::SILENCING,
    page: include_str!("../../rules/lint/silencing-comment.md"),
    dockerfile: None,
    image: None,
};
