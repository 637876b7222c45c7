//! Pushes images to registries: missing blobs first, then the manifests, the tagged one last.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use futures_util::{StreamExt, TryStreamExt, stream};
use oci_spec::image::{Descriptor, ImageIndex, ImageManifest, MediaType};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Body, Method, StatusCode};

use super::http::{HttpError, failure, send};
use super::session::Operation;
use super::{Connection, PARALLEL, Registry, TransferError, failed, retried};
use crate::image::blob::Blob;
use crate::image::name::Name;
use crate::image::progress::Progress;
use crate::image::transport::chunks;

/// The interval between reports of progress.
const TICK: Duration = Duration::from_millis(100);
/// The header with which a registry shows that it has the referrers API.
const SUBJECT: &str = "oci-subject";

impl Registry {
    /// Pushes the only image or index of a layout. Layers that exist in the original's repository
    /// of the same registry are mounted instead of uploaded. Returns the digest of the tagged
    /// manifest or index.
    pub(in crate::image) fn push(
        name: &Name,
        connection: Connection,
        layout: &Path,
        origin: Option<&Name>,
        progress: &dyn Progress,
    ) -> Result<String, TransferError> {
        let index: ImageIndex = parsed(&read(&layout.join("index.json"))?)?;
        let [root] = &index.manifests()[..] else {
            return Err(broken("it must contain exactly one image"));
        };
        let manifests = manifests(layout, root)?;
        // Platforms and layers may share blobs; each is uploaded once.
        let mut blobs: Vec<&Descriptor> = Vec::new();
        for blob in manifests.iter().flat_map(|manifest| &manifest.blobs) {
            if blobs.iter().all(|known| known.digest() != blob.digest()) {
                blobs.push(blob);
            }
        }
        let registry = Self::connect(name, connection, Operation::Push)?;
        // A registry mounts blobs of its own repositories only.
        let origin = origin.filter(|origin| origin.registry() == registry.image.registry());
        progress.start("sending", blobs.iter().map(|blob| blob.size()).sum());
        let sent = registry.send(layout, &blobs, origin, progress);
        registry.event_loop.block_on(sent)?;
        // Registries refuse a manifest whose blobs, or an index whose manifests, are missing.
        for manifest in &manifests {
            let is_root = manifest.descriptor.digest() == root.digest();
            let is_listed = registry.send_manifest(manifest, is_root)?;
            if let Some(subject) = &manifest.subject
                && !is_listed
            {
                registry.list_referrer(subject, manifest)?;
            }
        }
        Ok(root.digest().to_string())
    }

    async fn send(
        &self,
        layout: &Path,
        blobs: &[&Descriptor],
        origin: Option<&Name>,
        progress: &dyn Progress,
    ) -> Result<(), TransferError> {
        let count = Arc::new(AtomicU64::new(0));
        let all = stream::iter(blobs)
            .map(|blob| self.send_blob(layout, blob, origin, &count))
            .buffer_unordered(PARALLEL);
        let mut all = Box::pin(all.try_collect::<()>());
        // Request bodies must be `'static`, which the progress is not, so they only update a
        // counter, which is reported from here.
        loop {
            let tick = Box::pin(tokio::time::sleep(TICK));
            let finished = match select(all, tick).await {
                Either::Left((result, _)) => Either::Left(result),
                Either::Right(((), rest)) => Either::Right(rest),
            };
            progress.advance(count.swap(0, Ordering::Relaxed));
            match finished {
                Either::Left(result) => return result,
                Either::Right(rest) => all = rest,
            }
        }
    }

    async fn send_blob(
        &self,
        layout: &Path,
        blob: &Descriptor,
        origin: Option<&Name>,
        count: &Arc<AtomicU64>,
    ) -> Result<(), TransferError> {
        let (digest, size) = (blob.digest().to_string(), blob.size());
        let place = self.place(None);
        let is_there = retried(|| self.has_blob(&digest)).await;
        if is_there.map_err(failed("look for a blob in", &place))? {
            count.fetch_add(size, Ordering::Relaxed);
            return Ok(());
        }
        if let Some(origin) = origin {
            // A registry that cannot mount the blob starts an upload instead, or denies access to
            // the other repository. The blob is then uploaded.
            if self
                .mount_blob(&digest, origin)
                .await
                .is_ok_and(|done| done)
            {
                count.fetch_add(size, Ordering::Relaxed);
                return Ok(());
            }
        }
        let path = blob_path(layout, blob);
        let stored = File::open(&path)
            .and_then(Blob::foreign)
            .map_err(TransferError::spool(&digest))?;
        let sent = retried(|| self.upload_blob(&digest, &stored, count));
        sent.await.map_err(failed("send a blob to", &place))
    }

    async fn has_blob(&self, digest: &str) -> Result<bool, HttpError> {
        let url = self.session.url(&format!("blobs/{digest}"))?;
        let response = self.session.brief(Method::HEAD, url).await?.send().await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        if response.status().is_success() {
            return Ok(true);
        }
        Err(failure(response).await)
    }

