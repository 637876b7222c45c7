//! Application of layers on top of each other, one rule per test.

use jettison::image::{Header, Kind};

use crate::builders::images::{Tar, find, layer, layers, listing, read};

/// The result of two layers.
fn over(lower: Tar, upper: Tar) -> Vec<String> {
    listing(&layers(&[lower, upper]).unwrap())
}

#[test]
fn a_file_in_an_upper_layer_replaces_a_lower_one() {
    assert_eq!(
        over(Tar::new().file("a", b"old"), Tar::new().file("./a", b"new")),
        ["/a = new"]
    );
}

#[test]
fn a_directory_may_be_named_twice_in_a_layer() {
    let tar = Tar::new().directory("d").file("d/a", b"x").directory("d");
    assert_eq!(listing(&layer(tar)), ["/d/", "/d/a = x"]);
}

#[test]
fn a_directory_named_again_takes_the_header_and_keeps_its_children() {
    let lower = Tar::new().directory("d").file("d/a", b"");
    let upper = Tar::new().entry(b'5', "d/", "", b"", |header| {
        header.set_mode(0o1777);
        header.set_uid(7);
    });
    let image = layers(&[lower, upper]).unwrap();
    assert_eq!(listing(&image), ["/d/", "/d/a = "]);
    let header = &image.tree.inode(find(&image, "/d")).header;
    assert_eq!((header.mode, header.uid), (0o1777, 7));
    assert_eq!(image.tree.inode(find(&image, "/d")).layer, 1);
}

#[test]
fn a_file_replaces_a_directory_and_its_contents() {
    assert_eq!(
        over(
            Tar::new().directory("d").file("d/a", b""),
            Tar::new().file("d", b"x")
        ),
        ["/d = x"]
    );
}

#[test]
fn a_directory_replaces_a_file_or_a_symlink() {
    let lower = Tar::new()
        .file("a", b"")
        .symlink("b", "c")
        .directory("c")
        .file("c/kept", b"");
    let upper = Tar::new().directory("a").directory("b");
    assert_eq!(over(lower, upper), ["/a/", "/b/", "/c/", "/c/kept = "]);
}

#[test]
fn a_whiteout_hides_a_file_or_a_whole_directory_of_lower_layers() {
    let lower = Tar::new()
        .file("a", b"")
        .directory("d")
        .file("d/x", b"")
        .file("kept", b"");
    let upper = Tar::new()
        .file(".wh.a", b"")
        .file(".wh.d", b"")
        .file(".wh.never-there", b"");
    assert_eq!(over(lower, upper), ["/kept = "]);
}

#[test]
fn a_whiteout_does_not_hide_files_of_its_own_layer() {
    let lower = Tar::new()
        .file("a", b"old")
        .directory("d")
        .file("d/old", b"");
    let upper = Tar::new()
        .file(".wh.a", b"")
        .file("a", b"new")
        .file(".wh.d", b"")
        .directory("d")
        .file("d/.wh..wh..opq", b"")
        .file("d/new", b"");
    assert_eq!(over(lower, upper), ["/a = new", "/d/", "/d/new = "]);
}

#[test]
fn an_opaque_marker_hides_lower_entries_at_any_position_in_the_layer() {
    let lower = Tar::new()
        .directory("d")
        .file("d/old", b"")
        .directory("d/sub")
        .file("d/sub/old", b"");
    for upper in [
        Tar::new()
            .directory("d")
            .file("d/.wh..wh..opq", b"")
            .file("d/new", b""),
        Tar::new()
            .directory("d")
            .file("d/new", b"")
            .file("d/.wh..wh..opq", b""),
    ] {
        assert_eq!(over(lower.clone(), upper), ["/d/", "/d/new = "]);
    }
}

#[test]
fn an_opaque_directory_keeps_the_directories_of_its_own_layer() {
    let lower = Tar::new().directory("d/sub").file("d/sub/old", b"");
    let upper = Tar::new()
        .directory("d/sub")
        .file("d/sub/new", b"")
        .file("d/.wh..wh..opq", b"");
    assert_eq!(over(lower, upper), ["/d/", "/d/sub/", "/d/sub/new = "]);
}

