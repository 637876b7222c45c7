//! Image names, by the grammar of distribution/reference: `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// The registry of names that have none.
pub const DEFAULT_REGISTRY: &str = "docker.io";
/// The names under which Docker Hub answers.
pub const HUB: [&str; 4] = [
    DEFAULT_REGISTRY,
    "index.docker.io",
    "registry-1.docker.io",
    "registry.hub.docker.com",
];
/// The directory of Docker Hub that names may leave out.
const OFFICIAL: &str = "library/";
const DEFAULT_TAG: &str = "latest";
const MAX_REPOSITORY: usize = 255;
const MAX_TAG: usize = 128;
/// Each supported algorithm of digests, with its number of hexadecimal digits.
const DIGESTS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// The name of an image, as written. Podman completes short names in its own way, so defaults are
/// only applied on request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    registry: Option<String>,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid image name `{name}`: {problem}")]
pub struct NameError {
    pub name: String,
    pub problem: NameProblem,
}

/// The part of a name that is invalid, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    #[error("it has no repository")]
    NoRepository,
    #[error("`{0}` is not a registry: a host, optionally with a port")]
    Registry(String),
    #[error(
        "`{0}` is not part of a repository: lowercase letters and digits, with `.`, `_`, `__` or \
         hyphens between them"
    )]
    Repository(String),
    #[error("its repository name has more than {MAX_REPOSITORY} characters")]
    LongRepository,
    #[error("it has no tag after the colon")]
    NoTag,
    #[error(
        "`{0}` is not a tag: at most {MAX_TAG} letters, digits, `_`, `.` and `-`, not starting \
         with `.` or `-`"
    )]
    Tag(String),
    #[error("`{0}` is not a digest, such as `sha256:` with 64 lowercase hexadecimal digits")]
    Digest(String),
    #[error("it has a digest, which a file cannot store")]
    HasDigest,
}

impl Name {
    /// The registry: `docker.io` unless the name has another.
    pub fn registry(&self) -> &str {
        match self.registry.as_deref() {
            // The old name, which Docker still translates.
            None | Some("index.docker.io") => DEFAULT_REGISTRY,
            Some(registry) => registry,
        }
    }

    /// Whether a registry was written.
    pub fn has_registry(&self) -> bool {
        self.registry.is_some()
    }

