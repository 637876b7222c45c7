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
mod overrides;
mod progress;
mod reference;
mod remote;
mod rootfs;
mod source;
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
pub use oci::{Platform, PlatformError};
pub use overrides::Overrides;
pub use progress::{Progress, Silent};
pub use reference::{Reference, ReferenceError};
pub use remote::{Connection, TransferError};
pub use source::Source;
pub use tree::*;
pub use write::{IndexWriter, Selection, WriteOptions, Written, write};

pub(crate) use blob::map_length;

use blob::{Blob, map};

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
    /// Paths of the host that are no part of a directory that is read: what will be written there.
    pub left_out: Vec<std::path::PathBuf>,
    /// How a registry is spoken to.
    pub connection: Connection,
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
        Source::open(reference, options, progress)?.image(&options.platform, progress)
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
