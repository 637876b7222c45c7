//! How an image, or a part of one, is written: its layers, new or as they were, and the
//! configuration, in an archive or an OCI layout.
//!
//! Layers go straight to their place, never through memory, and are hashed on the way. Nothing is
//! seen of the output before it is whole, so a failure leaves what was there. Nothing comes from
//! the clock or the host: the same input gives the same bytes, whatever the number of cores.

mod compress;
mod deliver;
mod division;
mod hashed;
mod header;
mod index;
mod layer;
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

use division::Share;
use layer::Writing;
use metadata::{blob_path, layer_name};
use output::Output;

/// The names that are written. With a name come the directories that lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    kept: Vec<bool>,
}

impl Selection {
    /// Nothing but the root directory.
    pub fn none(tree: &Tree) -> Self {
        let mut kept = vec![false; tree.name_count()];
        kept[NameId::ROOT.index()] = true;
        Self { kept }
    }

    /// Every name there is.
    pub fn all(tree: &Tree) -> Self {
        Self {
            kept: vec![true; tree.name_count()],
        }
    }

    pub fn keep(&mut self, tree: &Tree, name: NameId) {
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

/// How many layers to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layers {
    /// All in one.
    #[default]
    One,
    /// One for each of the original's of which something is kept. One that is kept in full is
    /// copied as it is, so that images that share it go on sharing it.
    Keep,
}

/// How to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// The name of the image, before the one in the destination.
    pub tag: Option<String>,
    /// What the history says of it.
    pub created_by: String,
    pub layers: Layers,
    /// Without one, as is usual at the destination: none in a docker archive, gzip in an OCI
    /// layout; and a layer that is copied goes into a layout as it is stored.
    pub compression: Option<Coding>,
    /// No time in the image is after this one, and it is when the image was created: what
    /// `SOURCE_DATE_EPOCH` means.
    pub epoch: Option<jiff::Timestamp>,
    /// How a registry is spoken to.
    pub connection: Connection,
    /// The image's name in the registry that it came from: layers that are there need not be sent
    /// there.
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

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Of the configuration: the image's id.
    pub config_digest: String,
    /// Of the manifest, in an OCI layout.
    pub manifest_digest: Option<String>,
    /// The lowest first.
    pub layers: Vec<WrittenLayer>,
    /// Bytes of everything.
    pub bytes: u64,
}

/// A layer that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenLayer {
    /// Of the layer as it is stored.
    pub digest: String,
    /// Of its uncompressed archive.
    pub diff_id: String,
    /// Bytes of its uncompressed archive.
    pub size: u64,
    /// Bytes as it is stored.
    pub stored_size: u64,
    pub compression: Compression,
    /// The layer of the original that it is made of; none where it is made of all.
    pub of: Option<usize>,
    /// It is that layer, unchanged.
    pub whole: bool,
}

/// Writes an image of the selected names. An archive at the destination is replaced; in an OCI
/// layout, the image of the same name; any other directory is not touched, unless it is empty.
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
    let shares = match options.layers {
        Layers::Keep if !image.materials.is_empty() => division::kept(image, selection, youngest),
        _ => vec![division::one(image, selection)],
    };
    let writing = Writing {
        image,
        path,
        youngest,
        progress,
    };
    progress.start("writing layers", layer::content_size(image, &shares));
    let mut layers: Vec<WrittenLayer> = Vec::new();
    for share in &shares {
        layers.push(output.blob(|file, name| {
            let layer = write_layer(&writing, share, form, options.compression, file)?;
            *name = if form == Form::DockerArchive {
                layer_name(&layer.digest)
            } else {
                blob_path(&layer.digest)
            };
            Ok(layer)
        })?);
    }
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

fn write_layer(
    writing: &Writing<'_>,
    share: &Share,
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
    let Some(index) = share.of.filter(|_| share.whole) else {
        return writing.names(share, coding, file);
    };
    let (of, material) = (
        &writing.image.layers[index],
        &writing.image.materials[index],
    );
    let is_known = material.has_digest && of.digest.starts_with("sha256:");
    let as_stored = match asked {
        None => form != Form::DockerArchive && is_known,
        // A level says that the bytes shall be made anew.
        Some(coding) => coding == of.compression.into() && is_known,
    };
    writing.whole(index, (!as_stored).then_some(coding), file)
}

/// What the history tells of the new layers.
fn steps<'a>(image: &Image, layers: &'a [WrittenLayer], options: &'a WriteOptions) -> Steps<'a> {
    let is_unchanged = layers.len() == image.layers.len() && layers.iter().all(|layer| layer.whole);
    Steps {
        diff_ids: layers.iter().map(|layer| layer.diff_id.as_str()).collect(),
        of: layers
            .iter()
            .map(|layer| layer.of)
            .collect::<Option<Vec<_>>>(),
        before: image.layers.len(),
        created_by: (!is_unchanged).then_some(&*options.created_by),
        epoch: options.epoch,
    }
}

/// A directory has files and nothing else; its configuration is only hashed.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    DockerArchive,
    Layout,
    LayoutArchive,
}

impl Form {
    /// A bare path tells by its ending, or by what is there already.
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

/// Refuses a destination to which a symlink of the repository leads out of it. What is at the
/// destination itself is replaced and not followed, unless it is a layout.
fn check_place(destination: &Reference) -> Result<(), WriteError> {
    let path = destination.path();
    let is_layout = Form::of(destination).is_ok_and(|form| form == Form::Layout);
    let place = if is_layout { path } else { parent(path) };
    match crate::trust::real_path(place) {
        Ok(_) => Ok(()),
        // What is missing is named when it is opened.
        Err(refusal) if refusal.is_missing() => Ok(()),
        Err(refusal) => Err(WriteError::io(path)(std::io::Error::other(refusal))),
    }
}

/// Refuses names that mean something else in a layer. No layer has brought them, but a directory of
/// the host may have.
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
fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
