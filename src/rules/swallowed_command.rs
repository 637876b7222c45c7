//! `swallowed-command`: a second command is passed to a package manager as arguments.

use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "swallowed-command",
    page: include_str!("../../rules/lint/swallowed-command.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (_, call) in cx.facts.package_calls() {
        // A package manager's name may also be the name of a package, so a verb must follow it.
        let Some((program, verb)) = call.swallowed() else {
            continue;
        };
        let (name, word) = (&call.call.name, verb.raw.as_str());
        let edit = Edit::insert(program.span.start, "&& ");
        let message = format!("`{name} {word}` is passed to the previous `{name}` as arguments");
        findings
            .add(program.span.to(verb.span), message)
            .label(call.call.name_span, "passed to this call")
            .fix(Fix::marked_unsafe(
                "separate the commands with `&&`",
                [edit],
            ));
    }
}
