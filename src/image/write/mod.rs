//! Writes an image or a part of one: its layers, new or unchanged, and its configuration, to an
//! archive, an OCI layout, a directory, a registry or a daemon.
//!
//! Layers are streamed to their destination and hashed on the way, never held in memory. The output
//! becomes visible only when it is complete, so after a failure, the old file is still there.
//! Nothing depends on the clock or the host: the same input results in the same bytes, on any
//! number of cores.

mod compress;
mod deliver;
mod hashed;
mod header;
mod index;
mod layer;
mod layer_plan;
mod layout;
mod metadata;
mod output;
mod rootfs;
mod tag;

use std::path::Path;

use super::Image;
use super::apply::WHITEOUT;
use super::config::Steps;
use super::digest::sha256;
use super::error::WriteError;
use super::inflate::Compression;
use super::oci;
use super::progress::Progress;
use super::reference::Reference;
use super::remote::Connection;
use super::tree::{NameId, Tree};

pub use compress::{Coding, CodingError};
pub use index::IndexWriter;

use layer::LayerWriter;
use layer_plan::PlannedLayer;
use metadata::{blob_path, layer_name};
use output::Output;

/// The names to write. The parent directories of a name are always selected with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    kept: Vec<bool>,
}

impl Selection {
    /// Selects only the root directory.
    pub fn none(tree: &Tree) -> Self {
        let mut kept = vec![false; tree.name_count()];
        kept[NameId::ROOT.index()] = true;
        Self { kept }
    }

    /// Selects every name.
    pub fn all(tree: &Tree) -> Self {
        Self {
            kept: vec![true; tree.name_count()],
        }
    }

    /// Selects a name and its parent directories.
    pub fn keep(&mut self, tree: &Tree, name: NameId) {
        // A name is never selected without its parent directories, so the first selected one ends
        // the walk.
        let mut at = name;
        while !self.contains(at) {
            self.kept[at.index()] = true;
            at = tree.parent(at);
        }
    }

    pub fn contains(&self, name: NameId) -> bool {
        self.kept[name.index()]
    }
}

/// The number of layers to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layers {
    /// One layer with everything.
    #[default]
    One,
    /// A layer for each layer of the original from which at least one file is kept. A layer that is
    /// kept in full is copied unchanged, so that images can still share it.
    Keep,
}

/// Options for writing an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// The name of the image, in preference to the one in the destination.
    pub tag: Option<String>,
    /// The text of the new step in the history.
    pub created_by: String,
    pub layers: Layers,
    /// The compression. The default is none in a docker archive and gzip in an OCI layout, where
    /// copied layers keep their compression.
    pub compression: Option<Coding>,
    /// The value of `SOURCE_DATE_EPOCH`: the time of creation, and the latest time in the image.
    pub epoch: Option<jiff::Timestamp>,
    /// The protocol for a registry.
    pub connection: Connection,
    /// The name of the original in a registry, whose layers need not be sent to the same registry
    /// again.
    pub origin: Option<String>,
}

impl Default for WriteOptions {
    fn default() -> Self {
        let created_by = "jettison slim".into();
        Self {
            tag: None,
            created_by,
            layers: Layers::One,
            compression: None,
            epoch: None,
            connection: Connection::default(),
            origin: None,
        }
    }
}

/// The result of writing an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The digest of the configuration, which is the ID of the image.
    pub config_digest: String,
    /// The digest of the manifest, which only exists in an OCI layout.
    pub manifest_digest: Option<String>,
    /// The lowest first.
    pub layers: Vec<WrittenLayer>,
    /// Total size of the output in bytes.
    pub bytes: u64,
}

/// A layer that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenLayer {
    /// The digest of the stored layer.
    pub digest: String,
    /// The digest of its uncompressed archive.
    pub diff_id: String,
    /// Size of its uncompressed archive in bytes.
    pub size: u64,
    /// Size of the stored layer in bytes.
    pub stored_size: u64,
    pub compression: Compression,
    /// The layer of the original that it derives from; none if it derives from all.
    pub of: Option<usize>,
    /// Whether it is an unchanged copy of that layer.
    pub whole: bool,
}

/// Writes an image with the selected names. An archive at the destination is replaced, and so is an
/// image with the same name in an OCI layout; any other directory is left unchanged, unless it is
/// empty.
pub fn write(
    image: &Image,
    selection: &Selection,
    destination: &Reference,
    options: &WriteOptions,
    progress: &dyn Progress,
) -> Result<Written, WriteError> {
    match destination {
        Reference::Rootfs { path } => {
            check_place(destination)?;
            return write_rootfs(image, selection, path, progress);
        }
        Reference::Registry { .. } | Reference::DockerDaemon { .. } | Reference::Stream => {
            return deliver::write(image, selection, destination, options, progress);
        }
        _ => {}
    }
    // All reasons to refuse the destination are checked before the first byte is written.
    check_place(destination)?;
    let tag = options.tag.as_deref().or(destination.name());
    if let Some(tag) = tag {
        tag::check_tag(tag)?;
    }
    check_names(image, selection)?;
    let (form, path) = (Form::of(destination)?, destination.path());
    let mut output = match form {
        Form::Layout => Output::layout(path)?,
        Form::DockerArchive | Form::LayoutArchive => Output::archive(path)?,
    };
    let youngest = options.epoch.map(jiff::Timestamp::as_second);
    let plans = match options.layers {
        // A root file system has no layers that could be kept.
        Layers::Keep if !image.materials.is_empty() => layer_plan::kept(image, selection, youngest),
        _ => vec![layer_plan::one(image, selection)],
    };
    let writer = LayerWriter {
        image,
        path,
        youngest,
        progress,
    };
    progress.start("writing layers", layer::content_size(image, &plans));
    let layers = write_layers(&mut output, &writer, &plans, form, options.compression)?;
    let config = image.config.relayered(&steps(image, &layers, options));
    let (config_digest, manifest_digest) = if form == Form::DockerArchive {
        (metadata::docker(&mut output, &config, &layers, tag)?, None)
    } else {
        let (config, manifest) =
            metadata::layout(&mut output, &config, &layers, &image.origin, tag)?;
        (config, Some(manifest))
    };
    let bytes = output.finish()?;
    Ok(Written {
        config_digest,
        manifest_digest,
        layers,
        bytes,
    })
}

