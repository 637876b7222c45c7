//! Mounts over paths of an image.

use crate::deployment::{Mount, Workload};

/// The innermost mount that a path of a container is in.
pub(in crate::rules) fn mount_of<'w>(workload: &'w Workload, path: &[u8]) -> Option<&'w Mount> {
    let mut mounts: Vec<&Mount> = workload
        .mounts
        .iter()
        .filter(|mount| is_within(path, mount.target.as_bytes()))
        .collect();
    mounts.sort_by_key(|mount| mount.target.len());
    mounts.pop()
}

/// Whether a path is a directory or something in it. A slash at the end of the directory is not
/// significant.
pub(in crate::rules) fn is_within(path: &[u8], directory: &[u8]) -> bool {
    let directory = directory.strip_suffix(b"/").unwrap_or(directory);
    match path.strip_prefix(directory) {
        Some(rest) => rest.is_empty() || rest.starts_with(b"/"),
        None => false,
    }
}
