//! Errors that occur when images are read and written; each names the blob, the entry and the
//! reason.

use std::io;
use std::path::{Path, PathBuf};

use super::name::NameError;
use super::transport::TransferError;
use crate::printable::escape;

/// An error that occurs when an image is read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("cannot read `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("cannot read blob `{blob}`")]
    Blob { blob: String, source: io::Error },
    #[error("cannot spool blob `{blob}` into a temporary file")]
    Spool { blob: String, source: io::Error },
    #[error("`{}` is not an image: {reason}", path.display())]
    NotAnImage { path: PathBuf, reason: &'static str },
    #[error("blob `{blob}`: {problem}")]
    Entry { blob: String, problem: EntryError },
    #[error("blob `{blob}` is missing, but `{by}` refers to it")]
    MissingBlob { blob: String, by: String },
    #[error("blob `{blob}` is reached through too many links")]
    BlobLinks { blob: String },
    #[error("`{}` has members named `{}` with different contents", path.display(), escape(blob))]
    RepeatedMember { blob: String, path: PathBuf },
    #[error("member `{}` in `{}` is a link", escape(blob), path.display())]
    LinkedMember { blob: String, path: PathBuf },
    #[error("blob `{blob}` has {is} bytes, but its descriptor says {said}")]
    SizeMismatch { blob: String, said: u64, is: u64 },
    #[error("blob `{blob}` has the digest {is}, expected {said}")]
    DigestMismatch {
        blob: String,
        said: String,
        is: String,
    },
    #[error("layer `{blob}` has the diff ID {is}, but the configuration says {said}")]
    DiffIdMismatch {
        blob: String,
        said: String,
        is: String,
    },
    #[error("blob `{blob}` has an unsupported digest: `{digest}`")]
    UnknownDigest { blob: String, digest: String },
    #[error("cannot decompress blob `{blob}`")]
    Decompress { blob: String, source: io::Error },
    #[error("invalid document `{}`", escape(blob))]
    Json { blob: String, source: JsonError },
    #[error("`{blob}` is neither an image nor an index: `{}`", escape(media_type))]
    UnknownDocument { blob: String, media_type: String },
    #[error("`{}` is inconsistent: {reason}", escape(blob))]
    Contradiction { blob: String, reason: String },
    #[error("`{blob}` exceeds the limit of {limit} {what}{}", raised(*flag))]
    Limit {
        blob: String,
        what: &'static str,
        limit: u64,
        flag: Option<&'static str>,
    },
    #[error("`{blob}` lists {layers} layers, but its configuration lists {diff_ids}")]
    LayerCount {
        blob: String,
        layers: usize,
        diff_ids: usize,
    },
    #[error("the image has {layers} layers; the limit is {limit}")]
    TooManyLayers { layers: usize, limit: usize },
    #[error(
        "layer `{blob}` has an unsupported media type: `{}`",
        escape(media_type)
    )]
    UnknownLayer { blob: String, media_type: String },
    #[error(
        "foreign layer `{blob}` is not part of the image; it is stored at {}",
        escape(urls)
    )]
    ForeignLayer { blob: String, urls: String },
    #[error("`{}` contains several images; specify one of {}", path.display(), listed(names))]
    Ambiguous { path: PathBuf, names: Vec<String> },
    #[error("`{}` has no image `{name}`; it has {}", path.display(), listed(names))]
    NoSuchImage {
        path: PathBuf,
        name: String,
        names: Vec<String>,
    },
    #[error("`{}` has no image for {wanted}; it has {}", path.display(), listed(platforms))]
    NoPlatform {
        path: PathBuf,
        wanted: String,
        platforms: Vec<String>,
    },
    #[error("index `{blob}` is nested too deeply")]
    IndexDepth { blob: String },
    #[error("`{}` is not a regular file", path.escape_ascii())]
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

    pub(super) fn spool(blob: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Spool {
            blob: blob.to_owned(),
            source,
        }
    }

    pub(super) fn decompress(blob: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Decompress {
            blob: blob.to_owned(),
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

/// The reason why a document of an image is refused: it is not JSON, or readers of images would
/// understand it differently.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    #[error(transparent)]
    Syntax(#[from] serde_json::Error),
    #[error("key `{key}` is repeated")]
    Repeated { key: String },
    #[error("key `{key}` differs from `{known}` only in case")]
    Case { key: String, known: &'static str },
    #[error("key `{key}` does not belong in {document}: readers may disagree on the document type")]
    Foreign { key: String, document: &'static str },
    #[error("{} is {is}, not {expected}", named(key))]
    Type {
        key: String,
        is: &'static str,
        expected: &'static str,
    },
    #[error("{} is not a whole number or is out of range", named(key))]
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
        return "no named images".to_owned();
    }
    // An index of a few megabytes has tens of thousands of names, any of which may have control
    // characters.
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

/// Maximum number of names that an error lists.
const LISTED: usize = 20;

/// The hint that names the option which raises a limit.
fn raised(flag: Option<&'static str>) -> String {
    match flag {
        Some(flag) => format!("; `{flag}` raises it"),
        // A fixed limit: real images do not come close to it, so there is no option for it.
        None => String::new(),
    }
}

/// The name of an entry, to follow the word `entry` in an error; empty if it is unknown.
fn quoted(name: Option<&[u8]>) -> String {
    match name {
        Some(name) => format!(" `{}`", name.escape_ascii()),
        // The name could not be read from the header; only the offset locates the entry.
        None => String::new(),
    }
}

/// An entry of an archive that is malformed or that readers understand differently.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry{} at byte {place}: {fault}", quoted(name.as_deref()))]
pub struct EntryError {
    /// The name, if it could be read from the header.
    pub name: Option<Vec<u8>>,
    /// The offset of its first header in the uncompressed archive.
    pub place: u64,
    pub fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("it needs {needed} bytes, but the archive has {left} left")]
    Truncated { needed: u64, left: u64 },
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("its checksum is wrong")]
    Checksum,
    #[error("a single block of zeros is followed by other data")]
    LoneZeroBlock,
    #[error("its {0} is not a number or is out of range")]
    Number(&'static str),
    #[error("its {what} has {size} bytes, more than the limit of {limit}")]
    TooLong {
        what: &'static str,
        size: u64,
        limit: u64,
    },
    #[error("a PAX record is malformed")]
    PaxRecord,
    #[error("its {0} contains a NUL byte")]
    ZeroByte(&'static str),
    #[error("it has more than {0} extended attributes")]
    TooManyAttributes(usize),
    #[error("an extension header is not followed by an entry")]
    Dangling,
    #[error("the PAX record `{}` is repeated with a different value", escape(.0))]
    RepeatedRecord(String),
    #[error("a global PAX header contains the record `{}`", escape(.0))]
    GlobalRecord(String),
    #[error("a global PAX header is between an extension header and its entry")]
    GlobalHeaderBetween,
    #[error("it has several extension headers of the same kind")]
    SeveralExtensions,
    #[error("its extension headers give different names or link targets")]
    SeveralNames,
    #[error("its size is {record} in a PAX record and {header} in its header")]
    Sizes { record: u64, header: u64 },
    #[error("it is a file, but its name ends in `/`")]
    FileWithSlash,
    #[error("readers disagree on its name prefix")]
    Prefix,
    #[error("its type `{}` is unknown", .0.escape_ascii())]
    UnknownType(u8),
    #[error("its sparse map is malformed")]
    SparseMap,
    #[error("its name points outside the root directory")]
    LeavesRoot,
    #[error("it has no name")]
    NoName,
    #[error("the root directory must be a directory")]
    RootReplaced,
    #[error("its link target is empty")]
    EmptyLink,
    #[error("it is a whiteout without a file name")]
    Whiteout,
    #[error("it is a whiteout of an entry in its own layer, which readers treat differently")]
    OwnWhiteout,
    #[error("it replaces an entry in its own layer, which readers treat differently")]
    Duplicate,
    #[error("its layer creates `{}` again, which readers treat differently", .0.escape_ascii())]
    Recreated(Vec<u8>),
    #[error("it makes the root directory opaque, which readers treat differently")]
    OpaqueRoot,
    #[error("it makes a directory behind a symlink opaque, which readers treat differently")]
    OpaqueLinked,
    #[error(
        "it makes a directory opaque after entries behind a symlink or in a directory without an \
         entry, which readers treat differently"
    )]
    OpaqueLate,
    #[error("a directory in its path is named like a whiteout")]
    WhiteoutDirectory,
    #[error("its parent `{}` is not a directory", .0.escape_ascii())]
    ParentNotADirectory(Vec<u8>),
    #[error("it is the device 0:0, which overlayfs treats as a whiteout")]
    OverlayDevice,
    #[error("its attribute `{}` has a special meaning to overlayfs", escape(.0))]
    OverlayAttribute(String),
    #[error("it is a hard link to `{}`, which does not exist", .0.escape_ascii())]
    LinkTargetMissing(Vec<u8>),
    #[error("it is a hard link to `{}`, a directory", .0.escape_ascii())]
    LinkToDirectory(Vec<u8>),
    #[error("it is a hard link to itself")]
    LinkToItself,
    #[error("it is a hard link whose {0} from the target's, which readers treat differently")]
    LinkHeader(&'static str),
    #[error("its path leads through too many symlinks, or their targets are too long")]
    TooManyLinks,
    #[error("there are more than {0} entries; `--max-entries` raises the limit")]
    TooManyEntries(usize),
    #[error("there are too many entries for a layer of {0} bytes; `--max-ratio` raises the limit")]
    TooManyForSize(u64),
    #[error("its name has more than {0} components; `--max-depth` raises the limit")]
    TooDeep(usize),
    #[error(
        "its {size} bytes, holes included, exceed the limit of {limit}; `--max-size` raises it"
    )]
    TooLarge { size: u64, limit: u64 },
    #[error(
        "its {size} bytes, holes included, are too many for a layer of {stored} bytes; \
         `--max-ratio` raises the limit"
    )]
    TooLargeForSize { size: u64, stored: u64 },
    #[error("names and extension headers exceed {0} bytes in total")]
    HeadersTooLong(u64),
    #[error(
        "names and extension headers are too long for a layer of {0} bytes; `--max-ratio` raises \
         the limit"
    )]
    HeadersTooLongForSize(u64),
}

