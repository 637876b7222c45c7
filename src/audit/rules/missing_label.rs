//! `missing-label`: the image lacks a label that the settings ask for.

use crate::audit::{Context, Findings, Rule};
use crate::lint::words::Topic;

pub(super) const RULE: Rule = Rule {
    name: "missing-label",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for label in cx
        .settings
        .label_schema
        .keys()
        .filter(|label| cx.configuration().label(label).is_none())
    {
        let word = cx
            .settings
            .words
            .label(&Topic::Label(label.clone()), "this label is asked for here");
        findings
            .config("LABEL", format!("the image has no label `{label}`"))
            .because(word);
    }
}
