//! The dynamic string tokens: `$ORIGIN`, `$LIB` and `$PLATFORM`, with or without braces.

/// The values of tokens. There are several if the value depends on the processor or is unknown.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    pub(super) origin: &'a [u8],
    pub(super) lib: &'a [Vec<u8>],
    pub(super) platform: &'a [String],
}

/// Maximum number of tokens in a path; each may expand to a long text, and real paths have one or
/// two.
const MAX_TOKENS: usize = 16;

/// glibc's expansion: a text for each combination of values, and whether there is a choice. A `$`
/// that does not start a token is left unchanged. If there are too many tokens, the result is
/// empty.
pub(super) fn expand(text: &[u8], tokens: &Tokens<'_>) -> Vec<(Vec<u8>, bool)> {
    // Almost all names contain no tokens.
    if !text.contains(&b'$') {
        return vec![(text.to_vec(), false)];
    }
    if memchr::memchr_iter(b'$', text).count() > MAX_TOKENS {
        return Vec::new();
    }
    let libs: Vec<&[u8]> = tokens.lib.iter().map(Vec::as_slice).collect();
    let platforms: Vec<&[u8]> = tokens.platform.iter().map(String::as_bytes).collect();
    let mut expanded = vec![(replace(text, b"ORIGIN", tokens.origin), false)];
    for (token, values) in [(&b"LIB"[..], libs), (&b"PLATFORM"[..], platforms)] {
        // If the token does not occur, there is no choice, no matter how many values it has.
        if find(text, token, 0).is_none() {
            continue;
        }
        let is_choice = values.len() > 1;
        let mut replaced = Vec::new();
        for (text, is_variant) in &expanded {
            for value in &values {
                replaced.push((replace(text, token, value), *is_variant || is_choice));
            }
        }
        expanded = replaced;
    }
    expanded
}

/// musl's expansion of a whole search path: only `$ORIGIN` is expanded, and any other `$` makes the
/// path invalid.
pub(super) fn expand_origin_only(text: &[u8], origin: &[u8]) -> Option<Vec<u8>> {
    if memchr::memchr_iter(b'$', text).count() > MAX_TOKENS * super::search::MAX_ELEMENTS {
        return None;
    }
    for at in memchr::memchr_iter(b'$', text) {
        let rest = &text[at..];
        if !rest.starts_with(b"$ORIGIN") && !rest.starts_with(b"${ORIGIN}") {
            return None;
        }
    }
    Some(replace(text, b"ORIGIN", origin))
}

pub(super) fn has_origin(text: &[u8]) -> bool {
    find(text, b"ORIGIN", 0).is_some()
}

fn replace(text: &[u8], token: &[u8], value: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len() + value.len());
    let mut from = 0;
    while let Some((at, length)) = find(text, token, from) {
        replaced.extend_from_slice(&text[from..at]);
        replaced.extend_from_slice(value);
        from = at + length;
    }
    replaced.extend_from_slice(&text[from..]);
    replaced
}

/// Finds the next `$TOKEN` or `${TOKEN}`: its position and its length.
fn find(text: &[u8], token: &[u8], from: usize) -> Option<(usize, usize)> {
    for at in memchr::memchr_iter(b'$', &text[from..]) {
        let at = from + at;
        let rest = &text[at + 1..];
        if rest.starts_with(token) {
            return Some((at, token.len() + 1));
        }
        if let Some(braced) = rest.strip_prefix(b"{")
            && let Some(behind) = braced.strip_prefix(token)
            && behind.starts_with(b"}")
        {
            return Some((at, token.len() + 3));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Vec<(String, bool)> {
        let lib = [b"lib64".to_vec()];
        let tokens = Tokens {
            origin: b"/opt/bin",
            lib: &lib,
            platform: &["x86_64".to_owned(), "haswell".to_owned()],
        };
        expand(text.as_bytes(), &tokens)
            .into_iter()
            .map(|(text, choice)| (String::from_utf8(text).unwrap(), choice))
            .collect()
    }

    #[test]
    fn origin_and_lib_expand_to_one_value() {
        assert_eq!(
            expanded("$ORIGIN/../$LIB"),
            [("/opt/bin/../lib64".to_owned(), false)]
        );
        assert_eq!(
            expanded("${ORIGIN}x/${LIB}"),
            [("/opt/binx/lib64".to_owned(), false)]
        );
    }

    #[test]
    fn platform_expands_to_every_platform_name() {
        let expected = [
            ("/a/x86_64".to_owned(), true),
            ("/a/haswell".to_owned(), true),
        ];
        assert_eq!(expanded("/a/$PLATFORM"), expected);
    }

    #[test]
    fn unknown_tokens_are_left_unexpanded() {
        assert_eq!(
            expanded("/a/$HOME/${ORIGIN"),
            [("/a/$HOME/${ORIGIN".to_owned(), false)]
        );
    }

    #[test]
    fn musl_expands_origin_and_refuses_other_tokens() {
        assert_eq!(
            expand_origin_only(b"$ORIGIN/a:${ORIGIN}/b", b"/o"),
            Some(b"/o/a:/o/b".to_vec())
        );
        assert_eq!(expand_origin_only(b"$ORIGIN/a:/$LIB", b"/o"), None);
    }
}
