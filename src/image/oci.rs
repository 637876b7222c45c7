//! An OCI image layout, in a directory or an archive: an index of manifests, and blobs named for
//! their digests.

use std::collections::BTreeMap;

use oci_spec::image::{Descriptor, Digest, ImageIndex, ImageManifest, MediaType};

use super::Origin;
use super::blob::Blob;
use super::config::Config;
use super::digest::verify;
use super::docker::is_named;
use super::error::ReadError;
use super::layer::Source;
use super::limits::Limits;
use super::progress::{Progress, Silent};
use super::store::{Store, json};

pub(super) const INDEX: &str = "index.json";
pub(super) const LAYOUT: &str = "oci-layout";
pub(super) const NAME: &str = "org.opencontainers.image.ref.name";
const CONTAINERD_NAME: &str = "io.containerd.image.name";
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const MAX_INDEXES: usize = 4;

/// What an image runs on, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    pub os: String,
    pub architecture: String,
    /// `v8` and the like; none means any.
    pub variant: Option<String>,
}

impl Default for Platform {
    /// Linux on the architecture of this program.
    fn default() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "x86" => "386",
            "aarch64" => "arm64",
            "powerpc64" => "ppc64le",
            "loongarch64" => "loong64",
            other => other,
        };
        Self {
            os: "linux".into(),
            architecture: architecture.into(),
            variant: None,
        }
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant
            .as_ref()
            .map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// What is no platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a platform such as `linux/amd64` or `linux/arm/v7`")]
pub struct PlatformError;

impl std::str::FromStr for Platform {
    type Err = PlatformError;

    /// `OS/ARCHITECTURE[/VARIANT]`; the architecture also as the kernel calls it.
    fn from_str(given: &str) -> Result<Self, PlatformError> {
        let mut parts = given.split('/');
        let (Some(os), Some(architecture), variant, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(PlatformError);
        };
        let plain =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if ![os, architecture]
            .into_iter()
            .chain(variant)
            .all(|part| plain(&part.replace(['_', '-'], "")))
        {
            return Err(PlatformError);
        }
        let architecture = match architecture {
            "x86_64" | "x86-64" => "amd64",
            "aarch64" => "arm64",
            "i386" | "i686" => "386",
            other => other,
        };
        let (os, architecture, variant) =
            (os.into(), architecture.into(), variant.map(str::to_owned));
        Ok(Self {
            os,
            architecture,
            variant,
        })
    }
}

impl Platform {
    /// The platform that a configuration tells.
    pub fn of_config(config: &Config) -> Self {
        let variant = config.variant().map(str::to_owned);
        Self {
            os: config.os().to_owned(),
            architecture: config.architecture().to_owned(),
            variant,
        }
    }

    /// The variant, where it is not the only one that there is.
    fn told_variant(&self) -> Option<&str> {
        self.variant
            .as_deref()
            .filter(|&variant| (self.architecture.as_str(), variant) != ("arm64", "v8"))
    }

    fn of(descriptor: &Descriptor) -> Option<Self> {
        let platform = descriptor.platform().as_ref()?;
        Some(Self {
            os: platform.os().to_string(),
            architecture: platform.architecture().to_string(),
            variant: platform.variant().clone(),
        })
    }

    /// Whether an image for the other platform is one for this; without a variant any is.
    pub fn suits(&self, other: &Self) -> bool {
        (&self.os, &self.architecture) == (&other.os, &other.architecture)
            && (self.told_variant().is_none() || self.told_variant() == other.told_variant())
    }
}

