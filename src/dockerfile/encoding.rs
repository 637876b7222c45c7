//! Texts that BuildKit cannot read at all: another encoding, or line ends without a line feed.

use super::syntax::{Dockerfile, SyntaxError, Token, TokenKind};
use crate::source::{Source, Span};

/// The error of a file in UTF-16, with or without a byte order mark.
pub(super) fn wide_text(source: &Source) -> Option<SyntaxError> {
    // Every other byte of a keyword in UTF-16 is zero, and BuildKit reads bytes.
    let is_wide = match source.bytes() {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [first, 0, second, 0, ..] | [0, first, 0, second, ..] => {
            first.is_ascii_graphic() && second.is_ascii_graphic()
        }
        _ => false,
    };
    if !is_wide {
        return None;
    }
    Some(
        SyntaxError::new(Span::at(0), "file is encoded in UTF-16")
            .with_note("save it as UTF-8: BuildKit does not read other encodings"),
    )
}

/// The error of a file whose lines end with carriage returns alone, as on old Macs.
pub(super) fn lone_carriage_returns(text: &str) -> Option<SyntaxError> {
    let bytes = text.as_bytes();
    let mut first = None;
    let mut count = 0;
    for at in memchr::memchr_iter(b'\r', bytes) {
        // Before another line break, or at the end of the file, BuildKit drops them.
        let is_inside = bytes
            .get(at + 1)
            .is_some_and(|&next| next != b'\r' && next != b'\n');
        if is_inside {
            count += 1;
            first = first.or(Some(at));
        }
    }
    let first = first?;
    // A stray one in a file with proper lines is not the cause of its errors.
    if memchr::memchr_iter(b'\n', bytes).count() > count {
        return None;
    }
    Some(
        SyntaxError::new(
            Span::new(first, first + 1),
            "lines end with carriage returns only",
        )
        .with_note("end them with line feeds: BuildKit reads this file as one line"),
    )
}

/// A file with an error and no instructions.
pub(super) fn unread(text: &str, error: SyntaxError) -> Dockerfile {
    Dockerfile {
        escape: '\\',
        directives: Vec::new(),
        shebang: None,
        comments: Vec::new(),
        instructions: Vec::new(),
        errors: vec![error],
        unread: None,
        is_foreign: true,
        tokens: vec![Token {
            kind: TokenKind::Error,
            span: Span::new(0, text.len()),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::parse;

    fn errors(bytes: &[u8]) -> Vec<String> {
        let file = parse(&Source::new("Dockerfile", bytes));
        let errors = file.errors.into_iter();
        errors.map(|error| error.message).collect()
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn utf_16_is_one_error() {
        for text in ["\u{feff}FROM a\nRUN b\n", "FROM a\nRUN b\n"] {
            let expected = ["file is encoded in UTF-16"];
            assert_eq!(errors(&utf16(text, u16::to_le_bytes)), expected);
            assert_eq!(errors(&utf16(text, u16::to_be_bytes)), expected);
        }
    }

    #[test]
    fn carriage_returns_alone_are_one_error() {
        let expected = ["lines end with carriage returns only"];
        assert_eq!(errors(b"FROM a\rRUN b\r"), expected);
        assert_eq!(errors(b"# comment\rFROM a\rRUN b\n"), expected);
    }

    #[test]
    fn carriage_returns_with_line_feeds_are_not_an_error() {
        assert!(errors(b"FROM a\r\nRUN b\r\r\n").is_empty());
        assert!(errors(b"FROM a\r").is_empty());
        assert!(errors(b"FROM a\nRUN b \r c\n").is_empty());
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_not_an_error() {
        assert!(errors(b"FROM a\nLABEL b=\xff\xfe\n").is_empty());
    }
}
