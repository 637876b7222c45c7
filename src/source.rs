//! A text file: its bytes, its lines, and spans that point into it.

use std::ops::Range;
use std::path::{Component, Path, PathBuf};

/// A half-open range of bytes, `start..end`, in one [`Source`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Self {
        // Only in debug builds: a wrong span in a release is a wrong excerpt, not a crash.
        debug_assert!(start <= end, "a span ends before it starts: {start}..{end}");
        Self { start, end }
    }

    /// The empty span at `offset`.
    pub fn at(offset: usize) -> Self {
        Self {
            start: offset,
            end: offset,
        }
    }

    /// The smallest span that contains both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A position for people: both numbers start at 1, columns count Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// A position for editors: both numbers start at 0, characters count UTF-16 code units, as required
/// by the Language Server Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Utf16Position {
    pub line: usize,
    pub character: usize,
}

/// A text file with the name that is shown to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    /// The original bytes of a file that is not UTF-8: `text` then has a `?` for every invalid
    /// byte, and the same length.
    raw: Option<Vec<u8>>,
    line_starts: Vec<usize>,
    /// Number of characters before each block of [`BLOCK`] bytes; empty for an ASCII file.
    characters: Vec<usize>,
    /// Starts of the characters that take two UTF-16 code units.
    wide: Vec<usize>,
}

/// Length of a block: the maximum number of bytes that are scanned to compute a column, even in a
/// long line.
const BLOCK: usize = 256;

impl Source {
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let (text, raw) = match String::from_utf8(bytes.into()) {
            Ok(text) => (text, None),
            Err(error) => (
                replace_stray_bytes(error.as_bytes()),
                Some(error.into_bytes()),
            ),
        };
        // BuildKit and Git only break lines at `\n`; a lone `\r` is part of the line.
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes());
        let line_starts = std::iter::once(0).chain(breaks.map(|at| at + 1)).collect();
        let characters = count_characters(&text);
        let wide = if characters.is_empty() {
            Vec::new()
        } else {
            wide_characters(&text)
        };
        Self {
            name: name.into(),
            text,
            raw,
            line_starts,
            characters,
            wide,
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The original bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        self.raw.as_deref().unwrap_or(self.text.as_bytes())
    }

    /// The file as text, with the same length as [`bytes`](Self::bytes); invalid bytes are replaced
    /// with `?`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty if the span is not on character boundaries of this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The line, from 1, that contains the byte at `offset`.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= offset)
    }

    pub fn position(&self, offset: usize) -> Position {
        let line = self.line(offset);
        let start = self.line_starts[line - 1];
        // A span of another file, or at the end, must not cause a panic.
        let offset = offset.min(self.text.len()).max(start);
        Position {
            line,
            column: 1 + self.characters_before(offset) - self.characters_before(start),
        }
    }

    pub fn position_utf16(&self, offset: usize) -> Utf16Position {
        let place = self.position(offset);
        let start = self.line_starts[place.line - 1];
        // Each wide character before the position on the line adds a unit.
        let wide = self.wide_before(offset.max(start)) - self.wide_before(start);
        Utf16Position {
            line: place.line - 1,
            character: place.column - 1 + wide,
        }
    }

    fn wide_before(&self, offset: usize) -> usize {
        self.wide.partition_point(|&wide| wide < offset)
    }

    fn characters_before(&self, offset: usize) -> usize {
        match self.characters.get(offset / BLOCK) {
            Some(before) => before + starts(&self.text.as_bytes()[offset / BLOCK * BLOCK..offset]),
            // In an ASCII file every byte is a character.
            None => offset,
        }
    }

    /// Number of lines, without the empty one after a line break at the end of the file.
    pub fn line_count(&self) -> usize {
        match self.line_starts.last() {
            Some(&start) if start == self.text.len() && start > 0 => self.line_starts.len() - 1,
            _ => self.line_starts.len(),
        }
    }

    /// A line, counted from 1, without its line break (`\n` or `\r\n`).
    pub fn line_span(&self, line: usize) -> Span {
        let start = self.line_starts[line - 1];
        let mut end = self
            .line_starts
            .get(line)
            .map_or(self.text.len(), |&next| next - 1);
        if end > start && line < self.line_starts.len() && self.text.as_bytes()[end - 1] == b'\r' {
            end -= 1;
        }
        Span { start, end }
    }
}

