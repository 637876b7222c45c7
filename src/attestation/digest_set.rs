//! Digests as in-toto writes them.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::bounded::without_repeated_keys;

/// Digests by algorithm, in hexadecimal digits.
///
/// In a statement there is one of them, because tools may look at different ones of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DigestSet(#[serde(deserialize_with = "one_digest")] BTreeMap<String, String>);

fn one_digest<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let digests: BTreeMap<String, String> = without_repeated_keys(deserializer)?;
    let is_valid = digests.len() == 1
        && digests.iter().all(|(algorithm, value)| {
            let length = match algorithm.as_str() {
                "sha256" => 64,
                "sha512" => 128,
                _ => return false,
            };
            let mut digits = value.bytes();
            value.len() == length && digits.all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        });
    if is_valid {
        Ok(digests)
    } else {
        let reason = "expected one digest, `sha256` or `sha512`, in lowercase hexadecimal digits";
        Err(D::Error::custom(reason))
    }
}

impl DigestSet {
    /// The set of one digest in the form `sha256:…`.
    pub fn of(digest: &str) -> Self {
        let (algorithm, value) = digest.split_once(':').unwrap_or(("sha256", digest));
        Self([(algorithm.to_owned(), value.to_owned())].into())
    }

    /// The digest in the form `sha256:…`; `None` unless there is exactly one.
    pub fn digest(&self) -> Option<String> {
        let mut digests = self.0.iter();
        match (digests.next(), digests.next()) {
            (Some((algorithm, value)), None) => Some(format!("{algorithm}:{value}")),
            _ => None,
        }
    }

    /// Whether the only digest of the set is this one.
    pub fn is(&self, digest: &str) -> bool {
        *self == Self::of(digest)
    }
}

impl std::fmt::Display for DigestSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digests: Vec<String> = self
            .0
            .iter()
            .map(|(algorithm, value)| format!("{algorithm}:{value}"))
            .collect();
        f.write_str(&crate::printable::escape(&digests.join(", ")))
    }
}
