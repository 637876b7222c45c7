//! Absolute paths in the texts of an application: its sources, its configuration, its scripts.
//!
//! No format is parsed. A quoted string that is a path refers to a file; a path elsewhere in a text
//! may do so.

use std::borrow::Cow;
use std::collections::HashSet;

use super::mentions::{MAX_PATH, NOT_KEPT, is_path_byte, what_is};
use super::page::Mentioned;
use crate::image::Tree;

/// A path in a text that leads to something in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextPath<'t> {
    pub(super) path: Cow<'t, [u8]>,
    /// From 1.
    pub(super) line: usize,
    pub(super) what: Mentioned,
    /// It is a string of its own.
    pub(super) is_quoted: bool,
}

/// Paths that are looked at in one text.
const MAX_PATHS: usize = 1 << 14;
/// Strings that are joined to one path. Few paths are longer.
const MAX_PARTS: usize = 8;
/// Bytes between two strings that are joined.
const MAX_JOINT: usize = 24;
const QUOTES: &[u8] = b"\"'`";
const COMMENTS: [&[u8]; 5] = [b"#", b"//", b"/*", b"* ", b"<!--"];

/// The paths in a text, each once in each form, in the order of the text.
pub(super) fn text_paths<'t>(tree: &Tree, text: &'t [u8]) -> Vec<TextPath<'t>> {
    let mut paths = Vec::new();
    let mut seen: HashSet<(Cow<'t, [u8]>, bool)> = HashSet::new();
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if is_comment(line) {
            continue;
        }
        for at in memchr::memchr_iter(b'/', line) {
            let Some((path, is_quoted)) = path_at(line, at) else {
                continue;
            };
            let mut found = vec![Cow::Borrowed(path)];
            if is_quoted {
                found.extend(joined(line, at, path).into_iter().map(Cow::Owned));
            }
            for path in found {
                // Generated texts name the same path on every line.
                if !seen.insert((path.clone(), is_quoted)) {
                    continue;
                }
                if seen.len() > MAX_PATHS {
                    return paths;
                }
                paths.extend(named(tree, path, index + 1, is_quoted));
            }
        }
    }
    paths
}

/// Whether a line is a comment, but not the `#!` line, which names a program.
fn is_comment(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    COMMENTS.iter().any(|mark| line.starts_with(mark)) && !line.starts_with(b"#!")
}

/// The path that starts at a slash, and whether it is a complete string. `None` if the slash is in
/// the middle of something else, such as a URL.
fn path_at(line: &[u8], at: usize) -> Option<(&[u8], bool)> {
    let before = at.checked_sub(1).map(|before| line[before]);
    // `file:///usr/share/x`: the scheme for files of this machine precedes an absolute path.
    let is_url = line[..at].ends_with(b"file://");
    let continues = before.is_some_and(|byte| is_path_byte(byte) && !b"=:,".contains(&byte));
    if continues && !is_url {
        return None;
    }
    let rest = &line[at..line.len().min(at + MAX_PATH)];
    // `https://host`.
    if rest.starts_with(b"//") {
        return None;
    }
    if let Some(quote) = before.filter(|byte| QUOTES.contains(byte))
        && let Some(end) = memchr::memchr(quote, rest)
    {
        return Some((constant_part(&rest[..end]), true));
    }
    let end = rest
        .iter()
        .position(|&byte| !is_path_byte(byte) || b"=:,".contains(&byte))
        .unwrap_or(rest.len());
    // A sentence may end after the path.
    let length = rest[..end]
        .iter()
        .rposition(|byte| *byte != b'.')
        .map_or(0, |last| last + 1);
    Some((&rest[..length], false))
}

/// A string up to the last directory before the part that is filled in at run time, as in
/// `/data/%s.json`, `/data/{name}` and `/data/${name}`.
fn constant_part(string: &[u8]) -> &[u8] {
    let Some(variable) = string.iter().position(|byte| b"%{$*".contains(byte)) else {
        return string;
    };
    let slash = string[..variable].iter().rposition(|&byte| byte == b'/');
    &string[..slash.unwrap_or(0)]
}

/// The paths that a program makes of a quoted path and the strings after it, one for each string:
/// `os.path.join('/usr/share', 'dict', 'words')`, `Path('/usr/share') / 'dict'`,
/// `Pathname.new('/usr').join('share')`, `'/usr/share' . '/dict'`.
fn joined(line: &[u8], at: usize, start: &[u8]) -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    let mut path = start.to_vec();
    // The place after the closing quote.
    let mut end = at + start.len() + 1;
    while paths.len() < MAX_PARTS
        && let Some((separator, part, after)) = next_part(line, end)
    {
        if !path.ends_with(separator) {
            path.extend_from_slice(separator);
        }
        path.extend_from_slice(part);
        paths.push(path.clone());
        end = after;
    }
    paths
}

