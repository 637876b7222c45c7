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
    script: Vec<ScriptLanguage>,
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

/// A language whose sources an interpreter runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptLanguage {
    pub name: String,
    /// Endings of the names of its sources.
    sources: Vec<String>,
    /// Names of programs and libraries that run them; a star stands for any end.
    interpreters: Vec<String>,
}

impl ScriptLanguage {
    /// Returns true for the name of a source file.
    pub fn is_source(&self, file_name: &[u8]) -> bool {
        self.sources
            .iter()
            .any(|ending| file_name.ends_with(ending.as_bytes()))
    }

    /// Returns true for the name of a program or a library that runs the language.
    pub fn is_interpreter(&self, file_name: &[u8]) -> bool {
        self.interpreters.iter().any(|pattern| {
            let (start, rest) = pattern.split_once('*').unwrap_or((pattern, ""));
            match file_name.strip_prefix(start.as_bytes()) {
                // `libpython3.11.so.1.0`: what follows the star stands somewhere behind it.
                Some(end) if pattern.contains('*') => {
                    let wanted = rest.trim_end_matches('*').as_bytes();
                    wanted.is_empty() || end.windows(wanted.len()).any(|part| part == wanted)
                }
                Some(end) => end.is_empty(),
                None => false,
            }
        })
    }
}

/// Every language whose sources an interpreter runs.
pub fn script_languages() -> &'static [ScriptLanguage] {
    &TABLE.script
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
    fn interpreters_are_recognized_by_program_and_library_names() {
        let mut languages = script_languages().iter();
        let python = languages
            .find(|language| language.name == "Python")
            .unwrap();
        for name in ["python", "python3.11", "libpython3.11.so.1.0", "pypy3"] {
            assert!(python.is_interpreter(name.as_bytes()), "{name}");
        }
        assert!(!python.is_interpreter(b"ipython") && !python.is_interpreter(b"libpython3.11.a"));
        assert!(python.is_source(b"app.py") && !python.is_source(b"app.pyc"));
        let node = languages.next().unwrap();
        assert!(node.is_interpreter(b"node") && !node.is_interpreter(b"node-gyp"));
    }

    #[test]
    fn markers_and_files_of_every_language_are_relative_paths() {
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
