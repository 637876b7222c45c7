//! References to images as Dockerfiles write them.
//!
//! [`Name`] is a valid name of which everything is known. What a Dockerfile has may be neither: a
//! part may be in a variable without a value, and FROM with an invalid name still has a tag that a
//! rule reports. So this type has the same [`Parts`], unchecked, each of which may be unknown.

use super::scope::UNKNOWN;
use crate::image::Name;
use crate::image::name::{DEFAULT_REGISTRY, Parts};

/// A reference `registry/path:tag@digest`, as far as its variables have known values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef {
    /// Registry and path as written; `None` if they are not known.
    pub name: Option<String>,
    pub tag: Reading,
    pub digest: Reading,
}

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
    /// Parses an expanded text, in which U+FFFC stands for an unknown value.
    pub fn parse(text: &str) -> Self {
        let Parts { name, tag, digest } = Parts::of(text);
        let (tag, digest) = (Reading::of(tag), Reading::of(digest));
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        // A variable in the last part may bring a tag, a digest, or the whole reference; one in the
        // tag a digest.
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

    /// The name without the default registry and its `library/`: `debian` for
    /// `docker.io/library/debian`.
    pub fn familiar_name(&self) -> Option<&str> {
        Some(self.parts()?.familiar_name())
    }

    fn parts(&self) -> Option<Parts<'_>> {
        Some(Parts::of(self.name.as_deref()?))
    }
}

/// Whether a text is a valid reference for FROM.
pub fn is_image_name(text: &str) -> bool {
    // Docker refuses the ID of an image as a name.
    text.parse::<Name>().is_ok_and(|name| !name.is_id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(text: &str) -> Reading {
        Reading::Is(text.into())
    }

    #[test]
    fn a_port_is_no_tag() {
        let image = ImageRef::parse("localhost:5000/app");
        assert_eq!(
            (image.name.as_deref(), image.tag),
            (Some("localhost:5000/app"), Reading::Absent)
        );
        let image = ImageRef::parse("localhost:5000/app:1@sha256:ab");
        assert_eq!((image.tag, image.digest), (is("1"), is("sha256:ab")));
    }

    #[test]
    fn an_unknown_registry_hides_no_tag() {
        let image = ImageRef::parse(&format!("{UNKNOWN}/ubuntu"));
        assert_eq!((image.name, image.tag), (None, Reading::Absent));
    }

    #[test]
    fn an_unknown_last_part_may_bring_a_tag() {
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
    fn an_id_is_not_a_name() {
        let id = "a".repeat(64);
        assert!(!is_image_name(&id));
        assert!(is_image_name(&format!("{id}:1")));
        assert!(is_image_name("r.io:5000/a__b/c--d:Tag_1.0"));
        assert!(!is_image_name("Busybox"));
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
    fn the_hub_has_many_names() {
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
