//! An image as seen by loaders: the whole image, or only the kept names.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::elf::{self, Elf, ElfError, Files, Privileges, Versions};
use crate::image::{
    Bytes, Content, Image, InodeId, Kind, NameId, ReadError, ResolveError, Resolved, Tree,
};
use crate::packages::FileParts;

/// Maximum size of a text in bytes: longer ones are data, such as dumps and logs.
const MAX_TEXT: u64 = 8 << 20;
/// Number of bytes at the start of a file in which a binary has a zero byte.
const BINARY_HEAD: usize = 512;
/// Maximum size of a program, a library or an archive in bytes. The largest libraries have 3 GB.
const MAX_BINARY: u64 = 8 << 30;
/// The same for a sparse file, whose holes take no space in an archive. Linkers do not create
/// sparse files.
const MAX_SPARSE: u64 = 64 << 20;
/// Maximum size of the data of a library that is held in memory; a larger one is mapped.
const MAX_DATA: u64 = 64 << 20;

/// The files of an image. Each inode is parsed once, also for restricted views.
#[derive(Clone, Debug)]
pub(crate) struct View<'a> {
    pub(crate) image: &'a Image,
    /// One row per name, if some are hidden.
    visible: Option<&'a [bool]>,
    shared: Arc<Shared>,
}

/// Facts that do not depend on which files are visible.
#[derive(Debug)]
struct Shared {
    /// One row per inode.
    elfs: Vec<OnceLock<Result<Elf, ElfError>>>,
    /// One row per inode.
    versions: Vec<OnceLock<Option<Versions>>>,
    /// The first file that could not be read. It is reported at the end.
    failure: Mutex<Option<ReadError>>,
    /// Requested files that exceed the size limit.
    oversized: Mutex<BTreeSet<InodeId>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(image: &'a Image) -> Self {
        let inodes = image.tree.inode_count();
        Self {
            image,
            visible: None,
            shared: Arc::new(Shared {
                elfs: (0..inodes).map(|_| OnceLock::new()).collect(),
                versions: (0..inodes).map(|_| OnceLock::new()).collect(),
                failure: Mutex::default(),
                oversized: Mutex::default(),
            }),
        }
    }

    /// A view in which only the names with `true` in their row exist.
    pub(crate) fn only(&self, visible: &'a [bool]) -> Self {
        Self {
            visible: Some(visible),
            ..self.clone()
        }
    }

