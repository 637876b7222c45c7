//! A new layer: names in the order of the tree, as one tar archive; or a layer of the original as
//! it is.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use super::super::blob::Blob;
use super::super::error::WriteError;
use super::super::inflate::Compression;
use super::super::progress::Progress;
use super::super::tree::{Content, InodeId, Kind, NameId};
use super::super::{Image, StreamError, pour};
use super::WrittenLayer;
use super::compress::{Coding, Encoder};
use super::division::Share;
use super::hashed::Hashed;
use super::header::{Node, blocks, clamped};

/// Where and how a layer is written.
pub(super) struct Writing<'a> {
    pub image: &'a Image,
    /// The output, for errors.
    pub path: &'a Path,
    /// Seconds since 1970 that no time shall be after.
    pub youngest: Option<i64>,
    pub progress: &'a dyn Progress,
}

impl Writing<'_> {
    /// Writes the names of a share.
    pub(super) fn names(
        &self,
        share: &Share,
        coding: Coding,
        file: &mut dyn Write,
    ) -> Result<WrittenLayer, WriteError> {
        let written = self.archive(coding, file, |archive| self.entries(&share.names, archive))?;
        Ok(WrittenLayer {
            of: share.of,
            ..written
        })
    }

    /// Copies a layer of the original: as it is stored where no coding is given, otherwise its
    /// archive.
    pub(super) fn whole(
        &self,
        layer: usize,
        coding: Option<Coding>,
        file: &mut dyn Write,
    ) -> Result<WrittenLayer, WriteError> {
        let (material, of) = (&self.image.materials[layer], &self.image.layers[layer]);
        let copy = |blob: &Blob, out: &mut dyn Write| {
            let mut sink = |piece: &[u8]| {
                self.progress.advance(piece.len() as u64);
                out.write_all(piece)
            };
            let copied = pour(blob, &mut sink, || self.image.unreadable(layer));
            copied.map_err(|error| self.stream_error(error))
        };
        let written = if let Some(coding) = coding {
            self.archive(coding, file, |archive| copy(&material.archive, archive))?
        } else {
            let mut stored = Hashed::new(file);
            copy(&material.stored, &mut stored)?;
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
        // What was checked when it was read may have been changed by somebody since.
        if written.diff_id != of.diff_id || (coding.is_none() && of.digest != written.digest) {
            return Err(self.image.unreadable(layer)(io::Error::other(
                "it changed while it was read",
            ))
            .into());
        }
        Ok(WrittenLayer {
            of: Some(layer),
            whole: true,
            ..written
        })
    }

    fn archive(
        &self,
        coding: Coding,
        file: &mut dyn Write,
        write: impl FnOnce(&mut dyn Write) -> Result<(), WriteError>,
    ) -> Result<WrittenLayer, WriteError> {
        let compression = coding.compression();
        if compression == Compression::None {
            // The layer is the archive: one hash is both.
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
    fn entries(&self, names: &[NameId], archive: &mut dyn Write) -> Result<(), WriteError> {
        let tree = &self.image.tree;
        // The first name of an inode that was written, for the others to link to.
        let mut written: HashMap<InodeId, NameId> = HashMap::new();
        for &name in names {
            let inode = tree.inode(name);
            let header = clamped(&inode.header, self.youngest);
            let node = match written.get(&tree.inode_id(name)) {
                Some(&first) => Node::HardLink {
                    target: &tree.path(first).split_off(1),
                },
                None => Node::Inode(&inode.kind),
            };
            archive
                .write_all(&blocks(&self.entry_name(name), node, &header))
                .map_err(self.io())?;
            if let (Node::Inode(_), Kind::File(content)) = (node, &inode.kind) {
                self.content(name, content, archive)?;
            }
            if inode.kind != Kind::Directory {
                written.entry(tree.inode_id(name)).or_insert(name);
            }
        }
        archive.write_all(&[0; 2 * 512]).map_err(self.io())
    }

    /// Without a leading `/`; a directory's ends in one.
    fn entry_name(&self, name: NameId) -> Vec<u8> {
        if name == NameId::ROOT {
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
        let mut sink = |piece: &[u8]| {
            self.progress.advance(piece.len() as u64);
            archive.write_all(piece)
        };
        self.image
            .stream(name, &mut sink)
            .map_err(|error| self.stream_error(error))?;
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

/// The bytes that go into the layers, each file counted once a layer.
pub(super) fn content_size(image: &Image, shares: &[Share]) -> u64 {
    let of_names = |share: &Share| {
        let mut counted = vec![false; image.tree.inode_count()];
        share
            .names
            .iter()
            .fold(0_u64, |sum, &name| match &image.tree.inode(name).kind {
                Kind::File(content)
                    if !std::mem::replace(
                        &mut counted[image.tree.inode_id(name).index()],
                        true,
                    ) =>
                {
                    sum.saturating_add(content.length())
                }
                _ => sum,
            })
    };
    let of_share = |share: &Share| match share.of {
        Some(layer) if share.whole => image.layers[layer].size,
        _ => of_names(share),
    };
    shares.iter().map(of_share).fold(0, u64::saturating_add)
}
