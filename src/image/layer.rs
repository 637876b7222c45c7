//! A layer: what it is called, what it says of itself, and how it is read and checked.

use oci_spec::image::Digest;

use super::apply::apply;
use super::archive::{Entries, Entry, Node};
use super::blob::Blob;
use super::changes::Changes;
use super::config::{Config, History};
use super::digest::{sha256, verify};
use super::error::{EntryError, Fault, ReadError};
use super::inflate::{Compression, inflate};
use super::limits::{Budget, Limits};
use super::progress::Progress;
use super::tree::{Content, Kind, Tree};

/// One layer of an image as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Of the blob as it is stored.
    pub digest: String,
    /// Of the uncompressed archive.
    pub diff_id: String,
    pub media_type: String,
    pub compression: Compression,
    /// Bytes of the blob as it is stored.
    pub stored_size: u64,
    /// Bytes of the uncompressed archive.
    pub size: u64,
    /// The step that made it, where the configuration tells.
    pub history: Option<History>,
    /// What it did to the layers below it.
    pub changes: Changes,
}

/// A layer as its image names it.
#[derive(Debug)]
pub(super) struct Source {
    pub name: String,
    pub blob: Blob,
    /// Where the image says it.
    pub digest: Option<Digest>,
    pub diff_id: String,
    /// Where the image says it.
    pub media_type: Option<String>,
}

struct Read {
    layer: Layer,
    archive: Blob,
    entries: Vec<Entry>,
}

/// Reads and checks all layers at once and lays them over each other. Gives the uncompressed archives too.
pub(super) fn read_all(
    sources: &[Source],
    config: &Config,
    limits: &Limits,
    budget: &Budget,
    progress: &dyn Progress,
) -> Result<(Vec<Layer>, Vec<Blob>, Tree), ReadError> {
    use rayon::prelude::*;

    if sources.len() > limits.layers {
        return Err(ReadError::TooManyLayers { layers: sources.len(), limit: limits.layers });
    }
    progress.start("reading layers", sources.iter().map(|source| source.blob.size()).sum());
    let read: Vec<_> = sources.par_iter().map(|source| read(source, limits, budget, progress)).collect();
    let mut steps = config.history().into_iter().filter(|step| !step.empty_layer);
    let (mut layers, mut archives, mut tree) = (Vec::new(), Vec::new(), Tree::new());
    for (index, read) in read.into_iter().enumerate() {
        let Read { layer, archive, entries } = read?;
        let entry_error = |problem| ReadError::Entry { blob: sources[index].name.clone(), problem };
        let changes = apply(&mut tree, index, entries, limits).map_err(entry_error)?;
        layers.push(Layer { history: steps.next(), changes, ..layer });
        archives.push(archive);
    }
    Ok((layers, archives, tree))
}

fn read(source: &Source, limits: &Limits, budget: &Budget, progress: &dyn Progress) -> Result<Read, ReadError> {
    let compression = Compression::of(&source.blob);
    let digest = || match &source.digest {
        Some(said) => verify(&source.name, &source.blob, said, progress),
        None => Ok(sha256(&source.blob, progress)),
    };
    let (digest, archive, diff_id, entries) = if compression == Compression::None {
        if !budget.spend(source.blob.size()) {
            let (blob, limit) = (source.name.clone(), limits.uncompressed);
            return Err(ReadError::Limit { blob, what: "uncompressed bytes of all layers", limit });
        }
        let (digest, entries) = rayon::join(digest, || index(source, &source.blob, limits, budget));
        let digest = digest?;
        let is_sha256 = digest.starts_with("sha256:");
        let diff_id = if is_sha256 { digest.clone() } else { sha256(&source.blob, &super::progress::Silent) };
        (digest, source.blob.clone(), diff_id, entries)
    } else {
        let inflated = || inflate(&source.name, &source.blob, compression, limits, budget);
        let (digest, inflated) = rayon::join(digest, inflated);
        // A blob that is not the one meant needs no further word on what is in it.
        let digest = digest?;
        let (archive, diff_id) = inflated?;
        let entries = index(source, &archive, limits, budget);
        (digest, archive, diff_id, entries)
    };
    if diff_id != source.diff_id {
        let (blob, said) = (source.name.clone(), source.diff_id.clone());
        return Err(ReadError::DiffIdMismatch { blob, said, is: diff_id });
    }
    let layer = Layer {
        digest,
        diff_id,
        media_type: source.media_type.clone().unwrap_or_else(|| docker_media_type(compression).to_owned()),
        compression,
        stored_size: source.blob.size(),
        size: archive.size(),
        history: None,
        changes: Changes::default(),
    };
    Ok(Read { layer, archive, entries: entries? })
}

/// The entries of a layer, whose sparse files count with their holes.
fn index(source: &Source, archive: &Blob, limits: &Limits, budget: &Budget) -> Result<Vec<Entry>, ReadError> {
    let entry_error = |problem| ReadError::Entry { blob: source.name.clone(), problem };
    let mut entries = Vec::new();
    for entry in Entries::new(archive, limits) {
        let entry = entry.map_err(entry_error)?;
        let fault = match &entry.node {
            Node::Inode(Kind::File(Content::Sparse { length, .. })) if !budget.spend(*length) => {
                Some(Fault::TooLong { what: "sparse file", size: *length, limit: limits.uncompressed })
            }
            _ if entries.len() >= limits.entries => Some(Fault::TooManyEntries(limits.entries)),
            _ if !budget.spend_headers(entry.weight()) => Some(Fault::HeadersTooLong(limits.headers)),
            _ => None,
        };
        if let Some(fault) = fault {
            return Err(entry_error(EntryError { name: Some(entry.name), place: entry.place, fault }));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn docker_media_type(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "application/vnd.docker.image.rootfs.diff.tar",
        Compression::Gzip => "application/vnd.docker.image.rootfs.diff.tar.gzip",
        Compression::Zstd => "application/vnd.docker.image.rootfs.diff.tar.zstd",
    }
}
