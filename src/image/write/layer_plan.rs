//! The plan of the new layers: the names in each of them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::super::Image;
use super::super::tree::{Content, Header, Kind, NameId};
use super::Selection;
use super::header::clamped;

/// One layer of the new image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::image) struct PlannedLayer {
    /// The layer of the original that it derives from; none if it derives from all.
    pub of: Option<usize>,
    /// Its names, in the order of the tree.
    pub names: Vec<NameId>,
    /// Whether the layer of the original is copied unchanged, because all of it is kept.
    pub whole: bool,
    /// Names of lower layers that it removes. Their parent directories are among `names`.
    pub hidden: Vec<NameId>,
}

impl PlannedLayer {
    /// A layer that corresponds to none of the original and removes nothing.
    pub(super) fn new(names: Vec<NameId>) -> Self {
        Self {
            of: None,
            names,
            whole: false,
            hidden: Vec::new(),
        }
    }
}

/// All selected names in one layer.
pub(in crate::image) fn one(image: &Image, selection: &Selection) -> PlannedLayer {
    let mut names: Vec<NameId> = image
        .tree
        .walk()
        .filter(|&name| selection.contains(name))
        .collect();
    // Engines create the root directory themselves, so it only needs an entry if it differs.
    if !has_usual_root(image) {
        names.insert(0, NameId::ROOT);
    }
    PlannedLayer::new(names)
}

/// Plans a layer for each layer of the original from which at least one file is kept.
///
/// A layer is copied unchanged if all of its paths are still in the image and kept, even if higher
/// layers have newer content for them. Any other layer is rewritten with the names that are kept
/// and not replaced by a higher layer. As nothing that is written has to be hidden, no whiteouts
/// are needed.
pub(in crate::image) fn kept(
    image: &Image,
    selection: &Selection,
    youngest: Option<i64>,
) -> Vec<PlannedLayer> {
    let owners = owners(image);
    let homes = homes(image, selection, &owners);
    let mut plans = divided(image, selection, &homes, image.materials.len());
    for (index, plan) in plans.iter_mut().enumerate() {
        plan.of = Some(index);
    }
    let current = current_names(image);
    let recreating = layers_that_recreate(image, &current);
    let original = Original {
        image,
        selection,
        youngest,
        owners,
        current,
        recreating,
    };
    for (index, plan) in plans.iter_mut().enumerate() {
        plan.whole = original.is_whole(index, plan);
    }
    // The header of the root directory matters if it is unusual, or if a layer below has a
    // different one.
    let mut needs_root = !has_usual_root(image);
    plans.retain_mut(|plan| {
        let index = plan.of.unwrap_or_default();
        let names_root = original.owners[NameId::ROOT.index()] == Some(index);
        if names_root && needs_root {
            plan.names.insert(0, NameId::ROOT);
        }
        let is_kept = !plan.names.is_empty();
        // A copied layer may set the header, so a layer above it must set it again.
        needs_root |= is_kept && plan.whole;
        is_kept
    });
    if plans.is_empty() {
        vec![one(image, selection)]
    } else {
        plans
    }
}

/// The layers of the original, and facts that determine whether one of them can be copied.
struct Original<'a> {
    image: &'a Image,
    selection: &'a Selection,
    /// Seconds since 1970 that no time may be after.
    youngest: Option<i64>,
    /// The last layer with each name.
    owners: Vec<Option<usize>>,
    /// The name that now has the path of each name.
    current: Vec<Option<NameId>>,
    /// The layers that create a removed directory again.
    recreating: HashSet<usize>,
}

impl Original<'_> {
    /// Whether a layer can be copied unchanged.
    fn is_whole(&self, index: usize, plan: &PlannedLayer) -> bool {
        // The layers below may change, and its entries would then have a different meaning.
        if self.image.materials[index].needs_lower || self.recreating.contains(&index) {
            return false;
        }
        if !names_of(self.image, index).all(|name| self.is_kept(name)) {
            return false;
        }
        // A file with another name in a lower layer is written in this one, so the plan contains a
        // name that is not in the layer itself.
        plan.names
            .iter()
            .filter(|&&name| !self.image.tree.is_directory(name))
            .all(|name| self.owners[name.index()] == Some(index))
    }

    /// Whether a name of a layer is in the new image unchanged.
    fn is_kept(&self, name: NameId) -> bool {
        let inode = self.image.tree.inode(name);
        // Content that was replaced after reading is not in any layer of the original.
        if let Kind::File(Content::Bytes(_)) = inode.kind {
            return false;
        }
        // A header whose time must be lowered has to be rewritten.
        if !matches!(clamped(&inode.header, self.youngest), Cow::Borrowed(_)) {
            return false;
        }
        self.current[name.index()].is_some_and(|now| self.selection.contains(now))
    }
}

