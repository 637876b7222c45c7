//! A file of an image that is read piece by piece, for the ELF parser.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};

use crate::elf::Parts;
use crate::image::{Image, InodeId, Kind, ReadError};

/// Number of bytes that are read at once, because the parser's accesses are close together.
const WINDOW: usize = 4096;

#[derive(Debug)]
pub(crate) struct FileParts<'a> {
    image: &'a Image,
    file: InodeId,
    size: u64,
    /// The bytes that were read last, with their offset.
    window: RefCell<(u64, Vec<u8>)>,
    failure: OnceCell<ReadError>,
}

impl<'a> FileParts<'a> {
    /// The file of an inode; empty if it is not a regular file.
    pub(crate) fn new(image: &'a Image, file: InodeId) -> Self {
        let size = match &image.tree.inode_at(file).kind {
            Kind::File(content) => content.length(),
            _ => 0,
        };
        Self {
            image,
            file,
            size,
            window: RefCell::default(),
            failure: OnceCell::new(),
        }
    }

    /// The reason why a part could not be read, if any.
    pub(crate) fn into_failure(self) -> Option<ReadError> {
        self.failure.into_inner()
    }

    fn fill(&self, window: &mut (u64, Vec<u8>), offset: u64, length: usize) -> Option<()> {
        match self.image.range(self.file, offset, length.max(WINDOW)) {
            Ok(bytes) => {
                *window = (offset, bytes);
                Some(())
            }
            Err(error) => {
                self.failure.get_or_init(|| error);
                None
            }
        }
    }
}

impl Parts for FileParts<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    fn part(&self, offset: u64, length: usize) -> Option<Cow<'_, [u8]>> {
        let end = offset.checked_add(length as u64)?;
        if end > self.size {
            return None;
        }
        let mut window = self.window.borrow_mut();
        if offset < window.0 || end > window.0 + window.1.len() as u64 {
            self.fill(&mut window, offset, length)?;
        }
        let start = usize::try_from(offset - window.0).ok()?;
        Some(Cow::Owned(window.1.get(start..start + length)?.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf;
    use crate::image::{Content, Header, Inode, NameId, Options, Silent};

    /// An image with one file that contains these bytes, and that file.
    fn image(bytes: Vec<u8>) -> (Image, InodeId) {
        let folder = tempfile::tempdir().unwrap();
        let reference = format!("rootfs:{}", folder.path().display());
        let reference = reference.parse().unwrap();
        let mut image = Image::open(&reference, &Options::default(), &Silent).unwrap();
        let inode = Inode {
            kind: Kind::File(Content::Bytes(bytes)),
            header: Header::default(),
            layer: 0,
        };
        let name = image.tree.insert(NameId::ROOT, b"program", inode);
        let file = image.tree.inode_id(name);
        (image, file)
    }

    #[test]
    fn parts_equal_the_same_range_of_the_file() {
        let bytes: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        let (image, file) = image(bytes.clone());
        let parts = FileParts::new(&image, file);
        for (offset, length) in [(0, 4), (3, 5000), (4090, 12), (79_996, 4), (100, 0)] {
            let part = parts.part(offset as u64, length).unwrap();
            assert_eq!(*part, bytes[offset..offset + length]);
        }
        assert!(parts.part(79_997, 4).is_none() && parts.part(u64::MAX, 4).is_none());
    }

    #[test]
    fn parsing_a_program_from_parts_gives_the_same_facts() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let whole = elf::parse(&bytes).unwrap();
        let (image, file) = image(bytes);
        let parts = FileParts::new(&image, file);
        assert_eq!(elf::parse_parts(&parts).unwrap(), whole);
        assert!(!whole.needed.is_empty() && parts.into_failure().is_none());
    }
}
