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

/// A program that starts services as other users.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ServiceManager {
    /// File names that no other program has.
    #[serde(default)]
    programs: Vec<String>,
    /// File names that other programs have too.
    #[serde(default)]
    shared_names: Vec<String>,
    /// Paths, one of which exists if a program with a shared name is this manager.
    #[serde(default)]
    pub there: Vec<String>,
    /// The directories and individual files in which it finds its services by convention.
    #[serde(default)]
    pub directories: Vec<String>,
}

impl ServiceManager {
    /// Returns true if the file name is sufficient to recognize the manager.
    pub fn is_named(&self, file_name: &[u8]) -> bool {
        self.programs
            .iter()
            .any(|name| name.as_bytes() == file_name)
    }

    /// Returns true if the manager is one of the programs with this file name.
    fn may_be_named(&self, file_name: &[u8]) -> bool {
        let mut shared = self.shared_names.iter();
        self.is_named(file_name) || shared.any(|name| name.as_bytes() == file_name)
    }
}

/// The managers whose program may have the given file name.
pub fn service_managers(file_name: &[u8]) -> Vec<&'static ServiceManager> {
    let managers = TABLE.managers.iter();
    managers
        .filter(|manager| manager.may_be_named(file_name))
        .collect()
}

/// Returns true for a file name that only service managers and init systems have.
pub fn is_service_manager(file_name: &str) -> bool {
    let mut managers = TABLE.managers.iter();
    managers.any(|manager| manager.is_named(file_name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manager_is_known_by_the_name_of_its_program() {
        assert_eq!(service_managers(b"runsvdir").len(), 1);
        assert!(service_managers(b"nginx").is_empty());
        for name in ["systemd", "supervisord", "s6-svscan", "openrc-init"] {
            assert!(is_service_manager(name), "{name}");
        }
    }

    #[test]
    fn a_shared_name_is_not_sufficient() {
        assert!(!is_service_manager("init"));
        for manager in &TABLE.managers {
            let has_shared_name = !manager.shared_names.is_empty();
            assert_eq!(has_shared_name, !manager.there.is_empty(), "{manager:?}");
        }
    }
}