#[test]
fn repeated_and_nested_whiteouts_work_in_any_order() {
    let lower = Tar::new().file("d/e/old", b"").file("d/old", b"");
    for upper in [
        Tar::new()
            .file("d/e/.wh.old", b"")
            .directory("d/e")
            .file("d/e/new", b"")
            .file("d/.wh..wh..opq", b"")
            .file("d/.wh..wh..opq", b""),
        Tar::new()
            .file(".wh.d", b"")
            .file(".wh.d", b"")
            .directory("d/e")
            .file("d/e/new", b"")
            .file("d/.wh..wh..opq", b""),
    ] {
        assert_eq!(over(lower.clone(), upper), ["/d/", "/d/e/", "/d/e/new = "]);
    }
}

#[test]
fn a_whiteout_in_a_lower_layer_hides_nothing_above() {
    let image = layers(&[
        Tar::new().file("a", b"0"),
        Tar::new().file(".wh.a", b""),
        Tar::new().file("a", b"2"),
    ]);
    assert_eq!(listing(&image.unwrap()), ["/a = 2"]);
}

#[test]
fn metadata_entries_of_aufs_are_ignored() {
    let tar = Tar::new()
        .directory(".wh..wh.plnk")
        .file(".wh..wh.aufs", b"")
        .file("a", b"");
    assert_eq!(listing(&layer(tar)), ["/a = "]);
}

#[test]
fn a_hard_link_is_another_name_of_one_inode() {
    let image = layer(Tar::new().file("a", b"x").hard_link("b", "./a"));
    assert_eq!(
        image.tree.inode_id(find(&image, "/a")),
        image.tree.inode_id(find(&image, "/b"))
    );
}

#[test]
fn a_hard_link_may_name_a_file_of_a_lower_layer() {
    let image = layers(&[
        Tar::new().file("dir/a", b"x"),
        Tar::new().hard_link("b", "/dir/a"),
    ])
    .unwrap();
    assert_eq!(read(&image, "/b"), b"x");
    assert_eq!(
        image.tree.inode_id(find(&image, "/dir/a")),
        image.tree.inode_id(find(&image, "/b"))
    );
}

#[test]
fn a_hard_link_to_a_symlink_links_the_symlink_itself() {
    let image = layer(
        Tar::new()
            .file("a", b"x")
            .symlink("s", "a")
            .hard_link("t", "s"),
    );
    assert_eq!(listing(&image), ["/a = x", "/s -> a", "/t -> a"]);
}

#[test]
fn replacing_one_name_leaves_the_other_names_of_the_inode() {
    let image = layers(&[
        Tar::new().file("a", b"x").hard_link("b", "a"),
        Tar::new().file("a", b"y"),
    ])
    .unwrap();
    assert_eq!(listing(&image), ["/a = y", "/b = x"]);
    let image = layers(&[
        Tar::new().file("a", b"x").hard_link("b", "a"),
        Tar::new().file(".wh.a", b""),
    ])
    .unwrap();
    assert_eq!(listing(&image), ["/b = x"]);
}

#[test]
fn missing_parent_directories_are_created() {
    let image = layer(Tar::new().file("x/y/z", b""));
    assert_eq!(listing(&image), ["/x/", "/x/y/", "/x/y/z = "]);
    let made = &image.tree.inode(find(&image, "/x")).header;
    assert_eq!(
        made,
        &Header {
            mode: 0o755,
            ..Header::default()
        }
    );
}

#[test]
fn an_entry_path_follows_symlinks_and_stays_in_the_root() {
    let lower = Tar::new()
        .directory("usr/bin")
        .symlink("bin", "usr/bin")
        .symlink("up", "../../../usr");
    let upper = Tar::new().file("bin/sh", b"").file("up/x", b"");
    let expected = [
        "/bin -> usr/bin",
        "/up -> ../../../usr",
        "/usr/",
        "/usr/bin/",
        "/usr/bin/sh = ",
        "/usr/x = ",
    ];
    assert_eq!(over(lower, upper), expected);
}

