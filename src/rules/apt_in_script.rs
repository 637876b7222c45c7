//! `apt-in-script`: `apt` is used in a script instead of `apt-get`.

use super::support::unattended::insert_after;
use crate::lint::facts::packages::{Action, understand};
use crate::lint::{DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "apt-in-script",
    page: include_str!("../../rules/lint/apt-in-script.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (_, call) in cx.facts.calls() {
        if call.name != "apt" {
            continue;
        }
        let message = "`apt` is meant for interactive use; its interface may change";
        let report = findings.add(call.name_span, message);
        // `apt-get` has no `list`, `show` or `search`. Verbs that exist in both have the same
        // meaning.
        let has_verb = understand(call).is_some_and(|call| {
            call.action != Action::Clean || call.is_verb(&["clean", "autoclean"])
        });
        if has_verb && let Some(mut edit) = insert_after(cx, call.name_span, "apt", "") {
            let quoted = cx.source.slice(call.name_span).starts_with('"');
            edit.replacement = String::from(if quoted { "\"apt-get\"" } else { "apt-get" });
            edit.span = call.name_span;
            report.fix(Fix::safe("use `apt-get`", [edit]));
        }
    }
}
