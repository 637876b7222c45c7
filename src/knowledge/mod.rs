//! Facts about the world outside jettison, each in one table: programs that are shells or package
//! managers, paths that contain documentation. Rules, tracers and pages ask for a class or a set by
//! name instead of keeping lists of their own.
//!
//! The tables are `rules/programs.toml` and `rules/path-sets.toml`.

mod path_sets;
mod programs;

pub use path_sets::path_set;
pub use programs::ProgramClass;
