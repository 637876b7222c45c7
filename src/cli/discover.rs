//! Finds the Dockerfiles below a folder.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use walkdir::WalkDir;

use super::Output;
use super::exclude::Exclude;
use super::ignored::Ignored;
use crate::trust::HostFile;

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

/// All Dockerfiles below a directory in the order of their paths, without what `.gitignore`,
/// `.ignore` and `exclude` leave out. Symlinks to directories are not followed, and of several
/// names of one file, one is taken.
pub(super) fn dockerfiles(
    directory: &Path,
    exclude: &Exclude,
    output: Output,
) -> anyhow::Result<Vec<HostFile>> {
    let what = || format!("cannot search `{}`", directory.display());
    let root = real(directory).with_context(what)?;
    let mut ignored = Ignored::new(&root, output);
    let (mut files, mut links) = (Vec::new(), Vec::new());
    let mut walk = WalkDir::new(directory).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry.with_context(what)?;
        let depth = entry.depth();
        // What is searched was named, even if a symlink leads there.
        let is_directory = entry.file_type().is_dir() || depth == 0;
        let below = entry
            .path()
            .strip_prefix(directory)
            .unwrap_or(Path::new(""));
        let real_path = root.join(below);
        let is_left_out = depth > 0
            && (entry.file_name().eq_ignore_ascii_case(".git")
                || exclude.leaves_out(entry.path(), is_directory)
                || ignored.leaves_out(&real_path, depth, is_directory));
        if is_directory && is_left_out {
            walk.skip_current_dir();
        } else if is_directory {
            ignored.enter(&real_path, depth);
        } else if !is_left_out && is_dockerfile(entry.path()) {
            let kind = entry.file_type();
            if !kind.is_symlink() {
                files.push((entry.into_path(), real_path));
            } else if !entry.path().is_dir() {
                links.push((entry.into_path(), real(&real_path).unwrap_or(real_path)));
            }
        }
    }
    let mut targets: BTreeSet<PathBuf> = files.iter().map(|(_, real)| real.clone()).collect();
    links.retain(|(_, target)| !target.starts_with(&root) || targets.insert(target.clone()));
    let mut found: Vec<PathBuf> = files
        .into_iter()
        .chain(links)
        .map(|(path, _)| path)
        .collect();
    found.sort();
    Ok(found
        .into_iter()
        .map(|path| HostFile::found(&path, directory).seen_from(Path::new(".")))
        .collect())
}

#[expect(
    clippy::disallowed_methods,
    reason = "it is a path of the host, not one of an image"
)]
fn real(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
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
