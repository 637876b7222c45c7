//! Search for Dockerfiles, Compose files, Bake files and Kubernetes manifests below a directory.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use walkdir::WalkDir;

use super::Output;
use super::exclude::Exclude;
use super::ignored::Ignored;
use crate::deployment::{self, Kind};
use crate::trust::HostFile;

/// Extensions of files that are named after a Dockerfile but are not Dockerfiles: ignore files,
/// documentation, data, pictures, templates that have not been rendered, and what editors, patch
/// and git leave behind. The hooks in `.pre-commit-hooks.yaml` have the same list.
const OTHER_EXTENSIONS: [&str; 36] = [
    "dockerignore",
    "md",
    "html",
    "pdf",
    "css",
    "json",
    "toml",
    "xml",
    "yml",
    "yaml",
    "lock",
    "log",
    "snap",
    "gif",
    "ico",
    "jpeg",
    "jpg",
    "png",
    "svg",
    "webp",
    "j2",
    "jinja",
    "jinja2",
    "mustache",
    "template",
    "tmpl",
    "tpl",
    "erb",
    "bak",
    "diff",
    "orig",
    "patch",
    "rej",
    "swo",
    "swp",
    "pyc",
];
/// Extensions of programs. After the name of a Dockerfile they may also stand for the language of
/// the image: `Dockerfile.go` builds a Go program, and `dockerfile.go` is one.
const PROGRAM_EXTENSIONS: [&str; 24] = [
    "c", "cc", "cpp", "cs", "go", "h", "java", "js", "jsx", "kt", "lua", "mjs", "php", "pl", "ps1",
    "py", "rb", "rs", "scala", "sh", "swift", "ts", "tsx", "vue",
];

/// Files that a search found.
pub(super) struct Found {
    /// Sorted by path.
    pub(super) files: Vec<HostFile>,
    /// Whether every directory could be read.
    pub(super) is_complete: bool,
}

/// All Dockerfiles and Compose files, and all files that may be manifests, except those excluded by
/// `.gitignore`, `.ignore` or
/// `exclude`. Symlinks to directories are not followed, and a file with several names is listed
/// once. A directory that cannot be read is reported, and the others are still searched.
pub(super) fn dockerfiles(
    directory: &Path,
    exclude: &Exclude,
    output: Output,
) -> anyhow::Result<Found> {
    let root =
        real(directory).with_context(|| format!("cannot search `{}`", directory.display()))?;
    let (paths, is_complete) = search(directory, &root, exclude, output);
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        files.push(HostFile::found(&path, directory).seen_from(Path::new(".")));
    }
    Ok(Found { files, is_complete })
}

/// Searches a directory, whose path without symlinks is `root`. Returns the paths, and whether
/// every directory could be read.
fn search(
    directory: &Path,
    root: &Path,
    exclude: &Exclude,
    output: Output,
) -> (Vec<PathBuf>, bool) {
    let mut is_complete = true;
    let mut ignored = Ignored::new(root, output);
    let (mut files, mut links) = (Vec::new(), Vec::new());
    let mut walk = WalkDir::new(directory).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let entry = match entry {
            Ok(entry) => entry,
            // One directory without permission must not hide the findings in all others.
            Err(error) => {
                is_complete = false;
                output.error(&unreadable(&error, directory));
                continue;
            }
        };
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
        } else if !is_left_out && may_be_input(entry.path()) {
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
    (without_duplicates(root, files, links), is_complete)
}

