//! Languages, from `rules/languages.toml`: files of installations without a package manager, and
//! the programs that read source files.

use std::fmt;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::AhoCorasick;
use serde::Deserialize;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/languages.toml")).expect("the tests read the table")
});

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Table {
    language: Vec<InstalledLanguage>,
    script: Vec<ScriptLanguage>,
    unlisted: ProgramStarters,
    library_openers: LibraryOpeners,
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
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ScriptLanguage {
    pub name: String,
    #[serde(default)]
    pub language: Language,
    /// File name endings of its sources.
    #[serde(default)]
    sources: Vec<String>,
    /// Endings or whole names of other sources, which do not prove that the language is run.
    #[serde(default)]
    other_sources: Vec<String>,
    /// Names of programs that read a source; a trailing `*` matches any ending.
    #[serde(default)]
    interpreters: Vec<String>,
    /// Names of other programs and libraries that belong to an installation of the language.
    #[serde(default)]
    runtimes: Vec<String>,
    /// Names of programs that run the language without an installation of it.
    #[serde(default)]
    hosts: Vec<String>,
    /// The options of its interpreters.
    #[serde(default)]
    pub options: InterpreterOptions,
    /// None for a language without starters of its own.
    starters: Option<ProgramStarters>,
}

/// Texts in sources that start programs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramStarters {
    /// Names of modules and calls.
    pub texts: Vec<String>,
    /// The ones that start programs through a shell.
    pub shell: Vec<String>,
    /// Words in the names of modules that start programs, for a language in which a source has to
    /// request one. Code for browsers has the same words, but requests nothing.
    #[serde(default)]
    pub modules: Vec<String>,
    #[serde(skip)]
    finder: OnceLock<Option<AhoCorasick>>,
}

impl ProgramStarters {
    /// The places of these texts in a source, each with the text. They may overlap.
    pub fn find<'s>(&'s self, source: &str) -> Vec<(usize, &'s str)> {
        let mut found = Vec::new();
        let finder = self.finder.get_or_init(|| {
            let texts = self.texts.iter().chain(&self.shell);
            AhoCorasick::new(texts).ok()
        });
        let Some(finder) = finder else {
            return found;
        };
        for hit in finder.find_overlapping_iter(source) {
            let text = hit.pattern().as_usize();
            let text = match text.checked_sub(self.texts.len()) {
                Some(shell) => &self.shell[shell],
                None => &self.texts[text],
            };
            found.push((hit.start(), text.as_str()));
        }
        found
    }
}

/// Calls in sources that open a library by its name, in any language.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LibraryOpeners {
    /// Their argument is the name of the file.
    pub by_name: Vec<String>,
    /// Their argument is the name without `lib` and `.so`, as for `ld -l`.
    pub by_short_name: Vec<String>,
    #[serde(skip)]
    finder: OnceLock<Option<AhoCorasick>>,
}

impl LibraryOpeners {
    /// Whether a source contains one of these calls.
    pub fn are_in(&self, source: &str) -> bool {
        let finder = self.finder.get_or_init(|| {
            let calls = self.by_name.iter().chain(&self.by_short_name);
            AhoCorasick::new(calls).ok()
        });
        finder
            .as_ref()
            .is_some_and(|finder| finder.is_match(source))
    }
}

/// Options of an interpreter that change which argument is the source.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InterpreterOptions {
    /// The program is a text or a module instead of a file.
    pub text: Vec<String>,
    /// The next word is the source.
    pub file: Vec<String>,
    /// The next word is the value of the option.
    pub valued: Vec<String>,
    /// Without such an option, the first argument is the text of the program.
    pub argument: bool,
}

/// A language whose programs load modules at run time.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    Java,
    Lua,
    /// Any other language; its source files are only searched for programs that they start.
    #[default]
    Other,
    Node,
    Perl,
    Php,
    Python,
    Ruby,
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Java => "Java",
            Self::Lua => "Lua",
            Self::Other => "another language",
            Self::Node => "Node",
            Self::Perl => "Perl",
            Self::Php => "PHP",
            Self::Python => "Python",
            Self::Ruby => "Ruby",
        })
    }
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
        is_any(&self.hosts, file_name) || self.is_installed(file_name)
    }

    /// Returns true for a program that runs code from its arguments. The names of others begin with
    /// that of an interpreter: `python3-config`, `php-fpm`.
    pub fn runs_arguments(&self, file_name: &[u8]) -> bool {
        let wanted = dashes(file_name);
        let mut interpreters = self.interpreters.iter();
        interpreters.any(|pattern| {
            // `node-22` and `lua-5.4` are listed with their dash.
            dashes(pattern.as_bytes()) == wanted && is_match(pattern, file_name)
        })
    }

    fn is_installed(&self, file_name: &[u8]) -> bool {
        is_any(&self.interpreters, file_name) || is_any(&self.runtimes, file_name)
    }

    /// Returns true for the name of a source file that is not a program by itself.
    fn is_other_source(&self, file_name: &[u8]) -> bool {
        self.other_sources.iter().any(|name| {
            let is_ending = name.starts_with('.') && file_name.ends_with(name.as_bytes());
            is_ending || file_name == name.as_bytes()
        })
    }
}

