//! `eol-base-image`: a base image gets no security updates any more.

use crate::lint::facts::{Base, end_of_life};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "eol-base-image", page: include_str!("../../rules/lint/eol-base-image.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        let Base::Image(image) = &stage.base else { continue };
        let Some((release, day)) = end_of_life(image) else { continue };
        let name = image.familiar_name().unwrap_or_default();
        let what = if release.is_empty() { format!("`{name}`") } else { format!("release `{release}` of `{name}`") };
        let tag = image.tag.as_str().unwrap_or("latest");
        let what =
            if tag.starts_with(release) { what } else { format!("`{release}`, of which `{name}:{tag}` is made,") };
        findings.add(stage.image.span, format!("{what} has had no security updates since {day}"));
    }
}
