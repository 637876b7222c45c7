//! Referrers: the manifests of a repository that name another one as their subject.
//!
//! Registries without this API have an index of them under a tag, which clients keep.
//!
//! Source: `Listing Referrers` in <https://github.com/opencontainers/distribution-spec>, `spec.md`.

use oci_spec::image::{Descriptor, MediaType};
use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::http::{HttpError, body, send};
use super::push::Manifest;
use super::{MANIFESTS, Registry, TransferError, failed, retried};
use crate::image::digest::sha256;
use crate::image::json;
use crate::image::transport::oci_layout;

/// The name of the document in errors.
const REFERRERS: &str = "the referrers";
/// Maximum size of the index that is extended, in bytes.
const MAX_INDEX: u64 = 4 << 20;

impl Registry {
    /// Fetches the index of the manifests that name a manifest as their subject; `None` if the
    /// registry has none.
    pub(in crate::image) fn referrers(
        &self,
        digest: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, TransferError> {
        let place = self.place(Some(digest));
        let fetched = retried(|| self.fetch_referrers(digest, limit));
        let fetched = self.event_loop.block_on(fetched);
        fetched.map_err(failed("fetch the referrers of", &place))
    }

    async fn fetch_referrers(
        &self,
        digest: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, HttpError> {
        let fallback = format!("manifests/{}", fallback_tag(digest));
        for path in [format!("referrers/{digest}"), fallback] {
            if let Some(bytes) = self.fetch_if_there(&path, limit).await? {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// Adds a manifest to the index of a registry without the API.
    pub(super) fn list_referrer(
        &self,
        subject: &str,
        referrer: &Manifest,
    ) -> Result<(), TransferError> {
        let place = self.place(Some(subject));
        let listed = retried(|| self.add_to_index(subject, referrer));
        let listed = self.event_loop.block_on(listed);
        listed.map_err(failed("list the referrers of", &place))
    }

    async fn add_to_index(&self, subject: &str, referrer: &Manifest) -> Result<(), HttpError> {
        let tag = fallback_tag(subject);
        let known = self
            .fetch_if_there(&format!("manifests/{tag}"), MAX_INDEX)
            .await?;
        let mut index = match known {
            Some(bytes) => json::parse(&bytes, &json::INDEX)
                .map_err(|error| HttpError::Malformed(format!("the tag `{tag}`: {error}")))?,
            None => {
                json!({"schemaVersion": 2, "mediaType": MediaType::ImageIndex, "manifests": []})
            }
        };
        let descriptor = listed(referrer);
        let Some(manifests) = index["manifests"].as_array_mut() else {
            let reason = format!("the tag `{tag}` is not an index of referrers");
            return Err(HttpError::Malformed(reason));
        };
        let digest = &descriptor["digest"];
        if manifests.iter().any(|known| known["digest"] == *digest) {
            return Ok(());
        }
        manifests.push(descriptor);
        let bytes = index.to_string().into_bytes();
        let index = Manifest {
            descriptor: descriptor_of(&bytes),
            bytes,
            subject: None,
            blobs: Vec::new(),
        };
        self.upload_manifest(&index, &tag).await.map(drop)
    }

    /// Fetches a document; `None` if there is none.
    async fn fetch_if_there(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, HttpError> {
        let url = self.session.url(path)?;
        let request = self.session.brief(Method::GET, url).await?;
        match send(request.header(ACCEPT, MANIFESTS)).await {
            Ok(response) => body(response, REFERRERS, limit).await.map(Some),
            // Registries without the API answer in different ways.
            Err(HttpError::Status {
                status:
                    StatusCode::NOT_FOUND
                    | StatusCode::METHOD_NOT_ALLOWED
                    | StatusCode::BAD_REQUEST
                    | StatusCode::NOT_IMPLEMENTED,
                ..
            }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The descriptor of a referrer in the index, with the type and the annotations of its manifest.
fn listed(referrer: &Manifest) -> Value {
    let mut descriptor = json!({
        "mediaType": referrer.descriptor.media_type(),
        "digest": referrer.descriptor.digest(),
        "size": referrer.bytes.len(),
    });
    let manifest: Value = serde_json::from_slice(&referrer.bytes).unwrap_or_default();
    for key in ["artifactType", "annotations"] {
        if let Some(value) = manifest.get(key) {
            descriptor[key] = value.clone();
        }
    }
    descriptor
}

fn descriptor_of(index: &[u8]) -> Descriptor {
    let size = index.len() as u64;
    oci_layout::descriptor(MediaType::ImageIndex, size, &sha256(index))
}

/// The tag of the index in registries without the API.
fn fallback_tag(digest: &str) -> String {
    digest.replace(':', "-")
}
