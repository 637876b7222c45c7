//! Patterns: texts in which [`UNKNOWN`] stands for any text.

use super::values::UNKNOWN;

pub(super) fn pattern_text(pattern: &str) -> String {
    pattern.replace(UNKNOWN, "*")
}

/// Whether a text matches a pattern in which [`UNKNOWN`] stands for any text.
pub(super) fn is_match(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split(UNKNOWN);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_parts_of_a_pattern_match_any_text() {
        for (pattern, text) in [
            ("a\0", "a/b.js"),
            ("\0.js", "b.js"),
            ("a\0c\0", "abcd"),
            ("a", "a"),
        ] {
            assert!(is_match(pattern, text), "{pattern:?} {text}");
        }
        for (pattern, text) in [
            ("a\0", "b"),
            ("\0.js", "b.json"),
            ("a\0c\0d", "abd"),
            ("a", "ab"),
        ] {
            assert!(!is_match(pattern, text), "{pattern:?} {text}");
        }
    }
}
