//! Instructions that a later one of the same kind replaces.

use super::rewrite::without;
use crate::dockerfile::Kind;
use crate::lint::{Applicability, DockerfileContext, Findings, Fix};

/// Reports each instruction of a kind that a later one of the same stage replaces.
pub(in crate::rules) fn report(cx: &DockerfileContext<'_>, kind: Kind, findings: &mut Findings) {
    let steps = || {
        cx.facts
            .steps
            .iter()
            .filter(move |step| step.kind() == kind && !step.onbuild)
    };
    for (step, next) in steps()
        .zip(steps().skip(1))
        .filter(|(step, next)| step.stage == next.stage)
    {
        let name = kind.name();
        let report = findings
            .add(
                step.instruction.keyword.span,
                format!("this `{name}` has no effect: a later one replaces it"),
            )
            .label(next.instruction.keyword.span, "replaced here");
        if let Some(edit) = without(cx, step.span) {
            report.fix(Fix::new("remove it", Applicability::Safe, vec![edit]));
        }
    }
}
