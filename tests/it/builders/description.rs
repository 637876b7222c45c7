//! Images described as text, for tests. `rules/guide/adding-a-rule.md` documents the notation.

use std::path::Path;

use jettison::config;
use jettison::examples::Description;
use jettison::image::{Image, Options};
use jettison::lint::image::Policy;
use jettison::rules::registry;

use super::images::open_with;

fn parse(text: &str) -> Description<'_> {
    Description::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Builds the image from a description.
pub(crate) fn image(text: &str) -> Image {
    open_with(&archive(text), &Options::default()).unwrap()
}

/// Builds a Docker archive from a description.
pub(crate) fn archive(text: &str) -> Vec<u8> {
    let archive = parse(text).archive();
    archive.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The policy in the `policy` lines of a description, as of 2026-01-01.
pub(crate) fn policy(text: &str) -> Policy {
    let policy = parse(text).values("policy").join("\n");
    let config = config::parse(Path::new("policy.toml"), &policy, registry()).unwrap();
    Policy {
        today: "2026-01-01".parse().ok(),
        ..config.policy
    }
}

/// The OSV records in the `osv` lines of a description.
pub(crate) fn osv_records(text: &str) -> Vec<&str> {
    parse(text).values("osv")
}
