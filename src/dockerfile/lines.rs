//! Physical lines, and whether they continue on the next line.

/// A line of the file, by byte offsets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) start: usize,
    /// Start of its line break: `\n`, with all `\r` before it.
    pub(super) end: usize,
    /// Start of the next line.
    pub(super) next: usize,
}

/// The lines of a text. As in BuildKit, a line break at the end of the file does not start another
/// one.
#[derive(Clone, Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let start = self.at;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
        self.at = start + length;
        let end = start + rest[..length].trim_end_matches(['\r', '\n']).len();
        Some(Line {
            start,
            end,
            next: self.at,
        })
    }
}

/// Number of bytes of whitespace at the start of a line.
pub(super) fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Offset of the escape character that continues a line: the last character except whitespace, and
/// not itself escaped.
pub(super) fn continuation(line: &str, escape: char) -> Option<usize> {
    // BuildKit's pattern is `([^\\])\\[ \t]*$|^\\[ \t]*$`: whitespace may follow the escape
    // character, and only the previous character is checked, so three in a row do not continue the
    // line either.
    let before = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    if before.ends_with(escape) {
        return None;
    }
    Some(before.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_trailing_escape_continues_the_line() {
        assert_eq!(continuation("a \\", '\\'), Some(2));
        assert_eq!(continuation("a \\ \t", '\\'), Some(2));
        assert_eq!(continuation("\\", '\\'), Some(0));
        assert_eq!(continuation("a \\\\", '\\'), None);
        assert_eq!(continuation("a \\ b", '\\'), None);
        assert_eq!(continuation("a `", '`'), Some(2));
        assert_eq!(continuation("a \\", '`'), None);
    }

    #[test]
    fn a_carriage_return_is_part_of_the_line_break() {
        let ends: Vec<_> = Lines::new("a\r\nb\r\r\n\nc\r", 0)
            .map(|line| (line.start, line.end, line.next))
            .collect();
        assert_eq!(ends, [(0, 1, 3), (3, 4, 7), (7, 7, 8), (8, 9, 10)]);
    }
}
