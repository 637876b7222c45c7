//! Images that are on no file system of this machine: in registries, and in the daemons of Docker
//! and Podman.
//!
//! This is the one place that waits for sockets: each call of it runs its own small event loop to
//! the end. What is fetched comes as unlinked temporary files; what is sent is an archive or a
//! layout that was written before. Registries are spoken to with `reqwest`, since clients of
//! registries read answers whole, however long they are; daemons with `bollard`. Both go over
//! rustls with ring, which needs neither `OpenSSL` nor `CMake` and leaves the binary static.

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
mod absent;

#[cfg(any(feature = "registry", feature = "daemon"))]
use std::io;

#[cfg(any(feature = "registry", feature = "daemon"))]
use bytes::Bytes;

#[cfg(any(feature = "registry", feature = "daemon"))]
use super::blob::Blob;

pub use error::TransferError;

#[cfg(not(feature = "registry"))]
pub(super) use absent::{Fetched, Registry};
#[cfg(not(feature = "daemon"))]
pub(super) use absent::{load, save};
#[cfg(feature = "daemon")]
pub(super) use daemon::{load, save};
pub(super) use name::with_tag;
#[cfg(feature = "registry")]
pub(super) use registry::{Fetched, Registry};

/// How a registry is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// TLS, with a certificate that the system trusts.
    #[default]
    Verified,
    /// TLS with any certificate, or without TLS where the registry has none.
    Unverified,
    /// No TLS.
    Plain,
}

/// The event loop of one call.
#[cfg(any(feature = "registry", feature = "daemon"))]
fn event_loop() -> Result<tokio::runtime::Runtime, TransferError> {
    let built = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    built.map_err(|source| TransferError::Start { source })
}

#[cfg(any(feature = "registry", feature = "daemon"))]
const CHUNK: usize = 1 << 20;

/// A blob in pieces, each read when it is taken.
#[cfg(any(feature = "registry", feature = "daemon"))]
fn chunks(blob: Blob) -> impl Iterator<Item = io::Result<Bytes>> + Send + 'static {
    (0..blob.size()).step_by(CHUNK).map(move |place| {
        let left = usize::try_from(blob.size() - place).unwrap_or(CHUNK);
        let mut chunk = vec![0; left.min(CHUNK)];
        blob.read_at(&mut chunk, place)?;
        Ok(chunk.into())
    })
}

/// Tells rustls which cryptography to use. Whoever came first has said the same.
#[cfg(any(feature = "registry", feature = "daemon"))]
fn install_cryptography() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
