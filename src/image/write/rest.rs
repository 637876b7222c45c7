//! The rest of a slimmed image: one more layer with everything that slimming left out, so that the
//! slimmed image's layers and this one together are the original.
//!
//! The layer only contains what the layers below it lack. Three kinds of entries are less obvious:
//!
//! - If only some names of a file are in the slimmed image, the layer has the file with all of its
//!   names. Engines that unpack layers separately cannot link to a file in another layer.
//! - Files that slimming generated, such as package records, are removed by whiteouts, unless an
//!   entry of the original has the same path and replaces them.
//! - The parent directories of all entries are repeated with their headers. Otherwise engines would
//!   create them with default headers, and adding an entry would change their times.

use super::super::Image;
use super::super::config::Config;
use super::super::error::WriteError;
use super::super::tree::{NameId, Tree};
use super::header::clamped;
use super::layer_plan::{PlannedLayer, has_usual_root};
use super::{Selection, WrittenLayer, check_names};

/// The text of the step of the rest's layer in the history. It identifies such an image.
pub const REST_STEP: &str = "jettison slim --rest";

/// The layer that completes a slimmed image, and the original's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    config: Config,
    pub(super) layer: PlannedLayer,
    /// The diff IDs of the slimmed image's layers; empty if they are not known.
    below: Vec<String>,
}

impl Rest {
    /// Plans the rest of an image. `slimmed` is the original with the files that slimming adds, and
    /// `selection` names the files of `slimmed` that its layers contain.
    ///
    /// Times that the slimmed image's layers lower to the latest allowed time could not be
    /// restored, so they are an error.
    pub fn new(
        original: &Image,
        slimmed: &Image,
        selection: &Selection,
        epoch: Option<jiff::Timestamp>,
    ) -> Result<Self, WriteError> {
        let youngest = epoch.map(jiff::Timestamp::as_second);
        check_names(original, &Selection::all(&original.tree))?;
        let below = Below::new(original, slimmed, selection);
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
            layer: below.missing(),
            below: Vec::new(),
        })
    }

    /// Uses another configuration: that of the original before options changed it.
    #[must_use]
    pub fn with_config(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// Requires the layers below to be those of an image that was written.
    #[must_use]
    pub fn above(self, layers: &[WrittenLayer]) -> Self {
        Self {
            below: layers.iter().map(|layer| layer.diff_id.clone()).collect(),
            ..self
        }
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Whether the layers that were written below the last one are those of the slimmed image.
    /// Files of a directory may have changed since it was written.
    pub(super) fn is_above(&self, layers: &[WrittenLayer]) -> bool {
        self.below.is_empty()
            || self
                .below
                .iter()
                .eq(layers.iter().map(|layer| &layer.diff_id))
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
        let mut names: Vec<NameId> = tree.walk().filter(|&name| layer.contains(name)).collect();
        if !has_usual_root(self.original) {
            names.insert(0, NameId::ROOT);
        }
        PlannedLayer {
            hidden,
            ..PlannedLayer::new(names)
        }
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
