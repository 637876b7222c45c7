//! `misleading-cache-variable`: a variable turns pip's cache off although its value says no.

use super::support::cache_left::negated_switch;
use crate::lint::facts::packages::Action;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "misleading-cache-variable",
    page: include_str!("../../rules/lint/misleading-cache-variable.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (run, call) in cx.facts.package_calls() {
        if call.action == Action::Install
            && let Some(setting) = negated_switch(cx, run, &call)
        {
            let message = format!("`{setting}` turns the cache off, not on");
            findings.add(call.call.name_span, message);
        }
    }
}
