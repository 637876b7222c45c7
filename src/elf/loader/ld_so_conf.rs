//! `/etc/ld.so.conf`: the directories that `ldconfig` searches.

use std::collections::HashSet;

use super::search::{Files, join, parent, without_trailing_slashes};
use crate::paths::Glob;

/// Maximum depth of includes; deeper ones are cyclic.
const MAX_DEPTH: usize = 16;
/// Maximum number of files to read; `/etc/ld.so.conf.d` has about ten.
const MAX_FILES: usize = 4096;
/// Maximum number of paths that a glob matches.
const MAX_MATCHES: usize = 1 << 16;
/// Maximum length of a glob: `PATH_MAX` of Linux.
const MAX_PATTERN: usize = 4096;
/// Maximum number of components in a glob. No path has more.
const MAX_COMPONENTS: usize = 2048;
/// Maximum size of a configuration file.
const MAX_TEXT: usize = 1 << 20;

/// The directories listed in a configuration file and its includes, in order and without
/// duplicates. Globs in `include` are expanded in this file system, sorted.
pub fn configured_directories<F: Files>(files: &F, path: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Found::default();
    read(files, path, 0, &mut found);
    found.directories
}

#[derive(Default)]
struct Found {
    /// Files that have been read: reading one again finds nothing new, and files that include each
    /// other would be read forever.
    read: HashSet<Vec<u8>>,
    directories: Vec<Vec<u8>>,
    known: HashSet<Vec<u8>>,
}

fn read<F: Files>(files: &F, path: &[u8], depth: usize, found: &mut Found) {
    if depth >= MAX_DEPTH || found.read.len() >= MAX_FILES || !found.read.insert(path.to_vec()) {
        return;
    }
    let Some(text) = files.read_path(path).filter(|text| text.len() <= MAX_TEXT) else {
        return;
    };
    for line in text.split(|&byte| byte == b'\n') {
        // Comments may start anywhere in a line.
        let line = line
            .split(|&byte| byte == b'#')
            .next()
            .unwrap_or_default()
            .trim_ascii();
        if let Some(patterns) = keyword(line, b"include") {
            for pattern in patterns
                .split(u8::is_ascii_whitespace)
                .filter(|pattern| !pattern.is_empty())
            {
                for included in included(files, path, pattern) {
                    read(files, &included, depth + 1, found);
                }
            }
        } else if keyword(line, b"hwcap").is_none() {
            // ldconfig(8) accepts whitespace, commas and colons as separators.
            for directory in line.split(|byte| b":, \t\r".contains(byte)) {
                add(directory, found);
            }
        }
    }
}

/// The files that match an include pattern in the file at `path`.
fn included<F: Files>(files: &F, path: &[u8], pattern: &[u8]) -> Vec<Vec<u8>> {
    // ldconfig(8): a relative pattern is relative to the directory of the including file.
    if pattern.starts_with(b"/") {
        matching(files, pattern)
    } else {
        matching(files, &join(parent(path), pattern))
    }
}

fn keyword<'a>(line: &'a [u8], keyword: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(keyword)
        .filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))
}

fn add(directory: &[u8], found: &mut Found) {
    // In very old versions, suffixes such as `=libc6` specified the kind of libraries in a
    // directory.
    let directory = directory
        .split(|&byte| byte == b'=')
        .next()
        .unwrap_or_default();
    let directory = without_trailing_slashes(directory);
    if directory.starts_with(b"/") && found.known.insert(directory.to_vec()) {
        found.directories.push(directory.to_vec());
    }
}

/// The paths that a glob matches, component by component, sorted.
fn matching<F: Files>(files: &F, pattern: &[u8]) -> Vec<Vec<u8>> {
    let mut paths = vec![b"/".to_vec()];
    let components = pattern
        .split(|&byte| byte == b'/')
        .filter(|component| !component.is_empty());
    // No path is longer, and the automaton of a much longer glob exceeds the limit of the regex
    // compiler.
    if pattern.len() > MAX_PATTERN || components.clone().count() > MAX_COMPONENTS {
        return Vec::new();
    }
    for component in components {
        if !component.iter().any(|byte| b"*?[".contains(byte)) {
            for path in &mut paths {
                *path = join(path, component);
            }
            continue;
        }
        let component = String::from_utf8_lossy(component);
        let Ok(glob) = Glob::new(&component) else {
            return Vec::new();
        };
        let takes_hidden = component.starts_with('.');
        paths = children(files, &paths, &glob, takes_hidden);
    }
    paths
}

/// The directory entries that a glob matches. As in a shell, a wildcard does not match a leading
/// dot.
fn children<F: Files>(
    files: &F,
    directories: &[Vec<u8>],
    glob: &Glob,
    takes_hidden: bool,
) -> Vec<Vec<u8>> {
    let mut children = Vec::new();
    for directory in directories {
        for name in files.list(directory) {
            let is_hidden = name.starts_with(b".") && !takes_hidden;
            if !is_hidden && glob.is_match(&name) {
                children.push(join(directory, &name));
            }
        }
        // A symlink to its own directory multiplies the paths at every component.
        if children.len() >= MAX_MATCHES {
            break;
        }
    }
    children.truncate(MAX_MATCHES);
    children
}
