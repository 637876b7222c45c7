//! Images: configuration, layers and file system, and the code that reads and writes them.
//!
//! Nothing is unpacked. An archive is read in place, a compressed layer is decompressed into an
//! unlinked temporary file, and the tree stores the location of each file's bytes in them. Every
//! digest and diff id is checked: while reading or, if a command requests it, in the background
//! until the command shows or writes something.

mod apply;
mod archive;
mod attestations;
mod blob;
mod changes;
mod checks;
mod config;
mod digest;
mod directory;
mod error;
mod inflate;
mod json;
mod layer;
mod limits;
pub mod name;
mod overrides;
mod progress;
mod reference;
mod same_contents;
mod source;
mod sparse;
mod states;
mod store;
mod transport;
mod tree;
mod write;
mod zstd_window;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

pub use attestations::{AttachedStatement, AttestationManifest, NewStatement};
pub use changes::{Changes, Gone, How};
pub use checks::Checks;
pub use config::{Config, DEFAULT_PATH, History};
pub use error::{EntryError, Fault, JsonError, ReadError, WriteError};
pub use inflate::Compression;
pub use layer::Layer;
pub use limits::Limits;
pub use name::{Name, NameError};
pub use overrides::Overrides;
pub use progress::{Progress, Silent};
pub use reference::{Format, Reference, ReferenceError};
pub(crate) use same_contents::{SameContents, difference};
pub use source::Source;
pub use states::State;
pub use transport::oci_layout::{Platform, PlatformError};
pub use transport::{Connection, TransferError, create as write};
pub use tree::*;
pub use write::{
    Coding, CodingError, IndexWriter, LEAST_LINKED, Layers, REST_STEP, Rest, Selection,
    SharedImage, SharedImages, SharedSizes, Sharing, WriteOptions, Written, WrittenLayer,
};

pub(crate) use blob::map_length;

use blob::Blob;
use layer::Material;

/// An image that was read.
#[derive(Clone, Debug)]
pub struct Image {
    pub config: Config,
    /// The lowest first; empty if a directory was read.
    pub layers: Vec<Layer>,
    pub tree: Tree,
    /// Its name and digest at its source.
    pub origin: Origin,
    /// Maximum size of a file that is read into memory, in bytes.
    longest: u64,
    /// The data of each layer, in the order of `layers`.
    materials: Vec<Material>,
}

/// The provenance of an image as its source states it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its name there, such as `docker.io/library/debian:12`.
    pub name: Option<String>,
    /// The digest of its manifest.
    pub digest: Option<String>,
    /// The digest of its configuration; `None` for a directory.
    pub config_digest: Option<String>,
    /// The annotations of its manifest.
    pub annotations: BTreeMap<String, String>,
}

/// Options for reading an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub limits: Limits,
    /// The platform to choose if there are several images.
    pub platform: Platform,
    /// Host paths to exclude from a directory that is read, because the output is written there.
    pub left_out: Vec<std::path::PathBuf>,
    /// The protocol for a registry.
    pub connection: Connection,
}

/// The bytes of a file.
#[derive(Debug)]
pub enum Bytes<'a> {
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
    /// Large files, in a temporary file that no other process can open.
    Mapped(Mmap),
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

impl AsRef<[u8]> for Bytes<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// Size up to which a file is always read into memory, and the maximum ratio of a file's size to
/// that of the stored image. Programs and libraries compress to a third; a file that compresses to
/// a thousandth is a trap for analysis tools.
const ALWAYS_READ: u64 = 32 << 20;
const LONGEST_RATIO: u64 = 32;

impl Image {
    /// Reads an image: all headers of all layers, with all digests checked.
    pub fn open(
        reference: &Reference,
        options: &Options,
        progress: &dyn Progress,
    ) -> Result<Self, ReadError> {
        Source::open(reference, options, progress)?.image(&options.platform, progress)
    }

