//! A loader, as it works for one kind of programs.

use super::abi;
use super::cache::Cache;
use super::processor::Processor;
use super::search::{Step, parent};
use crate::elf::file::{Elf, Endian};

/// The C library whose rules a loader follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flavor {
    Glibc,
    Musl,
}

/// Settings that a process is started with and its loader obeys.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `LD_LIBRARY_PATH`; unset and empty are the same.
    pub library_path: Vec<u8>,
    /// The working directory, for relative and empty elements of search paths.
    pub directory: Vec<u8>,
    /// `AT_SECURE`: the program has rights that its user has not, so the environment is not obeyed.
    pub secure: bool,
}

/// The choice among files that only some processors take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The files that any processor takes, and the one for every processor: all that an image needs
    /// to run anywhere.
    #[default]
    Superset,
    /// The files that this processor takes: all that a start maps.
    Exact(Processor),
}

/// One loader.
#[derive(Clone, Debug)]
pub struct Loader {
    pub flavor: Flavor,
    /// As programs name it.
    pub path: Vec<u8>,
    /// The machine it was asked to load for: it takes no files of others.
    pub(super) machine: Machine,
    pub(super) default_directories: Vec<Vec<u8>>,
    /// Values of `$LIB`; several where the loader does not tell.
    pub(super) lib: Vec<Vec<u8>>,
    pub(super) mode: Mode,
    pub(super) platforms: Vec<String>,
    pub(super) legacy_subdirectories: Vec<String>,
    pub(super) cache: Option<Cache>,
    pub(super) cache_abi: Option<u32>,
    /// Directories of `/etc/ld.so.conf`, where there is no cache.
    pub(super) configured: Vec<Vec<u8>>,
    /// It looks at `.note.ABI-tag`.
    pub(super) obeys_abi_tag: bool,
    /// The directories that every search ends with, and those below them.
    pub(super) tail: Vec<Step>,
    /// The content of `/etc/ld-musl-$ARCH.path`, where it exists.
    pub(super) musl_path: Option<Vec<u8>>,
    /// musl's loader and the library that a stand-in for glibc's, of Alpine's gcompat, starts it
    /// with.
    pub(super) stands_for: Option<StandIn>,
    /// Files that it reads, whether they exist or not.
    pub reads: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Machine {
    pub(super) is_64: bool,
    pub(super) endian: Endian,
    pub(super) number: u16,
}

impl Machine {
    pub(super) fn of(elf: &Elf) -> Self {
        Self {
            is_64: elf.is_64,
            endian: elf.endian,
            number: elf.machine,
        }
    }
}

impl Loader {
    /// The usual paths of the loader for a library that no program loads.
    pub fn conventional_paths(library: &Elf) -> Vec<Vec<u8>> {
        abi::conventional_loaders(library)
    }

    /// Whether this loader takes files of that kind.
    pub fn fits(&self, elf: &Elf) -> bool {
        self.machine == Machine::of(elf)
    }

    pub(super) fn is_class_of(&self, elf: &Elf) -> bool {
        self.machine.is_64 == elf.is_64
    }

    pub(super) fn is_order_of(&self, elf: &Elf) -> bool {
        self.machine.endian == elf.endian
    }
}

/// The files that a stand-in for a loader runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StandIn {
    pub(super) loader: Vec<u8>,
    pub(super) preload: Vec<u8>,
}

/// The libraries of `LD_PRELOAD` or of a line of the preload file.
pub(super) fn preload_list(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    text.split(|byte| byte.is_ascii_whitespace() || *byte == b':')
        .filter(|name| !name.is_empty())
        .map(<[u8]>::to_vec)
}

/// The directory in front of the directory of a path: `/opt` for `/opt/lib/ld-musl-x86_64.so.1`,
/// empty for `/lib/…`.
pub(super) fn prefix(path: &[u8]) -> &[u8] {
    match parent(parent(path)) {
        b"/" | b"." => b"",
        prefix => prefix,
    }
}
