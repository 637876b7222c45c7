//! Kinds of files that count in the sums of a plan: programs, and those that run with more rights.

use crate::image::{Kind, NameId, Tree};
use crate::knowledge::ProgramClass;

/// Whether a file may be executed and is where programs are.
pub(super) fn is_program(tree: &Tree, name: NameId) -> bool {
    const DIRECTORIES: [&[u8]; 3] = [b"bin", b"sbin", b"libexec"];
    tree.inode(name).header.mode & 0o111 != 0
        // Libraries are often executable as well; the directory distinguishes programs from them.
        && DIRECTORIES.contains(&tree.file_name(tree.parent(name)))
}

/// Whether a file has a setuid or setgid bit, or capabilities.
pub(super) fn is_privileged(tree: &Tree, name: NameId) -> bool {
    let inode = tree.inode(name);
    let has_capabilities = inode.header.xattr("security.capability").is_some();
    is_setuid(tree, name) || matches!(inode.kind, Kind::File(_)) && has_capabilities
}

/// Whether a file has a setuid or setgid bit.
pub(super) fn is_setuid(tree: &Tree, name: NameId) -> bool {
    const SETUID_OR_SETGID: u32 = 0o6000;
    let inode = tree.inode(name);
    matches!(inode.kind, Kind::File(_)) && inode.header.mode & SETUID_OR_SETGID != 0
}

/// Whether a file name is that of a program of a class, also with a version: `python3.11` is
/// Python.
pub(super) fn is_of_class(class: ProgramClass, file_name: &[u8]) -> bool {
    let end = file_name
        .iter()
        .rposition(|byte| !byte.is_ascii_digit() && *byte != b'.');
    let without_version = &file_name[..end.map_or(0, |last| last + 1)];
    class.contains(file_name) || class.contains(without_version)
}
