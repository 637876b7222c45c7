//! Base images that no longer get security fixes, from `rules/end-of-life.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::image_ref::ImageRef;

/// A release in an image that is no longer supported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndOfLife {
    /// Name and version: `python 3.8`, `Debian buster`.
    pub what: String,
    /// The last day of support: `2024-06-30`.
    pub day: &'static str,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    image: Vec<Image>,
    codename: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    names: Vec<String>,
    /// Pages where these dates are published. Required, so that every row can be verified.
    #[serde(rename = "sources")]
    _sources: String,
    ends: BTreeMap<String, String>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../../rules/end-of-life.toml")).expect("a test parses it")
});

/// The unsupported release that an image's name and tag refer to.
pub fn end_of_life(image: &ImageRef) -> Option<EndOfLife> {
    let name = image.familiar_name()?;
    let tag = image.tag.as_str()?;
    for row in &TABLE.image {
        if !row.names.iter().any(|known| known == name) {
            continue;
        }
        for (version, day) in &row.ends {
            if is_of_version(tag, version) {
                return Some(EndOfLife {
                    what: format!("{name} {version}"),
                    day,
                });
            }
        }
        break;
    }
    // Only official images follow the convention that a codename in the tag denotes the
    // distribution.
    if name.contains('/') {
        return None;
    }
    for (codename, day) in &TABLE.codename {
        if tag.split('-').any(|part| part == codename) {
            return Some(EndOfLife {
                what: format!("Debian {codename}"),
                day,
            });
        }
    }
    None
}

/// Whether a tag is a version or refines it: `3.8.10-slim` matches `3.8`, `3.80` does not.
fn is_of_version(tag: &str, version: &str) -> bool {
    tag.strip_prefix(version)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(image: &str) -> Option<String> {
        end_of_life(&ImageRef::parse(image)).map(|end| end.what)
    }

    #[test]
    fn a_tag_goes_on_after_its_version() {
        assert_eq!(ended("python:3.8").as_deref(), Some("python 3.8"));
        assert_eq!(
            ended("docker.io/library/python:3.8.10-slim").as_deref(),
            Some("python 3.8")
        );
        assert_eq!(ended("alpine:3.2").as_deref(), Some("alpine 3.2"));
        assert_eq!(ended("alpine:3.23"), None);
        assert_eq!(ended("node:22-alpine"), None);
    }

    #[test]
    fn a_distribution_in_the_tag_counts_for_official_images() {
        assert_eq!(
            ended("golang:1.25-buster").as_deref(),
            Some("Debian buster")
        );
        assert_eq!(
            ended("debian:stretch-slim").as_deref(),
            Some("Debian stretch")
        );
        assert_eq!(ended("somebody/golang:buster"), None);
        assert_eq!(ended("debian:trixie"), None);
    }

    #[test]
    fn days_are_days() {
        let days = TABLE
            .image
            .iter()
            .flat_map(|image| image.ends.values())
            .chain(TABLE.codename.values());
        for day in days {
            let parts: Vec<usize> = day.split('-').map(str::len).collect();
            assert_eq!(parts, [4, 2, 2], "{day}");
        }
    }
}
