//! The distribution of an image, from os-release(5).

use crate::image::{Image, Kind, ReadError};

/// Fields of os-release; empty if the image has no such file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// `debian`, `alpine`, `fedora`.
    pub id: String,
    /// `12`, `3.20.1`; empty for a rolling distribution.
    pub version_id: String,
    /// `Debian GNU/Linux 12 (bookworm)`.
    pub pretty_name: String,
}

/// Paths of os-release, in the order of precedence in os-release(5).
const PLACES: [&[u8]; 2] = [b"/etc/os-release", b"/usr/lib/os-release"];
/// Largest os-release, in bytes; real ones have a few hundred.
const MAX_LENGTH: u64 = 1 << 20;
/// Longest value, in bytes. The URL of every package contains the ID and the version.
const MAX_VALUE: usize = 256;

pub(super) fn read(image: &Image) -> Result<Distribution, ReadError> {
    for place in PLACES {
        let Ok(resolved) = image.tree.resolve(place) else {
            continue;
        };
        if let Kind::File(content) = &image.tree.inode(resolved.name).kind
            && content.length() < MAX_LENGTH
        {
            return Ok(parse(&image.read(resolved.name)?));
        }
    }
    Ok(Distribution::default())
}

fn parse(bytes: &[u8]) -> Distribution {
    let text = String::from_utf8_lossy(bytes);
    Distribution {
        id: value(&text, "ID"),
        version_id: value(&text, "VERSION_ID"),
        pretty_name: value(&text, "PRETTY_NAME"),
    }
}

/// Returns the value that is assigned to a key, without quotes.
fn value(text: &str, key: &str) -> String {
    // The file is a list of shell assignments, in which the last one counts.
    let value = text
        .lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
    let value = value.unwrap_or_default().trim_matches(['"', '\'']);
    // The URL of every package contains the ID and the version. A value of kilobytes is none.
    if value.len() > MAX_VALUE {
        return String::new();
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_quoted_and_the_last_assignment_is_used() {
        let distribution =
            parse(b"ID=\"x\"\nPRETTY_NAME='A B'\nVERSION_ID=3.20.1\nID=alpine\nID_LIKE=y\n");
        let expected = Distribution {
            id: "alpine".into(),
            version_id: "3.20.1".into(),
            pretty_name: "A B".into(),
        };
        assert_eq!(distribution, expected);
    }
}
