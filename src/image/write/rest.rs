//! The rest of a slimmed image: one more layer with everything that slimming left out, so that the
//! slimmed image's layers and this one together are the original.
//!
//! The layer only contains what the layers below it lack. Three kinds of entries are less obvious:
//!
//! - Engines that unpack layers separately cannot link to a file in another layer. So if only some
//!   names of a file are in the slimmed image, its layers have all of them, and one more layer, which
//!   is not part of the rest, hides the others. If that would save little, the layer of the rest has
//!   the file again, with all of its names.
//! - Files that slimming generated, such as package records, are removed by whiteouts, unless an
//!   entry of the original has the same path and replaces them.
//! - The parent directories of all entries are repeated with their headers. Otherwise engines would
//!   create them with default headers, and adding an entry would change their times.

use std::collections::BTreeMap;

use super::super::Image;
use super::super::config::{Config, Steps};
use super::super::error::WriteError;
use super::super::tree::{Kind, NameId, Tree};
use super::header::clamped;
use super::layer_plan::{PlannedLayer, one};
use super::{Selection, WriteOptions, WrittenLayer, check_names, steps};

/// The text of the step of the rest's layer in the history. It identifies such an image.
pub const REST_STEP: &str = "jettison slim --rest";

/// Bytes of files of which the slimmed image has some names but not all. If there are fewer, they
/// are stored twice: one more layer is not worth it.
pub const LEAST_LINKED: u64 = 64 << 10;

/// The layers that two images have in common, and the layer that each of them adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    config: Config,
    /// The names in the common layers.
    common: Selection,
    /// The layer of the slimmed image that hides names of the common layers; `None` if it has them
    /// all.
    hiding: Option<PlannedLayer>,
    /// The layer that completes the common ones.
    completing: PlannedLayer,
    part: Part,
    /// The diff IDs of the common layers; empty if they are not known.
    below: Vec<String>,
}

/// The image that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Slimmed,
    Whole,
}

impl Rest {
    /// Plans the rest of an image. `slimmed` is the original with the files that slimming adds, and
    /// `selection` names the files of `slimmed` that its layers contain.
    ///
    /// `least_linked` is usually [`LEAST_LINKED`].
    ///
    /// Times that the slimmed image's layers lower to the latest allowed time could not be
    /// restored, so they are an error.
    pub fn new(
        original: &Image,
        slimmed: &Image,
        selection: &Selection,
        epoch: Option<jiff::Timestamp>,
        least_linked: u64,
    ) -> Result<Self, WriteError> {
        let youngest = epoch.map(jiff::Timestamp::as_second);
        check_names(original, &Selection::all(&original.tree))?;
        let common = with_all_links(&slimmed.tree, selection, least_linked);
        let below = Below::new(original, slimmed, &common);
        for name in original.tree.walk() {
            let header = &original.tree.inode(name).header;
            if below.contains(name) && clamped(header, youngest).as_ref() != header {
                return Err(WriteError::LoweredTime {
                    path: original.tree.path(name),
                });
            }
        }
        Ok(Self {
            config: original.config.clone(),
            hiding: hiding(slimmed, &common, selection),
            completing: below.missing(),
            common,
            part: Part::Whole,
            below: Vec::new(),
        })
    }

    /// Writes the slimmed image instead, with the common layers and what it adds to them.
    #[must_use]
    pub fn of_slimmed(&self) -> Self {
        Self {
            part: Part::Slimmed,
            ..self.clone()
        }
    }

