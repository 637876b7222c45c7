//! Version order of rpm: `[epoch:]version[-release]`, each part compared as by rpmvercmp.
//!
//! Source: rpm-version(7), and the vectors of rpm's tests/rpmvercmp.at

use super::digits::{Number, take, take_digits, take_epoch};

/// Parts in ascending order.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part<'v> {
    /// `~`, a pre-release: `1.0~rc1` is before `1.0`.
    Tilde,
    End,
    /// `^`, a snapshot: `1.0^git1` is after `1.0`, and before `1.0.1`.
    Caret,
    Word(&'v [u8]),
    Number(Number<'v>),
}

pub(super) fn key(version: &str) -> (Number<'_>, Vec<Part<'_>>, Vec<Part<'_>>) {
    let (epoch, rest) = take_epoch(version.trim().as_bytes());
    match rest.iter().rposition(|&byte| byte == b'-') {
        Some(hyphen) => (epoch, parts(&rest[..hyphen]), parts(&rest[hyphen + 1..])),
        // A version without a release is before all of its releases.
        None => (epoch, parts(rest), vec![Part::End]),
    }
}

/// Splits a version into parts.
fn parts(mut rest: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    while let [first, tail @ ..] = rest {
        let (part, after) = match first {
            b'~' => (Part::Tilde, tail),
            b'^' => (Part::Caret, tail),
            b'0'..=b'9' => {
                let (digits, after) = take_digits(rest);
                (Part::Number(Number::new(digits)), after)
            }
            letter if letter.is_ascii_alphabetic() => {
                let (word, after) = take(rest, |byte| byte.is_ascii_alphabetic());
                (Part::Word(word), after)
            }
            // Other characters are only separators: `1.0` and `1_0` are equal for rpmvercmp.
            _ => {
                rest = tail;
                continue;
            }
        };
        parts.push(part);
        rest = after;
    }
    parts.push(Part::End);
    parts
}

#[cfg(test)]
mod tests {
    use super::super::{Order, assert_ascending};

    #[test]
    fn a_tilde_sorts_before_the_end_and_a_caret_after_it() {
        assert_ascending(
            Order::Rpm,
            &[
                "1.0~rc1",
                "1.0~rc1^git1",
                "1.0",
                "1.0^",
                "1.0^git1",
                "1.0^git2",
                "1.0.1",
            ],
        );
        assert_ascending(Order::Rpm, &["1.0~rc1~git123", "1.0~rc1", "1.0~rc2"]);
        assert_ascending(Order::Rpm, &["1.0^20160101", "1.0.1^20160101"]);
    }

    #[test]
    fn numbers_sort_after_words() {
        assert_ascending(
            Order::Rpm,
            &[
                "xyz.4", "8", "8xyz", "8.0", "10xyz", "10.0001", "10.0039", "20101121",
            ],
        );
        assert_ascending(Order::Rpm, &["5.5p1", "5.5p2", "5.5p10"]);
        assert_ascending(Order::Rpm, &["2.0", "2.0.1", "2.0.1a", "3.0"]);
    }

    #[test]
    fn punctuation_only_separates_segments() {
        for (one, other) in [
            ("2_0", "2.0"),
            ("a+", "a_"),
            ("+a", "_a"),
            ("1.0001", "1.1"),
            ("0:1-1", "1-1"),
        ] {
            assert!(Order::Rpm.same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn epochs_are_compared_first_and_releases_last() {
        let versions = [
            "3.0.7-27.el9",
            "3.0.7-27.el9_4",
            "3.0.10-1.el9",
            "1:1.1.1k-6.el8",
            "1:3.0.7-24.el9",
            "2:0-0",
        ];
        assert_ascending(Order::Rpm, &versions);
    }
}
