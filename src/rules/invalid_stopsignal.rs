//! `invalid-stopsignal`: STOPSIGNAL is not a signal.

use super::support::steps::{first_word, is_on_windows, of_kind};
use super::support::trailing_comments::trailing_comment;
use super::support::words::{is_array, known_value};
use crate::dockerfile::{COMMENTS_START_LINES, Kind};
use crate::knowledge::{is_signal, signal_names};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::suggestion;

pub(super) const RULE: Rule = Rule {
    name: "invalid-stopsignal",
    page: include_str!("../../rules/lint/invalid-stopsignal.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Stopsignal]) {
        // Windows has no signals at all, which `ungraceful-stopsignal` reports.
        if is_on_windows(cx, step) {
            continue;
        }
        let Some(word) = first_word(step) else {
            continue;
        };
        let Some(signal) = known_value(cx, step, word) else {
            continue;
        };
        if is_signal(&signal) {
            continue;
        }
        let message = if signal.is_empty() {
            "stop signal is empty".to_owned()
        } else {
            format!("unknown signal `{signal}`")
        };
        let report = findings.add(word.span, message);
        if is_array(word.text.as_str()) {
            report.note("`STOPSIGNAL` has no JSON form");
        } else if trailing_comment(cx, step).is_some() {
            report.note(COMMENTS_START_LINES);
        } else if let Some(near) = nearest(&signal) {
            report.note(format!("did you mean `SIG{near}`?"));
        }
    }
}

/// The most similar signal, without `SIG`.
fn nearest(signal: &str) -> Option<&'static str> {
    let upper = signal.to_ascii_uppercase();
    suggestion::closest(upper.strip_prefix("SIG").unwrap_or(&upper), signal_names())
}
