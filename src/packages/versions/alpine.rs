//! Version order of apk: `1.2.3a_rc1_p2~c0ffee-r4`.
//!
//! Source: apk-package(5), and the vectors of apk-tools' test/unit/version.data

use super::digits::{Number, take, take_digits};

/// Parts in ascending order: `1.0_rc1` sorts before `1.0`, and `1.0_p1` after it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part<'v> {
    /// alpha, beta, pre, rc.
    Before(usize),
    /// Text that apk does not accept.
    Other(&'v [u8]),
    End,
    Revision(Number<'v>),
    Commit(&'v [u8]),
    SuffixNumber(Number<'v>),
    /// cvs, svn, git, hg, p.
    After(usize),
    Letter(u8),
    /// Digits after a dot that begin with a zero, which makes them a fraction: `1.01` sorts before
    /// `1.1`.
    Fraction(&'v [u8]),
    Digits(Number<'v>),
    First(Number<'v>),
}

// Suffixes that make a version earlier or later than the one without them, each in ascending order.
const BEFORE: [&[u8]; 4] = [b"alpha", b"beta", b"pre", b"rc"];
const AFTER: [&[u8]; 5] = [b"cvs", b"svn", b"git", b"hg", b"p"];

pub(super) fn key(version: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (first, mut rest) = take_digits(version.as_bytes());
    if !first.is_empty() {
        parts.push(Part::First(Number::new(first)));
    }
    while !rest.is_empty() {
        let (part, tail) = next(rest, &parts);
        parts.push(part);
        rest = tail;
    }
    // The end is a part, so that it sorts between the suffixes.
    parts.push(Part::End);
    parts
}

fn next<'v>(rest: &'v [u8], before: &[Part<'v>]) -> (Part<'v>, &'v [u8]) {
    let other = (Part::Other(rest), &b""[..]);
    match rest {
        [b'.', tail @ ..] => match take_digits(tail) {
            (b"", _) => other,
            (digits @ [b'0', ..], tail) => (Part::Fraction(digits), tail),
            (digits, tail) => (Part::Digits(Number::new(digits)), tail),
        },
        [letter @ b'a'..=b'z', tail @ ..] => (Part::Letter(*letter), tail),
        [b'_', tail @ ..] => {
            let (word, tail) = take(tail, |byte| byte.is_ascii_lowercase());
            if let Some(place) = BEFORE.iter().position(|known| *known == word) {
                (Part::Before(place), tail)
            } else if let Some(place) = AFTER.iter().position(|known| *known == word) {
                (Part::After(place), tail)
            } else {
                other
            }
        }
        // Digits without a dot are only valid after a suffix, `_rc1`.
        [b'0'..=b'9', ..] if matches!(before.last(), Some(Part::Before(_) | Part::After(_))) => {
            let (digits, tail) = take_digits(rest);
            (Part::SuffixNumber(Number::new(digits)), tail)
        }
        [b'~', tail @ ..] => {
            let (commit, tail) = take(tail, |byte| byte.is_ascii_hexdigit());
            (Part::Commit(commit), tail)
        }
        [b'-', b'r', tail @ ..] => match take_digits(tail) {
            (b"", _) => other,
            (digits, tail) => (Part::Revision(Number::new(digits)), tail),
        },
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Order, assert_ascending};

    #[test]
    fn suffixes_revisions_and_letters_are_ordered_as_in_apk() {
        assert_ascending(
            Order::Alpine,
            &[
                "1.0_alpha1",
                "1.0_alpha2",
                "1.0_beta",
                "1.0_pre1",
                "1.0_rc1",
                "1.0",
                "1.0-r1",
                "1.0_git20240101",
                "1.0_p1",
            ],
        );
        assert_ascending(
            Order::Alpine,
            &[
                "1.1.1",
                "1.1.1-r0",
                "1.1.1-r10",
                "1.1.1k-r0",
                "1.1.1l-r0",
                "1.1.1.1",
            ],
        );
        assert_ascending(
            Order::Alpine,
            &[
                "1.2.4_git20230717-r4",
                "1.2.4_git20230717-r5",
                "1.2.5-r0",
                "1.2.10-r0",
            ],
        );
    }

    #[test]
    fn numbers_that_begin_with_a_zero_are_fractions() {
        assert_ascending(Order::Alpine, &["0.01", "0.02", "0.1", "0.9", "0.10"]);
        assert_ascending(Order::Alpine, &["2.3.0", "2.3.0b", "2.3.1"]);
    }

    #[test]
    fn invalid_versions_are_ordered_before_valid_ones() {
        assert_ascending(Order::Alpine, &["1.0bc-", "1.0bc"]);
        assert_ascending(Order::Alpine, &["", "1"]);
    }
}
