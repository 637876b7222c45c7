//! `unknown-instruction`: a line starts with an unknown instruction.

use super::support::steps::of_kind;
use crate::dockerfile::{self, Kind};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::{Source, Span};
use crate::suggestion;

pub(super) const RULE: Rule = Rule {
    name: "unknown-instruction",
    page: include_str!("../../rules/lint/unknown-instruction.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Unknown]) {
        let keyword = &step.instruction.keyword;
        // `ONBUILD` without an instruction is a different error.
        if keyword.text.is_empty() {
            continue;
        }
        let message = format!("unknown instruction `{}`", keyword.text);
        let report = findings.add(keyword.span, message);
        // An instruction can consist of only its keyword.
        let rest = Span::new(
            keyword.span.end,
            step.instruction.span.end.max(keyword.span.end),
        );
        if let Some(near) = nearest(&keyword.text)
            && is_valid(cx, near, rest)
        {
            let edit = Edit::replace(keyword.span, near.to_owned());
            report.fix(Fix::marked_unsafe(format!("use `{near}`"), [edit]));
        }
    }
}

/// Whether the instruction is valid with another keyword.
fn is_valid(cx: &DockerfileContext<'_>, keyword: &str, rest: Span) -> bool {
    // The parser needs a FROM, and the escape character of the file.
    let (escape, rest) = (cx.dockerfile.escape, cx.source.slice(rest));
    let text = format!("# escape={escape}\nFROM scratch\n{keyword}{rest}");
    dockerfile::parse(&Source::new(cx.source.name(), text))
        .errors
        .is_empty()
}

/// The most similar instruction.
fn nearest(text: &str) -> Option<&'static str> {
    suggestion::closest(text, Kind::names())
}
