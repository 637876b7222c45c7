//! What can go wrong with an image: which blob, which entry, why.

use std::io;
use std::path::{Path, PathBuf};

use super::remote::TransferError;
use crate::printable::escape;

/// Why an image could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("cannot read `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("cannot read blob `{blob}`")]
    Blob { blob: String, source: io::Error },
    #[error("cannot spool blob `{blob}` into a temporary file")]
    Spool { blob: String, source: io::Error },
    #[error("`{}` is no image: {reason}", path.display())]
    NotAnImage { path: PathBuf, reason: &'static str },
    #[error("blob `{blob}`: {problem}")]
    Entry { blob: String, problem: EntryError },
    #[error("blob `{blob}` is not there, but `{by}` names it")]
    MissingBlob { blob: String, by: String },
    #[error("blob `{blob}` is reached through too many links")]
    BlobLinks { blob: String },
    #[error("`{}` has several members `{}` that differ", path.display(), escape(blob))]
    RepeatedMember { blob: String, path: PathBuf },
    #[error("member `{}` of `{}` is a link", escape(blob), path.display())]
    LinkedMember { blob: String, path: PathBuf },
    #[error("blob `{blob}` has {is} bytes, its descriptor says {said}")]
    SizeMismatch { blob: String, said: u64, is: u64 },
    #[error("blob `{blob}` has the digest {is}, but should have {said}")]
    DigestMismatch {
        blob: String,
        said: String,
        is: String,
    },
    #[error("layer `{blob}` has the diff id {is}, the configuration says {said}")]
    DiffIdMismatch {
        blob: String,
        said: String,
        is: String,
    },
    #[error("blob `{blob}` has a digest of an unknown kind: `{digest}`")]
    UnknownDigest { blob: String, digest: String },
    #[error("cannot decompress blob `{blob}`")]
    Decompress { blob: String, source: io::Error },
    #[error("invalid document `{}`", escape(blob))]
    Json { blob: String, source: JsonError },
    #[error("`{blob}` is neither an image nor an index: `{}`", escape(media_type))]
    UnknownDocument { blob: String, media_type: String },
    #[error("`{}` contradicts itself: {reason}", escape(blob))]
    Contradiction { blob: String, reason: String },
    #[error("`{blob}` exceeds the limit of {limit} {what}{}", raised(*flag))]
    Limit {
        blob: String,
        what: &'static str,
        limit: u64,
        flag: Option<&'static str>,
    },
    #[error("`{blob}` names {layers} layers, its configuration {diff_ids}")]
    LayerCount {
        blob: String,
        layers: usize,
        diff_ids: usize,
    },
    #[error("the image has {layers} layers, the limit is {limit}")]
    TooManyLayers { layers: usize, limit: usize },
    #[error(
        "layer `{blob}` is of a kind that cannot be read: `{}`",
        escape(media_type)
    )]
    UnknownLayer { blob: String, media_type: String },
    #[error(
        "layer `{blob}` is foreign: its content is elsewhere, at {}",
        escape(urls)
    )]
    ForeignLayer { blob: String, urls: String },
    #[error("`{}` holds several images, name one of {}", path.display(), listed(names))]
    Ambiguous { path: PathBuf, names: Vec<String> },
    #[error("`{}` has no image `{name}`, it has {}", path.display(), listed(names))]
    NoSuchImage {
        path: PathBuf,
        name: String,
        names: Vec<String>,
    },
    #[error("`{}` has no image for {wanted}, it has {}", path.display(), listed(platforms))]
    NoPlatform {
        path: PathBuf,
        wanted: String,
        platforms: Vec<String>,
    },
    #[error("`{blob}` is an index inside indexes, too deep")]
    IndexDepth { blob: String },
    #[error("`{}` is no regular file", path.escape_ascii())]
    NotAFile { path: Vec<u8> },
    #[error(transparent)]
    Transfer(#[from] TransferError),
}

impl ReadError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn blob(blob: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Blob {
            blob: blob.to_owned(),
            source,
        }
    }

    pub(super) fn json<E: Into<JsonError>>(blob: &str) -> impl FnOnce(E) -> Self {
        move |error| Self::Json {
            blob: blob.to_owned(),
            source: error.into(),
        }
    }
}

