//! `slim --shared`: each image has the same files as if it were written alone.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use jettison::image::{
    Image, Selection, SharedImage, SharedImages, SharedSizes, Sharing, Silent, WriteError,
    WriteOptions, Written, write,
};
use proptest::prelude::*;

use super::kept_layers::{any_layer, archive};
use super::writing::various;
use crate::builders::images::{
    Directory, Tar, config, docker_archive, everything, layer, layers, listing, open,
};

const NAMES: [&str; 5] = ["a:1", "b:1", "c:1", "d:1", "e:1"];

/// Every layer that saves something.
const ALL: Sharing = Sharing {
    layers: 10,
    least: 1,
};

/// Writes images with the selected names, in this order, and reads them back.
fn shared(
    images: &[(Image, Selection)],
    sharing: Sharing,
) -> (Vec<Image>, Vec<Written>, SharedSizes) {
    let directory = Directory::new();
    let layout = format!("oci:{}", directory.path().join("layout").display());
    let planned = planned(images, sharing);
    let written = planned.write(&layout.parse().unwrap(), &WriteOptions::default(), &Silent);
    let written = written.unwrap();
    assert!(
        written
            .iter()
            .map(|(name, ..)| *name)
            .eq(NAMES[..images.len()].iter().copied())
    );
    let read = NAMES[..images.len()]
        .iter()
        .map(|name| open(&format!("{layout}:{name}")).unwrap())
        .collect();
    let written = written.into_iter().map(|(_, written, _)| written).collect();
    (read, written, planned.sizes())
}

fn planned(images: &[(Image, Selection)], sharing: Sharing) -> SharedImages<'_> {
    let mut list = Vec::new();
    for (name, (image, selection)) in NAMES.iter().zip(images) {
        list.push(SharedImage {
            name,
            image,
            selection,
        });
    }
    SharedImages::new(list, sharing, None, &Silent).unwrap()
}

fn alone((image, selection): &(Image, Selection)) -> (Image, Written) {
    let directory = Directory::new();
    let place = format!("docker-archive:{}", directory.path().join("x").display());
    let options = WriteOptions::default();
    let written = write(image, selection, &place.parse().unwrap(), &options, &Silent).unwrap();
    (open(&place).unwrap(), written)
}

fn whole(image: Image) -> (Image, Selection) {
    let selection = Selection::all(&image.tree);
    (image, selection)
}

/// The number of layers of each image, and of all together.
fn counts(written: &[Written]) -> (Vec<usize>, usize) {
    let digests: BTreeSet<&str> = written
        .iter()
        .flat_map(|written| &written.layers)
        .map(|layer| layer.digest.as_str())
        .collect();
    let each = written.iter().map(|written| written.layers.len());
    (each.collect(), digests.len())
}

#[test]
fn files_that_are_the_same_in_several_images_are_written_once() {
    let base = |tar: Tar| tar.directory("lib").file("lib/common", &[1; 4000]);
    let images = [
        base(Tar::new()).file("one", b"1"),
        base(Tar::new()).file("two", b"2"),
        Tar::new().file("three", b"3"),
    ]
    .map(|tar| whole(layer(tar)));
    let (read, written, sizes) = shared(&images, ALL);
    assert_eq!(counts(&written), (vec![2, 2, 1], 4));
    assert_eq!(read[0].layers[0].digest, read[1].layers[0].digest);
    for (read, image) in read.iter().zip(&images) {
        assert_eq!(everything(read), everything(&image.0));
    }
    let written_alone = images.iter().map(|image| alone(image).1.layers[0].size);
    assert_eq!(sizes.alone, written_alone.sum::<u64>());
    // One file and its directory less, and the end of two more layers.
    assert_eq!(sizes.alone - sizes.shared, 512 + 512 + 4096 - 1024);
    assert_eq!(
        sizes.before,
        images
            .iter()
            .map(|(image, _)| image.layers[0].size)
            .sum::<u64>()
    );
}

#[test]
fn identical_images_have_the_same_layers_and_no_others() {
    let images = [whole(various()), whole(various())];
    let (read, written, _) = shared(&images, ALL);
    // The header of the root directory is unusual, so each has a layer for it.
    assert_eq!(counts(&written), (vec![2, 2], 2));
    for image in read {
        assert_eq!(everything(&image), everything(&images[0].0));
    }
}

#[test]
fn files_that_differ_in_anything_are_not_shared() {
    let usual = || Tar::new().file("f", &[1; 600]).hard_link("g", "f");
    for (other, what) in [
        (
            Tar::new().file("f", &[2; 600]).hard_link("g", "f"),
            "content",
        ),
        (Tar::new().file("f", &[1; 600]), "hard links"),
        (
            Tar::new().file("f", &[1; 600]).file("g", &[1; 600]),
            "hard links",
        ),
        (Tar::new().file("e", &[1; 600]).hard_link("g", "e"), "path"),
        (
            Tar::new()
                .entry(b'0', "f", "", &[1; 600], |header| header.set_mtime(1))
                .hard_link("g", "f"),
            "time",
        ),
        (
            Tar::new()
                .pax(&[("SCHILY.xattr.user.a", b"b")])
                .file("f", &[1; 600])
                .hard_link("g", "f"),
            "attributes",
        ),
    ] {
        let images = [whole(layer(usual())), whole(layer(other))];
        let (read, written, _) = shared(&images, ALL);
        assert_eq!(counts(&written), (vec![1, 1], 2), "{what}");
        for (read, image) in read.iter().zip(&images) {
            assert_eq!(everything(read), everything(&image.0), "{what}");
        }
    }
}

