//! Images that are read and written in full, in every format, as seen by other tools: nothing may
//! change.
//!
//! Beside the images of `testdata/images` there is an odd one (`odd.sh`) with everything that a
//! file system can hold.

use crate::case::Case;
use crate::containers::{self, output, tool};
use std::{fs, path::PathBuf, process::Command, sync::LazyLock};

const ODD: &str = "localhost/jettison-e2e/odd:original";
const LAYERS: [&str; 2] = ["one", "keep"];
const COMPRESSIONS: [&str; 3] = ["none", "gzip", "zstd"];

/// The odd image as an OCI layout of podman's.
static ORIGINAL: LazyLock<String> = LazyLock::new(|| {
    output(tool("tests/e2e/odd.sh").arg(ODD));
    let layout = fresh("original");
    output(tool("podman").args([
        "save", "--quiet", "--format", "oci-dir", "--output", &layout, ODD,
    ]));
    let named = fresh("named");
    output(tool("skopeo").args([
        "copy",
        "--quiet",
        &format!("oci:{layout}"),
        &format!("oci:{named}:odd"),
    ]));
    named
});

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("e2e/round-trip")
}

/// A path that does not exist.
fn fresh(name: &str) -> String {
    let path = folder().join(name);
    fs::create_dir_all(folder()).unwrap();
    let _ = fs::remove_dir_all(&path);
    let _ = fs::remove_file(&path);
    path.display().to_string()
}

/// Writes a whole image.
fn write(source: &str, destination: &str, layers: &str, compression: &str) {
    let name = ["--tag", "localhost/jettison-e2e/odd:written"];
    let how = [
        "--layers",
        layers,
        "--compression",
        compression,
        "--keep",
        "/**",
    ];
    let command = ["slim", source, "--output", destination];
    output(
        Command::new(env!("CARGO_BIN_EXE_jettison"))
            .args(command)
            .args(how)
            .args(name),
    );
}

/// The root directory that umoci makes of any image. Older ones know no zstd, so skopeo
/// decompresses for it.
fn unpacked(image: &str, name: &str) -> String {
    let (layout, bundle) = (
        fresh(&format!("{name}.layout")),
        fresh(&format!("{name}.bundle")),
    );
    let plain = format!("dir:{}", fresh(&format!("{name}.plain")));
    output(tool("skopeo").args(["copy", "--quiet", "--dest-decompress", image, &plain]));
    output(tool("skopeo").args(["copy", "--quiet", &plain, &format!("oci:{layout}:image")]));
    output(Command::new("umoci").args(["unpack", "--image", &format!("{layout}:image"), &bundle]));
    format!("{bundle}/rootfs")
}

fn assert_same(left: &str, right: &str, context: &str) {
    let compared = output(Command::new("tests/e2e/same_tree.py").args([left, right]));
    println!("{context}: {compared}");
}

#[test]
fn umoci_unpacks_the_same_files_from_every_kind_of_output() {
    let source = format!("oci:{}", *ORIGINAL);
    let before = unpacked(&format!("{source}:odd"), "before");
    for (transport, name) in [
        ("docker-archive", "d.tar"),
        ("oci-archive", "o.tar"),
        ("oci", "layout"),
    ] {
        for (layers, compression) in LAYERS
            .iter()
            .flat_map(|layers| COMPRESSIONS.map(|kind| (layers, kind)))
        {
            let destination = format!("{transport}:{}", fresh(name));
            write(&source, &destination, layers, compression);
            let context = format!("{transport} {layers} {compression}");
            assert_same(&before, &unpacked(&destination, "after"), &context);
        }
    }
}

#[test]
fn podman_mounts_the_same_files_from_every_kind_of_output() {
    for (transport, name) in [
        ("docker-archive", "pd.tar"),
        ("oci-archive", "po.tar"),
        ("oci", "play"),
    ] {
        for (layers, compression) in LAYERS
            .iter()
            .flat_map(|layers| COMPRESSIONS.map(|kind| (layers, kind)))
        {
            let destination = format!("{transport}:{}", fresh(name));
            write(
                &format!("oci:{}", *ORIGINAL),
                &destination,
                layers,
                compression,
            );
            let image = containers::load(&destination, "localhost/jettison-e2e/odd:written");
            let compared = output(tool("tests/e2e/mounted.sh").args([ODD, image.name()]));
            println!("{transport} {layers} {compression}: {compared}");
        }
    }
}

