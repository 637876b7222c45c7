//! An OCI image layout, in a directory or an archive: an index of manifests, and blobs named after
//! their digests.

mod attestations;
mod documents;
mod target;

use std::collections::{BTreeMap, HashSet};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use oci_spec::image::{Descriptor, Digest, ImageIndex, ImageManifest, MediaType};
use serde_json::{Value, json};

use crate::image::Origin;
use crate::image::blob::Blob;
use crate::image::config::Config;
use crate::image::digest::verify;
use crate::image::error::ReadError;
use crate::image::json;
use crate::image::layer::Source;
use crate::image::limits::Limits;
use crate::image::progress::{Progress, Silent};
use crate::image::store::Store;
use crate::image::transport::docker_archive::is_named;
use crate::printable::escape;

pub(in crate::image) use attestations::attestations;
pub(in crate::image) use documents::{
    add_documents, add_index, add_manifest, descriptor, new_blob_path, to_value,
};
pub(in crate::image) use target::{Member, Target};

pub(super) use documents::hash;

pub(in crate::image) const INDEX: &str = "index.json";
pub(in crate::image) const LAYOUT: &str = "oci-layout";
const LAYOUT_VERSION: &str = "1.0.0";
pub(in crate::image) const NAME: &str = "org.opencontainers.image.ref.name";
const CONTAINERD_NAME: &str = "io.containerd.image.name";
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Maximum number of indexes between `index.json` and a manifest; builders write one.
const MAX_INDEXES: usize = 4;
/// Maximum number of indexes and manifests that are read to find the images of an index. For a
/// registry, each requires a request.
const MAX_DOCUMENTS: usize = 500;

/// The platform of an image, with Go's names for systems and architectures.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Platform {
    pub os: String,
    pub architecture: String,
    /// The variant, such as `v8`; `None` means any.
    pub variant: Option<String>,
}

impl Default for Platform {
    /// Linux on the architecture of this program.
    fn default() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "x86" => "386",
            "aarch64" => "arm64",
            // Rust has one name for both byte orders; Linux images only exist for little-endian.
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
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// The error for text that is not a platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a platform such as `linux/amd64` or `linux/arm/v7`")]
pub struct PlatformError;

impl std::str::FromStr for Platform {
    type Err = PlatformError;

