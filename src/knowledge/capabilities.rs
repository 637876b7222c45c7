//! Capabilities of Linux and the programs that need them, from `rules/capabilities.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::launchers::root_droppers;
use super::programs::ProgramClass;
use super::service_managers::is_service_manager;

// Compiled in, so that the program is a single file, and parsed only by commands that use it.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/capabilities.toml")).expect("the tests read the table")
});

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Table {
    names: Vec<String>,
    user_change: Vec<String>,
    server: Vec<String>,
    programs: Vec<Programs>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Programs {
    names: Vec<String>,
    capabilities: Vec<String>,
}

/// The name of a capability by its number, without `CAP_`.
pub fn capability_name(number: u32) -> Option<&'static str> {
    let index = usize::try_from(number).ok()?;
    TABLE.names.get(index).map(String::as_str)
}

/// Capabilities that a program needs if it is started as root, by its file name. Empty if it works
/// without any.
pub fn capabilities_of(program: &str) -> &'static [String] {
    let program = without_version(program);
    for row in &TABLE.programs {
        if row.names.iter().any(|name| name == program) {
            return &row.capabilities;
        }
    }
    if root_droppers().any(|name| name == program) {
        return &TABLE.user_change;
    }
    if ProgramClass::RootServer.contains(program) || is_service_manager(program) {
        return &TABLE.server;
    }
    &[]
}

/// Whether a program needs capabilities if it is started as root.
pub fn needs_capabilities(program: &str) -> bool {
    !capabilities_of(program).is_empty()
}

/// The name of a program without the version that distributions append: `php-fpm8.2`.
fn without_version(program: &str) -> &str {
    let end = program.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.');
    // The digits of `exim4` and `ping6` belong to the name.
    if end.ends_with("fpm") { end } else { program }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_has_the_number_of_the_kernel() {
        for (number, name) in [(0, "CHOWN"), (10, "NET_BIND_SERVICE"), (21, "SYS_ADMIN")] {
            assert_eq!(capability_name(number), Some(name));
        }
        assert_eq!(capability_name(40), Some("CHECKPOINT_RESTORE"));
        assert_eq!(capability_name(41), None);
    }

    #[test]
    fn a_program_has_its_own_row_or_that_of_its_class() {
        assert_eq!(capabilities_of("gosu"), ["SETGID", "SETUID"]);
        assert!(capabilities_of("sshd").contains(&"SYS_CHROOT".to_owned()));
        assert_eq!(capabilities_of("php-fpm8.2"), capabilities_of("squid"));
        assert_eq!(capabilities_of("supervisord"), capabilities_of("squid"));
        assert!(!needs_capabilities("python3") && !needs_capabilities("ls"));
    }

    #[test]
    fn every_row_names_known_capabilities_in_order() {
        let rows = TABLE.programs.iter().map(|row| &row.capabilities);
        for capabilities in rows.chain([&TABLE.user_change, &TABLE.server]) {
            assert!(capabilities.is_sorted(), "{capabilities:?}");
            for name in capabilities {
                assert!(TABLE.names.contains(name), "{name}");
            }
        }
    }
}