fn count_characters(text: &str) -> Vec<usize> {
    if text.is_ascii() {
        return Vec::new();
    }
    let mut counts = Vec::with_capacity(text.len() / BLOCK + 2);
    let mut count = 0;
    for block in text.as_bytes().chunks(BLOCK) {
        counts.push(count);
        count += starts(block);
    }
    // The end of the text may be the start of an empty block.
    counts.push(count);
    counts
}

/// Returns the starts of characters beyond the first plane: those of four bytes.
fn wide_characters(text: &str) -> Vec<usize> {
    text.bytes()
        .enumerate()
        .filter(|(_, byte)| *byte >= 0xF0)
        .map(|(at, _)| at)
        .collect()
}

/// Counts the characters that start in these bytes: every byte that does not continue a UTF-8
/// sequence starts one.
fn starts(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}

fn replace_stray_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    // U+FFFD would be three bytes, and all offsets after it would differ from those in the file.
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(std::iter::repeat_n('?', chunk.invalid().len()));
    }
    text
}

/// Removes `.` and `..` from a path textually, without accessing the file system. A relative path
/// may still start with `..`, because the directories above it are unknown.
pub fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if ends_in_name(&plain) => {
                plain.pop();
            }
            // The root is its own parent.
            Component::ParentDir if plain.has_root() => {}
            part => plain.push(part),
        }
    }
    plain
}

fn ends_in_name(path: &Path) -> bool {
    matches!(path.components().next_back(), Some(Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simplified_path_names_the_same_file() {
        for (path, expected) in [
            ("./a/../b", "b"),
            ("../a", "../a"),
            ("a/../../b", "../b"),
            ("../../a/..", "../.."),
            ("/../a", "/a"),
            ("/a/../../b/.", "/b"),
        ] {
            assert_eq!(plain(Path::new(path)), Path::new(expected), "{path}");
        }
    }

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source::new("Dockerfile", "FROM a\nENV ü=1 b\n");
        let at = source.text().find('b').expect("it is there");
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.position(at), Position { line: 2, column: 9 });
    }

    #[test]
    fn editor_positions_count_utf16_units_from_zero() {
        let source = Source::new("Dockerfile", "FROM 🐳\nENV ü=🐳🐳 b\n");
        for (offset, _) in source
            .text()
            .char_indices()
            .chain([(source.text().len(), ' ')])
        {
            let before = &source.text()[..offset];
            let line = before.matches('\n').count();
            let character = before
                .rsplit('\n')
                .next()
                .unwrap_or_default()
                .encode_utf16()
                .count();
            assert_eq!(
                source.position_utf16(offset),
                Utf16Position { line, character },
                "{offset}"
            );
        }
    }

    #[test]
    fn columns_of_long_lines_count_characters() {
        for text in [
            "x".repeat(1000),
            format!("{}é{}", "x".repeat(255), "ü".repeat(400)),
            "é".repeat(256),
        ] {
            let source = Source::new("Dockerfile", text.as_str());
            for (at, (offset, _)) in text.char_indices().chain([(text.len(), 'x')]).enumerate() {
                assert_eq!(source.position(offset).column, at + 1);
            }
        }
    }

    #[test]
    fn lines_end_before_their_line_break() {
        let source = Source::new("Dockerfile", "a\r\nb\n\nc");
        let lines: Vec<_> = (1..=source.line_count())
            .map(|line| source.slice(source.line_span(line)))
            .collect();
        assert_eq!(lines, ["a", "b", "", "c"]);
        assert_eq!(Source::new("x", "a\n").line_count(), 1);
        assert_eq!(Source::new("x", "").line_count(), 1);
    }

    #[test]
    fn bytes_that_are_not_utf8_do_not_shift_offsets() {
        let source = Source::new("Dockerfile", b"# caf\xe9\nFROM a".to_vec());
        assert_eq!(source.text().len(), source.bytes().len());
        assert_eq!(source.text(), "# caf?\nFROM a");
    }
}