/// The next string of a joined path: what separates it from the one before, the string, and the
/// place after its closing quote.
fn next_part(line: &[u8], from: usize) -> Option<(&'static [u8], &[u8], usize)> {
    let rest = line.get(from..)?;
    let near = &rest[..rest.len().min(MAX_JOINT)];
    let open = near.iter().position(|byte| QUOTES.contains(byte))?;
    let separator = joint(&near[..open])?;
    let rest = &rest[open + 1..];
    let rest = &rest[..rest.len().min(MAX_PATH)];
    let close = memchr::memchr(near[open], rest)?;
    let part = &rest[..close];
    // An absolute path starts anew, unless it is appended to the string before it.
    let is_absolute = part.starts_with(b"/") && !separator.is_empty();
    let is_part = !part.is_empty() && part.iter().all(|&byte| is_path_byte(byte));
    if is_absolute || !is_part {
        return None;
    }
    Some((separator, part, from + open + 1 + close + 1))
}

/// The separator between two strings if the text between them makes one path of both.
fn joint(text: &[u8]) -> Option<&'static [u8]> {
    let text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    match text.as_slice() {
        b"," | b"/" | b")/" | b").join(" | b").joinpath(" | b").resolve(" => Some(b"/"),
        // Concatenation in JavaScript, Python, Ruby; in Perl and PHP; in Lua.
        b"+" | b"." | b".." => Some(b""),
        _ => None,
    }
}

/// The path, if it refers to something in the image.
fn named<'t>(
    tree: &Tree,
    path: Cow<'t, [u8]>,
    line: usize,
    is_quoted: bool,
) -> Option<TextPath<'t>> {
    let mut components = path
        .split(|&byte| byte == b'/')
        .filter(|part| !part.is_empty());
    if NOT_KEPT.contains(&components.next()?) {
        return None;
    }
    let what = what_is(tree, &path)?;
    Some(TextPath {
        path,
        line,
        what,
        is_quoted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(line: &str) -> Vec<String> {
        let bytes = line.as_bytes();
        let mut found = Vec::new();
        for at in memchr::memchr_iter(b'/', bytes) {
            if let Some((path, is_quoted)) = path_at(bytes, at) {
                let quote = if is_quoted { "'" } else { "" };
                found.push(format!("{quote}{}{quote}", path.escape_ascii()));
            }
        }
        found
    }

    #[test]
    fn a_quoted_string_is_one_path() {
        assert_eq!(paths("open('/usr/share/x y/z')"), ["'/usr/share/x y/z'"]);
        assert_eq!(paths("a = \"/etc/x.yml\" # /b"), ["'/etc/x.yml'", "/b"]);
    }

    #[test]
    fn a_path_starts_after_a_blank_or_punctuation() {
        assert_eq!(paths("dir: /srv/data."), ["/srv/data"]);
        assert_eq!(paths("A=/a/b:/c/d"), ["/a/b", "/c/d"]);
    }

    #[test]
    fn part_of_a_url_or_a_relative_path_is_not_an_absolute_path() {
        assert_eq!(
            paths("https://example.org/a ./b c/d ../e"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn strings_that_a_call_or_an_operator_joins_are_one_path() {
        let last = |line: &str| {
            let line = line.as_bytes();
            let at = memchr::memchr(b'/', line).unwrap();
            let (path, is_quoted) = path_at(line, at).unwrap();
            assert!(is_quoted, "{}", line.escape_ascii());
            let path = joined(line, at, path).pop();
            path.map(|path| path.escape_ascii().to_string())
        };
        for line in [
            "os.path.join('/usr/share', 'dict', 'words')",
            "path.join(\"/usr/share/\", \"dict\", \"words\")",
            "Path('/usr/share') / 'dict' / 'words'",
            "Path('/usr', 'share').joinpath('dict/words')",
            "Pathname.new('/usr/share').join('dict/words')",
            "Pathname('/usr/share')/'dict'/'words'",
            "$file = '/usr/share' . '/dict/words';",
            "'/usr/share/' + 'dict/' + 'words'",
        ] {
            assert_eq!(
                last(line).as_deref(),
                Some("/usr/share/dict/words"),
                "{line}"
            );
        }
        for line in [
            "('/usr/share', dict)",
            "('/usr/share', '/dict')",
            "run('/usr/share') or run('dict')",
            "'/usr/share', 'two words'",
        ] {
            assert_eq!(last(line), None, "{line}");
        }
    }

    #[test]
    fn a_path_in_a_file_url_is_absolute() {
        assert_eq!(paths("url: file:///usr/share/x"), ["/usr/share/x"]);
        assert_eq!(paths("http://host/usr"), Vec::<String>::new());
    }

    #[test]
    fn a_path_with_a_placeholder_is_cut_to_its_directory() {
        assert_eq!(paths("f'/data/{name}.json'"), ["'/data'"]);
        assert_eq!(paths("'/data/sets/%s'"), ["'/data/sets'"]);
    }
}
