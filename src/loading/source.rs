//! Sources of the files that a loader sees: an image, or a directory.

use crate::elf::{Elf, ElfError, Files, Kind, Privileges, Versions};
use crate::image::{self, Image, InodeId, ReadError};
use crate::slim::View;

/// Files that are accessed by many loaders in parallel.
pub trait Source: Files<Id: Send + Sync> + Sync {
    /// The symbol versions of an ELF file; `None` for other files. Read once.
    fn versions(&self, file: Self::Id) -> Option<&Versions>;

    /// The paths of all regular files with an executable bit, sorted.
    fn executables(&self) -> Vec<Vec<u8>>;
}

/// The files of an image.
#[derive(Debug)]
pub struct ImageFiles<'a> {
    view: View<'a>,
}

impl<'a> ImageFiles<'a> {
    pub fn new(image: &'a Image) -> Self {
        Self {
            view: View::new(image),
        }
    }

    /// The reason why a file could not be read, if there was one.
    pub fn failure(self) -> Option<ReadError> {
        self.view.failure()
    }
}

impl Files for ImageFiles<'_> {
    type Id = InodeId;

    fn look(&self, path: &[u8]) -> Kind<InodeId> {
        self.view.look(path)
    }

    fn list(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        self.view.list(directory)
    }

    fn read(&self, file: InodeId) -> Option<impl std::ops::Deref<Target = [u8]>> {
        self.view.read(file)
    }

    fn elf(&self, file: InodeId) -> Result<&Elf, ElfError> {
        self.view.elf(file)
    }

    fn real_path(&self, path: &[u8]) -> Option<Vec<u8>> {
        self.view.real_path(path)
    }

    fn privileges(&self, file: InodeId) -> Privileges {
        self.view.privileges(file)
    }

    fn has_capabilities(&self, file: InodeId) -> bool {
        self.view.has_capabilities(file)
    }
}

impl Source for ImageFiles<'_> {
    fn versions(&self, file: InodeId) -> Option<&Versions> {
        self.view.versions(file)
    }

    fn executables(&self) -> Vec<Vec<u8>> {
        let tree = self.view.tree();
        let mut paths = Vec::new();
        for name in tree.walk() {
            let inode = tree.inode(name);
            if matches!(inode.kind, image::Kind::File(_)) && inode.header.mode & 0o111 != 0 {
                paths.push(tree.path(name));
            }
        }
        paths.sort();
        paths
    }
}
