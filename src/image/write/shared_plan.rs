//! The division of several images into layers that they share.
//!
//! Files that are the same in several images, with the same path, header, content and hard links,
//! are grouped by the set of images that have them. Each set that is worth it becomes a layer; all
//! other files are in the top layer of their own image. Nothing has to be hidden, because a layer
//! only contains files of the images that use it.
//!
//! Directories are different: the time of `/usr/lib` depends on everything that was ever installed
//! there. A shared layer has the headers of the first image, and images in which a directory has
//! another header repeat it in their own layer, which is the last to be applied.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::super::error::WriteError;
use super::super::progress::Progress;
use super::super::tree::{Header, NameId};
use super::super::{Image, StreamError};
use super::layer::LayerWriter;
use super::layer_plan::{PlannedLayer, divided, has_usual_root};
use super::shared::SharedImage;

/// The number of images that can share layers: a set of them is a number with a bit for each.
pub(super) const MAX_IMAGES: usize = 64;

/// Limits on the layers that are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// Maximum number of layers of an image, including its own. Each costs a request when the image
    /// is pulled, and overlayfs looks for files in all of them.
    pub layers: usize,
    /// Bytes that a shared layer must save.
    pub least: u64,
}

impl Default for Sharing {
    fn default() -> Self {
        Self {
            layers: 10,
            least: 64 << 10,
        }
    }
}

/// A set of images: bit `n` stands for the image in row `n`.
pub(super) type Images = u64;

/// Whether an image is in a set.
pub(super) fn has(images: Images, row: usize) -> bool {
    images >> row & 1 == 1
}

/// The images in a set.
fn rows(images: Images) -> impl Iterator<Item = usize> {
    (0..MAX_IMAGES).filter(move |&row| has(images, row))
}

/// A layer that several images share.
#[derive(Debug)]
pub(super) struct SharedLayer {
    pub images: Images,
    /// Names in the first of the images.
    pub plan: PlannedLayer,
}

impl SharedLayer {
    /// The row of the image that the layer is written from.
    pub(super) fn first(&self) -> usize {
        self.images.trailing_zeros() as usize
    }
}

/// The layers of several images, the lowest first.
#[derive(Debug)]
pub(super) struct SharedPlan {
    pub shared: Vec<SharedLayer>,
    /// The top layer of each image; `None` if everything is in shared layers.
    pub own: Vec<Option<PlannedLayer>>,
}

