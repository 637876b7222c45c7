//! Finds the attestations of an image: the manifests that name it in an index, and its referrers.

use std::collections::HashSet;

use oci_spec::image::{Descriptor, DigestAlgorithm, ImageManifest};

use super::{
    Document, DocumentKind, MAX_DOCUMENTS, MAX_INDEXES, Platform, blob_path, checked, document,
    too_many_documents, top_index,
};
use crate::image::attestations::{
    ATTESTATION, AttestationManifest, MAX_STATEMENT, REFERENCE_DIGEST, REFERENCE_TYPE, annotation,
    statement_too_large,
};
use crate::image::error::ReadError;
use crate::image::limits::Limits;
use crate::image::progress::Silent;
use crate::image::store::Store;

/// Maximum number of attestation manifests of an image, and of statements in one. BuildKit writes
/// one manifest with two or three statements.
const MAX_ATTESTATIONS: usize = 100;
/// Maximum number of bytes of all statements about an image.
const MAX_STATEMENTS: u64 = 512 << 20;

/// The beginnings of the media types of statements, envelopes of them, and Sigstore's bundles.
const STATEMENTS: [&str; 3] = [
    "application/vnd.in-toto",
    "application/vnd.dsse.envelope",
    "application/vnd.dev.sigstore.bundle",
];

/// The attestations of the image whose manifest has this digest, in the order of the indexes, each
/// once. Referrers come last.
pub(in crate::image) fn attestations(
    store: &Store,
    digest: &str,
    limits: &Limits,
) -> Result<Vec<AttestationManifest>, ReadError> {
    let mut candidates = candidates(store, digest, limits)?;
    candidates.extend(store.referrers(digest, limits)?);
    let (mut found, mut seen, mut bytes) = (Vec::new(), HashSet::new(), 0_u64);
    for descriptor in candidates {
        if !seen.insert(descriptor.digest().clone()) {
            continue;
        }
        if seen.len() > MAX_ATTESTATIONS {
            return Err(too_many(digest, "attestation manifests"));
        }
        // Archives often have the images of an index only, and referrers may be of any type.
        store.fetch_manifest(descriptor.digest().as_ref(), limits)?;
        let is_there = store.has(&blob_path(descriptor.digest())?);
        if DocumentKind::of(descriptor.media_type()).is_none() || !is_there {
            continue;
        }
        let Document::Manifest(manifest) = document(store, &descriptor, limits)? else {
            continue;
        };
        // BuildKit names the image in the index, and the OCI specification in the manifest.
        let is_named = annotation(&descriptor, REFERENCE_DIGEST) == Some(digest)
            && annotation(&descriptor, REFERENCE_TYPE) == Some(ATTESTATION);
        let subject = manifest.subject().as_ref();
        let is_subject = subject.is_some_and(|subject| subject.digest().as_ref() == digest);
        // One that names two images would be about another one for other readers.
        let is_other = subject.is_some() && !is_subject;
        if (is_named || is_subject && has_statements(&manifest)) && !is_other {
            for layer in manifest.layers() {
                bytes = bytes.saturating_add(layer.size());
            }
            if bytes > MAX_STATEMENTS {
                return Err(ReadError::Limit {
                    blob: digest.to_owned(),
                    what: "bytes of attestations",
                    limit: MAX_STATEMENTS,
                    flag: None,
                });
            }
            found.push(fetched(store, descriptor, &manifest, limits)?);
        }
    }
    Ok(found)
}

/// Whether a referrer has statements, and is not a signature or a document of another kind.
fn has_statements(manifest: &ImageManifest) -> bool {
    let mut layers = manifest.layers().iter();
    layers.any(|layer| {
        let media_type = layer.media_type().to_string();
        STATEMENTS.iter().any(|kind| media_type.starts_with(kind))
    })
}

/// The manifests of the indexes that may be attestations of an image.
fn candidates(store: &Store, digest: &str, limits: &Limits) -> Result<Vec<Descriptor>, ReadError> {
    let index = top_index(store, limits)?;
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    // A stack of descriptors and their depth, the next one last.
    let mut open: Vec<(Descriptor, usize)> = Vec::new();
    let listed = index.manifests().iter().rev();
    open.extend(listed.map(|listed| (listed.clone(), 0)));
    while let Some((descriptor, depth)) = open.pop() {
        match DocumentKind::of(descriptor.media_type()) {
            Some(DocumentKind::Manifest) if is_candidate(&descriptor, digest) => {
                found.push(descriptor);
            }
            // Indexes that list each other would be read repeatedly.
            Some(DocumentKind::Index)
                if depth < MAX_INDEXES && seen.insert(descriptor.digest().clone()) =>
            {
                if seen.len() > MAX_DOCUMENTS {
                    return Err(too_many_documents());
                }
                let Document::Index(index) = document(store, &descriptor, limits)? else {
                    continue;
                };
                let listed = index.manifests().iter().rev();
                open.extend(listed.map(|inner| (inner.clone(), depth + 1)));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Whether a manifest may be an attestation of the image. Reading each of an index would fetch the
/// manifests of all platforms.
fn is_candidate(descriptor: &Descriptor, digest: &str) -> bool {
    if let Some(named) = annotation(descriptor, REFERENCE_DIGEST) {
        return named == digest;
    }
    let is_unknown = |platform: Platform| platform.os == "unknown";
    descriptor.artifact_type().is_some() || Platform::of(descriptor).is_some_and(is_unknown)
}

/// Fetches the statements of a manifest and checks their digests.
fn fetched(
    store: &Store,
    descriptor: Descriptor,
    manifest: &ImageManifest,
    limits: &Limits,
) -> Result<AttestationManifest, ReadError> {
    let name = descriptor.digest().to_string();
    if manifest.layers().len() > MAX_ATTESTATIONS {
        return Err(too_many(&name, "statements"));
    }
    let listed = || [manifest.config()].into_iter().chain(manifest.layers());
    for blob in listed().chain([&descriptor]) {
        // They are stored under this name when they are carried along.
        if *blob.digest().algorithm() != DigestAlgorithm::Sha256 {
            return Err(ReadError::UnknownDigest {
                blob: name,
                digest: blob.digest().to_string(),
            });
        }
    }
    for blob in listed() {
        if blob.size() > MAX_STATEMENT {
            return Err(statement_too_large(blob.digest().as_ref()));
        }
    }
    let wanted: Vec<_> = listed()
        .map(|wanted| (wanted.digest().to_string(), wanted.size()))
        .collect();
    store.fetch_blobs(&wanted, limits, &Silent)?;
    let mut layers = Vec::new();
    for layer in manifest.layers() {
        layers.push((layer.clone(), checked(store, layer, &name)?));
    }
    let bytes = checked(store, &descriptor, &name)?;
    let bytes = bytes.bytes().map_err(ReadError::blob(&name))?.to_vec();
    Ok(AttestationManifest {
        config: (
            manifest.config().clone(),
            checked(store, manifest.config(), &name)?,
        ),
        layers,
        bytes,
        descriptor,
    })
}

fn too_many(blob: &str, what: &'static str) -> ReadError {
    ReadError::Limit {
        blob: blob.to_owned(),
        what,
        limit: MAX_ATTESTATIONS as u64,
        flag: None,
    }
}
