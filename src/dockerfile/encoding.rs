//! Texts that BuildKit cannot read at all: another encoding, no text, or line ends without a line
//! feed.

use super::syntax::{Dockerfile, Kind, SyntaxError, Token, TokenKind};
use crate::source::{Source, Span};

/// The error of a file in UTF-16 or UTF-32, with or without a byte order mark.
pub(super) fn wide_text(source: &Source) -> Option<SyntaxError> {
    // The byte order mark of little-endian UTF-16 is the start of that of UTF-32. Without one,
    // every other byte of a keyword or a comment is zero, and BuildKit reads bytes.
    let encoding = match *source.bytes() {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => "UTF-32",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16",
        [first, 0, second, 0, ..] | [0, first, 0, second, ..]
            if is_ascii_text(first) && is_ascii_text(second) =>
        {
            "UTF-16"
        }
        _ => return None,
    };
    Some(
        SyntaxError::new(Span::at(0), format!("file is encoded in {encoding}"))
            .with_note("save it as UTF-8: BuildKit does not read other encodings"),
    )
}

fn is_ascii_text(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte.is_ascii_whitespace()
}

/// The error of a file that is a program, a picture or an archive. BuildKit reads a NUL byte like
/// any other, so that alone does not make a file binary: nor does it start with an instruction.
pub(super) fn binary(source: &Source, file: &Dockerfile) -> Option<SyntaxError> {
    let first = file.instructions.first()?;
    if first.keyword.kind != Kind::Unknown || memchr::memchr(0, source.bytes()).is_none() {
        return None;
    }
    Some(
        SyntaxError::new(Span::at(0), "file is binary, not a Dockerfile")
            .with_note("BuildKit reads it as text and rejects its first line"),
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
            "lines end only with carriage returns",
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
        for text in [
            "\u{feff}FROM a\nRUN b\n",
            "FROM a\nRUN b\n",
            "# a\nFROM b\n",
            "\nFROM a\n",
        ] {
            let expected = ["file is encoded in UTF-16"];
            assert_eq!(errors(&utf16(text, u16::to_le_bytes)), expected);
            assert_eq!(errors(&utf16(text, u16::to_be_bytes)), expected);
        }
    }

    #[test]
    fn utf_32_is_one_error() {
        let expected = ["file is encoded in UTF-32"];
        assert_eq!(errors(b"\xff\xfe\0\0F\0\0\0R\0\0\0"), expected);
        assert_eq!(errors(b"\0\0\xfe\xff\0\0\0F\0\0\0R"), expected);
    }

    #[test]
    fn a_binary_file_is_one_error() {
        for bytes in [
            &b"\x7fELF\x02\x01\x01\0\0\0\n\0R\x05\n"[..],
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            b"PK\x03\x04\x14\0\x08\0",
            b"SQLite format 3\0",
            b"\0\0\0\0",
        ] {
            assert_eq!(errors(bytes), ["file is binary, not a Dockerfile"]);
        }
        assert!(errors(b"FROM a\nRUN echo b\0c\n").is_empty());
        assert!(errors(b"# \0\nFROM a\n").is_empty());
    }

    #[test]
    fn carriage_returns_alone_are_one_error() {
        let expected = ["lines end only with carriage returns"];
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
