//! A directory of the host as an image.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, UNIX_EPOCH};

use jettison::image::Kind;

use crate::builders::images::{Directory, find, listing, open, read};

#[test]
fn a_directory_is_read_without_following_links() {
    let directory = Directory::new();
    directory.file("etc/a", b"x");
    directory.file("z", b"");
    symlink("/etc", directory.path().join("link")).unwrap();
    fs::hard_link(directory.path().join("etc/a"), directory.path().join("b")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, directory.path().join("pipe"), 0o600.into()).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(directory.path().join("socket")).unwrap();
    let image = open(&format!("rootfs:{}", directory.path().display())).unwrap();
    assert_eq!(
        listing(&image),
        [
            "/b = x",
            "/etc/",
            "/etc/a = x",
            "/link -> /etc",
            "/pipe Fifo",
            "/z = "
        ]
    );
    assert_eq!(
        image.tree.inode_id(find(&image, "/b")),
        image.tree.inode_id(find(&image, "/etc/a"))
    );
    assert_eq!(
        (image.config.architecture(), image.layers.len()),
        ("unknown", 0)
    );
}

#[test]
fn headers_of_a_root_directory_match_the_files() {
    let directory = Directory::new();
    let path = directory.file("a", b"x");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o6751)).unwrap();
    let time = |time| {
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    };
    let header = || {
        let image = open(directory.path().to_str().unwrap()).unwrap();
        image.tree.inode(find(&image, "/a")).header.clone()
    };
    time(UNIX_EPOCH + Duration::new(5, 250_000_000));
    assert_eq!((header().mode, header().mtime), (0o6751, 5));
    assert_eq!(header().pax, [("mtime".into(), b"5.25".to_vec())]);
    time(UNIX_EPOCH - Duration::new(5, 250_000_000));
    assert_eq!(
        (header().mtime, header().pax[0].1.as_slice()),
        (-6, &b"-5.25"[..])
    );
    time(UNIX_EPOCH);
    assert_eq!((header().mtime, header().pax), (0, vec![]));
}

#[test]
fn extended_attributes_are_read_where_the_file_system_has_them() {
    let directory = Directory::new();
    let path = directory.file("a", b"");
    let set = rustix::fs::setxattr(
        &path,
        "user.jettison",
        b"a\nb\0",
        rustix::fs::XattrFlags::empty(),
    );
    if set == Err(rustix::io::Errno::NOTSUP) {
        return;
    }
    set.unwrap();
    let image = open(directory.path().to_str().unwrap()).unwrap();
    assert_eq!(
        image
            .tree
            .inode(find(&image, "/a"))
            .header
            .xattr("user.jettison"),
        Some(&b"a\nb\0"[..])
    );
}

#[test]
fn a_file_that_changes_while_it_is_read_is_an_error() {
    let directory = Directory::new();
    let path = directory.file("a", b"x");
    let image = open(directory.path().to_str().unwrap()).unwrap();
    assert_eq!(read(&image, "/a"), b"x");
    fs::write(&path, b"longer").unwrap();
    let error = image.read(find(&image, "/a")).unwrap_err();
    let reason = std::error::Error::source(&error).map(ToString::to_string);
    assert_eq!(
        reason.as_deref(),
        Some("it changed while being read"),
        "{error}"
    );
}

#[test]
fn a_directory_replaced_by_a_symlink_while_reading_is_not_followed() {
    let directory = Directory::new();
    directory.file("root/etc/a", b"x");
    let secret = directory.file("outside/a", b"s");
    let image = open(&format!(
        "rootfs:{}",
        directory.path().join("root").display()
    ))
    .unwrap();
    assert_eq!(read(&image, "/etc/a"), b"x");
    fs::rename(
        directory.path().join("root/etc"),
        directory.path().join("old"),
    )
    .unwrap();
    symlink(secret.parent().unwrap(), directory.path().join("root/etc")).unwrap();
    let error = image.read(find(&image, "/etc/a")).unwrap_err();
    let reason = std::error::Error::source(&error).map(ToString::to_string);
    assert_eq!(reason.as_deref(), Some("it changed while being read"));
}

#[test]
fn a_file_of_holes_is_too_large_to_be_analyzed_but_is_read() {
    let directory = Directory::new();
    // Without its holes, it takes some kilobytes on disk.
    let path = directory.file("var/lib/rpm/Packages.db", b"RpmP");
    let file = fs::File::options().write(true).open(&path).unwrap();
    for (length, note) in [
        (
            32 << 20,
            "invalid rpm database: it is truncated or refers to bytes outside the file",
        ),
        (40 << 20, "too large to read"),
    ] {
        file.set_len(length).unwrap();
        let image = open(&format!("rootfs:{}", directory.path().display())).unwrap();
        let packages = jettison::packages::read(&image).unwrap();
        let notes: Vec<_> = packages.notes.iter().map(|note| &note.text).collect();
        assert_eq!(notes, [note]);
        assert_eq!(
            read(&image, "/var/lib/rpm/Packages.db").len() as u64,
            length
        );
    }
}

#[test]
fn a_root_may_be_named_through_a_symlink() {
    let directory = Directory::new();
    directory.file("root/a", b"x");
    symlink("root", directory.path().join("link")).unwrap();
    let image = open(&format!(
        "rootfs:{}",
        directory.path().join("link").display()
    ))
    .unwrap();
    assert_eq!(read(&image, "/a"), b"x");
}

#[test]
fn a_file_named_like_a_whiteout_cannot_be_written_to_a_layer() {
    let directory = Directory::new();
    directory.file("root/etc/.wh.shadow", b"");
    let image = open(&format!(
        "rootfs:{}",
        directory.path().join("root").display()
    ))
    .unwrap();
    for transport in ["oci", "docker-archive", "oci-archive"] {
        let destination = format!("{transport}:{}", directory.path().join("out").display());
        let error = jettison::image::write(
            &image,
            &jettison::image::Selection::all(&image.tree),
            &destination.parse().unwrap(),
            &jettison::image::WriteOptions::default(),
            &jettison::image::Silent,
        );
        let error = error.unwrap_err().to_string();
        let expected =
            "`/etc/.wh.shadow` cannot be written to a layer: it is named like a whiteout";
        assert_eq!(error, expected);
        assert!(!directory.path().join("out").exists());
    }
}

#[test]
fn reading_a_directory_as_a_file_is_an_error() {
    let directory = Directory::new();
    fs::create_dir(directory.path().join("d")).unwrap();
    let image = open(directory.path().to_str().unwrap()).unwrap();
    assert_eq!(image.tree.inode(find(&image, "/d")).kind, Kind::Directory);
    assert_eq!(
        image.read(find(&image, "/d")).unwrap_err().to_string(),
        "`/d` is not a regular file"
    );
}
