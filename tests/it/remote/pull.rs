//! Pulls images from a registry that is slow, broken or malicious.

use jettison::image::{Connection, Image, Options, Platform, ReadError, Silent, TransferError};
use serde_json::json;

use super::registry::{FakeRegistry, digest};
use crate::builders::images::{self, Directory, Tar, everything, gzip};

fn pull(reference: &str) -> Result<Image, ReadError> {
    pull_for(reference, Platform::default())
}

fn pull_for(reference: &str, platform: Platform) -> Result<Image, ReadError> {
    let options = Options {
        connection: Connection::Plain,
        platform,
        ..Options::default()
    };
    Image::open(&reference.parse().unwrap(), &options, &Silent)
}

/// Bytes that do not compress.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Uncompressed layers.
fn layers() -> Vec<Vec<u8>> {
    let layer = |seed, name: &str| {
        Tar::new()
            .directory("d")
            .file(name, &noise(seed, 300_000))
            .end()
    };
    vec![
        layer(1, "d/a"),
        layer(2, "d/b"),
        Tar::new().end(),
        Tar::new().end(),
    ]
}

/// A registry with an image of these layers, and what is in it.
fn registry() -> (FakeRegistry, Vec<String>) {
    let registry = FakeRegistry::new();
    let layers = layers();
    let stored: Vec<_> = layers.iter().map(|layer| gzip(layer)).collect();
    registry.add("1", &images::config(&layers), &stored);
    let directory = Directory::new();
    let archive = images::docker_archive(&layers, &images::config(&layers), &[]);
    let path = directory.file("x.tar", &archive);
    (
        registry,
        everything(&images::open(path.to_str().unwrap()).unwrap()),
    )
}

#[test]
fn a_pulled_image_equals_its_archive_and_each_blob_is_fetched_once() {
    let (registry, expected) = registry();
    let image = pull(&registry.reference("1")).unwrap();
    assert_eq!(everything(&image), expected);
    assert_eq!(
        (image.config.entrypoint(), image.layers.len()),
        (vec!["/app"], 4)
    );
    // Two layers with content, the empty one that is there twice, and the configuration.
    assert_eq!(registry.count("/blobs/"), 4);
}

#[test]
fn a_broken_download_is_resumed() {
    let (registry, expected) = registry();
    registry.state().cut = Some(100_000);
    assert_eq!(
        everything(&pull(&registry.reference("1")).unwrap()),
        expected
    );
    assert_eq!(registry.count("bytes=100000-"), 2);
    assert_eq!(registry.count("bytes=200000-"), 2);
}

#[test]
fn without_range_support_a_broken_download_restarts() {
    let (registry, expected) = registry();
    registry.state().knows_ranges = false;
    registry.state().cut = Some(100_000);
    registry.state().cuts_left = Some(3);
    assert_eq!(
        everything(&pull(&registry.reference("1")).unwrap()),
        expected
    );
}

#[test]
fn a_pull_is_retried_when_the_registry_is_busy() {
    let (registry, expected) = registry();
    registry.state().busy = 2;
    assert_eq!(
        everything(&pull(&registry.reference("1")).unwrap()),
        expected
    );
}

#[test]
fn a_blob_that_never_arrives_is_an_error_that_names_the_registry() {
    let (registry, _) = registry();
    registry.state().cut = Some(0);
    let error = pull(&registry.reference("1")).unwrap_err();
    assert!(
        matches!(error, ReadError::Transfer(TransferError::Registry { .. })),
        "{error:?}"
    );
    assert!(error.to_string().contains(&registry.address), "{error}");
}

#[test]
fn a_blob_with_the_wrong_digest_is_refused() {
    let (registry, _) = registry();
    for blob in registry.state().blobs.values_mut() {
        *blob.last_mut().unwrap() ^= 1;
    }
    let error = pull(&registry.reference("1")).unwrap_err();
    let text = anyhow::Error::new(error)
        .chain()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ");
    assert!(text.to_lowercase().contains("digest"), "{text}");
}

