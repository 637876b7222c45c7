//! `missing-program`: a deployment runs a program that the image does not have.

use super::support::container_commands::named_programs;
use super::support::container_mounts::mount_of;
use crate::lint::{DeploymentContext, Findings, ImagedWorkload, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-program",
    page: include_str!("../../rules/lint/missing-program.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for container in cx.imaged_workloads() {
        check_container(container, findings);
    }
}

fn check_container(container: ImagedWorkload<'_>, findings: &mut Findings) {
    let (image, workload) = (container.image, container.workload);
    let programs = named_programs(container);
    if programs.is_empty() {
        return;
    }
    let config = image.configured(workload);
    let finder = image.finder(&config);
    for program in programs {
        // A mount may bring the program.
        let mut candidates = finder.candidates(&program.word).into_iter();
        let may_be_mounted = candidates.any(|path| mount_of(workload, &path).is_some());
        if may_be_mounted || finder.find(&program.word).is_some() {
            continue;
        }
        let message = format!(
            "`{}`, which `{}` of `{}` runs, is not in the image `{}`",
            program.word, program.key, *workload.name, image.reference
        );
        findings.add(program.place, message);
    }
}
