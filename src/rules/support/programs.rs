//! Programs that remain in the final stage, reported where they were added.

use std::collections::BTreeMap;

use crate::lint::facts::{ProgramOrigin, StagePrograms};
use crate::lint::{DockerfileContext, Findings};
use crate::source::Span;

/// Reports programs of a given kind in the final stage, with one finding for each instruction that
/// adds some.
pub(in crate::rules) fn report(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    kind: &str,
    programs: impl Fn(&StagePrograms) -> &BTreeMap<String, ProgramOrigin>,
) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let Some(all) = cx.facts.programs(stage.index) else {
        return;
    };
    // Sorted by location, so that the findings are in the order of the file.
    let mut by_origin: BTreeMap<Span, Vec<String>> = BTreeMap::new();
    for (name, origin) in programs(all) {
        let names = by_origin.entry(origin.span).or_default();
        names.push(format!("`{name}`"));
    }
    for (span, names) in by_origin {
        let plural = if names.len() == 1 { "" } else { "s" };
        let base = base_image(cx, span).map_or(String::new(), |base| format!(" (from `{base}`)"));
        let report = findings.add(
            span,
            format!(
                "final stage contains {kind}{plural}: {}{base}",
                names.join(", ")
            ),
        );
        if !stage.from.span.contains(span) {
            report.label(stage.from.span, "final stage starts here");
        }
    }
}

/// The name of the base image, if the span is that of an image name in a FROM.
fn base_image<'a>(cx: &DockerfileContext<'a>, span: Span) -> Option<&'a str> {
    let mut stages = cx.facts.stages.iter();
    let stage = stages.find(|stage| stage.image.span == span)?;
    Some(cx.source.slice(stage.image.span))
}
