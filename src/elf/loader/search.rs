//! Input and output of a loader's search: the file system, and the rule by which a file was found.

use std::fmt;
use std::hash::Hash;
use std::ops::Deref;

use crate::elf::file::{Elf, ElfError};

/// The file system that a loader sees. Paths are absolute, symlinks are followed.
pub trait Files {
    /// Identifies a file under all of its names, like device and inode number.
    type Id: Copy + Eq + Ord + Hash + fmt::Debug;

    fn look(&self, path: &[u8]) -> Kind<Self::Id>;

    /// The sorted names in a directory; empty if there is no such directory.
    fn list(&self, directory: &[u8]) -> Vec<Vec<u8>>;

    /// The bytes of a regular file; `None` if it cannot be read.
    fn read(&self, file: Self::Id) -> Option<impl Deref<Target = [u8]>>;

    /// The result of [`parse`](super::parse) for a file. It is called often, so results should be
    /// cached.
    fn elf(&self, file: Self::Id) -> Result<&Elf, ElfError>;

    /// The path of a file with all symlinks resolved, as in `/proc/self/exe`.
    fn real_path(&self, path: &[u8]) -> Option<Vec<u8>>;

    /// The setuid and setgid bits of a file. Only called for programs.
    fn privileges(&self, _file: Self::Id) -> Privileges {
        Privileges::default()
    }

    /// Whether a program has file capabilities.
    fn has_capabilities(&self, _file: Self::Id) -> bool {
        false
    }

    /// Whether the kernel sets `AT_SECURE` for a user: it does if the program runs as another user
    /// or group, or gains capabilities, which root already has.
    fn gains_rights(&self, file: Self::Id, is_root: bool) -> bool {
        let Privileges { setuid, setgid } = self.privileges(file);
        // A setuid root program gives root no additional privileges.
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

/// The privileges that a program has in addition to those of its user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Privileges {
    /// The owner, if the setuid bit is set.
    pub setuid: Option<u64>,
    /// The group, if the setgid bit is set.
    pub setgid: Option<u64>,
}

/// The kind of entry at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<Id> {
    File(Id),
    Directory,
    /// A device, a pipe or a socket.
    Special,
    /// No such file, a dangling symlink, or a path through something that is not a directory.
    Missing,
    /// A symlink loop. musl's search ends there.
    Loop,
}

/// The rule by which a loader found a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Found {
    /// The dependency contains a slash and is a path itself.
    Path,
    /// The `DT_RPATH` of this object or, with musl, its RUNPATH: the object with the dependency, or
    /// one that loaded it.
    Rpath {
        of: Vec<u8>,
    },
    LibraryPath,
    /// The `DT_RUNPATH` of the object with the dependency.
    Runpath,
    /// `/etc/ld.so.cache`.
    Cache,
    /// `/etc/ld.so.conf`, used only if there is no cache: `ldconfig` would have added the file to
    /// it.
    Conf,
    /// The directories built into the loader.
    Default,
    /// `/etc/ld-musl-$ARCH.path`.
    MuslPath,
    /// An object that is already loaded has this name or SONAME, or is this file.
    AlreadyLoaded,
    /// The loader itself: musl's loader is also the C library.
    Loader,
}

impl Found {
    /// A short label of the rule for lists of libraries.
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
    /// Whether it is only tried on some processors (`glibc-hwcaps`, `$PLATFORM`), so that the
    /// search continues after it.
    pub(super) variant: bool,
}

/// A directory that a search tries, and the reason for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) directory: Vec<u8>,
    pub(super) found: Found,
    pub(super) variant: bool,
    /// Whether the directory exists; determined once for all dependencies.
    pub(super) exists: bool,
}

/// Maximum number of elements in a search path. Each is tried for each dependency, so a longer path
/// would waste time.
pub(super) const MAX_ELEMENTS: usize = 1024;

/// Maximum number of directories that are named for a library that is missing.
pub(super) const MAX_LOOKED_IN: usize = 64;

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

/// A path without trailing slashes; empty for the root.
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

/// Facts that a search needs about an object: the one with the dependency, or one of those that
/// loaded it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Requester<'a> {
    pub(super) path: &'a [u8],
    /// Its value of `$ORIGIN`.
    pub(super) origin: &'a [u8],
    pub(super) rpath: Option<&'a [u8]>,
    pub(super) runpath: Option<&'a [u8]>,
    pub(super) no_default_directories: bool,
}

/// One step of a search.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Directory(Place),
    /// The cache. Its entries in default directories are skipped for objects that exclude default
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
