//! Images for several platforms under one name.

use std::process::Command;

use jettison::image::{
    Image, IndexWriter, Options, Platform, Reference, Selection, Silent, Source, WriteError,
    WriteOptions,
};

use super::registry::FakeRegistry;
use crate::builders::images::{self, Directory, Tar, everything, layers};

/// An image for a platform, that holds its name.
fn image(platform: &str) -> Image {
    let mut parts = platform.split('/');
    let (_, architecture, variant) = (parts.next(), parts.next().unwrap(), parts.next());
    let layer = Tar::new()
        .file("app", platform.as_bytes())
        .file("junk", b"junk");
    let mut image = layers(&[layer]).unwrap();
    let mut json = image.config.json().clone();
    json["architecture"] = architecture.into();
    if let Some(variant) = variant {
        json["variant"] = variant.into();
    }
    image.config = jettison::image::Config::new(json);
    image
}

const PLATFORMS: [&str; 3] = ["linux/amd64", "linux/arm64", "linux/arm/v7"];

fn write_index(destination: &str) -> Result<String, WriteError> {
    let destination: Reference = destination.parse().unwrap();
    let connection = jettison::image::Connection::Plain;
    let mut index = IndexWriter::new(
        &destination,
        &WriteOptions {
            connection,
            ..WriteOptions::default()
        },
    )?;
    for platform in PLATFORMS {
        let image = image(platform);
        index.add(&image, &Selection::all(&image.tree), None, &Silent)?;
    }
    index.finish(&Silent)
}

fn read(reference: &str, platform: &str) -> Image {
    let options = Options {
        connection: jettison::image::Connection::Plain,
        ..Options::default()
    };
    let source = Source::open(&reference.parse().unwrap(), &options, &Silent).unwrap();
    let platforms: Vec<String> = source
        .platforms()
        .unwrap()
        .iter()
        .map(Platform::to_string)
        .collect();
    assert_eq!(platforms, PLATFORMS);
    source.image(&platform.parse().unwrap(), &Silent).unwrap()
}

#[test]
fn every_image_of_an_index_round_trips() {
    let directory = Directory::new();
    let registry = FakeRegistry::new();
    let place = |name: &str| directory.path().join(name).display().to_string();
    let mut digests = Vec::new();
    for destination in [
        format!("oci:{}:name", place("layout")),
        format!("oci-archive:{}", place("a.tar")),
        registry.reference("all"),
    ] {
        digests.push(write_index(&destination).unwrap());
        for platform in PLATFORMS {
            assert_eq!(
                everything(&read(&destination, platform)),
                everything(&image(platform)),
                "{destination}"
            );
        }
    }
    assert!(
        digests.iter().all(|digest| *digest == digests[0]),
        "{digests:?}"
    );
}

#[test]
fn destinations_without_index_support_refuse_an_index() {
    for destination in ["docker-archive:x.tar", "docker-daemon:app", "rootfs:x", "-"] {
        let error = write_index(destination).unwrap_err();
        assert!(
            matches!(error, WriteError::NoIndex { .. }),
            "{destination}: {error}"
        );
    }
}

fn jettison(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_jettison"))
        .args(arguments)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn all_platforms_are_slimmed_and_their_index_written() {
    let directory = Directory::new();
    let source = format!("oci:{}", directory.path().join("source").display());
    let slim = format!(
        "oci-archive:{}",
        directory.path().join("slim.tar").display()
    );
    let rest = format!("oci:{}:rest", directory.path().join("rest").display());
    write_index(&source).unwrap();
    let (status, text) = jettison(&[
        "slim",
        &source,
        "--all-platforms",
        "-o",
        &slim,
        "-t",
        "app:slim",
        "--rest",
        &rest,
    ]);
    assert_eq!(status, Some(0), "{text}");
    for platform in PLATFORMS {
        let original = everything(&image(platform));
        assert_eq!(everything(&read(&rest, platform)), original, "{platform}");
    }
    for platform in PLATFORMS {
        assert!(text.contains(&format!("{platform}:\n")), "{text}");
        assert_eq!(
            images::listing(&read(&slim, platform)),
            [format!("/app = {platform}")]
        );
    }
    assert!(
        text.ends_with('\n') && text.contains("index sha256:"),
        "{text}"
    );
}

#[test]
fn an_image_for_another_platform_than_requested_is_refused() {
    let directory = Directory::new();
    let archive = images::docker_archive(
        &[Tar::new().end()],
        &images::config(&[Tar::new().end()]),
        &[],
    );
    let path = directory.file("x.tar", &archive);
    let path = path.to_str().unwrap();
    let (status, text) = jettison(&["deps", path, "--platform", "linux/s390x"]);
    assert!(
        status == Some(2) && text.contains("is for linux/amd64, not for linux/s390x"),
        "{text}"
    );
    assert_eq!(
        jettison(&["deps", path, "--platform", "linux/amd64"]).0,
        Some(0)
    );
    let (status, text) = jettison(&["deps", path, "--platform", "arm64"]);
    assert!(
        status == Some(2) && text.contains("expected a platform such as"),
        "{text}"
    );
    let (status, text) = jettison(&["slim", path, "--all-platforms", "-o", "oci:never"]);
    assert!(
        status == Some(2) && text.contains("has no index: it is for a single platform"),
        "{text}"
    );
}
