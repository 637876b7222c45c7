//! Version order of `RubyGems`: words sort before numbers, and trailing zeros are ignored.
//!
//! Source: the documentation of `Gem::Version`

use std::cmp::Ordering;

use super::digits::{Number, take, take_digits};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'v> {
    Word(&'v [u8]),
    Number(Number<'v>),
}

/// The part that a shorter version is padded with.
const ZERO: Part<'static> = Part::Number(Number::ZERO);

pub(super) fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (parts(one), parts(other));
    for row in 0..one.len().max(other.len()) {
        // `1.0.a` sorts before `1.0`, because a word sorts before the number that it is compared
        // with.
        let one = one.get(row).unwrap_or(&ZERO);
        let ordering = one.cmp(other.get(row).unwrap_or(&ZERO));
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

/// Splits a version into parts. `-` is equal to `.pre.`. Trailing zeros are removed from the
/// numbers before the first word, and from the rest.
fn parts(version: &str) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut release = None;
    let mut rest = version.trim().as_bytes();
    while let [first, tail @ ..] = rest {
        let (part, behind) = match first {
            b'0'..=b'9' => {
                let (digits, behind) = take_digits(rest);
                (Part::Number(Number::new(digits)), behind)
            }
            b'-' => (Part::Word(b"pre"), tail),
            letter if letter.is_ascii_alphabetic() => {
                let (word, behind) = take(rest, |byte| byte.is_ascii_alphabetic());
                (Part::Word(word), behind)
            }
            _ => {
                rest = tail;
                continue;
            }
        };
        // RubyGems removes the zeros of both halves, so that `1.0.a` is equal to `1.a`.
        if matches!(part, Part::Word(_)) && release.is_none() {
            trim(&mut parts, 0);
            release = Some(parts.len());
        }
        parts.push(part);
        rest = behind;
    }
    trim(&mut parts, release.unwrap_or(0));
    parts
}

fn trim(parts: &mut Vec<Part<'_>>, from: usize) {
    while parts.len() > from && parts.last() == Some(&ZERO) {
        parts.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Order, assert_ascending};

    #[test]
    fn a_version_with_letters_is_a_prerelease() {
        let versions = [
            "0.9", "1.0.a", "1.0.a2", "1.0.b1", "1.0.pre1", "1.0.rc1", "1.0", "1.0.1", "1.9.3",
            "1.10",
        ];
        assert_ascending(Order::Ruby, &versions);
        assert_ascending(Order::Ruby, &["5.2.4-1", "5.2.4", "5.2.4.1"]);
    }

    #[test]
    fn trailing_zeros_are_ignored() {
        for (one, other) in [
            ("1.0", "1"),
            ("1.a", "1.0.a"),
            ("1.0.0.b1.0", "1.b1"),
            ("", "0"),
        ] {
            assert!(Order::Ruby.same(one, other), "{one} {other}");
        }
    }
}
