//! Numbers of any length.
//!
//! Versions contain dates, times and commit numbers that exceed 64 bits.

/// A number without its leading zeros: the longer one is larger.
// The derived order compares the fields from the top, so the length must come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number<'v> {
    length: usize,
    digits: &'v [u8],
}

impl<'v> Number<'v> {
    pub(super) const ZERO: Self = Self {
        length: 0,
        digits: b"",
    };

    /// Creates a number from a text of digits.
    pub(super) fn new(digits: &'v [u8]) -> Self {
        let start = digits
            .iter()
            .position(|&digit| digit != b'0')
            .unwrap_or(digits.len());
        Self {
            length: digits.len() - start,
            digits: &digits[start..],
        }
    }
}

/// Splits a text after the leading bytes that match.
pub(super) fn take(bytes: &[u8], matches: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    bytes.split_at(
        bytes
            .iter()
            .position(|&byte| !matches(byte))
            .unwrap_or(bytes.len()),
    )
}

pub(super) fn take_digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    take(bytes, |byte| byte.is_ascii_digit())
}

/// Splits off the epoch of dpkg and rpm, a number before a colon. A missing one is 0.
pub(super) fn take_epoch(version: &[u8]) -> (Number<'_>, &[u8]) {
    let (digits, rest) = take_digits(version);
    match rest.strip_prefix(b":") {
        Some(rest) => (Number::new(digits), rest),
        None => (Number::ZERO, version),
    }
}
