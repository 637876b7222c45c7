//! File names as URIs, with spaces and non-ASCII characters escaped.

use std::fmt::Write as _;

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

/// A path in which everything except slashes and the unreserved characters of RFC 3986 is escaped.
/// A colon in the first segment would end a scheme.
fn escaped(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
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
