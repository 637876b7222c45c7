//! Images that no longer get security fixes, from `rules/end-of-life.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::image_ref::ImageRef;
use super::scope::glob_matches;

/// A release in an image that is no longer supported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndOfLife {
    /// Name and version: `python 3.8`, `Debian buster`.
    pub what: String,
    /// The last day of support: `2024-06-30`.
    pub day: &'static str,
    /// The page with that day.
    pub source: &'static str,
    /// The day on which the table was compared with that page.
    pub checked: &'static str,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    image: Vec<Image>,
    /// The code names of each distribution.
    codename: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    /// Names, some of them patterns.
    names: Vec<String>,
    /// The page with these dates. Required, so that every row can be checked.
    source: String,
    /// The day on which the row was compared with that page.
    checked: String,
    /// The last day of support of every version.
    all: Option<String>,
    /// The last day of support of each version.
    #[serde(default)]
    ends: BTreeMap<String, String>,
}

impl Image {
    fn is_named(&self, name: &str) -> bool {
        self.names
            .iter()
            .any(|known| known == name || (known.contains('*') && glob_matches(known, name)))
    }

    fn end(&'static self, what: String, day: &'static str) -> EndOfLife {
        EndOfLife {
            what,
            day,
            source: &self.source,
            checked: &self.checked,
        }
    }
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../../rules/end-of-life.toml")).expect("a test parses it")
});

/// Distributions by their names in tags such as `18-alpine3.16`.
const DISTRIBUTIONS: [(&str, &str); 5] = [
    ("alpine", "alpine"),
    ("centos", "centos"),
    ("debian", "debian"),
    ("fedora", "fedora"),
    ("ubuntu", "ubuntu"),
];

/// The unsupported release that an image's name and tag refer to.
pub fn end_of_life(image: &ImageRef) -> Option<EndOfLife> {
    let name = image.familiar_name()?;
    let tag = image.tag.as_str();
    of_version(name, tag)
        .or_else(|| of_distribution(name, tag.unwrap_or_default()))
        .or_else(|| of_codename(name, tag?))
}

/// The release of the program or distribution that an image is named for.
fn of_version(name: &str, tag: Option<&str>) -> Option<EndOfLife> {
    let row = TABLE.image.iter().find(|row| row.is_named(name))?;
    if let Some(day) = &row.all {
        return Some(row.end(name.to_owned(), day));
    }
    let tag = tag?;
    let mut found: Option<(&String, &String)> = None;
    for (version, day) in &row.ends {
        // `9` is the last of the releases that `9.6` is one of, so the longer version wins.
        let is_longer = found.is_none_or(|(known, _)| known.len() < version.len());
        if is_longer && is_of_version(tag, version) {
            found = Some((version, day));
        }
    }
    let (version, day) = found?;
    Some(row.end(format!("{name} {version}"), day))
}

/// The release of a distribution that is a part of the tag, `18-alpine3.16`, or of the name of a
/// distroless image, `base-debian10`.
fn of_distribution(name: &str, tag: &str) -> Option<EndOfLife> {
    let named = name.strip_prefix("gcr.io/distroless/").unwrap_or_default();
    for part in tag.split('-').chain(named.split('-')) {
        for (prefix, distribution) in DISTRIBUTIONS {
            if let Some(version) = part.strip_prefix(prefix)
                && version.starts_with(|c: char| c.is_ascii_digit())
                && let Some(end) = of_version(distribution, Some(version))
            {
                return Some(end);
            }
        }
    }
    None
}

/// The release of a distribution whose code name is a part of the tag: `3.12-slim-buster`.
fn of_codename(name: &str, tag: &str) -> Option<EndOfLife> {
    // Only official images follow this convention.
    if name.contains('/') {
        return None;
    }
    for (distribution, codenames) in &TABLE.codename {
        for (codename, day) in codenames {
            if !tag.split('-').any(|part| part == codename) {
                continue;
            }
            // The row of the distribution itself states the source of its dates.
            let image = distribution.to_ascii_lowercase();
            let row = TABLE.image.iter().find(|row| row.is_named(&image))?;
            return Some(row.end(format!("{distribution} {codename}"), day));
        }
    }
    None
}

