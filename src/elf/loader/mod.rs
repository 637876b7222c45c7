//! Dynamic loaders: the directories in which they search for a program's libraries, and the files
//! that they map.
//!
//! The rules are those of glibc's `ld.so` and of musl's `ldso/dynlink.c`. A loader accesses files
//! through [`Files`], which the slimmer implements for an image and the tests for a handful of
//! paths.

mod abi;
mod cache;
mod glibc;
mod ld_so_conf;
mod linker;
mod musl;
mod process;
mod processor;
mod search;
mod setup;
mod tokens;
mod unmet;

pub use cache::{Cache, CacheError};
pub use ld_so_conf::configured_directories;
pub use linker::{Environment, Flavor, Loader, Mode};
pub use process::{Missing, Object, Outcome, Process, Request, RequestKind};
pub use processor::Processor;
pub use search::{Files, Found, Kind, Privileges};
pub use unmet::UnmetVersion;
