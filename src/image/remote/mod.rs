//! Remote images: in registries, and in the daemons of Docker and Podman.
//!
//! This is the only module that waits for sockets: each call runs its own small event loop to
//! completion. Fetched blobs are unlinked temporary files; sent images are archives or layouts that
//! have already been written. Registries are accessed with `reqwest`, because existing registry
//! clients read whole responses of any size into memory; daemons with `bollard`. Both use rustls
//! with ring, which needs neither `OpenSSL` nor `CMake` and keeps the binary static.

mod error;
mod name;

#[cfg(feature = "registry")]
mod challenge;
#[cfg(feature = "registry")]
mod credentials;
#[cfg(feature = "daemon")]
mod daemon;
#[cfg(feature = "daemon")]
mod endpoint;
#[cfg(feature = "registry")]
mod helper;
#[cfg(feature = "registry")]
mod http;
#[cfg(feature = "registry")]
mod push;
#[cfg(feature = "registry")]
mod reach;
#[cfg(feature = "registry")]
mod registry;
#[cfg(feature = "registry")]
mod session;
#[cfg(feature = "daemon")]
mod tunnel;

#[cfg(not(all(feature = "registry", feature = "daemon")))]
mod disabled;

#[cfg(any(feature = "registry", feature = "daemon"))]
use std::io;

#[cfg(any(feature = "registry", feature = "daemon"))]
use bytes::Bytes;

#[cfg(any(feature = "registry", feature = "daemon"))]
use super::blob::Blob;

pub use error::TransferError;

#[cfg(feature = "daemon")]
pub(super) use daemon::{load, save};
#[cfg(not(feature = "registry"))]
pub(super) use disabled::{Fetched, Registry};
#[cfg(not(feature = "daemon"))]
pub(super) use disabled::{load, save};
pub(super) use name::with_tag;
#[cfg(feature = "registry")]
pub(super) use registry::{Fetched, Registry};

/// The protocol for a registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// TLS, with a certificate that the system trusts.
    #[default]
    Verified,
    /// TLS with any certificate, or no TLS if the registry does not support it.
    Unverified,
    /// No TLS.
    Plain,
}

/// The event loop of one call. It has one thread, because transfers wait for the network, not for a
/// core.
#[cfg(any(feature = "registry", feature = "daemon"))]
fn event_loop() -> Result<tokio::runtime::Runtime, TransferError> {
    let built = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    built.map_err(|source| TransferError::Start { source })
}

#[cfg(any(feature = "registry", feature = "daemon"))]
const CHUNK: usize = 1 << 20;

/// A blob in chunks, each read when it is needed.
#[cfg(any(feature = "registry", feature = "daemon"))]
fn chunks(blob: Blob) -> impl Iterator<Item = io::Result<Bytes>> + Send + 'static {
    // The iterator owns the blob, because a request may outlive the function that started it.
    (0..blob.size()).step_by(CHUNK).map(move |place| {
        let left = usize::try_from(blob.size() - place).unwrap_or(CHUNK);
        let mut chunk = vec![0; left.min(CHUNK)];
        blob.read_at(&mut chunk, place)?;
        Ok(chunk.into())
    })
}

/// Selects the cryptography of rustls. It can be set only once, and later calls set the same.
#[cfg(any(feature = "registry", feature = "daemon"))]
fn install_cryptography() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
