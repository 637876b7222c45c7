//! Layers: reading their blobs, checking their digests, and applying them to a tree.

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
use super::limits::{Budget, Limits, beyond};
use super::progress::{Progress, Silent};
use super::tree::{Content, Kind, Tree};

/// A layer of an image that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The digest of the stored blob.
    pub digest: String,
    /// The digest of the uncompressed archive.
    pub diff_id: String,
    pub media_type: String,
    pub compression: Compression,
    /// The size of the stored blob in bytes.
    pub stored_size: u64,
    /// The size of the uncompressed archive in bytes.
    pub size: u64,
    /// The history step that created it, if the configuration has one.
    pub history: Option<History>,
    /// Its changes to the layers below it.
    pub changes: Changes,
}

/// A layer as listed in its image.
#[derive(Debug)]
pub(super) struct Source {
    pub name: String,
    pub blob: Blob,
    /// The digest of the blob, if the image states it.
    pub digest: Option<Digest>,
    pub diff_id: String,
    /// The media type, if the image states it.
    pub media_type: Option<String>,
}

/// A layer's blob after reading and before it is applied.
struct Read {
    layer: Layer,
    archive: Blob,
    entries: Vec<Entry>,
}

/// The data of a layer, and facts that determine whether it can be copied.
#[derive(Clone, Debug)]
pub(super) struct Material {
    /// The stored blob.
    pub stored: Blob,
    /// Whether the image states the digest of the stored blob, so that others may have it too.
    pub has_digest: bool,
    /// The uncompressed archive.
    pub archive: Blob,
    /// It has an entry for the root directory.
    pub names_root: bool,
    /// Whether its meaning depends on the layers below it.
    pub needs_lower: bool,
}

/// The layers, the resulting tree, and the pending digest checks.
pub(super) struct Stack {
    pub layers: Vec<Layer>,
    pub materials: Vec<Material>,
    pub tree: Tree,
    pub checks: Checks,
}

/// Reads all layers in parallel and applies them on top of each other. The digest of an
/// uncompressed layer is checked in the background; that of a compressed one is checked here.
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
    // The checks start before the reading, so that both use the cores at the same time.
    let checks = Checks::start(sources);
    // Blobs are independent of each other; only their application is ordered.
    let read: Vec<_> = distinct
        .par_iter()
        .map(|source| read(source, limits, budget, progress))
        .collect();
    match stack(sources, &rows, read, config, (limits, budget)) {
        Ok((layers, materials, tree)) => Ok(Stack {
            layers,
            materials,
            tree,
            checks,
        }),
        Err(error) => {
            // A wrong digest is the better explanation: the data is not that of the image.
            checks.finish()?;
            Err(error)
        }
    }
}

/// Applies layers on top of each other, the lowest first. `rows` has the row of each source in
/// `read`.
fn stack(
    sources: &[Source],
    rows: &[usize],
    read: Vec<Result<Read, ReadError>>,
    config: &Config,
    (limits, budget): (&Limits, &Budget),
) -> Result<(Vec<Layer>, Vec<Material>, Tree), ReadError> {
    let mut read: Vec<Read> = read.into_iter().collect::<Result<_, _>>()?;
    // Steps that only changed the configuration have no layer; the others correspond to the layers
    // in order.
    let mut steps = config
        .history()
        .into_iter()
        .filter(|step| !step.empty_layer);
    let (mut layers, mut materials, mut tree) = (Vec::new(), Vec::new(), Tree::new());
    let is_distinct = read.len() == sources.len();
    let mut was_used = vec![false; read.len()];
    for (index, (source, &row)) in sources.iter().zip(rows).enumerate() {
        let read = &mut read[row];
        // A blob may be listed with different diff ids, only one of which can be correct.
        check_diff_id(source, &read.layer.diff_id)?;
        // The entries of a large image take a lot of memory, so they are only copied if a blob is
        // used more than once.
        let entries = if is_distinct {
            std::mem::take(&mut read.entries)
        } else {
            // A manifest may list one blob thousands of times, and each use takes memory again.
            if std::mem::replace(&mut was_used[row], true) {
                spend_again(source, read, limits, budget)?;
            }
            read.entries.clone()
        };
        let media_type = media_type_of(source, read.layer.compression);
        let archive = read.archive.clone();
        let Applied {
            changes,
            names_root,
            needs_lower,
        } = apply(&mut tree, index, entries, limits).map_err(|problem| ReadError::Entry {
            blob: source.name.clone(),
            problem,
        })?;
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
            needs_lower,
        });
    }
    Ok((layers, materials, tree))
}

/// The sources with distinct blobs, and for each source its index among them. Blobs with the same
/// name are the same blob.
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

