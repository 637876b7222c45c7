//! Facts about the world outside jettison, each in one table: programs that are shells or package
//! managers, paths that contain documentation. Rules, tracers and pages ask for a class or a set by
//! name instead of keeping lists of their own.
//!
//! The tables are `rules/languages.toml`, `rules/package-managers.toml`, `rules/path-sets.toml`,
//! `rules/programs.toml` and `rules/variables.toml`.

mod languages;
mod package_managers;
mod path_sets;
mod programs;
mod variables;

pub use languages::{InstalledLanguage, ScriptLanguage, installed_languages, script_languages};
pub use package_managers::{
    Action, PackageManager, Pin, package_manager, package_manager_of, package_managers,
};
pub use path_sets::path_set;
pub use programs::{ProgramClass, is_runtime_library};
pub use variables::VariableClass;
