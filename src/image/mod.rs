//! An image as a value: its configuration, its layers, its file system; and how it is read and written.
//!
//! Nothing is unpacked. An archive is mapped, a compressed layer becomes one unlinked temporary file, and the tree
//! knows where in them the bytes of each file are. Every digest and diff id is checked while reading.

mod apply;
mod archive;
mod blob;
mod changes;
mod config;
mod digest;
mod docker;
mod error;
mod inflate;
mod layer;
mod limits;
mod oci;
mod progress;
mod reference;
mod rootfs;
mod sparse;
mod store;
mod tree;
mod write;

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

pub use changes::{Changes, Gone, How};
pub use config::{Config, History};
pub use error::{EntryError, Fault, ReadError, WriteError};
pub use inflate::Compression;
pub use layer::Layer;
pub use limits::Limits;
pub use oci::Platform;
pub use progress::{Progress, Silent};
pub use reference::{Reference, ReferenceError};
pub use tree::*;
pub use write::{Selection, WriteOptions, Written, write};

pub(crate) use blob::map_length;

use blob::{Blob, map};
use limits::Budget;
use store::Store;

/// An image as it was read.
#[derive(Clone, Debug)]
pub struct Image {
    pub config: Config,
    /// The lowest first; none where a directory was read.
    pub layers: Vec<Layer>,
    pub tree: Tree,
    /// The uncompressed archive of each layer.
    archives: Vec<Blob>,
}

/// How to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub limits: Limits,
    /// Which image of several.
    pub platform: Platform,
}

/// The bytes of a file: of the mapped archive where they stand there in one piece.
#[derive(Debug)]
pub enum Bytes<'a> {
    Borrowed(&'a [u8]),
    Mapped(Mmap),
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

impl AsRef<[u8]> for Bytes<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Image {
    /// Reads an image: every header of every layer, all digests checked.
    pub fn open(reference: &Reference, options: &Options, progress: &dyn Progress) -> Result<Self, ReadError> {
        let limits = &options.limits;
        let budget = Budget::new(limits);
        let Some(store) = store(reference, limits, &budget)? else {
            return Self::open_rootfs(reference.path(), limits);
        };
        let takes_docker = matches!(reference, Reference::DockerArchive { .. } | Reference::Path(_));
        let takes_oci = !matches!(reference, Reference::DockerArchive { .. });
        let (config, sources) = if takes_docker && store.has(docker::MANIFEST) {
            docker::open(&store, reference.name(), limits)?
        } else if takes_oci && store.has(oci::INDEX) {
            oci::open(&store, reference.name(), &options.platform, limits)?
        } else {
            let reason = match (takes_docker, takes_oci) {
                (true, true) => "it has neither `manifest.json` nor `index.json`",
                (true, false) => "it has no `manifest.json`",
                (false, _) => "it has no `index.json`",
            };
            return Err(ReadError::NotAnImage { path: store.path().to_owned(), reason });
        };
        let (layers, archives, tree) = layer::read_all(&sources, &config, limits, &budget, progress)?;
        Ok(Self { config, layers, tree, archives })
    }

    fn open_rootfs(path: &Path, limits: &Limits) -> Result<Self, ReadError> {
        if !std::fs::metadata(path).map_err(ReadError::io(path))?.is_dir() {
            return Err(ReadError::NotAnImage { path: path.to_owned(), reason: "it is no directory" });
        }
        let tree = rootfs::open(path, limits)?;
        Ok(Self { config: Config::default(), layers: Vec::new(), tree, archives: Vec::new() })
    }

    /// The bytes of a regular file. Links are not followed.
    pub fn read(&self, name: NameId) -> Result<Bytes<'_>, ReadError> {
        let inode = self.tree.inode(name);
        self.content(inode).unwrap_or_else(|| Err(ReadError::NotAFile { path: self.tree.path(name) }))
    }

    /// The bytes of a regular file, whatever its names.
    pub fn read_inode(&self, inode: InodeId) -> Result<Bytes<'_>, ReadError> {
        let nameless = || Err(ReadError::NotAFile { path: format!("inode {}", inode.index()).into_bytes() });
        self.content(self.tree.inode_at(inode)).unwrap_or_else(nameless)
    }

    /// None for what is no regular file.
    fn content<'a>(&'a self, inode: &'a Inode) -> Option<Result<Bytes<'a>, ReadError>> {
        let Kind::File(content) = &inode.kind else { return None };
        let archive = self.archives.get(inode.layer).map_or(&[][..], |blob| blob);
        Some(match content {
            Content::Bytes(bytes) => Ok(Bytes::Borrowed(bytes)),
            Content::Archived { offset, length } => Ok(Bytes::Borrowed(part(archive, *offset, *length))),
            Content::Sparse { pieces, length } => filled(archive, pieces, *length),
            Content::Host { path, length } => map_host(path, *length),
        })
    }
}

/// Where the blobs of an image are; none where it is a plain directory.
fn store(reference: &Reference, limits: &Limits, budget: &Budget) -> Result<Option<Store>, ReadError> {
    let path = reference.path();
    let is_directory = match reference {
        Reference::Rootfs { .. } => return Ok(None),
        Reference::Path(_) if path.is_dir() && !path.join(oci::LAYOUT).exists() => return Ok(None),
        Reference::Oci { .. } => true,
        Reference::Path(_) => path.is_dir(),
        Reference::DockerArchive { .. } | Reference::OciArchive { .. } => false,
    };
    if is_directory { Store::directory(path).map(Some) } else { Store::archive(path, limits, budget).map(Some) }
}

/// The reader of the archive has looked that its entries lie inside it.
fn part(archive: &[u8], offset: u64, length: u64) -> &[u8] {
    let range = usize::try_from(offset).ok().zip(usize::try_from(length).ok());
    range.and_then(|(offset, length)| archive.get(offset..offset.checked_add(length)?)).unwrap_or_default()
}

/// A sparse file, put together in an unlinked temporary file that is sparse too.
fn filled<'a>(archive: &[u8], pieces: &[(u64, u64, u64)], length: u64) -> Result<Bytes<'a>, ReadError> {
    let map = || {
        let mut file = tempfile::tempfile()?;
        file.set_len(length)?;
        for &(start, offset, count) in pieces {
            file.seek(SeekFrom::Start(start))?;
            file.write_all(part(archive, offset, count))?;
        }
        map(&file)
    };
    map().map(Bytes::Mapped).map_err(|source| ReadError::Spool { blob: "sparse file".into(), source })
}

/// A file of the host. What it has grown since it was listed is no part of the image.
fn map_host<'a>(path: &Path, length: u64) -> Result<Bytes<'a>, ReadError> {
    use rustix::fs::{Mode, OFlags};

    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| ReadError::io(path)(error.into()))?;
    let map = map(&File::from(file)).map_err(ReadError::io(path))?;
    if map.len() as u64 == length {
        return Ok(Bytes::Mapped(map));
    }
    Err(ReadError::Io { path: path.to_owned(), source: std::io::Error::other("it changed while it was read") })
}
