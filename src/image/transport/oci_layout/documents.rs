//! Writes the documents around the layers of a layout: configuration, manifest and index.

use std::collections::HashMap;

use oci_spec::image::{
    Descriptor, DescriptorBuilder, Digest, ImageIndexBuilder, ImageManifestBuilder, MediaType,
};
use serde_json::json;

use super::{INDEX, LAYOUT, NAME};
use crate::image::digest::sha256;
use crate::image::error::WriteError;
use crate::image::inflate::Compression;
use crate::image::write::WrittenLayer;
use crate::image::write::output::Output;
use crate::image::{Config, Origin};

const BASE_NAME: &str = "org.opencontainers.image.base.name";
const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";

/// Adds the files of an OCI layout with one image besides the layers. Returns the digests of the
/// configuration and the manifest.
pub(in crate::image) fn add_documents(
    output: &mut Output<'_>,
    config: &Config,
    layers: &[WrittenLayer],
    origin: &Origin,
    tag: Option<&str>,
) -> Result<(String, String), WriteError> {
    let (config_digest, manifest) = add_manifest(output, config, layers, origin, tag)?;
    let manifest_digest = manifest.digest().to_string();
    add_index(output, vec![manifest])?;
    Ok((config_digest, manifest_digest))
}

/// Adds the configuration and the manifest of an image. Returns the digest of the configuration and
/// the descriptor of the manifest, for the index.
pub(in crate::image) fn add_manifest(
    output: &mut Output<'_>,
    config: &Config,
    layers: &[WrittenLayer],
    origin: &Origin,
    tag: Option<&str>,
) -> Result<(String, Descriptor), WriteError> {
    let config = config.json().to_string();
    let config_digest = add_blob(output, config.as_bytes())?;
    let mut descriptors = Vec::with_capacity(layers.len());
    for layer in layers {
        let media_type = media_type(layer.compression);
        descriptors.push(descriptor(media_type, layer.stored_size, &layer.digest));
    }
    let mut manifest = ImageManifestBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageManifest)
        .config(descriptor(
            MediaType::ImageConfig,
            config.len() as u64,
            &config_digest,
        ))
        .layers(descriptors)
        .build()
        .expect("every required field is set");
    manifest.set_annotations(None);
    // The type stores its annotations in a hash map, whose order changes from run to run, so they
    // are added to the JSON instead.
    let mut manifest = to_value(&manifest);
    let annotations = annotations(origin);
    if !annotations.is_empty() {
        manifest["annotations"] = json!(annotations);
    }
    let manifest = manifest.to_string();
    let manifest_digest = add_blob(output, manifest.as_bytes())?;
    let mut manifest = descriptor(
        MediaType::ImageManifest,
        manifest.len() as u64,
        &manifest_digest,
    );
    manifest.set_annotations(tag.map(|tag| HashMap::from([(NAME.to_owned(), tag.to_owned())])));
    Ok((config_digest, manifest))
}

/// Adds the index and the marker file of a layout.
pub(in crate::image) fn add_index(
    output: &mut Output<'_>,
    manifests: Vec<Descriptor>,
) -> Result<(), WriteError> {
    let index = ImageIndexBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageIndex)
        .manifests(manifests)
        .build()
        .expect("every required field is set");
    output.add(INDEX, to_value(&index).to_string().as_bytes())?;
    output.add(LAYOUT, br#"{"imageLayoutVersion":"1.0.0"}"#)
}

/// The annotations of the original, with the original itself as the base image if its name and
/// digest are known. They are sorted by key.
fn annotations(origin: &Origin) -> serde_json::Map<String, serde_json::Value> {
    let mut annotations = origin.annotations.clone();
    if origin.name.is_some() || origin.digest.is_some() {
        // Combining the name of one image with the digest of another would be worse than omitting
        // one of them.
        for (key, value) in [(BASE_NAME, &origin.name), (BASE_DIGEST, &origin.digest)] {
            annotations.remove(key);
            annotations.extend(value.clone().map(|value| (key.to_owned(), value)));
        }
    }
    annotations
        .into_iter()
        .map(|(key, value)| (key, value.into()))
        .collect()
}

fn media_type(compression: Compression) -> MediaType {
    match compression {
        Compression::None => MediaType::ImageLayer,
        Compression::Gzip => MediaType::ImageLayerGzip,
        Compression::Zstd => MediaType::ImageLayerZstd,
    }
}

pub(in crate::image) fn descriptor(media_type: MediaType, size: u64, digest: &str) -> Descriptor {
    let digest: Digest = digest
        .parse()
        .expect("a digest that was just computed is well formed");
    DescriptorBuilder::default()
        .media_type(media_type)
        .size(size)
        .digest(digest)
        .build()
        .expect("every required field is set")
}

pub(in crate::image) fn to_value(value: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(value).expect("manifests have text as keys")
}

fn add_blob(output: &mut Output<'_>, bytes: &[u8]) -> Result<String, WriteError> {
    let digest = sha256(bytes);
    output.add(&new_blob_path(&digest), bytes)?;
    Ok(digest)
}

/// The path of a blob that was just written.
pub(in crate::image) fn new_blob_path(digest: &str) -> String {
    format!("blobs/sha256/{}", hash(digest))
}

pub(in crate::image::transport) fn hash(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}