#[test]
fn directories_keep_the_header_that_they_have_in_each_image() {
    let dated = |time: u64, name: &str| {
        let tar = Tar::new()
            .entry(b'5', "lib", "", b"", move |header| header.set_mtime(time))
            .entry(b'5', "lib/deep", "", b"", move |header| {
                header.set_mode(0o700);
            });
        whole(layer(
            tar.file("lib/deep/common", &[1; 4000]).file(name, b""),
        ))
    };
    let images = [dated(5, "a"), dated(6, "b"), dated(6, "b")];
    let (read, written, _) = shared(&images, ALL);
    for (read, image) in read.iter().zip(&images) {
        assert_eq!(everything(read), everything(&image.0));
    }
    let (each, _) = counts(&written);
    assert_eq!(each, [2, 3, 3]);
}

#[test]
fn the_number_of_layers_is_limited_and_small_layers_are_merged() {
    let file = |tar: Tar, name: &str| tar.file(name, &[1; 2000]);
    let all = file(Tar::new(), "all");
    let images = [
        file(file(file(all.clone(), "ab"), "ac"), "a"),
        file(file(file(all.clone(), "ab"), "bc"), "b"),
        file(file(file(all, "ac"), "bc"), "c"),
    ]
    .map(|tar| whole(layer(tar)));
    for (sharing, expected) in [
        (ALL, (vec![4, 4, 4], 7)),
        (Sharing { layers: 2, ..ALL }, (vec![2, 2, 2], 4)),
        (Sharing { layers: 1, ..ALL }, (vec![1, 1, 1], 3)),
        (Sharing { least: 3000, ..ALL }, (vec![2, 2, 2], 4)),
        (Sharing::default(), (vec![1, 1, 1], 3)),
    ] {
        let (read, written, _) = shared(&images, sharing);
        assert_eq!(counts(&written), expected, "{sharing:?}");
        for (read, image) in read.iter().zip(&images) {
            assert_eq!(everything(read), everything(&image.0), "{sharing:?}");
        }
    }
}