/// Whether the root directory has the default header that every engine uses if no layer has an
/// entry for it.
pub(super) fn has_usual_root(image: &Image) -> bool {
    image.tree.inode(NameId::ROOT).header
        == Header {
            mode: 0o755,
            ..Header::default()
        }
}

/// The names that a layer has entries for, and their implied parent directories.
fn names_of(image: &Image, layer: usize) -> impl Iterator<Item = NameId> {
    let changes = &image.layers[layer].changes;
    let root = if image.materials[layer].names_root {
        Some(NameId::ROOT)
    } else {
        None
    };
    image
        .tree
        .names(changes.made.clone())
        .chain(changes.declared.iter().copied())
        .chain(root)
}

/// The last layer with each name; `None` for a name that was added after reading.
fn owners(image: &Image) -> Vec<Option<usize>> {
    let mut owners = vec![None; image.tree.name_count()];
    for index in 0..image.materials.len() {
        for name in names_of(image, index) {
            owners[name.index()] = Some(index);
        }
    }
    owners
}

/// The layer in which each inode is written. All names of a file are in one layer, the last that
/// has one of them, because engines that unpack layers separately cannot link to a file in another
/// layer.
fn homes(image: &Image, selection: &Selection, owners: &[Option<usize>]) -> Vec<usize> {
    let last = image.materials.len().saturating_sub(1);
    let mut of_inode = vec![0; image.tree.inode_count()];
    for name in image.tree.walk().filter(|&name| selection.contains(name)) {
        let home = &mut of_inode[image.tree.inode_id(name).index()];
        // A name that was added after reading belongs in the top layer.
        *home = owners[name.index()].unwrap_or(last).max(*home);
    }
    of_inode
}

/// The layers with their names and the parent directories of these, so that a reader of a single
/// layer does not have to invent directory headers. `homes` has the layer of each inode.
pub(super) fn divided(
    image: &Image,
    selection: &Selection,
    homes: &[usize],
    count: usize,
) -> Vec<PlannedLayer> {
    let tree = &image.tree;
    let mut plans = vec![PlannedLayer::new(Vec::new()); count];
    let mut has: HashSet<(usize, NameId)> = HashSet::new();
    for name in tree.walk().filter(|&name| selection.contains(name)) {
        let home = homes[tree.inode_id(name).index()];
        // Upward to a directory that the layer already has.
        let mut way = Vec::new();
        let mut at = name;
        while at != NameId::ROOT && (!tree.is_directory(at) || has.insert((home, at))) {
            way.push(at);
            at = tree.parent(at);
        }
        plans[home].names.extend(way.into_iter().rev());
    }
    plans
}

/// The layers that implicitly create a directory at a path that existed in a lower layer and was
/// removed in between. If such a layer were copied unchanged, the directory would get the header of
/// the lower one, which is no longer hidden, or an entry would be below a file.
fn layers_that_recreate(image: &Image, current: &[Option<NameId>]) -> HashSet<usize> {
    let mut creators: HashMap<NameId, usize> = HashMap::new();
    for (index, layer) in image.layers.iter().enumerate() {
        for &directory in &layer.changes.implied {
            creators.insert(directory, index);
        }
    }
    let mut layers = HashSet::new();
    for name in image.tree.names(0..image.tree.name_count()) {
        if let Some(now) = current[name.index()]
            && now != name
        {
            layers.extend(creators.get(&now));
        }
    }
    layers
}

/// The name that now has the path of each name, if any.
fn current_names(image: &Image) -> Vec<Option<NameId>> {
    let tree = &image.tree;
    let mut current: Vec<Option<NameId>> = Vec::with_capacity(tree.name_count());
    for name in tree.names(0..tree.name_count()) {
        // A directory has a lower row than its entries, so its own path is already known.
        let now = if name == NameId::ROOT {
            Some(name)
        } else {
            current[tree.parent(name).index()]
                .and_then(|parent| tree.child(parent, tree.file_name(name)))
        };
        current.push(now);
    }
    current
}