    /// An image of a tree, as [`Reference::Rootfs`] reads one, with a configuration.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn without_layers(config: Config, tree: Tree) -> Self {
        Self {
            config,
            layers: Vec::new(),
            tree,
            origin: Origin::default(),
            materials: Vec::new(),
            longest: u64::MAX,
        }
    }

    /// The image as it is if only these names are written: no layer has other entries.
    #[must_use]
    pub fn only(&self, selection: &Selection) -> Self {
        let mut left = self.clone();
        let gone: Vec<NameId> = self
            .tree
            .walk()
            .filter(|&name| !selection.contains(name))
            .collect();
        // The walk borrows the tree, so the names are collected before they are removed.
        for name in gone {
            left.tree
                .remove(self.tree.parent(name), self.tree.file_name(name));
        }
        // The changes of the layers name rows that are no longer in the tree.
        for layer in &mut left.layers {
            layer.changes = Changes::default();
        }
        left
    }

    /// Maximum size of a file that is read from an image with this stored size, in bytes.
    fn longest_of(stored: u64) -> u64 {
        ALWAYS_READ.saturating_add(stored.saturating_mul(LONGEST_RATIO))
    }

    /// Whether a file is too large, relative to the stored image, to be analyzed.
    pub(crate) fn is_implausible(&self, content: &Content) -> bool {
        let longest = match content {
            // A file in a directory is stored by itself. Its holes take no space on disk, but they
            // take as much memory and time as bytes.
            Content::Host { stored, .. } => Self::longest_of(*stored),
            _ => self.longest,
        };
        content.length() > longest
    }

    /// Maximum size of all files of one kind that are read together, relative to the stored image:
    /// more would be a decompression bomb of many files.
    pub(crate) fn plausible_size(&self) -> u64 {
        self.longest
    }

    /// The bytes of a regular file. Links are not followed.
    pub fn read(&self, name: NameId) -> Result<Bytes<'_>, ReadError> {
        let inode = self.tree.inode(name);
        self.content(inode).unwrap_or_else(|| {
            Err(ReadError::NotAFile {
                path: self.tree.path(name),
            })
        })
    }

    /// The bytes of a regular file, identified by its inode.
    pub fn read_inode(&self, inode: InodeId) -> Result<Bytes<'_>, ReadError> {
        match self.content(self.tree.inode_at(inode)) {
            Some(content) => content,
            // An inode may have several paths.
            None => Err(ReadError::NotAFile {
                path: format!("inode {}", inode.index()).into_bytes(),
            }),
        }
    }

    /// The first bytes of a regular file, at most `limit`, without reading the rest.
    pub(crate) fn head(&self, inode: InodeId, limit: usize) -> Result<Vec<u8>, ReadError> {
        self.range(inode, 0, limit)
    }

    /// At most `limit` bytes of a regular file, from `offset` on.
    pub(crate) fn range(
        &self,
        inode: InodeId,
        offset: u64,
        limit: usize,
    ) -> Result<Vec<u8>, ReadError> {
        let inode = self.tree.inode_at(inode);
        let Kind::File(content) = &inode.kind else {
            return Ok(Vec::new());
        };
        let left = content.length().saturating_sub(offset);
        let length = usize::try_from(left).unwrap_or(limit).min(limit);
        // The gaps of a sparse file are zeros, with which the buffer is initialized before pieces
        // are copied.
        let mut bytes = vec![0; length];
        match content {
            Content::Bytes(all) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(all.len());
                bytes.copy_from_slice(&all[start..start + length]);
            }
            Content::Archived {
                offset: start,
                length,
            } => {
                self.part(inode.layer, *start, *length)?
                    .read_at(&mut bytes, offset)
                    .map_err(self.unreadable(inode.layer))?;
            }
            Content::Sparse { pieces, .. } => {
                // Pieces outside the range copy nothing.
                for &piece in pieces {
                    self.fill(inode.layer, piece, offset, &mut bytes)?;
                }
            }
            Content::Host { path, length, .. } => {
                open_host(path, *length)
                    .and_then(|blob| blob.read_at(&mut bytes, offset))
                    .map_err(ReadError::io(path))?;
            }
        }
        Ok(bytes)
    }

    /// Copies the overlap of a sparse file's piece and the range that begins at `offset`.
    fn fill(
        &self,
        layer: usize,
        (start, place, count): (u64, u64, u64),
        offset: u64,
        bytes: &mut [u8],
    ) -> Result<(), ReadError> {
        // The part that the piece and the range have in common, in bytes of the file.
        let from = start.max(offset);
        let to = (start + count).min(offset + bytes.len() as u64);
        if from >= to {
            return Ok(());
        }
        let [from_here, to_here] =
            [from, to].map(|at| usize::try_from(at - offset).unwrap_or(bytes.len()));
        self.part(layer, place, count)?
            .read_at(&mut bytes[from_here..to_here], from - start)
            .map_err(self.unreadable(layer))?;
        Ok(())
    }

    /// The bytes of an inode; `None` if it is not a regular file.
    fn content<'a>(&'a self, inode: &'a Inode) -> Option<Result<Bytes<'a>, ReadError>> {
        let Kind::File(content) = &inode.kind else {
            return None;
        };
        Some(match content {
            Content::Bytes(bytes) => Ok(Bytes::Borrowed(bytes)),
            Content::Archived { offset, length } => self.archived(inode.layer, *offset, *length),
            Content::Sparse { pieces, length } => self.filled(inode.layer, pieces, *length),
            Content::Host { path, length, .. } => open_host(path, *length)
                .and_then(|blob| blob.bytes())
                .map_err(ReadError::io(path)),
        })
    }

    /// A part of a layer's archive. The archive reader has checked that all entries are inside the
    /// archive.
    fn part(&self, layer: usize, offset: u64, length: u64) -> Result<Blob, ReadError> {
        let part = self
            .materials
            .get(layer)
            .and_then(|material| material.archive.part(offset, length));
        part.ok_or_else(|| self.unreadable(layer)(io::Error::other("there is no such part")))
    }

    fn unreadable(&self, layer: usize) -> impl FnOnce(io::Error) -> ReadError {
        ReadError::blob(self.layers.get(layer).map_or("", |layer| &layer.digest))
    }

    fn archived(
        &self,
        layer: usize,
        offset: u64,
        length: u64,
    ) -> Result<Bytes<'static>, ReadError> {
        self.part(layer, offset, length)?
            .bytes()
            .map_err(self.unreadable(layer))
    }

    /// A sparse file, put together in a temporary file that is sparse too.
    fn filled(
        &self,
        layer: usize,
        pieces: &[(u64, u64, u64)],
        length: u64,
    ) -> Result<Bytes<'static>, ReadError> {
        let blob = "sparse file";
        let mut file = tempfile::tempfile().map_err(ReadError::spool(blob))?;
        // The length comes first, so that the gaps between the pieces take no space on disk.
        file.set_len(length).map_err(ReadError::spool(blob))?;
        for &(start, offset, count) in pieces {
            file.seek(SeekFrom::Start(start))
                .map_err(ReadError::spool(blob))?;
            let part = self.part(layer, offset, count)?;
            io::copy(&mut part.reader(), &mut file).map_err(ReadError::spool(blob))?;
        }
        Blob::spooled(file)
            .and_then(|spooled| spooled.bytes())
            .map_err(ReadError::spool(blob))
    }

    /// Passes the bytes of a regular file to `sink`, piece by piece, without keeping all of them in
    /// memory.
    fn stream(
        &self,
        name: NameId,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), StreamError> {
        let inode = self.tree.inode(name);
        let Kind::File(content) = &inode.kind else {
            return Ok(());
        };
        match content {
            Content::Bytes(bytes) => sink(bytes).map_err(StreamError::Sink),
            Content::Archived { offset, length } => {
                pour(&self.part(inode.layer, *offset, *length)?, sink, || {
                    self.unreadable(inode.layer)
                })
            }
            Content::Host { path, length, .. } => {
                let blob = open_host(path, *length).map_err(ReadError::io(path))?;
                pour(&blob, sink, || ReadError::io(path))
            }
            Content::Sparse { pieces, length } => {
                // The archive stores the pieces without the zeros between them, which the regular
                // file in the written layer must contain.
                let mut at = 0;
                for &(start, offset, count) in pieces {
                    pour_zeros(start - at, sink)?;
                    pour(&self.part(inode.layer, offset, count)?, sink, || {
                        self.unreadable(inode.layer)
                    })?;
                    at = start + count;
                }
                pour_zeros(length - at, sink)
            }
        }
    }
}

