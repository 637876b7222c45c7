//! `latest-tag`: a base image is named with `:latest`.

use crate::lint::facts::{Base, Reading};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "latest-tag",
    page: include_str!("../../rules/lint/latest-tag.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        let Base::Image(image) = &stage.base else {
            continue;
        };
        if image.tag.as_str() == Some("latest") && image.digest == Reading::Absent {
            let name = image.name.as_deref().unwrap_or("the image");
            findings.add(
                stage.image.span,
                format!("`{name}` is whatever `latest` means on the day of the build"),
            );
        }
    }
}
