//! The search for the program that a word names: by its path, or through PATH.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::view::View;
use crate::image::{Config, DEFAULT_PATH, Kind, NameId, Tree};

/// Directories of PATH that are searched. Linux passes a program a PATH of at most 128 KiB.
const MAX_DIRECTORIES: usize = 1024;

/// The variables of the image by which programs are found.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    /// The directories of PATH, in order.
    path: Vec<Vec<u8>>,
    /// Those of them that the image has.
    directories: OnceLock<Vec<Vec<u8>>>,
    working_directory: Vec<u8>,
}

impl Programs {
    pub(super) fn of(config: &Config) -> Self {
        let working_directory = config.working_dir().as_bytes().to_vec();
        // Docker and containerd set this default when the image sets no PATH.
        let path = config.env_value("PATH").unwrap_or(DEFAULT_PATH);
        let path = path
            .split(':')
            // POSIX reads an empty element of PATH as the working directory.
            .map(|directory| joined(&working_directory, directory.as_bytes()))
            .collect();
        Self {
            path,
            directories: OnceLock::new(),
            working_directory,
        }
    }

    /// The path of a word that may be relative to the working directory.
    pub(super) fn absolute(&self, word: &[u8]) -> Vec<u8> {
        joined(&self.working_directory, word)
    }

    /// The path by which a word is started: itself if there is a slash in it, or the first program
    /// on PATH that has this name.
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
                    // `execvp` goes on with the next directory when a file may not be executed.
                    .is_some_and(|name| view.tree().inode(name).header.mode & 0o111 != 0)
            })
    }

    /// The names of programs on PATH for which `is_wanted` holds.
    pub(super) fn names(
        &self,
        tree: &Tree,
        mut is_wanted: impl FnMut(NameId) -> bool,
    ) -> HashSet<Vec<u8>> {
        let mut names = HashSet::new();
        for directory in self.directories(tree) {
            let Ok(resolved) = tree.resolve(directory) else {
                continue;
            };
            for name in tree.children(resolved.name) {
                if is_wanted(name) {
                    names.insert(tree.file_name(name).to_vec());
                }
            }
        }
        names
    }

    /// The directories of PATH that exist. Every word of a script may be looked for in all of them.
    fn directories(&self, tree: &Tree) -> &[Vec<u8>] {
        self.directories.get_or_init(|| {
            let mut seen = HashSet::new();
            let mut directories = Vec::new();
            for path in &self.path {
                // With a merged `/usr`, `/bin` and `/usr/bin` are one directory, and searching it
                // twice would double the cost of every word.
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

    /// The directories of PATH, for who has to say where a program was looked for.
    pub(super) fn path(&self) -> &[Vec<u8>] {
        &self.path
    }
}

/// The regular file that a path leads to.
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
