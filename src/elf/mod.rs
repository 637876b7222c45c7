//! One ELF file: bytes in, facts out; and where a loader looks for what the file needs.
//!
//! Nothing here opens a file. [`parse`] is given bytes; the loader's rules are given a [`Files`],
//! which the slimmer implements over an image and the tests over a handful of paths. The rules are
//! those of glibc's `ld.so` and of musl's `ldso/dynlink.c`.

mod cache;
mod conf;
mod facts;
mod file;
mod glibc;
mod loader;
mod musl;
mod process;
mod processor;
mod references;
mod search;
mod section;
mod symbols;
mod system;
mod token;
mod unmet;
mod versions;

pub use cache::{Cache, CacheError};
pub use conf::configured_directories;
pub use facts::{
    Facts, GoBuild, Hardening, MayOpen, Memory, Priority, Relro, absolute_paths, announced, facts,
    go_build, library_names, memory,
};
pub use file::{Elf, ElfError, Endian, Type, is_elf, parse};
pub use loader::{Environment, Flavor, Loader, Mode};
pub use process::{Missing, Object, Outcome, Process, Request, RequestKind};
pub use processor::Processor;
pub use references::referred_texts;
pub use search::{Files, Found, Kind, Privileges};
pub use section::section;
pub use unmet::UnmetVersion;
pub use versions::{VersionNeed, Versions};
