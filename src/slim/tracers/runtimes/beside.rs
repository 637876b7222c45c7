//! Files that a source of a package names relative to itself, such as
//! `path.join(__dirname, 'docs', 'index.html')`. They may be in a directory that is otherwise left
//! out of packages, such as `test` or `docs`.

use super::calls::{start_of_line, strings};
use super::directories::{ancestors, keep_tree};
use crate::image::NameId;
use crate::slim::keep::Keep;
use crate::slim::language_paths::is_packaged;
use crate::slim::tracers::shell::Lines;
use crate::slim::why::Why;

/// Expressions for the file or its directory in Node, Ruby, Python and PHP.
const PLACES: [&str; 6] = [
    "__DIR__",
    "__FILE__",
    "__dir__",
    "__dirname",
    "__file__",
    "import.meta.url",
];
/// Such expressions that are looked at in one source.
const MAX_PLACES: usize = 64;
/// Bytes before and after one that are looked at.
const MAX_STATEMENT: usize = 300;
/// Strings after one that are joined.
const MAX_PARTS: usize = 6;
/// Directories above the source from which a path may start, as in `Path(__file__).parent.parent`.
const MAX_UP: usize = 3;

/// Keeps the files that a source of a package names relative to itself.
pub(super) fn trace(keep: &mut Keep<'_>, name: NameId, text: &str) {
    let mut lines = None;
    for place in PLACES {
        let places = memchr::memmem::find_iter(text.as_bytes(), place);
        for at in places.take(MAX_PLACES) {
            let line = lines.get_or_insert_with(|| Lines::of(text, 0)).line(at);
            // The longest path is the one that is meant: `docs/index.html`, not all of `docs`.
            for path in paths(before(text, at), after(text, at + place.len())) {
                if keep_beside(keep, name, &path, line) {
                    break;
                }
            }
        }
    }
}

/// The text before a place on its line.
fn before(text: &str, at: usize) -> &str {
    let mut start = at.saturating_sub(MAX_STATEMENT);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text[start..at].rsplit('\n').next().unwrap_or_default()
}

/// The rest of the statement after a place.
fn after(text: &str, at: usize) -> &str {
    let line = start_of_line(&text[at..], MAX_STATEMENT);
    line.split(';').next().unwrap_or_default()
}

/// The paths around a place, longest first.
fn paths(before: &str, after: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut joined = String::new();
    for (_, part) in strings(after).take(MAX_PARTS) {
        if !is_path(part) {
            break;
        }
        if !joined.is_empty() && !joined.ends_with('/') {
            joined.push('/');
        }
        // In `__dirname + '/docs'`, the string follows the directory.
        joined.push_str(part.trim_start_matches('/'));
        paths.push(joined.clone());
    }
    paths.reverse();
    // `File.expand_path('../x', __FILE__)`, in which `..` is the directory of the file, and
    // `new URL('./x', import.meta.url)`.
    if let Some((_, path)) = strings(before).last()
        && is_path(path)
    {
        paths.extend(path.strip_prefix("../").map(str::to_owned));
        paths.push(path.to_owned());
    }
    paths
}

fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._/+-@".contains(&byte))
}

/// Keeps a file of a package, or a directory that is otherwise left out. Returns false if there is
/// none.
fn keep_beside(keep: &mut Keep<'_>, source: NameId, path: &str, line: usize) -> bool {
    let tree = keep.tree();
    for directory in ancestors(tree, tree.parent(source)).take(MAX_UP) {
        // The directories above a package contain other packages.
        if !is_packaged(&tree.path(directory)) {
            return false;
        }
        let Ok(resolved) = tree.resolve_from(directory, path.as_bytes()) else {
            continue;
        };
        let found = resolved.name;
        if !is_packaged(&tree.path(found)) {
            continue;
        }
        let why = Why::Named {
            word: path.to_owned(),
            line,
        };
        if keep.is_file(found) {
            keep.graph.keep(found, Some(source), why);
            keep.keep_way(found, &resolved.crossed);
            return true;
        }
        if tree.is_directory(found) && is_seldom_loaded(tree.file_name(found)) {
            keep_tree(keep, found, source, &why, &|_, _| false);
            return true;
        }
    }
    false
}

/// Whether a directory is left out of packages by its name.
fn is_seldom_loaded(file_name: &[u8]) -> bool {
    const NAMES: [&[u8]; 10] = [
        b"doc",
        b"docs",
        b"example",
        b"examples",
        b"fixtures",
        b"man",
        b"spec",
        b"test",
        b"testing",
        b"tests",
    ];
    NAMES.contains(&file_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_around_the_directory_of_a_source_are_a_path() {
        let first = |line: &str| {
            let place = PLACES
                .into_iter()
                .find(|place| line.contains(place))
                .unwrap();
            let at = line.find(place).unwrap();
            let paths = paths(before(line, at), after(line, at + place.len()));
            paths.into_iter().next()
        };
        for (line, path) in [
            ("path.join(__dirname, 'docs', 'x.html')", "docs/x.html"),
            ("read(__dirname + '/../README.md')", "../README.md"),
            ("Path(__file__).parent / 'tests' / 'x'", "tests/x"),
            ("os.path.join(os.path.dirname(__file__), 'x')", "x"),
            ("File.join(__dir__, '..', 'doc', 't.erb')", "../doc/t.erb"),
            ("File.expand_path('../../test/x', __FILE__)", "../test/x"),
            ("require __DIR__ . '/../docs/x.php';", "../docs/x.php"),
            ("new URL('./docs/x', import.meta.url)", "./docs/x"),
        ] {
            assert_eq!(first(line).as_deref(), Some(path), "{line}");
        }
        assert_eq!(first("log(__dirname, 'two words')"), None);
    }
}