    /// Uses another configuration: that of the original before options changed it.
    #[must_use]
    pub fn with_config(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// Requires the common layers to be those of the slimmed image, which was written.
    #[must_use]
    pub fn above(self, slimmed: &[WrittenLayer]) -> Self {
        let count = slimmed.len() - usize::from(self.hiding.is_some());
        Self {
            below: slimmed[..count]
                .iter()
                .map(|layer| layer.diff_id.clone())
                .collect(),
            ..self
        }
    }

    pub(super) fn common(&self) -> &Selection {
        &self.common
    }

    /// The layer above the common ones.
    pub(super) fn top(&self) -> Option<&PlannedLayer> {
        match self.part {
            Part::Slimmed => self.hiding.as_ref(),
            Part::Whole => Some(&self.completing),
        }
    }

    /// The configuration of the image that is written. `slimmed` is the image with the files that
    /// slimming adds.
    pub(super) fn config(
        &self,
        slimmed: &Image,
        layers: &[WrittenLayer],
        options: &WriteOptions,
    ) -> Result<Config, WriteError> {
        let (below, top) = layers.split_at(layers.len() - usize::from(self.top().is_some()));
        // Files of a directory may have changed since the slimmed image was written.
        let is_above = self.below.is_empty() || ids(below).eq(&self.below);
        if !is_above {
            return Err(WriteError::Changed);
        }
        let (config, epoch, step) = match self.part {
            Part::Slimmed => (&slimmed.config, options.epoch, &*options.created_by),
            Part::Whole => (&self.config, None, REST_STEP),
        };
        let config = config.relayered(&Steps {
            epoch,
            ..steps(slimmed, below, options)
        });
        Ok(match top.first() {
            Some(top) => config.with_layer(&top.diff_id, step),
            None => config,
        })
    }
}

fn ids(layers: &[WrittenLayer]) -> impl Iterator<Item = &String> {
    layers.iter().map(|layer| &layer.diff_id)
}

/// The selection with all names of the files of which it has some; unchanged if these files have
/// fewer bytes than `least`.
fn with_all_links(tree: &Tree, selection: &Selection, least: u64) -> Selection {
    let mut is_selected = vec![false; tree.inode_count()];
    for name in tree.walk() {
        if selection.contains(name) {
            is_selected[tree.inode_id(name).index()] = true;
        }
    }
    let mut all = selection.clone();
    let mut incomplete: BTreeMap<usize, u64> = BTreeMap::new();
    for name in tree.walk() {
        let row = tree.inode_id(name).index();
        if let Kind::File(content) = &tree.inode(name).kind
            && is_selected[row]
            && !selection.contains(name)
        {
            all.keep(tree, name);
            incomplete.insert(row, content.length());
        }
    }
    if incomplete.values().sum::<u64>() < least {
        selection.clone()
    } else {
        all
    }
}

/// The layer of the slimmed image that hides the names that only its lower layers should have.
fn hiding(slimmed: &Image, common: &Selection, selection: &Selection) -> Option<PlannedLayer> {
    let tree = &slimmed.tree;
    let (mut layer, mut hidden) = (Selection::none(tree), Vec::new());
    for name in tree.walk() {
        let parent = tree.parent(name);
        // Hiding a directory hides everything in it.
        let is_extra = common.contains(name) && !selection.contains(name);
        if is_extra && selection.contains(parent) {
            // The time of the directory changes when the whiteout is applied.
            layer.keep(tree, parent);
            hidden.push(name);
        }
    }
    if hidden.is_empty() {
        return None;
    }
    Some(planned(slimmed, &layer, hidden))
}

/// A layer with the selected names, which hides others.
fn planned(image: &Image, selection: &Selection, hidden: Vec<NameId>) -> PlannedLayer {
    PlannedLayer {
        hidden,
        ..one(image, selection)
    }
}

/// The names in the layers of the slimmed image.
struct Below<'a> {
    original: &'a Image,
    slimmed: &'a Tree,
    present: Vec<bool>,
}

impl<'a> Below<'a> {
    fn new(original: &'a Image, slimmed: &'a Image, selection: &Selection) -> Self {
        let tree = &slimmed.tree;
        let mut present = vec![false; tree.name_count()];
        // A selected name is not in the tree if a generated file replaced it.
        for name in tree.walk() {
            present[name.index()] = selection.contains(name);
        }
        Self {
            original,
            slimmed: tree,
            present,
        }
    }

    fn contains(&self, name: NameId) -> bool {
        name == NameId::ROOT || self.present[name.index()]
    }

    /// The layer with everything that is missing.
    fn missing(&self) -> PlannedLayer {
        let tree = &self.original.tree;
        let mut is_incomplete = vec![false; tree.inode_count()];
        for name in tree.walk() {
            if !self.contains(name) {
                is_incomplete[tree.inode_id(name).index()] = true;
            }
        }
        let mut layer = Selection::none(tree);
        for name in tree.walk() {
            if is_incomplete[tree.inode_id(name).index()] {
                layer.keep(tree, name);
            }
        }
        let mut hidden = Vec::new();
        for name in self.slimmed.walk() {
            if self.contains(name) && self.is_surplus(name) {
                // The time of the directory changes when the whiteout is applied.
                layer.keep(tree, self.slimmed.parent(name));
                hidden.push(name);
            }
        }
        planned(self.original, &layer, hidden)
    }

    /// Whether a name was generated, at a path that the original does not have, in a directory that
    /// it has.
    fn is_surplus(&self, name: NameId) -> bool {
        let known = self.original.tree.name_count();
        let parent = self.slimmed.parent(name);
        name.index() >= known
            && parent.index() < known
            && self
                .original
                .tree
                .child(parent, self.slimmed.file_name(name))
                .is_none()
    }
}
