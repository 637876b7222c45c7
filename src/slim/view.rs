//! An image as loaders see it: whole, or with only the kept names in it.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::elf::{self, Elf, ElfError, Files, Privileges, Versions};
use crate::image::{
    Bytes, Content, Image, InodeId, Kind, NameId, ReadError, ResolveError, Resolved, Tree,
};

/// Bytes of a text: longer ones are data, such as dumps and logs.
const MAX_TEXT: u64 = 8 << 20;
/// Bytes of a program, a library or an archive. The largest libraries have 3 GB.
const MAX_BINARY: u64 = 8 << 30;
/// The same for a file with holes, which costs nothing in an archive. Linkers write none.
const MAX_SPARSE: u64 = 64 << 20;

/// The files of an image. Each is parsed once, whatever its names.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) image: &'a Image,
    /// A row a name, where some are not to be seen.
    visible: Option<&'a [bool]>,
    /// A row an inode.
    elfs: Vec<OnceLock<Result<Elf, ElfError>>>,
    /// A row an inode.
    versions: Vec<OnceLock<Option<Versions>>>,
    /// The first file that could not be read. It is looked at when the work is done.
    failure: OnceLock<ReadError>,
    /// Files that were asked for and are larger than what is read.
    oversized: Mutex<BTreeSet<InodeId>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(image: &'a Image) -> Self {
        let inodes = image.tree.inode_count();
        let elfs = (0..inodes).map(|_| OnceLock::new()).collect();
        let versions = (0..inodes).map(|_| OnceLock::new()).collect();
        Self {
            image,
            visible: None,
            elfs,
            versions,
            failure: OnceLock::new(),
            oversized: Mutex::default(),
        }
    }

    /// The same files, of which only those with a `true` in their row are there; the others end
    /// every path.
    pub(crate) fn only(self, visible: &'a [bool]) -> Self {
        Self {
            visible: Some(visible),
            ..self
        }
    }

    pub(crate) fn tree(&self) -> &'a Tree {
        &self.image.tree
    }

    /// Why a file could not be read, if one could not.
    pub(crate) fn failure(self) -> Option<ReadError> {
        self.failure.into_inner()
    }

    fn is_there(&self, name: NameId) -> bool {
        name == NameId::ROOT || self.visible.is_none_or(|visible| visible[name.index()])
    }

    pub(crate) fn resolve(&self, path: &[u8]) -> Result<Resolved, ResolveError> {
        let resolved = self.tree().resolve(path)?;
        let hidden = resolved
            .crossed
            .iter()
            .chain([&resolved.name])
            .find(|&&name| !self.is_there(name));
        match hidden {
            None => Ok(resolved),
            Some(&name) => Err(ResolveError::NotFound {
                missing: self.tree().path(name),
                crossed: Vec::new(),
            }),
        }
    }

    /// The files that were asked for and not read, because they are too large.
    pub(crate) fn oversized(&self) -> BTreeSet<InodeId> {
        let oversized = self.oversized.lock();
        oversized.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records that a file is not read because it is too large.
    pub(crate) fn add_oversized(&self, file: InodeId) {
        let oversized = self.oversized.lock();
        oversized
            .unwrap_or_else(PoisonError::into_inner)
            .insert(file);
    }

    /// The bytes of a text file, by any of its names; nothing for what is no file, or is too large
    /// to be a text.
    pub(crate) fn bytes(&self, name: NameId) -> Option<impl Deref<Target = [u8]> + use<'a>> {
        self.at_most(self.tree().inode_id(name), MAX_TEXT)
    }

    /// The bytes of a program or an archive.
    pub(crate) fn binary(&self, name: NameId) -> Option<impl Deref<Target = [u8]> + use<'a>> {
        self.at_most(self.tree().inode_id(name), MAX_BINARY)
    }

    /// The first bytes of a file; none for what is no file.
    pub(crate) fn head(&self, file: InodeId, limit: usize) -> Vec<u8> {
        match self.image.head(file, limit) {
            Ok(bytes) => bytes,
            Err(error) => {
                // What comes after the first failure is of no interest.
                let _ = self.failure.set(error);
                Vec::new()
            }
        }
    }

    fn at_most(&self, file: InodeId, limit: u64) -> Option<Bytes<'a>> {
        let Kind::File(content) = &self.tree().inode_at(file).kind else {
            return None;
        };
        let limit = match content {
            Content::Sparse { .. } => limit.min(MAX_SPARSE),
            _ => limit,
        };
        if content.length() > limit || self.image.is_implausible(content) {
            self.add_oversized(file);
            return None;
        }
        match self.image.read_inode(file) {
            Ok(bytes) => Some(bytes),
            Err(ReadError::NotAFile { .. }) => None,
            Err(error) => {
                // What comes after the first failure is of no interest.
                let _ = self.failure.set(error);
                None
            }
        }
    }

    /// The symbol versions of an ELF file; none of what is none.
    pub(crate) fn versions(&self, file: InodeId) -> Option<&Versions> {
        let read = || Some(self.elf(file).ok()?.versions(&self.read(file)?));
        self.versions[file.index()].get_or_init(read).as_ref()
    }

    /// The facts of an ELF file; an error for what is none.
    pub(crate) fn elf_of(&self, name: NameId) -> Result<&Elf, ElfError> {
        self.elf(self.tree().inode_id(name))
    }
}

