//! `docker-archive:`, the format of `docker save` and `podman save`: `manifest.json` lists images,
//! each with the member that is its configuration and those that are its layers.
//!
//! Podman and new versions of Docker name members after their digests; old versions write
//! `<id>/layer.tar`, and some of these are links to others. The manifest contains the names, so all
//! variants are read in the same way.

use std::collections::HashMap;

use oci_spec::image::Digest;
use serde::Deserialize;
use serde_json::json;

use crate::image::Origin;
use crate::image::blob::Blob;
use crate::image::config::Config;
use crate::image::digest::{sha256, sha256_of, verify};
use crate::image::error::{ReadError, WriteError};
use crate::image::json::DOCKER_ITEMS;
use crate::image::layer::Source;
use crate::image::limits::Limits;
use crate::image::name::with_tag;
use crate::image::progress::Silent;
use crate::image::store::Store;
use crate::image::transport::oci_layout::{self, Platform};
use crate::image::write::WrittenLayer;
use crate::image::write::output::Output;
use crate::paths::file_name;

pub(in crate::image) const MANIFEST: &str = "manifest.json";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    config: String,
    /// Null if the image has no name.
    repo_tags: Option<Vec<String>>,
    layers: Option<Vec<String>>,
}

impl Item {
    fn tags(&self) -> &[String] {
        self.repo_tags.as_deref().unwrap_or_default()
    }
}

/// The configuration and the layers of an image, selected by a tag or by `@` and its index in the
/// archive.
pub(in crate::image) fn open(
    store: &Store,
    name: Option<&str>,
    limits: &Limits,
) -> Result<(Config, Vec<Source>, Origin), ReadError> {
    let items: Vec<Item> = store.json(MANIFEST, &DOCKER_ITEMS, limits)?;
    let item = choose(store, &items, name)?;
    let layers = item.layers.as_deref().unwrap_or_default();
    for member in layers.iter().chain([&item.config]) {
        check_name(store, member)?;
    }
    let blob = store.plain_blob(&item.config, MANIFEST)?;
    // The name is the image ID according to the program that wrote the archive.
    if let Some(digest) = digest_in(&item.config) {
        verify(&item.config, &blob, &digest, &Silent)?;
    }
    let config = Config::read(store, &item.config, &blob, limits)?;
    let tags = item.tags();
    let config_digest = sha256_of(&item.config, &blob, &Silent)?;
    // An archive with two manifests could be one image to Docker and another to skopeo.
    if store.has(oci_layout::INDEX) {
        let platform = Platform::of_config(&config);
        oci_layout::check_agreement(store, tags, &config_digest, &platform, limits)?;
    }
    let diff_ids = config.diff_ids();
    if diff_ids.len() != layers.len() {
        return Err(ReadError::LayerCount {
            blob: MANIFEST.to_owned(),
            layers: layers.len(),
            diff_ids: diff_ids.len(),
        });
    }
    // A manifest may name one member for thousands of layers.
    let mut blobs: HashMap<&str, Blob> = HashMap::new();
    let mut sources = Vec::new();
    for (layer, diff_id) in layers.iter().zip(diff_ids) {
        if !blobs.contains_key(layer.as_str()) {
            blobs.insert(layer, store.blob(layer, MANIFEST)?);
        }
        sources.push(Source {
            name: layer.clone(),
            blob: blobs[layer.as_str()].clone(),
            digest: None,
            diff_id: diff_id.to_owned(),
            media_type: None,
        });
    }
    let origin = Origin {
        name: tags.first().cloned(),
        config_digest: Some(config_digest),
        ..Origin::default()
    };
    Ok((config, sources, origin))
}

/// Adds the members besides the layers. Returns the digest of the configuration.
pub(in crate::image) fn add_documents(
    output: &mut Output<'_>,
    config: &Config,
    layers: &[WrittenLayer],
    tag: Option<&str>,
) -> Result<String, WriteError> {
    let config = config.json().to_string();
    let config_digest = sha256(config.as_bytes());
    let config_name = format!("{}.json", oci_layout::hash(&config_digest));
    output.add(&config_name, config.as_bytes())?;
    // Docker refuses a name without a tag here.
    let tags: Vec<String> = tag
        .map(|tag| with_tag(tag).into_owned())
        .into_iter()
        .collect();
    let layers: Vec<String> = layers
        .iter()
        .map(|layer| layer_name(&layer.digest))
        .collect();
    let manifest = json!([{"Config": config_name, "RepoTags": tags, "Layers": layers}]);
    output.add(MANIFEST, manifest.to_string().as_bytes())?;
    Ok(config_digest)
}

/// The name of a layer, as Podman writes it.
pub(in crate::image) fn layer_name(digest: &str) -> String {
    format!("{}.tar", oci_layout::hash(digest))
}

/// Refuses names that readers resolve differently: some unpack the archive, others compare names.
fn check_name(store: &Store, name: &str) -> Result<(), ReadError> {
    let leaves = name.starts_with('/') || name.split('/').any(|component| component == "..");
    let reason = if name.contains(char::is_control) {
        "its manifest names a member with control characters"
    } else if leaves {
        "its manifest names a member outside the archive"
    } else {
        return Ok(());
    };
    Err(ReadError::NotAnImage {
        path: store.path().to_owned(),
        reason,
    })
}

fn choose<'a>(store: &Store, items: &'a [Item], name: Option<&str>) -> Result<&'a Item, ReadError> {
    let path = store.path().to_owned();
    let names = items.iter().flat_map(Item::tags).cloned().collect();
    let Some(name) = name else {
        return match items {
            [item] => Ok(item),
            [] => Err(ReadError::NotAnImage {
                path,
                reason: "its manifest lists no images",
            }),
            // Any choice would be arbitrary, so the user must choose.
            _ => Err(ReadError::Ambiguous { path, names }),
        };
    };
    // skopeo's `@INDEX` selects images that have no name.
    if let Some(index) = name.strip_prefix('@')
        && let Ok(index) = index.parse::<usize>()
        && let Some(item) = items.get(index)
    {
        return Ok(item);
    }
    for item in items {
        if item.tags().iter().any(|tag| is_named(tag, name)) {
            return Ok(item);
        }
    }
    Err(ReadError::NoSuchImage {
        path,
        name: name.to_owned(),
        names,
    })
}

/// Whether a short name such as `app` refers to the image with a full name such as
/// `docker.io/library/app:latest`.
pub(in crate::image) fn is_named(full: &str, short: &str) -> bool {
    full == short
        || full
            .strip_suffix(&*with_tag(short))
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// The digest in the name of a member: `<sha256>.json` or `blobs/sha256/<sha256>`.
fn digest_in(name: &str) -> Option<Digest> {
    let last = file_name(name);
    let hash = last.strip_suffix(".json").unwrap_or(last);
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash {
        format!("sha256:{hash}").parse().ok()
    } else {
        None
    }
}