    /// Parses `OS/ARCHITECTURE[/VARIANT]`. The architecture may also be given by its kernel name.
    fn from_str(given: &str) -> Result<Self, PlatformError> {
        let mut parts = given.split('/');
        let (Some(os), Some(architecture), variant, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(PlatformError);
        };
        for part in [os, architecture].into_iter().chain(variant) {
            // `x86_64` and `x86-64` are names too.
            if !is_plain(&part.replace(['_', '-'], "")) {
                return Err(PlatformError);
            }
        }
        Ok(Self {
            os: os.into(),
            architecture: usual_architecture(architecture).into(),
            variant: variant.map(str::to_owned),
        })
    }
}

/// Whether a part of a platform or a digest consists of letters and digits.
fn is_plain(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Go's name of an architecture, which may be given by its kernel name.
fn usual_architecture(name: &str) -> &str {
    match name {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        "i386" | "i686" => "386",
        other => other,
    }
}

impl Platform {
    /// The platform that a configuration states.
    pub fn of_config(config: &Config) -> Self {
        let variant = config.variant().map(str::to_owned);
        Self {
            os: config.os().to_owned(),
            architecture: config.architecture().to_owned(),
            variant,
        }
    }

    /// The variant, if it is significant: `arm64/v8` means the same as `arm64`, and builders write
    /// either.
    fn distinct_variant(&self) -> Option<&str> {
        match self.variant.as_deref() {
            Some("v8") if self.architecture == "arm64" => None,
            variant => variant,
        }
    }

    fn of(descriptor: &Descriptor) -> Option<Self> {
        let platform = descriptor.platform().as_ref()?;
        Some(Self {
            os: platform.os().to_string(),
            architecture: platform.architecture().to_string(),
            variant: platform.variant().clone(),
        })
    }

    /// The same platform with Go's names, as normalized by containerd.
    fn usual(&self) -> Self {
        let os = self.os.to_ascii_lowercase();
        let architecture = self.architecture.to_ascii_lowercase();
        Self {
            os,
            architecture: usual_architecture(&architecture).to_owned(),
            variant: self.variant.clone(),
        }
    }

    /// The distance between a suitable image's platform and this one; smaller is better. Without a
    /// variant, the usual one of the architecture is preferred, as in container engines.
    fn rank(&self, other: &Self) -> usize {
        // containerd runs an image for an older ARM on a newer one, and prefers the newest.
        let usual: &[&str] = match self.architecture.as_str() {
            "arm" => &["v7", "v6", "v5"],
            "amd64" => &["v1"],
            _ => &[],
        };
        match other.distinct_variant() {
            variant if variant == self.distinct_variant() => 0,
            Some(variant) => {
                let place = usual.iter().position(|known| *known == variant);
                1 + place.unwrap_or(usual.len())
            }
            None => 1,
        }
    }

    /// Whether an image for the other platform is suitable for this one; without a variant, any is.
    pub fn suits(&self, other: &Self) -> bool {
        (&self.os, &self.architecture) == (&other.os, &other.architecture)
            && (self.distinct_variant().is_none()
                || self.distinct_variant() == other.distinct_variant())
    }
}

/// Finds one image of the layout. Returns its configuration, its layers and its origin.
pub(in crate::image) fn open(
    store: &Store,
    name: Option<&str>,
    platform: &Platform,
    limits: &Limits,
    progress: &dyn Progress,
) -> Result<(Config, Vec<Source>, Origin), ReadError> {
    let index = top_index(store, limits)?;
    let mut known_name = None;
    let named = choose_name(store, index.manifests(), name)?;
    let mut descriptor = choose_platform(store, named, platform)?;
    // `index.json` may list another index, as written by `docker buildx`, and an attacker may nest
    // them deeply.
    for _ in 0..MAX_INDEXES {
        known_name = known_name.or_else(|| full_name(&descriptor));
        let blob_name = descriptor.digest().to_string();
        match document(store, &descriptor, limits)? {
            Document::Index(index) => {
                let listed = index.manifests().iter().collect();
                descriptor = choose_platform(store, listed, platform)?;
            }
            Document::Manifest(found) => {
                let (config, sources, annotations) =
                    manifest(store, &blob_name, &found, limits, progress)?;
                let origin = Origin {
                    name: known_name.or_else(|| store.image_name()),
                    digest: Some(blob_name),
                    config_digest: Some(found.config().digest().to_string()),
                    annotations,
                };
                return Ok((config, sources, origin));
            }
        }
    }
    Err(ReadError::IndexDepth {
        blob: descriptor.digest().to_string(),
    })
}

/// Reads `index.json` and checks the version of the layout.
fn top_index(store: &Store, limits: &Limits) -> Result<ImageIndex, ReadError> {
    // An image from a registry has no such file.
    if store.has(LAYOUT) {
        let layout: Layout = store.json(LAYOUT, &json::LAYOUT, limits)?;
        if layout.image_layout_version != LAYOUT_VERSION {
            let version = escape(&layout.image_layout_version);
            let reason = format!("layout version `{version}` is not `{LAYOUT_VERSION}`");
            return Err(contradiction(LAYOUT, reason));
        }
    }
    let index: ImageIndex = store.json(INDEX, &json::INDEX, limits)?;
    check_version(INDEX, index.schema_version())?;
    // The type is optional here, and old writers left it out.
    if let Some(media_type) = index.media_type()
        && DocumentKind::of(media_type) != Some(DocumentKind::Index)
    {
        let reason = format!("its media type is `{}`", escape(media_type.as_ref()));
        return Err(contradiction(INDEX, reason));
    }
    Ok(index)
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layout {
    image_layout_version: String,
}

/// The document that a descriptor of an index refers to.
enum Document {
    Index(Box<ImageIndex>),
    Manifest(Box<ImageManifest>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DocumentKind {
    Index,
    Manifest,
}

impl DocumentKind {
    /// The kind of document for a media type; `None` for artifacts that are not images.
    fn of(media_type: &MediaType) -> Option<Self> {
        match media_type {
            MediaType::ImageIndex => Some(Self::Index),
            MediaType::ImageManifest => Some(Self::Manifest),
            other => match other.to_string().as_str() {
                DOCKER_INDEX => Some(Self::Index),
                DOCKER_MANIFEST => Some(Self::Manifest),
                _ => None,
            },
        }
    }
}

/// Reads an index or a manifest, whose media type must match its descriptor, because readers differ
/// in which of the two they trust.
fn document(
    store: &Store,
    descriptor: &Descriptor,
    limits: &Limits,
) -> Result<Document, ReadError> {
    let name = descriptor.digest().to_string();
    let Some(kind) = DocumentKind::of(descriptor.media_type()) else {
        return Err(ReadError::UnknownDocument {
            blob: name,
            media_type: descriptor.media_type().to_string(),
        });
    };
    store.fetch_manifest(&name, limits)?;
    let blob = checked(store, descriptor, INDEX)?;
    let (document, version, media_type) = match kind {
        DocumentKind::Index => {
            let index: ImageIndex = store.document(&name, &blob, &json::INDEX, limits)?;
            let (version, media_type) = (index.schema_version(), index.media_type().clone());
            (Document::Index(Box::new(index)), version, media_type)
        }
        DocumentKind::Manifest => {
            let manifest: ImageManifest = store.document(&name, &blob, &json::MANIFEST, limits)?;
            let (version, media_type) = (manifest.schema_version(), manifest.media_type().clone());
            (Document::Manifest(Box::new(manifest)), version, media_type)
        }
    };
    check_version(&name, version)?;
    // A document that one reader reads as an index and another as a manifest would be two images.
    if let Some(media_type) = media_type
        && media_type != *descriptor.media_type()
    {
        let reason = format!(
            "its media type is `{}`, but its descriptor says `{}`",
            escape(media_type.as_ref()),
            descriptor.media_type()
        );
        return Err(contradiction(&name, reason));
    }
    Ok(document)
}

/// Refuses documents of version 1, which is Docker's oldest format, and of future versions.
fn check_version(name: &str, version: u32) -> Result<(), ReadError> {
    if version == 2 {
        return Ok(());
    }
    Err(contradiction(
        name,
        format!("its `schemaVersion` is {version}, not 2"),
    ))
}

fn contradiction(blob: &str, reason: String) -> ReadError {
    ReadError::Contradiction {
        blob: blob.to_owned(),
        reason,
    }
}

type Annotations = BTreeMap<String, String>;

/// The platforms for which there are images, in the order of the index, each once. Images that
/// state no platform are left out.
pub(in crate::image) fn platforms(
    store: &Store,
    name: Option<&str>,
    limits: &Limits,
) -> Result<Vec<Platform>, ReadError> {
    let index = top_index(store, limits)?;
    // A stack of descriptors and their depth, the next one last.
    let mut open: Vec<(Descriptor, usize)> = choose_name(store, index.manifests(), name)?
        .into_iter()
        .rev()
        .map(|found| (found.clone(), 0))
        .collect();
    let (mut found, mut known, mut seen) = (Vec::new(), HashSet::new(), HashSet::new());
    while let Some((descriptor, depth)) = open.pop() {
        match Platform::of(&descriptor) {
            // `docker buildx` lists its attestations as images for this platform.
            Some(platform) if platform.os == "unknown" => {}
            Some(platform) => {
                if known.insert(platform.clone()) {
                    found.push(platform);
                }
                if found.len() > limits.platforms {
                    return Err(ReadError::Limit {
                        blob: INDEX.to_owned(),
                        what: "platforms",
                        limit: limits.platforms as u64,
                        flag: None,
                    });
                }
            }
            // Indexes that list each other would be read repeatedly.
            None if !seen.insert(descriptor.digest().clone()) => {}
            None if seen.len() > MAX_DOCUMENTS => return Err(too_many_documents()),
            None => {
                let Document::Index(index) = document(store, &descriptor, limits)? else {
                    continue;
                };
                if depth >= MAX_INDEXES {
                    let blob = descriptor.digest().to_string();
                    return Err(ReadError::IndexDepth { blob });
                }
                let listed = index.manifests().iter().rev();
                open.extend(listed.map(|inner| (inner.clone(), depth + 1)));
            }
        }
    }
    Ok(found)
}

/// The `index.json` of a layout whose only image is a manifest or an index from a registry, of the
/// type that the registry stated.
pub(in crate::image) fn index_of(
    document: &[u8],
    digest: &str,
    content_type: Option<&str>,
) -> Result<String, ReadError> {
    let value = json::parse(document, &json::ANYTHING).map_err(ReadError::json(digest))?;
    // Static file servers send everything as `text/plain` or `application/octet-stream`, so only a
    // type of the specifications counts. Whether the document agrees is checked when it is read.
    let stated = content_type.map(|stated| stated.split(';').next().unwrap_or(stated).trim());
    let stated = match stated.map(MediaType::from) {
        Some(media_type) if DocumentKind::of(&media_type).is_some() => Some(media_type),
        // Others would read it as another kind of document, such as a manifest of schema 1.
        Some(media_type) if media_type.to_string().starts_with("application/vnd.") => {
            return Err(ReadError::Contradiction {
                blob: digest.to_owned(),
                reason: format!(
                    "the registry serves it as `{}`",
                    escape(media_type.as_ref())
                ),
            });
        }
        _ => None,
    };
    let media_type = match (stated, value.get("mediaType").and_then(Value::as_str)) {
        (Some(stated), _) => stated,
        (None, Some(own)) => MediaType::from(own),
        // The specification makes the type optional, but the keys of the two kinds differ.
        (None, None) if value.get("manifests").is_some() => MediaType::ImageIndex,
        (None, None) => MediaType::ImageManifest,
    };
    let descriptor = json!({"mediaType": media_type, "digest": digest, "size": document.len()});
    Ok(json!({"schemaVersion": 2, "manifests": [descriptor]}).to_string())
}

/// Checks that `manifest.json` and `index.json` name the same image.
///
/// Docker has written both into its archives since version 25. With containerd's image store it
/// reads the index, without it the list, and skopeo either.
pub(in crate::image) fn check_agreement(
    store: &Store,
    tags: &[String],
    config: &str,
    platform: &Platform,
    limits: &Limits,
) -> Result<(), ReadError> {
    let index = top_index(store, limits)?;
    let mut is_listed = false;
    for descriptor in index.manifests() {
        let found = configs(store, descriptor, platform, limits)?;
        is_listed |= found.iter().any(|found| found == config);
        let mut names = names_of(descriptor);
        let is_named = names.any(|name| tags.iter().any(|tag| is_named(name, tag)));
        // A name must not refer to different images in the two documents.
        if is_named && found.iter().any(|found| found != config) {
            return Err(disagreement());
        }
    }
    if is_listed {
        Ok(())
    } else {
        Err(disagreement())
    }
}

fn disagreement() -> ReadError {
    let reason = "`manifest.json` names a different image".to_owned();
    contradiction(INDEX, reason)
}

/// The digests of the configurations that are reachable from a descriptor, for one platform and if
/// their manifests are in the archive, which may contain only some images of an index.
fn configs(
    store: &Store,
    descriptor: &Descriptor,
    platform: &Platform,
    limits: &Limits,
) -> Result<Vec<String>, ReadError> {
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    let mut open = vec![(descriptor.clone(), 0)];
    while let Some((descriptor, depth)) = open.pop() {
        // Docker saves the image of one platform, but an index that lists all platforms.
        let is_other =
            Platform::of(&descriptor).is_some_and(|other| !platform.suits(&other.usual()));
        let is_there = DocumentKind::of(descriptor.media_type()).is_some()
            && store.has(&blob_path(descriptor.digest())?);
        if is_other || !is_there || !seen.insert(descriptor.digest().clone()) {
            continue;
        }
        if depth > MAX_INDEXES {
            let blob = descriptor.digest().to_string();
            return Err(ReadError::IndexDepth { blob });
        }
        if seen.len() > MAX_DOCUMENTS {
            return Err(too_many_documents());
        }
        match document(store, &descriptor, limits)? {
            Document::Manifest(manifest) => found.push(manifest.config().digest().to_string()),
            Document::Index(index) => {
                let listed = index.manifests().iter();
                open.extend(listed.map(|inner| (inner.clone(), depth + 1)));
            }
        }
    }
    Ok(found)
}

fn too_many_documents() -> ReadError {
    ReadError::Limit {
        blob: INDEX.to_owned(),
        what: "indexes and manifests",
        limit: MAX_DOCUMENTS as u64,
        flag: None,
    }
}

fn manifest(
    store: &Store,
    name: &str,
    manifest: &ImageManifest,
    limits: &Limits,
    progress: &dyn Progress,
) -> Result<(Config, Vec<Source>, Annotations), ReadError> {
    let config_name = manifest.config().digest().to_string();
    // Helm charts, signatures and other artifacts have manifests too, with other media types here.
    let is_config = matches!(manifest.config().media_type(), MediaType::ImageConfig)
        || manifest.config().media_type().to_string()
            == "application/vnd.docker.container.image.v1+json";
    if !is_config {
        let reason = "its manifest describes a different kind of artifact";
        return Err(ReadError::NotAnImage {
            path: store.path().to_owned(),
            reason,
        });
    }
    // This happens before anything is fetched, so that an image with a layer that cannot be read is
    // refused immediately.
    for layer in manifest.layers() {
        check_kind(layer)?;
    }
    // It is fetched before it is parsed, so its size is already checked here.
    if manifest.config().size() > limits.json {
        return Err(ReadError::Limit {
            blob: config_name,
            what: "bytes",
            limit: limits.json,
            flag: None,
        });
    }
    let wanted = [manifest.config()].into_iter().chain(manifest.layers());
    let wanted: Vec<_> = wanted
        .map(|wanted| (wanted.digest().to_string(), wanted.size()))
        .collect();
    store.fetch_blobs(&wanted, limits, progress)?;
    let config = checked(store, manifest.config(), name)?;
    let config = Config::read(store, &config_name, &config, limits)?;
    let (layers, diff_ids) = (manifest.layers(), config.diff_ids());
    // The two lists correspond by position, so a difference would pair layers with wrong diff ids.
    if layers.len() != diff_ids.len() {
        let blob = name.to_owned();
        return Err(ReadError::LayerCount {
            blob,
            layers: layers.len(),
            diff_ids: diff_ids.len(),
        });
    }
    let mut sources = Vec::with_capacity(layers.len());
    for (layer, diff_id) in layers.iter().zip(diff_ids) {
        sources.push(source(store, layer, diff_id, name)?);
    }
    let mut annotations = Annotations::new();
    for (key, value) in manifest.annotations().iter().flatten() {
        annotations.insert(key.clone(), value.clone());
    }
    Ok((config, sources, annotations))
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

/// Refuses layers of unknown types and foreign layers, whose content is not part of the image.
fn check_kind(layer: &Descriptor) -> Result<(), ReadError> {
    let (name, media_type) = (layer.digest().to_string(), layer.media_type().to_string());
    // Windows base layers are not distributed with the image, and jettison fetches nothing from
    // URLs in an image.
    if media_type.contains("nondistributable") || media_type.contains("foreign") {
        let urls = layer.urls().as_deref().unwrap_or_default().join(", ");
        let urls = if urls.is_empty() {
            "an unknown location".to_owned()
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

/// A blob, checked for the size and the digest in its descriptor.
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
    if blob.size() != descriptor.size() {
        return Err(ReadError::SizeMismatch {
            blob: name,
            said: descriptor.size(),
            is: blob.size(),
        });
    }
    check_data(&name, descriptor)?;
    Ok(blob)
}

/// Refuses a descriptor whose embedded content differs from the blob, because some readers use it
/// in place of the blob.
fn check_data(name: &str, descriptor: &Descriptor) -> Result<(), ReadError> {
    let Some(data) = descriptor.data() else {
        return Ok(());
    };
    let is_same = match BASE64_STANDARD.decode(data) {
        Ok(data) => {
            let embedded = Blob::of(&data, name)?;
            verify(name, &embedded, descriptor.digest(), &Silent).is_ok()
        }
        Err(_) => false,
    };
    if is_same {
        Ok(())
    } else {
        let reason = "it differs from the `data` in its descriptor".to_owned();
        Err(contradiction(name, reason))
    }
}

/// The path of a blob in a layout. The digest is part of the path, so it must have letters and
/// digits only.
pub(in crate::image) fn blob_path(digest: &Digest) -> Result<String, ReadError> {
    let (algorithm, hash) = (digest.algorithm().to_string(), digest.digest());
    if is_plain(&algorithm) && is_plain(hash) {
        return Ok(format!("blobs/{algorithm}/{hash}"));
    }
    Err(ReadError::UnknownDigest {
        blob: digest.to_string(),
        digest: digest.to_string(),
    })
}

/// The names of an image in its annotations.
fn names_of(descriptor: &Descriptor) -> impl Iterator<Item = &String> {
    let annotations = descriptor.annotations().as_ref();
    [NAME, CONTAINERD_NAME]
        .into_iter()
        .filter_map(move |key| annotations?.get(key))
}

/// The full name of an image. containerd's annotation includes the registry; the OCI annotation may
/// be only a tag.
fn full_name(descriptor: &Descriptor) -> Option<String> {
    let annotations = descriptor.annotations().as_ref()?;
    annotations
        .get(CONTAINERD_NAME)
        .or(annotations.get(NAME))
        .cloned()
}

/// The descriptors that a name refers to, by annotation or digest; all of them without a name.
fn choose_name<'a>(
    store: &Store,
    descriptors: &'a [Descriptor],
    name: Option<&str>,
) -> Result<Vec<&'a Descriptor>, ReadError> {
    let Some(name) = name else {
        return Ok(descriptors.iter().collect());
    };
    let mut chosen = Vec::new();
    for descriptor in descriptors {
        if descriptor.digest().to_string() == name
            || names_of(descriptor).any(|known| known == name)
        {
            chosen.push(descriptor);
        }
    }
    // A short name is only considered if no image has exactly this name.
    if chosen.is_empty() {
        for descriptor in descriptors {
            if names_of(descriptor).any(|known| is_named(known, name)) {
                chosen.push(descriptor);
            }
        }
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

/// The only descriptor for a platform. A single descriptor is chosen regardless of its platform.
fn choose_platform(
    store: &Store,
    mut descriptors: Vec<&Descriptor>,
    wanted: &Platform,
) -> Result<Descriptor, ReadError> {
    // `docker buildx` lists the attestations of an image next to it, with the platform
    // `unknown/unknown`.
    descriptors.retain(|descriptor| {
        Platform::of(descriptor).is_none_or(|platform| platform.os != "unknown")
    });
    if let [only] = descriptors[..] {
        return Ok(only.clone());
    }
    let mut suiting = Vec::new();
    for &descriptor in &descriptors {
        let Some(platform) = Platform::of(descriptor) else {
            continue;
        };
        // containerd also chooses an image for `x86_64` or `AMD64`, skopeo does not, so they would
        // select different images.
        let usual = platform.usual();
        if usual != platform && wanted.suits(&usual) {
            return Err(contradiction(
                &store.path().display().to_string(),
                format!(
                    "its index spells `{usual}` as `{}`",
                    escape(&platform.to_string())
                ),
            ));
        }
        if wanted.suits(&platform) {
            suiting.push((wanted.rank(&platform), descriptor));
        }
    }
    // The first of the best matches, as in every engine.
    let Some(&(_, best)) = suiting.iter().min_by_key(|(rank, _)| *rank) else {
        return Err(no_platform(store, &descriptors, wanted));
    };
    // Images with different names are different images, not variants of one.
    for (_, other) in &suiting {
        if names_of(other).ne(names_of(best)) {
            return Err(ambiguous(store, &descriptors));
        }
    }
    Ok(best.clone())
}

fn ambiguous(store: &Store, descriptors: &[&Descriptor]) -> ReadError {
    let names = descriptors
        .iter()
        .flat_map(|descriptor| names_of(descriptor));
    ReadError::Ambiguous {
        path: store.path().to_owned(),
        names: names.cloned().collect(),
    }
}

fn no_platform(store: &Store, descriptors: &[&Descriptor], wanted: &Platform) -> ReadError {
    if descriptors.is_empty() {
        return ReadError::NotAnImage {
            path: store.path().to_owned(),
            reason: "its index is empty",
        };
    }
    let platforms: Vec<String> = descriptors
        .iter()
        .filter_map(|descriptor| Some(Platform::of(descriptor)?.to_string()))
        .collect();
    if platforms.is_empty() {
        return ambiguous(store, descriptors);
    }
    ReadError::NoPlatform {
        path: store.path().to_owned(),
        wanted: wanted.to_string(),
        platforms,
    }
}
