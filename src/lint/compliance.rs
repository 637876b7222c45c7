//! Standards whose requirements rules check, from `rules/compliance.toml`.

use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;

use super::registry::Registry;

// Compiled in, so that the program is a single file, and parsed only for runs that ask for it.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/compliance.toml")).expect("the tests read the table")
});

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    standard: Vec<Standard>,
}

/// A document with requirements.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// The name for `--compliance`.
    pub name: String,
    pub title: String,
    pub source: String,
    #[serde(rename = "requirement")]
    pub requirements: Vec<Requirement>,
}

/// A section of a standard.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// The number or the name in the document.
    pub id: String,
    /// The demand, in a few words.
    pub title: String,
    /// Rules whose findings are violations; empty if jettison does not check the requirement.
    pub rules: Vec<String>,
}

impl Standard {
    /// All standards, in the order of the table.
    pub fn all() -> &'static [Self] {
        &TABLE.standard
    }

    /// The requirements that a rule checks.
    pub fn requirements_of(&self, rule: &str) -> impl Iterator<Item = &Requirement> {
        let requirements = self.requirements.iter();
        requirements.filter(move |one| one.rules.iter().any(|known| known == rule))
    }

    /// The rules that check some requirement; some of them several times.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        let rules = self.requirements.iter().flat_map(|one| &one.rules);
        rules.map(String::as_str)
    }
}

/// A standard, and the kinds of inputs of a run, without which some requirements are not checked.
#[derive(Clone, Copy, Debug)]
pub struct Compliance {
    pub standard: &'static Standard,
    pub has_dockerfiles: bool,
    pub has_images: bool,
    pub has_deployments: bool,
}

impl Compliance {
    /// The kind of input that a requirement needs and the run does not have; `None` if a rule for
    /// it was able to find something.
    pub fn missing_input(
        &self,
        requirement: &Requirement,
        registry: &Registry,
    ) -> Option<&'static str> {
        let mut missing = None;
        for (rule, _) in registry.iter() {
            if !requirement.rules.iter().any(|name| name == rule.name) {
                continue;
            }
            // The last one is named, which most people have.
            for (is_checked, is_given, kind) in [
                (
                    rule.deployment.is_some(),
                    self.has_deployments,
                    "a deployment",
                ),
                (rule.image.is_some(), self.has_images, "an image"),
                (
                    rule.dockerfile.is_some(),
                    self.has_dockerfiles,
                    "a Dockerfile",
                ),
            ] {
                if is_checked && is_given {
                    return None;
                }
                if is_checked {
                    missing = Some(kind);
                }
            }
        }
        missing
    }
}

/// A standard that the user names.
#[derive(Clone, Copy, Debug)]
pub struct NamedStandard(pub &'static Standard);

impl FromStr for NamedStandard {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Standard::all()
            .iter()
            .find(|standard| standard.name == name);
        known.map(Self).ok_or_else(|| {
            let names: Vec<&str> = Standard::all().iter().map(|one| &*one.name).collect();
            format!("expected one of {}", names.join(", "))
        })
    }
}
