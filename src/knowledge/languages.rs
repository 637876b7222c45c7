//! Languages installed without a package manager, from `rules/languages.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/languages.toml")).expect("the tests read the table")
});

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    language: Vec<InstalledLanguage>,
}

/// A language, and its files below the directory that it is installed in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstalledLanguage {
    pub name: String,
    /// Patterns, any of which matches something below the directory.
    pub markers: Vec<String>,
    /// Patterns over its files and directories.
    pub files: Vec<String>,
}

/// Every language of the table, in its order.
pub fn installed_languages() -> &'static [InstalledLanguage] {
    &TABLE.language
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_language_is_found_below_a_directory_and_has_files_there() {
        let mut names = BTreeSet::new();
        for language in installed_languages() {
            assert!(names.insert(&language.name), "{}", language.name);
            assert!(!language.markers.is_empty() && !language.files.is_empty());
            for pattern in language.markers.iter().chain(&language.files) {
                assert!(!pattern.starts_with('/'), "{pattern}");
            }
        }
    }
}
