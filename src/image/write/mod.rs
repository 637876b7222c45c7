//! Writes an image or a part of one: its layers, new or unchanged, and its configuration, to an
//! archive, an OCI layout, a directory, a registry or a daemon.
//!
//! Layers are streamed to their destination and hashed on the way, never held in memory. The output
//! becomes visible only when it is complete, so after a failure, the old file is still there.
//! Nothing depends on the clock or the host: the same input results in the same bytes, on any
//! number of cores.

mod compress;
mod hashed;
mod header;
mod index;
pub(super) mod layer;
pub(super) mod layer_plan;
pub(super) mod output;
mod rest;
mod shared;
mod shared_plan;

use std::path::Path;

use super::Image;
use super::apply::WHITEOUT;
use super::config::Steps;
use super::digest::sha256;
use super::error::WriteError;
use super::inflate::Compression;
use super::name::{Name, check_stored};
use super::progress::Progress;
use super::reference::{Format, Reference};
use super::transport::{self, Connection, docker_archive, oci_layout};
use super::tree::{NameId, Tree};

pub use compress::{Coding, CodingError};
pub use index::IndexWriter;
pub use rest::{LEAST_LINKED, REST_STEP, Rest};
pub use shared::{SharedImage, SharedImages, SharedSizes};
pub use shared_plan::Sharing;

use layer::LayerWriter;
use layer_plan::PlannedLayer;
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
    /// The compression. The default is none in a Docker archive and gzip in an OCI layout; copied
    /// layers keep their compression there.
    pub compression: Option<Coding>,
    /// The value of `SOURCE_DATE_EPOCH`: the time of creation, and the latest time in the image.
    pub epoch: Option<jiff::Timestamp>,
    /// The protocol for a registry.
    pub connection: Connection,
    /// The name of the original in a registry, whose layers need not be sent to the same registry
    /// again.
    pub origin: Option<Name>,
    /// The image is one of a slimmed image and its rest.
    pub rest: Option<Rest>,
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
            rest: None,
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

/// A file or a directory to write to.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileDestination<'a> {
    /// `None` if the path does not indicate it.
    pub format: Option<Format>,
    pub path: &'a Path,
    /// The name of the image in it.
    pub name: Option<&'a str>,
}

