//! Changes made by each layer, and the bytes in layers that no container can see.

use std::collections::BTreeMap;

use crate::image::{Changes, How, Image, Kind, NameId, Tree};

/// All layers of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageLayers {
    /// The lowest first.
    pub layers: Vec<LayerFacts>,
    /// Paths whose bytes are in a layer, but not in the image; the largest first.
    pub wasted: Vec<Wasted>,
    /// The total size of all files in all layers.
    pub bytes: u64,
    /// The part of these that is in the image.
    pub visible: u64,
}

impl ImageLayers {
    pub fn wasted_bytes(&self) -> u64 {
        self.bytes - self.visible
    }

    /// The share of the layers' bytes that are visible in the image, in tenths of a percent; 1000
    /// for an image without files.
    pub fn efficiency(&self) -> u64 {
        if self.bytes == 0 {
            return 1000;
        }
        // Rounded down, so that it is 100% only if nothing is wasted.
        let share = u128::from(self.visible) * 1000 / u128::from(self.bytes);
        u64::try_from(share).unwrap_or(1000)
    }
}

/// Changes made by one layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerFacts {
    /// Names that it adds.
    pub added: usize,
    /// Names of lower layers that it replaces, without the directories that it lists again.
    pub replaced: usize,
    /// Names of lower layers that it hides.
    pub removed: usize,
    /// Directories of lower layers that it lists again.
    pub declared: usize,
    /// The total size of its files.
    pub bytes: u64,
    /// The part of these that is not in the image.
    pub wasted: u64,
    /// Bytes of lower layers that it replaced or removed.
    pub hidden: u64,
}

/// A path with bytes in a layer that are not in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wasted {
    pub path: Vec<u8>,
    pub bytes: u64,
    /// The layers that contain these bytes, counted from the lowest.
    pub layers: Vec<usize>,
    /// The layer that hid the last of these, and the way it did.
    pub by: usize,
    pub how: How,
}

/// Counts every name that a layer creates or hides.
pub fn layers(image: &Image) -> ImageLayers {
    let tree = &image.tree;
    let visible = visible_inodes(tree);
    let mut result = ImageLayers {
        layers: vec![LayerFacts::default(); image.layers.len()],
        ..ImageLayers::default()
    };
    let mut counted = vec![false; tree.inode_count()];
    for (index, layer) in image.layers.iter().enumerate() {
        let facts = &mut result.layers[index];
        count_names(facts, &layer.changes);
        for name in tree.names(layer.changes.made.clone()) {
            let inode = tree.inode_id(name).index();
            let length = length(tree, name);
            // A hard link to a file of a lower layer adds a name, but no bytes.
            if tree.inode(name).layer == index && !std::mem::replace(&mut counted[inode], true) {
                facts.bytes += length;
                facts.wasted += if visible[inode] { 0 } else { length };
            }
        }
        result.bytes += facts.bytes;
        result.visible += facts.bytes - facts.wasted;
    }
    result.wasted = wasted(image, &visible, &mut result.layers);
    result
}

fn count_names(facts: &mut LayerFacts, changes: &Changes) {
    // An archive may list a path twice. The first of these entries is replaced within the same
    // layer and was never in the image.
    let mut own_gone = 0;
    for gone in &changes.gone {
        if changes.made.contains(&gone.name.index()) {
            own_gone += 1;
        } else if gone.how == How::Replaced {
            facts.replaced += 1;
        } else {
            facts.removed += 1;
        }
    }
    facts.added = (changes.made.len() - own_gone).saturating_sub(facts.replaced);
    facts.declared = changes.declared.len();
}

/// For each inode, whether it has a name in the image.
fn visible_inodes(tree: &Tree) -> Vec<bool> {
    let mut visible = vec![false; tree.inode_count()];
    for name in tree.walk() {
        visible[tree.inode_id(name).index()] = true;
    }
    visible
}

fn length(tree: &Tree, name: NameId) -> u64 {
    match &tree.inode(name).kind {
        Kind::File(content) => content.length(),
        _ => 0,
    }
}

/// Returns the wasted bytes by path, the largest first, and adds up the bytes that each layer hid.
fn wasted(image: &Image, visible: &[bool], layers: &mut [LayerFacts]) -> Vec<Wasted> {
    let tree = &image.tree;
    let mut paths: BTreeMap<Vec<u8>, Wasted> = BTreeMap::new();
    // Bytes are hidden when the last name of their inode is, so the layers are read from the
    // highest.
    let mut counted = vec![false; tree.inode_count()];
    for (by, layer) in image.layers.iter().enumerate().rev() {
        for gone in layer.changes.gone.iter().rev() {
            let (inode, bytes) = (tree.inode_id(gone.name).index(), length(tree, gone.name));
            // An inode with another name in the image is not wasted.
            if visible[inode] || bytes == 0 || std::mem::replace(&mut counted[inode], true) {
                continue;
            }
            layers[by].hidden += bytes;
            let path = tree.path(gone.name);
            let origin = tree.inode(gone.name).layer;
            let wasted = paths.entry(path).or_insert_with_key(|path| Wasted {
                path: path.clone(),
                bytes: 0,
                layers: Vec::new(),
                by,
                how: gone.how,
            });
            wasted.bytes += bytes;
            wasted.layers.push(origin);
        }
    }
    let mut wasted: Vec<Wasted> = paths.into_values().collect();
    for path in &mut wasted {
        path.layers.sort_unstable();
        path.layers.dedup();
    }
    // Sorted by path if the sizes are equal, so that the order is deterministic.
    wasted.sort_by(|one, other| {
        other
            .bytes
            .cmp(&one.bytes)
            .then_with(|| one.path.cmp(&other.path))
    });
    wasted
}
