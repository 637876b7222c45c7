//! Digests as in-toto writes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Digests by algorithm, in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DigestSet(BTreeMap<String, String>);

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
