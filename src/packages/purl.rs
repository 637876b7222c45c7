//! Package URLs, as defined by <https://github.com/package-url/purl-spec>.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use super::ecosystem::PurlName;
use super::{Distribution, Ecosystem, Facts};
use crate::image::{Name, Reference};

/// Everything except letters, digits, `.`, `-`, `_`, `~` and `:`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

pub(super) fn purl(ecosystem: Ecosystem, facts: &Facts, distribution: &Distribution) -> String {
    let (namespace, name) = path(ecosystem, facts, distribution);
    let mut purl = format!("pkg:{ecosystem}/");
    for part in namespace.split('/').filter(|part| !part.is_empty()) {
        let _ = write!(purl, "{}/", escaped(part));
    }
    purl.extend(escaped(&name));
    let version = match (ecosystem, &facts.epoch) {
        // The epoch has a separate qualifier.
        (Ecosystem::Rpm, Some(epoch)) => facts
            .version
            .strip_prefix(&format!("{epoch}:"))
            .unwrap_or(&facts.version),
        _ => &facts.version,
    };
    if !version.is_empty() {
        let _ = write!(purl, "@{}", escaped(version));
    }
    for (index, (key, value)) in qualifiers(ecosystem, facts, distribution)
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .enumerate()
    {
        let separator = if index == 0 { '?' } else { '&' };
        let _ = write!(purl, "{separator}{key}={}", escaped(&value));
    }
    purl
}

/// Returns the qualifiers sorted by key, as the specification requires.
fn qualifiers(
    ecosystem: Ecosystem,
    facts: &Facts,
    distribution: &Distribution,
) -> [(&'static str, String); 3] {
    let distro = match (&*distribution.id, &*distribution.version_id) {
        // The distribution is only relevant for packages of its own package manager.
        _ if !ecosystem.is_distribution() => String::new(),
        (id, "") => id.to_owned(),
        ("", _) => String::new(),
        (id, version) => format!("{id}-{version}"),
    };
    [
        ("arch", facts.architecture.clone().unwrap_or_default()),
        ("distro", distro),
        ("epoch", facts.epoch.clone().unwrap_or_default()),
    ]
}

/// Returns the namespace, in parts separated by slashes, and the name.
fn path(ecosystem: Ecosystem, facts: &Facts, distribution: &Distribution) -> (String, String) {
    let name = facts.name.as_str();
    let (namespace, name) = match ecosystem.description().purl_name {
        // The namespace of a distribution's package is the vendor, for which the ID of os-release
        // is as good as any name. Without os-release the usual vendor is a guess, but a valid one.
        PurlName::OfVendor(usual) => match distribution.id.as_str() {
            "" => (usual, name),
            id => (id, name),
        },
        PurlName::Whole => ("", name),
        PurlName::SplitAt(separator) => name.rsplit_once(separator).unwrap_or(("", name)),
        PurlName::Written(write) => return (String::new(), write(name)),
    };
    (namespace.to_owned(), name.to_owned())
}

/// Returns the purl of an image with this name in a registry or a daemon, or of the file that
/// contains it.
///
/// The digest is used if it is known, because a tag can refer to another image later.
pub fn image_purl(name: &str, digest: Option<&str>) -> String {
    let (repository, tag, is_file) = match name.parse() {
        Ok(
            Reference::Registry(name)
            | Reference::Daemon(name)
            | Reference::PathOrDaemon { name, .. },
        ) => named(&name),
        Ok(Reference::File { path, name, .. }) => (path.display().to_string(), name, true),
        // Standard input has no path, and an invalid reference never had an image.
        other => {
            let path = other.as_ref().ok().and_then(Reference::path);
            let path = path.map_or_else(|| name.to_owned(), |path| path.display().to_string());
            (path, None, true)
        }
    };
    // The specification demands lower case for names of type `oci`.
    let repository = repository.to_ascii_lowercase();
    let last = repository.rfind('/').map_or(0, |slash| slash + 1);
    let mut purl = format!("pkg:oci/{}", escaped(&repository[last..]));
    if let Some(digest) = digest {
        let _ = write!(purl, "@{}", escaped(digest).to_string().replace(':', "%3A"));
    }
    let mut mark = '?';
    // Only a registry has a repository URL. A path on this machine would mean nothing elsewhere.
    if last > 0 && !is_file {
        let _ = write!(
            purl,
            "{mark}repository_url={}",
            escaped(&repository).to_string().replace("%2F", "/")
        );
        mark = '&';
    }
    if let (Some(tag), None) = (tag, digest) {
        let _ = write!(purl, "{mark}tag={}", escaped(&tag));
    }
    purl
}

/// The repository and the tag of an image that is in no file.
fn named(name: &Name) -> (String, Option<String>, bool) {
    (name.without_tag(), name.tag().map(str::to_owned), false)
}

fn escaped(part: &str) -> PercentEncode<'_> {
    utf8_percent_encode(part, ESCAPED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_of_images_have_a_digest_or_a_tag() {
        const PINNED: &str = "docker://r.example/app@sha256:\
            0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        let cases = [
            (
                "registry.example:5000/team/app:1.2",
                None,
                "pkg:oci/app?repository_url=registry.example:5000/team/app&tag=1.2",
            ),
            ("app:slim", None, "pkg:oci/app?tag=slim"),
            ("app:slim", Some("sha256:00ff"), "pkg:oci/app@sha256%3A00ff"),
            (
                PINNED,
                Some("sha256:00"),
                "pkg:oci/app@sha256%3A00?repository_url=r.example/app",
            ),
            ("./out/app.tar", None, "pkg:oci/app.tar"),
            ("oci:build:app", None, "pkg:oci/build?tag=app"),
            (
                "docker-daemon:r.example/app:1",
                None,
                "pkg:oci/app?repository_url=r.example/app&tag=1",
            ),
            ("app<1>", None, "pkg:oci/app%3C1%3E"),
        ];
        for (name, digest, expected) in cases {
            assert_eq!(image_purl(name, digest), expected);
        }
    }

    #[test]
    fn purls_follow_the_specification() {
        let distribution = Distribution {
            id: "fedora".into(),
            version_id: "40".into(),
            ..Distribution::default()
        };
        let made = |ecosystem, name: &str, version: &str, epoch: Option<&str>| {
            let facts = Facts {
                name: name.into(),
                version: version.into(),
                epoch: epoch.map(str::to_owned),
                ..Facts::default()
            };
            purl(ecosystem, &facts, &distribution)
        };
        let cases = [
            (
                made(Ecosystem::Deb, "g++", "4:12+x", None),
                "pkg:deb/fedora/g%2B%2B@4:12%2Bx?distro=fedora-40",
            ),
            (
                made(Ecosystem::Rpm, "bash", "1:5.2-1", Some("1")),
                "pkg:rpm/fedora/bash@5.2-1?distro=fedora-40&epoch=1",
            ),
            (
                made(Ecosystem::Npm, "@scope/a", "1.0.0", None),
                "pkg:npm/%40scope/a@1.0.0",
            ),
            (
                made(Ecosystem::Python, "Zope.Interface_x", "1", None),
                "pkg:pypi/zope-interface-x@1",
            ),
            (
                made(Ecosystem::Maven, "org.slf4j:slf4j-api", "2", None),
                "pkg:maven/org.slf4j/slf4j-api@2",
            ),
            (
                made(Ecosystem::Go, "golang.org/x/sys", "v0.1.0", None),
                "pkg:golang/golang.org/x/sys@v0.1.0",
            ),
        ];
        for (made, expected) in cases {
            assert_eq!(made, expected);
        }
    }
}
