//! Attestations: statements about an image that are attached to it, in its index as BuildKit writes
//! it or as a referrer in a registry.
//!
//! An attestation manifest lists statements as its layers. BuildKit's annotation and the `subject`
//! of the OCI specification both name the image that it describes; jettison writes both.
//!
//! Source: <https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md>.

use oci_spec::image::Descriptor;

use super::blob::Blob;
use super::error::ReadError;

/// The annotation of a descriptor that says what it refers to, and its value for attestations.
pub(super) const REFERENCE_TYPE: &str = "vnd.docker.reference.type";
pub(super) const ATTESTATION: &str = "attestation-manifest";
/// The annotation of a descriptor with the digest of the image that the attestation describes.
pub(super) const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";
/// The annotation of a layer with the type of the statement's predicate.
pub(super) const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";
/// The type of an attestation manifest among the referrers of an image, as in BuildKit.
pub(super) const ARTIFACT_TYPE: &str = "application/vnd.docker.attestation.manifest.v1+json";

/// Maximum size of a statement that is read, in bytes. One about 100,000 files has 20 MB.
pub(super) const MAX_STATEMENT: u64 = 48 << 20;

/// A manifest whose layers are statements about an image.
#[derive(Clone, Debug)]
pub struct AttestationManifest {
    pub(super) descriptor: Descriptor,
    pub(super) bytes: Vec<u8>,
    pub(super) config: (Descriptor, Blob),
    pub(super) layers: Vec<(Descriptor, Blob)>,
}

/// A statement that is attached to an image.
#[derive(Clone, Debug)]
pub struct AttachedStatement<'a> {
    /// The type of the predicate according to the manifest.
    pub predicate_type: Option<&'a str>,
    pub media_type: String,
    /// The digest of the statement.
    pub digest: String,
    blob: &'a Blob,
}

impl AttestationManifest {
    /// The digest of the manifest.
    pub fn digest(&self) -> String {
        self.descriptor.digest().to_string()
    }

    pub fn statements(&self) -> impl Iterator<Item = AttachedStatement<'_>> {
        self.layers.iter().map(|(layer, blob)| AttachedStatement {
            predicate_type: annotation(layer, PREDICATE_TYPE),
            media_type: layer.media_type().to_string(),
            digest: layer.digest().to_string(),
            blob,
        })
    }

    /// The blobs besides the manifest.
    pub(super) fn blobs(&self) -> impl Iterator<Item = &(Descriptor, Blob)> {
        [&self.config].into_iter().chain(&self.layers)
    }
}

impl AttachedStatement<'_> {
    /// The bytes of the statement, whose digest was checked.
    pub fn read(&self) -> Result<Vec<u8>, ReadError> {
        if self.blob.size() > MAX_STATEMENT {
            return Err(statement_too_large(&self.digest));
        }
        let bytes = self.blob.bytes();
        Ok(bytes.map_err(ReadError::blob(&self.digest))?.to_vec())
    }
}

/// The error for a statement that is larger than the limit.
pub(super) fn statement_too_large(digest: &str) -> ReadError {
    ReadError::Limit {
        blob: digest.to_owned(),
        what: "bytes",
        limit: MAX_STATEMENT,
        flag: None,
    }
}

/// A statement to attach to an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStatement {
    pub predicate_type: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// The value of a descriptor's annotation.
pub(super) fn annotation<'a>(descriptor: &'a Descriptor, key: &str) -> Option<&'a str> {
    let value = descriptor.annotations().as_ref()?.get(key)?;
    Some(value)
}
