//! Hostile directories that are read as layouts or written to: nothing in them leads out of them,
//! and nothing blocks.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jettison::image::{
    Image, Limits, Options, Platform, ReadError, Selection, Silent, Source, WriteError,
    WriteOptions, write,
};
use serde_json::json;

use super::documents::Documents;
use crate::builders::images::{Directory, Tar, layer, layers, listing, open, sha256};

/// The blob of the good image's only layer.
fn layer_blob() -> String {
    format!("blobs/sha256/{}", sha256(&super::documents::layer()))
}

fn text(error: impl std::error::Error + Send + Sync + 'static) -> String {
    let causes = anyhow::Error::new(error);
    let causes: Vec<_> = causes.chain().map(ToString::to_string).collect();
    causes.join(": ")
}

fn fifo(path: &Path) {
    rustix::fs::mkfifoat(rustix::fs::CWD, path, 0o600.into()).unwrap();
}

/// Puts something in the place of a file or a directory of a layout, which goes beside the layout.
fn replace(top: &Path, name: &str, put: &dyn Fn(&Path, &Path)) {
    let (path, outside) = (top.join("layout").join(name), top.join("outside"));
    let _ = fs::remove_dir_all(&outside);
    let _ = fs::remove_file(&outside);
    fs::rename(&path, &outside).unwrap();
    put(&path, &outside);
}

/// Puts something at the first path; what was there is at the second.
type Trick = Box<dyn Fn(&Path, &Path)>;

/// What may stand in the place of a file or a directory, and what it is called.
fn tricks() -> Vec<(&'static str, Trick)> {
    vec![
        (
            "a symlink",
            Box::new(|path, outside| symlink(outside, path).unwrap()),
        ),
        (
            "a symlink",
            Box::new(|path, outside| {
                let name = outside.file_name().unwrap();
                let up = "../".repeat(path.components().count());
                let absolute = outside.parent().unwrap().strip_prefix("/").unwrap();
                symlink(Path::new(&up).join(absolute).join(name), path).unwrap();
            }),
        ),
        (
            "a symlink",
            Box::new(|path, _| symlink("/dev/zero", path).unwrap()),
        ),
        (
            "a symlink",
            Box::new(|path, _| symlink("no-such-file", path).unwrap()),
        ),
        ("a FIFO", Box::new(|path, _| fifo(path))),
    ]
}

/// A layout of the good image in `layout`.
fn good() -> Directory {
    let top = Directory::new();
    for (name, bytes) in Documents::default().files() {
        top.file(&format!("layout/{name}"), &bytes);
    }
    top
}

#[test]
fn reading_a_layout_follows_no_symlink_or_device() {
    let blob = layer_blob();
    for name in ["blobs", "blobs/sha256", &blob, "index.json", "oci-layout"] {
        for (kind, put) in tricks() {
            let top = good();
            replace(top.path(), name, &put);
            let layout = top.path().join("layout").display().to_string();
            for reference in [format!("oci:{layout}"), layout] {
                let start = Instant::now();
                let error = text(open(&reference).unwrap_err());
                assert!(error.contains(kind), "{name}: {error}");
                let last = name.rsplit('/').next().unwrap();
                assert!(error.contains(last), "{name}: {error}");
                assert!(start.elapsed() < Duration::from_secs(10), "{name} {kind}");
            }
        }
    }
}

