//! Written images are equal to the images that were read.

use std::fs;
use std::path::Path;

use jettison::image::{
    Compression, Content, Header, Image, Inode, Kind, NameId, Reference, Selection, Silent, Tree,
    WriteError, WriteOptions, Written, write,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::builders::images::{Directory, Tar, everything, find, layer, layers, listing, open};

fn write_all(
    image: &Image,
    destination: &str,
    options: &WriteOptions,
) -> Result<Written, WriteError> {
    write(
        image,
        &Selection::all(&image.tree),
        &destination.parse().unwrap(),
        options,
        &Silent,
    )
}

/// An image with one of everything.
pub(super) fn various() -> Image {
    let long = "d/".repeat(120) + "file";
    let capability: (&str, &[u8]) = ("SCHILY.xattr.security.capability", b"\x01\0\0\x02\n\0");
    let lower = Tar::new()
        .entry(b'5', "./", "", b"", |header| header.set_mode(0o711))
        .entry(b'5', "tmp", "", b"", |header| header.set_mode(0o1777))
        .file("first", b"shared")
        .hard_link("dir/second", "first")
        .symlink("link", "/dir/second")
        .symlink("long-link", "x/".repeat(49).as_str())
        .hard_link("link-too", "link")
        .pax(&[
            ("path", long.as_bytes()),
            capability,
            ("mtime", b"-1.5"),
            ("SCHILY.fflags", b"kept"),
        ])
        .entry(b'0', "x", "", &[7; 700], |header| header.set_mode(0o4755))
        .pax(&[
            ("GNU.sparse.size", b"3000000"),
            ("GNU.sparse.numblocks", b"2"),
            ("GNU.sparse.map", b"0,2,2999999,1"),
        ])
        .file("sparse", b"abc")
        .pax(&[
            ("uid", b"5000000000"),
            ("mtime", b"-77"),
            ("uname", "ü".repeat(30).as_bytes()),
        ])
        .file("owned", b"")
        .entry(b'3', "null", "", b"", |header| {
            header.set_device_major(1).unwrap();
            header.set_device_minor(1_048_575).unwrap();
        })
        .entry(b'6', "pipe", "", b"", |_| {});
    layers(&[
        lower,
        Tar::new().hard_link("third", "first").raw(
            tar::Header::new_ustar(),
            b'0',
            b"odd\xff\n",
            b"",
            b"x",
            |_| {},
        ),
    ])
    .unwrap()
}

#[test]
fn an_image_round_trips_through_every_destination() {
    let image = various();
    let directory = Directory::new();
    for (transport, name) in [
        ("docker-archive", "d.tar"),
        ("oci", "layout"),
        ("oci-archive", "o.tar"),
    ] {
        for compression in [
            None,
            Some(Compression::None),
            Some(Compression::Gzip),
            Some(Compression::Zstd),
        ] {
            let destination = format!("{transport}:{}", directory.path().join(name).display());
            let options = WriteOptions {
                compression: compression.map(Into::into),
                ..WriteOptions::default()
            };
            let written = write_all(&image, &destination, &options).unwrap();
            let again = open(&destination).unwrap();
            assert_eq!(
                everything(&again),
                everything(&image),
                "{transport} {compression:?}"
            );
            assert_eq!(again.layers.len(), 1);
            let (read, [written]) = (&again.layers[0], &written.layers[..]) else {
                panic!("{written:?}")
            };
            assert_eq!(
                (&read.diff_id, &read.digest),
                (&written.diff_id, &written.digest)
            );
            assert_eq!(
                (read.size, read.stored_size),
                (written.size, written.stored_size)
            );
        }
    }
}

#[test]
fn the_default_compression_depends_on_the_destination() {
    let image = layer(Tar::new().file("a", b"x"));
    let directory = Directory::new();
    let compression = |transport: &str| {
        let destination = format!("{transport}:{}", directory.path().join(transport).display());
        write_all(&image, &destination, &WriteOptions::default()).unwrap();
        open(&destination).unwrap().layers[0].compression
    };
    assert_eq!(compression("docker-archive"), Compression::None);
    assert_eq!(compression("oci-archive"), Compression::Gzip);
    assert_eq!(compression("oci"), Compression::Gzip);
}

#[test]
fn the_same_image_gives_the_same_bytes() {
    let directory = Directory::new();
    for transport in ["docker-archive", "oci-archive"] {
        let bytes = |name: &str| {
            let path = directory.path().join(name);
            write_all(
                &various(),
                &format!("{transport}:{}", path.display()),
                &WriteOptions::default(),
            )
            .unwrap();
            fs::read(path).unwrap()
        };
        assert!(bytes("one") == bytes("two"), "{transport}");
    }
}

#[test]
fn a_selection_adds_parent_directories_and_nothing_else() {
    let image = layer(
        Tar::new()
            .directory("a/b")
            .file("a/b/c", b"x")
            .file("a/b/d", b"")
            .file("e", b""),
    );
    let mut selection = Selection::none(&image.tree);
    selection.keep(&image.tree, find(&image, "/a/b/c"));
    let directory = Directory::new();
    let destination: Reference = format!("docker-archive:{}", directory.path().join("x").display())
        .parse()
        .unwrap();
    write(
        &image,
        &selection,
        &destination,
        &WriteOptions::default(),
        &Silent,
    )
    .unwrap();
    assert_eq!(
        listing(&open(&destination.to_string()).unwrap()),
        ["/a/", "/a/b/", "/a/b/c = x"]
    );
}

#[test]
fn a_hard_link_becomes_the_file_if_its_other_names_are_dropped() {
    let image = layer(
        Tar::new()
            .file("a", b"x")
            .hard_link("b", "a")
            .hard_link("c", "a"),
    );
    let directory = Directory::new();
    let destination: Reference = format!("docker-archive:{}", directory.path().join("x").display())
        .parse()
        .unwrap();
    let mut selection = Selection::none(&image.tree);
    selection.keep(&image.tree, find(&image, "/b"));
    selection.keep(&image.tree, find(&image, "/c"));
    let written = write(
        &image,
        &selection,
        &destination,
        &WriteOptions::default(),
        &Silent,
    )
    .unwrap();
    let again = open(&destination.to_string()).unwrap();
    assert_eq!(listing(&again), ["/b = x", "/c = x"]);
    assert_eq!(
        again.tree.inode_id(find(&again, "/b")),
        again.tree.inode_id(find(&again, "/c"))
    );
    // A header and a block for the file, a header for the link, and the end.
    assert_eq!(written.layers[0].size, 5 * 512);
}

#[test]
fn only_layers_and_history_of_the_configuration_change() {
    let image = various();
    let directory = Directory::new();
    for transport in ["docker-archive", "oci"] {
        let destination = format!("{transport}:{}", directory.path().join(transport).display());
        let written = write_all(&image, &destination, &WriteOptions::default()).unwrap();
        let again = open(&destination).unwrap();
        assert_eq!(
            again.config.diff_ids(),
            [written.layers[0].diff_id.as_str()]
        );
        let steps: Vec<_> = again
            .config
            .history()
            .into_iter()
            .map(|step| (step.created_by, step.empty_layer))
            .collect();
        let expected = [("step 0", true), ("step 1", true), ("jettison slim", false)];
        assert_eq!(
            steps,
            expected.map(|(step, empty)| (step.to_owned(), empty))
        );
        let stripped = |image: &Image| {
            let mut json = image.config.json().clone();
            json["rootfs"] = Value::Null;
            json["history"] = Value::Null;
            json.to_string()
        };
        assert_eq!(stripped(&again), stripped(&image));
    }
}

#[test]
fn a_written_image_has_the_requested_tag() {
    let image = layer(Tar::new().file("a", b"x"));
    let directory = Directory::new();
    let path = directory.path().join("x.tar");
    let tagged = |tag: &str| WriteOptions {
        tag: Some(tag.into()),
        ..WriteOptions::default()
    };
    write_all(
        &image,
        path.to_str().unwrap(),
        &tagged("localhost:5000/app"),
    )
    .unwrap();
    assert!(
        open(&format!(
            "docker-archive:{}:localhost:5000/app:latest",
            path.display()
        ))
        .is_ok()
    );
    let layout = format!("oci:{}", directory.path().join("layout").display());
    write_all(
        &image,
        &format!("{layout}:app:slim"),
        &WriteOptions::default(),
    )
    .unwrap();
    assert!(open(&format!("{layout}:app:slim")).is_ok());
    for bad in ["App", "a b", "app:", "app:x/", "a//b", ":x", "app@sha256:0"] {
        let error = write_all(&image, path.to_str().unwrap(), &tagged(bad)).unwrap_err();
        assert!(matches!(error, WriteError::Name(_)), "{bad}: {error}");
    }
}

#[test]
fn a_layout_replaces_a_layout_and_no_other_directory() {
    let image = layer(Tar::new().file("a", b"x"));
    let directory = Directory::new();
    let write_to = |name: &str| {
        write_all(
            &image,
            &format!("oci:{}", directory.path().join(name).display()),
            &WriteOptions::default(),
        )
    };
    fs::create_dir(directory.path().join("empty")).unwrap();
    write_to("empty").unwrap();
    write_to("empty").unwrap();
    let precious = directory.file("foreign/precious", b"kept");
    assert!(matches!(
        write_to("foreign"),
        Err(WriteError::Foreign { .. })
    ));
    assert!(matches!(
        write_to("foreign/precious"),
        Err(WriteError::Foreign { .. })
    ));
    assert_eq!(fs::read(precious).unwrap(), b"kept");
    assert_eq!(entries(directory.path()), ["empty", "foreign"]);
}

#[test]
fn replacing_an_image_in_a_layout_keeps_the_others_and_removes_orphaned_blobs() {
    let directory = Directory::new();
    let layout = directory.path().join("layout");
    let blobs = || entries(&layout.join("blobs/sha256"));
    let write_as = |name: &str, content: &[u8]| {
        write_all(
            &layer(Tar::new().file("a", content)),
            &format!("oci:{}:{name}", layout.display()),
            &WriteOptions::default(),
        )
        .unwrap();
    };
    let content = |name: &str| {
        crate::builders::images::read(
            &open(&format!("oci:{}:{name}", layout.display())).unwrap(),
            "/a",
        )
    };
    write_as("one", b"1");
    write_as("two", b"2");
    let before = blobs();
    assert_eq!(before.len(), 6);
    write_as("one", b"3");
    assert_eq!(
        (content("one"), content("two")),
        (b"3".to_vec(), b"2".to_vec())
    );
    assert_eq!(blobs().len(), 6);
    write_as("one", b"1");
    assert_eq!(blobs(), before);
    // What two images share stays as long as one of them.
    write_as("three", b"1");
    write_as("one", b"2");
    assert_eq!(content("three"), b"1");
    assert_eq!(entries(&layout), ["blobs", "index.json", "oci-layout"]);
}

#[test]
fn a_layout_with_an_unreadable_index_is_not_changed() {
    let image = layer(Tar::new().file("a", b"x"));
    for index in ["{", "{}", "[]"] {
        let directory = Directory::new();
        directory.file("layout/oci-layout", b"{}");
        let index_path = directory.file("layout/index.json", index.as_bytes());
        let destination = format!("oci:{}", directory.path().join("layout").display());
        let error = write_all(&image, &destination, &WriteOptions::default()).unwrap_err();
        assert!(
            matches!(&error, WriteError::Io { path, .. } if path.ends_with("index.json")),
            "{error}"
        );
        assert_eq!(fs::read_to_string(index_path).unwrap(), index);
        assert_eq!(
            entries(&directory.path().join("layout")),
            ["index.json", "oci-layout"]
        );
    }
}

#[test]
fn concurrent_writers_to_one_layout_lose_no_image() {
    let directory = Directory::new();
    let layout = format!("oci:{}", directory.path().join("layout").display());
    let image = layer(Tar::new().file("a", b"x"));
    write_all(&image, &format!("{layout}:first"), &WriteOptions::default()).unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (layout, image) = (&layout, &image);
            scope.spawn(move || {
                write_all(
                    image,
                    &format!("{layout}:n{number}"),
                    &WriteOptions::default(),
                )
                .unwrap()
            });
        }
    });
    assert!((0..8).all(|number| open(&format!("{layout}:n{number}")).is_ok()));
}

