//! Version order of Python, PEP 440; invalid versions sort before all others.

use std::str::FromStr;

use pep440_rs::Version;

// The derived order puts the first variant first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'v> {
    Other(&'v str),
    Version(Box<Version>),
}

pub(super) fn key(version: &str) -> Key<'_> {
    Version::from_str(version).map_or(Key::Other(version), |version| {
        Key::Version(Box::new(version))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Order, assert_ascending};

    #[test]
    fn versions_are_ordered_as_in_pep_440() {
        // The list of PEP 440's section "Summary of permitted suffixes and relative ordering".
        let versions = [
            "1.dev0",
            "1.0.dev456",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1.dev456",
            "1.0rc1",
            "1.0",
            "1.0+abc.5",
            "1.0+abc.7",
            "1.0+5",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.0.15",
            "1.1.dev1",
            "1!0.1",
        ];
        assert_ascending(Order::Python, &versions);
        assert_ascending(Order::Python, &["2004d-x", "0.1"]);
        assert!(Order::Python.same("v1.0.0-ALPHA_1", "1a1"));
    }
}