impl Files for View<'_> {
    type Id = InodeId;

    fn look(&self, path: &[u8]) -> elf::Kind<InodeId> {
        let resolved = match self.resolve(path) {
            Ok(resolved) => resolved,
            Err(ResolveError::TooManyLinks { .. }) => return elf::Kind::Loop,
            Err(_) => return elf::Kind::Missing,
        };
        match self.tree().inode(resolved.name).kind {
            Kind::File(_) => elf::Kind::File(self.tree().inode_id(resolved.name)),
            Kind::Directory => elf::Kind::Directory,
            Kind::Symlink { .. } => elf::Kind::Missing,
            Kind::Character { .. } | Kind::Block { .. } | Kind::Fifo => elf::Kind::Special,
        }
    }

    fn list(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        let Ok(resolved) = self.resolve(directory) else {
            return Vec::new();
        };
        let children = self
            .tree()
            .children(resolved.name)
            .filter(|&name| self.is_there(name));
        children
            .map(|name| self.tree().file_name(name).to_vec())
            .collect()
    }

    fn read(&self, file: InodeId) -> Option<impl Deref<Target = [u8]>> {
        self.at_most(file, MAX_BINARY)
    }

    fn elf(&self, file: InodeId) -> Result<&Elf, ElfError> {
        let parse = || {
            // Most files are no ELF files, and large ones would have to be copied to be told so.
            if !elf::is_elf(&self.head(file, 4)) {
                return Err(ElfError::Magic);
            }
            self.read(file)
                .ok_or(ElfError::Unreadable)
                .and_then(|bytes| elf::parse(&bytes))
        };
        self.elfs[file.index()]
            .get_or_init(parse)
            .as_ref()
            .map_err(Clone::clone)
    }

    fn privileges(&self, file: InodeId) -> Privileges {
        let header = &self.tree().inode_at(file).header;
        Privileges {
            setuid: (header.mode & 0o4000 != 0).then_some(header.uid),
            setgid: (header.mode & 0o2000 != 0).then_some(header.gid),
        }
    }

    fn has_capabilities(&self, file: InodeId) -> bool {
        self.tree()
            .inode_at(file)
            .header
            .xattr("security.capability")
            .is_some()
    }

    fn real_path(&self, path: &[u8]) -> Option<Vec<u8>> {
        Some(self.tree().path(self.resolve(path).ok()?.name))
    }
}
