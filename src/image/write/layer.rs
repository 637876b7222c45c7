//! Writes a layer: names in the order of the tree as a tar archive, or an unchanged layer of the
//! original.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use super::super::apply::WHITEOUT;
use super::super::blob::Blob;
use super::super::error::WriteError;
use super::super::inflate::Compression;
use super::super::progress::Progress;
use super::super::tree::{Content, Header, InodeId, Kind, NameId};
use super::super::{Image, StreamError, pour};
use super::WrittenLayer;
use super::compress::{Coding, Encoder};
use super::hashed::Hashed;
use super::header::{Node, blocks, clamped};
use super::layer_plan::PlannedLayer;

/// The size of the end of an archive: two blocks of zeros.
const END: usize = 2 * 512;

/// A writer of layers.
pub(in crate::image) struct LayerWriter<'a> {
    pub image: &'a Image,
    /// The output, for errors.
    pub path: &'a Path,
    /// Latest allowed time, in seconds since 1970.
    pub youngest: Option<i64>,
    pub progress: &'a dyn Progress,
}

impl LayerWriter<'_> {
    /// Writes a new layer with the names of a plan.
    pub(in crate::image) fn names(
        &self,
        plan: &PlannedLayer,
        coding: Coding,
        file: &mut dyn Write,
    ) -> Result<WrittenLayer, WriteError> {
        let written = self.archive(coding, file, |archive| self.entries(plan, archive))?;
        Ok(WrittenLayer {
            of: plan.of,
            ..written
        })
    }

    /// Copies a layer of the original: the stored blob if no coding is given, otherwise its
    /// archive, compressed anew.
    pub(in crate::image) fn whole(
        &self,
        layer: usize,
        coding: Option<Coding>,
        file: &mut dyn Write,
    ) -> Result<WrittenLayer, WriteError> {
        let (material, of) = (&self.image.materials[layer], &self.image.layers[layer]);
        let written = if let Some(coding) = coding {
            self.archive(coding, file, |archive| {
                self.copy(layer, &material.archive, archive)
            })?
        } else {
            let mut stored = Hashed::new(file);
            self.copy(layer, &material.stored, &mut stored)?;
            let (_, digest, stored_size) = stored.finish().map_err(self.io())?;
            let (diff_id, compression) = (of.diff_id.clone(), of.compression);
            WrittenLayer {
                digest,
                diff_id,
                size: of.size,
                stored_size,
                compression,
                of: None,
                whole: false,
            }
        };
        // The blob was checked when it was read, but the file may have changed since then, and the
        // digest would then refer to a layer that does not exist.
        if written.diff_id != of.diff_id || (coding.is_none() && of.digest != written.digest) {
            return Err(self.image.unreadable(layer)(io::Error::other(
                "it changed while being read",
            ))
            .into());
        }
        Ok(WrittenLayer {
            of: Some(layer),
            whole: true,
            ..written
        })
    }

    fn copy(&self, layer: usize, blob: &Blob, out: &mut dyn Write) -> Result<(), WriteError> {
        pour(
            blob,
            &mut |piece| {
                self.progress.advance(piece.len() as u64);
                out.write_all(piece)
            },
            || self.image.unreadable(layer),
        )
        .map_err(|error| self.stream_error(error))
    }

    /// Compresses and hashes an archive while `write` writes it.
    fn archive(
        &self,
        coding: Coding,
        file: &mut dyn Write,
        write: impl FnOnce(&mut dyn Write) -> Result<(), WriteError>,
    ) -> Result<WrittenLayer, WriteError> {
        let compression = coding.compression();
        if compression == Compression::None {
            // The blob is the archive, so one hash is both the digest and the diff id.
            let mut archive = Hashed::new(file);
            write(&mut archive)?;
            let (_, digest, size) = archive.finish().map_err(self.io())?;
            let diff_id = digest.clone();
            return Ok(WrittenLayer {
                diff_id,
                digest,
                size,
                stored_size: size,
                compression,
                of: None,
                whole: false,
            });
        }
        // Hashed twice: before compression for the diff id, after it for the digest.
        let encoder = Encoder::new(Hashed::new(file), coding).map_err(self.io())?;
        let mut archive = Hashed::new(encoder);
        write(&mut archive)?;
        let (encoder, diff_id, size) = archive.finish().map_err(self.io())?;
        let (_, digest, stored_size) = encoder
            .finish()
            .and_then(Hashed::finish)
            .map_err(self.io())?;
        Ok(WrittenLayer {
            digest,
            diff_id,
            size,
            stored_size,
            compression,
            of: None,
            whole: false,
        })
    }

    /// Writes every entry and the end of the archive.
    fn entries(&self, plan: &PlannedLayer, archive: &mut dyn Write) -> Result<(), WriteError> {
        let tree = &self.image.tree;
        let mut hidden: HashMap<NameId, Vec<NameId>> = HashMap::new();
        for &name in &plan.hidden {
            hidden.entry(tree.parent(name)).or_default().push(name);
        }
        // The root directory has no entry if its header is the usual one.
        if plan.names.first() != Some(&NameId::ROOT) {
            self.whiteouts(hidden.get(&NameId::ROOT), archive)?;
        }
        // The first name of an inode that was written, for the others to link to.
        let mut written: HashMap<InodeId, NameId> = HashMap::new();
        for &name in &plan.names {
            let (blocks, content) = self.head(name, &mut written);
            archive.write_all(&blocks).map_err(self.io())?;
            if let Some(content) = content {
                self.content(name, content, archive)?;
            }
            // The specification asks for whiteouts before the other entries of their directory.
            self.whiteouts(hidden.get(&name), archive)?;
        }
        archive.write_all(&[0; END]).map_err(self.io())
    }

    /// The blocks before the content of an entry, and the content, unless the entry is a hard link
    /// to a name that was written. `written` has the first name of each inode.
    pub(super) fn head(
        &self,
        name: NameId,
        written: &mut HashMap<InodeId, NameId>,
    ) -> (Vec<u8>, Option<&Content>) {
        let tree = &self.image.tree;
        let inode = tree.inode(name);
        let header = clamped(&inode.header, self.youngest);
        if let Some(&first) = written.get(&tree.inode_id(name)) {
            let target = &tree.path(first).split_off(1);
            let node = Node::HardLink { target };
            return (blocks(&self.entry_name(name), node, &header), None);
        }
        // A directory has one name only.
        if inode.kind != Kind::Directory {
            written.insert(tree.inode_id(name), name);
        }
        let content = match &inode.kind {
            Kind::File(content) => Some(content),
            _ => None,
        };
        let node = Node::Inode(&inode.kind);
        (blocks(&self.entry_name(name), node, &header), content)
    }

    /// The size of a layer's uncompressed archive in bytes.
    pub(super) fn size(&self, plan: &PlannedLayer) -> u64 {
        let mut written = HashMap::new();
        let mut size = END as u64;
        for &name in &plan.names {
            let (blocks, content) = self.head(name, &mut written);
            let content = content.map_or(0, |content| content.length().next_multiple_of(512));
            size += blocks.len() as u64 + content;
        }
        size
    }

    /// Writes whiteouts, which are empty files.
    fn whiteouts(
        &self,
        hidden: Option<&Vec<NameId>>,
        archive: &mut dyn Write,
    ) -> Result<(), WriteError> {
        let header = Header {
            mode: 0o644,
            ..Header::default()
        };
        let empty = Kind::File(Content::Bytes(Vec::new()));
        let tree = &self.image.tree;
        for &name in hidden.into_iter().flatten() {
            let mut path = tree.path(name).split_off(1);
            let start = path.len() - tree.file_name(name).len();
            path.splice(start..start, WHITEOUT.iter().copied());
            let blocks = blocks(&path, Node::Inode(&empty), &header);
            archive.write_all(&blocks).map_err(self.io())?;
        }
        Ok(())
    }

    /// The name of an entry: without a leading `/`, and with a trailing one for a directory.
    fn entry_name(&self, name: NameId) -> Vec<u8> {
        if name == NameId::ROOT {
            // Most readers would not accept an empty name.
            return b"./".to_vec();
        }
        let mut path = self.image.tree.path(name).split_off(1);
        if self.image.tree.is_directory(name) {
            path.push(b'/');
        }
        path
    }

    fn content(
        &self,
        name: NameId,
        content: &Content,
        archive: &mut dyn Write,
    ) -> Result<(), WriteError> {
        let streamed = self.image.stream(name, &mut |piece| {
            self.progress.advance(piece.len() as u64);
            archive.write_all(piece)
        });
        streamed.map_err(|error| self.stream_error(error))?;
        // Content fills whole blocks of 512 bytes.
        let padding = usize::try_from(content.length().wrapping_neg() % 512).unwrap_or_default();
        archive.write_all(&[0; 512][..padding]).map_err(self.io())
    }

    fn io(&self) -> impl FnOnce(io::Error) -> WriteError {
        WriteError::io(self.path)
    }

    fn stream_error(&self, error: StreamError) -> WriteError {
        match error {
            StreamError::Source(error) => error.into(),
            StreamError::Sink(error) => WriteError::io(self.path)(error),
        }
    }
}

/// Bytes of content that go into the layers, for progress.
pub(in crate::image) fn content_size<'a>(
    image: &Image,
    plans: impl IntoIterator<Item = &'a PlannedLayer>,
) -> u64 {
    let mut sum = 0_u64;
    for plan in plans {
        let size = match plan.of {
            Some(layer) if plan.whole => image.layers[layer].size,
            _ => files_size(image, &plan.names),
        };
        sum = sum.saturating_add(size);
    }
    sum
}

/// Total size of the files with these names. A file with several names counts once.
fn files_size(image: &Image, names: &[NameId]) -> u64 {
    let mut counted = vec![false; image.tree.inode_count()];
    let mut sum = 0_u64;
    for &name in names {
        let Kind::File(content) = &image.tree.inode(name).kind else {
            continue;
        };
        let row = image.tree.inode_id(name).index();
        if !std::mem::replace(&mut counted[row], true) {
            sum = sum.saturating_add(content.length());
        }
    }
    sum
}