    pub(crate) fn tree(&self) -> &'a Tree {
        &self.image.tree
    }

    /// The reason why a file could not be read, if there was one.
    pub(crate) fn failure(&self) -> Option<ReadError> {
        lock(&self.shared.failure).take()
    }

    /// Records that a file could not be read. Only the first failure is kept, because later ones
    /// may follow from it.
    fn fail(&self, error: ReadError) {
        lock(&self.shared.failure).get_or_insert(error);
    }

    fn is_there(&self, name: NameId) -> bool {
        name == NameId::ROOT || self.visible.is_none_or(|visible| visible[name.index()])
    }

    pub(crate) fn resolve(&self, path: &[u8]) -> Result<Resolved, ResolveError> {
        self.resolve_from(NameId::ROOT, path)
    }

    /// The entry of a directory.
    pub(crate) fn child(&self, directory: NameId, name: &[u8]) -> Option<NameId> {
        let child = self.tree().child(directory, name)?;
        if self.is_there(child) {
            Some(child)
        } else {
            None
        }
    }

    /// The entries of a directory.
    pub(crate) fn children(&self, directory: NameId) -> impl Iterator<Item = NameId> {
        let children = self.tree().children(directory);
        children.filter(|&child| self.is_there(child))
    }

    /// Resolves a path that is relative to a directory, unless it is absolute.
    pub(crate) fn resolve_from(
        &self,
        directory: NameId,
        path: &[u8],
    ) -> Result<Resolved, ResolveError> {
        let resolved = self.tree().resolve_from(directory, path)?;
        // A path only exists if every symlink and directory in it is visible too.
        let hidden = resolved
            .crossed
            .iter()
            .chain([&resolved.name])
            .find(|&&name| !self.is_there(name));
        match hidden {
            None => Ok(resolved),
            // In the slimmed image, the kernel would report the path up to the hidden name as
            // missing.
            Some(&name) => Err(ResolveError::NotFound {
                missing: self.tree().path(name),
                crossed: Vec::new(),
            }),
        }
    }

    /// The requested files that were not read because they are too large.
    pub(crate) fn oversized(&self) -> BTreeSet<InodeId> {
        lock(&self.shared.oversized).clone()
    }

    /// Records that a file is not read because it is too large.
    pub(crate) fn add_oversized(&self, file: InodeId) {
        lock(&self.shared.oversized).insert(file);
    }

    /// The bytes of a text file; `None` if it is not a regular file or too large.
    pub(crate) fn bytes(&self, name: NameId) -> Option<impl Deref<Target = [u8]> + use<'a>> {
        let file = self.tree().inode_id(name);
        // A large library is not a text that is left unread.
        if self.is_longer(file, MAX_TEXT) && self.head(file, BINARY_HEAD).contains(&0) {
            return None;
        }
        self.at_most(file, MAX_TEXT)
    }

    fn is_longer(&self, file: InodeId, limit: u64) -> bool {
        match &self.tree().inode_at(file).kind {
            Kind::File(content) => content.length() > limit,
            _ => false,
        }
    }

    /// The bytes of a program or an archive.
    pub(crate) fn binary(&self, name: NameId) -> Option<impl Deref<Target = [u8]> + use<'a>> {
        self.at_most(self.tree().inode_id(name), MAX_BINARY)
    }

    /// The data of a program or a library without its code and symbols, which are nine tenths of it;
    /// the whole file if it is unknown where the data is.
    pub(crate) fn data_of_binary(&self, name: NameId) -> Option<Bytes<'a>> {
        let file = self.tree().inode_id(name);
        if !self.is_readable(file, MAX_BINARY) {
            return None;
        }
        let parts = FileParts::new(self.image, file);
        let places = elf::data_sections(&parts).unwrap_or_default();
        let length: u64 = places.iter().map(|place| place.1).sum();
        if places.is_empty() || length > MAX_DATA {
            return self.at_most(file, MAX_BINARY);
        }
        let mut data = Vec::new();
        for (offset, length) in places {
            let length = usize::try_from(length).ok()?;
            match self.image.range(file, offset, length) {
                Ok(bytes) => data.extend_from_slice(&bytes),
                Err(error) => {
                    self.fail(error);
                    return None;
                }
            }
            // No text goes on in the next section.
            data.push(0);
        }
        Some(Bytes::Owned(data))
    }

    /// The first bytes of a file; empty if it is not a file.
    pub(crate) fn head(&self, file: InodeId, limit: usize) -> Vec<u8> {
        match self.image.head(file, limit) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.fail(error);
                Vec::new()
            }
        }
    }

    fn at_most(&self, file: InodeId, limit: u64) -> Option<Bytes<'a>> {
        if !self.is_readable(file, limit) {
            return None;
        }
        match self.image.read_inode(file) {
            Ok(bytes) => Some(bytes),
            // A directory or a device has no bytes; that is a valid result and not a failure.
            Err(ReadError::NotAFile { .. }) => None,
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    /// Whether a file is within the size limit; a file that is larger is recorded.
    fn is_readable(&self, file: InodeId, limit: u64) -> bool {
        let Kind::File(content) = &self.tree().inode_at(file).kind else {
            return false;
        };
        // A sparse file may claim terabytes in an archive of a few bytes, and reading it would
        // exhaust the memory.
        let limit = match content {
            Content::Sparse { .. } => limit.min(MAX_SPARSE),
            _ => limit,
        };
        // A file many times the size of the stored image is a decompression bomb, regardless of the
        // limit.
        if content.length() > limit || self.image.is_implausible(content) {
            self.add_oversized(file);
            return false;
        }
        true
    }

    /// The symbol versions of an ELF file; `None` for any other file.
    pub(crate) fn versions(&self, file: InodeId) -> Option<&Versions> {
        let read = || Some(self.elf(file).ok()?.versions(&self.read(file)?));
        self.shared.versions[file.index()]
            .get_or_init(read)
            .as_ref()
    }

    fn parse(&self, file: InodeId) -> Result<Elf, ElfError> {
        // Most files, of any size, are not ELF files.
        if !elf::is_elf(&self.head(file, 4)) {
            return Err(ElfError::Magic);
        }
        if !self.is_readable(file, MAX_BINARY) {
            return Err(ElfError::Unreadable);
        }
        // Headers and the dynamic section have a few kilobytes; reading only these avoids
        // decompressing gigabytes of code.
        let parts = FileParts::new(self.image, file);
        let elf = elf::parse_parts(&parts);
        // The parser treats a failed read as missing bytes and would blame the file; the read
        // failure takes precedence.
        if let Some(error) = parts.into_failure() {
            self.fail(error);
            return Err(ElfError::Unreadable);
        }
        elf
    }

    /// The parsed ELF file; an error for any other file.
    pub(crate) fn elf_of(&self, name: NameId) -> Result<&Elf, ElfError> {
        self.elf(self.tree().inode_id(name))
    }
}

impl Files for View<'_> {
    type Id = InodeId;

    fn look(&self, path: &[u8]) -> elf::Kind<InodeId> {
        let resolved = match self.resolve(path) {
            Ok(resolved) => resolved,
            // musl ends its search at a symlink loop, while any other broken path is just a miss.
            Err(ResolveError::TooManyLinks { .. }) => return elf::Kind::Loop,
            Err(_) => return elf::Kind::Missing,
        };
        match self.tree().inode(resolved.name).kind {
            Kind::File(_) => elf::Kind::File(self.tree().inode_id(resolved.name)),
            Kind::Directory => elf::Kind::Directory,
            // Resolving follows all symlinks, so one only remains if its target is missing.
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
        self.shared.elfs[file.index()]
            .get_or_init(|| self.parse(file))
            .as_ref()
            .map_err(Clone::clone)
    }

    fn privileges(&self, file: InodeId) -> Privileges {
        let header = &self.tree().inode_at(file).header;
        let mut privileges = Privileges::default();
        if header.mode & 0o4000 != 0 {
            privileges.setuid = Some(header.uid);
        }
        if header.mode & 0o2000 != 0 {
            privileges.setgid = Some(header.gid);
        }
        privileges
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

/// No thread panics while it holds one of these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
