//! `package-manager-in-image`: a package manager is left in the final image.

use std::collections::BTreeSet;

use super::support::programs::report;
use crate::knowledge::package_managers;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};
use crate::size::counted;

pub(super) const RULE: Rule = Rule {
    name: "package-manager-in-image",
    page: include_str!("../../rules/lint/package-manager-in-image.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    report(cx, findings, "package manager", |programs| {
        &programs.package_managers
    });
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for manager in package_managers() {
        // Managers share programs: yum is a symlink to dnf. One program of each manager is enough.
        let mut programs = cx.programs(manager.programs.iter().copied()).into_iter();
        let Some(name) = programs.find(|&name| seen.insert(cx.tree().inode_id(name).index()))
        else {
            continue;
        };
        let path = cx.path(name);
        let message = format!("package manager `{path}` is in the image");
        let report = findings.add(cx.at_file(name), message);
        if let Some((files, bytes)) = cx.size_of_package(name) {
            let size = cx.size(bytes);
            let files = counted(files, "file");
            report.note(format!("its package has {files} ({size})"));
        }
    }
}