/// The configuration and the layers of one image of the layout.
pub(super) fn open(
    store: &Store,
    name: Option<&str>,
    platform: &Platform,
    limits: &Limits,
    progress: &dyn Progress,
) -> Result<(Config, Vec<Source>, Origin), ReadError> {
    let index: ImageIndex = store.json(INDEX, limits)?;
    let mut known_name = None;
    let named = choose_name(store, index.manifests(), name)?;
    let mut descriptor = choose_platform(store, named, platform)?;
    for _ in 0..MAX_INDEXES {
        known_name = known_name.or_else(|| full_name(&descriptor));
        let blob_name = descriptor.digest().to_string();
        store.fetch_manifest(&blob_name, limits)?;
        let blob = checked(store, &descriptor, INDEX)?;
        if !is_index(&descriptor, &blob, limits) {
            let (config, sources, annotations) =
                manifest(store, &blob_name, &blob, limits, progress)?;
            let name = known_name.or_else(|| store.image_name());
            return Ok((
                config,
                sources,
                Origin {
                    name,
                    digest: Some(blob_name),
                    annotations,
                },
            ));
        }
        let index: ImageIndex = json(&blob_name, &blob, limits)?;
        descriptor = choose_platform(store, index.manifests().iter().collect(), platform)?;
    }
    Err(ReadError::IndexDepth {
        blob: descriptor.digest().to_string(),
    })
}

type Annotations = BTreeMap<String, String>;

/// The platforms for which there are images, in their order, each once; none where the image does
/// not tell.
pub(super) fn platforms(
    store: &Store,
    name: Option<&str>,
    limits: &Limits,
) -> Result<Vec<Platform>, ReadError> {
    let index: ImageIndex = store.json(INDEX, limits)?;
    let mut open: Vec<(Descriptor, usize)> = choose_name(store, index.manifests(), name)?
        .into_iter()
        .rev()
        .map(|found| (found.clone(), 0))
        .collect();
    let mut found = Vec::new();
    while let Some((descriptor, depth)) = open.pop() {
        let digest = descriptor.digest().to_string();
        let platform = Platform::of(&descriptor);
        if platform
            .as_ref()
            .is_some_and(|platform| platform.os == "unknown")
        {
            continue;
        }
        if platform.is_none() {
            store.fetch_manifest(&digest, limits)?;
            let blob = checked(store, &descriptor, INDEX)?;
            if is_index(&descriptor, &blob, limits) {
                if depth >= MAX_INDEXES {
                    return Err(ReadError::IndexDepth { blob: digest });
                }
                let index: ImageIndex = json(&digest, &blob, limits)?;
                open.extend(
                    index
                        .manifests()
                        .iter()
                        .rev()
                        .map(|inner| (inner.clone(), depth + 1)),
                );
            }
        }
        found.extend(platform.filter(|platform| !found.contains(platform)));
    }
    Ok(found)
}

/// The index of a layout in which a manifest, or an index, is all there is.
pub(super) fn index_of(manifest: &[u8], digest: &str) -> String {
    let json: serde_json::Value = serde_json::from_slice(manifest).unwrap_or_default();
    let is_index = json.get("manifests").is_some();
    let usual = if is_index {
        MediaType::ImageIndex
    } else {
        MediaType::ImageManifest
    }
    .to_string();
    let media_type = json
        .get("mediaType")
        .and_then(serde_json::Value::as_str)
        .unwrap_or(&usual);
    let descriptor =
        serde_json::json!({"mediaType": media_type, "digest": digest, "size": manifest.len()});
    serde_json::json!({"schemaVersion": 2, "manifests": [descriptor]}).to_string()
}