#[test]
fn docker_loads_every_archive() {
    let daemon = fresh("dockerd");
    for (layers, compression) in LAYERS
        .iter()
        .flat_map(|layers| ["none", "gzip"].map(|kind| (layers, kind)))
    {
        let archive = fresh("docker.tar");
        write(
            &format!("oci:{}", *ORIGINAL),
            &format!("docker-archive:{archive}"),
            layers,
            compression,
        );
        let ask = "docker load --quiet --input \"$0\" && docker image inspect --format '{{json .RootFS.Layers}}' \
                   localhost/jettison-e2e/odd:written";
        let said = output(tool("tests/e2e/dockerd.sh").args([&daemon, "sh", "-c", ask, &archive]));
        let loaded: Vec<String> = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        assert_eq!(loaded, diff_ids(&archive), "{layers} {compression}");
    }
    let _ = fs::remove_dir_all(daemon);
}

/// The layers of a docker archive according to skopeo.
fn diff_ids(archive: &str) -> Vec<String> {
    let config =
        output(tool("skopeo").args(["inspect", "--config", &format!("docker-archive:{archive}")]));
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    serde_json::from_value(config["rootfs"]["diff_ids"].clone()).unwrap()
}

#[test]
fn real_images_kept_in_full_are_unchanged() {
    for case in Case::chosen().into_iter().filter(Case::writes) {
        let source = case.original();
        let before = unpacked(&source, "real-before");
        for layers in LAYERS {
            let destination = format!("oci:{}", fresh("real"));
            write(&source, &destination, layers, "zstd:1");
            assert_same(
                &before,
                &unpacked(&destination, "real-after"),
                &format!("{} {layers}", case.name()),
            );
        }
    }
}

/// Slims an image to a layout with the rest beside it, and returns the rest.
fn write_rest(source: &str, name: &str, layers: &str, more: &[&str]) -> String {
    let layout = fresh(name);
    let (slim, rest) = (format!("oci:{layout}:slim"), format!("oci:{layout}:rest"));
    let command = [
        "slim", source, "-o", &slim, "--rest", &rest, "--layers", layers,
    ];
    output(
        Command::new(env!("CARGO_BIN_EXE_jettison"))
            .args(command)
            .args(more),
    );
    rest
}

#[test]
fn umoci_and_podman_unpack_the_original_from_the_rest_of_an_odd_image() {
    let source = format!("oci:{}", *ORIGINAL);
    let before = unpacked(&format!("{source}:odd"), "rest-before");
    for layers in LAYERS {
        for kept in ["/bin/second", "/bin/sparse", "/shared"] {
            let rest = write_rest(&source, "odd-rest", layers, &["--keep", kept]);
            assert_same(
                &before,
                &unpacked(&rest, "rest-after"),
                &format!("{layers} {kept}"),
            );
            let image = containers::load(&rest, "localhost/jettison-e2e/odd:rest");
            let compared = output(tool("tests/e2e/mounted.sh").args([ODD, image.name()]));
            println!("{layers} {kept}: {compared}");
        }
    }
}

#[test]
fn umoci_and_podman_unpack_real_images_from_their_rests() {
    for case in Case::chosen().into_iter().filter(Case::writes) {
        let source = case.original();
        let before = unpacked(&source, "real-rest-before");
        let rest = write_rest(&source, "real-rest", "one", &["--compression", "zstd:1"]);
        assert_same(&before, &unpacked(&rest, "real-rest-after"), case.name());
        let (original, image) = (
            case.name_of("original"),
            containers::load(&rest, &case.name_of("rest")),
        );
        let compared = output(tool("tests/e2e/mounted.sh").args([&original, image.name()]));
        println!("{}: {compared}", case.name());
    }
}

#[test]
fn a_layer_that_is_kept_in_full_keeps_its_digest() {
    let layout = fresh("kept");
    output(Command::new(env!("CARGO_BIN_EXE_jettison")).args([
        "slim",
        &format!("oci:{}", *ORIGINAL),
        "--output",
        &format!("oci:{layout}"),
        "--layers",
        "keep",
        "--keep",
        "/**",
    ]));
    let layers = |layout: &str| {
        let said = output(tool("skopeo").args(["inspect", &format!("oci:{layout}")]));
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        serde_json::from_value::<Vec<String>>(said["Layers"].clone()).unwrap()
    };
    let (before, after) = (layers(&ORIGINAL), layers(&layout));
    // The lowest has files that later layers remove; the others are kept in full.
    assert_eq!((before.len(), after.len()), (3, 3));
    assert_eq!(before[1..], after[1..]);
    assert_ne!(before[0], after[0]);
}
