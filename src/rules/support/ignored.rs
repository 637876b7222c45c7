//! Instructions that a later one of the same kind replaces.

use super::rewrite::without;
use crate::dockerfile::Kind;
use crate::lint::{Applicability, DockerfileContext, Findings, Fix};

/// Speaks of each instruction of a kind that a later one of the same stage makes void.
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
                format!("this `{name}` does nothing: another one follows in the stage"),
            )
            .label(next.instruction.keyword.span, "this one holds");
        if let Some(edit) = without(cx, step.span) {
            report.fix(Fix::new("leave it out", Applicability::Safe, vec![edit]));
        }
    }
}
