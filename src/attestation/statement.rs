//! in-toto statements: a predicate about subjects, which are named by their digests.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::bounded::{at_most, without_repeated_keys};
use super::digest_set::DigestSet;
use super::predicate::Predicate;

/// The type of a statement.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The type of statements before version 1, which BuildKit still writes.
const OLD_STATEMENT: &str = "https://in-toto.io/Statement/v0.1";
/// The type of a predicate about slimming.
pub const SLIM: &str = concat!(
    "https://docs.rs/crate/",
    env!("CARGO_PKG_NAME"),
    "/attestation/slim/v1"
);
/// The type of a predicate that is an SPDX document.
pub const SPDX: &str = "https://spdx.dev/Document";
/// The type of a predicate that is an `OpenVEX` document.
pub const OPENVEX: &str = "https://openvex.dev/ns/v0.2.0";

/// A statement. Unknown keys and repeated keys are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement<P> {
    #[serde(rename = "_type")]
    pub kind: String,
    #[serde(deserialize_with = "at_most::<100, _, _>")]
    pub subject: Vec<Subject>,
    pub predicate_type: String,
    pub predicate: P,
}

/// The thing that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub digest: DigestSet,
}

impl<P: Serialize> Statement<P> {
    /// A statement about an image.
    pub fn new(
        name: Option<String>,
        digest: &str,
        predicate_type: &str,
        predicate: P,
    ) -> Statement<P> {
        Statement {
            kind: STATEMENT.to_owned(),
            subject: vec![Subject {
                name,
                digest: DigestSet::of(digest),
            }],
            predicate_type: predicate_type.to_owned(),
            predicate,
        }
    }

    /// The statement as JSON, the same bytes each time.
    pub fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("statements have text as keys")
    }
}

/// Parses a statement about slimming.
pub fn parse(bytes: &[u8]) -> Result<Statement<Predicate>, serde_json::Error> {
    // The type is read first: a statement about something else has other keys.
    let header: Header<'_> = serde_json::from_slice(bytes)?;
    for (is, expected, what) in [
        (&header.kind, STATEMENT, "statement"),
        (&header.predicate_type, SLIM, "predicate"),
    ] {
        if is != expected {
            let is = crate::printable::escape(is);
            return Err(serde::de::Error::custom(format_args!(
                "the type of the {what} is `{is}`, not `{expected}`"
            )));
        }
    }
    serde_json::from_slice(bytes)
}

/// Maximum length in bytes of the subjects of a statement about anything: once they are parsed, they
/// take 30 times as much.
const MAX_SUBJECTS: usize = 1 << 20;

/// The parts of a statement that all types have. The predicate is skipped without being stored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    #[serde(rename = "_type")]
    kind: String,
    predicate_type: String,
    #[serde(default, borrow)]
    subject: Option<&'a RawValue>,
    #[expect(dead_code, reason = "a statement without a predicate is refused")]
    predicate: IgnoredAny,
}

#[derive(Deserialize)]
struct AnySubject {
    #[serde(default, deserialize_with = "without_repeated_keys")]
    digest: BTreeMap<String, String>,
}

/// The type of any statement's predicate, and the digests of its subjects, such as `sha256:…`.
pub fn described_subjects(bytes: &[u8]) -> Result<(String, Vec<String>), serde_json::Error> {
    let header: Header<'_> = serde_json::from_slice(bytes)?;
    if ![STATEMENT, OLD_STATEMENT].contains(&header.kind.as_str()) {
        return Err(serde::de::Error::custom("it is not an in-toto statement"));
    }
    let text = header.subject.map_or("[]", RawValue::get);
    if text.len() > MAX_SUBJECTS {
        return Err(serde::de::Error::custom("it has too many subjects"));
    }
    let subjects: Vec<AnySubject> = serde_json::from_str(text)?;
    let digests = subjects.iter().flat_map(|subject| &subject.digest);
    let digests = digests.map(|(algorithm, value)| format!("{algorithm}:{value}"));
    Ok((header.predicate_type, digests.collect()))
}
