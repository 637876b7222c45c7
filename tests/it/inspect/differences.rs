//! Differences between two images.

use jettison::image::{Image, Options};
use jettison::inspect::{Difference, difference};
use jettison::packages;

use crate::builders::images::{Tar, config, docker_archive, layer, open_with};

fn compared(before: &Image, after: &Image) -> Difference {
    let [old, new] = [before, after].map(|image| packages::read(image).unwrap());
    difference((before, &old), (after, &new)).unwrap()
}

/// `+ path`, `- path` or `~ path: what`.
fn paths(before: Tar, after: Tar) -> Vec<String> {
    let line = |changed: &jettison::inspect::Changed| {
        let path = String::from_utf8(changed.path.clone()).unwrap();
        let what: Vec<_> = changed.what.iter().map(|what| what.as_str()).collect();
        match (changed.before, changed.after) {
            (None, _) => format!("+ {path}"),
            (_, None) => format!("- {path}"),
            _ => format!("~ {path}: {}", what.join(", ")),
        }
    };
    compared(&layer(before), &layer(after))
        .paths
        .iter()
        .map(line)
        .collect()
}

#[test]
fn images_that_differ_only_in_times_are_equal() {
    let at = |time| Tar::new().entry(b'0', "a", "", b"x", |header| header.set_mtime(time));
    assert_eq!(paths(at(1), at(2)), Vec::<String>::new());
}

#[test]
fn every_kind_of_change_is_listed() {
    let mode = |mode| move |header: &mut tar::Header| header.set_mode(mode);
    let before = Tar::new()
        .file("gone", b"x")
        .file("content", b"abc")
        .symlink("target", "a")
        .file("kind", b"x")
        .entry(b'0', "mode", "", b"x", mode(0o644))
        .entry(b'0', "owner", "", b"x", |header| header.set_uid(0))
        .file("xattr", b"x");
    let after = Tar::new()
        .file("new", b"x")
        .file("content", b"abd")
        .symlink("target", "b")
        .symlink("kind", "x")
        .entry(b'0', "mode", "", b"y", mode(0o4755))
        .entry(b'0', "owner", "", b"x", |header| header.set_uid(7))
        .pax(&[("SCHILY.xattr.user.x", b"1")])
        .file("xattr", b"x");
    let expected = [
        "~ /content: content",
        "- /gone",
        "~ /kind: kind, mode",
        "~ /mode: content, mode",
        "+ /new",
        "~ /owner: owner",
        "~ /target: target",
        "~ /xattr: xattr",
    ];
    assert_eq!(paths(before, after), expected);
}

#[test]
fn differing_paths_of_both_images_are_sorted_by_bytes() {
    let before = Tar::new()
        .file("d/only/before", b"x")
        .file("d.x", b"x")
        .file("both/same", b"x")
        .file("both/a", b"x");
    let after = Tar::new()
        .file("d/only-after", b"x")
        .file("both/same", b"x")
        .file("both/b/c", b"x");
    let expected = [
        "- /both/a",
        "+ /both/b",
        "+ /both/b/c",
        "- /d.x",
        "- /d/only",
        "+ /d/only-after",
        "- /d/only/before",
    ];
    assert_eq!(paths(before, after), expected);
}

#[test]
fn packages_differ_by_version() {
    let database = |text: &[u8]| layer(Tar::new().file("lib/apk/db/installed", text));
    let before = database(b"P:a\nV:1\n\nP:b\nV:1\n\nP:same\nV:1\n");
    let after = database(b"P:a\nV:2\n\nP:c\nV:1\n\nP:same\nV:1\n");
    let difference = compared(&before, &after);
    let line = |change: &jettison::inspect::PackageChange| {
        format!("{} {:?} {:?}", change.name, change.before, change.after)
    };
    let lines: Vec<_> = difference.packages.iter().map(line).collect();
    assert_eq!(
        lines,
        [r#"a ["1"] ["2"]"#, r#"b ["1"] []"#, r#"c [] ["1"]"#]
    );
}

#[test]
fn configuration_differences_are_listed_by_field_except_layer_descriptions() {
    let layers = [Tar::new().end()];
    let mut changed = config(&layers);
    changed["config"]["Env"] = serde_json::json!(["PATH=/usr/bin"]);
    changed["config"]["Cmd"] = serde_json::json!([]);
    changed["created"] = "2030-01-01T00:00:00Z".into();
    changed["variant"] = "v8".into();
    let open =
        |config| open_with(&docker_archive(&layers, config, &[]), &Options::default()).unwrap();
    let difference = compared(&open(&config(&layers)), &open(&changed));
    assert_eq!(difference.configuration, ["config.Env", "variant"]);
    assert_eq!(
        (difference.shared_layers, difference.is_empty()),
        (1, false)
    );
}

#[test]
fn large_files_are_compared_to_their_last_byte() {
    let length = (2 << 20) + 5;
    for at in [
        0,
        1 << 20,
        (1 << 20) - 1,
        (2 << 20) - 1,
        2 << 20,
        length - 1,
    ] {
        let mut other = vec![b'x'; length];
        let before = Tar::new().file("a", &other);
        other[at] = b'y';
        let after = Tar::new().file("a", &other);
        assert_eq!(paths(before, after), ["~ /a: content"], "{at}");
    }
    let same = || Tar::new().file("a", &vec![b'x'; length]);
    assert_eq!(paths(same(), same()), Vec::<String>::new());
}
