//! DSSE envelopes: a payload and signatures of it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use serde::{Deserialize, Serialize};

use super::bounded::at_most;
use super::key::{KeyError, SigningKey, VerifyingKey};

/// The type of a payload that is an in-toto statement. The statement alone has it as media type.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Maximum number of signatures in an envelope: each one is verified.
const MAX_SIGNATURES: usize = 100;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
    payload_type: String,
    #[serde(deserialize_with = "at_most::<MAX_SIGNATURES, _, _>")]
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Debug, Serialize, Deserialize)]
struct EnvelopeSignature {
    /// Only a hint, which is not trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
    sig: String,
}

/// The error for an envelope that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    #[error("cannot parse the envelope: {0}")]
    Syntax(#[from] serde_json::Error),
    #[error("the payload is not an in-toto statement but `{0}`")]
    PayloadType(String),
    #[error("its {0} is not valid base64")]
    Base64(&'static str),
}

/// The content of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    pub statement: Cow<'a, [u8]>,
    pub signature: Signature,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// There is none.
    Absent,
    /// There was no key to verify it with.
    NotVerified,
    /// No signature is by the key.
    Wrong,
    /// The key has signed the statement.
    Verified,
}

/// The media type of a statement in a layer. `predicate` is the short name of its predicate, as in
/// `application/vnd.in-toto.spdx+dsse`.
pub fn media_type(predicate: &str, is_signed: bool) -> String {
    if is_signed {
        format!("application/vnd.in-toto.{predicate}+dsse")
    } else {
        PAYLOAD_TYPE.to_owned()
    }
}

/// Signs a statement. Returns the envelope.
pub fn sign(statement: &[u8], key: &SigningKey) -> Result<Vec<u8>, KeyError> {
    let signature = key.sign(&authenticated(PAYLOAD_TYPE, statement))?;
    let envelope = Envelope {
        payload: BASE64_STANDARD.encode(statement).into(),
        payload_type: PAYLOAD_TYPE.to_owned(),
        signatures: vec![EnvelopeSignature {
            keyid: Some(key.id().to_owned()),
            sig: BASE64_STANDARD.encode(signature),
        }],
    };
    Ok(serde_json::to_vec(&envelope).expect("envelopes have text as keys"))
}

/// Opens an envelope or a statement without one, and verifies the signature if there is a key.
pub fn open<'a>(bytes: &'a [u8], key: Option<&VerifyingKey>) -> Result<Opened<'a>, EnvelopeError> {
    if !is_envelope(bytes)? {
        return Ok(Opened {
            statement: Cow::Borrowed(bytes),
            signature: Signature::Absent,
        });
    }
    let envelope: Envelope<'_> = serde_json::from_slice(bytes)?;
    if envelope.payload_type != PAYLOAD_TYPE {
        let is = crate::printable::escape(&envelope.payload_type);
        return Err(EnvelopeError::PayloadType(is.into_owned()));
    }
    let statement = decoded(&envelope.payload).ok_or(EnvelopeError::Base64("payload"))?;
    let mut signature = match key {
        _ if envelope.signatures.is_empty() => Signature::Absent,
        None => Signature::NotVerified,
        Some(_) => Signature::Wrong,
    };
    if let Some(key) = key {
        let message = authenticated(&envelope.payload_type, &statement);
        for one in &envelope.signatures {
            let bytes = decoded(&one.sig).ok_or(EnvelopeError::Base64("signature"))?;
            if key.has_signed(&message, &bytes) {
                signature = Signature::Verified;
            }
        }
    }
    Ok(Opened {
        statement: Cow::Owned(statement),
        signature,
    })
}

/// Whether a document is an envelope. A statement has none of its keys.
fn is_envelope(bytes: &[u8]) -> Result<bool, EnvelopeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Keys {
        payload_type: Option<serde::de::IgnoredAny>,
    }
    let keys: Keys = serde_json::from_slice(bytes)?;
    Ok(keys.payload_type.is_some())
}

/// The bytes that are signed: DSSE's pre-authentication encoding.
fn authenticated(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    )
    .into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Both alphabets are allowed.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let decoded = BASE64_STANDARD.decode(text);
    decoded.or_else(|_| BASE64_URL_SAFE.decode(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_that_of_the_specification() {
        assert_eq!(
            authenticated("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }
}
