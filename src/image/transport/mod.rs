//! The places that images are read from and written to: a file or a directory for each.
//!
//! `registry` and `daemon` are the only modules that wait for sockets: each call runs its own small
//! event loop to the end. Fetched blobs are unlinked temporary files; sent images are archives or
//! layouts that were written before. Both are accessed with `reqwest`, since ready-made clients
//! read whole answers into memory, however long they are. It uses rustls with ring, which needs
//! neither `OpenSSL` nor `CMake` and leaves the binary static.

pub(super) mod deliver;
pub(super) mod docker_archive;
mod error;
pub(super) mod oci_layout;
#[cfg(all(target_os = "linux", not(jettison_portable)))]
pub(super) mod rootfs;
#[cfg(not(all(target_os = "linux", not(jettison_portable))))]
#[path = "no_rootfs.rs"]
pub(super) mod rootfs;
pub(super) mod stream;

#[cfg(any(feature = "registry", feature = "daemon"))]
mod body;
#[cfg(feature = "daemon")]
mod daemon;
#[cfg(feature = "registry")]
mod registry;

#[cfg(not(all(feature = "registry", feature = "daemon")))]
mod disabled;

use std::fs::File;
#[cfg(any(feature = "registry", feature = "daemon"))]
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

#[cfg(any(feature = "registry", feature = "daemon"))]
use bytes::Bytes;

use super::blob::Blob;
use super::error::{ReadError, WriteError};
use super::limits::{Budget, Limits};
use super::progress::Progress;
use super::reference::{Format, Reference};
use super::store::Store;
use super::write::{self, FileDestination, Selection, WriteOptions, Written, format_of};
use super::{Image, Options};

pub use error::TransferError;

#[cfg(feature = "daemon")]
pub(super) use daemon::{load, save};
#[cfg(not(feature = "registry"))]
pub(super) use disabled::{Fetched, Registry};
#[cfg(not(feature = "daemon"))]
pub(super) use disabled::{load, save};
#[cfg(feature = "registry")]
pub(super) use registry::{Fetched, Registry};

/// The protocol for a registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// TLS, with a certificate that the system trusts.
    #[default]
    Verified,
    /// TLS with any certificate, or plain HTTP if the registry does not support TLS.
    Unverified,
    /// No TLS.
    Plain,
}

/// The content of a source.
#[derive(Debug)]
pub(super) enum Opened {
    Blobs(Store),
    /// A root file system, which has files only.
    Directory(PathBuf),
}

/// Opens the place that a reference names.
pub(super) fn open(
    reference: &Reference,
    options: &Options,
    budget: &Budget,
    progress: &dyn Progress,
) -> Result<Opened, ReadError> {
    let limits = &options.limits;
    let store = match reference {
        Reference::Daemon(name) | Reference::PathOrDaemon { name, .. } => {
            let shown = name.to_string();
            let archive = save(name, limits.uncompressed, progress)?;
            let archive = Blob::spooled(archive).map_err(ReadError::spool(&shown))?;
            Store::archive_in(archive, Path::new(&shown), limits, budget)
        }
        Reference::Registry(name) => Store::registry(name, options.connection, limits),
        Reference::Stream => {
            let archive = stream::standard_input(limits.uncompressed, progress)?;
            Store::archive_in(archive, Path::new(stream::STANDARD_INPUT), limits, budget)
        }
        Reference::Rootfs(path) => return Ok(Opened::Directory(path.clone())),
        // A directory without the file of a layout is a root file system.
        Reference::Path(path) if path.is_dir() && !is_layout(path) => {
            return Ok(Opened::Directory(path.clone()));
        }
        Reference::Path(path) if path.is_dir() => Store::directory(path, limits),
        Reference::File {
            format: Format::OciLayout,
            path,
            ..
        } if !is_fifo(path) => Store::directory(path, limits),
        Reference::Path(path) | Reference::File { path, .. } => {
            archive(path, limits, budget, progress)
        }
    };
    store.map(Opened::Blobs)
}

fn archive(
    path: &Path,
    limits: &Limits,
    budget: &Budget,
    progress: &dyn Progress,
) -> Result<Store, ReadError> {
    if !is_fifo(path) {
        return Store::archive(path, limits, budget);
    }
    // A shell passes `<(docker save app)` as the path of a FIFO, which can be read once only.
    let pipe = File::open(path).map_err(ReadError::io(path))?;
    let blob = stream::spooled(pipe, path, limits.uncompressed, progress)?;
    Store::archive_in(blob, path, limits, budget)
}

fn is_fifo(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// Whether a directory is an OCI layout. Anything with the name of the marker file counts, so that
/// a symlink in its place is an error.
fn is_layout(path: &Path) -> bool {
    std::fs::symlink_metadata(path.join(oci_layout::LAYOUT)).is_ok()
}

/// Writes an image with the selected names. An archive at the destination is replaced; in an OCI
/// layout, the image of the same name is; any other directory is left unchanged, unless it is
/// empty.
pub fn create(
    image: &Image,
    selection: &Selection,
    destination: &Reference,
    options: &WriteOptions,
    progress: &dyn Progress,
) -> Result<Written, WriteError> {
    let path = match destination {
        Reference::Rootfs(path) => return write::to_rootfs(image, selection, path, progress),
        Reference::Registry(name) => {
            return deliver::to_registry(image, selection, destination, name, options, progress);
        }
        Reference::Daemon(name) => {
            return deliver::to_daemon(image, selection, destination, name, options, progress);
        }
        Reference::Stream => return deliver::to_stream(image, selection, options, progress),
        Reference::File { path, .. }
        | Reference::Path(path)
        | Reference::PathOrDaemon { path, .. } => path,
    };
    let file = FileDestination {
        format: format_of(destination),
        path,
        name: destination.stored_name(),
    };
    write::to_file(image, selection, &file, options, progress)
}

/// The event loop of one call. It has one thread: transfers wait for the network, not for a core.
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
    // The iterator owns the blob, since a request may outlive the function that started it.
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
