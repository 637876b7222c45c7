//! Mounts of `RUN --mount`, from `rules/mounts.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/mounts.toml")).expect("the tests read the table")
});

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    types: Vec<String>,
    sharing: Vec<String>,
    keys: Vec<MountKey>,
}

/// A key of `--mount`, such as `target`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MountKey {
    /// The names of the key, the usual one first.
    names: Vec<String>,
    pub value: MountValue,
    /// The types of mounts that take it; all of them if it is empty.
    #[serde(default)]
    types: Vec<String>,
    /// Whether it can stand without a value.
    #[serde(default)]
    pub alone: bool,
    /// Whether BuildKit refuses it before the `type`.
    #[serde(default)]
    pub after_type: bool,
    /// The minor version of the frontend that has it first.
    #[serde(default)]
    pub since: u32,
}

/// The kind of value that a key takes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum MountValue {
    Text,
    Type,
    Sharing,
    Boolean,
    Octal,
    Number,
    Size,
}

impl MountKey {
    /// The key of a name, in any case.
    pub fn find(name: &str) -> Option<&'static Self> {
        TABLE.keys.iter().find(|key| {
            key.names
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
        })
    }

    /// All names of all keys.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let keys = TABLE.keys.iter();
        keys.flat_map(|key| key.names.iter().map(String::as_str))
    }

    /// The usual name.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// Returns true if mounts of a type take the key.
    pub fn is_for(&self, kind: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|known| known == kind)
    }
}

/// The types of mounts.
pub fn mount_types() -> impl Iterator<Item = &'static str> {
    TABLE.types.iter().map(String::as_str)
}

/// The values of `sharing`.
pub fn sharing_modes() -> impl Iterator<Item = &'static str> {
    TABLE.sharing.iter().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_keys_are_found_by_each_of_their_names() {
        let target = MountKey::find("DST").expect("a key");
        assert_eq!(target.name(), "target");
        assert!(target.is_for("secret"));
        assert!(MountKey::find("rww").is_none());
    }

    #[test]
    fn mount_keys_refer_only_to_known_mount_types() {
        for key in &TABLE.keys {
            assert!(!key.names.is_empty());
            for kind in &key.types {
                assert!(mount_types().any(|known| known == kind), "{kind}");
            }
        }
    }

    #[test]
    fn no_two_mount_keys_share_a_name() {
        let mut names: Vec<_> = MountKey::names().collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
    }
}
