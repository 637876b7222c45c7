//! `analysis-limit`: parts of the file that exceed a limit and are not analyzed.

use super::support::label_schema::compared_stages;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "analysis-limit",
    page: include_str!("../../rules/lint/analysis-limit.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Without this finding, a clean result would be misleading.
    if let Some(part) = &cx.dockerfile.unread {
        let message = format!("{}: the rest of the file is not analyzed", part.reason);
        findings.add(part.span, message);
    }
    for run in cx.facts.runs() {
        let unread = run.script.iter().flat_map(|script| &script.unread);
        for part in unread {
            let message = format!("{}: this part of the script is not analyzed", part.reason);
            findings.add(part.span, message);
        }
    }
    let stages = &cx.facts.stages;
    if let Some(stage) = stages.get(compared_stages(cx))
        && !cx.settings.label_schema.is_empty()
    {
        let message = "too many stages and `label-schema` labels: not checked from here on";
        findings.add(stage.from.span, message);
    }
    if let Some(span) = cx.context_sources().and_then(|read| read.first_beyond) {
        let message = "too many sources and `.dockerignore` patterns: not checked from here on";
        findings.add(span, message);
    }
}
