//! Names of images, as they are written.

use super::super::error::WriteError;

/// What every engine takes as a name; a registry may be stricter.
pub(super) fn check_tag(tag: &str) -> Result<(), WriteError> {
    let refuse = |reason| {
        Err(WriteError::Tag {
            tag: tag.to_owned(),
            reason,
        })
    };
    let last = tag.rsplit('/').next().unwrap_or_default();
    let repository = match last.split_once(':') {
        Some((_, "")) => return refuse("nothing follows the colon"),
        Some((_, tag)) => {
            if !tag
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
                || tag.len() > 128
            {
                return refuse("a tag has letters, digits, `_`, `.` and `-` alone, 128 at most");
            }
            &last[..last.len() - tag.len() - 1]
        }
        None => last,
    };
    if repository.is_empty() {
        return refuse("the repository has no name");
    }
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    if !repository.bytes().all(plain) {
        return refuse("a repository has lower-case letters, digits, `_`, `.` and `-` alone");
    }
    let prefix = &tag[..tag.len() - last.len()];
    if !prefix
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_.-:/".contains(&byte))
        || prefix.contains("//")
    {
        return refuse("its path has characters that no registry has");
    }
    Ok(())
}
