//! Environment variables and build arguments by class, from `rules/variables.toml`.

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
    platforms: Vec<String>,
    builder: Vec<String>,
    proxies: Vec<String>,
}

/// A class of environment variables or build arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableClass {
    /// Lists of directories that something else is searched in.
    SearchPath,
    /// Directories of package managers and compilers, which running programs do not read.
    PackageManagerDirectory,
    /// The platforms that a build runs on and builds for.
    Platform,
    /// Variables that the builder sets for `FROM`, and for stages that declare them: platforms and
    /// a few more.
    Builder,
    /// Variables that every `RUN` has without an `ARG`, if they are passed to the build.
    Proxy,
}

impl VariableClass {
    /// Returns true for a variable of the class.
    pub fn contains(self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The names of the variables, in alphabetical order within each list of the table.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let table = &*TABLE;
        let [first, second]: [&[String]; 2] = match self {
            Self::SearchPath => [&table.search_paths, &[]],
            Self::PackageManagerDirectory => [&table.package_manager_directories, &[]],
            Self::Platform => [&table.platforms, &[]],
            Self::Builder => [&table.platforms, &table.builder],
            Self::Proxy => [&table.proxies, &[]],
        };
        first.iter().chain(second).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_lists_are_sorted_and_do_not_overlap() {
        for list in [
            &TABLE.search_paths,
            &TABLE.package_manager_directories,
            &TABLE.platforms,
            &TABLE.builder,
            &TABLE.proxies,
        ] {
            assert!(list.is_sorted_by(|one, next| one < next), "{list:?}");
        }
        assert!(VariableClass::SearchPath.contains("PATH"));
        assert!(!VariableClass::PackageManagerDirectory.contains("PATH"));
        assert!(!VariableClass::SearchPath.contains("HF_HOME"));
        assert!(VariableClass::Builder.contains("TARGETARCH"));
        assert!(!VariableClass::Platform.contains("TARGETSTAGE"));
    }
}