/// An error that occurs when an image is written. The destination is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("cannot write `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` exists and is not an OCI layout; it was left unchanged", path.display())]
    Foreign { path: PathBuf },
    #[error("`{}` exists and is not a regular file; it was left unchanged", path.display())]
    NotAFile { path: PathBuf },
    #[error(
        "unknown output format for `{}`: prefix it with `docker-archive:`, `oci:`, `oci-archive:`, \
         `rootfs:`, `docker-daemon:` or `docker://`",
        path.display()
    )]
    UnknownKind { path: PathBuf },
    #[error("`{}` {reason}; it was left unchanged", path.display())]
    Occupied { path: PathBuf, reason: &'static str },
    #[error("cannot {act} `{}` in `{}`{hint}", path.escape_ascii(), destination.display())]
    Entry {
        destination: PathBuf,
        path: Vec<u8>,
        act: String,
        hint: &'static str,
        source: io::Error,
    },
    #[error("`{}` cannot be written to a layer: it is named like a whiteout", path.escape_ascii())]
    Whiteout { path: Vec<u8> },
    #[error(
        "`{destination}` cannot hold an image index: use `oci:`, `oci-archive:` or `docker://`"
    )]
    NoIndex { destination: String },
    #[error(
        "the rest could not restore the time of `{}`, which is later than `SOURCE_DATE_EPOCH`: \
         unset the variable",
        path.escape_ascii()
    )]
    LoweredTime { path: Vec<u8> },
    #[error("`{destination}` cannot hold several images: use `oci:` or `oci-archive:`")]
    NoSeveral { destination: String },
    #[error("{images} images are too many to share layers; the limit is {limit}")]
    TooManyImages { images: usize, limit: usize },
    #[error("the files of the image changed while it was being written")]
    Changed,
    #[error("conflicting image names: `{name}` in the destination and `{tag}` from `--tag`")]
    TwoNames { name: String, tag: String },
    #[error(transparent)]
    Name(#[from] NameError),
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
