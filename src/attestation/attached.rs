//! The statements that are attached to an image, by the types of their predicates.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::envelope::open;
use super::statement::described_subjects;
use crate::image::{Image, ReadError, Source};

/// A bundle of Sigstore, in which cosign attaches attestations.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle<'a> {
    #[serde(borrow)]
    dsse_envelope: &'a RawValue,
}

/// The types of the predicates of all attached statements about an image. Statements about another
/// image and documents that are not statements do not count; signatures are not verified.
pub fn attached_types(source: &Source, image: &Image) -> Result<BTreeSet<String>, ReadError> {
    let mut types = BTreeSet::new();
    let Some(digest) = &image.origin.digest else {
        return Ok(types);
    };
    for attestation in source.attestations(digest)? {
        for statement in attestation.statements() {
            types.extend(type_of(&statement.read()?, digest));
        }
    }
    Ok(types)
}

/// The type of a statement's predicate, if it is about the image with this digest.
fn type_of(document: &[u8], digest: &str) -> Option<String> {
    let bundle = serde_json::from_slice::<Bundle<'_>>(document);
    let document = match &bundle {
        Ok(bundle) => bundle.dsse_envelope.get().as_bytes(),
        Err(_) => document,
    };
    let opened = open(document, None).ok()?;
    let (predicate_type, subjects) = described_subjects(&opened.statement).ok()?;
    if subjects.iter().any(|subject| subject == digest) {
        Some(predicate_type)
    } else {
        None
    }
}
