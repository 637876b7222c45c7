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

/// Whether a directory is an application's own and not one in which distributions put their files.
pub(super) fn is_application_path(path: &[u8]) -> bool {
    const TOP: &[&[u8]] = &[
        b"bin", b"boot", b"dev", b"etc", b"lib", b"lib32", b"lib64", b"libx32", b"media", b"mnt",
        b"proc", b"run", b"sbin", b"sys", b"tmp", b"usr", b"var",
    ];
    const LOCAL: &[&[u8]] = &[
        b"bin", b"etc", b"games", b"include", b"lib", b"lib64", b"libexec", b"man", b"sbin",
        b"share", b"src",
    ];
    const VARIABLE: &[&[u8]] = &[b"app", b"apps", b"task", b"www"];
    let components: Vec<&[u8]> = path
        .split(|&byte| byte == b'/')
        .filter(|component| !component.is_empty())
        .collect();
    match components.as_slice() {
        // These contain applications, one in each subdirectory.
        [] | [b"opt" | b"srv" | b"home"] => false,
        // The official images of languages use `/usr/src/app` as their working directory.
        [b"usr", b"src" | b"app" | b"apps", _, ..]
        | [b"usr", b"local", b"src" | b"app" | b"apps", _, ..] => true,
        // Software that was built from source often has a directory of its own in `/usr/local`.
        [b"usr", b"local", directory, ..] => !LOCAL.contains(directory),
        [b"var", directory, ..] => VARIABLE.contains(directory),
        [top, ..] => !TOP.contains(top),
    }
}

#[cfg(test)]
mod tests {
    use super::is_application_path;

    #[test]
    fn application_directories_are_told_from_system_directories() {
        for path in [
            "/app",
            "/app/src",
            "/opt/x",
            "/srv/x",
            "/usr/src/app",
            "/var/www/html",
            "/home/u",
            "/usr/local/x",
        ] {
            assert!(is_application_path(path.as_bytes()), "{path}");
        }
        for path in [
            "/",
            "/opt",
            "/usr/bin",
            "/usr/local/bin",
            "/usr/lib/python3",
            "/var/lib/x",
            "/etc",
            "/usr/src",
        ] {
            assert!(!is_application_path(path.as_bytes()), "{path}");
        }
    }
}
