//! `unneeded-file`: a file of the build or of a developer is in the image.

use crate::image::NameId;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unneeded-file",
    page: include_str!("../../rules/lint/unneeded-file.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

/// Files that describe builds, or that desktop systems create.
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

/// Directories of version control, editors and build tools.
const DIRECTORIES: [&str; 8] = [
    ".git",
    ".hg",
    ".svn",
    ".vagrant",
    ".idea",
    ".vscode",
    ".terraform",
    ".github",
];

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    for name in cx.tree().walk() {
        let file_name = String::from_utf8_lossy(cx.tree().file_name(name)).into_owned();
        let path = cx.path(name);
        // A directory is reported as a whole, with the size of all its files.
        if cx.tree().is_directory(name) && DIRECTORIES.contains(&file_name.as_str()) {
            let bytes: u64 = cx.tree().below(name).map(|name| cx.length(name)).sum();
            let size = cx.size(bytes);
            let message = format!("directory `{path}` is not needed at run time ({size})");
            findings.add(cx.at_file(name), message);
        } else if cx.is_file(name) && FILES.contains(&file_name.as_str()) && !is_covered(cx, name) {
            let message = format!("`{path}` is not needed at run time");
            findings.add(cx.at_file(name), message);
        }
    }
}

/// Whether a file is part of a package, or in a directory that is reported as a whole.
fn is_covered(cx: &ImageContext<'_>, name: NameId) -> bool {
    let path = String::from_utf8_lossy(&cx.tree().path(name)).into_owned();
    // Packages of npm and PyPI sometimes ship such files, which their user cannot change.
    let mut parts = path.split('/');
    cx.packages.owners(name).next().is_some()
        || parts.any(|part| {
            DIRECTORIES.contains(&part) || part == "node_modules" || part == "site-packages"
        })
}
