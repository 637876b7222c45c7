//! Images in all supported formats.

use jettison::image::{Compression, Image, Options, Platform, ReadError, Silent};
use serde_json::{Value, json};

use crate::builders::images::{
    Directory, Tar, config, docker_archive, gzip, listing, open, open_with, sha256, zstd,
};

fn layers() -> Vec<Vec<u8>> {
    vec![
        Tar::new().file("a", b"1").file("b", b"1").end(),
        Tar::new().file("a", b"2").file(".wh.b", b"").end(),
    ]
}

/// The files of an OCI layout of one image, each a name and its bytes.
struct Layout {
    files: Vec<(String, Vec<u8>)>,
}

impl Layout {
    fn blob(&mut self, media_type: &str, bytes: &[u8]) -> Value {
        let hash = sha256(bytes);
        self.files
            .push((format!("blobs/sha256/{hash}"), bytes.to_vec()));
        json!({"mediaType": media_type, "digest": format!("sha256:{hash}"), "size": bytes.len()})
    }

    fn image(&mut self, plain: &[Vec<u8>], stored: &[Vec<u8>], layer_type: &str) -> Value {
        let config = config(plain).to_string();
        let config = self.blob(
            "application/vnd.oci.image.config.v1+json",
            config.as_bytes(),
        );
        let layers: Vec<Value> = stored
            .iter()
            .map(|layer| self.blob(layer_type, layer))
            .collect();
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
        self.blob(MANIFEST, manifest.to_string().as_bytes())
    }

    fn index(&mut self, manifests: &[Value]) {
        let index = json!({"schemaVersion": 2, "manifests": manifests});
        self.files
            .push(("index.json".into(), index.to_string().into_bytes()));
        self.files.push((
            "oci-layout".into(),
            br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec(),
        ));
    }

    fn directory(&self) -> Directory {
        let directory = Directory::new();
        for (name, bytes) in &self.files {
            directory.file(name, bytes);
        }
        directory
    }