#[test]
fn an_archive_is_the_same_for_every_order_of_the_images() {
    let of = |name: &str| whole(layer(Tar::new().file("common", &[1; 900]).file(name, b"")));
    let (one, other) = (of("one"), of("other"));
    let directory = Directory::new();
    let bytes = |images: [(&'static str, &(Image, Selection)); 2]| {
        let images = images.map(|(name, (image, selection))| SharedImage {
            name,
            image,
            selection,
        });
        let path = directory.path().join("x.tar");
        let place = format!("oci-archive:{}", path.display()).parse().unwrap();
        let images = SharedImages::new(images.into(), ALL, None, &Silent).unwrap();
        images
            .write(&place, &WriteOptions::default(), &Silent)
            .unwrap();
        fs::read(path).unwrap()
    };
    assert!(bytes([("a", &one), ("b", &other)]) == bytes([("b", &other), ("a", &one)]));
}

#[test]
fn destinations_for_one_image_and_too_many_images_are_refused() {
    let image = whole(layer(Tar::new().file("a", b"")));
    let two = [image.clone(), image.clone()];
    for destination in [
        "docker-archive:x.tar",
        "x.tar",
        "rootfs:x",
        "docker-daemon:app",
        "docker://r.example/app",
        "-",
    ] {
        let reference = destination.parse().unwrap();
        let error = planned(&two, ALL).write(&reference, &WriteOptions::default(), &Silent);
        assert!(
            matches!(error, Err(WriteError::NoSeveral { .. })),
            "{destination}"
        );
    }
    let many = vec![
        SharedImage {
            name: "a",
            image: &image.0,
            selection: &image.1,
        };
        65
    ];
    let error = SharedImages::new(many, ALL, None, &Silent).unwrap_err();
    assert!(matches!(error, WriteError::TooManyImages { .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn images_with_shared_layers_have_the_same_files_as_alone(
        base in prop::collection::vec(any_layer(), 0..2),
        tops in prop::collection::vec(any_layer(), 2..5),
        kept in prop::collection::vec(any::<bool>(), 64),
        most in 1..6_usize,
    ) {
        let mut images = Vec::new();
        for (index, top) in tops.iter().enumerate() {
            let originals = base.iter().chain([top]).map(|entries| archive(entries));
            let image = layers(&originals.collect::<Vec<_>>());
            prop_assume!(image.is_ok());
            let image = image.unwrap();
            let mut selection = Selection::none(&image.tree);
            for (name, kept) in image.tree.walk().zip(kept.iter().cycle().skip(index)) {
                if *kept {
                    selection.keep(&image.tree, name);
                }
            }
            images.push((image, selection));
        }
        let (read, written, _) = shared(&images, Sharing { layers: most, least: 1 });
        for ((read, written), image) in read.iter().zip(&written).zip(&images) {
            prop_assert_eq!(everything(read), everything(&alone(image).0));
            prop_assert!(written.layers.len() <= most);
        }
    }
}

fn jettison(directory: &Directory, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_jettison"))
        .current_dir(directory.path())
        .args(arguments)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// Archives of two images that have a large file in common; the first has a name.
fn two(directory: &Directory) {
    for (file, own, tags) in [
        ("web.tar", "web", &["web:1"][..]),
        ("cron.tar", "cron", &[]),
    ] {
        let layer = Tar::new()
            .file("app", &vec![7; 100_000])
            .file(own, b"junk")
            .end();
        directory.file(
            file,
            &docker_archive(
                std::slice::from_ref(&layer),
                &config(std::slice::from_ref(&layer)),
                tags,
            ),
        );
    }
}

#[test]
fn slim_writes_several_images_to_one_layout_under_their_names() {
    let directory = Directory::new();
    two(&directory);
    let command = [
        "slim",
        "web.tar",
        "cron.tar",
        "--shared",
        "-o",
        "oci:out",
        "-t",
        "web:slim",
        "-t",
        "cron:slim",
    ];
    let (status, text) = jettison(&directory, &command);
    assert_eq!(status, Some(0), "{text}");
    let sizes = "unique bytes of 2 images: 205.8 kB before, 203.7 kB slimmed one by one, \
                 101.8 kB with shared layers\n";
    assert!(text.contains(sizes), "{text}");
    for name in ["web:slim", "cron:slim"] {
        assert!(
            text.contains(&format!("wrote oci:out:{name}, image sha256:")),
            "{text}"
        );
        assert!(text.contains("; layers: 1, shared: 1\n"), "{text}");
        let image = open(&format!("oci:{}/out:{name}", directory.path().display())).unwrap();
        assert_eq!(listing(&image).len(), 1);
    }
}

#[test]
fn names_of_the_originals_are_used_unless_tags_are_given_and_must_differ() {
    let directory = Directory::new();
    two(&directory);
    let shared = ["--shared", "-o", "oci:out"];
    for (arguments, reason) in [
        (
            &["web.tar", "cron.tar"][..],
            "image `cron.tar`: it has no name",
        ),
        (&["web.tar", "web.tar"], "two images have the name `web:1`"),
        (
            &["web.tar", "cron.tar", "-t", "x"],
            "once for each of the 2 images",
        ),
        (
            &["web.tar", "cron.tar", "-t", "x", "-t", "x"],
            "two images have the name `x`",
        ),
        (
            &["web.tar", "cron.tar", "-t", "x", "-t", "Y"],
            "invalid image name `Y`",
        ),
        (&["web.tar"], "needs at least two images"),
        (
            &["web.tar", "cron.tar", "--user", "7"],
            "cannot be used with",
        ),
        (
            &["web.tar", "cron.tar", "--rest", "r.tar"],
            "cannot be used with",
        ),
        (
            &["web.tar", "cron.tar", "--report", "r.html"],
            "cannot be used with",
        ),
        (
            &["web.tar", "cron.tar", "--all-platforms"],
            "cannot be used with",
        ),
    ] {
        let (status, text) = jettison(&directory, &[&["slim"], arguments, &shared].concat());
        assert!(
            status == Some(2) && text.contains(reason),
            "{arguments:?}: {text}"
        );
    }
    for (arguments, reason) in [
        (
            &["-o", "oci:out:x", "--shared"][..],
            "has the name `x` for 2 images",
        ),
        (&["-o", "x.tar", "--shared"], "cannot hold several images"),
        (&["-o", "oci:out"], "--shared"),
    ] {
        let command = [&["slim", "web.tar", "cron.tar"], arguments].concat();
        let (status, text) = jettison(&directory, &command);
        assert!(
            status == Some(2) && text.contains(reason),
            "{arguments:?}: {text}"
        );
    }
    let command = ["slim", "web.tar", "-o", "oci:out", "-t", "x", "-t", "y"];
    let (status, text) = jettison(&directory, &command);
    assert!(
        status == Some(2) && text.contains("can only be repeated with `--shared`"),
        "{text}"
    );
    assert!(!directory.path().join("out").exists());
}

#[test]
fn a_dry_run_of_several_images_shows_the_sizes_and_writes_nothing() {
    let directory = Directory::new();
    two(&directory);
    let command = [
        "slim",
        "web.tar",
        "cron.tar",
        "--shared",
        "--dry-run",
        "-t",
        "a",
        "-t",
        "b",
    ];
    let (status, text) = jettison(&directory, &command);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("unique bytes of 2 images: "), "{text}");
    assert!(!text.contains("wrote"), "{text}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}
