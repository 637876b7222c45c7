//! `dropped-file-capability`: a container drops a capability that a program's file gives it.

use crate::deployment::{Place, Workload, capability};
use crate::lint::image::file_capabilities;
use crate::lint::{DeploymentContext, Findings, ImagedWorkload, Rule};

pub(super) const RULE: Rule = Rule {
    name: "dropped-file-capability",
    page: include_str!("../../rules/lint/dropped-file-capability.md"),
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
    let Some(plan) = image.plan else {
        return;
    };
    if workload.is_privileged() {
        return;
    }
    for &name in &plan.totals().privileged {
        // Files that are only kept in case are seldom started.
        if !plan.is_reached(name) {
            continue;
        }
        let capabilities = file_capabilities(&image.tree().inode(name).header);
        let dropped = capabilities
            .into_iter()
            .find_map(|capability| Some((capability, drop_of(workload, capability)?)));
        if let Some((capability, place)) = dropped {
            let message = format!(
                "`{}` drops `{capability}`, without which `{}` does not start",
                *workload.name,
                image.path(name)
            );
            findings.add(place, message);
        }
    }
}

/// The place where a capability is dropped for good.
fn drop_of(workload: &Workload, name: &str) -> Option<Place> {
    if workload.cap_add.iter().any(|added| includes(added, name)) {
        return None;
    }
    let drop = workload
        .cap_drop
        .iter()
        .find(|dropped| includes(dropped, name))?;
    Some(drop.place)
}

fn includes(written: &str, name: &str) -> bool {
    let written = capability(written);
    written == "ALL" || written == name
}
