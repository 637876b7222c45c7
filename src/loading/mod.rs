//! Files that a loader maps for the programs of an image, or of a directory: `ldd`, without running
//! anything.
//!
//! A directory is read lazily, so that the cost of one program depends only on its own files. Data
//! about a file is shared by all programs, which are loaded in parallel.

mod closure;
#[cfg(all(target_os = "linux", not(jettison_portable)))]
mod host;
mod programs;
mod source;
mod symbols;
mod table;

pub use closure::{Closure, Loaded, Mapped, Settings, Start, UnmetVersion, closures};
#[cfg(all(target_os = "linux", not(jettison_portable)))]
pub use host::Host;
pub use programs::{ProgramError, all_programs, find_program};
pub use source::{ImageFiles, Source};
pub use symbols::Unresolved;
