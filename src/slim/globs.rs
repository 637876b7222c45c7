//! Glob patterns in words of a script: `/etc/app.d/*.sh`.

use std::collections::HashSet;

use globset::GlobBuilder;

use crate::image::{NameId, Tree};

/// Maximum length of a pattern in bytes; no path is longer.
const MAX_PATTERN: usize = 4096;

pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The names that a pattern from the root on matches, in the tree's order. As in a shell, a `*`
/// stops at a slash and does not match a dot at the start of a name.
pub(super) fn matches(tree: &Tree, pattern: &str) -> Vec<NameId> {
    let mut at = vec![NameId::ROOT];
    if pattern.len() > MAX_PATTERN {
        return Vec::new();
    }
    for component in pattern.split('/').filter(|component| !component.is_empty()) {
        at = at
            .into_iter()
            .flat_map(|directory| step(tree, directory, component))
            .collect();
        // Through symlinks, the same directory may be reached in several ways.
        let mut seen = HashSet::new();
        at.retain(|&name| seen.insert(name));
    }
    at.retain(|&name| name != NameId::ROOT);
    at
}

fn step(tree: &Tree, directory: NameId, component: &str) -> Vec<NameId> {
    // A component without a wildcard may be a symlink, so it is resolved and not searched for.
    if !is_pattern(component) {
        return tree
            .resolve_from(directory, component.as_bytes())
            .map(|resolved| resolved.name)
            .into_iter()
            .collect();
    }
    // The entry so far may be a symlink to the directory.
    let Ok(directory) = tree.resolve(&tree.path(directory)) else {
        return Vec::new();
    };
    let glob = GlobBuilder::new(component).literal_separator(true).build();
    let Ok(matcher) = glob.map(|glob| glob.compile_matcher()) else {
        return Vec::new();
    };
    let mut matching = Vec::new();
    for name in tree.children(directory.name) {
        let Ok(file_name) = std::str::from_utf8(tree.file_name(name)) else {
            continue;
        };
        // POSIX: a leading dot must be matched explicitly.
        let is_hidden = file_name.starts_with('.') && !component.starts_with('.');
        if !is_hidden && matcher.is_match(file_name) {
            matching.push(name);
        }
    }
    matching
}
