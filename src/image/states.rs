//! Layers of a root file system, from the root file systems after each step of its build.
//!
//! A step of a build, such as one inside BuildKit, sees directories and no layers. Which step added
//! a file shows in the first directory from which on the file stays the same.

use std::path::PathBuf;

use super::error::ReadError;
use super::inflate::Compression;
use super::layer::Layer;
use super::limits::Limits;
use super::tree::{Inode, Kind, NameId, Tree};
use super::{Changes, History, Image, transport};

/// The root file system after a step of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The directory; that of the last step is the image itself, and is not read.
    pub root: PathBuf,
    /// The step; `None` for the base image.
    pub history: Option<History>,
}

impl Image {
    /// Divides an image that was read from a directory into layers, one for each state. Their data
    /// is in the directory, so they can only be written to a directory, or as one layer.
    pub fn divide(&mut self, states: Vec<State>, limits: &Limits) -> Result<(), ReadError> {
        let Some((_, before)) = states.split_last() else {
            return Ok(());
        };
        // For each name, the first of the states from which on it stays the same until the last one
        // that was read.
        let mut since: Vec<Option<usize>> = vec![None; self.tree.name_count()];
        for (index, state) in before.iter().enumerate() {
            let (tree, _) = transport::rootfs::open(&state.root, &[], limits)?;
            let names = same_names(&self.tree, &tree);
            for (since, is_same) in since.iter_mut().zip(names) {
                *since = match (*since, is_same) {
                    (_, false) => None,
                    (Some(first), true) => Some(first),
                    (None, true) => Some(index),
                };
            }
        }
        let last = before.len();
        let names: Vec<NameId> = self.tree.walk().chain([NameId::ROOT]).collect();
        for &name in &names {
            self.tree.inode_mut(name).layer = 0;
        }
        for name in names {
            let layer = since[name.index()].unwrap_or(last);
            let inode = self.tree.inode_mut(name);
            // A step that adds a name to a file writes all of the file.
            inode.layer = inode.layer.max(layer);
        }
        self.layers = states.into_iter().map(layer).collect();
        Ok(())
    }
}

/// For each name of a tree, whether another tree has the same entry with that name.
fn same_names(tree: &Tree, other: &Tree) -> Vec<bool> {
    let mut counterparts: Vec<Option<NameId>> = vec![None; tree.name_count()];
    counterparts[NameId::ROOT.index()] = Some(NameId::ROOT);
    let mut same = vec![false; tree.name_count()];
    // The walk visits a directory before its entries.
    for name in tree.walk() {
        let directory = counterparts[tree.parent(name).index()];
        let Some(counterpart) =
            directory.and_then(|directory| other.child(directory, tree.file_name(name)))
        else {
            continue;
        };
        counterparts[name.index()] = Some(counterpart);
        same[name.index()] = is_same(tree.inode(name), other.inode(counterpart));
    }
    same
}

/// Whether two entries are the same as far as their metadata tells, as in BuildKit's own
/// comparison.
fn is_same(one: &Inode, other: &Inode) -> bool {
    let is_kind = match (&one.kind, &other.kind) {
        (Kind::File(one), Kind::File(other)) => one.length() == other.length(),
        (one, other) => one == other,
    };
    is_kind && one.header == other.header
}

fn layer(state: State) -> Layer {
    Layer {
        digest: String::new(),
        diff_id: String::new(),
        media_type: String::new(),
        compression: Compression::None,
        stored_size: 0,
        size: 0,
        history: state.history,
        changes: Changes::default(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;
    use crate::image::{Options, Reference, Silent};

    /// Copies a directory with times and hard links, as the next state of a build has them.
    fn copy(from: &Path, to: &Path) {
        let status = std::process::Command::new("cp")
            .arg("-a")
            .args([from, to])
            .status()
            .unwrap();
        assert!(status.success());
    }

    #[test]
    fn a_file_belongs_to_the_step_that_wrote_it_last() {
        let directory = tempfile::tempdir().unwrap();
        let state = |number: usize| directory.path().join(number.to_string());
        let old = std::time::SystemTime::UNIX_EPOCH;
        let write = |path: PathBuf, text: &str, seconds: u64| {
            fs::write(&path, text).unwrap();
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(old + std::time::Duration::from_secs(seconds))
                .unwrap();
        };
        fs::create_dir(state(0)).unwrap();
        for name in ["base", "changed", "back", "linked", "removed"] {
            write(state(0).join(name), "0", 5);
        }
        copy(&state(0), &state(1));
        write(state(1).join("changed"), "1", 6);
        write(state(1).join("back"), "1", 6);
        write(state(1).join("copied"), "1", 6);
        symlink("base", state(1).join("link")).unwrap();
        copy(&state(1), &state(2));
        write(state(2).join("back"), "0", 5);
        fs::hard_link(state(2).join("linked"), state(2).join("second")).unwrap();
        fs::remove_file(state(2).join("removed")).unwrap();
        let reference = Reference::Rootfs(state(2));
        let mut image = Image::open(&reference, &Options::default(), &Silent).unwrap();
        let states = (0..3).map(|number| State {
            root: state(number),
            history: None,
        });
        image.divide(states.collect(), &Limits::default()).unwrap();
        let tree = &image.tree;
        let layers: Vec<(String, usize)> = tree
            .walk()
            .map(|name| {
                let text = String::from_utf8_lossy(tree.file_name(name)).into_owned();
                (text, tree.inode(name).layer)
            })
            .collect();
        let expected = [
            ("back", 2),
            ("base", 0),
            ("changed", 1),
            ("copied", 1),
            ("link", 1),
            ("linked", 2),
            ("second", 2),
        ];
        assert_eq!(
            layers,
            expected.map(|(name, layer)| (name.to_owned(), layer))
        );
        assert_eq!(image.layers.len(), 3);
    }
}
