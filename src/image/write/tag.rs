//! Checks of image names that are written to an archive or a layout.

use super::super::error::WriteError;

/// Rejects names that some engine does not accept. A registry may be stricter.
pub(super) fn check_tag(tag: &str) -> Result<(), WriteError> {
    match problem(tag) {
        Some(reason) => Err(WriteError::Tag {
            tag: tag.to_owned(),
            reason,
        }),
        None => Ok(()),
    }
}

/// The reason why a name is invalid.
fn problem(name: &str) -> Option<&'static str> {
    // A colon before the last slash belongs to a port.
    let last = name.rsplit('/').next().unwrap_or_default();
    let repository = match last.split_once(':') {
        Some((_, "")) => return Some("it has no tag after the colon"),
        Some((repository, tag)) => {
            // The specification's limit applies only to the tag.
            if !has_only(tag, b"_.-", u8::is_ascii_alphanumeric) || tag.len() > 128 {
                return Some("a tag has at most 128 characters: letters, digits, `_`, `.` and `-`");
            }
            repository
        }
        None => last,
    };
    if repository.is_empty() {
        return Some("it has no repository");
    }
    if !has_only(repository, b"_.-", |byte| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit()
    }) {
        return Some("a repository has only lowercase letters, digits, `_`, `.` and `-`");
    }
    let prefix = &name[..name.len() - last.len()];
    if !has_only(prefix, b"_.-:/", u8::is_ascii_alphanumeric) || prefix.contains("//") {
        return Some("it has characters that are not allowed in a registry or path");
    }
    None
}

fn has_only(text: &str, marks: &[u8], is_allowed: impl Fn(&u8) -> bool) -> bool {
    text.bytes()
        .all(|byte| is_allowed(&byte) || marks.contains(&byte))
}
