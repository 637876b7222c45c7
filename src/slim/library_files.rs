//! Finds libraries by their names in the directories in which libraries are installed.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::language_paths::contains;
use crate::image::{NameId, Tree};

/// The libraries of an image. Every source may name some, so the directories are read once.
#[derive(Debug, Default)]
pub(super) struct LibraryFiles {
    index: OnceLock<Index>,
}

#[derive(Debug, Default)]
struct Index {
    /// By whole names such as `libz.so.1`.
    names: HashMap<Vec<u8>, Vec<NameId>>,
    /// By short names such as `z`.
    short_names: HashMap<Vec<u8>, Vec<NameId>>,
}

impl LibraryFiles {
    /// Files called `libz.so.1` in the usual directories and in others.
    pub(super) fn find(&self, tree: &Tree, others: &[Vec<u8>], name: &str) -> &[NameId] {
        let files = self.index(tree, others).names.get(name.as_bytes());
        files.map(Vec::as_slice).unwrap_or_default()
    }

    /// Files called `lib` + `z` + `.so` and anything.
    pub(super) fn find_short(&self, tree: &Tree, others: &[Vec<u8>], name: &str) -> &[NameId] {
        let files = self.index(tree, others).short_names.get(name.as_bytes());
        files.map(Vec::as_slice).unwrap_or_default()
    }

    fn index(&self, tree: &Tree, others: &[Vec<u8>]) -> &Index {
        self.index.get_or_init(|| Index::new(tree, others))
    }
}

impl Index {
    fn new(tree: &Tree, others: &[Vec<u8>]) -> Self {
        let mut index = Self::default();
        let mut seen = HashSet::new();
        for path in usual_directories(tree).iter().chain(others) {
            // With a merged `/usr`, `/lib` and `/usr/lib` are one directory.
            if let Ok(resolved) = tree.resolve(path)
                && seen.insert(resolved.name)
            {
                index.add_directory(tree, resolved.name);
            }
        }
        index
    }

    fn add_directory(&mut self, tree: &Tree, directory: NameId) {
        for file in tree.children(directory) {
            let name = tree.file_name(file);
            self.names.entry(name.to_vec()).or_default().push(file);
            if let Some(short) = short_name(name) {
                let files = self.short_names.entry(short.to_vec()).or_default();
                files.push(file);
            }
        }
    }
}

/// `z` of `libz.so.1`.
fn short_name(file_name: &[u8]) -> Option<&[u8]> {
    let name = file_name.strip_prefix(b"lib")?;
    let end = memchr::memmem::find(name, b".so")?;
    Some(&name[..end])
}

/// `dlopen` searches more directories than these, but a source does not tell the search path.
fn usual_directories(tree: &Tree) -> Vec<Vec<u8>> {
    let mut directories: Vec<Vec<u8>> =
        ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"]
            .map(|path| path.as_bytes().to_vec())
            .into();
    for parent in [&b"/lib"[..], b"/usr/lib"] {
        // Debian has a directory for each architecture, with Java libraries in `jni` below it.
        let triplets = triplet_directories(tree, parent);
        for triplet in &triplets {
            directories.push([&triplet[..], b"/jni"].concat());
        }
        directories.extend(triplets);
    }
    directories
}

/// Directories such as `/usr/lib/x86_64-linux-gnu`.
fn triplet_directories(tree: &Tree, parent: &[u8]) -> Vec<Vec<u8>> {
    let Ok(resolved) = tree.resolve(parent) else {
        return Vec::new();
    };
    tree.children(resolved.name)
        .filter(|&child| contains(tree.file_name(child), "-linux-"))
        .map(|child| tree.path(child))
        .collect()
}
