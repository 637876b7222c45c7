//! The predicate of a statement about slimming, as `rules/guide/attestation.md` describes it.

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use serde::{Deserialize, Serialize};

use super::bounded::at_most;
use super::digest_set::DigestSet;

/// The effect of slimming an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Predicate {
    pub tool: Tool,
    pub source: SourceImage,
    pub result: ResultImage,
    pub options: Options,
    /// All entries of the result except directories, in the order of their paths.
    pub files: Vec<Entry>,
    pub removed: Removed,
}

/// The program that slimmed the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    pub name: String,
    pub version: String,
}

/// The image that was slimmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceImage {
    /// Its name at its source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub platform: String,
    /// The digest of its manifest, which an archive of Docker does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<DigestSet>,
    /// The digest of its configuration, which a directory does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<DigestSet>,
    /// Statements about it that are attached to the result's index, unchanged.
    #[serde(deserialize_with = "at_most::<10_000, _, _>")]
    pub attestations: Vec<CarriedStatement>,
}

/// A statement about the source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CarriedStatement {
    /// The SHA-256 of the statement as it is stored.
    pub sha256: String,
    pub media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate_type: Option<String>,
}

/// The image that slimming wrote. The digest of its manifest is the subject of the statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResultImage {
    pub config: DigestSet,
    /// The settings of the configuration that differ from the source, such as `Cmd`.
    #[serde(deserialize_with = "at_most::<1_000, _, _>")]
    pub changed_settings: Vec<String>,
}

/// The options that decided which files are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    #[serde(deserialize_with = "at_most::<100_000, _, _>")]
    pub keep: Vec<String>,
    #[serde(deserialize_with = "at_most::<100_000, _, _>")]
    pub drop: Vec<String>,
    /// Paths that a test of the result has asked for.
    #[serde(deserialize_with = "at_most::<100_000, _, _>")]
    pub asked_for: Vec<String>,
    pub keep_level: String,
    pub modules: String,
    pub keep_companions: bool,
    pub package_records: bool,
    /// Whether files of observed runs were kept.
    pub observed: bool,
    /// The number of containers of deployments that were followed.
    pub deployed: usize,
}

/// An entry of the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Percent-encoded: names are bytes.
    pub path: String,
    #[serde(rename = "type")]
    pub kind: EntryKind,
    pub status: Status,
    /// The content of a regular file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The content of the file before it was rewritten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
    /// The target of a symlink, percent-encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    File,
    Symlink,
    CharacterDevice,
    BlockDevice,
    Fifo,
}

/// The origin of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The source has the same entry: content, mode, owner and extended attributes are equal.
    Unchanged,
    /// The source has an entry with this path that differs.
    Rewritten,
    /// The source has no entry with this path.
    Generated,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unchanged => "unchanged",
            Self::Rewritten => "rewritten",
            Self::Generated => "generated",
        })
    }
}

/// The entries of the source that the result does not have, without directories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removed {
    /// The packages that lost files, in the order of their purls. A file of two packages counts for
    /// both.
    #[serde(deserialize_with = "at_most::<200_000, _, _>")]
    pub packages: Vec<RemovedPackage>,
    /// Files that belong to no package.
    pub other: RemovedFiles,
}

/// The files of a package that were removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovedPackage {
    pub purl: String,
    /// Removed files and symlinks.
    pub files: u64,
    /// Their size. A file with several names counts once, and not if one of them is kept.
    pub bytes: u64,
    /// Files and symlinks of the package that are kept.
    pub kept: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovedFiles {
    pub files: u64,
    pub bytes: u64,
}

/// Everything but printable ASCII is encoded, and `%` itself, so that any bytes can be recovered.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// A path or a target as text.
pub(super) fn encoded(path: &[u8]) -> String {
    percent_encode(path, ENCODED).to_string()
}
