//! One record of an export, as far as it is read.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// What tells whether a record is worth reading: most are of packages that the image has not.
#[derive(Debug, Deserialize)]
pub(super) struct Glance<'a> {
    #[serde(rename = "id")]
    _id: IgnoredAny,
    /// A record that was taken back says so with a time.
    withdrawn: Option<IgnoredAny>,
    #[serde(borrow, default)]
    pub(super) affected: Vec<AffectedGlance<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AffectedGlance<'a> {
    /// None where the record is about commits alone.
    #[serde(borrow)]
    pub(super) package: Option<PackageName<'a>>,
}

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
    /// RFC 3339. Of two records of one `id` the later one counts.
    #[serde(default)]
    pub(super) modified: String,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    /// What the distribution's own bulletin is about.
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
    pub(super) database_specific: Words,
}

/// Where databases say with a word how grave something is; anything else in these objects is
/// theirs.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Words {
    #[serde(default, deserialize_with = "word")]
    pub(super) severity: String,
    /// Debian's.
    #[serde(default, deserialize_with = "word")]
    pub(super) urgency: String,
}

/// A text; nothing where something else is.
fn word<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
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
    pub(super) ecosystem_specific: Option<Words>,
    #[serde(default)]
    pub(super) database_specific: Option<Words>,
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
    /// Commits, and what later versions of the schema may have: nothing that an image tells.
    #[serde(other)]
    Other,
}

/// A turn in the life of a vulnerability; exactly one of these.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    /// `0` is before every version.
    Introduced(String),
    Fixed(String),
    LastAffected(String),
    /// `*` is behind every version.
    Limit(String),
}
