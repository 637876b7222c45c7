//! The files of the image by name, for words of which only the name of the file is known.

use crate::image::{Kind, NameId, Tree};

/// Files and symlinks, sorted by the last component of their path.
#[derive(Debug)]
pub(super) struct FileNames {
    sorted: Vec<NameId>,
}

impl FileNames {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut sorted: Vec<NameId> = tree
            .walk()
            .filter(|&name| matches!(tree.inode(name).kind, Kind::File(_) | Kind::Symlink { .. }))
            .collect();
        // The order among equal names is that of the tree.
        sorted.sort_by(|&one, &other| tree.file_name(one).cmp(tree.file_name(other)));
        Self { sorted }
    }

    /// The files with this name; `None` if there are more than `most`.
    pub(super) fn named(&self, tree: &Tree, file_name: &[u8], most: usize) -> Option<Vec<NameId>> {
        self.while_at(tree, file_name, most, |name| name == file_name)
    }

    /// The files whose names start like this; `None` if there are more than `most`.
    pub(super) fn starting_with(
        &self,
        tree: &Tree,
        start: &[u8],
        most: usize,
    ) -> Option<Vec<NameId>> {
        self.while_at(tree, start, most, |name| name.starts_with(start))
    }

    /// The files from a name on, as long as `is_one` holds.
    fn while_at(
        &self,
        tree: &Tree,
        from: &[u8],
        most: usize,
        is_one: impl Fn(&[u8]) -> bool,
    ) -> Option<Vec<NameId>> {
        let at = self
            .sorted
            .partition_point(|&name| tree.file_name(name) < from);
        let mut found = Vec::new();
        for &name in &self.sorted[at..] {
            if !is_one(tree.file_name(name)) {
                break;
            }
            if found.len() == most {
                return None;
            }
            found.push(name);
        }
        Some(found)
    }
}
