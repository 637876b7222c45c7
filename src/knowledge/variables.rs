//! Environment variables whose values are paths, from `rules/variables.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/variables.toml")).expect("the tests read the table")
});

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Table {
    search_paths: Vec<String>,
    package_manager_directories: Vec<String>,
}

/// A class of environment variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableClass {
    /// Lists of directories that something else is searched in.
    SearchPath,
    /// Directories of package managers and compilers, which running programs do not read.
    PackageManagerDirectory,
}

impl VariableClass {
    /// Returns true for a variable of the class.
    pub fn contains(self, name: &str) -> bool {
        let names = match self {
            Self::SearchPath => &TABLE.search_paths,
            Self::PackageManagerDirectory => &TABLE.package_manager_directories,
        };
        names.iter().any(|known| known == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_lists_are_sorted_and_do_not_overlap() {
        for list in [&TABLE.search_paths, &TABLE.package_manager_directories] {
            assert!(list.is_sorted_by(|one, next| one < next), "{list:?}");
        }
        assert!(VariableClass::SearchPath.contains("PATH"));
        assert!(!VariableClass::PackageManagerDirectory.contains("PATH"));
        assert!(!VariableClass::SearchPath.contains("HF_HOME"));
    }
}