    fn archive(&self) -> Vec<u8> {
        self.files
            .iter()
            .fold(Tar::new(), |tar, (name, bytes)| tar.file(name, bytes))
            .end()
    }
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI: &str = "application/vnd.oci.image.layer.v1.tar";
const DOCKER: &str = "application/vnd.docker.image.rootfs.diff.tar";

fn layout(plain: &[Vec<u8>], stored: &[Vec<u8>], layer_type: &str) -> Layout {
    let mut layout = Layout { files: Vec::new() };
    let manifest = layout.image(plain, stored, layer_type);
    layout.index(&[manifest]);
    layout
}

fn open_layout(layout: &Layout, name: &str) -> Result<Image, ReadError> {
    open_platform(layout, name, &Platform::default())
}

fn open_platform(layout: &Layout, name: &str, platform: &Platform) -> Result<Image, ReadError> {
    let directory = layout.directory();
    let reference = format!("oci:{}{name}", directory.path().display());
    let options = Options {
        platform: platform.clone(),
        ..Options::default()
    };
    Image::open(&reference.parse().unwrap(), &options, &Silent)
}

#[test]
fn a_docker_archive_of_podman_is_read() {
    let layers = layers();
    let image = open_with(
        &docker_archive(&layers, &config(&layers), &["localhost/app:1"]),
        &Options::default(),
    )
    .unwrap();
    assert_eq!(listing(&image), ["/a = 2"]);
    assert_eq!(image.config.entrypoint(), ["/app"]);
    assert_eq!(image.config.json(), &config(&layers));
    let made: Vec<_> = image
        .layers
        .iter()
        .map(|layer| layer.history.as_ref().unwrap().created_by.as_str())
        .collect();
    assert_eq!(made, ["step 0", "step 1"]);
    assert_eq!(
        image.layers[0].diff_id,
        format!("sha256:{}", sha256(&layers[0]))
    );
    assert_eq!(image.layers[0].digest, image.layers[0].diff_id);
    assert_eq!(
        (image.layers[1].size, image.layers[1].stored_size),
        (layers[1].len() as u64, layers[1].len() as u64)
    );
}

#[test]
fn duplicate_layers_of_old_docker_archives_are_symlinks() {
    let layer = layers().remove(0);
    let twice = [layer.clone(), layer.clone()];
    let manifest = json!([{"Config": "c.json", "RepoTags": null, "Layers": ["one/layer.tar", "two/layer.tar"]}]);
    let archive = Tar::new()
        .directory("one")
        .file("one/layer.tar", &layer)
        .file("one/json", b"{}")
        .symlink("two/layer.tar", "../one/layer.tar")
        .file("c.json", config(&twice).to_string().as_bytes())
        .file("manifest.json", manifest.to_string().as_bytes())
        .end();
    assert_eq!(
        listing(&open_with(&archive, &Options::default()).unwrap()),
        ["/a = 1", "/b = 1"]
    );
}

#[test]
fn a_docker_archive_that_is_also_an_oci_layout_is_read() {
    let layers = layers();
    let mut both = layout(&layers, &layers, OCI);
    let config_name = format!(
        "blobs/sha256/{}",
        sha256(config(&layers).to_string().as_bytes())
    );
    let names: Vec<_> = layers
        .iter()
        .map(|layer| format!("blobs/sha256/{}", sha256(layer)))
        .collect();
    let manifest = json!([{"Config": config_name, "RepoTags": ["app:1"], "Layers": names}]);
    both.files
        .push(("manifest.json".into(), manifest.to_string().into_bytes()));
    let directory = Directory::new();
    let path = directory.file("image.tar", &both.archive());
    for reference in ["", "docker-archive:", "oci-archive:"] {
        let image = open(&format!("{reference}{}", path.display())).unwrap();
        assert_eq!(listing(&image), ["/a = 2"], "{reference}");
    }
}

#[test]
fn an_archive_may_be_compressed_as_a_whole() {
    let layers = layers();
    let archive = docker_archive(&layers, &config(&layers), &[]);
    for archive in [gzip(&archive), zstd(&archive)] {
        assert_eq!(
            listing(&open_with(&archive, &Options::default()).unwrap()),
            ["/a = 2"]
        );
    }
}

#[test]
fn layer_compression_is_detected_from_the_first_bytes() {
    let layers = layers();
    let (head, tail) = layers[0].split_at(700);
    let members = [gzip(head), gzip(tail)].concat();
    let frames = [zstd(head), zstd(tail)].concat();
    for (stored, compression) in [(members, Compression::Gzip), (frames, Compression::Zstd)] {
        let archive = docker_archive(&[stored.clone(), gzip(&layers[1])], &config(&layers), &[]);
        let image = open_with(&archive, &Options::default()).unwrap();
        assert_eq!(listing(&image), ["/a = 2"]);
        let layer = &image.layers[0];
        assert_eq!(layer.compression, compression);
        assert_eq!(layer.digest, format!("sha256:{}", sha256(&stored)));
        assert_eq!(layer.diff_id, format!("sha256:{}", sha256(&layers[0])));
        assert_eq!(
            (layer.stored_size, layer.size),
            (stored.len() as u64, layers[0].len() as u64)
        );
    }
}

#[test]
fn an_image_of_an_archive_is_selected_by_tag_or_index() {
    let (one, two) = (
        config(&[]),
        json!({"os": "two", "rootfs": {"diff_ids": []}}),
    );
    let manifest = json!([
        {"Config": "one", "RepoTags": ["docker.io/library/app:1", "other:latest"], "Layers": []},
        {"Config": "two", "RepoTags": ["app:2"], "Layers": null},
    ]);
    let archive = Tar::new()
        .file("one", one.to_string().as_bytes())
        .file("two", two.to_string().as_bytes())
        .file("manifest.json", manifest.to_string().as_bytes())
        .end();
    let directory = Directory::new();
    let path = directory.file("x.tar", &archive);
    let os = |name: &str| {
        open(&format!("docker-archive:{}{name}", path.display()))
            .map(|image| image.config.os().to_owned())
    };
    for name in [
        ":app:1",
        ":library/app:1",
        ":docker.io/library/app:1",
        ":other",
        ":other:latest",
        ":@0",
    ] {
        assert_eq!(os(name).unwrap(), "linux", "{name}");
    }
    assert_eq!(os(":app:2").unwrap(), "two");
    let error = os("").unwrap_err().to_string();
    assert!(
        error.ends_with("specify one of `docker.io/library/app:1`, `other:latest`, `app:2`"),
        "{error}"
    );
    for name in [":app", ":pp:1", ":@2"] {
        assert!(
            matches!(os(name), Err(ReadError::NoSuchImage { .. })),
            "{name}"
        );
    }
}

#[test]
fn layouts_of_every_layer_type_are_read_from_directories_and_archives() {
    let plain = layers();
    let gzipped: Vec<_> = plain.iter().map(|layer| gzip(layer)).collect();
    let zstds: Vec<_> = plain.iter().map(|layer| zstd(layer)).collect();
    for (stored, layer_type) in [
        (&plain, OCI.to_owned()),
        (&gzipped, format!("{OCI}+gzip")),
        (&zstds, format!("{OCI}+zstd")),
        (&plain, DOCKER.to_owned()),
        (&gzipped, format!("{DOCKER}.gzip")),
        (&zstds, format!("{DOCKER}.zstd")),
    ] {
        let layout = layout(&plain, stored, &layer_type);
        let image = open_layout(&layout, "").unwrap();
        assert_eq!(listing(&image), ["/a = 2"]);
        assert_eq!(image.layers[0].media_type, layer_type);
        assert_eq!(
            listing(&open_with(&layout.archive(), &Options::default()).unwrap()),
            ["/a = 2"]
        );
        let directory = layout.directory();
        assert_eq!(
            listing(&open(directory.path().to_str().unwrap()).unwrap()),
            ["/a = 2"]
        );
    }
}

/// An index of three: arm64, the machine's own as `amd64` or what it is, and an attestation.
fn platforms() -> Layout {
    let mut layout = Layout { files: Vec::new() };
    let own = Platform::default().architecture;
    let mut manifests = Vec::new();
    for (architecture, os) in [
        ("riscv64", "linux"),
        (own.as_str(), "linux"),
        ("unknown", "unknown"),
    ] {
        let layer = Tar::new()
            .file(
                if architecture == own {
                    "own"
                } else {
                    architecture
                },
                b"",
            )
            .end();
        let mut manifest = layout.image(
            std::slice::from_ref(&layer),
            std::slice::from_ref(&layer),
            OCI,
        );
        manifest["platform"] = json!({"architecture": architecture, "os": os});
        manifests.push(manifest);
    }
    let nested = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
    let mut nested = layout.blob(INDEX, nested.to_string().as_bytes());
    nested["annotations"] = json!({"org.opencontainers.image.ref.name": "app:1"});
    let layer = Tar::new().file("single", b"").end();
    let mut single = layout.image(
        std::slice::from_ref(&layer),
        std::slice::from_ref(&layer),
        OCI,
    );
    single["annotations"] = json!({"io.containerd.image.name": "docker.io/library/single:latest"});
    layout.index(&[nested, single]);
    layout
}

#[test]
fn a_nested_index_is_searched_for_the_platform() {
    assert_eq!(
        listing(&open_layout(&platforms(), ":app:1").unwrap()),
        ["/own = "]
    );
    let wanted = Platform {
        os: "linux".into(),
        architecture: "riscv64".into(),
        variant: None,
    };
    assert_eq!(
        listing(&open_platform(&platforms(), ":app:1", &wanted).unwrap()),
        ["/riscv64 = "]
    );
    let wanted = Platform {
        os: "linux".into(),
        architecture: "s390x".into(),
        variant: None,
    };
    let error = open_platform(&platforms(), ":app:1", &wanted)
        .unwrap_err()
        .to_string();
    let own = Platform::default();
    assert!(
        error.ends_with(&format!(
            "has no image for linux/s390x; it has `linux/riscv64`, `{own}`"
        )),
        "{error}"
    );
}

#[test]
fn an_image_of_a_layout_is_selected_by_annotation_or_digest() {
    assert_eq!(
        listing(&open_layout(&platforms(), ":single").unwrap()),
        ["/single = "]
    );
    let error = open_layout(&platforms(), ":other").unwrap_err().to_string();
    assert!(
        error.ends_with("has no image `other`; it has `app:1`, `docker.io/library/single:latest`"),
        "{error}"
    );
    let error = open_layout(&platforms(), "").unwrap_err().to_string();
    assert!(
        error.ends_with("specify one of `app:1`, `docker.io/library/single:latest`"),
        "{error}"
    );
}

#[test]
fn the_only_image_is_used_for_any_platform() {
    let mut layout = Layout { files: Vec::new() };
    let mut manifest = layout.image(&[], &[], OCI);
    manifest["platform"] = json!({"architecture": "s390x", "os": "linux"});
    layout.index(&[manifest]);
    assert!(open_layout(&layout, "").is_ok());
}

#[test]
fn every_blob_of_a_layout_is_checked() {
    let plain = layers();
    let good = layout(&plain, &plain, OCI);
    for at in 0..good.files.len() {
        let (name, bytes) = &good.files[at];
        if !name.starts_with("blobs/") {
            continue;
        }
        let mut bad = Layout {
            files: good.files.clone(),
        };
        bad.files[at].1[bytes.len() / 2] ^= 1;
        let error = open_layout(&bad, "").unwrap_err();
        assert!(
            matches!(error, ReadError::DigestMismatch { .. }),
            "{name}: {error}"
        );
        let mut bad = Layout {
            files: good.files.clone(),
        };
        bad.files[at].1.push(0);
        let error = open_layout(&bad, "").unwrap_err();
        assert!(
            matches!(error, ReadError::SizeMismatch { .. }),
            "{name}: {error}"
        );
        let mut bad = Layout {
            files: good.files.clone(),
        };
        bad.files.remove(at);
        let error = open_layout(&bad, "").unwrap_err();
        assert!(
            matches!(error, ReadError::MissingBlob { .. }),
            "{name}: {error}"
        );
    }
}

#[test]
fn foreign_and_encrypted_layers_are_refused() {
    let plain = layers();
    let foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar";
    let error = open_layout(&layout(&plain, &plain, foreign), "").unwrap_err();
    assert!(matches!(error, ReadError::ForeignLayer { .. }), "{error}");
    let error = open_layout(&layout(&plain, &plain, &format!("{OCI}+encrypted")), "").unwrap_err();
    assert!(matches!(error, ReadError::UnknownLayer { .. }), "{error}");
}

#[test]
fn an_oci_artifact_is_not_an_image() {
    let mut layout = Layout { files: Vec::new() };
    let config = layout.blob("application/vnd.oci.empty.v1+json", b"{}");
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": []});
    let manifest = layout.blob(MANIFEST, manifest.to_string().as_bytes());
    layout.index(&[manifest]);
    assert!(matches!(
        open_layout(&layout, ""),
        Err(ReadError::NotAnImage { .. })
    ));
}

#[test]
fn the_nesting_of_indexes_is_limited() {
    let mut layout = Layout { files: Vec::new() };
    let mut inner = layout.image(&[], &[], OCI);
    for _ in 0..8 {
        let index = json!({"schemaVersion": 2, "manifests": [inner]});
        inner = layout.blob(INDEX, index.to_string().as_bytes());
    }
    layout.index(&[inner]);
    assert!(matches!(
        open_layout(&layout, ""),
        Err(ReadError::IndexDepth { .. })
    ));
}

#[test]
fn a_digest_with_a_path_in_it_is_refused() {
    let mut layout = Layout { files: Vec::new() };
    let manifest =
        json!({"mediaType": MANIFEST, "size": 1, "digest": "sha256+x:../../../etc/passwd"});
    layout.index(&[manifest]);
    let error = open_layout(&layout, "").unwrap_err();
    assert!(
        matches!(
            error,
            ReadError::Json { .. } | ReadError::UnknownDigest { .. }
        ),
        "{error}"
    );
}
