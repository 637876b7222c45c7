//! `secret-file-copied`: a file that holds secrets is in the image.

use super::credentials;
use crate::audit::{Context, Findings, Rule};
use crate::image::NameId;

pub(super) const RULE: Rule = Rule {
    name: "secret-file-copied",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for name in cx.files() {
        if let Some(path) = secret_file(cx, name) {
            findings.file(name, format!("`{path}` holds secrets"));
        }
    }
    for (name, by) in cx.gone_files() {
        if let Some(path) = secret_file(cx, name) {
            let report = findings.file(name, format!("`{path}` holds secrets"));
            report.note(format!(
                "layer {by} takes the file away, but its own layer still has it"
            ));
        }
    }
}

/// By its name, and by what is in it; what packages bring has nobody's secrets in it.
fn secret_file(cx: &Context<'_>, name: NameId) -> Option<String> {
    let path = String::from_utf8_lossy(&cx.tree().path(name)).into_owned();
    if !credentials::may_hold(&path) || cx.length(name) == 0 || cx.is_test_data(name) {
        return None;
    }
    let is_packaged = cx.packages.owners(name).next().is_some();
    (!is_packaged
        && cx
            .read(name)
            .is_none_or(|bytes| credentials::holds(&path, &bytes)))
    .then_some(path)
}
