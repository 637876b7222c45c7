//! Service managers and the directories of their services, from `rules/service-managers.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

// Compiled in, so that the program is a single file, and parsed only by commands that use it.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/service-managers.toml"))
        .expect("the tests read the table")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    managers: Vec<ServiceManager>,
}

/// A program that finds its services by convention.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceManager {
    /// File names.
    pub programs: Vec<String>,
    /// Paths, one of which exists if a program with this name is this manager; empty if the name is
    /// sufficient.
    #[serde(default)]
    pub there: Vec<String>,
    /// The directories and individual files.
    pub directories: Vec<String>,
}

/// The managers whose program has the given file name.
pub fn service_managers(file_name: &[u8]) -> Vec<&'static ServiceManager> {
    let mut managers = Vec::new();
    for manager in &TABLE.managers {
        let mut names = manager.programs.iter();
        if names.any(|name| name.as_bytes() == file_name) {
            managers.push(manager);
        }
    }
    managers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manager_is_known_by_the_name_of_its_program() {
        assert_eq!(service_managers(b"runsvdir").len(), 1);
        assert!(service_managers(b"nginx").is_empty());
        for manager in service_managers(b"init") {
            assert!(!manager.there.is_empty(), "{manager:?}");
        }
    }
}