fn dashes(name: &[u8]) -> usize {
    memchr::memchr_iter(b'-', name).count()
}

fn is_any(patterns: &[String], file_name: &[u8]) -> bool {
    patterns.iter().any(|pattern| is_match(pattern, file_name))
}

fn is_match(pattern: &str, file_name: &[u8]) -> bool {
    let (start, rest) = pattern.split_once('*').unwrap_or((pattern, ""));
    match file_name.strip_prefix(start.as_bytes()) {
        // `libpython3.11.so.1.0`: the text after the star may occur anywhere in the rest.
        Some(end) if pattern.contains('*') => {
            let wanted = rest.trim_end_matches('*').as_bytes();
            wanted.is_empty() || end.windows(wanted.len()).any(|part| part == wanted)
        }
        Some(end) => end.is_empty(),
        None => false,
    }
}

/// Every language whose sources an interpreter runs.
pub fn script_languages() -> &'static [ScriptLanguage] {
    &TABLE.script
}

/// Texts in the sources of a language that start programs.
pub fn program_starters(language: Language) -> &'static ProgramStarters {
    let mut scripts = TABLE.script.iter();
    scripts
        .find(|script| script.language == language)
        .and_then(|script| script.starters.as_ref())
        .unwrap_or(&TABLE.unlisted)
}

/// Calls that open libraries. A source with one of them opens the libraries that it names; others
/// may only mention them.
pub fn library_openers() -> &'static LibraryOpeners {
    &TABLE.library_openers
}

/// The language of a source file, by its name.
pub fn language_of_source(file_name: &[u8]) -> Option<Language> {
    let mut languages = TABLE.script.iter();
    let language = languages
        .find(|language| language.is_source(file_name) || language.is_other_source(file_name))?;
    Some(language.language)
}

/// The language whose sources a program reads, by the name of the program.
pub fn language_of_interpreter(file_name: &[u8]) -> Option<&'static ScriptLanguage> {
    let mut languages = TABLE.script.iter();
    languages.find(|language| is_any(&language.interpreters, file_name))
}

/// The language whose installation contains a program or library, by its name.
pub fn language_of_runtime(file_name: &[u8]) -> Option<Language> {
    let mut languages = TABLE.script.iter();
    let language = languages.find(|language| language.is_installed(file_name))?;
    Some(language.language)
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
    fn a_program_that_begins_with_the_name_of_an_interpreter_is_another() {
        for (program, language) in [
            ("python3.11", Some(Language::Python)),
            ("php8.2", Some(Language::Php)),
            ("luajit", Some(Language::Lua)),
            ("node-22", Some(Language::Node)),
            ("node_exporter", None),
            ("Rscript", Some(Language::Other)),
            ("guile-3.0", Some(Language::Other)),
            ("nginx", None),
            ("java", None),
        ] {
            let found = language_of_interpreter(program.as_bytes());
            assert_eq!(found.map(|found| found.language), language, "{program}");
        }
    }

    #[test]
    fn a_server_with_a_language_in_it_belongs_to_no_installation() {
        for (file, language) in [
            ("perl5.36.0", Some(Language::Perl)),
            ("libruby-3.1.so.3.1", Some(Language::Ruby)),
            ("libluajit-5.1.so.2", Some(Language::Lua)),
            ("php-fpm8.2", Some(Language::Php)),
            ("libjli.so", Some(Language::Java)),
            ("luac5.4", None),
            ("nginx", None),
            ("deno", None),
        ] {
            assert_eq!(language_of_runtime(file.as_bytes()), language, "{file}");
        }
    }

    #[test]
    fn the_language_of_a_source_is_in_its_name() {
        assert_eq!(language_of_source(b"app.wsgi"), Some(Language::Python));
        assert_eq!(language_of_source(b"Gemfile"), Some(Language::Ruby));
        assert_eq!(language_of_source(b"x.gemspec"), Some(Language::Ruby));
        assert_eq!(language_of_source(b"stats.R"), Some(Language::Other));
        assert_eq!(language_of_source(b"MyGemfile"), None);
        assert_eq!(language_of_source(b"py"), None);
    }

    #[test]
    fn every_language_that_can_start_a_shell_says_so() {
        for language in [Language::Python, Language::Lua, Language::Other] {
            let starters = program_starters(language);
            assert!(!starters.texts.is_empty() && !starters.shell.is_empty());
        }
        assert!(program_starters(Language::Java).texts.is_empty());
        let of = |name: &str| script_languages().iter().find(|script| script.name == name);
        assert!(of("R").is_some_and(|script| script.starters.is_none()));
    }

    #[test]
    fn endings_belong_to_one_language() {
        let mut seen = BTreeSet::new();
        for language in script_languages() {
            for ending in language.sources.iter().chain(&language.other_sources) {
                assert!(seen.insert(ending), "{ending}");
            }
            assert!(
                language
                    .sources
                    .iter()
                    .all(|ending| ending.starts_with('.'))
            );
        }
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