    async fn mount_blob(&self, digest: &str, from: &Name) -> Result<bool, HttpError> {
        let mut url = self.session.url("blobs/uploads/")?;
        url.query_pairs_mut()
            .append_pair("mount", digest)
            .append_pair("from", &from.repository());
        let request = self.session.brief(Method::POST, url).await?;
        let response = send(request.header(CONTENT_LENGTH, 0)).await?;
        Ok(response.status() == StatusCode::CREATED)
    }

    /// Uploads a blob in one piece to the location returned by the registry.
    async fn upload_blob(
        &self,
        digest: &str,
        blob: &Blob,
        count: &Arc<AtomicU64>,
    ) -> Result<(), HttpError> {
        let url = self.session.url("blobs/uploads/")?;
        let request = self.session.brief(Method::POST, url.clone()).await?;
        let response = send(request.header(CONTENT_LENGTH, 0)).await?;
        let location = response.headers().get(LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        let location = location.ok_or_else(|| {
            HttpError::Malformed("the registry returned no upload location".to_owned())
        })?;
        let mut url = self.session.location(&url, location)?;
        url.query_pairs_mut().append_pair("digest", digest);
        let request = self
            .session
            .long(Method::PUT, url)
            .await?
            .header(CONTENT_LENGTH, blob.size())
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(Body::wrap_stream(counted(blob.clone(), Arc::clone(count))));
        send(request).await.map(drop)
    }

    /// Sends a manifest. Returns whether the registry lists it among the referrers of its subject.
    fn send_manifest(&self, manifest: &Manifest, is_root: bool) -> Result<bool, TransferError> {
        let digest = manifest.descriptor.digest().to_string();
        // The image itself is pushed by tag; the manifests that an index lists, by digest.
        let (name, place) = if is_root && self.image.digest().is_none() {
            (self.image.version(), self.place(None))
        } else {
            (digest.as_str(), self.place(Some(&digest)))
        };
        self.event_loop
            .block_on(retried(|| self.upload_manifest(manifest, name)))
            .map_err(failed("send the manifest to", &place))
    }

    pub(super) async fn upload_manifest(
        &self,
        manifest: &Manifest,
        name: &str,
    ) -> Result<bool, HttpError> {
        let url = self.session.url(&format!("manifests/{name}"))?;
        let media_type = manifest.descriptor.media_type().to_string();
        let request = self.session.brief(Method::PUT, url).await?;
        let request = request
            .header(CONTENT_TYPE, media_type)
            .body(manifest.bytes.clone());
        let response = send(request).await?;
        Ok(response.headers().contains_key(SUBJECT))
    }
}

/// A blob in chunks that are counted as they are sent.
fn counted(
    blob: Blob,
    count: Arc<AtomicU64>,
) -> impl futures_util::Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::iter(chunks(blob).map(move |chunk| {
        let chunk = chunk?;
        count.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        Ok(chunk)
    }))
}

/// A manifest or an index to push.
pub(super) struct Manifest {
    pub(super) descriptor: Descriptor,
    pub(super) bytes: Vec<u8>,
    /// The digest of the manifest that it refers to.
    pub(super) subject: Option<String>,
    /// Its configuration and layers; empty for an index.
    pub(super) blobs: Vec<Descriptor>,
}

/// The manifests that a descriptor refers to; an index comes after the manifests that it lists.
fn manifests(layout: &Path, root: &Descriptor) -> Result<Vec<Manifest>, TransferError> {
    let bytes = read(&blob_path(layout, root))?;
    let mut found = Vec::new();
    let (mut blobs, mut subject) = (Vec::new(), None);
    if *root.media_type() == MediaType::ImageIndex {
        let index: ImageIndex = parsed(&bytes)?;
        for inner in index.manifests() {
            if *inner.media_type() == MediaType::ImageIndex {
                return Err(broken("it has a nested index"));
            }
            found.extend(manifests(layout, inner)?);
        }
    } else {
        let manifest: ImageManifest = parsed(&bytes)?;
        subject = manifest
            .subject()
            .as_ref()
            .map(|subject| subject.digest().to_string());
        blobs.push(manifest.config().clone());
        blobs.extend(manifest.layers().iter().cloned());
    }
    found.push(Manifest {
        descriptor: root.clone(),
        bytes,
        subject,
        blobs,
    });
    Ok(found)
}

fn blob_path(layout: &Path, descriptor: &Descriptor) -> std::path::PathBuf {
    layout
        .join("blobs")
        .join(descriptor.digest().algorithm().to_string())
        .join(descriptor.digest().digest())
}

fn read(path: &Path) -> Result<Vec<u8>, TransferError> {
    std::fs::read(path).map_err(|source| TransferError::Spool {
        what: "layout".to_owned(),
        source,
    })
}

fn parsed<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, TransferError> {
    serde_json::from_slice(bytes).map_err(|error| broken(&error.to_string()))
}

fn broken(reason: &str) -> TransferError {
    TransferError::Layout {
        reason: reason.to_owned(),
    }
}
