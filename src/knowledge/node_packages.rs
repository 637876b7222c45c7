//! Packages of Node that load modules by computed names, from `rules/node-packages.toml`.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

// Compiled in, so that the program is a single file, and parsed only by commands that use it.
static TABLE: LazyLock<HashMap<String, NodePackage>> = LazyLock::new(|| {
    let table: Table = toml::from_str(include_str!("../../rules/node-packages.toml"))
        .expect("the tests read the table");
    let rows = table.package.into_iter();
    rows.map(|row| (row.name.clone(), row)).collect()
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    package: Vec<NodePackage>,
}

/// A package whose computed names are those that the application gives it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodePackage {
    name: String,
    /// Its own files that it loads by computed names; `*` stands for any text.
    #[serde(default)]
    pub loads: Vec<String>,
}

/// The facts about a package, by its name.
pub fn node_package(name: &str) -> Option<&'static NodePackage> {
    TABLE.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_found_by_their_names() {
        assert!(node_package("prettier").is_some_and(|known| known.loads.is_empty()));
        assert!(node_package("no-such-package").is_none());
        for (name, package) in TABLE.iter() {
            let is_relative = |path: &String| !path.starts_with(['.', '/']);
            assert!(package.loads.iter().all(is_relative), "{name}");
        }
    }
}