fn write_layers(
    output: &mut Output<'_>,
    writer: &LayerWriter<'_>,
    plans: &[PlannedLayer],
    form: Form,
    asked: Option<Coding>,
) -> Result<Vec<WrittenLayer>, WriteError> {
    let mut layers = Vec::new();
    for plan in plans {
        layers.push(output.blob(|file, name| {
            let layer = write_layer(writer, plan, form, asked, file)?;
            // The name contains the digest, which is only known at this point.
            *name = if form == Form::DockerArchive {
                layer_name(&layer.digest)
            } else {
                blob_path(&layer.digest)
            };
            Ok(layer)
        })?);
    }
    Ok(layers)
}

fn write_layer(
    writer: &LayerWriter<'_>,
    plan: &PlannedLayer,
    form: Form,
    asked: Option<Coding>,
    file: &mut dyn std::io::Write,
) -> Result<WrittenLayer, WriteError> {
    let usual = if form == Form::DockerArchive {
        Compression::None
    } else {
        Compression::Gzip
    };
    let coding = asked.unwrap_or(usual.into());
    let index = match plan.of {
        Some(index) if plan.whole => index,
        _ => return writer.names(plan, coding, file),
    };
    let (of, material) = (&writer.image.layers[index], &writer.image.materials[index]);
    // Registries may already have a blob that is listed in a manifest, so it is worth keeping.
    let is_known = material.has_digest && of.digest.starts_with("sha256:");
    let as_stored = match asked {
        None => form != Form::DockerArchive && is_known,
        // If a level is given, the layer is recompressed, even if the kind of compression is the
        // same.
        Some(coding) => coding == of.compression.into() && is_known,
    };
    let coding = if as_stored { None } else { Some(coding) };
    writer.whole(index, coding, file)
}

/// The new layers for the history of the configuration.
fn steps<'a>(image: &Image, layers: &'a [WrittenLayer], options: &'a WriteOptions) -> Steps<'a> {
    // If all layers are copied, the image is the original and keeps its history.
    let is_unchanged = layers.len() == image.layers.len() && layers.iter().all(|layer| layer.whole);
    Steps {
        diff_ids: layers.iter().map(|layer| layer.diff_id.as_str()).collect(),
        of: layers
            .iter()
            .map(|layer| layer.of)
            .collect::<Option<Vec<_>>>(),
        before: image.layers.len(),
        created_by: if is_unchanged {
            None
        } else {
            Some(&*options.created_by)
        },
        epoch: options.epoch,
    }
}

/// Writes a root file system. The configuration is not written, but only hashed for the ID.
fn write_rootfs(
    image: &Image,
    selection: &Selection,
    path: &Path,
    progress: &dyn Progress,
) -> Result<Written, WriteError> {
    let bytes = rootfs::write(image, selection, path, progress)?;
    let config_digest = sha256(image.config.json().to_string().as_bytes());
    Ok(Written {
        config_digest,
        manifest_digest: None,
        layers: Vec::new(),
        bytes,
    })
}

/// The format of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    DockerArchive,
    Layout,
    LayoutArchive,
}

impl Form {
    /// The format of a destination. For a plain path, it is determined by the extension, or by an
    /// existing layout.
    fn of(destination: &Reference) -> Result<Self, WriteError> {
        match destination {
            Reference::DockerArchive { .. } => Ok(Self::DockerArchive),
            Reference::Oci { .. } => Ok(Self::Layout),
            Reference::OciArchive { .. } => Ok(Self::LayoutArchive),
            Reference::Path(path) if path.join(oci::LAYOUT).exists() => Ok(Self::Layout),
            Reference::Path(path)
                if path.extension().is_some_and(|extension| extension == "tar")
                    && !path.is_dir() =>
            {
                Ok(Self::DockerArchive)
            }
            _ => Err(WriteError::UnknownKind {
                path: destination.path().to_owned(),
            }),
        }
    }
}

/// Refuses a destination that leads out of the repository through a symlink. A file at the
/// destination itself is replaced and not followed, unless it is a layout.
fn check_place(destination: &Reference) -> Result<(), WriteError> {
    let path = destination.path();
    let is_layout = Form::of(destination).is_ok_and(|form| form == Form::Layout);
    let place = if is_layout { path } else { parent(path) };
    match crate::trust::real_path(place) {
        Ok(_) => Ok(()),
        // Opening the directory results in a better error.
        Err(refusal) if refusal.is_missing() => Ok(()),
        Err(refusal) => Err(WriteError::io(path)(std::io::Error::other(refusal))),
    }
}

/// Refuses names that would be whiteouts in a layer. Such names cannot come from a layer, but from
/// a directory of the host.
fn check_names(image: &Image, selection: &Selection) -> Result<(), WriteError> {
    let mut names = image.tree.walk().filter(|&name| selection.contains(name));
    match names.find(|&name| image.tree.file_name(name).starts_with(WHITEOUT)) {
        Some(name) => Err(WriteError::Whiteout {
            path: image.tree.path(name),
        }),
        None => Ok(()),
    }
}

/// The parent directory of a path.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        // The parent of a bare file name is the empty path, which cannot be opened.
        _ => Path::new("."),
    }
}
