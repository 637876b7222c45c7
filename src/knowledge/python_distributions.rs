//! Distributions of Python that load modules in ways that their sources do not show, from
//! `rules/python-distributions.toml`.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

// Compiled in, so that the program is a single file, and parsed only by commands that use it.
static TABLE: LazyLock<HashMap<String, PythonDistribution>> = LazyLock::new(|| {
    let table: Table = toml::from_str(include_str!("../../rules/python-distributions.toml"))
        .expect("the tests read the table");
    let rows = table.distribution.into_iter();
    rows.map(|row| (row.name.clone(), row)).collect()
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    distribution: Vec<PythonDistribution>,
}

/// How a distribution loads modules.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PythonDistribution {
    name: String,
    /// It runs code that people type or mount, which may import everything.
    #[serde(default)]
    pub runs_code: bool,
    /// Its computed names are those in texts of the application and in its own strings.
    #[serde(default)]
    pub names_from_text: bool,
    /// Modules that it loads by computed names; `x.*` stands for all modules directly in `x`.
    #[serde(default)]
    pub loads: Vec<String>,
}

/// What is known of a distribution, by its normalized name.
pub fn python_distribution(name: &str) -> Option<&'static PythonDistribution> {
    TABLE.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_found_by_their_normalized_names() {
        assert!(python_distribution("ansible-core").is_some_and(|known| known.runs_code));
        assert!(python_distribution("django").is_some_and(|known| known.names_from_text));
        assert!(python_distribution("Django").is_none());
    }
}
