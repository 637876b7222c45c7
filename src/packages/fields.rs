//! Paragraphs of `Field: value` lines, the format of dpkg's and apk's databases and of Python's
//! metadata.

/// Splits a text into paragraphs at blank lines.
pub(super) fn paragraphs(bytes: &[u8]) -> impl Iterator<Item = Paragraph<'_>> {
    let mut rest = bytes;
    // An iterator, because dpkg's status file has thousands on a large system, and callers do not
    // keep them.
    std::iter::from_fn(move || {
        let start = rest.iter().position(|&byte| byte != b'\n')?;
        let body = &rest[start..];
        let end = memchr::memmem::find(body, b"\n\n").map_or(body.len(), |end| end + 1);
        rest = &body[end..];
        Some(Paragraph {
            bytes: &body[..end],
        })
    })
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Paragraph<'a> {
    /// The raw bytes, including the last line break if there is one.
    pub(super) bytes: &'a [u8],
}

impl<'a> Paragraph<'a> {
    /// Value of a field, with its continuation lines. Field names are case-insensitive.
    pub(super) fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.fields(name).next()
    }

    /// All values of a field that may occur several times.
    pub(super) fn fields(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let bytes = self.bytes;
        let mut at = 0;
        std::iter::from_fn(move || {
            while at < bytes.len() {
                let start = at;
                at = end_of_line(bytes, at);
                // A line that starts with whitespace continues the field.
                while matches!(bytes.get(at), Some(b' ' | b'\t')) {
                    at = end_of_line(bytes, at);
                }
                let field = &bytes[start..at];
                // No space may precede the colon, so its position rules out most other fields.
                let colon = name.len();
                if field.get(colon) == Some(&b':')
                    && field[..colon].eq_ignore_ascii_case(name.as_bytes())
                {
                    return Some(field[colon + 1..].trim_ascii());
                }
            }
            None
        })
    }

    /// Value of a field as text; `None` if it is empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.field(name)
            .map(super::text)
            .filter(|text| !text.is_empty())
    }

    /// The same for a license, which may be longer.
    pub(super) fn license(&self, name: &str) -> Option<String> {
        self.field(name)
            .map(super::license_text)
            .filter(|text| !text.is_empty())
    }
}

/// The offset after the line that starts at `at`.
fn end_of_line(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_end_paragraphs_and_indented_lines_continue_fields() {
        let text = b"\nPackage: a\nConffiles:\n /etc/a 1\n /etc/b 2\nversion: 1\n\n\n\n\
            Package: b\nPackageX: c";
        let all: Vec<_> = paragraphs(text).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].field("Package"), Some(&b"a"[..]));
        assert_eq!(all[0].field("Conffiles"), Some(&b"/etc/a 1\n /etc/b 2"[..]));
        assert_eq!(all[0].text("Version"), Some("1".into()));
        assert_eq!(
            (all[1].text("Package"), all[1].text("Version")),
            (Some("b".into()), None)
        );
        assert_eq!(all[0].bytes.last(), Some(&b'\n'));
    }
}
