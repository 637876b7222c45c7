//! An image together with the Dockerfile it was built from: maps its history and findings to lines
//! of the Dockerfile.

use super::ImageInput;
use super::builder_stage;
use super::history_map::HistoryMap;
use crate::dockerfile;
use crate::image::Config;
use crate::lint::dockerfile::Facts;
use crate::lint::finding::{Finding, Location, TextLocation};
use crate::lint::settings::Settings;
use crate::source::Source;

/// Rules that can only guess the contents of the image from a Dockerfile. If the image is
/// available, their image check is used instead.
pub const DECIDED_BY_IMAGE: [&str; 3] = [
    "build-tools-in-image",
    "package-manager-in-image",
    "shell-in-image",
];
/// Rules that report lines of a Dockerfile, but need the image.
pub const NEEDS_IMAGE: [&str; 1] = ["move-to-builder-stage"];

/// The lines of a Dockerfile that produced an image, starting with 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerfileLines {
    /// The line of each step of the history; `None` for steps of the base image.
    pub steps: Vec<Option<usize>>,
    /// The line of the FROM that names the base image.
    pub from: usize,
}

/// `None` if the image was built from something else.
pub fn dockerfile_lines(
    config: &Config,
    source: &Source,
    settings: &Settings,
) -> Option<DockerfileLines> {
    let dockerfile = dockerfile::parse(source);
    let facts = Facts::new(&dockerfile, settings);
    let map = HistoryMap::new(config, &facts)?;
    let root = facts.ancestry(facts.final_stage()?.index).last()?;
    let mut steps = Vec::new();
    for step in 0..config.history().len() {
        let instruction = map.instruction(step);
        steps.push(instruction.map(|at| source.line(facts.steps[at].span.start)));
    }
    Some(DockerfileLines {
        steps,
        from: source.line(root.from.span.start),
    })
}

/// Moves the findings of [`NEEDS_IMAGE`] rules from layers of an image to the lines of its
/// Dockerfile; `None` if the image was built from something else.
pub fn findings_at_lines(
    input: ImageInput<'_>,
    found: &[Finding],
    source: &Source,
    settings: &Settings,
) -> Option<Vec<Finding>> {
    let dockerfile = dockerfile::parse(source);
    let facts = Facts::new(&dockerfile, settings);
    let map = HistoryMap::new(&input.image.config, &facts)?;
    let mut findings = Vec::new();
    let mut instructions = Vec::new();
    for finding in found {
        let layer = finding
            .image()
            .and_then(super::super::finding::ImageLocation::layer);
        let instruction = layer.and_then(|layer| map.instruction_of_layer(layer));
        if let Some(instruction) = instruction
            && NEEDS_IMAGE.contains(&finding.rule)
        {
            instructions.push(instruction);
            findings.push(at_line(finding, &facts, instruction, input.reference));
        }
    }
    // One fix moves all of these instructions; it is attached to the first finding.
    if let Some(first) = (0..instructions.len()).min_by_key(|&index| instructions[index]) {
        findings[first].fix = input.plan.and_then(|plan| {
            builder_stage::fix(source, &facts, (input.image, plan, &map), &instructions)
        });
    }
    Some(findings)
}

fn at_line(finding: &Finding, facts: &Facts<'_>, instruction: usize, reference: &str) -> Finding {
    let mut finding = finding.clone();
    finding.location = Location::Text(TextLocation {
        span: facts.steps[instruction].instruction.keyword.span,
        instruction: None,
        in_final_stage: true,
        file: 0,
    });
    finding
        .notes
        .push(format!("measured in the image `{reference}`"));
    finding
}
