//! References to images as Dockerfiles write them.
//!
//! [`Name`] is a valid, fully known name. A reference in a Dockerfile may be neither: a part may be
//! in a variable without a value, and a FROM with an invalid name still has a tag that a rule
//! reports. This type therefore has the same [`Parts`] without validation, and each part may be
//! unknown.

use std::ops::Range;

use super::scope::UNKNOWN;
use crate::image::Name;
use crate::image::name::{DEFAULT_REGISTRY, HUB, NameProblem, Parts, digest_fault};

/// A reference `registry/path:tag@digest`, as far as the values of its variables are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef {
    /// Registry and path as written; `None` if they are not known.
    pub name: Option<String>,
    pub tag: Reading,
    pub digest: Reading,
}

/// Registries that are mirrors of Docker Hub.
const HUB_MIRRORS: [&str; 3] = ["mirror.gcr.io", "docker.m.daocloud.io", "dockerproxy.com"];

/// Directories of registries that are mirrors of Docker Hub.
const MIRRORS: [&str; 1] = ["public.ecr.aws/docker/"];

/// Accounts of the official images: that of all platforms, and one of each.
const OFFICIAL: [&str; 12] = [
    "library", "amd64", "arm32v5", "arm32v6", "arm32v7", "arm64v8", "i386", "mips64le", "ppc64le",
    "riscv64", "s390x", "winamd64",
];

/// A part of a reference, which may be missing or hidden in a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    Absent,
    Unknown,
    Is(String),
}

impl Reading {
    fn of(text: Option<&str>) -> Self {
        match text {
            Some(text) if text.contains(UNKNOWN) => Self::Unknown,
            Some(text) => Self::Is(text.to_owned()),
            None => Self::Absent,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Is(text) => Some(text),
            Self::Absent | Self::Unknown => None,
        }
    }
}

impl ImageRef {
    /// Parses an expanded text, in which U+FFFC represents an unknown value.
    pub fn parse(text: &str) -> Self {
        let Parts { name, tag, digest } = Parts::of(text);
        let (tag, digest) = (Reading::of(tag), Reading::of(digest));
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        // A variable in the last part may contain a tag, a digest, or the whole reference; a
        // variable in the tag may contain a digest.
        let hidden = name.is_empty() || name[last..].contains(UNKNOWN);
        let tag = if hidden && tag == Reading::Absent {
            Reading::Unknown
        } else {
            tag
        };
        let digest = if tag == Reading::Unknown && digest == Reading::Absent {
            Reading::Unknown
        } else {
            digest
        };
        let name = if name.is_empty() || name.contains(UNKNOWN) {
            None
        } else {
            Some(name.to_owned())
        };
        Self { name, tag, digest }
    }

    /// The registry: `docker.io` unless the name has another; `None` if the name is not known.
    pub fn registry(&self) -> Option<&str> {
        let (registry, _) = self.parts()?.registry_and_repository();
        Some(registry.unwrap_or(DEFAULT_REGISTRY))
    }

    /// The name of an image on Docker Hub, regardless of the mirror that it comes from. For
    /// official images, it has no `library/` or platform: `debian` for `docker.io/library/debian`
    /// and `mirror.gcr.io/arm64v8/debian`. Other images have their whole name.
    pub fn familiar_name(&self) -> Option<&str> {
        let parts = self.parts()?;
        let name = match parts.registry_and_repository() {
            (Some(registry), repository) if is_hub(registry) => repository,
            _ => parts.name,
        };
        // The mirrors of a registry that has others too.
        let name = MIRRORS
            .iter()
            .find_map(|mirror| name.strip_prefix(mirror))
            .unwrap_or(name);
        let official = match name.split_once('/') {
            Some((account, image)) if OFFICIAL.contains(&account) => image,
            _ => name,
        };
        // `amd64/a/b` is not an image of Docker Hub.
        if official.contains('/') {
            return Some(name);
        }
        Some(official)
    }

    fn parts(&self) -> Option<Parts<'_>> {
        Some(Parts::of(self.name.as_deref()?))
    }
}

fn is_hub(registry: &str) -> bool {
    HUB.contains(&registry) || HUB_MIRRORS.contains(&registry)
}

/// A part of a reference that Docker refuses in FROM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameFault {
    /// The position of the part in the reference; empty if it is missing.
    pub range: Range<usize>,
    /// The reason, as the end of a message.
    pub reason: &'static str,
}

/// Whether a text is a valid reference for FROM.
pub fn is_image_name(text: &str) -> bool {
    image_name_fault(text).is_none()
}

