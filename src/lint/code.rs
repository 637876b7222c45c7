//! ShellCheck's codes: one rule speaks under many, and each can be named alone.

use std::fmt;
use std::str::FromStr;

/// `SC2086`, by its number.
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
        let is_prefixed = text
            .get(..2)
            .is_some_and(|prefix| prefix.eq_ignore_ascii_case("SC"));
        let digits = text
            .get(2..)
            .filter(|digits| is_prefixed && digits.len() == 4)
            .ok_or(())?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_number {
            digits.parse().map(Self).map_err(|_| ())
        } else {
            Err(())
        }
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
