//! `apt-recommended-packages`: `apt-get install` also installs recommended packages.

use super::support::unattended::after;
use crate::lint::facts::Run;
use crate::lint::{Applicability, DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "apt-recommended-packages",
    page: include_str!("../../rules/lint/apt-recommended-packages.md"),
    dockerfile: Some(check),
    image: None,
};

const OPTION: &str = "--no-install-recommends";

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Written to `apt.conf.d` or given by `-o`, it holds wherever it stands.
    if cx
        .source
        .text()
        .to_ascii_lowercase()
        .contains("apt::install-recommends")
    {
        return;
    }
    for call in cx.facts.runs().iter().flat_map(Run::package_calls) {
        let Some(verb) = call
            .verb
            .filter(|verb| call.manager.name == "apt" && verb.word == "install")
        else {
            continue;
        };
        let declined = call.has_option(&[OPTION, "--without-recommends", "--download-only"])
            || call.options.contains(&"-R");
        if declined || call.hides_options() {
            continue;
        }
        let span = call.call.name_span.to(verb.argument.span);
        let report = findings.add(span, "`apt-get install` also installs recommended packages");
        if let Some(edit) = after(cx, verb.argument.span, "install", OPTION)
            .filter(|_| call.call.name != "aptitude")
        {
            report.fix(Fix::new(
                format!("add `{OPTION}`"),
                Applicability::Unsafe,
                vec![edit],
            ));
        }
    }
}
