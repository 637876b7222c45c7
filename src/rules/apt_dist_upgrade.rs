//! `apt-dist-upgrade`: the image is upgraded to another release of its distribution.

use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "apt-dist-upgrade",
    page: include_str!("../../rules/lint/apt-dist-upgrade.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (_, call) in cx.facts.package_calls() {
        // Only these verbs remove packages to get newer ones; `upgrade` is reported by another
        // rule.
        if call.manager.name == "apt" && call.is_verb(&["dist-upgrade", "full-upgrade"]) {
            let message = "this can upgrade the base image to another release";
            findings.add(call.call.span, message);
        }
    }
}
