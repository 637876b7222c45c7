//! The files of the image by name, for words of which only the name of the file is known.

use crate::image::{Kind, NameId, Tree};

/// Files and symlinks to files, sorted by the last component of their path.
#[derive(Debug)]
pub(super) struct FileNames {
    files: Vec<NameId>,
    /// Those that may be executed.
    programs: Vec<NameId>,
}

impl FileNames {
    pub(super) fn of(tree: &Tree) -> Self {
        let (mut files, mut programs) = (Vec::new(), Vec::new());
        for name in tree.walk() {
            let end = match tree.inode(name).kind {
                Kind::File(_) => name,
                Kind::Symlink { .. } => match tree.resolve(&tree.path(name)) {
                    Ok(resolved) => resolved.name,
                    Err(_) => continue,
                },
                _ => continue,
            };
            let inode = tree.inode(end);
            if matches!(inode.kind, Kind::File(_)) {
                files.push(name);
                if inode.header.mode & 0o111 != 0 {
                    programs.push(name);
                }
            }
        }
        // The order among equal names is that of the tree.
        for list in [&mut files, &mut programs] {
            list.sort_by(|&one, &other| tree.file_name(one).cmp(tree.file_name(other)));
        }
        Self { files, programs }
    }

    /// The files with this name; `None` if there are more than `most`.
    pub(super) fn files_named(&self, tree: &Tree, name: &[u8], most: usize) -> Option<Vec<NameId>> {
        from(&self.files, tree, name, most, |other| other == name)
    }

    /// The programs with this name; `None` if there are more than `most`.
    pub(super) fn programs_named(
        &self,
        tree: &Tree,
        name: &[u8],
        most: usize,
    ) -> Option<Vec<NameId>> {
        from(&self.programs, tree, name, most, |other| other == name)
    }

    /// The programs whose names start like this; `None` if there are more than `most`.
    pub(super) fn programs_starting_with(
        &self,
        tree: &Tree,
        start: &[u8],
        most: usize,
    ) -> Option<Vec<NameId>> {
        from(&self.programs, tree, start, most, |other| {
            other.starts_with(start)
        })
    }
}

/// The files of a sorted list from a name on, as long as `is_one` holds.
fn from(
    sorted: &[NameId],
    tree: &Tree,
    first: &[u8],
    most: usize,
    is_one: impl Fn(&[u8]) -> bool,
) -> Option<Vec<NameId>> {
    let at = sorted.partition_point(|&name| tree.file_name(name) < first);
    let mut found = Vec::new();
    for &name in &sorted[at..] {
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
