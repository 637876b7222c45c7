//! Comparison of entries of two images, and digests of their files.

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest as _, Sha256};

use super::digest::text;
use super::{Content, Header, Image, Inode, InodeId, Kind, ReadError};

/// Bytes that are compared at a time. A file may be larger than the memory.
const CHUNK: usize = 1 << 20;

/// Files of two images that have been compared.
///
/// A file may have thousands of names, which all stand for the same comparison.
#[derive(Debug)]
pub(crate) struct SameContents<'a> {
    before: &'a Image,
    after: &'a Image,
    compared: HashMap<(InodeId, InodeId), bool>,
}

impl<'a> SameContents<'a> {
    pub(crate) fn new(before: &'a Image, after: &'a Image) -> Self {
        Self {
            before,
            after,
            compared: HashMap::new(),
        }
    }

    /// Whether a file of the first image and one of the second have the same bytes. Anything that
    /// is not a file has none.
    pub(crate) fn compare(&mut self, before: InodeId, after: InodeId) -> Result<bool, ReadError> {
        if let Some(&is_same) = self.compared.get(&(before, after)) {
            return Ok(is_same);
        }
        let is_same = self.read(before, after)?;
        self.compared.insert((before, after), is_same);
        Ok(is_same)
    }

    fn read(&self, before: InodeId, after: InodeId) -> Result<bool, ReadError> {
        let length = length(self.before, before);
        // Lengths are compared first, because reading is expensive.
        if length != self::length(self.after, after) {
            return Ok(false);
        }
        for offset in (0..length).step_by(CHUNK) {
            let one = self.before.range(before, offset, CHUNK)?;
            if one != self.after.range(after, offset, CHUNK)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Image {
    /// The SHA-256 of a regular file, as a digest. Anything that is not a file is empty.
    pub(crate) fn file_digest(&self, inode: InodeId) -> Result<String, ReadError> {
        let mut hasher = Sha256::new();
        for offset in (0..length(self, inode)).step_by(CHUNK) {
            hasher.update(self.range(inode, offset, CHUNK)?);
        }
        Ok(text(hasher))
    }
}

/// The first property of an entry that differs between two images. `has_same_content` compares two
/// files of the same length.
pub(crate) fn difference(
    old: &Inode,
    new: &Inode,
    has_same_content: impl FnOnce() -> Result<bool, ReadError>,
) -> Result<Option<&'static str>, ReadError> {
    // The kind is compared first, because the headers of a file and of a symlink always differ.
    if std::mem::discriminant(&old.kind) != std::mem::discriminant(&new.kind) {
        return Ok(Some("kind"));
    }
    if let Some(what) = difference_of_headers(&old.header, &new.header) {
        return Ok(Some(what));
    }
    Ok(match (&old.kind, &new.kind) {
        // Lengths are compared before any layer is decompressed.
        (Kind::File(old), Kind::File(new)) if old.length() != new.length() => Some("size"),
        (Kind::File(_), Kind::File(_)) => {
            if has_same_content()? {
                None
            } else {
                Some("content")
            }
        }
        (Kind::Symlink { target: old }, Kind::Symlink { target: new }) if old != new => {
            Some("target")
        }
        _ if numbers(old) != numbers(new) => Some("device number"),
        _ => None,
    })
}

fn difference_of_headers(old: &Header, new: &Header) -> Option<&'static str> {
    if old.mode != new.mode {
        Some("mode")
    } else if (old.uid, old.gid) != (new.uid, new.gid) {
        Some("owner")
    } else if xattrs(old) != xattrs(new) {
        Some("extended attributes")
    } else {
        None
    }
}

fn xattrs(header: &Header) -> BTreeSet<(String, Vec<u8>)> {
    header
        .xattrs()
        .map(|(name, value)| (name.to_owned(), value.to_vec()))
        .collect()
}

/// The kind and the numbers of a device.
fn numbers(inode: &Inode) -> Option<String> {
    match inode.kind {
        Kind::Character { .. } | Kind::Block { .. } => Some(format!("{:?}", inode.kind)),
        _ => None,
    }
}

fn length(image: &Image, inode: InodeId) -> u64 {
    match &image.tree.inode_at(inode).kind {
        Kind::File(content) => Content::length(content),
        _ => 0,
    }
}
