//! `analysis-limit`: parts of the file that exceed a limit and are not analyzed.

use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "analysis-limit",
    page: include_str!("../../rules/lint/analysis-limit.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Without this finding, a clean result would be misleading.
    if let Some(part) = &cx.dockerfile.unread {
        findings.add(
            part.span,
            format!("{}: the rest of the file is not analyzed", part.reason),
        );
    }
    for run in cx.facts.runs() {
        let unread = run.script.iter().flat_map(|script| &script.unread);
        for part in unread {
            findings.add(
                part.span,
                format!("{}: this part of the script is not analyzed", part.reason),
            );
        }
    }
    if let Some(span) = cx.context_sources().and_then(|read| read.first_beyond) {
        let message = "too many sources and `.dockerignore` patterns: not compared from here on";
        findings.add(span, message);
    }
}
