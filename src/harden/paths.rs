//! Paths that need not exist in the image.

use crate::image::{NameId, Tree};

/// Maximum number of components of a path that does not exist.
const MAX_MISSING: usize = 32;

/// A path with the symlinks of its existing part followed, and its entry if the whole path exists.
pub(super) fn real_path(tree: &Tree, path: &[u8]) -> Option<(Vec<u8>, Option<NameId>)> {
    if !path.starts_with(b"/") {
        return None;
    }
    let mut missing: Vec<&[u8]> = Vec::new();
    let mut rest = path;
    while missing.len() < MAX_MISSING {
        if let Ok(resolved) = tree.resolve(rest) {
            let mut real = tree.path(resolved.name);
            for part in missing.iter().rev() {
                if *part == b".." {
                    return None;
                }
                if !real.ends_with(b"/") {
                    real.push(b'/');
                }
                real.extend_from_slice(part);
            }
            let entry = if missing.is_empty() {
                Some(resolved.name)
            } else {
                None
            };
            return Some((real, entry));
        }
        let at = rest.iter().rposition(|&byte| byte == b'/')?;
        let (parent, part) = (&rest[..at], &rest[at + 1..]);
        if !part.is_empty() && part != b"." {
            missing.push(part);
        }
        rest = if parent.is_empty() { b"/" } else { parent };
    }
    None
}

/// The directory that contains a path.
pub(super) fn parent(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|&byte| byte == b'/') {
        None | Some(0) => b"/",
        Some(at) => &path[..at],
    }
}

/// Whether a path is a directory or something in it.
pub(super) fn is_within(path: &[u8], directory: &[u8]) -> bool {
    match path.strip_prefix(directory) {
        Some(rest) => rest.is_empty() || rest.starts_with(b"/") || directory == b"/",
        None => false,
    }
}

/// Whether a directory is never mounted over, because everything would be hidden.
pub(super) fn is_essential(path: &[u8]) -> bool {
    const TOP: [&[u8]; 14] = [
        b"", b"bin", b"boot", b"dev", b"etc", b"home", b"lib", b"lib64", b"opt", b"proc", b"sbin",
        b"sys", b"usr", b"var",
    ];
    let mut components = path.split(|&byte| byte == b'/').skip(1);
    let top = components.next().unwrap_or_default();
    let second = components.next();
    match second {
        None => TOP.contains(&top),
        // The programs and libraries of the distribution.
        Some(b"lib") if top == b"var" => components.next().is_none(),
        Some(_) => matches!(top, b"usr") && components.next().is_none(),
    }
}