/// The first part of a reference that is not valid.
pub fn image_name_fault(text: &str) -> Option<NameFault> {
    let problem = match text.parse::<Name>() {
        // Docker refuses the ID of an image as a name.
        Ok(name) if name.is_id() => {
            return Some(NameFault {
                range: 0..text.len(),
                reason: "it is an image ID",
            });
        }
        Ok(_) => return None,
        Err(error) => error.problem,
    };
    let parts = Parts::of(text);
    let (registry, repository) = parts.registry_and_repository();
    let start = registry.map_or(0, |registry| registry.len() + 1);
    let path = start..start + repository.len();
    // The tag follows its colon, and the digest follows its `@`.
    let tag = path.end..path.end + parts.tag.map_or(0, |tag| tag.len() + 1);
    let (range, reason) = match problem {
        NameProblem::Registry(registry) => (0..registry.len(), "the registry is not valid"),
        NameProblem::NoRepository => (path, "the name is empty"),
        NameProblem::LongRepository => (path, "the name is longer than 255 characters"),
        NameProblem::Repository(_) if repository.contains(char::is_uppercase) => {
            (path, "the name must be lowercase")
        }
        NameProblem::Repository(_) => (path, "the name is not valid"),
        NameProblem::NoTag => (tag, "the tag is empty"),
        NameProblem::Tag(_) => (tag.start + 1..tag.end, "the tag is not valid"),
        NameProblem::Digest(digest) => (tag.end + 1..text.len(), digest_fault(&digest)?),
        // A reference in a Dockerfile may have one.
        NameProblem::HasDigest => return None,
    };
    Some(NameFault { range, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(text: &str) -> Reading {
        Reading::Is(text.into())
    }

    #[test]
    fn a_registry_port_is_not_a_tag() {
        let image = ImageRef::parse("localhost:5000/app");
        assert_eq!(
            (image.name.as_deref(), image.tag),
            (Some("localhost:5000/app"), Reading::Absent)
        );
        let image = ImageRef::parse("localhost:5000/app:1@sha256:ab");
        assert_eq!((image.tag, image.digest), (is("1"), is("sha256:ab")));
    }

    #[test]
    fn mirrors_of_official_images_have_the_familiar_name() {
        for name in [
            "debian",
            "docker.io/debian",
            "index.docker.io/library/debian",
            "mirror.gcr.io/library/debian",
            "public.ecr.aws/docker/library/debian",
            "arm64v8/debian",
            "mirror.gcr.io/i386/debian",
        ] {
            let image = ImageRef::parse(name);
            assert_eq!(image.familiar_name(), Some("debian"), "{name}");
        }
        for name in [
            "example.com/library/debian",
            "public.ecr.aws/debian/debian",
            "a/debian",
        ] {
            let image = ImageRef::parse(name);
            assert_eq!(image.familiar_name(), Some(name));
        }
    }

    #[test]
    fn a_missing_tag_is_known_even_if_the_registry_is_unknown() {
        let image = ImageRef::parse(&format!("{UNKNOWN}/ubuntu"));
        assert_eq!((image.name, image.tag), (None, Reading::Absent));
    }

    #[test]
    fn an_unknown_last_part_may_contain_a_tag() {
        for text in [
            format!("{UNKNOWN}"),
            format!("alpine{UNKNOWN}"),
            format!("a/{UNKNOWN}"),
            String::new(),
        ] {
            let image = ImageRef::parse(&text);
            assert_eq!(
                (image.tag, image.digest),
                (Reading::Unknown, Reading::Unknown),
                "{text}"
            );
        }
        let image = ImageRef::parse(&format!("{UNKNOWN}/{UNKNOWN}:latest"));
        assert_eq!((image.tag, image.digest), (is("latest"), Reading::Absent));
    }

    #[test]
    fn an_image_id_is_not_an_image_name() {
        let id = "a".repeat(64);
        assert!(!is_image_name(&id));
        assert!(is_image_name(&format!("{id}:1")));
        assert!(is_image_name("r.io:5000/a__b/c--d:Tag_1.0"));
        assert!(!is_image_name("Busybox"));
    }

    #[test]
    fn faults_of_a_reference_point_at_the_wrong_part() {
        for (text, place, reason) in [
            ("Debian:12", "Debian", "the name must be lowercase"),
            ("ghcr.io/A/b", "A/b", "the name must be lowercase"),
            ("debian:", ":", "the tag is empty"),
            ("debian:-x", "-x", "the tag is not valid"),
            (
                "debian@sha256:12",
                "sha256:12",
                "the digest has the wrong length",
            ),
            (
                "debian:12@md5:ab",
                "md5:ab",
                "the algorithm must be `sha256`, `sha384` or `sha512`",
            ),
            ("a..b", "a..b", "the name is not valid"),
            ("r.io:x/a", "r.io:x", "the registry is not valid"),
            ("", "", "the name is empty"),
        ] {
            let fault = image_name_fault(text).expect("a fault");
            assert_eq!(
                (&text[fault.range], fault.reason),
                (place, reason),
                "{text}"
            );
        }
    }

    #[test]
    fn a_registry_has_a_dot_a_port_or_is_this_machine() {
        for (name, registry) in [
            ("a/b:1", "docker.io"),
            ("b", "docker.io"),
            ("ghcr.io/a/b", "ghcr.io"),
            ("localhost/a", "localhost"),
            ("r:5000/a", "r:5000"),
        ] {
            assert_eq!(ImageRef::parse(name).registry(), Some(registry), "{name}");
        }
    }

    #[test]
    fn every_spelling_of_docker_hub_gives_the_familiar_name() {
        for name in [
            "debian",
            "library/debian",
            "docker.io/debian:1",
            "docker.io/library/debian",
        ] {
            assert_eq!(ImageRef::parse(name).familiar_name(), Some("debian"));
        }
        assert_eq!(
            ImageRef::parse("gcr.io/distroless/cc").familiar_name(),
            Some("gcr.io/distroless/cc")
        );
    }
}
