//! What the files of an image are: how many of each kind, and those that a person should look at.

use std::cmp::Reverse;

use crate::image::{Image, Kind, NameId, Tree};

/// Names are in the tree's order, unless something else is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Regular files, each once, however many names it has.
    pub files: usize,
    /// The bytes in these.
    pub bytes: u64,
    pub directories: usize,
    pub links: usize,
    /// Names beyond the first of what is no directory.
    pub hard_links: usize,
    pub fifos: usize,
    pub devices: Vec<NameId>,
    /// Files with a setuid or setgid bit.
    pub setuid: Vec<NameId>,
    /// Files with capabilities.
    pub capabilities: Vec<NameId>,
    /// Files that anybody may write, and directories in which anybody may remove what is another's.
    pub world_writable: Vec<NameId>,
    /// Links that lead nowhere, at least without what a runtime mounts.
    pub broken_links: Vec<NameId>,
    /// Files, the biggest first; each by its first name.
    pub biggest: Vec<NameId>,
}

const SETUID_OR_SETGID: u32 = 0o6000;
const STICKY: u32 = 0o1000;
const OTHERS_WRITE: u32 = 0o2;

/// Looks at every name, and keeps this many of the biggest files.
pub fn files(image: &Image, biggest: usize) -> Files {
    let tree = &image.tree;
    let mut files = Files::default();
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
                files
                    .setuid
                    .extend((mode & SETUID_OR_SETGID != 0).then_some(name));
                files
                    .capabilities
                    .extend(inode.header.xattr("security.capability").map(|_| name));
                files
                    .world_writable
                    .extend((mode & OTHERS_WRITE != 0).then_some(name));
            }
            Kind::Directory => {
                files.directories += 1;
                files
                    .world_writable
                    .extend((mode & (OTHERS_WRITE | STICKY) == OTHERS_WRITE).then_some(name));
            }
            Kind::Symlink { .. } => {
                files.links += usize::from(is_new);
                files
                    .broken_links
                    .extend((!leads_somewhere(tree, name)).then_some(name));
            }
            Kind::Character { .. } | Kind::Block { .. } => files.devices.push(name),
            Kind::Fifo => files.fifos += usize::from(is_new),
        }
    }
    // Of two files of one size, the one that the tree has first.
    sizes.sort_by_key(|&(size, _)| size);
    files.biggest = sizes
        .into_iter()
        .take(biggest)
        .map(|(_, name)| name)
        .collect();
    files
}

fn leads_somewhere(tree: &Tree, link: NameId) -> bool {
    tree.resolve(&tree.path(link)).is_ok()
}
