//! Facts about the world outside jettison, each in one table: programs that are shells or package
//! managers, paths that contain documentation. Rules, tracers and pages refer to a class or a set
//! by name instead of having their own lists.
//!
//! The tables are the files `rules/*.toml` of the same names: capabilities, languages, launchers,
//! mounts, package managers, path sets, platforms, ports, programs, Python distributions, service
//! managers, ShellCheck, signals, software, systemd and variables.

mod capabilities;
mod languages;
mod launchers;
mod mounts;
mod node_packages;
mod package_managers;
mod path_sets;
mod platforms;
mod ports;
mod programs;
mod python_distributions;
mod service_managers;
mod shellcheck;
mod signals;
mod software;
mod systemd;
mod variables;

pub use capabilities::{capabilities_of, capability_name, needs_capabilities};
pub use languages::{
    InstalledLanguage, InterpreterOptions, Language, LibraryOpeners, ProgramStarters,
    ScriptLanguage, installed_languages, language_of_interpreter, language_of_runtime,
    language_of_source, library_openers, program_starters, script_languages,
};
pub use launchers::{
    Environment, Wrapper, environment_of, has_subcommands, root_droppers, unwrapped, wrapper,
};
pub use mounts::{MountKey, MountValue, mount_types, sharing_modes};
pub use node_packages::{NodePackage, node_package};
pub use package_managers::{
    Action, PackageManager, Pin, package_manager, package_manager_of, package_managers,
};
pub use path_sets::path_set;
pub use platforms::{is_platform, is_system_or_architecture, usual_platform_name};
pub use ports::{has_port_options, is_port_option, port_variables};
pub use programs::{ProgramClass, is_runtime_library};
pub use python_distributions::{
    MessageCatalogs, PythonDistribution, message_catalogs, python_distribution, reads_named_data,
};
pub use service_managers::{ServiceManager, is_service_manager, service_managers};
pub use shellcheck::is_pedantic_code;
pub use signals::{is_signal, signal_name, signal_names};
pub use software::{
    Software, SoftwareFile, is_name_of_software, software, software_files, software_names,
};
pub use systemd::{
    GeneratedUnits, Generator, activation_directories, generator_directories, generator_rows,
    is_machine_capability, is_machine_path, is_machine_security, is_maintenance_unit,
    machine_labels, shutdown_units, systemd_program_directories, unit_directories,
    units_started_by,
};
pub use variables::VariableClass;
