//! What each layer added, replaced and removed, and which bytes of the layers nobody sees any more.

use std::collections::BTreeMap;

use crate::image::{How, Image, Kind, NameId, Tree};

/// All layers of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// The lowest first.
    pub layers: Vec<LayerFacts>,
    /// Paths whose bytes are in a layer, but not in the image; most bytes first.
    pub wasted: Vec<Wasted>,
    /// The bytes of all files of all layers.
    pub bytes: u64,
    /// Those of them that are in the image.
    pub visible: u64,
}

impl Layers {
    pub fn wasted_bytes(&self) -> u64 {
        self.bytes - self.visible
    }

    /// The share of the layers' bytes that is in the image, in tenths of a percent; 1000 where
    /// there are none.
    pub fn efficiency(&self) -> u64 {
        // Rounded down, so that it is 100% only where nothing is wasted.
        u64::try_from(u128::from(self.visible) * 1000 / u128::from(self.bytes.max(1)))
            .map_or(1000, |share| if self.bytes == 0 { 1000 } else { share })
    }
}

/// What one layer did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerFacts {
    /// Names that are new with it.
    pub added: usize,
    /// Names of lower layers for which it has something else, directories that it names again left
    /// out.
    pub replaced: usize,
    /// Names of lower layers that it hides.
    pub removed: usize,
    /// Directories of lower layers that it names again.
    pub declared: usize,
    /// The bytes of its files.
    pub bytes: u64,
    /// Those of them that are not in the image.
    pub wasted: u64,
    /// Bytes of lower layers that it replaced or removed.
    pub hidden: u64,
}

/// A path of which a layer has bytes that are not in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wasted {
    pub path: Vec<u8>,
    pub bytes: u64,
    /// The layers that have these bytes, counted from the lowest.
    pub layers: Vec<usize>,
    /// The layer that hid the last of them, and how.
    pub by: usize,
    pub how: How,
}

/// Looks at every name that a layer ever made.
pub fn layers(image: &Image) -> Layers {
    let tree = &image.tree;
    let visible = visible_inodes(tree);
    let mut result = Layers {
        layers: vec![LayerFacts::default(); image.layers.len()],
        ..Layers::default()
    };
    let mut counted = vec![false; tree.inode_count()];
    for (index, layer) in image.layers.iter().enumerate() {
        let own_gone = |name: NameId| layer.changes.made.contains(&name.index());
        let made = layer.changes.made.len();
        let gone = layer
            .changes
            .gone
            .iter()
            .filter(|gone| !own_gone(gone.name));
        let replaced = gone
            .clone()
            .filter(|gone| gone.how == How::Replaced)
            .count();
        let facts = &mut result.layers[index];
        facts.replaced = replaced;
        facts.removed = gone.count() - replaced;
        facts.added = (made
            - layer
                .changes
                .gone
                .iter()
                .filter(|gone| own_gone(gone.name))
                .count())
        .saturating_sub(replaced);
        facts.declared = layer.changes.declared.len();
        for name in tree.names(layer.changes.made.clone()) {
            let inode = tree.inode_id(name).index();
            let length = length(tree, name);
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

/// A row an inode: it has a name in the image.
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

/// The wasted bytes by path, the most first. What each layer hid is added up on the way.
fn wasted(image: &Image, visible: &[bool], layers: &mut [LayerFacts]) -> Vec<Wasted> {
    let tree = &image.tree;
    let mut paths: BTreeMap<Vec<u8>, Wasted> = BTreeMap::new();
    // Bytes are gone with the last name of their inode, so the layers are looked at from the
    // highest.
    let mut counted = vec![false; tree.inode_count()];
    for (by, layer) in image.layers.iter().enumerate().rev() {
        for gone in layer.changes.gone.iter().rev() {
            let (inode, bytes) = (tree.inode_id(gone.name).index(), length(tree, gone.name));
            if visible[inode] || bytes == 0 || std::mem::replace(&mut counted[inode], true) {
                continue;
            }
            layers[by].hidden += bytes;
            let path = tree.path(gone.name);
            let brought = tree.inode(gone.name).layer;
            let wasted = paths.entry(path).or_insert_with_key(|path| Wasted {
                path: path.clone(),
                bytes: 0,
                layers: Vec::new(),
                by,
                how: gone.how,
            });
            wasted.bytes += bytes;
            wasted.layers.push(brought);
        }
    }
    let mut wasted: Vec<Wasted> = paths.into_values().collect();
    for path in &mut wasted {
        path.layers.sort_unstable();
        path.layers.dedup();
    }
    wasted.sort_by(|one, other| {
        other
            .bytes
            .cmp(&one.bytes)
            .then_with(|| one.path.cmp(&other.path))
    });
    wasted
}
