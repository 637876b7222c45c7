//! `docker-archive:`, what `docker save` and `podman save` write: `manifest.json` lists images,
//! each with the member that is its configuration and those that are its layers.
//!
//! Podman's and new Docker's members are named for their digests, old Docker's are
//! `<id>/layer.tar`, and some of those are links to others. The manifest tells the names, so all
//! are read alike.

use oci_spec::image::Digest;
use serde::Deserialize;

use super::Origin;
use super::config::Config;
use super::digest::verify;
use super::error::ReadError;
use super::layer::Source;
use super::limits::Limits;
use super::progress::Silent;
use super::store::{Store, json};

pub(super) const MANIFEST: &str = "manifest.json";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    config: String,
    /// Null where the image has no name.
    repo_tags: Option<Vec<String>>,
    layers: Option<Vec<String>>,
}

/// The configuration and the layers of an image, named by a tag, or by `@` and its place in the
/// archive.
pub(super) fn open(
    store: &Store,
    name: Option<&str>,
    limits: &Limits,
) -> Result<(Config, Vec<Source>, Origin), ReadError> {
    let items: Vec<Item> = store.json(MANIFEST, limits)?;
    let item = choose(store, &items, name)?;
    let mut members = item.layers.iter().flatten().chain([&item.config]);
    if members.any(|member| member.contains(char::is_control)) {
        let reason = "its manifest names a member with control characters";
        return Err(ReadError::NotAnImage {
            path: store.path().to_owned(),
            reason,
        });
    }
    let blob = store.blob(&item.config, MANIFEST)?;
    if let Some(digest) = digest_in(&item.config) {
        verify(&item.config, &blob, &digest, &Silent)?;
    }
    let config = Config::new(json(&item.config, &blob, limits)?);
    let layers = item.layers.as_deref().unwrap_or_default();
    let diff_ids = config.diff_ids();
    if diff_ids.len() != layers.len() {
        let blob = MANIFEST.to_owned();
        return Err(ReadError::LayerCount {
            blob,
            layers: layers.len(),
            diff_ids: diff_ids.len(),
        });
    }
    let source = |(layer, diff_id): (&String, &str)| {
        Ok(Source {
            name: layer.clone(),
            blob: store.blob(layer, MANIFEST)?,
            digest: None,
            diff_id: diff_id.to_owned(),
            media_type: None,
        })
    };
    let sources = layers
        .iter()
        .zip(diff_ids)
        .map(source)
        .collect::<Result<_, ReadError>>()?;
    let name = item.repo_tags.iter().flatten().next().cloned();
    Ok((
        config,
        sources,
        Origin {
            name,
            ..Origin::default()
        },
    ))
}

fn choose<'a>(store: &Store, items: &'a [Item], name: Option<&str>) -> Result<&'a Item, ReadError> {
    let path = || store.path().to_owned();
    let names = || {
        items
            .iter()
            .flat_map(|item| item.repo_tags.iter().flatten())
            .cloned()
            .collect()
    };
    match (name, items) {
        (None, [item]) => Ok(item),
        (None, []) => Err(ReadError::NotAnImage {
            path: path(),
            reason: "its manifest lists no image",
        }),
        (None, _) => Err(ReadError::Ambiguous {
            path: path(),
            names: names(),
        }),
        (Some(name), _) => {
            let at = name
                .strip_prefix('@')
                .and_then(|index| items.get(index.parse::<usize>().ok()?));
            let tagged = |item: &&Item| {
                item.repo_tags
                    .iter()
                    .flatten()
                    .any(|tag| is_named(tag, name))
            };
            let missing = || ReadError::NoSuchImage {
                path: path(),
                name: name.to_owned(),
                names: names(),
            };
            at.or_else(|| items.iter().find(tagged)).ok_or_else(missing)
        }
    }
}

/// Whether a full name such as
/// `docker.io/library/app:latest` is what a person means by a short one, `app`.
pub(super) fn is_named(full: &str, short: &str) -> bool {
    let last = short.rsplit('/').next().unwrap_or_default();
    let tagged = if last.contains(':') {
        short.to_owned()
    } else {
        format!("{short}:latest")
    };
    full == short
        || full
            .strip_suffix(&tagged)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// The digest that a member's name promises: `<sha256>.json` and `blobs/sha256/<sha256>`.
fn digest_in(name: &str) -> Option<Digest> {
    let last = name.rsplit('/').next()?;
    let hash = last.strip_suffix(".json").unwrap_or(last);
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash {
        format!("sha256:{hash}").parse().ok()
    } else {
        None
    }
}
