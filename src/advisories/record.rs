//! The part of the OSV schema that is used here.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// The part of a record that determines whether the rest is parsed: most records are about packages
/// that are not in the image.
#[derive(Debug, Deserialize)]
pub(super) struct Glance<'a> {
    // Required, so that other JSON files are an error instead of an empty record.
    #[serde(rename = "id")]
    _id: IgnoredAny,
    /// The time at which the record was withdrawn.
    withdrawn: Option<IgnoredAny>,
    #[serde(borrow, default)]
    pub(super) affected: Vec<AffectedGlance<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AffectedGlance<'a> {
    /// `None` if the record is about commits only.
    #[serde(borrow)]
    pub(super) package: Option<PackageName<'a>>,
}

// Most names have no escapes and are borrowed from the file, which saves an allocation each.
#[derive(Debug, Deserialize)]
pub(super) struct PackageName<'a> {
    #[serde(borrow)]
    pub(super) ecosystem: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
}

impl Glance<'_> {
    pub(super) fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_some()
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Record {
    pub(super) id: String,
    /// RFC 3339. Of two records with the same `id`, the later one counts.
    #[serde(default)]
    pub(super) modified: String,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    /// The vulnerabilities that a distribution's bulletin is about.
    #[serde(default)]
    pub(super) upstream: Vec<String>,
    #[serde(default)]
    pub(super) summary: String,
    #[serde(default)]
    pub(super) details: String,
    #[serde(default)]
    pub(super) severity: Vec<Score>,
    #[serde(default)]
    pub(super) affected: Vec<Affected>,
    #[serde(default)]
    pub(super) database_specific: SeverityWords,
}

/// The severity as a word, in the database-specific objects.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct SeverityWords {
    #[serde(default, deserialize_with = "word")]
    pub(super) severity: String,
    /// The field of Debian's tracker.
    #[serde(default, deserialize_with = "word")]
    pub(super) urgency: String,
}

/// Reads a string; empty for any other value.
fn word<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    // The contents of these objects are database-specific, so `severity` may be a list or a number.
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Score {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) score: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Affected {
    pub(super) package: Option<Package>,
    #[serde(default)]
    pub(super) ranges: Vec<Range>,
    #[serde(default)]
    pub(super) versions: Vec<String>,
    #[serde(default)]
    pub(super) severity: Vec<Score>,
    #[serde(default)]
    pub(super) ecosystem_specific: Option<SeverityWords>,
    #[serde(default)]
    pub(super) database_specific: Option<SeverityWords>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Package {
    pub(super) ecosystem: String,
    pub(super) name: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Range {
    #[serde(rename = "type")]
    pub(super) kind: RangeKind,
    #[serde(default)]
    pub(super) events: Vec<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum RangeKind {
    #[serde(rename = "SEMVER")]
    Semver,
    #[serde(rename = "ECOSYSTEM")]
    Ecosystem,
    /// Ranges of commits, and kinds that later versions of the schema may add. An image does not
    /// record the commit that a package was built from.
    #[serde(other)]
    Other,
}

/// An event in the history of a vulnerability; exactly one of these.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    /// `0` sorts before every version.
    Introduced(String),
    Fixed(String),
    LastAffected(String),
    /// `*` sorts after every version.
    Limit(String),
}
