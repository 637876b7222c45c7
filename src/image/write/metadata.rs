//! The documents around the layers: configuration, manifest and index.

use std::collections::HashMap;

use oci_spec::image::{
    DescriptorBuilder, Digest, ImageIndexBuilder, ImageManifestBuilder, MediaType,
};
use serde_json::json;

use super::super::digest::sha256;
use super::super::error::WriteError;
use super::super::inflate::Compression;
use super::super::remote::with_tag;
use super::super::{Config, Origin, docker, oci};
use super::WrittenLayer;
use super::output::Output;

const BASE_NAME: &str = "org.opencontainers.image.base.name";
const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";

/// Adds the members of a docker archive other than the layers. Returns the digest of the
/// configuration.
pub(super) fn docker(
    output: &mut Output<'_>,
    config: &Config,
    layers: &[WrittenLayer],
    tag: Option<&str>,
) -> Result<String, WriteError> {
    let config = config.json().to_string();
    let config_digest = sha256(config.as_bytes());
    let config_name = format!("{}.json", hash(&config_digest));
    output.add(&config_name, config.as_bytes())?;
    // Docker rejects a name without a tag here.
    let tags: Vec<String> = tag.map(with_tag).into_iter().collect();
    let layers: Vec<String> = layers
        .iter()
        .map(|layer| layer_name(&layer.digest))
        .collect();
    let manifest = json!([{"Config": config_name, "RepoTags": tags, "Layers": layers}]);
    output.add(docker::MANIFEST, manifest.to_string().as_bytes())?;
    Ok(config_digest)
}

/// Adds the files of an OCI layout other than the layers. Returns the digests of the configuration
/// and the manifest.
pub(super) fn layout(
    output: &mut Output<'_>,
    config: &Config,
    layers: &[WrittenLayer],
    origin: &Origin,
    tag: Option<&str>,
) -> Result<(String, String), WriteError> {
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
    manifest
        .set_annotations(tag.map(|tag| HashMap::from([(oci::NAME.to_owned(), tag.to_owned())])));
    let index = ImageIndexBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageIndex)
        .manifests(vec![manifest])
        .build()
        .expect("every required field is set");
    output.add(oci::INDEX, to_value(&index).to_string().as_bytes())?;
    output.add(oci::LAYOUT, br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    Ok((config_digest, manifest_digest))
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

pub(super) fn descriptor(
    media_type: MediaType,
    size: u64,
    digest: &str,
) -> oci_spec::image::Descriptor {
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

pub(super) fn to_value(value: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(value).expect("manifests have text as keys")
}

fn add_blob(output: &mut Output<'_>, bytes: &[u8]) -> Result<String, WriteError> {
    let digest = sha256(bytes);
    output.add(&blob_path(&digest), bytes)?;
    Ok(digest)
}

/// The name of a layer in a docker archive, as Podman writes it.
pub(super) fn layer_name(digest: &str) -> String {
    format!("{}.tar", hash(digest))
}

pub(super) fn blob_path(digest: &str) -> String {
    format!("blobs/sha256/{}", hash(digest))
}

fn hash(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}