/// Whether a tag is a version or refines it: `3.8.10-slim` and `v3.8` are of `3.8`, `3.80` is not.
fn is_of_version(tag: &str, version: &str) -> bool {
    let number = match tag.strip_prefix('v') {
        Some(number) if number.starts_with(|c: char| c.is_ascii_digit()) => number,
        _ => tag,
    };
    number
        .strip_prefix(version)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn ended(image: &str) -> Option<String> {
        end_of_life(&ImageRef::parse(image)).map(|end| end.what)
    }

    #[test]
    fn a_tag_may_continue_after_its_version() {
        assert_eq!(ended("python:3.8").as_deref(), Some("python 3.8"));
        assert_eq!(
            ended("docker.io/library/python:3.8.10-slim").as_deref(),
            Some("python 3.8")
        );
        assert_eq!(ended("alpine:3.2").as_deref(), Some("alpine 3.2"));
        assert_eq!(ended("traefik:v1.7").as_deref(), Some("traefik 1.7"));
        assert_eq!(ended("alpine:3.23"), None);
        assert_eq!(ended("node:22-alpine"), None);
    }

    #[test]
    fn the_longest_matching_version_is_used() {
        assert_eq!(
            ended("postgres:9.4-alpine").as_deref(),
            Some("postgres 9.4")
        );
        assert_eq!(ended("postgres:9").as_deref(), Some("postgres 9"));
        assert_eq!(ended("redis:5").as_deref(), Some("redis 5"));
    }

    #[test]
    fn an_official_image_is_recognized_behind_a_mirror() {
        for registry in [
            "docker.io/library/",
            "mirror.gcr.io/library/",
            "public.ecr.aws/docker/library/",
            "registry.hub.docker.com/library/",
            "arm64v8/",
        ] {
            let image = format!("{registry}alpine:3.10");
            assert_eq!(ended(&image).as_deref(), Some("alpine 3.10"), "{image}");
        }
        assert_eq!(ended("example.com/library/alpine:3.10"), None);
    }

    #[test]
    fn a_distribution_codename_is_recognized_in_tags_of_official_images() {
        assert_eq!(
            ended("golang:1.27-buster").as_deref(),
            Some("Debian buster")
        );
        assert_eq!(
            ended("buildpack-deps:focal-curl").as_deref(),
            Some("Ubuntu focal")
        );
        assert_eq!(
            ended("debian:stretch-slim").as_deref(),
            Some("Debian stretch")
        );
        assert_eq!(ended("somebody/golang:buster"), None);
        assert_eq!(ended("debian:trixie"), None);
    }

    #[test]
    fn a_distribution_with_a_version_is_recognized_in_any_image() {
        assert_eq!(ended("node:24-alpine3.16").as_deref(), Some("alpine 3.16"));
        assert_eq!(
            ended("nvidia/cuda:11.8.0-devel-ubuntu18.04").as_deref(),
            Some("ubuntu 18.04")
        );
        assert_eq!(
            ended("gcr.io/distroless/base-debian10").as_deref(),
            Some("debian 10")
        );
        assert_eq!(ended("gcr.io/distroless/base-debian12:nonroot"), None);
        assert_eq!(ended("node:24-alpine"), None);
    }

    #[test]
    fn an_image_may_be_unsupported_in_all_its_versions() {
        assert!(ended("registry.access.redhat.com/ubi7/ubi-minimal").is_some());
        assert!(ended("registry.access.redhat.com/ubi9/ubi-minimal").is_none());
        assert!(ended("clearlinux").is_some());
    }

    #[test]
    fn every_end_of_life_day_is_a_valid_date() {
        let days = TABLE
            .image
            .iter()
            .flat_map(|image| {
                image
                    .ends
                    .values()
                    .chain(&image.all)
                    .chain([&image.checked])
            })
            .chain(TABLE.codename.values().flat_map(BTreeMap::values));
        for day in days {
            let parts: Vec<usize> = day.split('-').map(str::len).collect();
            assert_eq!(parts, [4, 2, 2], "{day}");
        }
    }

    #[test]
    fn every_image_has_one_row_with_a_source() {
        assert!(TABLE.image.len() >= 40);
        let mut names = BTreeSet::new();
        for image in &TABLE.image {
            assert!(
                image.source.starts_with("https://endoflife.date/"),
                "{:?}",
                image.names
            );
            assert_eq!(
                image.all.is_some(),
                image.ends.is_empty(),
                "{:?}",
                image.names
            );
            for name in &image.names {
                assert!(names.insert(name), "{name}");
            }
        }
    }
}
