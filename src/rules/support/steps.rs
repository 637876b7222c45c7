//! Steps by kind, and the first word of their arguments.

use crate::dockerfile::{Kind, Word};
use crate::lint::DockerfileContext;
use crate::lint::facts::{Known, Stage, Step};

/// The instructions of these kinds, in the order of the file, including those in ONBUILD.
pub(in crate::rules) fn of_kind<'a>(
    cx: &DockerfileContext<'a>,
    kinds: &'static [Kind],
) -> impl Iterator<Item = &'a Step<'a>> + use<'a> {
    cx.facts
        .steps
        .iter()
        .filter(|step| kinds.contains(&step.kind()))
}

/// The steps with `COPY --from`, each with its source as written, and expanded if it is known.
pub(in crate::rules) fn copies_from<'a>(
    cx: &DockerfileContext<'a>,
) -> impl Iterator<Item = (&'a Step<'a>, &'a Word, &'a str)> + use<'a> {
    let copies = of_kind(cx, &[Kind::Copy]);
    copies.filter_map(|step| {
        let (word, name) = step.copied_from()?;
        Some((step, word, name))
    })
}

/// The first argument of an instruction that takes words.
pub(in crate::rules) fn first_word<'a>(step: &Step<'a>) -> Option<&'a Word> {
    step.instruction.body.words().first()
}

/// Whether a step is in a stage that is known to be based on a Windows image.
pub(in crate::rules) fn is_on_windows(cx: &DockerfileContext<'_>, step: &Step<'_>) -> bool {
    step.stage
        .and_then(|stage| cx.facts.stages[stage].known)
        .is_some_and(Known::is_windows)
}

/// The instruction of a kind that is in effect at the end of a stage.
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
