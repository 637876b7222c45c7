//! `--layers keep`: shared layers stay shared, and the tree is the same as with one layer.

use jettison::image::{
    Content, Image, Kind, Layers, NameId, Options, Selection, Silent, WriteOptions, Written, write,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::builders::images::{
    Directory, Tar, config, docker_archive, everything, find, gzip, layers, listing, open,
    open_with, zstd,
};

fn keep() -> WriteOptions {
    WriteOptions {
        layers: Layers::Keep,
        ..WriteOptions::default()
    }
}

/// Writes the names that a predicate takes, and reads what was written.
fn written(image: &Image, selection: &Selection, options: &WriteOptions) -> (Written, Image) {
    let directory = Directory::new();
    let destination = format!("docker-archive:{}", directory.path().join("x").display());
    let written = write(
        image,
        selection,
        &destination.parse().unwrap(),
        options,
        &Silent,
    )
    .unwrap();
    (written, open(&destination).unwrap())
}

fn only(image: &Image, paths: &[&str]) -> Selection {
    let mut selection = Selection::none(&image.tree);
    for path in paths {
        selection.keep(&image.tree, find(image, path));
    }
    selection
}

/// Of each layer, which one of the original it is, and whether as it was.
fn layers_of(written: &Written) -> Vec<(usize, bool)> {
    written
        .layers
        .iter()
        .map(|layer| (layer.of.unwrap(), layer.whole))
        .collect()
}

/// Whether each step has a layer.
fn history(image: &Image) -> Vec<(String, bool)> {
    image
        .config
        .history()
        .into_iter()
        .map(|step| (step.created_by, !step.empty_layer))
        .collect()
}

fn step(text: &str, has_layer: bool) -> (String, bool) {
    (text.to_owned(), has_layer)
}

#[test]
fn a_layer_that_is_kept_in_full_is_copied_byte_for_byte() {
    let base = Tar::new()
        .directory("etc")
        .file("etc/a", b"old")
        .file("b", b"x");
    let image = layers(&[
        base,
        Tar::new()
            .directory("etc")
            .file("etc/a", b"new")
            .file("c", b"")
            .file("d", b""),
    ]);
    let image = image.unwrap();
    let (written, again) = written(&image, &only(&image, &["/etc/a", "/b", "/c"]), &keep());
    assert_eq!(layers_of(&written), [(0, true), (1, false)]);
    assert_eq!(written.layers[0].diff_id, image.layers[0].diff_id);
    assert_eq!(
        listing(&again),
        ["/b = x", "/c = ", "/etc/", "/etc/a = new"]
    );
    assert_eq!(
        history(&again),
        [
            step("step 0", true),
            step("step 1", true),
            step("jettison slim", false)
        ]
    );
}

#[test]
fn an_image_that_is_kept_in_full_has_the_same_configuration() {
    let image = layers(&[
        Tar::new().file("a", b""),
        Tar::new().file("b", b"").hard_link("c", "b"),
    ])
    .unwrap();
    let (written, again) = written(&image, &Selection::all(&image.tree), &keep());
    assert_eq!(layers_of(&written), [(0, true), (1, true)]);
    assert_eq!(again.config, image.config);
}

#[test]
fn a_layer_without_kept_files_is_removed_and_its_history_step_becomes_empty() {
    let image = layers(&[
        Tar::new().file("a", b""),
        Tar::new().file("b", b""),
        Tar::new().file("c", b""),
    ])
    .unwrap();
    let (written, again) = written(&image, &only(&image, &["/a", "/c"]), &keep());
    assert_eq!(layers_of(&written), [(0, true), (2, true)]);
    let steps = [
        step("step 0", true),
        step("step 1", false),
        step("step 2", true),
        step("jettison slim", false),
    ];
    assert_eq!(history(&again), steps);
}

#[test]
fn a_file_that_a_later_layer_removed_is_not_written() {
    let image = layers(&[
        Tar::new().file("secret", b"x").file("a", b""),
        Tar::new().file(".wh.secret", b""),
    ])
    .unwrap();
    let (written, again) = written(&image, &Selection::all(&image.tree), &keep());
    assert_eq!(layers_of(&written), [(0, false)]);
    assert_eq!(listing(&again), ["/a = "]);
    // A header for the file, and the end.
    assert_eq!(written.layers[0].size, 3 * 512);
}

#[test]
fn an_entry_below_a_symlink_of_another_layer_is_written_under_its_real_path() {
    let lower = Tar::new().directory("usr/bin").symlink("bin", "usr/bin");
    let image = layers(&[lower, Tar::new().file("bin/sh", b"x")]).unwrap();
    let (written, again) = written(&image, &only(&image, &["/usr/bin/sh"]), &keep());
    assert_eq!(layers_of(&written), [(0, false), (1, false)]);
    assert_eq!(listing(&again), ["/usr/", "/usr/bin/", "/usr/bin/sh = x"]);
}

#[test]
fn all_hard_links_of_a_file_are_written_to_one_layer() {
    let image = layers(&[
        Tar::new().file("a", b"x").file("c", b""),
        Tar::new().hard_link("b", "a"),
    ])
    .unwrap();
    let (written, again) = written(&image, &Selection::all(&image.tree), &keep());
    assert_eq!(layers_of(&written), [(0, true), (1, false)]);
    assert_eq!(
        again.tree.inode_id(find(&again, "/a")),
        again.tree.inode_id(find(&again, "/b"))
    );
    assert_eq!(again.tree.inode(find(&again, "/a")).layer, 1);
}

#[test]
fn changes_after_reading_rewrite_their_layer() {
    let mut image = layers(&[
        Tar::new().file("a", b"old").file("b", b""),
        Tar::new().file("c", b""),
    ])
    .unwrap();
    let a = find(&image, "/a");
    image.tree.inode_mut(a).kind = Kind::File(Content::Bytes(b"new".to_vec()));
    let added = image.tree.inode(a).clone();
    image.tree.insert(NameId::ROOT, b"d", added);
    let (written, again) = written(&image, &Selection::all(&image.tree), &keep());
    assert_eq!(layers_of(&written), [(0, false), (1, false)]);
    assert_eq!(listing(&again), ["/a = new", "/b = ", "/c = ", "/d = new"]);
}

#[test]
fn an_empty_selection_is_written_as_one_empty_layer() {
    let image = layers(&[Tar::new().file("a", b"")]).unwrap();
    let (written, again) = written(&image, &Selection::none(&image.tree), &keep());
    assert_eq!((written.layers.len(), listing(&again)), (1, Vec::new()));
}

#[test]
fn a_copied_layer_keeps_its_compression_unless_another_is_requested() {
    let plain = [Tar::new().file("a", &[7; 5000]).end()];
    let directory = Directory::new();
    let path = |name: &str| format!("oci:{}", directory.path().join(name).display());
    for (name, stored) in [
        ("gzip", gzip(&plain[0])),
        ("zstd", zstd(&plain[0])),
        ("none", plain[0].clone()),
    ] {
        let image = open_with(
            &docker_archive(&[stored], &config(&plain), &[]),
            &Options::default(),
        )
        .unwrap();
        // A layout makes the digests known.
        write(
            &image,
            &Selection::all(&image.tree),
            &path(name).parse().unwrap(),
            &WriteOptions {
                compression: Some(image.layers[0].compression.into()),
                ..keep()
            },
            &Silent,
        )
        .unwrap();
        let image = open(&path(name)).unwrap();
        let all = Selection::all(&image.tree);
        let copied = write(
            &image,
            &all,
            &path("copy").parse().unwrap(),
            &keep(),
            &Silent,
        )
        .unwrap();
        assert_eq!(copied.layers[0].digest, image.layers[0].digest, "{name}");
        let options = WriteOptions {
            compression: Some("zstd:7".parse().unwrap()),
            ..keep()
        };
        let other = write(
            &image,
            &all,
            &path("other").parse().unwrap(),
            &options,
            &Silent,
        )
        .unwrap();
        assert_ne!(other.layers[0].digest, image.layers[0].digest, "{name}");
        assert_eq!(other.layers[0].diff_id, image.layers[0].diff_id, "{name}");
    }
}

#[test]
fn times_are_clamped_to_the_source_date_epoch() {
    let old =
        |tar: Tar, time: u64| tar.entry(b'0', "old", "", b"", |header| header.set_mtime(time));
    let image = layers(&[
        old(Tar::new(), 50),
        Tar::new().pax(&[("mtime", b"100.5")]).file("young", b""),
    ])
    .unwrap();
    let options = WriteOptions {
        epoch: Some(jiff::Timestamp::from_second(100).unwrap()),
        ..keep()
    };
    let (written, again) = written(&image, &Selection::all(&image.tree), &options);
    assert_eq!(layers_of(&written), [(0, true), (1, false)]);
    let header = |path| again.tree.inode(find(&again, path)).header.clone();
    assert_eq!(
        (
            header("/old").mtime,
            header("/young").mtime,
            header("/young").pax
        ),
        (50, 100, Vec::new())
    );
    assert_eq!(again.config.created(), Some("1970-01-01T00:01:40Z"));
    let times: Vec<Value> = again.config.json()["history"].as_array().unwrap().clone();
    assert!(times.iter().all(|step| {
        step["created"]
            .as_str()
            .is_none_or(|time| time == "1970-01-01T00:01:40Z")
    }));
}

#[test]
fn a_whiteout_creates_no_directory_that_is_dropped() {
    let lower = Tar::new().directory("d").file("d/a", b"").file("b", b"");
    let upper = Tar::new().file("d/.wh.a", b"").file("c", b"");
    let image = layers(&[lower, upper]).unwrap();
    let (_, again) = written(&image, &only(&image, &["/b", "/c"]), &keep());
    assert_eq!(listing(&again), ["/b = ", "/c = "]);
    // Nor one in place of a file or symlink that is dropped.
    let lower = Tar::new().file("f", b"").symlink("l", "a").file("b", b"");
    for whiteout in ["f/.wh.x", "l/.wh.x"] {
        let upper = Tar::new().file(whiteout, b"").file("c", b"");
        let image = layers(&[lower.clone(), upper]).unwrap();
        let (_, again) = written(&image, &only(&image, &["/b", "/c"]), &keep());
        assert_eq!(listing(&again), ["/b = ", "/c = "], "{whiteout}");
    }
}

#[test]
fn a_recreated_directory_does_not_get_its_old_header() {
    let below = Tar::new().entry(b'5', "d", "", b"", |header| header.set_mode(0o700));
    let removed = Tar::new().file(".wh.d", b"");
    // There is no entry for the directory itself.
    let again = Tar::new().file("d/a", b"a");
    let image = layers(&[below, removed, again]).unwrap();
    let mut selection = Selection::none(&image.tree);
    for name in image.tree.walk() {
        selection.keep(&image.tree, name);
    }
    let (_, one) = written(&image, &selection, &WriteOptions::default());
    let (_, kept) = written(&image, &selection, &keep());
    assert_eq!(everything(&kept), everything(&one));
}

const PATHS: [&str; 9] = ["a", "b", "d", "d/a", "d/b", "d/e", "d/e/f", "l", "l/a"];

/// What it is, its path, the path it links to, its mode.
pub(super) type Entry = (u8, usize, usize, u32);

pub(super) fn any_layer() -> impl Strategy<Value = Vec<Entry>> {
    prop::collection::vec((0..8_u8, 0..PATHS.len(), 0..PATHS.len(), 0..3_u32), 0..8)
}

/// Whiteouts come first, and each path once: what is written otherwise is refused.
fn tidied(entries: &[Entry]) -> Vec<Entry> {
    let (whiteouts, rest): (Vec<Entry>, Vec<Entry>) =
        entries.iter().partition(|(kind, ..)| *kind == 5);
    let mut seen = std::collections::HashSet::new();
    let rest = rest
        .into_iter()
        .filter(|(kind, path, ..)| *kind > 5 || seen.insert(*path));
    whiteouts.into_iter().chain(rest).collect()
}

pub(super) fn archive(entries: &[Entry]) -> Tar {
    tidied(entries)
        .iter()
        .fold(Tar::new(), |tar, &(kind, path, target, mode)| {
            let (path, target) = (PATHS[path], PATHS[target]);
            let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
            match kind {
                // The mode that hard links have.
                0 => tar.file(path, path.as_bytes()),
                1 => tar.entry(b'0', path, "", path.as_bytes(), |header| {
                    header.set_mode(0o600 + mode);
                }),
                2 => tar.entry(b'5', path, "", b"", |header| header.set_mode(0o700 + mode)),
                3 => tar.symlink(path, target),
                4 => tar.hard_link(path, target),
                5 => tar.file(&format!("./{directory}/.wh.{name}"), b""),
                6 => tar.entry(b'5', "./", "", b"", |header| header.set_mode(0o750 + mode)),
                _ => tar.file(&format!("{path}/.wh..wh..opq"), b""),
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keeping_layers_gives_the_same_tree_as_flattening(
        originals in prop::collection::vec(any_layer(), 1..5),
        kept in prop::collection::vec(any::<bool>(), 64),
        all in any::<bool>(),
    ) {
        // A hard link to nothing makes an image that cannot be read.
        let image = layers(&originals.iter().map(|entries| archive(entries)).collect::<Vec<_>>());
        prop_assume!(image.is_ok());
        let image = image.unwrap();
        let mut selection = Selection::none(&image.tree);
        for (name, kept) in image.tree.walk().zip(kept.iter().cycle()) {
            if all || *kept {
                selection.keep(&image.tree, name);
            }
        }
        let (_, one) = written(&image, &selection, &WriteOptions::default());
        let (layers_written, kept) = written(&image, &selection, &keep());
        prop_assert_eq!(everything(&kept), everything(&one));
        prop_assert_eq!(kept.layers.len(), layers_written.layers.len());
    }
}
