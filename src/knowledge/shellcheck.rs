//! ShellCheck's codes, from `rules/shellcheck.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/shellcheck.toml")).expect("a test reads the table")
});

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    pedantic: Vec<u32>,
}

/// Returns true for a warning that is rarely worth acting on in a Dockerfile.
pub fn is_pedantic_code(code: u32) -> bool {
    TABLE.pedantic.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_named_once() {
        assert!(is_pedantic_code(2155) && !is_pedantic_code(2164));
        assert!(TABLE.pedantic.is_sorted_by(|one, next| one < next));
    }
}
