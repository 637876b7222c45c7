//! Base images that get no more fixes: `rules/end-of-life.toml`, read once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::image_ref::ImageRef;

/// That something in an image has come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndOfLife {
    /// `python 3.8`, `Debian buster`.
    pub what: String,
    /// `2024-06-30`.
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
    /// Where the days are published.
    #[serde(rename = "sources")]
    _sources: String,
    ends: BTreeMap<String, String>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../../rules/end-of-life.toml")).expect("the tests read it")
});

/// What of an image has ended, by its name and its tag.
pub fn end_of_life(image: &ImageRef) -> Option<EndOfLife> {
    let name = image.familiar_name()?;
    let tag = image.tag.as_str()?;
    let row = TABLE
        .image
        .iter()
        .find(|row| row.names.iter().any(|known| known == name));
    let by_version = row.and_then(|row| {
        row.ends
            .iter()
            .find(|(version, _)| is_of_version(tag, version))
    });
    let official = !name.contains('/');
    let by_codename = TABLE
        .codename
        .iter()
        .find(|(codename, _)| official && tag.split('-').any(|part| part == *codename));
    let by_version = by_version.map(|(version, day)| EndOfLife {
        what: format!("{name} {version}"),
        day,
    });
    by_version.or_else(|| {
        by_codename.map(|(codename, day)| EndOfLife {
            what: format!("Debian {codename}"),
            day,
        })
    })
}

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
