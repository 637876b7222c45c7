//! `unwritable-directory`: a program writes to a directory in a read-only root file system.

use std::collections::BTreeMap;

use super::support::container_mounts::{is_within, mount_of};
use crate::image::Tree;
use crate::lint::{DeploymentContext, Findings, ImagedWorkload, Rule};
use crate::slim::{Plan, Writer, WrittenKind};

pub(super) const RULE: Rule = Rule {
    name: "unwritable-directory",
    page: include_str!("../../rules/lint/unwritable-directory.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for container in cx.imaged_workloads() {
        // Another program than that of the image may write elsewhere.
        let workload = container.workload;
        if workload.entrypoint.is_none() {
            check_container(container, findings);
        }
    }
}

fn check_container(container: ImagedWorkload<'_>, findings: &mut Findings) {
    let (image, workload) = (container.image, container.workload);
    let (Some(setting), Some(plan)) = (&workload.read_only_root, image.plan) else {
        return;
    };
    if !setting.value {
        return;
    }
    for (directory, rule) in written_directories(image.tree(), plan) {
        // An engine mounts a volume for each VOLUME of the image.
        let mut volumes = image.image.config.volumes().into_iter();
        let is_volume = volumes.any(|volume| is_within(&directory, volume.as_bytes()));
        if is_volume || mount_of(workload, &directory).is_some() {
            continue;
        }
        let message = format!(
            "`{}` cannot write to `{}` in its read-only root file system",
            *workload.name,
            directory.escape_ascii()
        );
        findings.add(setting.place, message).note(format!(
            "it is written to, according to the keep rule `{rule}`"
        ));
    }
}

/// Existing directories that the image's programs are known to write to, with the keep rule that
/// knows it.
fn written_directories(tree: &Tree, plan: &Plan) -> BTreeMap<Vec<u8>, &'static str> {
    let mut directories = BTreeMap::new();
    for write in plan.run_time().writes() {
        let Writer::Rule { rule, .. } = write.by else {
            continue;
        };
        let Ok(resolved) = tree.resolve(&write.path) else {
            continue;
        };
        // A log may be a symlink to a stream of the container.
        let path = tree.path(resolved.name);
        let is_directory = tree.is_directory(resolved.name);
        if write.kind == WrittenKind::Directory && is_directory && !is_general(&path) {
            directories.entry(path).or_insert(rule);
        }
    }
    directories
}

/// Whether a directory is one of every container: the engine mounts a file system there, or it is
/// for temporary files, which few programs cannot do without.
fn is_general(path: &[u8]) -> bool {
    let tops = [&b"/dev"[..], b"/proc", b"/sys", b"/tmp", b"/var/tmp"];
    let mut tops = tops.into_iter();
    tops.any(|top| is_within(path, top))
}
