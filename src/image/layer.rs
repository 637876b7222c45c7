//! A layer: what it is called, what it says of itself, and how it is read and checked.

use std::collections::HashMap;

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

/// A blob that was read.
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
    let (distinct, rows) = distinct(sources);
    progress.start(
        "reading layers",
        distinct.iter().map(|source| source.blob.size()).sum(),
    );
    let checks = Checks::start(sources);
    let read: Vec<_> = distinct
        .par_iter()
        .map(|source| read(source, limits, budget, progress))
        .collect();
    let budgets = (limits, budget);
    match lay(sources, &rows, read, config, budgets) {
        Ok((layers, materials, tree)) => Ok(Stack {
            layers,
            materials,
            tree,
            checks,
        }),
        Err(error) => {
            // If the digests are wrong, what is in the bytes does not matter.
            checks.finish()?;
            Err(error)
        }
    }
}

/// Lays layers over each other, the lowest first. `rows` has the row of each source in `read`.
fn lay(
    sources: &[Source],
    rows: &[usize],
    read: Vec<Result<Read, ReadError>>,
    config: &Config,
    (limits, budget): (&Limits, &Budget),
) -> Result<(Vec<Layer>, Vec<Material>, Tree), ReadError> {
    let mut read: Vec<Read> = read.into_iter().collect::<Result<_, _>>()?;
    let mut steps = config
        .history()
        .into_iter()
        .filter(|step| !step.empty_layer);
    let (mut layers, mut materials, mut tree) = (Vec::new(), Vec::new(), Tree::new());
    let is_distinct = read.len() == sources.len();
    let mut was_used = vec![false; read.len()];
    for (index, (source, &row)) in sources.iter().zip(rows).enumerate() {
        let read = &mut read[row];
        check_diff_id(source, &read.layer.diff_id)?;
        let entries = if is_distinct {
            std::mem::take(&mut read.entries)
        } else {
            // A blob may be the layer of an image thousands of times: each time counts.
            if std::mem::replace(&mut was_used[row], true) {
                spend_again(source, read, limits, budget)?;
            }
            read.entries.clone()
        };
        let media_type = media_type_of(source, read.layer.compression);
        let archive = read.archive.clone();
        let entry_error = |problem| ReadError::Entry {
            blob: source.name.clone(),
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
            media_type,
            ..read.layer.clone()
        });
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

/// The sources with different blobs, and for each source its row among them. Blobs with the same
/// name are one.
fn distinct(sources: &[Source]) -> (Vec<&Source>, Vec<usize>) {
    let mut distinct: Vec<&Source> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut rows = Vec::with_capacity(sources.len());
    for source in sources {
        let row = *known.entry(&source.name).or_insert_with(|| {
            distinct.push(source);
            distinct.len() - 1
        });
        rows.push(row);
    }
    (distinct, rows)
}

fn check_diff_id(source: &Source, diff_id: &str) -> Result<(), ReadError> {
    if diff_id == source.diff_id {
        return Ok(());
    }
    Err(ReadError::DiffIdMismatch {
        blob: source.name.clone(),
        said: source.diff_id.clone(),
        is: diff_id.to_owned(),
    })
}

/// Takes from the budget what a layer takes that is one more use of a blob.
fn spend_again(
    source: &Source,
    read: &Read,
    limits: &Limits,
    budget: &Budget,
) -> Result<(), ReadError> {
    if !budget.spend(read.archive.size()) {
        return Err(limits.exceeded_by_all(&source.name));
    }
    for entry in &read.entries {
        if let Some(fault) = spend_entry(entry, limits, budget) {
            return Err(entry_error(source, entry.clone(), fault));
        }
    }
    Ok(())
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
    check_diff_id(source, &diff_id)?;
    let layer = Layer {
        digest,
        diff_id,
        media_type: media_type_of(source, compression),
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
    let stored = source.blob.size();
    let usual = limits.entries_of(stored);
    let mut entries = Vec::new();
    for entry in Entries::new(archive, limits) {
        let entry = entry.map_err(|problem| ReadError::Entry {
            blob: source.name.clone(),
            problem,
        })?;
        let mut fault = spend_entry(&entry, limits, budget);
        // Headers without content compress so well that a small blob could fill the memory.
        if fault.is_none() && entries.len() as u64 >= usual && !budget.spend_excess_entry() {
            fault = Some(Fault::TooManyForSize(stored));
        }
        if let Some(fault) = fault {
            return Err(entry_error(source, entry, fault));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Takes from the budget what an entry takes; the limit that it exceeds, if it does.
fn spend_entry(entry: &Entry, limits: &Limits, budget: &Budget) -> Option<Fault> {
    if let Node::Inode(Kind::File(Content::Sparse { length, .. })) = &entry.node
        && !budget.spend(*length)
    {
        return Some(Fault::TooLarge {
            size: *length,
            limit: limits.uncompressed,
        });
    }
    if !budget.spend_entry() {
        return Some(Fault::TooManyEntries(limits.entries));
    }
    if !budget.spend_headers(entry.weight()) {
        return Some(Fault::HeadersTooLong(limits.headers));
    }
    None
}

fn entry_error(source: &Source, entry: Entry, fault: Fault) -> ReadError {
    ReadError::Entry {
        blob: source.name.clone(),
        problem: EntryError {
            name: Some(entry.name),
            place: entry.place,
            fault,
        },
    }
}

/// The media type that the image states, or Docker's.
fn media_type_of(source: &Source, compression: Compression) -> String {
    match &source.media_type {
        Some(media_type) => media_type.clone(),
        None => docker_media_type(compression).to_owned(),
    }
}

fn docker_media_type(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "application/vnd.docker.image.rootfs.diff.tar",
        Compression::Gzip => "application/vnd.docker.image.rootfs.diff.tar.gzip",
        Compression::Zstd => "application/vnd.docker.image.rootfs.diff.tar.zstd",
    }
}