    /// The repository in its registry: `library/debian` for `debian`.
    pub fn repository(&self) -> Cow<'_, str> {
        if self.registry() == DEFAULT_REGISTRY && !self.repository.contains('/') {
            format!("{OFFICIAL}{}", self.repository).into()
        } else {
            self.repository.as_str().into()
        }
    }

    /// The registry and the repository as they were written.
    pub fn without_tag(&self) -> String {
        match &self.registry {
            Some(registry) => format!("{registry}/{}", self.repository),
            None => self.repository.clone(),
        }
    }

    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The digest if there is one, otherwise the tag; `latest` without both.
    pub fn version(&self) -> &str {
        self.digest().or(self.tag()).unwrap_or(DEFAULT_TAG)
    }

    /// Whether it is the ID of an image, which Docker refuses as a name in a registry.
    pub fn is_id(&self) -> bool {
        let is_bare = self.registry.is_none() && self.tag.is_none() && self.digest.is_none();
        is_bare && self.repository.len() == 64 && self.repository.bytes().all(is_lower_hex)
    }

    /// The same name with the tag `latest` if it has neither tag nor digest.
    #[must_use]
    pub fn with_default_tag(mut self) -> Self {
        if self.tag.is_none() && self.digest.is_none() {
            self.tag = Some(DEFAULT_TAG.to_owned());
        }
        self
    }

    /// Another image of the same repository.
    #[must_use]
    pub fn with_digest(&self, digest: &str) -> Self {
        Self {
            tag: None,
            digest: Some(digest.to_owned()),
            ..self.clone()
        }
    }

    /// The name with all defaults: `docker.io/library/debian:latest` for `debian`.
    #[must_use]
    pub fn full(&self) -> Self {
        Self {
            registry: Some(self.registry().to_owned()),
            repository: self.repository().into_owned(),
            ..self.clone()
        }
        .with_default_tag()
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let parts = Parts::of(text);
        if let Err(problem) = parts.check() {
            return Err(NameError {
                name: text.to_owned(),
                problem,
            });
        }
        let (registry, repository) = parts.registry_and_repository();
        Ok(Self {
            registry: registry.map(str::to_owned),
            repository: repository.to_owned(),
            tag: parts.tag.map(str::to_owned),
            digest: parts.digest.map(str::to_owned),
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(registry) = &self.registry {
            write!(f, "{registry}/")?;
        }
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// The parts of a text that may be an image name, none of them checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// The registry and the repository.
    pub name: &'a str,
    pub tag: Option<&'a str>,
    pub digest: Option<&'a str>,
}

impl<'a> Parts<'a> {
    pub fn of(text: &'a str) -> Self {
        let (text, digest) = match text.split_once('@') {
            Some((text, digest)) => (text, Some(digest)),
            None => (text, None),
        };
        // Before the last slash a colon is that of a port.
        let last = text.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match text[last..].find(':') {
            Some(colon) => (&text[..last + colon], Some(&text[last + colon + 1..])),
            None => (text, None),
        };
        Self { name, tag, digest }
    }

    /// Docker takes the first component for a registry only if it looks like one.
    pub fn registry_and_repository(self) -> (Option<&'a str>, &'a str) {
        match self.name.split_once('/') {
            Some((first, rest)) if is_registry(first) => (Some(first), rest),
            _ => (None, self.name),
        }
    }

    /// The name without the registry Docker Hub and its `library/`: `debian` for
    /// `docker.io/library/debian`.
    pub fn familiar_name(self) -> &'a str {
        let name = match self.registry_and_repository() {
            (Some(registry), repository) if HUB.contains(&registry) => repository,
            _ => self.name,
        };
        name.strip_prefix(OFFICIAL).unwrap_or(name)
    }

    fn check(self) -> Result<(), NameProblem> {
        let (registry, repository) = self.registry_and_repository();
        if let Some(registry) = registry
            && !is_valid_registry(registry)
        {
            return Err(NameProblem::Registry(registry.to_owned()));
        }
        check_repository(repository)?;
        match self.tag {
            Some("") => return Err(NameProblem::NoTag),
            Some(tag) if !is_valid_tag(tag) => return Err(NameProblem::Tag(tag.to_owned())),
            _ => {}
        }
        match self.digest {
            Some(digest) if !is_valid_digest(digest) => Err(NameProblem::Digest(digest.to_owned())),
            _ => Ok(()),
        }
    }
}

/// Adds the tag `latest` to the text of a name with neither tag nor digest.
pub(super) fn with_tag(text: &str) -> Cow<'_, str> {
    let parts = Parts::of(text);
    if parts.tag.is_some() || parts.digest.is_some() {
        text.into()
    } else {
        format!("{text}:{DEFAULT_TAG}").into()
    }
}

/// Refuses names that some engine does not accept in an archive or a layout.
pub(super) fn check_stored(text: &str) -> Result<(), NameError> {
    let name: Name = text.parse()?;
    match name.digest {
        // The digest is that of the manifest, which does not exist yet.
        Some(_) => Err(NameError {
            name: text.to_owned(),
            problem: NameProblem::HasDigest,
        }),
        None => Ok(()),
    }
}

/// Whether the part before the first slash is a registry.
fn is_registry(first: &str) -> bool {
    first.contains(['.', ':'])
        || first == "localhost"
        // No repository has capital letters, so Docker takes this for a host.
        || first.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_valid_registry(registry: &str) -> bool {
    let (host, port) = match registry.rsplit_once(':') {
        // The colons of `[::1]` without a port are part of the address.
        Some((host, port)) if !registry.ends_with(']') => (host, Some(port)),
        _ => (registry, None),
    };
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host_is_valid = match bracketed {
        Some(address) => address
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b':'),
        None => host.split('.').all(is_host_label),
    };
    let port_is_valid =
        port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    host_is_valid && port_is_valid
}

