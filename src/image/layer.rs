//! A layer: what it is called, what it says of itself, and how it is read and checked.

use oci_spec::image::Digest;

use super::apply::{Applied, apply};
use super::archive::{Entries, Entry, Node};
use super::blob::Blob;
use super::changes::Changes;
use super::checks::{Checks, can_wait};
use super::config::{Config, History};
use super::digest::{sha256_of, verify};
use super::error::{EntryError, Fault, ReadError};
use super::inflate::{Compression, inflate};
use super::limits::{Budget, Limits};
use super::progress::{Progress, Silent};
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

/// The bytes of a layer, and what it did.
#[derive(Clone, Debug)]
pub(super) struct Material {
    /// As it is stored.
    pub stored: Blob,
    /// The digest of that is known to others too.
    pub has_digest: bool,
    /// Uncompressed.
    pub archive: Blob,
    /// It has an entry for the root directory.
    pub names_root: bool,
    /// It is what it is only above the layers below it.
    pub leans: bool,
}

/// Layers, the tree they make, and the digests that are still to be checked.
pub(super) struct Stack {
    pub layers: Vec<Layer>,
    pub materials: Vec<Material>,
    pub tree: Tree,
    pub checks: Checks,
}

/// Reads all layers at once and lays them over each other. The digest of an uncompressed layer is
/// checked in the background, from now on; that of a compressed one is checked here.
pub(super) fn read_all(
    sources: &[Source],
    config: &Config,
    limits: &Limits,
    budget: &Budget,
    progress: &dyn Progress,
) -> Result<Stack, ReadError> {
    use rayon::prelude::*;

    if sources.len() > limits.layers {
        return Err(ReadError::TooManyLayers {
            layers: sources.len(),
            limit: limits.layers,
        });
    }
    progress.start(
        "reading layers",
        sources.iter().map(|source| source.blob.size()).sum(),
    );
    let checks = Checks::start(sources);
    let read: Vec<_> = sources
        .par_iter()
        .map(|source| read(source, limits, budget, progress))
        .collect();
    match lay(sources, read, config, limits) {
        Ok((layers, materials, tree)) => Ok(Stack {
            layers,
            materials,
            tree,
            checks,
        }),
        Err(error) => {
            // Bytes that are not the ones meant need no further word on what is in them.
            checks.finish()?;
            Err(error)
        }
    }
}

/// Lays layers over each other, the lowest first.
fn lay(
    sources: &[Source],
    read: Vec<Result<Read, ReadError>>,
    config: &Config,
    limits: &Limits,
) -> Result<(Vec<Layer>, Vec<Material>, Tree), ReadError> {
    let mut steps = config
        .history()
        .into_iter()
        .filter(|step| !step.empty_layer);
    let (mut layers, mut materials, mut tree) = (Vec::new(), Vec::new(), Tree::new());
    for (index, read) in read.into_iter().enumerate() {
        let Read {
            layer,
            archive,
            entries,
        } = read?;
        let entry_error = |problem| ReadError::Entry {
            blob: sources[index].name.clone(),
            problem,
        };
        let Applied {
            changes,
            names_root,
            leans,
        } = apply(&mut tree, index, entries, limits).map_err(entry_error)?;
        layers.push(Layer {
            history: steps.next(),
            changes,
            ..layer
        });
        let source = &sources[index];
        let (stored, has_digest) = (source.blob.clone(), source.digest.is_some());
        materials.push(Material {
            stored,
            has_digest,
            archive,
            names_root,
            leans,
        });
    }
    Ok((layers, materials, tree))
}

fn read(
    source: &Source,
    limits: &Limits,
    budget: &Budget,
    progress: &dyn Progress,
) -> Result<Read, ReadError> {
    let compression = Compression::of(&source.blob.head().map_err(ReadError::blob(&source.name))?);
    let digest = || match &source.digest {
        Some(said) => verify(&source.name, &source.blob, said, progress),
        None => sha256_of(&source.name, &source.blob, progress),
    };
    if compression == Compression::None && !budget.spend(source.blob.size()) {
        return Err(limits.exceeded_by_all(&source.name));
    }
    let (digest, archive, diff_id, entries) = if can_wait(source) {
        let entries = index(source, &source.blob, limits, budget);
        progress.advance(source.blob.size());
        let diff_id = source.diff_id.clone();
        (diff_id.clone(), source.blob.clone(), diff_id, entries)
    } else if compression == Compression::None {
        let (digest, entries) = rayon::join(digest, || index(source, &source.blob, limits, budget));
        // The diff id is of one kind, the digest may be of another.
        let diff_id = sha256_of(&source.name, &source.blob, &Silent)?;
        (digest?, source.blob.clone(), diff_id, entries)
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
        return Err(ReadError::DiffIdMismatch {
            blob,
            said,
            is: diff_id,
        });
    }
    let layer = Layer {
        digest,
        diff_id,
        media_type: source
            .media_type
            .clone()
            .unwrap_or_else(|| docker_media_type(compression).to_owned()),
        compression,
        stored_size: source.blob.size(),
        size: archive.size(),
        history: None,
        changes: Changes::default(),
    };
    Ok(Read {
        layer,
        archive,
        entries: entries?,
    })
}

/// The entries of a layer, whose sparse files count with their holes.
fn index(
    source: &Source,
    archive: &Blob,
    limits: &Limits,
    budget: &Budget,
) -> Result<Vec<Entry>, ReadError> {
    let entry_error = |problem| ReadError::Entry {
        blob: source.name.clone(),
        problem,
    };
    let mut entries = Vec::new();
    for entry in Entries::new(archive, limits) {
        let entry = entry.map_err(entry_error)?;
        let fault = match &entry.node {
            Node::Inode(Kind::File(Content::Sparse { length, .. })) if !budget.spend(*length) => {
                Some(Fault::TooLarge {
                    size: *length,
                    limit: limits.uncompressed,
                })
            }
            _ if entries.len() >= limits.entries => Some(Fault::TooManyEntries(limits.entries)),
            _ if !budget.spend_headers(entry.weight()) => {
                Some(Fault::HeadersTooLong(limits.headers))
            }
            _ => None,
        };
        if let Some(fault) = fault {
            return Err(entry_error(EntryError {
                name: Some(entry.name),
                place: entry.place,
                fault,
            }));
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
