//! Finds the program that a word refers to, by its path or through PATH.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::view::View;
use crate::image::{Config, DEFAULT_PATH, Kind, NameId, Tree};

/// Maximum number of PATH directories that are searched. Linux limits PATH to 128 KiB.
const MAX_DIRECTORIES: usize = 1024;

/// The settings of the image with which programs are found.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    /// The directories of PATH, in order.
    path: Vec<Vec<u8>>,
    /// The ones that exist in the image.
    directories: OnceLock<Vec<Vec<u8>>>,
    working_directory: Vec<u8>,
}

impl Programs {
    pub(super) fn of(config: &Config) -> Self {
        let working_directory = config.working_dir().as_bytes().to_vec();
        // Docker and containerd use this default if the image sets no PATH.
        let path = config.env_value("PATH").unwrap_or(DEFAULT_PATH);
        let path = path
            .split(':')
            // In POSIX, an empty element of PATH means the working directory.
            .map(|directory| joined(&working_directory, directory.as_bytes()))
            .collect();
        Self {
            path,
            directories: OnceLock::new(),
            working_directory,
        }
    }

    /// The absolute path of a word, which may be relative to the working directory.
    pub(super) fn absolute(&self, word: &[u8]) -> Vec<u8> {
        joined(&self.working_directory, word)
    }

    /// The path with which a word is started: the word itself if it contains a slash, or else the
    /// first program on PATH with this name.
    pub(super) fn find(&self, view: &View<'_>, word: &[u8]) -> Option<Vec<u8>> {
        // An empty word would match the first directory of PATH itself.
        if word.is_empty() {
            return None;
        }
        // A word with a slash is a path: PATH is not searched.
        if word.contains(&b'/') {
            return Some(self.absolute(word)).filter(|path| file(view, path).is_some());
        }
        self.directories(view.tree())
            .iter()
            .map(|directory| joined(directory, word))
            .find(|path| {
                file(view, path)
                    // `execvp` continues with the next directory if a file is not executable.
                    .is_some_and(|name| view.tree().inode(name).header.mode & 0o111 != 0)
            })
    }

    /// The existing directories of PATH. Every word of a script may be searched for in all of them.
    fn directories(&self, tree: &Tree) -> &[Vec<u8>] {
        self.directories.get_or_init(|| {
            let mut seen = HashSet::new();
            let mut directories = Vec::new();
            for path in &self.path {
                // With a merged `/usr`, `/bin` and `/usr/bin` are the same directory, and searching
                // it twice would double the cost of every word.
                let is_new = match tree.resolve(path) {
                    Ok(resolved) => tree.is_directory(resolved.name) && seen.insert(resolved.name),
                    Err(_) => false,
                };
                if is_new && directories.len() < MAX_DIRECTORIES {
                    directories.push(path.clone());
                }
            }
            directories
        })
    }

    /// The directories of PATH, to report where a program was searched for.
    pub(super) fn path(&self) -> &[Vec<u8>] {
        &self.path
    }
}

/// The regular file at a path.
fn file(view: &View<'_>, path: &[u8]) -> Option<NameId> {
    let name = view.resolve(path).ok()?.name;
    match view.tree().inode(name).kind {
        Kind::File(_) => Some(name),
        _ => None,
    }
}

fn joined(directory: &[u8], path: &[u8]) -> Vec<u8> {
    if path.starts_with(b"/") {
        return path.to_vec();
    }
    let mut joined = directory.to_vec();
    if !joined.ends_with(b"/") {
        joined.push(b'/');
    }
    joined.extend_from_slice(path);
    joined
}
