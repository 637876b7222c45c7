//! Facts about the world outside jettison, each in one table: programs that are shells or package
//! managers, paths that contain documentation. Rules, tracers and pages refer to a class or a set
//! by name instead of having their own lists.
//!
//! The tables are `rules/programs.toml`, `rules/package-managers.toml` and `rules/path-sets.toml`.

mod package_managers;
mod path_sets;
mod programs;

pub use package_managers::{
    Action, PackageManager, Pin, package_manager, package_manager_of, package_managers,
};
pub use path_sets::path_set;
pub use programs::ProgramClass;
