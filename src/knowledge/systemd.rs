//! Behavior of systemd that unit files do not describe, from `rules/systemd.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::paths::is_at_or_below;

// Compiled in, so that the program is a single file, and parsed only by commands that use it.
static SYSTEMD: LazyLock<Systemd> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/systemd.toml")).expect("the tests read the table")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Systemd {
    unit_directories: Vec<String>,
    generator_directories: Vec<String>,
    activation_directories: Vec<String>,
    shutdown_units: Vec<String>,
    maintenance_units: Vec<String>,
    container_devices: Vec<String>,
    machine_labels: Vec<String>,
    machine_paths: Vec<String>,
    machine_capabilities: Vec<String>,
    machine_security: Vec<String>,
    program_directories: Vec<String>,
    starters: Vec<Starter>,
    generators: Vec<Generator>,
}

/// A unit whose program starts other units.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Starter {
    unit: String,
    units: Vec<String>,
}

/// A program that creates units at boot.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generator {
    pub name: String,
    #[serde(default)]
    pub makes: GeneratedUnits,
    /// Patterns of the files that it reads; it has no effect if none of them exists.
    #[serde(default)]
    pub reads: Vec<String>,
    /// Names of units, with `{1}` for the text that the first wildcard matched.
    #[serde(default)]
    pub units: Vec<String>,
}

/// The units that a generator creates.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum GeneratedUnits {
    /// It enables the units of the row for the files that it reads.
    #[default]
    Listed,
    /// Mounts of `/etc/fstab`.
    Mounts,
    /// Services of the scripts in `/etc/init.d`.
    Services,
    /// Login prompts on the console.
    Console,
}

/// The directories of unit files, in order of precedence.
pub fn unit_directories() -> &'static [String] {
    &SYSTEMD.unit_directories
}

/// The directories of generators, in order of precedence.
pub fn generator_directories() -> &'static [String] {
    &SYSTEMD.generator_directories
}

/// The directories of services that D-Bus activates.
pub fn activation_directories() -> &'static [String] {
    &SYSTEMD.activation_directories
}

/// The units that systemd starts when it shuts down.
pub fn shutdown_units() -> &'static [String] {
    &SYSTEMD.shutdown_units
}

/// Whether a unit maintains things that a slimmed image does not contain.
pub fn is_maintenance_unit(name: &str) -> bool {
    SYSTEMD.maintenance_units.iter().any(|unit| unit == name)
}

/// The directories in which systemd looks for programs.
pub fn systemd_program_directories() -> &'static [String] {
    &SYSTEMD.program_directories
}

/// The units that the program of a unit starts.
pub fn units_started_by(unit: &str) -> &'static [String] {
    let mut starters = SYSTEMD.starters.iter();
    match starters.find(|starter| starter.unit == unit) {
        Some(starter) => &starter.units,
        None => &[],
    }
}

/// The labels of images that machines boot from.
pub fn machine_labels() -> &'static [String] {
    &SYSTEMD.machine_labels
}

/// Whether a path, such as a device, only exists on a machine and in privileged containers.
pub fn is_machine_path(path: &str) -> bool {
    if path.starts_with("/dev/") {
        !is_below_any(path, &SYSTEMD.container_devices)
    } else {
        is_below_any(path, &SYSTEMD.machine_paths)
    }
}

fn is_below_any(path: &str, directories: &[String]) -> bool {
    directories
        .iter()
        .any(|directory| is_at_or_below(path, directory))
}

/// Whether a capability is only useful on a machine.
pub fn is_machine_capability(name: &str) -> bool {
    SYSTEMD
        .machine_capabilities
        .iter()
        .any(|known| known == name)
}

/// Whether a security feature only exists on machines.
pub fn is_machine_security(name: &str) -> bool {
    SYSTEMD.machine_security.iter().any(|known| known == name)
}

/// The rows for a generator; empty if it is unknown.
pub fn generator_rows(name: &str) -> Vec<&'static Generator> {
    let rows = SYSTEMD.generators.iter();
    rows.filter(|generator| generator.name == name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_has_no_terminals_and_no_firmware() {
        for path in ["/dev/tty0", "/dev/vda1", "/sys/firmware/efi"] {
            assert!(is_machine_path(path), "{path}");
        }
        for path in ["/dev/tty", "/dev/pts/0", "/etc/tty0", "/sys/fs/cgroup"] {
            assert!(!is_machine_path(path), "{path}");
        }
    }

    #[test]
    fn a_generator_that_enables_units_reads_files() {
        for generator in &SYSTEMD.generators {
            let is_listed = generator.makes == GeneratedUnits::Listed;
            assert!(
                !is_listed || generator.units.is_empty() || !generator.reads.is_empty(),
                "{}",
                generator.name
            );
        }
        assert_eq!(generator_rows("tor-generator").len(), 2);
        assert!(generator_rows("my-generator").is_empty());
    }
}
