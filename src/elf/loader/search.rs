//! The input and the output of a loader's search: the files it may look at, and by which rule it
//! found one.

use std::fmt;
use std::hash::Hash;
use std::ops::Deref;

use crate::elf::file::{Elf, ElfError};

/// The file system a loader sees. Paths are absolute, links are followed.
pub trait Files {
    /// The same for every name of one file, as device and inode number are.
    type Id: Copy + Eq + Ord + Hash + fmt::Debug;

    fn look(&self, path: &[u8]) -> Kind<Self::Id>;

    /// The names in a directory, sorted; none where there is no such directory.
    fn list(&self, directory: &[u8]) -> Vec<Vec<u8>>;

    /// The bytes of a regular file; nothing where it cannot be read.
    fn read(&self, file: Self::Id) -> Option<impl Deref<Target = [u8]>>;

    /// The facts that [`parse`](super::parse) reads of a file. Asked often: remember the answers.
    fn elf(&self, file: Self::Id) -> Result<&Elf, ElfError>;

    /// The path of a file without any link in it, as `/proc/self/exe` gives it.
    fn real_path(&self, path: &[u8]) -> Option<Vec<u8>>;

    /// The setuid and setgid bits of a file. Asked of programs only.
    fn privileges(&self, _file: Self::Id) -> Privileges {
        Privileges::default()
    }

    /// Whether a program has file capabilities.
    fn has_capabilities(&self, _file: Self::Id) -> bool {
        false
    }

    /// Whether the kernel sets `AT_SECURE` for a user: it does where the program runs as another
    /// user or group, or gains capabilities, which root has already.
    fn gains_rights(&self, file: Self::Id, is_root: bool) -> bool {
        let Privileges { setuid, setgid } = self.privileges(file);
        // A setuid program of root's changes nothing for root.
        let becomes_other = [setuid, setgid]
            .into_iter()
            .flatten()
            .any(|id| id != 0 || !is_root);
        becomes_other || (!is_root && self.has_capabilities(file))
    }

    /// The bytes of the file at a path.
    fn read_path(&self, path: &[u8]) -> Option<impl Deref<Target = [u8]>> {
        match self.look(path) {
            Kind::File(file) => self.read(file),
            _ => None,
        }
    }
}

/// The rights that a program has besides those of its user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Privileges {
    /// The owner, where the setuid bit is set.
    pub setuid: Option<u64>,
    /// The group, where the setgid bit is set.
    pub setgid: Option<u64>,
}

/// The kind of entry at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<Id> {
    File(Id),
    Directory,
    /// A device, a pipe or a socket.
    Special,
    /// Nothing, a link to nothing, or a path through something that is not a directory.
    Missing,
    /// A circle of links. musl's search ends there.
    Loop,
}

/// The rule by which a loader found a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Found {
    /// The need has a slash: it is the path.
    Path,
    /// The `DT_RPATH` of this object, or under musl its RUNPATH: the one that needs, or one that
    /// loaded it.
    Rpath {
        of: Vec<u8>,
    },
    LibraryPath,
    /// The `DT_RUNPATH` of the object that needs.
    Runpath,
    /// `/etc/ld.so.cache`.
    Cache,
    /// `/etc/ld.so.conf`, asked only where there is no cache: `ldconfig` would have put it there.
    Conf,
    /// The directories built into the loader.
    Default,
    /// `/etc/ld-musl-$ARCH.path`.
    MuslPath,
    /// Something loaded before has this name, this SONAME, or is this file.
    AlreadyLoaded,
    /// The loader itself: musl's is the C library too.
    Loader,
}

impl Found {
    /// The rule in a word or two, as lists of libraries show it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Rpath { .. } => "rpath",
            Self::LibraryPath => "LD_LIBRARY_PATH",
            Self::Runpath => "runpath",
            Self::Cache => "ld.so.cache",
            Self::Conf => "ld.so.conf",
            Self::Default => "default",
            Self::MuslPath => "musl path file",
            Self::AlreadyLoaded => "already loaded",
            Self::Loader => "loader",
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path => f.write_str("found by its path"),
            Self::Rpath { of } => write!(f, "found through the RPATH of `{}`", of.escape_ascii()),
            Self::LibraryPath => f.write_str("found through `LD_LIBRARY_PATH`"),
            Self::Runpath => f.write_str("found through its RUNPATH"),
            Self::Cache => f.write_str("found through `/etc/ld.so.cache`"),
            Self::Conf => f.write_str("found through `/etc/ld.so.conf`"),
            Self::Default => f.write_str("found in a default directory"),
            Self::MuslPath => f.write_str("found through the musl path file"),
            Self::AlreadyLoaded => f.write_str("already loaded"),
            Self::Loader => f.write_str("the loader itself"),
        }
    }
}

/// One path that a search tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) path: Vec<u8>,
    pub(super) found: Found,
    /// Tried on some processors only (`glibc-hwcaps`, `$PLATFORM`): the search goes on behind it.
    pub(super) variant: bool,
}

/// A directory that a search tries, and by which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) directory: Vec<u8>,
    pub(super) found: Found,
    pub(super) variant: bool,
    /// Whether anything is there; asked once for all needs.
    pub(super) exists: bool,
}

/// A search path of more elements is made to waste time: each costs a look for each need.
pub(super) const MAX_ELEMENTS: usize = 1024;

/// `directory/name`, with one slash between.
pub(super) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(directory.len() + 1 + name.len());
    path.extend_from_slice(directory);
    if !directory.ends_with(b"/") {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// A path without the slashes at its end; nothing is left of the root.
pub(super) fn without_trailing_slashes(path: &[u8]) -> &[u8] {
    let last = path.iter().rposition(|&byte| byte != b'/');
    &path[..last.map_or(0, |last| last + 1)]
}

/// The directory of a path, before the last slash; `/` for a path in the root.
pub(super) fn parent(path: &[u8]) -> &[u8] {
    match memchr::memrchr(b'/', path) {
        Some(0) => b"/",
        Some(slash) => &path[..slash],
        None => b".",
    }
}

pub(super) fn file_name(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).map_or(path, |slash| &path[slash + 1..])
}

/// Facts of an object that a search asks for: the one that needs, or one of those that loaded it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Requester<'a> {
    pub(super) path: &'a [u8],
    /// The value of `$ORIGIN` for it.
    pub(super) origin: &'a [u8],
    pub(super) rpath: Option<&'a [u8]>,
    pub(super) runpath: Option<&'a [u8]>,
    pub(super) no_default_directories: bool,
}

/// One step of a search.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Directory(Place),
    /// The cache. Its entries in default directories are left out for who wants no default
    /// directories.
    Cache {
        no_default_directories: bool,
    },
}

impl Step {
    pub(super) fn is_default(&self) -> bool {
        matches!(self, Self::Directory(place) if place.found == Found::Default)
    }
}