#[test]
fn a_directory_in_place_of_a_layout_file_is_reported() {
    for name in [layer_blob().as_str(), "index.json", "oci-layout"] {
        let top = good();
        let path = top.path().join("layout").join(name);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let reference = format!("oci:{}", top.path().join("layout").display());
        let error = text(open(&reference).unwrap_err());
        assert!(
            error.contains("it is a directory, not a regular file"),
            "{error}"
        );
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn a_layout_may_be_named_by_a_symlink_and_share_its_files() {
    let top = good();
    symlink("layout", top.path().join("link")).unwrap();
    let blob = top.path().join("layout").join(layer_blob());
    fs::hard_link(&blob, top.path().join("elsewhere")).unwrap();
    let image = open(&format!("oci:{}", top.path().join("link").display())).unwrap();
    assert_eq!(listing(&image), ["/app = good"]);
}

fn write_to(image: &Image, destination: &str) -> Result<(), WriteError> {
    let (selection, options) = (Selection::all(&image.tree), WriteOptions::default());
    write(
        image,
        &selection,
        &destination.parse().unwrap(),
        &options,
        &Silent,
    )
    .map(drop)
}

/// Every path below a directory, with its content.
fn snapshot(top: &Path) -> Vec<(PathBuf, String)> {
    let entries = walkdir::WalkDir::new(top).sort_by_file_name();
    let entries = entries.into_iter().map(|entry| {
        let entry = entry.unwrap();
        let content = if entry.file_type().is_file() {
            String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned()
        } else {
            format!(
                "{:?} {:?}",
                entry.file_type(),
                fs::read_link(entry.path()).ok()
            )
        };
        (entry.path().to_owned(), content)
    });
    entries.collect()
}

#[test]
fn writing_to_a_layout_follows_no_symlink_or_device() {
    let image = layer(Tar::new().file("a", b"new"));
    for name in ["blobs", "blobs/sha256", "index.json", "oci-layout"] {
        for (kind, put) in tricks() {
            let top = good();
            replace(top.path(), name, &put);
            let before = snapshot(top.path());
            let start = Instant::now();
            let destination = format!("oci:{}:latest", top.path().join("layout").display());
            let error = text(write_to(&image, &destination).unwrap_err());
            assert!(error.contains(kind), "{name}: {error}");
            let last = name.rsplit('/').next().unwrap();
            assert!(error.contains(last), "{name}: {error}");
            assert!(start.elapsed() < Duration::from_secs(10), "{name} {kind}");
            assert_eq!(snapshot(top.path()), before, "{name} {kind}");
        }
    }
}

#[test]
fn a_symlink_in_place_of_a_blob_is_replaced_and_not_followed() {
    let image = layer(Tar::new().file("a", b"new"));
    let first = good();
    let destination = |top: &Directory| format!("oci:{}:new", top.path().join("layout").display());
    write_to(&image, &destination(&first)).unwrap();
    let old: Vec<String> = Documents::default()
        .files()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let blobs = fs::read_dir(first.path().join("layout/blobs/sha256")).unwrap();
    let blobs = blobs.map(|entry| format!("blobs/sha256/{}", entry.unwrap().file_name().display()));
    let blobs: Vec<String> = blobs.filter(|name| !old.contains(name)).collect();
    assert_eq!(blobs.len(), 3);
    for blob in &blobs {
        for (_, put) in tricks() {
            let top = good();
            let (path, outside) = (
                top.path().join("layout").join(blob),
                top.path().join("outside"),
            );
            fs::write(&outside, "private").unwrap();
            put(&path, &outside);
            write_to(&image, &destination(&top)).unwrap();
            assert_eq!(fs::read(&outside).unwrap(), b"private");
            assert_eq!(listing(&open(&destination(&top)).unwrap()), ["/a = new"]);
        }
        // A hard link is another name of somebody's file.
        let top = good();
        let outside = top.file("outside", b"private");
        fs::hard_link(&outside, top.path().join("layout").join(blob)).unwrap();
        write_to(&image, &destination(&top)).unwrap();
        assert_eq!(fs::read(&outside).unwrap(), b"private");
        let top = good();
        fs::create_dir(top.path().join("layout").join(blob)).unwrap();
        let error = text(write_to(&image, &destination(&top)).unwrap_err());
        assert!(error.contains(blob.as_str()), "{error}");
    }
}

#[test]
fn an_index_that_is_a_hard_link_is_replaced() {
    let image = layer(Tar::new().file("a", b"new"));
    let top = good();
    let index = top.path().join("layout/index.json");
    fs::hard_link(&index, top.path().join("outside")).unwrap();
    let before = fs::read(&index).unwrap();
    write_to(
        &image,
        &format!("oci:{}:new", top.path().join("layout").display()),
    )
    .unwrap();
    assert_eq!(fs::read(top.path().join("outside")).unwrap(), before);
    assert_ne!(fs::read(&index).unwrap(), before);
}

#[test]
fn replacing_an_image_removes_nothing_outside_the_blobs_directory() {
    let image = layer(Tar::new().file("a", b"new"));
    // The image that gives way names a blob by a path, and one that is a symlink.
    for digest in [
        "sha256:../../../outside",
        "sha256:/etc/passwd",
        &format!("sha256:{}", "0".repeat(64)),
    ] {
        let top = good();
        let outside = top.file("outside", b"private");
        let blobs = top.path().join("layout/blobs/sha256");
        symlink(&outside, blobs.join("0".repeat(64))).unwrap();
        let annotations = r#""annotations": {"org.opencontainers.image.ref.name": "new"}"#;
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let index = format!(
            r#"{{"schemaVersion": 2, "manifests": [{{"mediaType": "{media_type}", "digest": "{digest}", "size": 7, {annotations}}}]}}"#
        );
        fs::write(top.path().join("layout/index.json"), index).unwrap();
        write_to(
            &image,
            &format!("oci:{}:new", top.path().join("layout").display()),
        )
        .unwrap();
        assert_eq!(fs::read(&outside).unwrap(), b"private");
    }
}

#[test]
fn an_ambiguous_index_is_not_extended() {
    let image = layer(Tar::new().file("a", b"new"));
    for index in [
        r#"{"schemaVersion": 2, "manifests": [], "Manifests": []}"#,
        r#"{"schemaVersion": 2, "manifests": [], "manifests": []}"#,
        r#"{"schemaVersion": 2, "manifests": [], "layers": []}"#,
    ] {
        let top = good();
        fs::write(top.path().join("layout/index.json"), index).unwrap();
        let destination = format!("oci:{}:new", top.path().join("layout").display());
        let error = text(write_to(&image, &destination).unwrap_err());
        assert!(error.contains("index.json"), "{error}");
        let after = fs::read_to_string(top.path().join("layout/index.json")).unwrap();
        assert_eq!(after, index);
    }
}

#[test]
fn indexes_that_list_each_other_many_times_are_read_once() {
    let image = layer(Tar::new().file("a", b"new"));
    let top = good();
    let media_type = "application/vnd.oci.image.index.v1+json";
    let mut inner = String::from(r#"{"schemaVersion": 2, "manifests": []}"#);
    let mut index = String::new();
    for _ in 0..4 {
        let digest = sha256(inner.as_bytes());
        top.file(&format!("layout/blobs/sha256/{digest}"), inner.as_bytes());
        let size = inner.len();
        let descriptor = format!(
            r#"{{"mediaType": "{media_type}", "digest": "sha256:{digest}", "size": {size}}}"#
        );
        let listed = vec![descriptor; 2000].join(", ");
        index = format!(r#"{{"schemaVersion": 2, "manifests": [{listed}]}}"#);
        inner.clone_from(&index);
    }
    fs::write(top.path().join("layout/index.json"), index).unwrap();
    let start = Instant::now();
    write_to(
        &image,
        &format!("oci:{}", top.path().join("layout").display()),
    )
    .unwrap();
    assert!(start.elapsed() < Duration::from_secs(20));
}

/// A layout whose index lists indexes of a thousand bytes, and what they list.
fn nested_indexes(count: usize, listed: impl Fn(usize) -> serde_json::Value) -> Directory {
    let top = good();
    let media_type = "application/vnd.oci.image.index.v1+json";
    let mut descriptors = Vec::new();
    for number in 0..count {
        let index = json!({"schemaVersion": 2, "manifests": listed(number), "number": number});
        let text = format!("{:<1000}", index.to_string());
        let digest = sha256(text.as_bytes());
        top.file(&format!("layout/blobs/sha256/{digest}"), text.as_bytes());
        let digest = format!("sha256:{digest}");
        descriptors.push(json!({"mediaType": media_type, "digest": digest, "size": text.len()}));
    }
    let index = json!({"schemaVersion": 2, "manifests": descriptors}).to_string();
    fs::write(top.path().join("layout/index.json"), index).unwrap();
    top
}

/// The platforms of a layout, with the limit on all documents together and that on platforms.
fn platforms_within(top: &Directory, documents: u64, platforms: usize) -> Result<usize, String> {
    let options = Options {
        limits: Limits {
            documents,
            platforms,
            ..Limits::default()
        },
        ..Options::default()
    };
    let reference = format!("oci:{}", top.path().join("layout").display());
    let source = Source::open(&reference.parse().unwrap(), &options, &Silent).unwrap();
    match source.platforms() {
        Ok(platforms) => Ok(platforms.len()),
        Err(error) => Err(text(error)),
    }
}

#[test]
fn the_documents_of_all_nested_indexes_together_are_limited() {
    let top = nested_indexes(20, |_| json!([]));
    let size = fs::metadata(top.path().join("layout/index.json"))
        .unwrap()
        .len();
    assert_eq!(platforms_within(&top, 30_000 + size, 100), Ok(0));
    let error = platforms_within(&top, 10_000 + size, 100).unwrap_err();
    let expected = "bytes of indexes, manifests and configurations";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn documents_count_as_often_as_they_are_read() {
    let top = good();
    let options = Options {
        limits: Limits {
            documents: 10_000,
            ..Limits::default()
        },
        ..Options::default()
    };
    let reference = format!("oci:{}", top.path().join("layout").display());
    let source = Source::open(&reference.parse().unwrap(), &options, &Silent).unwrap();
    let mut reads = 0;
    while source.image(&Platform::default(), &Silent).is_ok() {
        reads += 1;
        assert!(
            reads < 100,
            "each reads the index, the manifest and the configuration"
        );
    }
    assert!(reads > 1, "{reads}");
}

#[test]
fn the_platforms_of_an_index_are_limited() {
    let top = nested_indexes(1, |_| {
        let mut listed = Vec::new();
        for number in 0..5 {
            listed.push(json!({
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": format!("sha256:{}", sha256(b"")),
                "size": 0,
                "platform": {"os": "linux", "architecture": "arm", "variant": format!("v{number}")},
            }));
        }
        listed.into()
    });
    assert_eq!(platforms_within(&top, 100_000, 5), Ok(5));
    let error = platforms_within(&top, 100_000, 4).unwrap_err();
    assert!(
        error.contains("exceeds the limit of 4 platforms"),
        "{error}"
    );
}

#[test]
fn output_goes_to_the_directory_that_was_opened_even_if_its_path_changes() {
    let top = Directory::new();
    for name in ["one", "two"] {
        fs::create_dir(top.path().join(name)).unwrap();
    }
    symlink("one", top.path().join("parent")).unwrap();
    for transport in ["oci", "docker-archive", "oci-archive"] {
        let destination = format!("{transport}:{}", top.path().join("parent/out").display());
        let image = layer(Tar::new().file("a", b"new"));
        let swap = Swap {
            link: top.path().join("parent"),
        };
        let (selection, options) = (Selection::all(&image.tree), WriteOptions::default());
        let reference = destination.parse().unwrap();
        write(&image, &selection, &reference, &options, &swap).unwrap();
        assert!(top.path().join("one/out").exists(), "{transport}");
        assert_eq!(fs::read_dir(top.path().join("two")).unwrap().count(), 0);
        let out = top.path().join("one/out");
        if out.is_dir() {
            fs::remove_dir_all(out).unwrap();
        } else {
            fs::remove_file(out).unwrap();
        }
        fs::remove_file(top.path().join("parent")).unwrap();
        symlink("one", top.path().join("parent")).unwrap();
    }
}

/// Lets the parent of the destination lead elsewhere as soon as writing has begun.
struct Swap {
    link: PathBuf,
}

impl jettison::image::Progress for Swap {
    fn start(&self, _: &str, _: u64) {
        fs::remove_file(&self.link).unwrap();
        symlink("two", &self.link).unwrap();
    }

    fn advance(&self, _: u64) {}
}

#[test]
fn a_symlink_created_at_the_destination_meanwhile_is_not_followed() {
    let top = Directory::new();
    top.file("outside/oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#);
    let destination = format!("oci:{}", top.path().join("out").display());
    let appear = Appear {
        link: top.path().join("out"),
        target: top.path().join("outside"),
    };
    let image = layer(Tar::new().file("a", b"new"));
    let (selection, options) = (Selection::all(&image.tree), WriteOptions::default());
    let reference = destination.parse().unwrap();
    let error = write(&image, &selection, &reference, &options, &appear).unwrap_err();
    assert!(matches!(error, WriteError::Foreign { .. }), "{error}");
    let outside = fs::read_dir(top.path().join("outside")).unwrap();
    assert_eq!(outside.count(), 1);
}

/// Creates a symlink at a destination that was free when writing began.
struct Appear {
    link: PathBuf,
    target: PathBuf,
}

impl jettison::image::Progress for Appear {
    fn start(&self, _: &str, _: u64) {
        // Several steps start.
        let _ = symlink(&self.target, &self.link);
    }

    fn advance(&self, _: u64) {}
}

#[test]
fn a_destination_in_a_repository_cannot_leave_it_through_a_new_symlink() {
    for transport in ["oci", "docker-archive", "oci-archive", "rootfs"] {
        if transport == "rootfs" && !rustix::process::geteuid().is_root() {
            continue;
        }
        let top = Directory::new();
        for name in ["repo/.git", "repo/sub", "outside"] {
            fs::create_dir_all(top.path().join(name)).unwrap();
        }
        let image = layer(Tar::new().file("a", b"new"));
        let destination = format!("{transport}:{}", top.path().join("repo/sub/out").display());
        let moved = Moved {
            directory: top.path().join("repo/sub"),
        };
        let (selection, options) = (Selection::all(&image.tree), WriteOptions::default());
        let reference = destination.parse().unwrap();
        // It is written to the directory that was opened, or refused.
        let _ = write(&image, &selection, &reference, &options, &moved);
        let outside = fs::read_dir(top.path().join("outside")).unwrap();
        assert_eq!(outside.count(), 0, "{transport}");
    }
}

/// Replaces a directory by a symlink as soon as writing has begun.
struct Moved {
    directory: PathBuf,
}

impl jettison::image::Progress for Moved {
    fn start(&self, _: &str, _: u64) {
        let away = self.directory.with_file_name("moved");
        if fs::rename(&self.directory, away).is_ok() {
            symlink("../outside", &self.directory).unwrap();
        }
    }

    fn advance(&self, _: u64) {}
}

#[test]
fn no_image_entry_is_written_through_a_symlink_on_the_host() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let host = Directory::new();
    host.file("kept", b"as it was");
    let outside = host.path().display().to_string();
    let up = "../".repeat(12);
    let relative = format!("{up}{}", outside.trim_start_matches('/'));
    for target in [outside.as_str(), &relative, "jettison-nowhere/deep"] {
        let image = layers(&[
            Tar::new().symlink("out", target),
            Tar::new()
                .file("out/kept", b"of the image")
                .file("out/new", b"x"),
        ])
        .unwrap();
        let top = Directory::new();
        let root = top.path().join("root");
        write_to(&image, &format!("rootfs:{}", root.display())).unwrap();
        assert_eq!(fs::read_dir(host.path()).unwrap().count(), 1, "{target}");
        assert_eq!(fs::read(host.path().join("kept")).unwrap(), b"as it was");
        let written = open(&format!("rootfs:{}", root.display())).unwrap();
        assert_eq!(listing(&written), listing(&image));
    }
}

#[test]
fn a_root_directory_never_replaces_existing_files() {
    let image = layer(Tar::new().file("a", b"new"));
    let top = Directory::new();
    let path = |name: &str| top.path().join(name);
    fs::create_dir(path("target")).unwrap();
    symlink("target", path("link")).unwrap();
    symlink("nowhere", path("dangling")).unwrap();
    fifo(&path("fifo"));
    top.file("file", b"x");
    top.file("full/x", b"x");
    let before = snapshot(top.path());
    for name in ["link", "dangling", "fifo", "file", "full"] {
        let error = write_to(&image, &format!("rootfs:{}", path(name).display())).unwrap_err();
        assert!(
            matches!(error, WriteError::Occupied { .. }),
            "{name}: {error}"
        );
    }
    assert_eq!(snapshot(top.path()), before);
}

#[test]
fn a_layout_never_replaces_existing_files() {
    let image = layer(Tar::new().file("a", b"new"));
    let top = Directory::new();
    let path = |name: &str| top.path().join(name);
    fs::create_dir(path("empty")).unwrap();
    symlink("empty", path("link")).unwrap();
    symlink("nowhere", path("dangling")).unwrap();
    fifo(&path("fifo"));
    top.file("file", b"x");
    top.file("full/x", b"x");
    let before = snapshot(top.path());
    for name in ["link", "dangling", "fifo", "file", "full"] {
        let error = write_to(&image, &format!("oci:{}", path(name).display())).unwrap_err();
        assert!(
            matches!(error, WriteError::Foreign { .. }),
            "{name}: {error}"
        );
    }
    for name in ["fifo", "empty"] {
        let error = write_to(&image, &format!("oci-archive:{}", path(name).display()));
        assert!(matches!(error, Err(WriteError::NotAFile { .. })), "{name}");
    }
    assert_eq!(snapshot(top.path()), before);
}

#[test]
fn a_symlink_to_a_device_is_not_an_archive() {
    let top = Directory::new();
    symlink("/dev/zero", top.path().join("zero.tar")).unwrap();
    let zero = top.path().join("zero.tar").display().to_string();
    for transport in ["docker-archive", "oci-archive"] {
        let error = open(&format!("{transport}:{zero}")).unwrap_err();
        assert!(matches!(error, ReadError::NotAnImage { .. }), "{error}");
    }
}