#[test]
fn an_entry_below_a_dangling_symlink_creates_its_target() {
    let image = layer(Tar::new().symlink("lock", "/run/lock").file("lock/a", b""));
    assert_eq!(
        listing(&image),
        [
            "/lock -> /run/lock",
            "/run/",
            "/run/lock/",
            "/run/lock/a = "
        ]
    );
}

#[test]
fn a_replaced_symlink_redirects_entries_of_the_next_layer() {
    let lower = Tar::new()
        .directory("one")
        .directory("two")
        .symlink("l", "one")
        .file("l/a", b"");
    assert_eq!(
        over(lower, Tar::new().symlink("l", "two").file("l/b", b"")),
        ["/l -> two", "/one/", "/one/a = ", "/two/", "/two/b = "]
    );
}

#[test]
fn a_symlink_replaced_in_its_own_layer_redirects_later_entries() {
    let lower = || {
        Tar::new()
            .directory("one")
            .directory("two")
            .symlink("l", "one")
            .symlink("m", "./l/.")
    };
    for way in ["l", "m"] {
        let upper = Tar::new()
            .file(&format!("{way}/a"), b"")
            .file(&format!("{way}/d/b"), b"")
            .symlink("l", "two")
            .file(&format!("{way}/c"), b"")
            .file(&format!("{way}/d/e"), b"");
        let expected = [
            "/l -> two",
            "/m -> ./l/.",
            "/one/",
            "/one/a = ",
            "/one/d/",
            "/one/d/b = ",
            "/two/",
            "/two/c = ",
            "/two/d/",
            "/two/d/e = ",
        ];
        assert_eq!(over(lower(), upper), expected, "{way}");
    }
}

#[test]
fn the_symlink_limit_applies_to_each_entry_separately() {
    let chain = (1..=30).fold(Tar::new().directory("l0"), |tar, number| {
        tar.symlink(&format!("l{number}"), &format!("l{}", number - 1))
    });
    // 30 symlinks lead to `l0`, and from there 9 or 16 more back to it.
    let tar = chain
        .symlink("l0/up", "../l8")
        .symlink("l0/far", "../l15")
        .file("l30/a", b"")
        .file("l30/up/b", b"")
        .file("l9/far/c", b"");
    assert!(layers(std::slice::from_ref(&tar)).is_ok());
    for path in ["l30/far/d", "l30/up/far/d"] {
        let error = layers(&[tar.clone().file(path, b"")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("too many symlinks"), "{error}");
    }
}

#[test]
fn a_whiteout_works_through_a_symlink_to_its_directory() {
    let lower = Tar::new()
        .directory("usr/bin")
        .file("usr/bin/sh", b"")
        .symlink("bin", "usr/bin");
    assert_eq!(
        over(lower, Tar::new().file("bin/.wh.sh", b"")),
        ["/bin -> usr/bin", "/usr/", "/usr/bin/"]
    );
}

#[test]
fn the_root_directory_keeps_its_own_header() {
    let image = layer(
        Tar::new()
            .entry(b'5', "./", "", b"", |header| header.set_mode(0o700))
            .file("a", b""),
    );
    assert_eq!(
        image.tree.inode(jettison::image::NameId::ROOT).header.mode,
        0o700
    );
    assert_eq!(listing(&image), ["/a = "]);
}

#[test]
fn devices_and_pipes_keep_their_numbers() {
    let device = |kind, name| {
        Tar::new().entry(kind, name, "", b"", |header| {
            header.set_device_major(1).unwrap();
            header.set_device_minor(3).unwrap();
        })
    };
    let image = layers(&[
        device(b'3', "null"),
        device(b'4', "disk"),
        device(b'6', "pipe"),
    ])
    .unwrap();
    assert_eq!(
        image.tree.inode(find(&image, "/null")).kind,
        Kind::Character { major: 1, minor: 3 }
    );
    assert_eq!(
        image.tree.inode(find(&image, "/disk")).kind,
        Kind::Block { major: 1, minor: 3 }
    );
    assert_eq!(image.tree.inode(find(&image, "/pipe")).kind, Kind::Fifo);
}
