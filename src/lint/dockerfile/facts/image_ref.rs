//! Image references in Dockerfiles.

use super::scope::UNKNOWN;

/// A reference `registry/path:tag@digest`, as far as the values of its variables are known.
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
    fn of(text: &str) -> Self {
        if text.contains(UNKNOWN) {
            Self::Unknown
        } else {
            Self::Is(text.to_owned())
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
        let (text, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Reading::of(digest)),
            None => (text, Reading::Absent),
        };
        // A colon before the last slash belongs to the registry's port.
        let last = text.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match text[last..].find(':') {
            Some(colon) => (
                &text[..last + colon],
                Reading::of(&text[last + colon + 1..]),
            ),
            None => (text, Reading::Absent),
        };
        // A variable in the last part may contain a tag, a digest, or the whole reference; one in
        // the tag may contain a digest.
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
        match self.name.as_deref()?.split_once('/') {
            // Docker treats the first part as a host only if it looks like one.
            Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => Some(first),
            _ => Some("docker.io"),
        }
    }

    /// The name without the default registry and its `library/`: `debian` for
    /// `docker.io/library/debian`.
    pub fn familiar_name(&self) -> Option<&str> {
        let name = self.name.as_deref()?;
        // All host names of Docker Hub.
        let hub = [
            "docker.io/",
            "index.docker.io/",
            "registry-1.docker.io/",
            "registry.hub.docker.com/",
        ];
        let name = hub
            .iter()
            .find_map(|registry| name.strip_prefix(registry))
            .unwrap_or(name);
        Some(name.strip_prefix("library/").unwrap_or(name))
    }
}

/// Whether a text is a valid reference, by the rules of `ParseNormalizedNamed` in
/// distribution/reference.
pub fn is_image_name(text: &str) -> bool {
    let (text, digest) = text
        .split_once('@')
        .map_or((text, None), |(text, digest)| (text, Some(digest)));
    let (domain, path) = match text.split_once('/') {
        Some((first, rest)) if is_domain(first) => (Some(first), rest),
        _ => (None, text),
    };
    let (path, tag) = path
        .split_once(':')
        .map_or((path, None), |(path, tag)| (path, Some(tag)));
    // 64 hexadecimal digits are an image ID, which that function rejects as a name.
    let is_id = path.len() == 64 && path.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    domain.is_none_or(is_valid_domain)
        && path.split('/').all(is_valid_component)
        && !(is_id && domain.is_none() && tag.is_none() && digest.is_none())
        && tag.is_none_or(is_valid_tag)
        && digest.is_none_or(is_valid_digest)
}

/// Whether the part before the first slash is a registry.
fn is_domain(first: &str) -> bool {
    first.contains(['.', ':'])
        || first == "localhost"
        || first.bytes().any(|b| b.is_ascii_uppercase())
}

fn is_valid_domain(domain: &str) -> bool {
    let (host, port) = match domain.rsplit_once(':') {
        // The colons of `[::1]` without a port are part of the address.
        Some((host, port)) if !domain.ends_with(']') => (host, Some(port)),
        _ => (domain, None),
    };
    let host_is_valid = match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(address) => address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'),
        None => host.split('.').all(is_host_label),
    };
    host_is_valid
        && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

fn is_host_label(label: &str) -> bool {
    !label.is_empty()
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Whether a path component consists of lower-case letters and digits, separated by `.`, `_`, `__`
/// or any number of `-`.
fn is_valid_component(component: &str) -> bool {
    let mut separator = String::new();
    for b in component.bytes() {
        if !is_lower_alphanumeric(b) {
            separator.push(char::from(b));
        } else if !is_separator(&std::mem::take(&mut separator)) {
            return false;
        }
    }
    // A separator may neither end the component nor start it.
    separator.is_empty() && component.bytes().next().is_some_and(is_lower_alphanumeric)
}

fn is_lower_alphanumeric(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

fn is_separator(text: &str) -> bool {
    matches!(text, "" | "." | "_" | "__") || text.bytes().all(|b| b == b'-')
}

fn is_valid_tag(tag: &str) -> bool {
    (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

fn is_valid_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hash)| {
        algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
            && hash.len() >= 32
            && hash.bytes().all(|b| b.is_ascii_hexdigit())
    })
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
    fn names_of_images_are_known_by_their_form() {
        let digest = format!("debian@sha256:{}", "a".repeat(64));
        let good = [
            "busybox",
            "a/b",
            "r.io:5000/a__b/c--d:Tag_1.0",
            "localhost/x",
            "[::1]:80/x",
            digest.as_str(),
        ];
        for name in good {
            assert!(is_image_name(name), "{name}");
        }
        let id = "a".repeat(64);
        for name in [
            "",
            "busybox:",
            ":1",
            "Busybox",
            "a//b",
            "a/",
            "/a",
            "a..b",
            "-a",
            "a b",
            "a@sha256:1",
            id.as_str(),
        ] {
            assert!(!is_image_name(name), "{name}");
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
