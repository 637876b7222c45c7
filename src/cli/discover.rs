//! Search for Dockerfiles below a directory.

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

/// Extensions of files that are named after a Dockerfile but are not Dockerfiles: ignore files,
/// documentation, and templates that have not been rendered.
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

/// All Dockerfiles below a directory, sorted by path, except those excluded by `.gitignore`,
/// `.ignore` or `exclude`. Symlinks to directories are not followed, and a file with several names
/// is listed once.
pub(super) fn dockerfiles(
    directory: &Path,
    exclude: &Exclude,
    output: Output,
) -> anyhow::Result<Vec<HostFile>> {
    let mut files = Vec::new();
    for path in search(directory, exclude, output)
        .with_context(|| format!("cannot search `{}`", directory.display()))?
    {
        files.push(HostFile::found(&path, directory).seen_from(Path::new(".")));
    }
    Ok(files)
}

fn search(directory: &Path, exclude: &Exclude, output: Output) -> anyhow::Result<Vec<PathBuf>> {
    let root = real(directory)?;
    let mut ignored = Ignored::new(&root, output);
    let (mut files, mut links) = (Vec::new(), Vec::new());
    let mut walk = WalkDir::new(directory).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry?;
        let depth = entry.depth();
        // The user named the directory, so it is searched even if it is a symlink.
        let is_directory = entry.file_type().is_dir() || depth == 0;
        let below = entry
            .path()
            .strip_prefix(directory)
            .unwrap_or(Path::new(""));
        // Ignore files are matched against real paths, as in git.
        let real_path = root.join(below);
        // For the same reason, the directory itself is searched even if an ignore file excludes it.
        // On a case-insensitive file system, `.GIT` is the repository too.
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
                // A dangling symlink stays in the list, so that opening it reports why it is not
                // checked.
                links.push((entry.into_path(), real(&real_path).unwrap_or(real_path)));
            }
        }
    }
    Ok(without_duplicates(&root, files, links))
}

/// Sorted paths of the files and of the symlinks to other files. A symlink is dropped if its target
/// is already in the list. A symlink that leads out of the directory stays: reading it is refused
/// with a message.
fn without_duplicates(
    root: &Path,
    files: Vec<(PathBuf, PathBuf)>,
    mut links: Vec<(PathBuf, PathBuf)>,
) -> Vec<PathBuf> {
    let mut targets: BTreeSet<PathBuf> = files.iter().map(|(_, real)| real.clone()).collect();
    links.retain(|(_, target)| !target.starts_with(root) || targets.insert(target.clone()));
    let mut found: Vec<PathBuf> = files
        .into_iter()
        .chain(links)
        .map(|(path, _)| path)
        .collect();
    found.sort();
    found
}

#[expect(
    clippy::disallowed_methods,
    reason = "the path is one of the host, not of an image"
)]
fn real(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// Whether the file name of a path is that of a Dockerfile.
pub(super) fn is_dockerfile(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| is_dockerfile_name(&name.to_string_lossy()))
}

/// Whether a name is `Dockerfile` or `Containerfile` or contains either as a whole word:
/// `app.Dockerfile`, `Dockerfile.dev`, `api-dockerfile`.
fn is_dockerfile_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_other = name
        .rsplit_once('.')
        .is_some_and(|(_, extension)| OTHER_EXTENSIONS.contains(&extension));
    !is_other && (has_word(&name, "dockerfile") || has_word(&name, "containerfile"))
}

fn has_word(name: &str, word: &str) -> bool {
    name.match_indices(word).any(|(start, _)| {
        is_boundary(name.as_bytes()[..start].last())
            && is_boundary(name.as_bytes().get(start + word.len()))
    })
}

fn is_boundary(byte: Option<&u8>) -> bool {
    byte.is_none_or(|byte| !byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockerfiles_are_recognized_by_their_file_names() {
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