/// Divides images into layers.
pub(super) fn plan(
    images: &[SharedImage<'_>],
    sharing: Sharing,
    youngest: Option<i64>,
    progress: &dyn Progress,
) -> Result<SharedPlan, WriteError> {
    let files = compared(images, youngest, progress)?;
    let sets = Sets::of(&files);
    let chosen = chosen(&sets.bytes, sharing);
    let mut divisions = Vec::new();
    for (row, image) in images.iter().enumerate() {
        let homes = homes(&files[row], row, &sets, &chosen, image.image);
        divisions.push(divided(
            image.image,
            image.selection,
            &homes,
            chosen.len() + 1,
        ));
    }
    let mut shared = Vec::new();
    for (layer, &images) in chosen.iter().enumerate() {
        let first = images.trailing_zeros() as usize;
        let plan = divisions[first][layer].clone();
        shared.push(SharedLayer { images, plan });
    }
    let mut own = Vec::new();
    for (row, division) in divisions.into_iter().enumerate() {
        own.push(own_layer(images, row, division, &shared));
    }
    Ok(SharedPlan { shared, own })
}

/// The images that have each file, and the size of the files of each set of images.
struct Sets {
    of_file: HashMap<Key, Images>,
    bytes: BTreeMap<Images, u64>,
}

impl Sets {
    fn of(files: &[Vec<File>]) -> Self {
        let mut of_file: HashMap<Key, Images> = HashMap::new();
        for (row, files) in files.iter().enumerate() {
            for file in files {
                *of_file.entry(file.key).or_default() |= 1 << row;
            }
        }
        let mut bytes: BTreeMap<Images, u64> = BTreeMap::new();
        for (row, files) in files.iter().enumerate() {
            for file in files {
                let set = of_file[&file.key];
                // A file counts once for its set, in the first image that has it.
                if set.trailing_zeros() as usize == row {
                    *bytes.entry(set).or_default() += file.size;
                }
            }
        }
        Self { of_file, bytes }
    }
}

/// The layer of each inode of an image. Whatever is not in one of the chosen layers is in the
/// image's own, the last one.
fn homes(files: &[File], row: usize, sets: &Sets, chosen: &[Images], image: &Image) -> Vec<usize> {
    let mut of_set: HashMap<Images, Option<usize>> = HashMap::new();
    let mut homes = vec![chosen.len(); image.tree.inode_count()];
    for file in files {
        let set = sets.of_file[&file.key];
        let home = of_set.entry(set).or_insert_with(|| {
            let mut layers = layers_of_set(set, chosen).into_iter();
            layers.find(|&layer| has(chosen[layer], row))
        });
        homes[file.inode] = home.unwrap_or(chosen.len());
    }
    homes
}

type Key = [u8; 32];

/// A file with all of its selected names.
struct File {
    /// The row of its inode.
    inode: usize,
    names: Vec<NameId>,
    /// A hash of its entries and, if another image may have the same file, of its content.
    key: Key,
    /// Bytes of its entries in an archive.
    size: u64,
}

/// The files of each image that are not directories.
fn compared(
    images: &[SharedImage<'_>],
    youngest: Option<i64>,
    progress: &dyn Progress,
) -> Result<Vec<Vec<File>>, WriteError> {
    let mut all = Vec::new();
    let mut seen: HashMap<Key, Images> = HashMap::new();
    for (row, image) in images.iter().enumerate() {
        let files = files(image, youngest, progress);
        for file in &files {
            *seen.entry(file.key).or_default() |= 1 << row;
        }
        all.push(files);
    }
    // The content only matters if the entries are the same.
    let is_candidate = |file: &File| seen[&file.key].count_ones() > 1;
    let candidates = all.iter().flatten().filter(|file| is_candidate(file));
    progress.start("comparing files", candidates.map(|file| file.size).sum());
    for (image, files) in images.iter().zip(&mut all) {
        files
            .par_iter_mut()
            .filter(|file| is_candidate(file))
            .try_for_each(|file| add_content(file, image.image, progress))?;
    }
    Ok(all)
}

/// The files of one image, in the order of the tree, each with a hash of its entries.
fn files(image: &SharedImage<'_>, youngest: Option<i64>, progress: &dyn Progress) -> Vec<File> {
    let tree = &image.image.tree;
    let mut files: Vec<File> = Vec::new();
    let mut rows: HashMap<usize, usize> = HashMap::new();
    for name in tree.walk().filter(|&name| image.selection.contains(name)) {
        if tree.is_directory(name) {
            continue;
        }
        let inode = tree.inode_id(name).index();
        let row = *rows.entry(inode).or_insert(files.len());
        if row == files.len() {
            files.push(File {
                inode,
                names: Vec::new(),
                key: Key::default(),
                size: 0,
            });
        }
        files[row].names.push(name);
    }
    let writer = LayerWriter {
        image: image.image,
        path: Path::new(""),
        youngest,
        progress,
    };
    for file in &mut files {
        let (mut hasher, mut written) = (Sha256::new(), HashMap::new());
        for &name in &file.names {
            let (blocks, content) = writer.head(name, &mut written);
            hasher.update(&blocks);
            let content = content.map_or(0, |content| content.length().next_multiple_of(512));
            file.size += blocks.len() as u64 + content;
        }
        file.key = hasher.finalize().into();
    }
    files
}

/// Adds the content of a file to its key.
fn add_content(file: &mut File, image: &Image, progress: &dyn Progress) -> Result<(), WriteError> {
    let mut hasher = Sha256::new_with_prefix(file.key);
    let streamed = image.stream(file.names[0], &mut |piece| {
        hasher.update(piece);
        progress.advance(piece.len() as u64);
        Ok(())
    });
    match streamed {
        Ok(()) => file.key = hasher.finalize().into(),
        Err(StreamError::Source(error)) => return Err(error.into()),
        Err(StreamError::Sink(_)) => unreachable!("a hash takes all bytes"),
    }
    Ok(())
}

/// The sets of images that get a layer, in the order of the layers.
fn chosen(bytes: &BTreeMap<Images, u64>, sharing: Sharing) -> Vec<Images> {
    let mut ranked = Vec::new();
    for (&set, &size) in bytes {
        let saved = size.saturating_mul(u64::from(set.count_ones()) - 1);
        if set.count_ones() > 1 && saved >= sharing.least {
            ranked.push((Reverse(saved), set));
        }
    }
    ranked.sort_unstable();
    let mut chosen = Vec::new();
    // One layer of each image is its own.
    let mut layers = [1; MAX_IMAGES];
    for (_, set) in ranked {
        if rows(set).any(|row| layers[row] >= sharing.layers) {
            continue;
        }
        rows(set).for_each(|row| layers[row] += 1);
        chosen.push(set);
    }
    // Engines share a layer on disk only if all layers below it are the same too, so the layers of
    // the most images are the lowest.
    chosen.sort_unstable_by_key(|set| (Reverse(set.count_ones()), *set));
    chosen
}

/// The layers, at most one for each image, that contain the files of a set. If the set has no layer
/// of its own, parts of it may have one.
fn layers_of_set(set: Images, chosen: &[Images]) -> Vec<usize> {
    if let Some(layer) = chosen.iter().position(|&other| other == set) {
        return vec![layer];
    }
    let mut layers = Vec::new();
    let mut left = set;
    for (layer, &part) in chosen.iter().enumerate() {
        if part & left == part {
            layers.push(layer);
            left ^= part;
        }
    }
    layers
}

/// The layer of one image: the files that it shares with no other, and the directories whose
/// headers differ from those in the shared layers.
fn own_layer(
    images: &[SharedImage<'_>],
    row: usize,
    mut division: Vec<PlannedLayer>,
    shared: &[SharedLayer],
) -> Option<PlannedLayer> {
    let SharedImage {
        image, selection, ..
    } = images[row];
    let tree = &image.tree;
    let mut own = division.pop()?;
    // The header that each directory has after the shared layers.
    let mut given: Vec<Option<&Header>> = vec![None; tree.name_count()];
    for (layer, plan) in shared.iter().zip(&division) {
        if !has(layer.images, row) {
            continue;
        }
        // The paths are the same in all images, and so is their order.
        let first = &images[layer.first()].image.tree;
        for (name, theirs) in plan.names.iter().zip(&layer.plan.names) {
            given[name.index()] = Some(&first.inode(*theirs).header);
        }
    }
    let mut needed = super::Selection::none(tree);
    for &name in &own.names {
        let is_given = given[name.index()] == Some(&tree.inode(name).header);
        if !(tree.is_directory(name) && is_given) {
            needed.keep(tree, name);
        }
    }
    own.names.retain(|&name| needed.contains(name));
    if !has_usual_root(image) && selection.contains(NameId::ROOT) {
        own.names.insert(0, NameId::ROOT);
    }
    // An image needs at least one layer.
    let has_shared = shared.iter().any(|layer| has(layer.images, row));
    if own.names.is_empty() && has_shared {
        None
    } else {
        Some(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Sharing = Sharing {
        layers: 10,
        least: 1,
    };

    #[test]
    fn a_set_of_one_image_gets_no_shared_layer() {
        let bytes = BTreeMap::from([(0b01, 9), (0b10, 9), (0b11, 5)]);
        assert_eq!(chosen(&bytes, ALL), [0b11]);
        let most = Sharing { least: 6, ..ALL };
        assert!(chosen(&bytes, most).is_empty());
    }

    #[test]
    fn the_sets_that_save_most_get_the_layers_and_the_largest_sets_the_lowest() {
        let bytes = BTreeMap::from([(0b011, 50), (0b110, 40), (0b101, 10), (0b111, 10)]);
        let three = Sharing { layers: 3, ..ALL };
        // The second image has no room for the layer of all.
        assert_eq!(chosen(&bytes, three), [0b011, 0b101, 0b110]);
        assert_eq!(chosen(&bytes, ALL), [0b111, 0b011, 0b101, 0b110]);
    }

    #[test]
    fn a_set_without_a_layer_uses_those_of_its_parts() {
        let layers = [0b0111, 0b0011, 0b1100];
        assert_eq!(layers_of_set(0b0011, &layers), [1]);
        assert_eq!(layers_of_set(0b1111, &layers), [0]);
        assert_eq!(layers_of_set(0b1110, &layers), [2]);
        assert!(layers_of_set(0b0101, &layers).is_empty());
    }
}
