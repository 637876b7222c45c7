//! `unneeded-file`: a file of the build or of a developer is in the image.

use crate::audit::{Context, Findings, Rule};
use crate::image::NameId;

pub(super) const RULE: Rule = Rule {
    name: "unneeded-file",
    page: Some(include_str!("../../../rules/lint/unneeded-file.md")),
    check,
};

/// Files that describe builds and machines of developers.
const FILES: [&str; 12] = [
    "Dockerfile",
    "Containerfile",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.yml",
    "compose.yaml",
    "Vagrantfile",
    ".DS_Store",
    "Thumbs.db",
    ".dockerignore",
    "Jenkinsfile",
    ".gitlab-ci.yml",
];
const FOLDERS: [&str; 8] = [
    ".git",
    ".hg",
    ".svn",
    ".vagrant",
    ".idea",
    ".vscode",
    ".terraform",
    ".github",
];

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for name in cx.tree().walk() {
        let file_name = String::from_utf8_lossy(cx.tree().file_name(name)).into_owned();
        let is_folder = cx.tree().is_directory(name);
        if is_folder && FOLDERS.contains(&file_name.as_str()) {
            let bytes: u64 = cx.tree().below(name).map(|name| cx.length(name)).sum();
            findings.file(
                name,
                format!(
                    "`{file_name}` is of no use to the program, and has {}",
                    cx.size(bytes)
                ),
            );
        } else if cx.is_file(name) && FILES.contains(&file_name.as_str()) && !is_within(cx, name) {
            findings.file(name, format!("`{file_name}` is of no use to the program"));
        }
    }
}

/// Whether a package brought it, or a folder that is reported whole has it.
fn is_within(cx: &Context<'_>, name: NameId) -> bool {
    let path = String::from_utf8_lossy(&cx.tree().path(name)).into_owned();
    let mut parts = path.split('/');
    cx.packages.owners(name).next().is_some()
        || parts.any(|part| {
            FOLDERS.contains(&part) || part == "node_modules" || part == "site-packages"
        })
}