/// The error of streaming a file: its bytes could not be read, or the sink failed.
enum StreamError {
    Source(ReadError),
    Sink(io::Error),
}

impl From<ReadError> for StreamError {
    fn from(error: ReadError) -> Self {
        Self::Source(error)
    }
}

/// Number of bytes of a file that are in memory at once.
const PIECE: usize = 256 << 10;

fn pour<F: FnOnce(io::Error) -> ReadError>(
    blob: &Blob,
    sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    unreadable: impl Fn() -> F,
) -> Result<(), StreamError> {
    let size = usize::try_from(blob.size()).unwrap_or(PIECE).min(PIECE);
    let mut piece = vec![0; size];
    let mut at = 0;
    while at < blob.size() {
        let count = blob
            .read_at(&mut piece, at)
            .map_err(|error| unreadable()(error))?;
        sink(&piece[..count]).map_err(StreamError::Sink)?;
        at += count as u64;
    }
    Ok(())
}

fn pour_zeros(
    count: u64,
    sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), StreamError> {
    let zeros = [0; 4096];
    let mut left = count;
    while left > 0 {
        let size = zeros.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        sink(&zeros[..size]).map_err(StreamError::Sink)?;
        left -= size as u64;
    }
    Ok(())
}

/// Opens a file of the host, which must still have the size that it had when it was listed. A
/// symlink that has replaced a parent directory since then is not followed.
fn open_host(path: &Path, length: u64) -> io::Result<Blob> {
    use crate::trust::open_without_symlinks;
    use rustix::fs::OFlags;
    use rustix::io::Errno;

    // The file may have been replaced by a FIFO since it was listed, and opening that would block.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match open_without_symlinks(path, flags) {
        Err(error) if Errno::from_io_error(&error) == Some(Errno::LOOP) => {
            return Err(io::Error::other("it changed while being read"));
        }
        opened => opened?,
    };
    // The header with the old size may already have been written, so a file that grew or shrank can
    // no longer be used.
    let blob = Blob::foreign(File::from(file))?;
    if blob.size() == length {
        Ok(blob)
    } else {
        Err(io::Error::other("it changed while being read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// An image whose only layer is these bytes, with one sparse file made of pieces of it.
    fn image(layer: &[u8], pieces: Vec<(u64, u64, u64)>, length: u64) -> (Image, InodeId) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(layer).unwrap();
        let blob = Blob::spooled(file).unwrap();
        let material = Material {
            stored: blob.clone(),
            has_digest: false,
            archive: blob,
            names_root: false,
            needs_lower: false,
        };
        let mut tree = Tree::new();
        let inode = Inode {
            kind: Kind::File(Content::Sparse { pieces, length }),
            header: Header::default(),
            layer: 0,
        };
        let name = tree.insert(NameId::ROOT, b"sparse", inode);
        let file = tree.inode_id(name);
        let image = Image {
            config: Config::default(),
            layers: Vec::new(),
            tree,
            origin: Origin::default(),
            materials: vec![material],
            longest: u64::MAX,
        };
        (image, file)
    }

    #[test]
    fn a_range_of_a_sparse_file_has_zeros_in_its_holes() {
        let (image, file) = image(b"abcdef", vec![(2, 0, 3), (8, 3, 3)], 12);
        let whole = image.read_inode(file).unwrap().to_vec();
        assert_eq!(whole, b"\0\0abc\0\0\0def\0");
        for (start, end) in [(0, 12), (0, 4), (3, 9), (5, 8), (10, 12)] {
            let range = image.range(file, start as u64, end - start).unwrap();
            assert_eq!(range, whole[start..end], "{start}..{end}");
        }
        assert_eq!(image.range(file, 11, 100).unwrap(), b"\0");
        assert_eq!(image.range(file, 50, 100).unwrap(), b"");
    }
}