/// Writes an image with the selected names to a file or a directory.
pub(super) fn to_file(
    image: &Image,
    selection: &Selection,
    destination: &FileDestination<'_>,
    options: &WriteOptions,
    progress: &dyn Progress,
) -> Result<Written, WriteError> {
    let &FileDestination { format, path, name } = destination;
    // Everything that can be refused is checked before the first byte is written.
    let place = match format {
        Some(Format::OciLayout) => path,
        _ => parent(path),
    };
    check_place(path, place)?;
    let tag = options.tag.as_deref().or(name);
    if let Some(tag) = tag {
        check_stored(tag)?;
    }
    check_names(image, selection)?;
    let Some(format) = format else {
        return Err(WriteError::UnknownKind {
            path: path.to_owned(),
        });
    };
    let mut output = match format {
        Format::OciLayout => Output::layout(path)?,
        Format::DockerArchive | Format::OciArchive => Output::archive(path)?,
    };
    let writer = LayerWriter {
        image,
        path,
        youngest: options.epoch.map(jiff::Timestamp::as_second),
        progress,
    };
    let layers = all_layers(&mut output, &writer, selection, format, options)?;
    let config = match &options.rest {
        Some(rest) => rest.config(image, &layers, options)?,
        None => image.config.relayered(&steps(image, &layers, options)),
    };
    let (config_digest, manifest_digest) = if format == Format::DockerArchive {
        (
            docker_archive::add_documents(&mut output, &config, &layers, tag)?,
            None,
        )
    } else {
        let (config, manifest) =
            oci_layout::add_documents(&mut output, &config, &layers, &image.origin, tag)?;
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

/// Writes the layers of the selected names. Of a slimmed image and its rest, writes the layers that
/// they have in common, and the one that the image adds to them.
fn all_layers(
    output: &mut Output<'_>,
    writer: &LayerWriter<'_>,
    selection: &Selection,
    format: Format,
    options: &WriteOptions,
) -> Result<Vec<WrittenLayer>, WriteError> {
    let image = writer.image;
    let selection = options.rest.as_ref().map_or(selection, Rest::common);
    let plans = match options.layers {
        // A root file system has no layers that could be kept.
        Layers::Keep if !image.materials.is_empty() => {
            layer_plan::kept(image, selection, writer.youngest)
        }
        _ => vec![layer_plan::one(image, selection)],
    };
    let top = options.rest.as_ref().and_then(Rest::top);
    let planned = plans.iter().chain(top);
    let size = layer::content_size(image, planned);
    writer.progress.start("writing layers", size);
    let coding = options.compression;
    let mut layers = write_layers(output, writer, &plans, format, coding)?;
    if let Some(top) = top {
        // What is only in the rest is not changed at all, and an image with a directory whose time
        // would be lowered has no rest.
        let writer = LayerWriter {
            youngest: None,
            ..*writer
        };
        let top = std::slice::from_ref(top);
        layers.extend(write_layers(output, &writer, top, format, coding)?);
    }
    Ok(layers)
}

fn write_layers(
    output: &mut Output<'_>,
    writer: &LayerWriter<'_>,
    plans: &[PlannedLayer],
    format: Format,
    asked: Option<Coding>,
) -> Result<Vec<WrittenLayer>, WriteError> {
    let mut layers = Vec::new();
    for plan in plans {
        layers.push(output.blob(|file, name| {
            let layer = write_layer(writer, plan, format, asked, file)?;
            // The name contains the digest, which is known only now.
            *name = if format == Format::DockerArchive {
                docker_archive::layer_name(&layer.digest)
            } else {
                oci_layout::new_blob_path(&layer.digest)
            };
            Ok(layer)
        })?);
    }
    Ok(layers)
}

fn write_layer(
    writer: &LayerWriter<'_>,
    plan: &PlannedLayer,
    format: Format,
    asked: Option<Coding>,
    file: &mut dyn std::io::Write,
) -> Result<WrittenLayer, WriteError> {
    let usual = if format == Format::DockerArchive {
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
        None => format != Format::DockerArchive && is_known,
        // With a level the user asks for new bytes, even if the kind of compression is the same.
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

/// Writes a root file system. It has no configuration, which is only hashed for the ID.
pub(super) fn to_rootfs(
    image: &Image,
    selection: &Selection,
    path: &Path,
    progress: &dyn Progress,
) -> Result<Written, WriteError> {
    check_place(path, parent(path))?;
    let bytes = transport::rootfs::write(image, selection, path, progress)?;
    let config_digest = sha256(image.config.json().to_string().as_bytes());
    Ok(Written {
        config_digest,
        manifest_digest: None,
        layers: Vec::new(),
        bytes,
    })
}

/// The format of a destination. A plain path has the format of its extension, or of the layout that
/// is there already.
pub(super) fn format_of(destination: &Reference) -> Option<Format> {
    let path = match destination {
        Reference::File { format, .. } => return Some(*format),
        Reference::Path(path) | Reference::PathOrDaemon { path, .. } => path,
        _ => return None,
    };
    let is_tar = path.extension().is_some_and(|extension| extension == "tar");
    if path.join(oci_layout::LAYOUT).exists() {
        Some(Format::OciLayout)
    } else if is_tar && !path.is_dir() {
        Some(Format::DockerArchive)
    } else {
        None
    }
}

/// Refuses a destination that a symlink in the repository leads out of. A file at the destination
/// itself is replaced and not followed, unless it is a layout.
fn check_place(path: &Path, place: &Path) -> Result<(), WriteError> {
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

/// The directory that a path is in.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        // The parent of a bare file name is the empty path, which cannot be opened.
        _ => Path::new("."),
    }
}