#[test]
fn a_resumed_blob_with_the_wrong_digest_is_refused() {
    let (registry, _) = registry();
    registry.state().cut = Some(100_000);
    for blob in registry
        .state()
        .blobs
        .values_mut()
        .filter(|blob| blob.len() > 100_000)
    {
        *blob.last_mut().unwrap() ^= 1;
    }
    let error = pull(&registry.reference("1")).unwrap_err();
    assert!(
        matches!(error, ReadError::DigestMismatch { .. }),
        "{error:?}"
    );
}

#[test]
fn an_endless_blob_is_cut_off_at_its_descriptor_size() {
    let (registry, _) = registry();
    for blob in registry.state().blobs.values_mut() {
        blob.resize(blob.len() + 5_000_000, 0);
    }
    let error = pull(&registry.reference("1")).unwrap_err();
    assert!(
        matches!(error, ReadError::Transfer(TransferError::TooLong { .. })),
        "{error:?}"
    );
}

#[test]
fn an_image_requested_by_digest_must_match_it() {
    let (registry, expected) = registry();
    let digest = digest(&registry.state().manifests["1"].1);
    let reference = format!("docker://{}/team/app@{digest}", registry.address);
    assert_eq!(everything(&pull(&reference).unwrap()), expected);
    let (media_type, other) = registry.state().manifests["1"].clone();
    let other = String::from_utf8(other)
        .unwrap()
        .replace("schemaVersion", " schemaVersion");
    registry
        .state()
        .manifests
        .insert(digest, (media_type, other.into_bytes()));
    assert!(pull(&reference).is_err());
}

#[test]
fn only_the_image_for_the_platform_is_fetched_from_an_index() {
    let registry = FakeRegistry::new();
    let mut entries = Vec::new();
    for (architecture, variant) in [
        ("amd64", None),
        ("arm", Some("v6")),
        ("arm", Some("v7")),
        ("arm64", Some("v8")),
    ] {
        let layer = Tar::new()
            .file(
                "which",
                format!("{architecture}{}", variant.unwrap_or("")).as_bytes(),
            )
            .end();
        let mut config = images::config(std::slice::from_ref(&layer));
        config["architecture"] = architecture.into();
        let digest = registry.add(architecture, &config, &[gzip(&layer)]);
        let size = registry.state().manifests[&digest].1.len();
        let mut platform = json!({"os": "linux", "architecture": architecture});
        if let Some(variant) = variant {
            platform["variant"] = variant.into();
        }
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        entries.push(
            json!({"mediaType": media_type, "digest": digest, "size": size, "platform": platform}),
        );
    }
    let media_type = "application/vnd.oci.image.index.v1+json";
    let index =
        json!({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}).to_string();
    registry.state().put(media_type, "all", index.into_bytes());
    let reference = registry.reference("all");
    for (platform, which) in [
        ("linux/amd64", "amd64"),
        ("linux/arm/v7", "armv7"),
        ("linux/arm64", "arm64v8"),
        ("linux/aarch64/v8", "arm64v8"),
    ] {
        registry.state().asked.clear();
        let image = pull_for(&reference, platform.parse().unwrap()).unwrap();
        assert_eq!(
            images::read(&image, "/which"),
            which.as_bytes(),
            "{platform}"
        );
        assert_eq!(registry.count("/blobs/"), 2);
    }
    let error = pull_for(&reference, "linux/s390x".parse().unwrap()).unwrap_err();
    assert!(matches!(error, ReadError::NoPlatform { .. }), "{error}");
}

#[test]
fn a_foreign_layer_is_refused_before_anything_is_fetched() {
    let (registry, _) = registry();
    let (media_type, manifest) = registry.state().manifests["1"].clone();
    let foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    let manifest = String::from_utf8(manifest)
        .unwrap()
        .replace("application/vnd.oci.image.layer.v1.tar+gzip", foreign);
    registry
        .state()
        .put(&media_type, "1", manifest.into_bytes());
    let error = pull(&registry.reference("1")).unwrap_err();
    assert!(matches!(error, ReadError::ForeignLayer { .. }), "{error}");
    assert_eq!(registry.count("/blobs/"), 0);
}

#[test]
fn the_error_message_of_a_registry_is_shown() {
    let (registry, _) = registry();
    let error = pull(&registry.reference("no")).unwrap_err().to_string();
    assert!(
        error.ends_with("/team/app:no`: the registry reports: nothing here"),
        "{error}"
    );
}
