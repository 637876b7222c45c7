//! `package-manager-in-image`: a package manager is in the image.

use std::collections::BTreeSet;

use crate::audit::{Context, Findings, Rule};
use crate::lint::facts::packages::MANAGERS;

pub(super) const RULE: Rule = Rule {
    name: "package-manager-in-image",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let mut said = BTreeSet::new();
    for manager in &MANAGERS {
        for (program, name) in cx.programs(manager.programs) {
            if !said.insert(cx.tree().inode_id(name).index()) {
                continue;
            }
            let report = findings.file(
                name,
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
