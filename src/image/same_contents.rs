//! Comparison of files of two images by their contents.

use std::collections::HashMap;

use super::{Content, Image, InodeId, Kind, ReadError};

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

fn length(image: &Image, inode: InodeId) -> u64 {
    match &image.tree.inode_at(inode).kind {
        Kind::File(content) => Content::length(content),
        _ => 0,
    }
}
