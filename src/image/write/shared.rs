//! Writes several images to one OCI layout, with layers that they share. Each has the same files
//! as if it were written alone.

use std::collections::HashMap;
use std::path::Path;
use std::slice;

use super::super::Image;
use super::super::error::WriteError;
use super::super::name::check_stored;
use super::super::progress::{Progress, Silent};
use super::super::reference::{Format, Reference};
use super::super::transport::oci_layout;
use super::layer::{LayerWriter, content_size};
use super::layer_plan::one;
use super::output::Output;
use super::shared_plan::{self, MAX_IMAGES, SharedPlan, Sharing, has};
use super::{
    Selection, WriteOptions, Written, WrittenLayer, check_names, check_place, format_of, parent,
    steps, write_layers,
};

/// An image that shares layers with others.
#[derive(Clone, Debug)]
pub struct SharedImage<'a> {
    /// Its name in the layout.
    pub name: &'a str,
    pub image: &'a Image,
    pub selection: &'a Selection,
}

/// Images with a plan of their layers.
#[derive(Debug)]
pub struct SharedImages<'a> {
    images: Vec<SharedImage<'a>>,
    plan: SharedPlan,
    youngest: Option<i64>,
}

/// Bytes of uncompressed layers. Layers that occur several times count once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedSizes {
    /// The layers of the originals.
    pub before: u64,
    /// One layer for each slimmed image.
    pub alone: u64,
    /// The layers of the plan.
    pub shared: u64,
}

impl<'a> SharedImages<'a> {
    /// Plans the layers of images, whose names must differ. The order of the images does not
    /// matter.
    pub fn new(
        mut images: Vec<SharedImage<'a>>,
        sharing: Sharing,
        epoch: Option<jiff::Timestamp>,
        progress: &dyn Progress,
    ) -> Result<Self, WriteError> {
        if images.len() > MAX_IMAGES {
            return Err(WriteError::TooManyImages {
                images: images.len(),
                limit: MAX_IMAGES,
            });
        }
        for image in &images {
            check_stored(image.name)?;
            check_names(image.image, image.selection)?;
        }
        images.sort_unstable_by_key(|image| image.name);
        let youngest = epoch.map(jiff::Timestamp::as_second);
        let plan = shared_plan::plan(&images, sharing, youngest, progress)?;
        Ok(Self {
            images,
            plan,
            youngest,
        })
    }

    /// Refuses a destination that cannot hold several images.
    pub fn check_destination(destination: &Reference) -> Result<(), WriteError> {
        place(destination).map(drop)
    }

    /// The total sizes before and after.
    pub fn sizes(&self) -> SharedSizes {
        let mut originals: HashMap<&str, u64> = HashMap::new();
        let mut sizes = SharedSizes {
            before: 0,
            alone: 0,
            shared: 0,
        };
        for (row, image) in self.images.iter().enumerate() {
            let writer = self.writer(row, Path::new(""), &Silent);
            sizes.alone += writer.size(&one(image.image, image.selection));
            let own = self.plan.own[row].as_ref();
            sizes.shared += own.map_or(0, |own| writer.size(own));
            let layers = image.image.layers.iter();
            originals.extend(layers.map(|layer| (layer.diff_id.as_str(), layer.size)));
            // A root file system has no layers.
            if image.image.layers.is_empty() {
                let all = Selection::all(&image.image.tree);
                sizes.before += writer.size(&one(image.image, &all));
            }
        }
        for layer in &self.plan.shared {
            let writer = self.writer(layer.first(), Path::new(""), &Silent);
            sizes.shared += writer.size(&layer.plan);
        }
        sizes.before += originals.values().sum::<u64>();
        sizes
    }

    /// Writes all images to an OCI layout, or none of them. Returns their names and what was
    /// written, sorted by name, and with each image the number of its layers that others have too.
    pub fn write(
        &self,
        destination: &Reference,
        options: &WriteOptions,
        progress: &dyn Progress,
    ) -> Result<Vec<(&'a str, Written, usize)>, WriteError> {
        let (format, path) = place(destination)?;
        let mut output = if format == Format::OciLayout {
            check_place(path, path)?;
            Output::layout(path)?
        } else {
            check_place(path, parent(path))?;
            Output::archive(path)?
        };
        progress.start("writing layers", self.content_size());
        let asked = options.compression;
        let mut shared = Vec::new();
        for layer in &self.plan.shared {
            let writer = self.writer(layer.first(), path, progress);
            let plan = slice::from_ref(&layer.plan);
            shared.extend(write_layers(&mut output, &writer, plan, format, asked)?);
        }
        let (mut written, mut manifests) = (Vec::new(), Vec::new());
        for (row, SharedImage { name, image, .. }) in self.images.iter().enumerate() {
            let sets = self.plan.shared.iter().map(|layer| layer.images);
            let mut layers: Vec<WrittenLayer> = Vec::new();
            for (layer, set) in shared.iter().zip(sets) {
                if has(set, row) {
                    layers.push(layer.clone());
                }
            }
            let count = layers.len();
            let writer = self.writer(row, path, progress);
            let own = self.plan.own[row].as_slice();
            layers.extend(write_layers(&mut output, &writer, own, format, asked)?);
            let config = image.config.relayered(&steps(image, &layers, options));
            let (config_digest, manifest) =
                oci_layout::add_manifest(&mut output, &config, &layers, &image.origin, Some(name))?;
            let result = Written {
                config_digest,
                manifest_digest: Some(manifest.digest().to_string()),
                bytes: layers.iter().map(|layer| layer.stored_size).sum(),
                layers,
            };
            manifests.push(manifest);
            written.push((*name, result, count));
        }
        oci_layout::add_index(&mut output, manifests)?;
        output.finish()?;
        Ok(written)
    }

    fn writer<'w>(
        &'w self,
        row: usize,
        path: &'w Path,
        progress: &'w dyn Progress,
    ) -> LayerWriter<'w> {
        LayerWriter {
            image: self.images[row].image,
            path,
            youngest: self.youngest,
            progress,
        }
    }

    /// Bytes of content in all layers, for progress.
    fn content_size(&self) -> u64 {
        let mut sum = 0_u64;
        for layer in &self.plan.shared {
            sum += content_size(self.images[layer.first()].image, [&layer.plan]);
        }
        for (image, own) in self.images.iter().zip(&self.plan.own) {
            sum += content_size(image.image, own);
        }
        sum
    }
}

/// The format and the path of a destination for several images.
fn place(destination: &Reference) -> Result<(Format, &Path), WriteError> {
    match (format_of(destination), destination.path()) {
        (Some(format @ (Format::OciLayout | Format::OciArchive)), Some(path)) => Ok((format, path)),
        _ => Err(WriteError::NoSeveral {
            destination: destination.to_string(),
        }),
    }
}
