//! Named sets of paths, from `rules/path-sets.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

// Compiled in, so that the program is a single file, and only parsed by commands that need it.
static SETS: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/path-sets.toml")).expect("a test parses the table")
});

/// The patterns of a set, such as `shells`; `None` if there is no such set.
pub fn path_set(name: &str) -> Option<&'static [String]> {
    SETS.get(name).map(Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::knowledge::ProgramClass;

    #[test]
    fn every_posix_shell_is_in_the_set_of_shells() {
        let shells = path_set("shells").expect("there is such a set");
        for name in ProgramClass::Shell.names() {
            assert!(shells.contains(&format!("/**/bin/{name}")), "{name}");
        }
        assert_eq!(path_set("shell"), None);
    }

    #[test]
    fn path_sets_hold_unique_absolute_paths() {
        for (name, paths) in &*SETS {
            let unique: BTreeSet<_> = paths.iter().collect();
            assert_eq!(unique.len(), paths.len(), "{name}");
            assert!(paths.iter().all(|path| path.starts_with('/')), "{name}");
        }
    }
}
