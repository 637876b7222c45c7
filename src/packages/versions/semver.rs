//! Version order of Semantic Versioning 2.0.0, section 11, with any number of components and an
//! optional leading `v`.

use std::cmp::Ordering;

use super::digits::Number;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'v> {
    Number(Number<'v>),
    Word(&'v str),
}

/// The number that a shorter version is padded with: `1.2` is equal to `1.2.0`.
const ZERO: Part<'static> = Part::Number(Number::ZERO);

pub(super) fn compare(one: &str, other: &str) -> Ordering {
    let ((core, before), (other_core, other_before)) = (split(one), split(other));
    // A pre-release sorts before the release; unlike the numbers, a shorter one is not padded.
    compare_core(core, other_core).then_with(|| match (before, other_before) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(one), Some(other)) => parts(one).cmp(parts(other)),
    })
}

/// Splits a version into its numbers and its pre-release; build metadata is ignored.
fn split(version: &str) -> (&str, Option<&str>) {
    let version = version.trim();
    // Go modules have versions such as `v1.2.3`, and advisories omit the `v`.
    let version = version.strip_prefix('v').unwrap_or(version);
    let version = version.split('+').next().unwrap_or_default();
    match version.split_once('-') {
        Some((core, before)) => (core, Some(before)),
        None => (version, None),
    }
}

fn compare_core(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (parts(one), parts(other));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (first, second) => {
                let ordering = first.unwrap_or(ZERO).cmp(&second.unwrap_or(ZERO));
                if ordering.is_ne() {
                    return ordering;
                }
            }
        }
    }
}

fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    text.split('.').map(|part| {
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        if is_number {
            Part::Number(Number::new(part.as_bytes()))
        } else {
            Part::Word(part)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Order, assert_ascending};

    #[test]
    fn versions_are_ordered_as_in_the_semver_specification() {
        let versions = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "2.0.0",
            "2.1.0",
            "2.1.1",
        ];
        assert_ascending(Order::Semver, &versions);
        assert!(Order::Semver.same("1.0.0+linux", "v1.0.0+darwin"));
        assert!(Order::Semver.same("2.0.0+incompatible", "2"));
    }

    #[test]
    fn go_pseudo_versions_sort_before_the_next_release() {
        let versions = [
            "v0.0.0-20190308221718-c2843e01d9a2",
            "v0.0.0-20200622213623-75b288015ac9",
            "v0.0.1",
            "v0.17.1-0.20231218163308-9d2ee975ef9f",
            "v0.17.1",
        ];
        assert_ascending(Order::Semver, &versions);
    }
}
