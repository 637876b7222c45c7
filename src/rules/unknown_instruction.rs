//! `unknown-instruction`: a line starts with an unknown instruction.

use crate::dockerfile::{self, Kind};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::{Source, Span};
use crate::suggestion;

pub(super) const RULE: Rule = Rule {
    name: "unknown-instruction",
    page: include_str!("../../rules/lint/unknown-instruction.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Unknown)
    {
        let keyword = &step.instruction.keyword;
        if keyword.text.is_empty() {
            continue;
        }
        let report = findings.add(
            keyword.span,
            format!("unknown instruction `{}`", keyword.text),
        );
        let rest = Span::new(
            keyword.span.end,
            step.instruction.span.end.max(keyword.span.end),
        );
        if let Some(near) = nearest(&keyword.text).filter(|near| is_read(cx, near, rest)) {
            let edit = Edit {
                span: keyword.span,
                replacement: near.to_owned(),
            };
            report.fix(Fix::new(
                format!("use `{near}`"),
                Applicability::Unsafe,
                vec![edit],
            ));
        }
    }
}

/// Whether the instruction would be read without an error under another keyword.
fn is_read(cx: &DockerfileContext<'_>, keyword: &str, rest: Span) -> bool {
    let (escape, rest) = (cx.dockerfile.escape, cx.source.slice(rest));
    let text = format!("# escape={escape}\nFROM scratch\n{keyword}{rest}");
    dockerfile::parse(&Source::new(cx.source.name(), text))
        .errors
        .is_empty()
}

fn nearest(text: &str) -> Option<&'static str> {
    suggestion::closest(text, Kind::names())
}
