//! Versions of Docker's frontend, and the syntax that each one has.

use super::syntax::Dockerfile;

/// Syntax that older versions of the frontend refuse.
#[derive(Debug)]
pub(crate) struct Feature {
    /// The text by which it is recognized.
    pub(crate) mark: &'static str,
    /// The minor version of `1.x` that has it.
    since: u32,
    /// The same in the channels `labs` and `experimental`, which get new syntax first.
    in_labs_since: u32,
}

const fn feature(mark: &'static str, since: u32, in_labs_since: u32) -> Feature {
    Feature {
        mark,
        since,
        in_labs_since,
    }
}

/// In place of a version: only the labs channel has it.
const NEVER: u32 = u32::MAX;

/// Source: <https://docs.docker.com/build/dockerfile/release-notes/>, and
/// `frontend/dockerfile/release/labs/tags` of moby/buildkit at each tag `dockerfile/1.x.0`.
pub(crate) static FEATURES: [Feature; 18] = [
    feature("--mount=", 2, 0),
    feature("--chmod=", 2, 2),
    // Symbolic modes.
    feature("--chmod=+", 14, 11),
    feature("--chmod=a", 14, 11),
    feature("--chmod=g", 14, 11),
    feature("--chmod=o", 14, 11),
    feature("--chmod=u", 14, 11),
    feature("--network=", 3, 1),
    feature("<<", 4, 3),
    feature("--link", 4, 4),
    feature("--checksum=", 6, 5),
    feature("--keep-git-dir", 6, 5),
    feature("--start-interval=", 6, 6),
    feature("--unpack", 17, 17),
    feature("--exclude=", 19, 7),
    feature("--parents", 20, 7),
    feature("--security=", 20, 0),
    feature("--device=", NEVER, 14),
];

impl Feature {
    /// The tag of the first version that has it.
    pub(super) fn first_version(&self) -> String {
        if self.since == NEVER {
            format!("1.{}-labs", self.in_labs_since)
        } else {
            format!("1.{}", self.since)
        }
    }
}

/// The version of Docker's frontend that a `syntax` directive names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrontendVersion {
    major: u32,
    minor: u32,
    /// Whether it is of the channel with features that are not stable yet.
    is_labs: bool,
}

impl FrontendVersion {
    /// Reads `docker/dockerfile:1.4`; `None` for another image, and for a tag that moves on to
    /// newer versions, such as `1`.
    pub(crate) fn of_image(value: &str) -> Option<Self> {
        // Text after the image is passed to the frontend as its command line.
        let image = value.split_whitespace().next()?;
        let image = image.strip_prefix("docker.io/").unwrap_or(image);
        let image = image.split('@').next()?;
        let (name, tag) = image.split_once(':')?;
        if !matches!(name, "docker/dockerfile" | "docker/dockerfile-upstream") {
            return None;
        }
        let (version, channel) = tag.split_once('-').unwrap_or((tag, ""));
        let mut numbers = version.split('.');
        Some(Self {
            major: numbers.next()?.parse().ok()?,
            minor: numbers.next()?.parse().ok()?,
            is_labs: matches!(channel, "labs" | "experimental"),
        })
    }

    /// Whether the version is older than `1.minor`.
    pub(crate) fn is_before(self, minor: u32) -> bool {
        (self.major, self.minor) < (1, minor)
    }

    /// Whether the version is older than a feature.
    pub(crate) fn lacks(self, feature: &Feature) -> bool {
        let since = if self.is_labs {
            feature.in_labs_since
        } else {
            feature.since
        };
        self.is_before(since)
    }

    /// The newest feature in a text such as `--chmod=u+x` that the version does not have.
    pub(super) fn lacking(self, text: &str) -> Option<&'static Feature> {
        let mut newest: Option<&'static Feature> = None;
        for feature in &FEATURES {
            let is_newer = newest.is_none_or(|newest| newest.since < feature.since);
            if text.starts_with(feature.mark) && self.lacks(feature) && is_newer {
                newest = Some(feature);
            }
        }
        newest
    }

    pub(super) fn has_heredocs(self) -> bool {
        let first_minor = if self.is_labs { 3 } else { 4 };
        !self.is_before(first_minor)
    }

    pub(super) fn has_blanks_in_heredocs(self) -> bool {
        !self.is_before(16)
    }
}

impl Dockerfile {
    /// The version of Docker's frontend that the `syntax` directive names; `None` if it names none,
    /// or another frontend.
    pub(crate) fn frontend(&self) -> Option<FrontendVersion> {
        let mut directives = self.directives.iter();
        let syntax = directives.find(|directive| directive.name == "syntax")?;
        FrontendVersion::of_image(&syntax.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frontend_is_pinned_by_two_numbers() {
        let old = FrontendVersion::of_image("docker/dockerfile:1.2").expect("a version");
        assert!(!old.has_heredocs());
        let labs =
            FrontendVersion::of_image("docker.io/docker/dockerfile:1.3-labs").expect("a version");
        assert!(labs.has_heredocs() && !labs.has_blanks_in_heredocs());
        let new =
            FrontendVersion::of_image("docker/dockerfile:1.16.0@sha256:ab x").expect("a version");
        assert!(new.has_heredocs() && new.has_blanks_in_heredocs());
        for value in [
            "docker/dockerfile:1",
            "docker/dockerfile",
            "a/b:1.2",
            "docker/dockerfile:labs",
        ] {
            assert_eq!(FrontendVersion::of_image(value), None, "{value}");
        }
    }

    #[test]
    fn a_version_lacks_what_is_newer() {
        let version = |image: &str| {
            FrontendVersion::of_image(&format!("docker/dockerfile:{image}")).expect("a version")
        };
        for (image, flag, expected) in [
            ("1.4", "--link", None),
            ("1.3", "--link", Some("1.4")),
            ("1.18", "--exclude=*.md", Some("1.19")),
            ("1.18-labs", "--exclude=*.md", None),
            ("1.1", "--chmod=755", Some("1.2")),
            ("1.13", "--chmod=755", None),
            ("1.1", "--chmod=u+x", Some("1.14")),
            ("1.30", "--device=gpu", Some("1.14-labs")),
            ("2.0", "--parents", None),
        ] {
            let lacking = version(image).lacking(flag).map(Feature::first_version);
            assert_eq!(lacking.as_deref(), expected, "{image} {flag}");
        }
    }
}
