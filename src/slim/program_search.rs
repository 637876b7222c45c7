//! Finds the program that a word refers to, by its path or through PATH.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::view::View;
use crate::image::{Config, DEFAULT_PATH, Kind, NameId, Tree};

/// Maximum number of PATH directories that are listed if a program is not found. An image may have
/// 100,000 of them, and as many words that are not programs.
const MAX_LISTED: usize = 32;

/// The longest path that Linux accepts, in bytes.
const PATH_MAX: usize = 4096;

/// The settings of the image with which programs are found.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    /// The directories of PATH, in order. Relative ones are not joined with the working directory,
    /// because an image may have 100,000 of them and a long working directory.
    path: Vec<Vec<u8>>,
    /// The files in the existing directories, by name, in the order of PATH.
    files: OnceLock<HashMap<Vec<u8>, Vec<Candidate>>>,
    working_directory: Vec<u8>,
}

/// A regular file in a directory of PATH.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// The row of the directory.
    directory: usize,
    is_executable: bool,
}

impl Programs {
    pub(super) fn of(config: &Config) -> Self {
        let mut working_directory = config.working_dir().as_bytes().to_vec();
        // No container starts in a longer one, and it is repeated for every relative path.
        working_directory.truncate(PATH_MAX);
        // Docker and containerd use this default if the image sets no PATH.
        let path = config.env_value("PATH").unwrap_or(DEFAULT_PATH);
        let path = path
            .split(':')
            // The kernel refuses a longer path.
            .filter(|directory| directory.len() <= PATH_MAX)
            .map(|directory| directory.as_bytes().to_vec())
            .collect();
        Self {
            path,
            files: OnceLock::new(),
            working_directory,
        }
    }

    /// The absolute path of a word, which may be relative to the working directory.
    pub(super) fn absolute(&self, word: &[u8]) -> Vec<u8> {
        joined(&self.working_directory, word)
    }

    /// The program that a word starts, with symlinks followed.
    pub(super) fn find_file(&self, view: &View<'_>, word: &[u8]) -> Option<NameId> {
        let path = self.find(view, word)?;
        Some(view.tree().resolve(&path).ok()?.name)
    }

    /// Whether a file on PATH has a name.
    pub(super) fn has_name(&self, tree: &Tree, name: &[u8]) -> bool {
        !self.candidates(tree, name).is_empty()
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
        self.candidates(view.tree(), word)
            .iter()
            // `execvp` continues with the next directory if a file may not be executed.
            .filter(|candidate| candidate.is_executable)
            .map(|candidate| joined(&self.directory(candidate.directory), word))
            .find(|path| file(view, path).is_some())
    }

    /// The first file on PATH that has this name, as a shell looks for a script to read.
    pub(super) fn find_script(&self, tree: &Tree, word: &[u8]) -> Option<Vec<u8>> {
        let first = self.candidates(tree, word).first()?;
        Some(joined(&self.directory(first.directory), word))
    }

    /// The names of programs on PATH for which `is_wanted` holds.
    pub(super) fn names(
        &self,
        tree: &Tree,
        mut is_wanted: impl FnMut(NameId) -> bool,
    ) -> HashSet<Vec<u8>> {
        let files = self.files.get_or_init(|| self.read_directories(tree));
        let mut names = HashSet::new();
        for (word, candidates) in files {
            let is_one = candidates.iter().any(|candidate| {
                let path = joined(&self.directory(candidate.directory), word);
                candidate.is_executable
                    && tree
                        .resolve_link(&path)
                        .is_ok_and(|resolved| is_wanted(resolved.name))
            });
            if is_one {
                names.insert(word.clone());
            }
        }
        names
    }

    /// The files on PATH that have a name. Every word of a script may be one, so the directories
    /// are read once.
    fn candidates(&self, tree: &Tree, word: &[u8]) -> &[Candidate] {
        let files = self.files.get_or_init(|| self.read_directories(tree));
        files.get(word).map(Vec::as_slice).unwrap_or_default()
    }

    fn read_directories(&self, tree: &Tree) -> HashMap<Vec<u8>, Vec<Candidate>> {
        let mut seen = HashSet::new();
        let mut files: HashMap<Vec<u8>, Vec<Candidate>> = HashMap::new();
        let start = tree.resolve(&self.working_directory);
        for (row, path) in self.path.iter().enumerate() {
            // An absolute path starts at the root wherever it is resolved from.
            let start = match &start {
                Ok(start) => start.name,
                Err(_) if path.starts_with(b"/") => NameId::ROOT,
                Err(_) => continue,
            };
            let Ok(resolved) = tree.resolve_from(start, path) else {
                continue;
            };
            // With a merged `/usr`, `/bin` and `/usr/bin` are one directory.
            let directory = resolved.name;
            if !tree.is_directory(directory) || !seen.insert(directory) {
                continue;
            }
            for child in tree.children(directory) {
                let name = tree.file_name(child);
                let Ok(target) = tree.resolve_from(directory, name) else {
                    continue;
                };
                let inode = tree.inode(target.name);
                if let Kind::File(_) = inode.kind {
                    files.entry(name.to_vec()).or_default().push(Candidate {
                        directory: row,
                        is_executable: inode.header.mode & 0o111 != 0,
                    });
                }
            }
        }
        files
    }

    /// The first directories of PATH, for messages about the directories that were searched.
    pub(super) fn listed_path(&self) -> Vec<Vec<u8>> {
        let rows = 0..self.path.len().min(MAX_LISTED);
        rows.map(|row| self.directory(row)).collect()
    }

    /// The absolute path of a directory of PATH.
    fn directory(&self, row: usize) -> Vec<u8> {
        // In POSIX, an empty element of PATH means the working directory.
        joined(&self.working_directory, &self.path[row])
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
