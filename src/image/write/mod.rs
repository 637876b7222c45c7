//! How an image, or a part of one, is written: one new layer, the configuration as it was, in an archive or a layout.
//!
//! The layer goes straight to its place, never through memory, and is hashed on the way. Everything is written
//! beside the destination and renamed at the end, so a failure leaves what was there. Nothing comes from the clock
//! or the host: the same input gives the same bytes.

mod compress;
mod deliver;
mod header;
mod index;
mod layer;
mod output;
mod rootfs;

use std::path::Path;

use oci_spec::image::{DescriptorBuilder, Digest, ImageIndexBuilder, ImageManifestBuilder, MediaType};
use serde_json::json;

use super::digest::sha256;
use super::error::WriteError;
use super::inflate::Compression;
use super::oci;
use super::progress::{Progress, Silent};
use super::reference::Reference;
use super::remote::Connection;
use super::tree::{NameId, Tree};
use super::{Config, Image};

pub use index::IndexWriter;

use layer::LayerDigests;
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
        Self { kept: vec![true; tree.name_count()] }
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

/// How to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// The name of the image, before the one in the destination.
    pub tag: Option<String>,
    /// What the history says of the new layer.
    pub created_by: String,
    /// Without one, as is usual at the destination: none in a docker archive, gzip in an OCI layout.
    pub compression: Option<Compression>,
    /// How a registry is spoken to.
    pub connection: Connection,
    /// The image's name in the registry that it came from: layers that are there need not be sent there.
    pub origin: Option<String>,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            tag: None,
            created_by: "jettison slim".into(),
            compression: None,
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
    /// Of the layer as it is stored.
    pub layer_digest: String,
    pub diff_id: String,
    /// Bytes of the layer, uncompressed.
    pub layer_size: u64,
    /// Bytes of the layer as it is stored.
    pub layer_stored_size: u64,
    /// Bytes of everything.
    pub bytes: u64,
}

/// Writes an image of the selected names. An archive at the destination is replaced, and so is an OCI layout, as a
/// whole, with all images in it; any other directory is not touched.
pub fn write(
    image: &Image,
    selection: &Selection,
    destination: &Reference,
    options: &WriteOptions,
    progress: &dyn Progress,
) -> Result<Written, WriteError> {
    let tag = options.tag.as_deref().or(destination.name());
    if let Some(tag) = tag {
        check_tag(tag)?;
    }
    match destination {
        Reference::Rootfs { path } => return write_rootfs(image, selection, path, progress),
        Reference::Registry { .. } | Reference::DockerDaemon { .. } | Reference::Stream => {
            return deliver::write(image, selection, destination, options, progress);
        }
        _ => {}
    }
    let (form, path) = (Form::of(destination)?, destination.path());
    let mut output = match form {
        Form::Layout => Output::directory(path)?,
        Form::DockerArchive | Form::LayoutArchive => Output::archive(path)?,
    };
    let usual = if form == Form::DockerArchive { Compression::None } else { Compression::Gzip };
    let compression = options.compression.unwrap_or(usual);
    let layer = output.blob(|file, name| {
        let layer = layer::write(image, selection, compression, path, file, progress)?;
        *name = if form == Form::DockerArchive { layer_name(&layer) } else { blob_path(&layer.digest) };
        Ok(layer)
    })?;
    let config = image.config.relayered(std::slice::from_ref(&layer.diff_id), &options.created_by);
    let (config_digest, manifest_digest) = if form == Form::DockerArchive {
        (docker(&mut output, &config, &layer, tag)?, None)
    } else {
        let (config, manifest) = layout(&mut output, &config, &layer, compression, tag)?;
        (config, Some(manifest))
    };
    let bytes = output.finish()?;
    Ok(Written {
        config_digest,
        manifest_digest,
        layer_digest: layer.digest,
        diff_id: layer.diff_id,
        layer_size: layer.size,
        layer_stored_size: layer.stored_size,
        bytes,
    })
}

/// A directory has files and nothing else; its configuration is only hashed.
fn write_rootfs(
    image: &Image,
    selection: &Selection,
    path: &Path,
    progress: &dyn Progress,
) -> Result<Written, WriteError> {
    let bytes = rootfs::write(image, selection, path, progress)?;
    Ok(Written {
        config_digest: sha256(image.config.json().to_string().as_bytes(), &Silent),
        manifest_digest: None,
        layer_digest: String::new(),
        diff_id: String::new(),
        layer_size: 0,
        layer_stored_size: 0,
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
            Reference::Path(path) if path.extension().is_some_and(|extension| extension == "tar") && !path.is_dir() => {
                Ok(Self::DockerArchive)
            }
            _ => Err(WriteError::UnknownKind { path: destination.path().to_owned() }),
        }
    }
}

