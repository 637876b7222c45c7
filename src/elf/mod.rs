//! ELF files: facts parsed from the bytes of a file, and the rules by which loaders find its
//! dependencies.
//!
//! Nothing here opens a file. [`parse`] takes bytes; the loader's rules take a [`Files`], which the
//! slimmer implements for an image and the tests for a handful of paths. The rules are those of
//! glibc's `ld.so` and of musl's `ldso/dynlink.c`.

pub mod example_file;
mod facts;
mod file;
mod loader;
mod parts;
mod references;
mod section;
mod symbols;
mod versions;

pub use facts::{
    Facts, GoBuild, Hardening, MayOpen, Memory, Priority, Relro, absolute_paths, announced, facts,
    go_build, library_names, memory,
};
pub use file::{Elf, ElfError, Endian, Type, is_elf, parse, parse_parts};
pub use loader::{
    Cache, CacheError, Environment, Files, Flavor, Found, Kind, Loader, Missing, Mode, Object,
    Outcome, Privileges, Process, Processor, Request, RequestKind, UnmetVersion,
    configured_directories,
};
pub use parts::Parts;
pub use references::{referred_texts, shell_texts};
pub use section::{data_sections, sections};
pub use versions::{VersionNeed, Versions};
