//! A loader, configured for one kind of program.

use super::abi;
use super::cache::Cache;
use super::processor::Processor;
use super::search::{MAX_ELEMENTS, Step, parent};
use crate::elf::file::{Elf, Endian};

/// The C library whose rules a loader follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flavor {
    Glibc,
    Musl,
}

/// Settings of a process that its loader obeys.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `LD_LIBRARY_PATH`; unset and empty are the same.
    pub library_path: Vec<u8>,
    /// The working directory, for relative and empty elements of search paths.
    pub directory: Vec<u8>,
    /// `AT_SECURE`: the program has privileges that its user lacks, so the environment is ignored.
    pub secure: bool,
}

/// The choice among processor-specific files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The files for all processors, including the generic one: everything that an image needs to
    /// run anywhere.
    #[default]
    Superset,
    /// The files for this processor: those that are actually mapped at startup.
    Exact(Processor),
}

/// One loader.
#[derive(Clone, Debug)]
pub struct Loader {
    pub flavor: Flavor,
    /// As named in programs.
    pub path: Vec<u8>,
    /// The architecture to load for; files for others are not accepted.
    pub(super) machine: Machine,
    pub(super) default_directories: Vec<Vec<u8>>,
    /// Values of `$LIB`; several if the loader does not reveal it.
    pub(super) lib: Vec<Vec<u8>>,
    pub(super) mode: Mode,
    pub(super) platforms: Vec<String>,
    pub(super) legacy_subdirectories: Vec<String>,
    pub(super) cache: Option<Cache>,
    pub(super) cache_abi: Option<u32>,
    /// Directories in `/etc/ld.so.conf`, if there is no cache.
    pub(super) configured: Vec<Vec<u8>>,
    /// Whether it checks `.note.ABI-tag`.
    pub(super) obeys_abi_tag: bool,
    /// The directories that every search ends with, and their subdirectories.
    pub(super) tail: Vec<Step>,
    /// The content of `/etc/ld-musl-$ARCH.path`, if it exists.
    pub(super) musl_path: Option<Vec<u8>>,
    /// For Alpine's gcompat, a stand-in for glibc's loader: the musl loader that it starts, and the
    /// library that it preloads.
    pub(super) stands_for: Option<StandIn>,
    /// Files that the loader reads, whether they exist or not.
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

    /// Whether this loader accepts files of this kind.
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

/// The libraries in `LD_PRELOAD` or in a line of the preload file.
pub(super) fn preload_list(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    text.split(|byte| byte.is_ascii_whitespace() || *byte == b':')
        .filter(|name| !name.is_empty())
        .map(<[u8]>::to_vec)
        // Each is searched for in each process.
        .take(MAX_ELEMENTS)
}

/// The parent of a path's directory: `/opt` for `/opt/lib/ld-musl-x86_64.so.1`, empty for `/lib/…`.
pub(super) fn prefix(path: &[u8]) -> &[u8] {
    match parent(parent(path)) {
        b"/" | b"." => b"",
        prefix => prefix,
    }
}
