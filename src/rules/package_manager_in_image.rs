//! `package-manager-in-image`: what runs in production can still install software.

use super::support::programs::report;
use std::collections::BTreeSet;

use crate::lint::facts::packages::MANAGERS;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "package-manager-in-image",
    page: include_str!("../../rules/lint/package-manager-in-image.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let Some(holdings) = cx.facts.holdings(stage.index) else {
        return;
    };
    report(stage.from.span, &holdings.managers, findings);
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    let mut said = BTreeSet::new();
    for manager in &MANAGERS {
        for (program, name) in cx.programs(manager.programs) {
            if !said.insert(cx.tree().inode_id(name).index()) {
                continue;
            }
            let report = findings.add(
                cx.at_file(name),
                format!("the package manager `{program}` is in the image"),
            );
            if let Some((files, bytes)) = cx.rest_of_package(name) {
                report.note(format!(
                    "its package has {files} files with {}",
                    cx.size(bytes)
                ));
            }
            break;
        }
    }
}
