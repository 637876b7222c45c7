//! Steps of a stage and of the stages it is based on.

use crate::dockerfile::Kind;
use crate::lint::DockerfileContext;
use crate::lint::facts::{Stage, Step};

/// The instruction of a kind that is in force at the end of a stage.
pub(in crate::rules) fn last_of_kind<'f>(
    cx: &'f DockerfileContext<'_>,
    stage: &Stage<'_>,
    kind: Kind,
) -> Option<&'f Step<'f>> {
    // A lineage starts with the last step of the stage itself. ONBUILD instructions do not run in
    // this build.
    cx.facts
        .lineage(stage.index)
        .find(|step| step.kind() == kind && !step.onbuild)
}