#[test]
fn an_oci_manifest_records_the_original_image() {
    let directory = Directory::new();
    let layout = format!("oci:{}", directory.path().join("layout").display());
    write_all(
        &layer(Tar::new().file("a", b"x")),
        &format!("{layout}:app:1"),
        &WriteOptions::default(),
    )
    .unwrap();
    let image = open(&format!("{layout}:app:1")).unwrap();
    let written = write_all(
        &image,
        &format!("{layout}:app:slim"),
        &WriteOptions::default(),
    )
    .unwrap();
    let hash = written
        .manifest_digest
        .as_deref()
        .unwrap()
        .strip_prefix("sha256:")
        .unwrap()
        .to_owned();
    let manifest: Value = serde_json::from_slice(
        &fs::read(directory.path().join("layout/blobs/sha256").join(hash)).unwrap(),
    )
    .unwrap();
    let annotation = |key: &str| manifest["annotations"][key].as_str().map(str::to_owned);
    assert_eq!(
        annotation("org.opencontainers.image.base.name").as_deref(),
        Some("app:1")
    );
    assert_eq!(
        annotation("org.opencontainers.image.base.digest"),
        image.origin.digest
    );
    assert!(image.origin.digest.is_some() && image.origin.digest != written.manifest_digest);
}

#[test]
fn an_archive_truncated_after_reading_is_an_error() {
    let directory = Directory::new();
    let plain = [Tar::new().file("a", &vec![7; 100_000]).end()];
    let archive = crate::builders::images::docker_archive(
        &plain,
        &crate::builders::images::config(&plain),
        &[],
    );
    let path = directory.file("in.tar", &archive);
    let image = open(&format!("docker-archive:{}", path.display())).unwrap();
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(9000)
        .unwrap();
    let error = image.read(find(&image, "/a")).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot read blob `sha256:"),
        "{error}"
    );
    for layers in [jettison::image::Layers::One, jettison::image::Layers::Keep] {
        let destination = directory.path().join("out.tar");
        let options = WriteOptions {
            layers,
            ..WriteOptions::default()
        };
        let error = write_all(&image, destination.to_str().unwrap(), &options).unwrap_err();
        assert!(matches!(error, WriteError::Read(_)), "{error}");
    }
    assert_eq!(entries(directory.path()), ["in.tar"]);
}

#[test]
fn a_layer_that_is_changed_after_it_was_read_is_not_copied() {
    let directory = Directory::new();
    let plain = [Tar::new().file("a", &[7; 5000]).end()];
    let archive = crate::builders::images::docker_archive(
        &plain,
        &crate::builders::images::config(&plain),
        &[],
    );
    let path = directory.file("in.tar", &archive);
    let image = open(&format!("docker-archive:{}", path.display())).unwrap();
    fs::write(
        &path,
        archive
            .iter()
            .map(|&byte| if byte == 7 { 8 } else { byte })
            .collect::<Vec<_>>(),
    )
    .unwrap();
    let options = WriteOptions {
        layers: jettison::image::Layers::Keep,
        ..WriteOptions::default()
    };
    let error = write_all(
        &image,
        directory.path().join("out.tar").to_str().unwrap(),
        &options,
    )
    .unwrap_err();
    assert!(matches!(error, WriteError::Read(_)), "{error}");
    assert_eq!(entries(directory.path()), ["in.tar"]);
}

fn entries(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_failed_write_leaves_the_previous_output() {
    let source = Directory::new();
    source.file("a", b"x");
    source.file("gone", b"x");
    let image = open(source.path().to_str().unwrap()).unwrap();
    fs::remove_file(source.path().join("gone")).unwrap();
    let directory = Directory::new();
    let old = directory.file("old.tar", b"old");
    let layout = directory.file("layout/oci-layout", b"old");
    for destination in [
        "docker-archive:old.tar",
        "oci-archive:new.tar",
        "oci:layout",
        "oci:new",
    ] {
        let (transport, name) = destination.split_once(':').unwrap();
        let destination = format!("{transport}:{}", directory.path().join(name).display());
        let error = write_all(&image, &destination, &WriteOptions::default()).unwrap_err();
        assert!(matches!(error, WriteError::Read(_)), "{error}");
    }
    assert_eq!(
        (fs::read(old).unwrap(), fs::read(layout).unwrap()),
        (b"old".to_vec(), b"old".to_vec())
    );
    assert_eq!(entries(directory.path()), ["layout", "old.tar"]);
}

#[test]
fn an_image_may_be_written_over_itself() {
    let directory = Directory::new();
    let first = various();
    for transport in ["docker-archive", "oci"] {
        let destination = format!("{transport}:{}", directory.path().join(transport).display());
        write_all(&first, &destination, &WriteOptions::default()).unwrap();
        let image = open(&destination).unwrap();
        write_all(&image, &destination, &WriteOptions::default()).unwrap();
        assert_eq!(everything(&open(&destination).unwrap()), everything(&first));
    }
}

#[test]
fn incomplete_destinations_are_refused() {
    let image = layer(Tar::new());
    let directory = Directory::new();
    let path = directory.path().display();
    let refused = |destination: String| {
        write_all(&image, &destination, &WriteOptions::default()).unwrap_err()
    };
    assert!(matches!(
        refused(format!("{path}/x")),
        WriteError::UnknownKind { .. }
    ));
    assert!(matches!(
        refused(format!("docker-archive:{path}")),
        WriteError::NotAFile { .. }
    ));
    assert!(matches!(
        refused("docker-archive:/dev/null".into()),
        WriteError::NotAFile { .. }
    ));
    assert!(matches!(
        refused(format!("docker-archive:{path}/no/such/x")),
        WriteError::Io { .. }
    ));
    assert_eq!(entries(directory.path()), Vec::<String>::new());
}

#[test]
fn a_host_directory_can_be_written_as_an_image() {
    let source = Directory::new();
    source.file("etc/a", b"x");
    let image = open(source.path().to_str().unwrap()).unwrap();
    let directory = Directory::new();
    let destination = format!("oci:{}", directory.path().join("x").display());
    write_all(&image, &destination, &WriteOptions::default()).unwrap();
    assert_eq!(everything(&open(&destination).unwrap()), everything(&image));
}

fn any_header() -> impl Strategy<Value = Header> {
    let id = prop_oneof![
        0..70_000_u64,
        Just(0o777_7777),
        Just(0o1000_0000),
        any::<u32>().prop_map(u64::from)
    ];
    let owner = prop::collection::vec(1..=255_u8, 0..40);
    let mtime = prop_oneof![
        any::<i32>().prop_map(i64::from),
        Just(0o777_7777_7777),
        Just(0o1_0000_0000_0000)
    ];
    let pax = prop::collection::btree_map(
        "[a-z]{1,8}\\.[a-z]{1,90}",
        prop::collection::vec(any::<u8>(), 0..120),
        0..3,
    );
    (
        0..0o10000_u32,
        id.clone(),
        id,
        owner.clone(),
        owner,
        mtime,
        pax,
    )
        .prop_map(|(mode, uid, gid, user, group, mtime, pax)| Header {
            mode,
            uid,
            gid,
            user,
            group,
            mtime,
            pax: pax.into_iter().collect(),
        })
}

fn any_kind() -> impl Strategy<Value = Kind> {
    let bytes = prop::collection::vec(any::<u8>(), 0..1200);
    let target = prop::collection::vec(1..=255_u8, 1..220);
    prop_oneof![
        bytes.prop_map(|bytes| Kind::File(Content::Bytes(bytes))),
        Just(Kind::Directory),
        target.prop_map(|target| Kind::Symlink { target }),
        (1..4096_u32, any::<u32>()).prop_map(|(major, minor)| Kind::Character { major, minor }),
        (0..4096_u32, 0..1_048_576_u32).prop_map(|(major, minor)| Kind::Block { major, minor }),
        Just(Kind::Fifo),
    ]
}

type Entry = (prop::sample::Index, Vec<u8>, Kind, Header, bool);

fn any_entries() -> impl Strategy<Value = Vec<Entry>> {
    let name = prop::collection::vec(any::<u8>(), 1..130).prop_map(|mut name| {
        name.iter_mut()
            .filter(|byte| matches!(**byte, 0 | b'/'))
            .for_each(|byte| *byte = b'_');
        if name.starts_with(b".") {
            name[0] = b'_';
        }
        name
    });
    prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            name,
            any_kind(),
            any_header(),
            any::<bool>(),
        ),
        0..12,
    )
}

/// A tree of these entries, each somewhere among those before it.
fn grow(entries: Vec<Entry>) -> Tree {
    let mut tree = Tree::new();
    for (place, name, kind, header, linked) in entries {
        let names: Vec<NameId> = std::iter::once(NameId::ROOT).chain(tree.walk()).collect();
        let directories: Vec<NameId> = names
            .iter()
            .copied()
            .filter(|&name| tree.is_directory(name))
            .collect();
        let directory = directories[place.index(directories.len())];
        let files: Vec<NameId> = names
            .iter()
            .copied()
            .filter(|&name| !tree.is_directory(name))
            .collect();
        if linked && !files.is_empty() {
            tree.link(directory, &name, files[place.index(files.len())]);
        } else {
            tree.insert(
                directory,
                &name,
                Inode {
                    kind,
                    header,
                    layer: 0,
                },
            );
        }
    }
    tree
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_tree_survives_writing_and_reading(entries in any_entries()) {
        let mut image = layer(Tar::new());
        image.tree = grow(entries);
        let directory = Directory::new();
        let destination = format!("docker-archive:{}", directory.path().join("x").display());
        write_all(&image, &destination, &WriteOptions::default()).unwrap();
        prop_assert_eq!(everything(&open(&destination).unwrap()), everything(&image));
    }
}
