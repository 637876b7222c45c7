//! The new layer: the selected names in the order of the tree, as one tar archive.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::super::Image;
use super::super::digest;
use super::super::error::WriteError;
use super::super::inflate::Compression;
use super::super::progress::Progress;
use super::super::tree::{Header, InodeId, Kind, NameId};
use super::Selection;
use super::compress::Encoder;
use super::header::{Node, blocks, size};

/// What is known of the layer once it is written.
#[derive(Debug)]
pub(super) struct LayerDigests {
    pub digest: String,
    pub diff_id: String,
    pub size: u64,
    pub stored_size: u64,
}

/// Writes the layer to `file`, which is part of the output at `path`.
pub(super) fn write(
    image: &Image,
    selection: &Selection,
    compression: Compression,
    path: &Path,
    file: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<LayerDigests, WriteError> {
    let io = |error| WriteError::io(path)(error);
    progress.start("writing the layer", content_size(image, selection));
    if compression == Compression::None {
        // The layer is the archive: one hash is both.
        let mut archive = Hashed::new(file);
        write_entries(image, selection, path, &mut archive, progress)?;
        let (_, digest, size) = archive.finish();
        return Ok(LayerDigests { diff_id: digest.clone(), digest, size, stored_size: size });
    }
    let mut archive = Hashed::new(Encoder::new(Hashed::new(file), compression).map_err(io)?);
    write_entries(image, selection, path, &mut archive, progress)?;
    let (encoder, diff_id, size) = archive.finish();
    let (_, digest, stored_size) = encoder.finish().map_err(io)?.finish();
    Ok(LayerDigests { digest, diff_id, size, stored_size })
}

/// Writes every entry and the end of the archive.
fn write_entries(
    image: &Image,
    selection: &Selection,
    path: &Path,
    archive: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<(), WriteError> {
    let tree = &image.tree;
    let io = |error| WriteError::io(path)(error);
    // The first name of an inode that was written, for the others to link to.
    let mut written: HashMap<InodeId, Vec<u8>> = HashMap::new();
    let root = tree.inode(NameId::ROOT);
    // What every engine makes of a root directory that no layer names.
    if root.header != (Header { mode: 0o755, ..Header::default() }) {
        archive.write_all(&blocks(b"./", Node::Inode(&Kind::Directory), &root.header)).map_err(io)?;
    }
    for name in tree.walk().filter(|&name| selection.contains(name)) {
        let inode = tree.inode(name);
        let mut entry_name = tree.path(name).split_off(1);
        if inode.kind == Kind::Directory {
            entry_name.push(b'/');
        }
        let inode_id = tree.inode_id(name);
        if let Some(target) = written.get(&inode_id) {
            archive.write_all(&blocks(&entry_name, Node::HardLink { target }, &inode.header)).map_err(io)?;
            continue;
        }
        let node = Node::Inode(&inode.kind);
        archive.write_all(&blocks(&entry_name, node, &inode.header)).map_err(io)?;
        if let Kind::File(_) = inode.kind {
            write_content(&image.read(name)?, archive, progress).map_err(io)?;
        }
        if inode.kind != Kind::Directory {
            written.insert(inode_id, entry_name);
        }
    }
    archive.write_all(&[0; 2 * 512]).map_err(io)
}

const CHUNK: usize = 1 << 20;

fn write_content(bytes: &[u8], archive: &mut dyn Write, progress: &dyn Progress) -> io::Result<()> {
    for chunk in bytes.chunks(CHUNK) {
        archive.write_all(chunk)?;
        progress.advance(chunk.len() as u64);
    }
    let padding = bytes.len().next_multiple_of(512) - bytes.len();
    archive.write_all(&[0; 512][..padding])
}

/// The bytes of all files that are written, each counted once.
pub(super) fn content_size(image: &Image, selection: &Selection) -> u64 {
    let mut counted = vec![false; image.tree.inode_count()];
    let names = image.tree.walk().filter(|&name| selection.contains(name));
    names.fold(0, |sum: u64, name| {
        let inode = image.tree.inode_id(name).index();
        let first = !std::mem::replace(&mut counted[inode], true);
        sum.saturating_add(if first { size(Node::Inode(&image.tree.inode(name).kind)) } else { 0 })
    })
}

/// Counts and hashes what goes through.
struct Hashed<W> {
    inner: W,
    hasher: Sha256,
    count: u64,
}

impl<W> Hashed<W> {
    fn new(inner: W) -> Self {
        Self { inner, hasher: Sha256::new(), count: 0 }
    }

    fn finish(self) -> (W, String, u64) {
        (self.inner, digest::text(self.hasher), self.count)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
