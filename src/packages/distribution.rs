//! Which distribution an image is of: os-release.

use crate::image::{Image, Kind, ReadError};

/// What os-release says; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// `debian`, `alpine`, `fedora`.
    pub id: String,
    /// `12`, `3.20.1`; empty for a rolling one.
    pub version_id: String,
    /// `Debian GNU/Linux 12 (bookworm)`.
    pub pretty_name: String,
}

const PLACES: [&[u8]; 2] = [b"/etc/os-release", b"/usr/lib/os-release"];

pub(super) fn read(image: &Image) -> Result<Distribution, ReadError> {
    for place in PLACES {
        let Ok(resolved) = image.tree.resolve(place) else {
            continue;
        };
        if matches!(&image.tree.inode(resolved.name).kind, Kind::File(content) if content.length() < 1 << 20)
        {
            return Ok(parse(&image.read(resolved.name)?));
        }
    }
    Ok(Distribution::default())
}

fn parse(bytes: &[u8]) -> Distribution {
    let text = String::from_utf8_lossy(bytes);
    let value = |key: &str| {
        let value = text
            .lines()
            .rev()
            .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
        value
            .unwrap_or_default()
            .trim_matches(['"', '\''])
            .to_owned()
    };
    Distribution {
        id: value("ID"),
        version_id: value("VERSION_ID"),
        pretty_name: value("PRETTY_NAME"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_quoted_and_the_last_one_counts() {
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
