//! The frontend that a `# syntax` directive selects, and the syntax that it does not have yet.

use super::image_ref::{ImageRef, Reading};
use crate::dockerfile::Dockerfile;

/// The images of Docker's own frontend. Others may have any syntax.
const OWN: [&str; 2] = ["docker/dockerfile", "docker/dockerfile-upstream"];

/// Syntax that older versions of the frontend refuse.
struct Feature {
    /// The text by which it is recognized.
    mark: &'static str,
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

/// Source: <https://docs.docker.com/build/dockerfile/release-notes/>.
const FEATURES: [Feature; 16] = [
    feature("--mount=", 2, 0),
    feature("--chmod=", 2, 2),
    // Symbolic modes.
    feature("--chmod=+", 14, 14),
    feature("--chmod=a", 14, 14),
    feature("--chmod=g", 14, 14),
    feature("--chmod=o", 14, 14),
    feature("--chmod=u", 14, 14),
    feature("--network=", 3, 1),
    feature("<<", 4, 3),
    feature("--link", 4, 4),
    feature("--checksum=", 6, 5),
    feature("--keep-git-dir", 6, 5),
    feature("--start-interval=", 6, 6),
    feature("--unpack", 17, 17),
    feature("--exclude=", 19, 7),
    feature("--parents", 20, 7),
];

/// The marks of syntax that the frontend of a file does not support. Empty for a file without a `#
/// syntax` directive, because the builder then uses its own frontend.
pub(in crate::lint) fn unknown_syntax(
    dockerfile: &Dockerfile,
) -> impl Iterator<Item = &'static str> {
    let version = version(dockerfile);
    FEATURES.iter().filter_map(move |feature| {
        let (minor, is_labs) = version?;
        let since = if is_labs {
            feature.in_labs_since
        } else {
            feature.since
        };
        if minor < since {
            Some(feature.mark)
        } else {
            None
        }
    })
}

/// The minor version of `1.x`, and whether the channel has experimental syntax. `None` for the
/// newest version.
fn version(dockerfile: &Dockerfile) -> Option<(u32, bool)> {
    let directive = dockerfile
        .directives
        .iter()
        .find(|directive| directive.name == "syntax")?;
    // Text after the image is passed to the frontend as its command line.
    let image = ImageRef::parse(directive.value.split_whitespace().next()?);
    if !OWN.contains(&image.familiar_name()?) {
        return None;
    }
    let Reading::Is(tag) = &image.tag else {
        return None;
    };
    // `1`, `labs` and `master` are names of the newest version.
    let (number, channel) = tag.split_once('-').unwrap_or((tag, ""));
    let mut parts = number.split('.');
    if parts.next() != Some("1") {
        return None;
    }
    let minor = parts.next()?.parse().ok()?;
    Some((minor, matches!(channel, "labs" | "experimental")))
}
