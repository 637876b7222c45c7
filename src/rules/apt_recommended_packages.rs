//! `apt-recommended-packages`: `apt-get install` also installs recommended packages.

use super::support::unattended::insert_after;
use crate::lint::{DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "apt-recommended-packages",
    page: include_str!("../../rules/lint/apt-recommended-packages.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

const OPTION: &str = "--no-install-recommends";

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // The setting may be written to `apt.conf.d` in any way, or passed with `-o`; either counts for
    // the whole file, because the order of both is hard to determine.
    if cx
        .source
        .text()
        .to_ascii_lowercase()
        .contains("apt::install-recommends")
    {
        return;
    }
    for (_, call) in cx.facts.package_calls() {
        let Some(verb) = call.verb else { continue };
        if call.manager.name != "apt" || verb.word != "install" {
            continue;
        }
        let declined = call.has_option(&[OPTION, "--without-recommends", "--download-only"])
            || call.options.contains(&"-R");
        if declined || call.hides_options() {
            continue;
        }
        let span = call.call.name_span.to(verb.argument.span);
        let report = findings.add(span, "`apt-get install` also installs recommended packages");
        // The option of aptitude is `--without-recommends`.
        if call.call.name != "aptitude"
            && let Some(edit) = insert_after(cx, verb.argument.span, "install", OPTION)
        {
            report.fix(Fix::marked_unsafe(format!("add `{OPTION}`"), [edit]));
        }
    }
}
