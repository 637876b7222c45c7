//! systemd units, as defined by the files of an image: the file format, unit names, and the
//! directories in which unit files are found.

mod files;
mod name;
mod settings;

pub(super) use files::{Found, LOOKUP, UnitFiles, is_masked};
pub(super) use name::{MAX_EXPANDED, UnitName};
pub(super) use settings::{Placed, Setting, settings, words};

use std::collections::HashMap;

use crate::image::NameId;

/// Dependencies, which an empty value does not reset; see systemd.unit(5).
const DEPENDENCIES: [&str; 7] = [
    "BindsTo",
    "OnFailure",
    "OnSuccess",
    "Requires",
    "Sockets",
    "Upholds",
    "Wants",
];

/// A unit: its fragment and its drop-ins together.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) name: UnitName,
    /// The file that defines it, used in the reasons for the units and files that it pulls in.
    pub(super) fragment: NameId,
    settings: HashMap<String, Vec<Placed>>,
}

impl Unit {
    pub(super) fn new(name: UnitName, fragment: NameId) -> Self {
        Self {
            name,
            fragment,
            settings: HashMap::new(),
        }
    }

    /// Adds the settings of the fragment, or of a drop-in after it.
    pub(super) fn add(&mut self, file: NameId, text: &str) {
        for Setting { key, value, line } in settings(text) {
            if !value.is_empty() {
                let value = Placed { file, value, line };
                self.settings.entry(key).or_default().push(value);
            } else if !DEPENDENCIES.contains(&&*key) {
                // `ExecStart=` without a value in a drop-in starts a new list.
                self.settings.remove(&key);
            }
        }
    }

    /// All values of a setting that may be repeated.
    pub(super) fn all(&self, key: &str) -> &[Placed] {
        self.settings
            .get(key)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The last value of a setting, which overrides earlier ones.
    pub(super) fn last(&self, key: &str) -> Option<&Placed> {
        self.all(key).last()
    }

    /// The settings whose name starts with a prefix, in no particular order.
    pub(super) fn with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Placed)> {
        self.settings
            .iter()
            .filter(move |(key, _)| key.starts_with(prefix))
            .flat_map(|(key, values)| values.iter().map(move |value| (key.as_str(), value)))
    }

    /// The value of a switch; `None` if it is not set.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        let value = self.last(key)?;
        match value.value.to_ascii_lowercase().as_str() {
            "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
            _ => Some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_begins_a_new_list_except_for_dependencies() {
        let name = UnitName::parse("a.service").expect("it is valid");
        let mut unit = Unit::new(name, NameId::ROOT);
        unit.add(NameId::ROOT, "[Unit]\nWants=b\n[Service]\nExecStart=/x\n");
        unit.add(
            NameId::ROOT,
            "[Unit]\nWants=\n[Service]\nExecStart=\nExecStart=/y\n",
        );
        assert_eq!(unit.all("Wants").len(), 1);
        assert_eq!(unit.all("ExecStart").len(), 1);
        assert_eq!(
            unit.last("ExecStart").map(|value| &*value.value),
            Some("/y")
        );
    }
}