/// The members of a docker archive besides the layer. Gives the digest of the configuration.
fn docker(
    output: &mut Output<'_>,
    config: &Config,
    layer: &LayerDigests,
    tag: Option<&str>,
) -> Result<String, WriteError> {
    let config = config.json().to_string();
    let config_digest = sha256(config.as_bytes(), &Silent);
    let config_name = format!("{}.json", hash(&config_digest));
    output.add(&config_name, config.as_bytes())?;
    let tags: Vec<String> = tag.map(super::remote::with_tag).into_iter().collect();
    let manifest = json!([{"Config": config_name, "RepoTags": tags, "Layers": [layer_name(layer)]}]);
    output.add(super::docker::MANIFEST, manifest.to_string().as_bytes())?;
    Ok(config_digest)
}

/// The files of an OCI layout besides the layer. Gives the digests of the configuration and the manifest.
fn layout(
    output: &mut Output<'_>,
    config: &Config,
    layer: &LayerDigests,
    compression: Compression,
    tag: Option<&str>,
) -> Result<(String, String), WriteError> {
    let config = config.json().to_string();
    let config_digest = add_blob(output, config.as_bytes())?;
    let layer_type = match compression {
        Compression::None => MediaType::ImageLayer,
        Compression::Gzip => MediaType::ImageLayerGzip,
        Compression::Zstd => MediaType::ImageLayerZstd,
    };
    let manifest = ImageManifestBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageManifest)
        .config(descriptor(MediaType::ImageConfig, config.len() as u64, &config_digest))
        .layers(vec![descriptor(layer_type, layer.stored_size, &layer.digest)])
        .build()
        .expect("every required field is set");
    let manifest = to_json(&manifest);
    let manifest_digest = add_blob(output, manifest.as_bytes())?;
    let mut manifest = descriptor(MediaType::ImageManifest, manifest.len() as u64, &manifest_digest);
    manifest.set_annotations(tag.map(|tag| [(oci::NAME.to_owned(), tag.to_owned())].into()));
    let index = ImageIndexBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageIndex)
        .manifests(vec![manifest])
        .build()
        .expect("every required field is set");
    output.add(oci::INDEX, to_json(&index).as_bytes())?;
    output.add(oci::LAYOUT, br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    Ok((config_digest, manifest_digest))
}

fn descriptor(media_type: MediaType, size: u64, digest: &str) -> oci_spec::image::Descriptor {
    let digest: Digest = digest.parse().expect("a digest that was just made is well formed");
    DescriptorBuilder::default()
        .media_type(media_type)
        .size(size)
        .digest(digest)
        .build()
        .expect("every required field is set")
}

fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("manifests have text as keys")
}

fn add_blob(output: &mut Output<'_>, bytes: &[u8]) -> Result<String, WriteError> {
    let digest = sha256(bytes, &Silent);
    output.add(&blob_path(&digest), bytes)?;
    Ok(digest)
}

/// What Podman calls a layer in a docker archive.
fn layer_name(layer: &LayerDigests) -> String {
    format!("{}.tar", hash(&layer.digest))
}

fn blob_path(digest: &str) -> String {
    format!("blobs/sha256/{}", hash(digest))
}

fn hash(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}

/// What every engine takes as a name; a registry may be stricter.
fn check_tag(tag: &str) -> Result<(), WriteError> {
    let refuse = |reason| Err(WriteError::Tag { tag: tag.to_owned(), reason });
    let last = tag.rsplit('/').next().unwrap_or_default();
    let repository = match last.split_once(':') {
        Some((_, "")) => return refuse("nothing follows the colon"),
        Some((_, tag)) => {
            if !tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)) || tag.len() > 128 {
                return refuse("a tag has letters, digits, `_`, `.` and `-` alone, 128 at most");
            }
            &last[..last.len() - tag.len() - 1]
        }
        None => last,
    };
    if repository.is_empty() {
        return refuse("the repository has no name");
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    if !repository.bytes().all(plain) {
        return refuse("a repository has lower-case letters, digits, `_`, `.` and `-` alone");
    }
    let prefix = &tag[..tag.len() - last.len()];
    if !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-:/".contains(&byte)) || prefix.contains("//") {
        return refuse("its path has characters that no registry has");
    }
    Ok(())
}

/// The directory that a path is in.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