fn manifest(
    store: &Store,
    name: &str,
    blob: &Blob,
    limits: &Limits,
    progress: &dyn Progress,
) -> Result<(Config, Vec<Source>, Annotations), ReadError> {
    let manifest: ImageManifest = json(name, blob, limits)?;
    let config_name = manifest.config().digest().to_string();
    let is_config = matches!(manifest.config().media_type(), MediaType::ImageConfig)
        || manifest.config().media_type().to_string()
            == "application/vnd.docker.container.image.v1+json";
    if !is_config {
        let reason = "its manifest describes some other artifact";
        return Err(ReadError::NotAnImage {
            path: store.path().to_owned(),
            reason,
        });
    }
    for layer in manifest.layers() {
        check_kind(layer)?;
    }
    let wanted = [manifest.config()].into_iter().chain(manifest.layers());
    let wanted: Vec<_> = wanted
        .map(|wanted| (wanted.digest().to_string(), wanted.size()))
        .collect();
    store.fetch_blobs(&wanted, limits, progress)?;
    let config = Config::new(json(
        &config_name,
        &checked(store, manifest.config(), name)?,
        limits,
    )?);
    let (layers, diff_ids) = (manifest.layers(), config.diff_ids());
    if layers.len() != diff_ids.len() {
        let blob = name.to_owned();
        return Err(ReadError::LayerCount {
            blob,
            layers: layers.len(),
            diff_ids: diff_ids.len(),
        });
    }
    let sources = layers
        .iter()
        .zip(diff_ids)
        .map(|(layer, diff_id)| source(store, layer, diff_id, name));
    let sources = sources.collect::<Result<_, _>>()?;
    let annotations = manifest.annotations().iter().flatten();
    Ok((
        config,
        sources,
        annotations
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    ))
}

fn source(
    store: &Store,
    layer: &Descriptor,
    diff_id: &str,
    manifest: &str,
) -> Result<Source, ReadError> {
    let (name, media_type) = (layer.digest().to_string(), layer.media_type().to_string());
    let blob = sized(store, layer, manifest)?;
    let digest = Some(layer.digest().clone());
    Ok(Source {
        name,
        blob,
        digest,
        diff_id: diff_id.to_owned(),
        media_type: Some(media_type),
    })
}

/// Whether it is a layer that can be read, and is where the image is.
fn check_kind(layer: &Descriptor) -> Result<(), ReadError> {
    let (name, media_type) = (layer.digest().to_string(), layer.media_type().to_string());
    if media_type.contains("nondistributable") || media_type.contains("foreign") {
        let urls = layer.urls().as_deref().unwrap_or_default().join(", ");
        let urls = if urls.is_empty() {
            "no place it tells".to_owned()
        } else {
            urls
        };
        return Err(ReadError::ForeignLayer { blob: name, urls });
    }
    let archive = media_type
        .strip_prefix("application/vnd.oci.image.layer.v1.tar")
        .or(media_type.strip_prefix("application/vnd.docker.image.rootfs.diff.tar"));
    if !matches!(archive, Some("" | "+gzip" | ".gzip" | "+zstd" | ".zstd")) {
        return Err(ReadError::UnknownLayer {
            blob: name,
            media_type,
        });
    }
    Ok(())
}

/// A blob of the size and the digest that its descriptor says.
fn checked(store: &Store, descriptor: &Descriptor, by: &str) -> Result<Blob, ReadError> {
    let blob = sized(store, descriptor, by)?;
    verify(
        descriptor.digest().as_ref(),
        &blob,
        descriptor.digest(),
        &Silent,
    )?;
    Ok(blob)
}

fn sized(store: &Store, descriptor: &Descriptor, by: &str) -> Result<Blob, ReadError> {
    let name = descriptor.digest().to_string();
    let blob = store.blob(&blob_path(descriptor.digest())?, by)?;
    if blob.size() == descriptor.size() {
        Ok(blob)
    } else {
        Err(ReadError::SizeMismatch {
            blob: name,
            said: descriptor.size(),
            is: blob.size(),
        })
    }
}

/// Where a layout keeps a blob. The digest is part of the path, so nothing but letters and digits
/// may be in it.
pub(super) fn blob_path(digest: &Digest) -> Result<String, ReadError> {
    let (algorithm, hash) = (digest.algorithm().to_string(), digest.digest());
    let plain =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain(&algorithm) && plain(hash) {
        return Ok(format!("blobs/{algorithm}/{hash}"));
    }
    Err(ReadError::UnknownDigest {
        blob: digest.to_string(),
        digest: digest.to_string(),
    })
}

