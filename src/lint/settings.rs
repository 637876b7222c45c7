//! What a user wants of a run, after files, environment and arguments have been read.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Severity;
use super::label::LabelType;
use super::page::{Page, Profile};

/// Rules are meant by their own names here: [`Registry::resolve`](super::Registry::resolve) makes them of aliases.
#[derive(Clone, Debug)]
pub struct Settings {
    pub select: Selection,
    /// Taken away from what `select` gives.
    pub ignore: BTreeSet<&'static str>,
    /// Severities in the place of the pages' own.
    pub severities: BTreeMap<&'static str, Severity>,
    /// Values of `--build-arg`.
    pub build_args: BTreeMap<String, String>,
    /// The stage that is built; the last one where there is none of this name.
    pub target: Option<String>,
    /// Whether comments in the file may suppress findings.
    pub pragmas: bool,
    /// Where images may come from: `docker.io`, `*.example.com`, `ghcr.*`, `*`. Empty where every registry may.
    pub trusted_registries: Vec<String>,
    /// The labels that images must have, and what their values are.
    pub label_schema: BTreeMap<String, LabelType>,
    /// Whether labels that are not in the schema are wrong.
    pub strict_labels: bool,
}

/// Which rules speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Those of the profile, where the stricter holds the milder.
    Profile(Profile),
    Only(BTreeSet<&'static str>),
}

impl Selection {
    /// Every rule there is.
    pub const ALL: Self = Self::Profile(Profile::Pedantic);
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            select: Selection::Profile(Profile::Default),
            ignore: BTreeSet::new(),
            severities: BTreeMap::new(),
            build_args: BTreeMap::new(),
            target: None,
            pragmas: true,
            trusted_registries: Vec::new(),
            label_schema: BTreeMap::new(),
            strict_labels: false,
        }
    }
}

impl Settings {
    pub fn selects(&self, page: &Page) -> bool {
        let selected = match &self.select {
            Selection::Profile(profile) => page.profile <= *profile,
            Selection::Only(names) => names.contains(page.name),
        };
        selected && !self.ignore.contains(page.name)
    }
}
