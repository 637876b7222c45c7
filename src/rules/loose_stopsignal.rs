//! `loose-stopsignal`: STOPSIGNAL does not use the full name of the signal.

use super::support::steps::{first_word, of_kind};
use crate::dockerfile::Kind;
use crate::knowledge::signal_name;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "loose-stopsignal",
    page: include_str!("../../rules/lint/loose-stopsignal.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Stopsignal]) {
        let Some(word) = first_word(step) else {
            continue;
        };
        let Some(written) = word.literal().map(str::trim) else {
            continue;
        };
        let Some(full) = signal_name(written) else {
            continue;
        };
        if full == written {
            continue;
        }
        let edit = Edit::replace(word.span, full.clone());
        let message = format!("signal name `{written}` is abbreviated: the full name is `{full}`");
        findings
            .add(word.span, message)
            .fix(Fix::safe("use the full name", [edit]));
    }
}
