//! `ungraceful-stopsignal`: the stop signal cannot be handled by the program.

use super::support::rewrite::remove_lines;
use crate::dockerfile::{Body, Kind};
use crate::lint::facts::Known;
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "ungraceful-stopsignal",
    page: include_str!("../../rules/lint/ungraceful-stopsignal.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Stopsignal)
    {
        let Body::Words { words, .. } = &step.instruction.body else {
            continue;
        };
        let Some(word) = words.first() else { continue };
        let Some(signal) = cx.facts.expand(step, word) else {
            continue;
        };
        // Docker accepts names in any case, with and without `SIG`, and numbers.
        let name = signal.trim().to_ascii_uppercase();
        let windows = step
            .stage
            .and_then(|stage| cx.facts.stages[stage].known)
            .is_some_and(Known::is_windows);
        if windows {
            let report = findings.add(step.span, "`STOPSIGNAL` has no effect on Windows");
            if let Some(edit) = remove_lines(cx, step.span) {
                report.fix(Fix::new("remove it", Applicability::Safe, vec![edit]));
            }
        } else if matches!(
            name.strip_prefix("SIG").unwrap_or(&name),
            "KILL" | "9" | "STOP" | "19"
        ) {
            let edit = Edit {
                span: word.span,
                replacement: "SIGTERM".to_owned(),
            };
            let fix = Fix::new("use `SIGTERM`", Applicability::Unsafe, vec![edit]);
            findings
                .add(
                    word.span,
                    format!("programs cannot handle `{}`", signal.trim()),
                )
                .fix(fix);
        }
    }
}
