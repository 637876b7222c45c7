//! Instructions that a later one of the same kind replaces.

use super::rewrite::remove_lines;
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Fix};

/// Reports each instruction of a kind that a later one of the same stage replaces.
pub(in crate::rules) fn report(cx: &DockerfileContext<'_>, kind: Kind, findings: &mut Findings) {
    // ONBUILD instructions run in another build and replace instructions there.
    let steps: Vec<_> = cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == kind && !step.onbuild)
        .collect();
    for pair in steps.windows(2) {
        let (step, next) = (pair[0], pair[1]);
        if step.stage != next.stage {
            continue;
        }
        let name = kind.name();
        let message = format!("this `{name}` has no effect: a later one replaces it");
        let report = findings
            .add(step.instruction.keyword.span, message)
            .label(next.instruction.keyword.span, "replaced here");
        if let Some(edit) = remove_lines(cx, step.span) {
            report.fix(Fix::safe("remove it", [edit]));
        }
    }
}
