//! Formats hashes, and hashes values that consist of several parts.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Formats a hash in lowercase hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Adds a part to a hash, preceded by its length, so that `ab`, `c` differs from `a`, `bc`.
pub fn add_part(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_le_bytes());
    hash.update(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }

    #[test]
    fn the_border_between_two_parts_counts() {
        let [one, other] = [["ab", "c"], ["a", "bc"]].map(|parts| {
            let mut hash = Sha256::new();
            for part in parts {
                add_part(&mut hash, part.as_bytes());
            }
            hex(&hash.finalize())
        });
        assert_ne!(one, other);
    }
}