/// Subtracts the cost of another use of a blob from the budget.
fn spend_again(
    source: &Source,
    read: &Read,
    limits: &Limits,
    budget: &Budget,
) -> Result<(), ReadError> {
    if !budget.spend(read.archive.size()) {
        return Err(limits.exceeded_by_all(&source.name));
    }
    // The bytes of the blob only count for the entries of its first use.
    let mut costs = Costs {
        stored: source.blob.stored_size(),
        limits,
        budget,
        entries: 0,
        headers: 0,
        holes: 0,
    };
    for entry in &read.entries {
        costs
            .add(entry)
            .map_err(|fault| entry_error(source, entry.clone(), fault))?;
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
    // A compressed layer is counted against the budget while it is decompressed.
    if compression == Compression::None && !budget.spend(source.blob.size()) {
        return Err(limits.exceeded_by_all(&source.name));
    }
    let (digest, archive, diff_id, entries) = if can_wait(source) {
        // The expected digest is used; the background check compares it with the real one.
        let entries = index(source, &source.blob, limits, budget);
        progress.advance(source.blob.size());
        let diff_id = source.diff_id.clone();
        (diff_id.clone(), source.blob.clone(), diff_id, entries)
    } else if compression == Compression::None {
        let (digest, entries) = rayon::join(
            || digest_of(source, progress),
            || index(source, &source.blob, limits, budget),
        );
        // The digest may be SHA-512 while the diff id is SHA-256, so it is computed separately.
        let diff_id = sha256_of(&source.name, &source.blob, &Silent)?;
        (digest?, source.blob.clone(), diff_id, entries)
    } else {
        let (digest, inflated) = rayon::join(
            || digest_of(source, progress),
            || inflate(&source.name, &source.blob, compression, limits, budget),
        );
        // A wrong digest takes precedence, because the content of a wrong blob does not matter.
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

/// The digest of a layer's blob, compared with the one that the image states.
fn digest_of(source: &Source, progress: &dyn Progress) -> Result<String, ReadError> {
    match &source.digest {
        Some(expected) => verify(&source.name, &source.blob, expected, progress),
        None => sha256_of(&source.name, &source.blob, progress),
    }
}

/// The entries of a layer, whose sparse files count with their holes.
fn index(
    source: &Source,
    archive: &Blob,
    limits: &Limits,
    budget: &Budget,
) -> Result<Vec<Entry>, ReadError> {
    let stored = source.blob.stored_size();
    let mut costs = Costs::new(stored, archive.size(), limits, budget);
    let mut entries = Vec::new();
    for entry in Entries::new(archive, limits) {
        let entry = entry.map_err(|problem| ReadError::Entry {
            blob: source.name.clone(),
            problem,
        })?;
        if let Err(fault) = costs.add(&entry) {
            return Err(entry_error(source, entry, fault));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// The cost of a layer's entries. Headers without content and holes compress so well that a small
/// blob could fill the memory or the disk, so what does not fit its size is taken from an excess
/// that all layers share.
struct Costs<'a> {
    /// Bytes of the blob as it is stored.
    stored: u64,
    limits: &'a Limits,
    budget: &'a Budget,
    /// Entries that still fit the size of the blob.
    entries: u64,
    /// Bytes of names and extension headers that still fit it.
    headers: u64,
    /// Bytes of holes that still fit it.
    holes: u64,
}

impl<'a> Costs<'a> {
    /// The costs of a blob of `stored` bytes that is an archive of `size` bytes.
    fn new(stored: u64, size: u64, limits: &'a Limits, budget: &'a Budget) -> Self {
        Self {
            stored,
            limits,
            budget,
            entries: limits.entries_of(stored),
            headers: limits.headers_of(stored),
            holes: limits.inflated(stored).saturating_sub(size),
        }
    }

    /// Takes the cost of an entry from the budget, or returns the limit that it exceeds.
    fn add(&mut self, entry: &Entry) -> Result<(), Fault> {
        if let Node::Inode(Kind::File(Content::Sparse { length, pieces })) = &entry.node {
            let stored: u64 = pieces.iter().map(|(_, _, bytes)| bytes).sum();
            self.add_holes(*length, stored)?;
        }
        if !self.budget.spend_entry() {
            return Err(Fault::TooManyEntries(self.limits.entries));
        }
        let excess = beyond(&mut self.entries, 1);
        if !self.budget.spend_excess_entries(excess) {
            return Err(Fault::TooManyForSize(self.stored));
        }
        let weight = entry.weight();
        if !self.budget.spend_headers(weight) {
            return Err(Fault::HeadersTooLong(self.limits.headers));
        }
        let excess = beyond(&mut self.headers, weight);
        if !self.budget.spend_excess_headers(excess) {
            return Err(Fault::HeadersTooLongForSize(self.stored));
        }
        Ok(())
    }

    /// Counts the holes of a file of `size` bytes, if `stored` of them are in the archive. Holes
    /// take no space there, but every program that reads the file would receive them.
    fn add_holes(&mut self, size: u64, stored: u64) -> Result<(), Fault> {
        if !self.budget.spend(size) {
            return Err(Fault::TooLarge {
                size,
                limit: self.limits.uncompressed,
            });
        }
        let excess = beyond(&mut self.holes, size.saturating_sub(stored));
        if !self.budget.spend_excess(excess) {
            return Err(Fault::TooLargeForSize {
                size,
                stored: self.stored,
            });
        }
        Ok(())
    }
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

/// The media type stated in the image, or Docker's media type for a docker archive, which states
/// none.
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
