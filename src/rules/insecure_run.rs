//! `insecure-run`: a RUN turns the builder's sandbox off.

use super::support::simple;
use crate::lint::Rule;

pub(super) const RULE: Rule = Rule {
    name: "insecure-run",
    page: include_str!("../../rules/lint/insecure-run.md"),
    dockerfile: Some(simple::check),
    image: None,
    deployment: None,
};
