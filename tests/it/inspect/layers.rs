//! Added, replaced, removed and wasted files of layers.

use jettison::inspect::{How, ImageLayers, LayerFacts, layers};

use crate::builders::images::{Tar, layers as image};

fn looked_at(tars: &[Tar]) -> ImageLayers {
    layers(&image(tars).unwrap())
}

/// `path bytes layers how by`.
fn wasted(layers: &ImageLayers) -> Vec<String> {
    let line = |wasted: &jettison::inspect::Wasted| {
        let path = String::from_utf8(wasted.path.clone()).unwrap();
        format!(
            "{path} {} {:?} {:?} {}",
            wasted.bytes, wasted.layers, wasted.how, wasted.by
        )
    };
    layers.wasted.iter().map(line).collect()
}

#[test]
fn a_layer_adds_replaces_and_removes() {
    let lower = Tar::new()
        .directory("d")
        .file("d/a", b"aaaa")
        .file("d/b", b"bb")
        .file("c", b"c");
    let upper = Tar::new()
        .directory("d")
        .file("d/a", b"AAAAA")
        .file("d/.wh.b", b"")
        .file("d/new", b"n");
    let layers = looked_at(&[lower, upper]);
    assert_eq!(
        layers.layers[0],
        LayerFacts {
            added: 4,
            bytes: 7,
            wasted: 6,
            ..LayerFacts::default()
        }
    );
    let expected = LayerFacts {
        added: 1,
        replaced: 1,
        removed: 1,
        declared: 1,
        bytes: 6,
        hidden: 6,
        ..LayerFacts::default()
    };
    assert_eq!(layers.layers[1], expected);
    assert_eq!(
        (
            layers.bytes,
            layers.visible,
            layers.wasted_bytes(),
            layers.efficiency()
        ),
        (13, 7, 6, 538)
    );
    assert_eq!(
        wasted(&layers),
        ["/d/a 4 [0] Replaced 1", "/d/b 2 [0] Removed 1"]
    );
}

#[test]
fn every_overwritten_version_of_a_path_counts_as_wasted() {
    let again = |text: &[u8]| Tar::new().file("log", text);
    let layers = looked_at(&[again(b"1"), again(b"22"), again(b"333")]);
    assert_eq!(wasted(&layers), ["/log 3 [0, 1] Replaced 2"]);
    assert_eq!((layers.layers[1].hidden, layers.layers[2].hidden), (1, 2));
}

#[test]
fn a_removed_hard_link_wastes_nothing_while_another_remains() {
    let lower = Tar::new().file("a", b"aaaa").hard_link("b", "a");
    let layers = looked_at(&[lower, Tar::new().file(".wh.a", b"")]);
    assert_eq!(
        (
            layers.wasted_bytes(),
            layers.efficiency(),
            layers.layers[1].removed
        ),
        (0, 1000, 1)
    );
}

#[test]
fn replacing_a_directory_removes_everything_below_it() {
    let lower = Tar::new()
        .directory("d")
        .directory("d/e")
        .file("d/e/x", b"xxx");
    let layers = looked_at(&[lower, Tar::new().file("d", b"")]);
    assert_eq!(
        (layers.layers[1].replaced, layers.layers[1].removed),
        (1, 2)
    );
    assert_eq!(layers.wasted[0].how, How::Removed);
    assert_eq!(wasted(&layers), ["/d/e/x 3 [0] Removed 1"]);
}

#[test]
fn a_directory_can_replace_a_file() {
    let upper = Tar::new().directory("d").file("d/x", b"");
    let layers = looked_at(&[Tar::new().file("d", b"file"), upper]);
    assert_eq!(wasted(&layers), ["/d 4 [0] Replaced 1"]);
    assert_eq!((layers.layers[1].added, layers.layers[1].replaced), (1, 1));
}

#[test]
fn an_opaque_directory_hides_what_is_below_it() {
    let lower = Tar::new()
        .directory("d")
        .file("d/a", b"aa")
        .file("d/b", b"b");
    let upper = Tar::new()
        .directory("d")
        .file("d/.wh..wh..opq", b"")
        .file("d/b", b"new");
    let layers = looked_at(&[lower, upper]);
    assert_eq!(layers.wasted_bytes(), 3);
    assert_eq!(
        layers.wasted.iter().map(|wasted| wasted.bytes).sum::<u64>(),
        3
    );
}

#[test]
fn an_image_without_files_wastes_nothing() {
    assert_eq!(looked_at(&[Tar::new()]).efficiency(), 1000);
}