fn is_index(descriptor: &Descriptor, blob: &Blob, limits: &Limits) -> bool {
    match descriptor.media_type() {
        MediaType::ImageIndex => true,
        MediaType::ImageManifest => false,
        other if other.to_string() == DOCKER_INDEX => true,
        other if other.to_string() == DOCKER_MANIFEST => false,
        _ => json::<serde_json::Value>("", blob, limits)
            .is_ok_and(|json| json.get("manifests").is_some()),
    }
}

fn names_of(descriptor: &Descriptor) -> impl Iterator<Item = &String> {
    let annotations = descriptor.annotations().as_ref();
    [NAME, CONTAINERD_NAME]
        .into_iter()
        .filter_map(move |key| annotations?.get(key))
}

/// The name by which others find an image: the one that containerd notes is whole.
fn full_name(descriptor: &Descriptor) -> Option<String> {
    let annotations = descriptor.annotations().as_ref()?;
    annotations
        .get(CONTAINERD_NAME)
        .or(annotations.get(NAME))
        .cloned()
}

/// The descriptors that a name means: its annotation, or its digest. All without a name.
fn choose_name<'a>(
    store: &Store,
    descriptors: &'a [Descriptor],
    name: Option<&str>,
) -> Result<Vec<&'a Descriptor>, ReadError> {
    let Some(name) = name else {
        return Ok(descriptors.iter().collect());
    };
    let exact = |descriptor: &&Descriptor| {
        descriptor.digest().to_string() == name || names_of(descriptor).any(|known| known == name)
    };
    let near = |descriptor: &&Descriptor| names_of(descriptor).any(|known| is_named(known, name));
    let mut chosen: Vec<_> = descriptors.iter().filter(exact).collect();
    if chosen.is_empty() {
        chosen = descriptors.iter().filter(near).collect();
    }
    if chosen.is_empty() {
        let names = descriptors.iter().flat_map(names_of).cloned().collect();
        return Err(ReadError::NoSuchImage {
            path: store.path().to_owned(),
            name: name.to_owned(),
            names,
        });
    }
    Ok(chosen)
}

/// The one descriptor for a platform; the only one there is does for any.
fn choose_platform(
    store: &Store,
    mut descriptors: Vec<&Descriptor>,
    wanted: &Platform,
) -> Result<Descriptor, ReadError> {
    // What `docker buildx` attests of an image stands beside it, for a platform that no machine
    // has.
    descriptors.retain(|descriptor| {
        Platform::of(descriptor).is_none_or(|platform| platform.os != "unknown")
    });
    let path = || store.path().to_owned();
    if let [only] = descriptors[..] {
        return Ok(only.clone());
    }
    let suiting =
        |descriptor: &&&Descriptor| Platform::of(descriptor).is_some_and(|is| wanted.suits(&is));
    let suiting: Vec<_> = descriptors.iter().filter(suiting).collect();
    let names = || {
        descriptors
            .iter()
            .flat_map(|descriptor| names_of(descriptor))
            .cloned()
            .collect()
    };
    match suiting[..] {
        [] if descriptors.is_empty() => Err(ReadError::NotAnImage {
            path: path(),
            reason: "its index is empty",
        }),
        [] if descriptors
            .iter()
            .all(|descriptor| descriptor.platform().is_none()) =>
        {
            Err(ReadError::Ambiguous {
                path: path(),
                names: names(),
            })
        }
        [] => {
            let platforms = descriptors
                .iter()
                .filter_map(|descriptor| Platform::of(descriptor));
            let platforms = platforms.map(|platform| platform.to_string()).collect();
            Err(ReadError::NoPlatform {
                path: path(),
                wanted: wanted.to_string(),
                platforms,
            })
        }
        [first, ref rest @ ..] => {
            if rest.iter().all(|other| names_of(other).eq(names_of(first))) {
                Ok((*first).clone())
            } else {
                Err(ReadError::Ambiguous {
                    path: path(),
                    names: names(),
                })
            }
        }
    }
}
