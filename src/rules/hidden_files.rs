//! `hidden-files`: an empty mount hides files of the image that its program needs.

use std::collections::HashMap;

use super::support::container_mounts::is_within;
use crate::deployment::{Mount, MountSource};
use crate::image::{Kind, NameId, Tree};
use crate::lint::{DeploymentContext, Findings, ImagedWorkload, Rule};
use crate::slim::{Confidence, Plan};

pub(super) const RULE: Rule = Rule {
    name: "hidden-files",
    page: include_str!("../../rules/lint/hidden-files.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

/// Maximum number of mounts of a container that are compared with the image.
const MAX_MOUNTS: usize = 64;

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    let mut known = Known::new();
    for container in cx.imaged_workloads() {
        // Another container may fill the mount first.
        if container.pod.workloads.len() == 1 {
            check_container(container, &mut known, findings);
        }
    }
}

/// The first needed file below a directory of an image, by the reference of the image: many
/// containers have the same mounts.
type Known<'a> = HashMap<(&'a str, NameId), Option<NameId>>;

fn check_container<'a>(
    container: ImagedWorkload<'a>,
    known: &mut Known<'a>,
    findings: &mut Findings,
) {
    for mount in container.workload.mounts.iter().take(MAX_MOUNTS) {
        // What a volume or a directory of the host has in it is not known.
        if mount.source != MountSource::Empty {
            continue;
        }
        if let Some(hidden) = first_hidden(container, mount, known) {
            let image = container.image;
            let message = format!(
                "`{}` is mounted empty over `{}`, which `{}` needs",
                mount.target.value,
                image.path(hidden),
                *container.workload.name
            );
            findings.add(mount.place, message);
        }
    }
}

/// The first file below a mount without which the image's program fails.
fn first_hidden<'a>(
    container: ImagedWorkload<'a>,
    mount: &Mount,
    known: &mut Known<'a>,
) -> Option<NameId> {
    let image = container.image;
    let (plan, tree) = (image.plan?, image.tree());
    let directory = tree.resolve(mount.target.as_bytes()).ok()?.name;
    if !tree.is_directory(directory) || directory == NameId::ROOT {
        return None;
    }
    // The files there are left from the build.
    let path = tree.path(directory);
    let mut temporary = [&b"/run"[..], b"/tmp", b"/var/run", b"/var/tmp"].into_iter();
    if temporary.any(|top| is_within(&path, top)) {
        return None;
    }
    *known
        .entry((image.reference, directory))
        .or_insert_with(|| {
            tree.below(directory)
                .find(|&name| is_needed(tree, plan, name))
        })
}

/// Whether the program certainly fails without a file.
fn is_needed(tree: &Tree, plan: &Plan, name: NameId) -> bool {
    let is_file = matches!(tree.inode(name).kind, Kind::File(_));
    let mut reasons = plan.reasons(name).iter();
    is_file
        && plan.is_kept(name)
        && reasons.any(|reason| reason.confidence() == Confidence::Certain)
        && plan.is_reached(name)
}
