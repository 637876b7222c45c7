//! Options and variables with the port that a program listens on, from `rules/ports.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

// Compiled in, so that the program is a single file, and parsed only by commands that use it.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/ports.toml")).expect("the tests read the table")
});

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    options: Vec<String>,
    variables: Vec<String>,
    programs: Vec<Programs>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Programs {
    names: Vec<String>,
    options: Vec<String>,
}

/// Whether the value of an option is an address or a port that a program listens on. `program` is
/// its file name.
pub fn is_port_option(program: &str, option: &str) -> bool {
    let is_listed = |options: &[String]| options.iter().any(|known| known == option);
    let mut rows = TABLE.programs.iter();
    is_listed(&TABLE.options)
        || rows.any(|row| row.names.iter().any(|name| name == program) && is_listed(&row.options))
}

/// Whether a program is a server with port options of its own.
pub fn has_port_options(program: &str) -> bool {
    let mut rows = TABLE.programs.iter();
    rows.any(|row| row.names.iter().any(|name| name == program))
}

/// Environment variables with the port of a server.
pub fn port_variables() -> impl Iterator<Item = &'static str> {
    TABLE.variables.iter().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_option_is_one_of_its_program() {
        assert!(is_port_option("varnishd", "-a") && !is_port_option("ls", "-a"));
        assert!(is_port_option("anything", "--port"));
        assert!(has_port_options("php") && !has_port_options("bash"));
    }
}
