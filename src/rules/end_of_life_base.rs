//! `end-of-life-base`: a base image gets no more fixes.

use crate::lint::facts::{Base, end_of_life};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "end-of-life-base",
    page: include_str!("../../rules/lint/end-of-life-base.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        let Base::Image(image) = &stage.base else {
            continue;
        };
        if let Some(end) = end_of_life(image) {
            let message = format!("`{}` has had no fixes since {}", end.what, end.day);
            findings.add(stage.image.span, message);
        }
    }
}
