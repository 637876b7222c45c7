//! Texts that may name a module, a distribution or a group of entry points.

use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// The form of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum How {
    /// An `import` statement.
    Statement,
    /// `b` of `from a import b`, which may also be an attribute of `a`.
    Member,
    /// An argument of a function that imports.
    Call,
    /// A module that is run: `python -m a`.
    Program,
    /// All modules whose names begin with this one: the rest is computed.
    Beginning,
    /// A string that may be the name of a module.
    Text,
    /// A text in machine code that begins with the name of a module; other texts may follow it.
    Glued,
    /// A string that names a distribution: `celery==5.4`.
    Distribution,
    /// The name of data that a distribution reads by name; empty if it is computed.
    Data,
}

/// Longer texts are no names.
const MAX_NAME: usize = 200;

/// Bytes of all names that are looked for in machine code together; the finder takes about 100
/// bytes for each. An image with 1000 packages has 20 kB.
const MAX_FINDER: usize = 1 << 20;

/// The names that an image can load, without the standard library.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// First parts of the names of modules.
    pub(super) tops: HashSet<String>,
    /// Groups of entry points, with the files that list them and their lines.
    pub(super) groups: BTreeMap<String, Vec<usize>>,
    /// Data that a distribution reads by name.
    pub(super) data: HashSet<String>,
    /// Finds the first parts in machine code.
    pub(super) finder: OnceLock<Option<AhoCorasick>>,
}

/// A name in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Requested<'t> {
    pub(super) level: u32,
    pub(super) name: &'t str,
    pub(super) how: How,
}

impl Names {
    /// Finds first parts of names in machine code; none if there are too many of them.
    pub(super) fn finder(&self) -> Option<&AhoCorasick> {
        let finder = self.finder.get_or_init(|| {
            let bytes: usize = self.tops.iter().map(String::len).sum();
            if bytes > MAX_FINDER {
                return None;
            }
            let mut builder = AhoCorasick::builder();
            builder.match_kind(MatchKind::LeftmostLongest);
            builder.build(&self.tops).ok()
        });
        finder.as_ref()
    }

    /// The names in a text that is a name as a whole. A URL names drivers:
    /// `postgresql+asyncpg://host`.
    pub(super) fn requested<'t>(&self, text: &'t str) -> Vec<Requested<'t>> {
        let mut found = Vec::new();
        if text.is_empty() {
            return found;
        }
        if let Some((scheme, _)) = text.split_once("://") {
            for part in scheme.split('+').take(2) {
                self.add(part, &mut found);
            }
            return found;
        }
        if text.len() > MAX_NAME {
            return found;
        }
        if let Some((distribution, _)) = text.split_once("==") {
            if is_distribution(distribution) {
                found.push(Requested {
                    level: 0,
                    name: distribution,
                    how: How::Distribution,
                });
            }
            return found;
        }
        // Most texts are sentences.
        if text.contains(' ') {
            return found;
        }
        if self.data.contains(text) {
            found.push(Requested {
                level: 0,
                name: text,
                how: How::Data,
            });
        }
        self.add(text, &mut found);
        found
    }

    fn add<'t>(&self, text: &'t str, found: &mut Vec<Requested<'t>>) {
        if !self.groups.is_empty() && self.groups.contains_key(text) {
            found.push(Requested {
                level: 0,
                name: text,
                how: How::Text,
            });
        }
        // `package.module:object`.
        let name = text.split([':', '[']).next().unwrap_or_default();
        let top = name.split('.').next().unwrap_or_default();
        if is_dotted(name) && self.tops.contains(top) {
            let how = How::Text;
            let name = name.trim_end_matches('.');
            found.push(Requested {
                level: 0,
                name,
                how,
            });
        }
    }
}

/// Whether a text consists of identifiers and dots.
pub(super) fn is_dotted(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .chars()
            .all(|char| char.is_alphanumeric() || matches!(char, '_' | '.'))
}

fn is_distribution(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Whether a character separates names in a configuration file.
pub(super) fn is_between_names(char: char) -> bool {
    char.is_whitespace() || "=,;'\"()[]{}<>|!&$@".contains(char)
}

/// Whether a function imports the module that its first argument names.
pub(super) fn is_importer(function: &str) -> bool {
    matches!(function, "import_module" | "__import__" | "run_module")
}

/// Whether a function reads files of the package that its first argument names, and imports it.
pub(super) fn reads_resources(function: &str) -> bool {
    // https://docs.python.org/3/library/importlib.resources.html, pkgutil, pkg_resources, Jinja
    matches!(
        function,
        "files"
            | "contents"
            | "is_resource"
            | "open_binary"
            | "open_text"
            | "read_binary"
            | "read_text"
            | "get_data"
            | "resource_exists"
            | "resource_filename"
            | "resource_isdir"
            | "resource_listdir"
            | "resource_stream"
            | "resource_string"
            | "PackageLoader"
    )
}

/// Whether a function is named like one that imports: `import_string`, `find_spec`,
/// `import_optional_dependency`, `LazyLoader`.
pub(super) fn may_import(function: &str) -> bool {
    if matches!(
        function,
        "find_spec" | "find_loader" | "get_loader" | "resolve_name"
    ) {
        return true;
    }
    let lower = function.to_ascii_lowercase();
    lower.contains("import") || lower.contains("lazy") || lower.contains("load_module")
}

/// Whether a module or a directory is for tests.
pub(super) fn is_test(name: &str) -> bool {
    matches!(name, "tests" | "test" | "conftest") || name.starts_with("test_")
}
