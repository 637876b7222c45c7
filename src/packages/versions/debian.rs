//! Version order of dpkg: `[epoch:]upstream[-revision]`.
//!
//! Source: deb-version(7), and Debian Policy 5.6.12

use std::cmp::Ordering;

use super::digits::{Number, take_digits, take_epoch};

pub(super) fn compare(one: &str, other: &str) -> Ordering {
    let ((epoch, upstream, revision), (other_epoch, other_upstream, other_revision)) =
        (split(one), split(other));
    epoch
        .cmp(&other_epoch)
        .then_with(|| compare_part(upstream, other_upstream))
        .then_with(|| compare_part(revision, other_revision))
}

/// Splits a version into epoch, upstream version and revision. A missing epoch is 0; a missing
/// revision is empty, which is equal to 0.
fn split(version: &str) -> (Number<'_>, &[u8], &[u8]) {
    let (epoch, rest) = take_epoch(version.trim().as_bytes());
    // The upstream version may contain hyphens, so the last one counts.
    match rest.iter().rposition(|&byte| byte == b'-') {
        Some(hyphen) => (epoch, &rest[..hyphen], &rest[hyphen + 1..]),
        None => (epoch, rest, b""),
    }
}

/// Alternately compares a run of non-digits by its characters and a number by its value.
fn compare_part(mut one: &[u8], mut other: &[u8]) -> Ordering {
    while !(one.is_empty() && other.is_empty()) {
        loop {
            let weights = (weight(one), weight(other));
            // Both runs end here, at a digit or at the end of the text.
            if weights == (0, 0) {
                break;
            }
            if weights.0 != weights.1 {
                return weights.0.cmp(&weights.1);
            }
            (one, other) = (&one[1..], &other[1..]);
        }
        let ((digits, rest), (other_digits, other_rest)) = (take_digits(one), take_digits(other));
        let numbers = Number::new(digits).cmp(&Number::new(other_digits));
        if numbers.is_ne() {
            return numbers;
        }
        (one, other) = (rest, other_rest);
    }
    Ordering::Equal
}

/// Returns the order of a character: a tilde comes before the end, which comes before letters, and
/// these before everything else.
fn weight(part: &[u8]) -> i32 {
    match part.first() {
        None => 0,
        Some(byte) if byte.is_ascii_digit() => 0,
        Some(b'~') => -1,
        Some(&byte) if byte.is_ascii_alphabetic() => i32::from(byte),
        Some(&byte) => i32::from(byte) + 256,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Order, assert_ascending};

    #[test]
    fn a_tilde_sorts_before_the_end_and_letters_before_punctuation() {
        // The order in the manual page, as parts of versions.
        assert_ascending(Order::Debian, &["1~~", "1~~a", "1~", "1", "1a"]);
        let versions = [
            "0.9",
            "1.0~rc1-1",
            "1.0-1",
            "1.0-1+deb12u1",
            "1.0-1+deb12u2",
            "1.0-2",
            "1.0+dfsg-1",
            "1.2",
            "1.10",
            "1:0.1",
        ];
        assert_ascending(Order::Debian, &versions);
        assert_ascending(
            Order::Debian,
            &["2.36-9+deb12u4", "2.36-9+deb12u7", "2.36-9+deb12u10"],
        );
    }

    #[test]
    fn a_missing_revision_or_epoch_counts_as_zero() {
        for (one, other) in [
            ("1.0", "1.0-0"),
            ("0:1.0", "1.0"),
            ("1.007", "1.7"),
            ("1.0-", "1.0"),
        ] {
            assert!(Order::Debian.same(one, other), "{one} {other}");
        }
    }
}
