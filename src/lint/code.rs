//! ShellCheck codes. They belong to a single rule, but can be selected and ignored individually.

use std::fmt;
use std::str::FromStr;

/// The number of a code such as `SC2086`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShellcheckCode(pub u32);

impl fmt::Display for ShellcheckCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SC{:04}", self.0)
    }
}

impl FromStr for ShellcheckCode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (prefix, digits) = text.split_at_checked(2).ok_or(())?;
        // `parse` alone would accept a sign.
        let is_number = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || !prefix.eq_ignore_ascii_case("SC") {
            return Err(());
        }
        digits.parse().map(Self).map_err(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_two_letters_and_four_digits() {
        assert_eq!("sc2086".parse(), Ok(ShellcheckCode(2086)));
        assert_eq!(ShellcheckCode(1001).to_string(), "SC1001");
        for text in ["SC208", "SC20866", "DL3008", "SC+208", "SCäö", ""] {
            assert_eq!(text.parse::<ShellcheckCode>(), Err(()), "{text}");
        }
    }
}
