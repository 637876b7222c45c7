//! Files of an image: the number of each kind, and lists of notable files.

use std::cmp::Reverse;

use crate::image::{Image, Kind, NameId};

/// The files of an image by kind. Names are in the tree's order, unless stated otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageFiles {
    /// Number of regular files; each counts once, even if it has several names.
    pub files: usize,
    /// Their total size.
    pub bytes: u64,
    pub directories: usize,
    pub links: usize,
    /// Additional names of files that are not directories.
    pub hard_links: usize,
    pub fifos: usize,
    pub devices: Vec<NameId>,
    /// Files with a setuid or setgid bit.
    pub setuid: Vec<NameId>,
    /// Files with capabilities.
    pub capabilities: Vec<NameId>,
    /// World-writable files, and directories in which every user may remove the files of others.
    pub world_writable: Vec<NameId>,
    /// Symlinks whose target does not exist in the image; a runtime may mount it.
    pub broken_links: Vec<NameId>,
    /// The largest files, by their first names.
    pub biggest: Vec<NameId>,
}

const SETUID_OR_SETGID: u32 = 0o6000;
const STICKY: u32 = 0o1000;
const OTHERS_WRITE: u32 = 0o2;

/// Sorts every name by kind, and keeps this many of the biggest files.
pub fn files(image: &Image, biggest: usize) -> ImageFiles {
    let tree = &image.tree;
    let mut files = ImageFiles::default();
    let mut counted = vec![false; tree.inode_count()];
    let mut sizes: Vec<(Reverse<u64>, NameId)> = Vec::new();
    for name in tree.walk() {
        let inode = tree.inode(name);
        let is_new = !std::mem::replace(&mut counted[tree.inode_id(name).index()], true);
        let mode = inode.header.mode;
        files.hard_links += usize::from(!is_new);
        match &inode.kind {
            Kind::File(content) => {
                if is_new {
                    files.files += 1;
                    files.bytes += content.length();
                    sizes.push((Reverse(content.length()), name));
                }
                // All names of such a file are listed, because removing one leaves the others.
                if mode & SETUID_OR_SETGID != 0 {
                    files.setuid.push(name);
                }
                if inode.header.xattr("security.capability").is_some() {
                    files.capabilities.push(name);
                }
                if mode & OTHERS_WRITE != 0 {
                    files.world_writable.push(name);
                }
            }
            Kind::Directory => {
                files.directories += 1;
                // The sticky bit, as on `/tmp`, protects the files of others.
                if mode & (OTHERS_WRITE | STICKY) == OTHERS_WRITE {
                    files.world_writable.push(name);
                }
            }
            Kind::Symlink { .. } => {
                files.links += usize::from(is_new);
                if tree.resolve(&tree.path(name)).is_err() {
                    files.broken_links.push(name);
                }
            }
            Kind::Character { .. } | Kind::Block { .. } => files.devices.push(name),
            Kind::Fifo => files.fifos += usize::from(is_new),
        }
    }
    // The sort is stable: files with equal sizes keep their order in the tree.
    sizes.sort_by_key(|&(size, _)| size);
    files.biggest = sizes
        .into_iter()
        .take(biggest)
        .map(|(_, name)| name)
        .collect();
    files
}
