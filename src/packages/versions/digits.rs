//! Numbers of any length.

/// A number without its leading zeros: the longer one is the larger.
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

    /// Reads nothing but digits.
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

/// Parts a text behind the first bytes that are such.
pub(super) fn take(bytes: &[u8], is_such: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    bytes.split_at(
        bytes
            .iter()
            .position(|&byte| !is_such(byte))
            .unwrap_or(bytes.len()),
    )
}

pub(super) fn take_digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    take(bytes, |byte| byte.is_ascii_digit())
}
