//! An image beside the Dockerfile that it was built from: the lines that made it, and what it says
//! of them.

use super::made::Made;
use super::{Finding, builder_stage};
use crate::dockerfile;
use crate::image::{Config, Image};
use crate::lint::{self, Facts, Settings};
use crate::slim::Plan;
use crate::source::Source;

/// Rules that guess from a Dockerfile what an image has. Of an image at hand its own rules say it.
pub const MEASURED: [&str; 3] = [
    "build-tools-in-image",
    "package-manager-in-image",
    "shell-in-image",
];
/// Rules of images that speak of the Dockerfile's lines, where it is at hand.
pub const ONLY_MEASURED: [&str; 1] = ["move-to-builder-stage"];

/// The lines of a Dockerfile that made an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// For each step of the history the line of its instruction, counted from 1; none for those of
    /// the base image.
    pub lines: Vec<Option<usize>>,
    /// The line of the FROM that names the base image.
    pub from: usize,
}

/// None where the image was built from something else.
pub fn beside(config: &Config, source: &Source, settings: &Settings) -> Option<Beside> {
    let dockerfile = dockerfile::parse(source);
    let facts = Facts::new(&dockerfile, settings);
    let made = Made::of(config, &facts)?;
    let line = |step| {
        made.instruction(step)
            .map(|at| source.line(facts.steps[at].span.start))
    };
    let root = facts.ancestry(facts.final_stage()?.index).last()?;
    let lines = (0..config.history().len()).map(line).collect();
    Some(Beside {
        lines,
        from: source.line(root.from.span.start),
    })
}

/// What an image says of the lines of its Dockerfile; none where it was built from something else.
///
/// `found` is what was found in the image, under the name `reference`.
pub fn measured(
    (image, reference): (&Image, &str),
    plan: Option<&Plan>,
    found: &[Finding],
    source: &Source,
    settings: &Settings,
) -> Option<Vec<lint::Finding>> {
    let dockerfile = dockerfile::parse(source);
    let facts = Facts::new(&dockerfile, settings);
    let made = Made::of(&image.config, &facts)?;
    let at = |finding: &Finding| made.instruction_of_layer(finding.brought.as_ref()?.layer?);
    let of_lines = found
        .iter()
        .filter(|finding| ONLY_MEASURED.contains(&finding.rule));
    let of_lines: Vec<(usize, &Finding)> = of_lines
        .filter_map(|finding| Some((at(finding)?, finding)))
        .collect();
    let runs: Vec<usize> = of_lines.iter().map(|&(at, _)| at).collect();
    let mut fix =
        plan.and_then(|plan| builder_stage::fix(source, &facts, (image, plan, &made), &runs));
    let first = runs.iter().min().copied();
    let tell = |(at, finding): (usize, &Finding)| lint::Finding {
        rule: finding.rule,
        code: None,
        severity: finding.severity,
        message: finding.message.clone(),
        span: facts.steps[at].instruction.keyword.span,
        instruction: None,
        in_final_stage: true,
        subject: None,
        labels: finding.labels.clone(),
        notes: finding
            .notes
            .iter()
            .cloned()
            .chain([format!("measured in `{reference}`")])
            .collect(),
        // One fix moves them all.
        fix: fix.take_if(|_| Some(at) == first),
    };
    Some(of_lines.into_iter().map(tell).collect())
}
