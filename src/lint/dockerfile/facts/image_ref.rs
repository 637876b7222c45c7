//! References to images as Dockerfiles write them.

use std::ops::Range;

use super::scope::UNKNOWN;

/// A reference `registry/path:tag@digest`, as far as its variables have known values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef {
    /// Registry and path as written; `None` if they are not known.
    pub name: Option<String>,
    pub tag: Reading,
    pub digest: Reading,
}

/// The names under which Docker Hub answers, and those of its mirrors.
const HUBS: [&str; 8] = [
    "docker.io/",
    "index.docker.io/",
    "registry-1.docker.io/",
    "registry.hub.docker.com/",
    "mirror.gcr.io/",
    "public.ecr.aws/docker/",
    "docker.m.daocloud.io/",
    "dockerproxy.com/",
];

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
    /// Parses an expanded text, in which U+FFFC stands for an unknown value.
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
        match self.name.as_deref()?.split_once('/') {
            // Docker takes the first part for a host only if it looks like one.
            Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => Some(first),
            _ => Some("docker.io"),
        }
    }

    /// The name of an image on Docker Hub, whatever mirror it comes from, and of an official image
    /// without its `library/` or platform: `debian` for `docker.io/library/debian` and
    /// `mirror.gcr.io/arm64v8/debian`. Other images have their whole name.
    pub fn familiar_name(&self) -> Option<&str> {
        let name = self.name.as_deref()?;
        let name = HUBS
            .iter()
            .find_map(|registry| name.strip_prefix(registry))
            .unwrap_or(name);
        let official = match name.split_once('/') {
            Some((account, image)) if OFFICIAL.contains(&account) => image,
            _ => name,
        };
        // `amd64/a/b` is no image of Docker Hub.
        if official.contains('/') {
            return Some(name);
        }
        Some(official)
    }
}

/// A part of a reference that `ParseNormalizedNamed` in distribution/reference refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameFault {
    /// Where the part is in the reference; empty if it is missing.
    pub range: Range<usize>,
    /// The reason, as the end of a message.
    pub reason: &'static str,
}

/// Whether a text is a valid reference.
pub fn is_image_name(text: &str) -> bool {
    image_name_fault(text).is_none()
}

/// The first part of a reference that is not valid.
pub fn image_name_fault(text: &str) -> Option<NameFault> {
    // 64 hexadecimal digits are an image ID, which that function refuses as a name.
    if text.len() == 64 && text.bytes().all(is_lower_hexadecimal) {
        return Some(NameFault::new(0..text.len(), "it is an image ID"));
    }
    let at = text.find('@');
    let end = at.unwrap_or(text.len());
    let start = match text[..end].split_once('/') {
        Some((first, _)) if is_domain(first) => {
            if !is_valid_domain(first) {
                return Some(NameFault::new(0..first.len(), "the registry is not valid"));
            }
            first.len() + 1
        }
        _ => 0,
    };
    let colon = text[start..end].find(':').map(|colon| start + colon);
    if let Some(fault) = path_fault(text, start..colon.unwrap_or(end)) {
        return Some(fault);
    }
    if let Some(colon) = colon {
        let tag = &text[colon + 1..end];
        if tag.is_empty() {
            return Some(NameFault::new(colon..end, "the tag is empty"));
        }
        if !is_valid_tag(tag) {
            return Some(NameFault::new(colon + 1..end, "the tag is not valid"));
        }
    }
    let reason = digest_fault(&text[at? + 1..])?;
    Some(NameFault::new(at? + 1..text.len(), reason))
}

impl NameFault {
    fn new(range: Range<usize>, reason: &'static str) -> Self {
        Self { range, reason }
    }
}

/// The fault of the name between registry and tag.
fn path_fault(text: &str, range: Range<usize>) -> Option<NameFault> {
    let path = &text[range.clone()];
    if path.is_empty() {
        return Some(NameFault::new(range, "the name is empty"));
    }
    if path.len() > LONGEST_PATH {
        return Some(NameFault::new(
            range,
            "the name is longer than 255 characters",
        ));
    }
    if path.contains(char::is_uppercase) {
        return Some(NameFault::new(range, "the name must be lowercase"));
    }
    if path.split('/').all(is_valid_component) {
        return None;
    }
    Some(NameFault::new(range, "the name is not valid"))
}

/// The most characters of a name without its registry, `RepositoryNameTotalLengthMax`.
const LONGEST_PATH: usize = 255;

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

/// Whether a path component is lower-case letters and digits with `.`, `_`, `__` or any number of
/// `-` between them.
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

/// The algorithms of digests that opencontainers/go-digest knows, with the number of digits.
const DIGESTS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// The reason why a text is not a digest, as the end of a message.
pub fn digest_fault(digest: &str) -> Option<&'static str> {
    let Some((algorithm, hash)) = digest.split_once(':') else {
        return Some("the digest must be an algorithm, a `:` and a hash");
    };
    let Some(&(_, length)) = DIGESTS.iter().find(|(known, _)| *known == algorithm) else {
        return Some("the algorithm must be `sha256`, `sha384` or `sha512`");
    };
    if hash.len() != length {
        return Some("the digest has the wrong length");
    }
    if hash.bytes().all(is_lower_hexadecimal) {
        None
    } else {
        Some("the digest must be lowercase hexadecimal")
    }
}

fn is_lower_hexadecimal(b: u8) -> bool {
    matches!(b, b'0'..=b'9' | b'a'..=b'f')
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
    fn official_images_have_one_name_everywhere() {
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
    fn faults_have_a_place() {
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
