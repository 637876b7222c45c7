//! `ungraceful-stopsignal`: the stop signal cannot be handled by the program.

use super::support::rewrite::remove_lines;
use super::support::steps::{first_word, is_on_windows, of_kind};
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "ungraceful-stopsignal",
    page: include_str!("../../rules/lint/ungraceful-stopsignal.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Stopsignal]) {
        let Some(word) = first_word(step) else {
            continue;
        };
        let Some(signal) = cx.facts.expand(step, word) else {
            continue;
        };
        // Docker accepts names in any case, with and without `SIG`, and numbers.
        let name = signal.trim().to_ascii_uppercase();
        if is_on_windows(cx, step) {
            let report = findings.add(step.span, "`STOPSIGNAL` is not supported on Windows");
            if let Some(edit) = remove_lines(cx, step.span) {
                report.fix(Fix::safe("remove it", [edit]));
            }
        } else if matches!(
            name.strip_prefix("SIG").unwrap_or(&name),
            "KILL" | "9" | "STOP" | "19"
        ) {
            let edit = Edit::replace(word.span, "SIGTERM");
            let fix = Fix::marked_unsafe("use `SIGTERM`", [edit]);
            let message = format!("programs cannot handle `{}`", signal.trim());
            findings.add(word.span, message).fix(fix);
        }
    }
}
