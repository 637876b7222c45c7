//! File names as URIs, with spaces and non-ASCII characters escaped.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything except slashes and the unreserved characters of RFC 3986. A colon in the first
/// segment would end a scheme.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// A relative reference for a relative name, a `file:` URI for an absolute one.
pub fn uri(name: &str) -> String {
    if name.starts_with('/') {
        file_uri(name)
    } else {
        escaped(super::relative(name))
    }
}

/// The URI of an absolute path.
pub fn file_uri(path: &str) -> String {
    format!("file://{}", escaped(path))
}

fn escaped(path: &str) -> String {
    utf8_percent_encode(path, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_escaped_in_uris() {
        assert_eq!(uri("./a b/Dockerfile"), "a%20b/Dockerfile");
        assert_eq!(uri("c:/ü%.Dockerfile"), "c%3A/%C3%BC%25.Dockerfile");
        assert_eq!(uri("/srv/Dockerfile"), "file:///srv/Dockerfile");
    }
}
