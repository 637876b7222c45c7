//! Directories of the distribution, as opposed to those of an application.

use super::keep::Keep;
use super::why::Why;
use crate::image::{NameId, Tree};

/// Keeps what is in a directory that is no part of the distribution, for the reason that keeps the
/// directory.
pub(super) fn keep_application(keep: &mut Keep<'_>, name: NameId, by: Option<NameId>, why: &Why) {
    let path = keep.tree().path(name);
    let mut components = path
        .split(|&byte| byte == b'/')
        .filter(|component| !component.is_empty());
    let top = components.next().unwrap_or_default();
    let is_own = !SYSTEM_DIRECTORIES
        .iter()
        .any(|directory| directory.as_bytes() == top);
    // `/opt/app` is an application, `/opt` holds several.
    let is_optional = matches!(top, b"opt" | b"srv") && components.next().is_some();
    if keep.tree().is_directory(name) && (is_own || is_optional) {
        keep.keep_below(name, by, why);
    }
}

/// Directories that hold the distribution: a program that is given one of these is not given all of
/// it.
const SYSTEM_DIRECTORIES: &[&str] = &[
    "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "media", "mnt", "opt",
    "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var",
];

pub(super) fn is_system_directory(tree: &Tree, name: NameId) -> bool {
    let path = tree.path(name);
    let components: Vec<&[u8]> = path
        .split(|&byte| byte == b'/')
        .filter(|component| !component.is_empty())
        .collect();
    // One level below `/usr` and `/var` is shared by all packages too; a directory below that may
    // belong to one application.
    match components.as_slice() {
        [top] => SYSTEM_DIRECTORIES
            .iter()
            .any(|directory| directory.as_bytes() == *top),
        [] | [b"usr" | b"var", _] | [b"usr", b"local", _] => true,
        _ => false,
    }
}