/// The error for a directory below the searched one.
fn unreadable(error: &walkdir::Error, searched: &Path) -> anyhow::Error {
    let path = error.path().unwrap_or(searched);
    // As in findings, the current directory is not named.
    let path = match path.strip_prefix(".") {
        Ok(below) if !below.as_os_str().is_empty() => below.display(),
        _ => path.display(),
    };
    match error.io_error() {
        Some(cause) => anyhow!("cannot search `{path}`: {cause}"),
        None => anyhow!("cannot search `{path}`: {error}"),
    }
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

/// Whether a file is of interest by its name. That of a manifest says little, so that its content
/// decides; see [`is_input`].
pub(super) fn may_be_input(path: &Path) -> bool {
    is_dockerfile(path) || is_named_deployment(path) || is_yaml(path)
}

/// Whether a file that was found is to be linted.
pub(super) fn is_input(path: &Path, text: &[u8]) -> bool {
    if is_dockerfile(path) {
        return !is_program(path, text);
    }
    if is_named_deployment(path) {
        return true;
    }
    let text = String::from_utf8_lossy(text);
    // A template of Helm is not a manifest until it is rendered.
    Kind::of_content(&text) == Some(Kind::Kubernetes) && !deployment::is_template(&text)
}

/// Whether a file can only be told from others by its content.
pub(super) fn is_doubtful(path: &Path) -> bool {
    !is_dockerfile(path) && !is_named_deployment(path)
}

/// Whether the name of a file is that of a Compose or Bake file.
fn is_named_deployment(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| Kind::of_name(&name.to_string_lossy()).is_some())
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml")
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
    // Backups and locks of Emacs: `Dockerfile~`, `#Dockerfile#` and `.#Dockerfile`.
    let is_of_editor = name.ends_with(['~', '#']) || name.starts_with(".#");
    let is_other = extension(&name).is_some_and(|end| OTHER_EXTENSIONS.contains(&end));
    !is_of_editor
        && !is_other
        && (has_word(&name, "dockerfile") || has_word(&name, "containerfile"))
}

/// Whether a file with the name of a Dockerfile is a program, such as `parse_dockerfile.py`. Its
/// extension leaves that open, so its first line decides.
pub(super) fn is_program(path: &Path, text: &[u8]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    extension(&name).is_some_and(|end| PROGRAM_EXTENSIONS.contains(&end)) && !starts_stage(text)
}

/// Whether the first line that is neither empty nor a comment starts a Dockerfile. In lowercase,
/// `from` also starts a Python program. As in BuildKit, a byte order mark is skipped.
fn starts_stage(text: &[u8]) -> bool {
    let text = text.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(text);
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.trim_ascii();
        if !line.is_empty() && !line.starts_with(b"#") {
            return line.starts_with(b"FROM ") || line.starts_with(b"ARG ");
        }
    }
    false
}

fn extension(name: &str) -> Option<&str> {
    Some(name.rsplit_once('.')?.1)
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
            "Dockerfile.go",
            "Dockerfile.py3",
        ] {
            assert!(is_dockerfile_name(name), "{name}");
        }
        for name in [
            "Dockerfile.dockerignore",
            "Dockerfile.md",
            "mydockerfiles",
            "Dockerfile.j2",
            "compose.yaml",
            "Dockerfile.png",
            "Dockerfile.ORIG",
            "app.Dockerfile.rej",
            "Dockerfile~",
            "#Dockerfile#",
            ".#Dockerfile",
        ] {
            assert!(!is_dockerfile_name(name), "{name}");
        }
    }

    #[test]
    fn the_hooks_skip_the_same_extensions() {
        let hooks = include_str!("../../.pre-commit-hooks.yaml");
        for extensions in [&OTHER_EXTENSIONS[..], &PROGRAM_EXTENSIONS[..]] {
            let pattern = format!("\\.({})$", extensions.join("|"));
            assert!(hooks.contains(&pattern), "{pattern}");
        }
    }

    #[test]
    fn a_program_is_known_by_its_extension_and_its_first_line() {
        for (name, text, expected) in [
            ("dockerfile.go", "package dockerfile\n", true),
            ("parse_dockerfile.py", "# -\nfrom re import sub\n", true),
            ("dockerfile_test.ts", "const a = `\nFROM debian\n`;\n", true),
            ("dockerfile.rs", "", true),
            (
                "Dockerfile.go",
                "# syntax=docker/dockerfile:1\n\n  FROM golang\n",
                false,
            ),
            ("Dockerfile.py", "ARG TAG=3\r\nFROM python:$TAG\r\n", false),
            ("Dockerfile.js", "\u{feff}FROM node\n", false),
            ("Dockerfile.dev", "package dockerfile\n", false),
            ("Dockerfile", "", false),
        ] {
            assert_eq!(
                is_program(Path::new(name), text.as_bytes()),
                expected,
                "{name}"
            );
        }
    }
}
