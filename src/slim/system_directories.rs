//! Directories of the distribution, as opposed to those of an application.

use super::keep::Keep;
use super::why::Why;
use crate::image::{NameId, Tree};

/// Keeps the contents of a directory that is not part of the distribution, for the same reason as
/// the directory.
pub(super) fn keep_application(keep: &mut Keep<'_>, name: NameId, by: Option<NameId>, why: &Why) {
    let path = keep.tree().path(name);
    let mut components = path
        .split(|&byte| byte == b'/')
        .filter(|component| !component.is_empty());
    let top = components.next().unwrap_or_default();
    let is_own = !SYSTEM_DIRECTORIES
        .iter()
        .any(|directory| directory.as_bytes() == top);
    // `/opt/app` is an application; `/opt` contains several.
    let is_optional = matches!(top, b"opt" | b"srv") && components.next().is_some();
    if keep.tree().is_directory(name) && (is_own || is_optional) {
        keep.keep_below(name, by, why);
    }
}

/// Directories of the distribution: a program that gets one of these as an argument does not need
/// all of it.
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
    // The directories directly below `/usr` and `/var` are shared by all packages too; deeper ones
    // may belong to an application.
    match components.as_slice() {
        [top] => SYSTEM_DIRECTORIES
            .iter()
            .any(|directory| directory.as_bytes() == *top),
        [] | [b"usr" | b"var", _] | [b"usr", b"local", _] => true,
        _ => false,
    }
}