fn is_host_label(label: &str) -> bool {
    !label.is_empty()
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn check_repository(repository: &str) -> Result<(), NameProblem> {
    if repository.is_empty() {
        return Err(NameProblem::NoRepository);
    }
    for component in repository.split('/') {
        if !is_valid_component(component) {
            return Err(NameProblem::Repository(component.to_owned()));
        }
    }
    if repository.len() > MAX_REPOSITORY {
        return Err(NameProblem::LongRepository);
    }
    Ok(())
}

/// Whether a component is lowercase letters and digits with `.`, `_`, `__` or any number of `-`
/// between them.
fn is_valid_component(component: &str) -> bool {
    let mut separator = String::new();
    for byte in component.bytes() {
        if !is_lower_alphanumeric(byte) {
            separator.push(char::from(byte));
        } else if !is_separator(&std::mem::take(&mut separator)) {
            return false;
        }
    }
    // A separator may neither end the component nor start it.
    separator.is_empty() && component.bytes().next().is_some_and(is_lower_alphanumeric)
}

fn is_lower_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_separator(text: &str) -> bool {
    matches!(text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-')
}

fn is_valid_tag(tag: &str) -> bool {
    tag.len() <= MAX_TAG
        && !tag.starts_with(['.', '-'])
        && tag
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

fn is_valid_digest(digest: &str) -> bool {
    digest_fault(digest).is_none()
}

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
    if hash.bytes().all(is_lower_hex) {
        None
    } else {
        Some("the digest must be lowercase hexadecimal")
    }
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().expect(text)
    }

    fn digest() -> String {
        format!("sha256:{}", "a".repeat(64))
    }

    #[test]
    fn an_image_name_is_displayed_as_it_was_written() {
        for text in [
            "busybox",
            "library/busybox:1",
            "index.docker.io/a/b",
            "localhost/x",
            "[::1]:80/x:Tag_1.0",
            "Host/x",
            "r.io:5000/a__b/c--d.e:1",
            &format!("debian@{}", digest()),
            &format!("r.io/debian:12@{}", digest()),
        ] {
            assert_eq!(name(text).to_string(), text);
        }
    }

    #[test]
    fn registry_and_tag_default_as_in_docker() {
        for (text, full) in [
            ("debian", "docker.io/library/debian:latest"),
            ("debian:12", "docker.io/library/debian:12"),
            ("team/app", "docker.io/team/app:latest"),
            ("index.docker.io/debian", "docker.io/library/debian:latest"),
            ("test.com:5000", "docker.io/library/test.com:5000"),
            ("localhost/app", "localhost/app:latest"),
            ("r:5000/app", "r:5000/app:latest"),
            ("ghcr.io/a/b:1", "ghcr.io/a/b:1"),
        ] {
            assert_eq!(name(text).full().to_string(), full, "{text}");
        }
        let pinned = format!("r.io/app@{}", digest());
        assert_eq!(name(&pinned).full().to_string(), pinned);
        assert_eq!(name(&pinned).version(), digest());
    }

    #[test]
    fn a_port_is_not_a_tag() {
        let image = name("localhost:5000/app");
        assert_eq!((image.registry(), image.tag()), ("localhost:5000", None));
        assert_eq!(with_tag("localhost:5000/app"), "localhost:5000/app:latest");
        assert_eq!(with_tag("app:1"), "app:1");
        assert_eq!(with_tag("app@sha256:abc"), "app@sha256:abc");
    }

    #[test]
    fn a_registry_has_a_dot_a_port_a_capital_letter_or_is_this_machine() {
        for text in ["r.example/app", "r:5000/app:1", "localhost/app", "R/app"] {
            assert!(name(text).has_registry(), "{text}");
        }
        for text in ["app", "app:1", "team/app", "test.com"] {
            assert!(!name(text).has_registry(), "{text}");
        }
    }

    #[test]
    fn an_error_names_the_invalid_part_of_an_image_name() {
        let long = "a".repeat(MAX_TAG + 1);
        for (text, problem) in [
            ("", NameProblem::NoRepository),
            (":1", NameProblem::NoRepository),
            ("busybox:", NameProblem::NoTag),
            ("Busybox", NameProblem::Repository("Busybox".into())),
            ("a//b", NameProblem::Repository(String::new())),
            ("a/b c", NameProblem::Repository("b c".into())),
            ("a..b", NameProblem::Repository("a..b".into())),
            ("-a", NameProblem::Repository("-a".into())),
            ("-r.io/a", NameProblem::Registry("-r.io".into())),
            ("r:x/a", NameProblem::Registry("r:x".into())),
            ("a:.1", NameProblem::Tag(".1".into())),
            (&format!("a:{long}"), NameProblem::Tag(long.clone())),
            ("a@sha256:1", NameProblem::Digest("sha256:1".into())),
            (
                &format!("a@{}", digest().to_uppercase()),
                NameProblem::Digest(digest().to_uppercase()),
            ),
            (&"a/".repeat(150), NameProblem::Repository(String::new())),
            (&"a".repeat(256), NameProblem::LongRepository),
        ] {
            let error = text.parse::<Name>().expect_err(text);
            assert_eq!(error.problem, problem, "{text}");
        }
    }

    #[test]
    fn only_64_hexadecimal_digits_alone_are_an_image_id() {
        let id = "a".repeat(64);
        assert!(name(&id).is_id());
        for text in [&id[1..], &format!("{id}:1"), &format!("r.io/{id}")] {
            assert!(!name(text).is_id(), "{text}");
        }
    }
}