/// Why a document of an image is refused: it is no JSON, or readers of images would take it for
/// different things.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    #[error(transparent)]
    Syntax(#[from] serde_json::Error),
    #[error("key `{key}` is repeated")]
    Repeated { key: String },
    #[error("key `{key}` differs from `{known}` only in case")]
    Case { key: String, known: &'static str },
    #[error("key `{key}` does not belong in {document}: readers may disagree on what it is")]
    Foreign { key: String, document: &'static str },
    #[error("{} is {is}, not {expected}", named(key))]
    Type {
        key: String,
        is: &'static str,
        expected: &'static str,
    },
    #[error("{} is not a whole number in range", named(key))]
    Number { key: String },
    #[error("{} contains a NUL character", named(key))]
    Nul { key: String },
}

fn named(key: &str) -> String {
    if key.is_empty() {
        "the document".to_owned()
    } else {
        format!("`{key}`")
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none with a name".to_owned();
    }
    // An index of a few megabytes names tens of thousands.
    let mut shown: Vec<String> = names
        .iter()
        .take(LISTED)
        .map(|name| format!("`{}`", escape(name)))
        .collect();
    if names.len() > LISTED {
        shown.push(format!("and {} more", names.len() - LISTED));
    }
    shown.join(", ")
}

/// How many names an error shows.
const LISTED: usize = 20;

/// How a person raises a limit.
fn raised(flag: Option<&'static str>) -> String {
    flag.map(|flag| format!("; `{flag}` raises it"))
        .unwrap_or_default()
}

/// An entry of an archive that cannot be what it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry{} at byte {place}: {fault}", name.as_ref().map(|name| format!(" `{}`", name.escape_ascii())).unwrap_or_default())]
pub struct EntryError {
    /// As far as it was known.
    pub name: Option<Vec<u8>>,
    /// Where its header is in the uncompressed archive.
    pub place: u64,
    pub fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("it needs {needed} bytes, the archive has {left} left")]
    Truncated { needed: u64, left: u64 },
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("its checksum is wrong")]
    Checksum,
    #[error("one block of zeros is followed by something else")]
    LoneZeroBlock,
    #[error("its {0} is no number in range")]
    Number(&'static str),
    #[error("its {what} has {size} bytes, the limit is {limit}")]
    TooLong {
        what: &'static str,
        size: u64,
        limit: u64,
    },
    #[error("a PAX record is malformed")]
    PaxRecord,
    #[error("its {0} holds a zero byte")]
    ZeroByte(&'static str),
    #[error("an extension header has no entry after it")]
    Dangling,
    #[error("its type `{}` is unknown", .0.escape_ascii())]
    UnknownType(u8),
    #[error("its map of sparse pieces is malformed")]
    SparseMap,
    #[error("its name leaves the root directory")]
    LeavesRoot,
    #[error("it has no name")]
    NoName,
    #[error("the root directory must be a directory")]
    RootReplaced,
    #[error("it links to nothing")]
    EmptyLink,
    #[error("it is a whiteout of no file")]
    Whiteout,
    #[error("it is a hard link to `{}`, which does not exist", .0.escape_ascii())]
    LinkTargetMissing(Vec<u8>),
    #[error("it is a hard link to `{}`, a directory", .0.escape_ascii())]
    LinkToDirectory(Vec<u8>),
    #[error("its directory is reached through too many links")]
    TooManyLinks,
    #[error("there are more than {0} entries; `--max-entries` raises the limit")]
    TooManyEntries(usize),
    #[error("there are too many entries for a layer of {0} bytes; `--max-ratio` raises the limit")]
    TooManyForSize(u64),
    #[error("its name has more than {0} components; `--max-depth` raises the limit")]
    TooDeep(usize),
    #[error(
        "with its holes it has {size} bytes, more than is left of the limit of {limit}; `--max-size` raises it"
    )]
    TooLarge { size: u64, limit: u64 },
    #[error("names and extension headers have more than {0} bytes by now")]
    HeadersTooLong(u64),
}

/// Why an image could not be written. What was at the destination is as it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("cannot write `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` exists and is no OCI layout; it stays as it is", path.display())]
    Foreign { path: PathBuf },
    #[error("`{}` exists and is no regular file; it stays as it is", path.display())]
    NotAFile { path: PathBuf },
    #[error("cannot tell what to write to `{}`: say `docker-archive:`, `oci:`, `oci-archive:`, `rootfs:`, `docker-daemon:` or `docker://`", path.display())]
    UnknownKind { path: PathBuf },
    #[error("`{}` {reason}; it stays as it is", path.display())]
    Occupied { path: PathBuf, reason: &'static str },
    #[error("cannot {act} `{}` in `{}`{hint}", path.escape_ascii(), destination.display())]
    Entry {
        destination: PathBuf,
        path: Vec<u8>,
        act: String,
        hint: &'static str,
        source: io::Error,
    },
    #[error(
        "`{destination}` cannot hold images for several platforms: `oci:`, `oci-archive:` and `docker://` can"
    )]
    NoIndex { destination: String },
    #[error("the image cannot have two names: `{name}` where it goes, and `{tag}`")]
    TwoNames { name: String, tag: String },
    #[error("`{tag}` is no name for an image: {reason}")]
    Tag { tag: String, reason: &'static str },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
}

impl WriteError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
