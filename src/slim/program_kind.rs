//! Kinds of files that count in the sums of a plan: programs, and those that run with more rights.

use crate::image::{Kind, NameId, Tree};

/// Whether a file may be executed and is where programs are.
pub(super) fn is_program(tree: &Tree, name: NameId) -> bool {
    const DIRECTORIES: [&[u8]; 3] = [b"bin", b"sbin", b"libexec"];
    tree.inode(name).header.mode & 0o111 != 0
        // Libraries often have the permission to be executed as well; the directory tells programs
        // from them.
        && DIRECTORIES.contains(&tree.file_name(tree.parent(name)))
}

/// Whether a file has a setuid or setgid bit, or capabilities.
pub(super) fn is_privileged(tree: &Tree, name: NameId) -> bool {
    const SETUID_OR_SETGID: u32 = 0o6000;
    let inode = tree.inode(name);
    let is_file = matches!(inode.kind, Kind::File(_));
    is_file
        && (inode.header.mode & SETUID_OR_SETGID != 0
            || inode.header.xattr("security.capability").is_some())
}
