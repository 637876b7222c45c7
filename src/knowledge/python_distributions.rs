//! Distributions of Python that load modules in ways that their sources do not show, from
//! `rules/python-distributions.toml`.

use std::collections::{BTreeMap, HashMap};
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
    /// Modules that it looks for in packages that texts name: `admin`, `management.commands.*`.
    #[serde(default)]
    pub parts: Vec<String>,
    /// Distributions that one of its modules uses if they are installed.
    #[serde(default)]
    pub companions: BTreeMap<String, Vec<String>>,
    /// Data that it reads by names that programs give it.
    pub data: Option<NamedData>,
    /// Translations that it reads for the languages that settings name.
    pub catalogs: Option<MessageCatalogs>,
}

/// Catalogs of messages, `locale/de/LC_MESSAGES/x.mo`, in all packages that use a distribution.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MessageCatalogs {
    /// The names of the files, without `.mo`.
    pub domains: Vec<String>,
    /// Languages that are used whatever the settings are.
    pub always: Vec<String>,
    /// The setting that is the language of everybody.
    pub language: String,
    /// The setting with the languages of which a user gets one.
    pub offered: String,
    /// Other settings. A list of languages only counts in a source with another setting.
    pub settings: Vec<String>,
    /// The module that chooses one for a user, which settings name.
    pub chooser: String,
    /// Functions that switch to a language.
    pub functions: Vec<String>,
    /// The name of the module that has them.
    pub functions_of: String,
    /// The tag of a template that switches to a language.
    pub tag: String,
}

/// A directory whose entries are read by name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedData {
    /// Relative to the directory of packages.
    pub directory: String,
    /// Entries that are read whatever the program does.
    pub always: Vec<String>,
    /// Functions whose first argument is the name of an entry.
    pub functions: Vec<String>,
}

/// Whether the first argument of a function is the name of data in some distribution.
pub fn reads_named_data(function: &str) -> bool {
    let mut data = TABLE.values().filter_map(|row| row.data.as_ref());
    data.any(|data| data.functions.iter().any(|name| name == function))
}

/// The distribution that reads catalogs of messages.
pub fn message_catalogs() -> Option<(&'static str, &'static MessageCatalogs)> {
    static FOUND: LazyLock<Option<(&str, &MessageCatalogs)>> = LazyLock::new(|| {
        let mut rows = TABLE.values();
        rows.find_map(|row| Some((row.name.as_str(), row.catalogs.as_ref()?)))
    });
    *FOUND
}

/// The facts about a distribution, by its normalized name.
pub fn python_distribution(name: &str) -> Option<&'static PythonDistribution> {
    TABLE.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_found_by_their_normalized_names() {
        assert!(python_distribution("ansible-core").is_some_and(|known| known.runs_code));
        assert!(python_distribution("celery").is_some_and(|known| known.names_from_text));
        assert!(python_distribution("Celery").is_none());
    }
}
