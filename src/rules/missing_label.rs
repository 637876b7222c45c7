//! `missing-label`: the image lacks a label that the configuration requires.

use std::collections::BTreeSet;

use super::support::label_schema::{compared_stages, labels, origin};
use crate::lint::facts::{Base, Facts};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-label",
    page: include_str!("../../rules/lint/missing-label.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Without a schema, no label is required.
    if cx.settings.label_schema.is_empty() {
        return;
    }
    // Every other stage may be the target of a build and become an image.
    let used = used_stages(cx.facts);
    let labels = labels_of_stages(cx);
    for stage in cx.facts.stages.iter().take(compared_stages(cx)) {
        if used.contains(&stage.index) {
            continue;
        }
        for label in cx.settings.label_schema.keys() {
            if !labels[stage.index].contains(label.as_str()) {
                findings
                    .add(stage.from.span, format!("label `{label}` is missing"))
                    .because(origin(cx.settings, label));
            }
        }
    }
}

/// The labels of the schema that each stage has at its end.
fn labels_of_stages<'a>(cx: &DockerfileContext<'a>) -> Vec<BTreeSet<&'a str>> {
    let mut own: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); cx.facts.stages.len()];
    for (step, pair) in labels(cx) {
        let known = cx
            .facts
            .expand(step, &pair.key)
            .and_then(|key| cx.settings.label_schema.get_key_value(&key));
        if let (Some(stage), Some((key, _))) = (step.stage, known) {
            own[stage].insert(key);
        }
    }
    // A stage can only be based on an earlier one, whose labels are complete at this point.
    for stage in &cx.facts.stages {
        if let Base::Stage(base) = stage.base {
            let inherited = own[base].clone();
            own[stage.index].extend(inherited);
        }
    }
    own
}

/// The stages that others are based on or copy files from. They do not become an image.
fn used_stages(facts: &Facts<'_>) -> BTreeSet<usize> {
    let mut used = BTreeSet::new();
    for stage in &facts.stages {
        if let Base::Stage(base) = stage.base {
            used.insert(base);
        }
    }
    for step in &facts.steps {
        for name in step.sources() {
            used.extend(facts.source_stage(step, name).map(|stage| stage.index));
        }
    }
    used
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    for label in cx.settings.label_schema.keys() {
        if cx.configuration().label(label).is_none() {
            let message = format!("label `{label}` is missing");
            findings
                .add(cx.at_instruction("LABEL"), message)
                .because(origin(cx.settings, label));
        }
    }
}
