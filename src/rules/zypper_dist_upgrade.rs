//! `zypper-dist-upgrade`: the image is upgraded to another release of its distribution.

use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "zypper-dist-upgrade",
    page: include_str!("../../rules/lint/zypper-dist-upgrade.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (_, call) in cx.facts.package_calls() {
        // `dup` is the short form. `zypper update` stays within the release.
        if call.manager.name == "zypper" && call.is_verb(&["dist-upgrade", "dup"]) {
            let message = "this can upgrade the base image to another release";
            findings.add(call.call.span, message);
        }
    }
}
