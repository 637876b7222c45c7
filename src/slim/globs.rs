//! Glob patterns in words of a script: `/etc/app.d/*.sh`.

use std::collections::HashSet;

use super::effort::Allowance;
use crate::image::{NameId, Tree};
use crate::paths::Glob;

/// Maximum length of a pattern in bytes; no path is longer.
const MAX_PATTERN: usize = 4096;

pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The names that a pattern from the root on matches, in the tree's order, until as many names as
/// allowed were compared with it. As in a shell, a `*` stops at a slash and does not match a dot at
/// the start of a name.
pub(super) fn matches(tree: &Tree, pattern: &str, names: &mut Allowance) -> Vec<NameId> {
    let mut at = vec![NameId::ROOT];
    if pattern.len() > MAX_PATTERN {
        return Vec::new();
    }
    for component in pattern.split('/').filter(|component| !component.is_empty()) {
        // Making a matcher takes time even if there is nothing to match.
        if at.is_empty() {
            return at;
        }
        at = match matcher(component) {
            Some(matcher) => {
                // Compiling a pattern takes as long as comparing it with a few names.
                names.spend(COST_OF_PATTERN);
                matching(tree, &at, component, &matcher, names)
            }
            None => named(tree, &at, component),
        };
        // Through symlinks, the same directory may be reached in several ways.
        let mut seen = HashSet::new();
        at.retain(|&name| seen.insert(name));
    }
    at.retain(|&name| name != NameId::ROOT);
    at
}

/// The number of comparisons that take as long as compiling a pattern.
const COST_OF_PATTERN: usize = 16;

/// The matcher of a component with a wildcard.
fn matcher(component: &str) -> Option<Glob> {
    if !is_pattern(component) {
        return None;
    }
    Glob::new(component).ok()
}

/// The entries of a name without a wildcard in some directories. It may be a symlink, so it is
/// resolved and not searched for.
fn named(tree: &Tree, directories: &[NameId], name: &str) -> Vec<NameId> {
    let mut found = Vec::new();
    for &directory in directories {
        if let Ok(resolved) = tree.resolve_from(directory, name.as_bytes()) {
            found.push(resolved.name);
        }
    }
    found
}

/// The entries of some directories that match.
fn matching(
    tree: &Tree,
    directories: &[NameId],
    component: &str,
    matcher: &Glob,
    names: &mut Allowance,
) -> Vec<NameId> {
    let mut matching = Vec::new();
    for &directory in directories {
        // The entry so far may be a symlink to the directory.
        let Ok(directory) = tree.resolve(&tree.path(directory)) else {
            continue;
        };
        for name in tree.children(directory.name) {
            if !names.spend(1) {
                return matching;
            }
            let Ok(file_name) = std::str::from_utf8(tree.file_name(name)) else {
                continue;
            };
            // POSIX: a leading dot must be matched explicitly.
            let is_hidden = file_name.starts_with('.') && !component.starts_with('.');
            if !is_hidden && matcher.is_match(file_name.as_bytes()) {
                matching.push(name);
            }
        }
    }
    matching
}
