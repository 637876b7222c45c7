//! Which names are written in which layer.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::tree::{Content, Header, Kind, NameId};
use super::super::{Image, layer::Material};
use super::Selection;
use super::header::clamped;

/// One layer of the new image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// The layer of the original that it is made of; none where it is made of all.
    pub of: Option<usize>,
    /// What is in it, in the order of the tree.
    pub names: Vec<NameId>,
    /// The layer of the original is copied as it is: all of it is kept.
    pub whole: bool,
}

/// All selected names in one layer.
pub(super) fn one(image: &Image, selection: &Selection) -> Share {
    let mut names: Vec<NameId> = image
        .tree
        .walk()
        .filter(|&name| selection.contains(name))
        .collect();
    if !has_usual_root(image) {
        names.insert(0, NameId::ROOT);
    }
    Share {
        of: None,
        names,
        whole: false,
    }
}

/// A share a layer of the original, as far as something is left of it.
///
/// A layer is copied as it is where each of its paths is still in the image and kept, though
/// perhaps with newer content above it. Any other is written anew: it has those of its names that
/// are kept and that nothing above replaced. So nothing that is written has to be hidden, and no
/// whiteout is needed.
pub(super) fn kept(image: &Image, selection: &Selection, youngest: Option<i64>) -> Vec<Share> {
    let own = own_layers(image);
    let homes = homes(image, selection, &own);
    let mut shares = divided(image, selection, &homes);
    let current = current_names(image);
    let recreates = layers_that_recreate(image, &current, &own);
    let is_whole = |index: usize, material: &Material| {
        let is_kept = |&name: &NameId| {
            // What was put in its place after reading is in no layer.
            if let Kind::File(Content::Bytes(_)) = image.tree.inode(name).kind {
                return false;
            }
            let is_old = matches!(
                clamped(&image.tree.inode(name).header, youngest),
                Cow::Borrowed(_)
            );
            is_old && current[name.index()].is_some_and(|now| selection.contains(now))
        };
        // Another name of a file that a lower layer brought makes the file part of this layer.
        let is_all_its_own = |&&name: &&NameId| own[name.index()] == Some(index);
        !material.leans
            && !recreates.contains(&index)
            && names_of(image, index).all(|name| is_kept(&name))
            && shares[index]
                .names
                .iter()
                .filter(|&&name| !image.tree.is_directory(name))
                .all(|name| is_all_its_own(&name))
    };
    let whole: Vec<bool> = image
        .materials
        .iter()
        .enumerate()
        .map(|(index, layer)| is_whole(index, layer))
        .collect();
    for (share, whole) in shares.iter_mut().zip(whole) {
        share.whole = whole;
    }
    // The header of the root directory matters where it is unusual, or where a layer below says
    // something else.
    let mut says_root = !has_usual_root(image);
    shares.retain_mut(|share| {
        let index = share.of.unwrap_or_default();
        let names_root = own[NameId::ROOT.index()] == Some(index);
        if names_root && says_root {
            share.names.insert(0, NameId::ROOT);
        }
        let is_kept = !share.names.is_empty();
        says_root |= is_kept && share.whole;
        is_kept
    });
    if shares.is_empty() {
        vec![one(image, selection)]
    } else {
        shares
    }
}

/// What every engine makes of a root directory that no layer names.
fn has_usual_root(image: &Image) -> bool {
    image.tree.inode(NameId::ROOT).header
        == Header {
            mode: 0o755,
            ..Header::default()
        }
}

/// Every name that a layer has an entry for, and the directories that were made on the way to one.
fn names_of(image: &Image, layer: usize) -> impl Iterator<Item = NameId> {
    let changes = &image.layers[layer].changes;
    let root = image.materials[layer].names_root.then_some(NameId::ROOT);
    image
        .tree
        .names(changes.made.clone())
        .chain(changes.declared.iter().copied())
        .chain(root)
}

/// The last layer that brought each name; none of a name that was added after reading.
fn own_layers(image: &Image) -> Vec<Option<usize>> {
    let mut own = vec![None; image.tree.name_count()];
    for index in 0..image.materials.len() {
        for name in names_of(image, index) {
            own[name.index()] = Some(index);
        }
    }
    own
}

/// The layer in which each name is written. All names of a file are in one, the last that has one
/// of them: engines that unpack a layer by itself cannot link to what another holds.
fn homes(image: &Image, selection: &Selection, own: &[Option<usize>]) -> Vec<usize> {
    let last = image.materials.len().saturating_sub(1);
    let mut of_inode = vec![0; image.tree.inode_count()];
    for name in image.tree.walk().filter(|&name| selection.contains(name)) {
        let home = &mut of_inode[image.tree.inode_id(name).index()];
        *home = own[name.index()].unwrap_or(last).max(*home);
    }
    of_inode
}

/// Every layer with its names, and with the directories that they are in: so a layer alone has no
/// directory whose header its reader has to make up.
fn divided(image: &Image, selection: &Selection, homes: &[usize]) -> Vec<Share> {
    let tree = &image.tree;
    let share = |index| Share {
        of: Some(index),
        names: Vec::new(),
        whole: false,
    };
    let mut shares: Vec<Share> = (0..image.materials.len()).map(share).collect();
    let mut has: HashSet<(usize, NameId)> = HashSet::new();
    for name in tree.walk().filter(|&name| selection.contains(name)) {
        let home = homes[tree.inode_id(name).index()];
        let mut way = Vec::new();
        let mut at = name;
        while at != NameId::ROOT && (!tree.is_directory(at) || has.insert((home, at))) {
            way.push(at);
            at = tree.parent(at);
        }
        shares[home].names.extend(way.into_iter().rev());
    }
    shares
}

/// The layers that create a directory at a path that a lower layer had and that was removed in
/// between. Such a layer need not have an entry for the directory: copied as it is, it would leave
/// the directory the header of the lower layer, which nothing hides any more, or would have an entry
/// below a file.
fn layers_that_recreate(
    image: &Image,
    current: &[Option<NameId>],
    own: &[Option<usize>],
) -> HashSet<usize> {
    let mut layers = HashSet::new();
    for name in image.tree.names(0..image.tree.name_count()) {
        let Some(now) = current[name.index()] else {
            continue;
        };
        // An archive may also name a path twice: that is within one layer, and copied as it is.
        let is_recreated = own[name.index()] < own[now.index()];
        if now != name && is_recreated && image.tree.is_directory(now) {
            layers.extend(own[now.index()]);
        }
    }
    layers
}

/// What now has the path of each name; none where nothing has.
fn current_names(image: &Image) -> Vec<Option<NameId>> {
    let tree = &image.tree;
    let mut current: Vec<Option<NameId>> = Vec::with_capacity(tree.name_count());
    for name in tree.names(0..tree.name_count()) {
        // A directory has its row before what is in it.
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
