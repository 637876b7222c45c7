//! Paths as text: UTF-8 with `\xff` for each stray byte and `\\` for a backslash, so that every
//! path has exactly one text and every text at most one path.

use std::fmt::Write as _;

/// The text of a path.
pub(in crate::evidence) fn encode(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', "\\\\"));
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The path of a text; `None` for a text that [`encode`] does not write.
pub(in crate::evidence) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut path = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        path.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('\\') {
            path.push(b'\\');
            rest = after;
        } else {
            let digits = rest.strip_prefix('x')?.get(..2)?;
            path.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[3..];
        }
    }
    path.extend_from_slice(rest.as_bytes());
    // `\x41` for `A` would be a second text for one path.
    if encode(&path) == text {
        Some(path)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_survives_the_way_to_text_and_back() {
        for path in [
            &b"/etc/passwd"[..],
            b"/a\\xff",
            b"/a\xff\xfe\\",
            "/\u{e9}\n\u{1b}".as_bytes(),
            b"",
        ] {
            assert_eq!(decode(&encode(path)).as_deref(), Some(path));
        }
    }

    #[test]
    fn a_text_that_is_never_written_has_no_path() {
        for text in [
            "\\",
            "\\x",
            "\\x4",
            "\\x41",
            "\\xFF",
            "\\n",
            "\\x\u{e9}",
            "\\x+f",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
