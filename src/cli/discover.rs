//! Finds the Dockerfiles below a folder.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ignore::WalkBuilder;

use super::exclude::Exclude;

/// Files that carry a Dockerfile's name and are something else.
const OTHER_EXTENSIONS: [&str; 12] = [
    "dockerignore",
    "md",
    "json",
    "yml",
    "yaml",
    "j2",
    "jinja",
    "jinja2",
    "tmpl",
    "tpl",
    "erb",
    "swp",
];

/// All Dockerfiles below a folder in the order of their paths, without what `.gitignore`, `.ignore`
/// and `exclude` leave out.
pub(super) fn dockerfiles(folder: &Path, exclude: &Exclude) -> anyhow::Result<Vec<PathBuf>> {
    let left_out = exclude.clone();
    let walk = WalkBuilder::new(folder)
        // `.devcontainer/Dockerfile` is as much a Dockerfile as any.
        .hidden(false)
        .require_git(false)
        .filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            // What is searched was named.
            entry.file_name() != ".git"
                && (entry.depth() == 0 || !left_out.leaves_out(entry.path(), is_folder))
        })
        .sort_by_file_path(Path::cmp)
        .build();
    let mut found = Vec::new();
    for entry in walk {
        let entry = entry.with_context(|| format!("cannot search `{}`", folder.display()))?;
        let is_file = entry.file_type().is_some_and(|kind| !kind.is_dir());
        if is_file && is_dockerfile(entry.path()) {
            let path = entry.into_path();
            found.push(path.strip_prefix(".").map(Path::to_owned).unwrap_or(path));
        }
    }
    Ok(found)
}

/// Whether a path has the name of a Dockerfile.
pub(super) fn is_dockerfile(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| is_dockerfile_name(&name.to_string_lossy()))
}

/// `Dockerfile`, `Containerfile`, and either with something before or after it:
/// `app.Dockerfile`, `Dockerfile.dev`, `api-dockerfile`.
fn is_dockerfile_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_other = name
        .rsplit_once('.')
        .is_some_and(|(_, extension)| OTHER_EXTENSIONS.contains(&extension));
    let is_boundary = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let stands_alone = |word: &str| {
        name.match_indices(word).any(|(at, _)| {
            is_boundary(name.as_bytes()[..at].last())
                && is_boundary(name.as_bytes().get(at + word.len()))
        })
    };
    !is_other && (stands_alone("dockerfile") || stands_alone("containerfile"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockerfiles_are_known_by_their_names() {
        for name in [
            "Dockerfile",
            "Containerfile",
            "dockerfile",
            "app.Dockerfile",
            "Dockerfile.dev",
            "api-dockerfile",
        ] {
            assert!(is_dockerfile_name(name), "{name}");
        }
        for name in [
            "Dockerfile.dockerignore",
            "Dockerfile.md",
            "mydockerfiles",
            "Dockerfile.j2",
            "compose.yaml",
        ] {
            assert!(!is_dockerfile_name(name), "{name}");
        }
    }
}
