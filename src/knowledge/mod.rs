//! Facts about the world outside jettison, each in one table: programs that are shells or package
//! managers, paths that contain documentation. Rules, tracers and pages ask for a class or a set by
//! name instead of keeping lists of their own.
//!
//! The tables are `rules/programs.toml`, `rules/package-managers.toml`, `rules/launchers.toml` and
//! `rules/path-sets.toml`.

mod launchers;
mod package_managers;
mod path_sets;
mod programs;

pub use launchers::{environment_of, has_subcommands};
pub use package_managers::{
    Action, PackageManager, Pin, package_manager, package_manager_of, package_managers,
};
pub use path_sets::path_set;
pub use programs::ProgramClass;
