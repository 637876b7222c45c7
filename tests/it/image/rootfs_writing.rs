//! The file system of an image as a directory of the host.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::Command;

use jettison::image::{Image, Selection, Silent, WriteError, WriteOptions, Written, write};

use crate::builders::images::{Directory, Tar, everything, find, layer, layers, open};

fn write_to(image: &Image, path: &Path) -> Result<Written, WriteError> {
    let destination = format!("rootfs:{}", path.display()).parse().unwrap();
    write(
        image,
        &Selection::all(&image.tree),
        &destination,
        &WriteOptions::default(),
        &Silent,
    )
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Owned by whoever runs the test, who may give files to nobody else.
fn mine() -> (u64, u64) {
    (
        rustix::process::getuid().as_raw().into(),
        rustix::process::getgid().as_raw().into(),
    )
}

fn is_root() -> bool {
    mine() == (0, 0)
}

#[test]
fn a_written_root_directory_equals_the_image() {
    let (uid, gid) = mine();
    let owned = |header: &mut tar::Header, mode| {
        header.set_uid(uid);
        header.set_gid(gid);
        header.set_mode(mode);
        header.set_mtime(1_700_000_000);
    };
    let mut tar = Tar::new()
        .entry(b'5', "./", "", b"", |header| owned(header, 0o751))
        .entry(b'5', "etc/", "", b"", |header| owned(header, 0o1777))
        .pax(&[
            ("mtime", b"5.25"),
            ("SCHILY.xattr.user.jettison", b"a\nb\0"),
        ])
        .entry(b'0', "etc/a", "", b"content", |header| {
            owned(header, 0o4755);
        })
        .entry(b'1', "hard", "etc/a", b"", |header| owned(header, 0o4755))
        .pax(&[("mtime", b"-5.25")])
        .entry(b'2', "etc/link", "/etc/../../nowhere", b"", |header| {
            owned(header, 0o777);
        })
        .entry(b'1', "second-link", "etc/link", b"", |header| {
            owned(header, 0o777);
        })
        .entry(b'6', "pipe", "", b"", |header| owned(header, 0o620))
        .entry(b'0', "empty", "", b"", |header| owned(header, 0o000))
        .entry(b'5', "closed/", "", b"", |header| owned(header, 0o555))
        .entry(b'0', "closed/in", "", b"x", |header| owned(header, 0o444));
    if is_root() {
        let device = |header: &mut tar::Header| {
            owned(header, 0o666);
            header.set_device_major(1).unwrap();
            header.set_device_minor(3).unwrap();
        };
        tar = tar
            .entry(b'3', "null", "", b"", device)
            .pax(&[(
                "SCHILY.xattr.security.capability",
                b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            )])
            .entry(b'0', "able", "", b"x", |header| {
                owned(header, 0o2711);
                header.set_uid(70_000);
                header.set_gid(3);
            });
    }
    let image = layer(tar);
    let directory = Directory::new();
    let path = directory.path().join("root");
    let written = match write_to(&image, &path) {
        // Not every file system has attributes, and then an exact copy is refused.
        Err(WriteError::Entry { source, .. })
            if source.kind() == std::io::ErrorKind::Unsupported =>
        {
            return;
        }
        other => other.unwrap(),
    };
    assert_eq!(written.bytes, if is_root() { 9 } else { 8 });
    // The archive says the owner of the first name for all of them, and directories of the host
    // have no names of users.
    assert_eq!(
        everything(&open(&format!("rootfs:{}", path.display())).unwrap()),
        everything(&image)
    );
    assert_eq!(fs::metadata(path.join("hard")).unwrap().nlink(), 2);
    assert_eq!(names(directory.path()), ["root"], "nothing else stays");
}

#[test]
fn symlinks_of_an_image_cannot_lead_out_of_the_written_directory() {
    let host = Directory::new();
    host.file("kept", b"as it was");
    let outside = host.path().display().to_string();
    let lower = Tar::new().symlink("out", &outside);
    let upper = Tar::new().file("out/kept", b"of the image").file("up", b"");
    let upper = upper
        .symlink("up2", "../../../../../..")
        .file("up2/escaped", b"");
    if !is_root() {
        return;
    }
    let image = layers(&[lower, upper]).unwrap();
    let directory = Directory::new();
    write_to(&image, &directory.path().join("root")).unwrap();
    assert_eq!(names(host.path()), ["kept"]);
    assert_eq!(fs::read(host.path().join("kept")).unwrap(), b"as it was");
    assert_eq!(names(directory.path()), ["root"]);
    let root = directory.path().join("root");
    assert_eq!(
        everything(&open(root.to_str().unwrap()).unwrap()),
        everything(&image)
    );
}

#[test]
fn a_root_directory_is_written_only_to_a_new_or_empty_path() {
    if !is_root() {
        return;
    }
    let image = layer(Tar::new().file("a", b"x"));
    let directory = Directory::new();
    let path = |name: &str| directory.path().join(name);
    fs::create_dir(path("empty")).unwrap();
    write_to(&image, &path("empty")).unwrap();
    assert_eq!(names(&path("empty")), ["a"]);
    write_to(&image, &path("slash/")).unwrap();
    assert_eq!(names(&path("slash")), ["a"]);
    directory.file("full/kept", b"x");
    directory.file("file", b"x");
    symlink("empty", path("link")).unwrap();
    for (name, reason) in [
        ("full", "is not empty"),
        ("file", "is not a directory"),
        ("link", "is not a directory"),
    ] {
        let error = write_to(&image, &path(name)).unwrap_err().to_string();
        assert!(
            error.ends_with(&format!("{name}` {reason}; it was left unchanged")),
            "{error}"
        );
    }
    assert!(write_to(&image, Path::new("/")).is_err());
    assert_eq!(
        names(directory.path()),
        ["empty", "file", "full", "link", "slash"]
    );
}

#[test]
fn an_entry_that_cannot_be_written_exactly_is_an_error_and_leaves_nothing() {
    let image = layer(
        Tar::new()
            .file("a", b"")
            .pax(&[("uid", b"4294967295")])
            .file("etc/b", b""),
    );
    let directory = Directory::new();
    let error = write_to(&image, &directory.path().join("root")).unwrap_err();
    let WriteError::Entry { path, act, .. } = &error else {
        panic!("{error}")
    };
    assert!(
        act.contains("owner") && (path == b"/etc/b" || !is_root()),
        "{error}"
    );
    assert_eq!(names(directory.path()), Vec::<String>::new());
}

#[test]
fn a_sparse_file_keeps_its_holes() {
    if !is_root() {
        return;
    }
    let mut tar = Tar::new();
    tar = tar.pax(&[
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.minor", b"0"),
        ("GNU.sparse.name", b"sparse"),
        ("GNU.sparse.realsize", b"8388612"),
    ]);
    let mut data = b"1\n8388608\n4\n".to_vec();
    data.resize(512, 0);
    data.extend_from_slice(b"tail");
    let image = layer(tar.file("x", &data));
    let directory = Directory::new();
    let root = directory.path().join("root");
    write_to(&image, &root).unwrap();
    let metadata = fs::metadata(root.join("sparse")).unwrap();
    assert_eq!(metadata.len(), 8_388_612);
    assert!(
        metadata.blocks() * 512 < 1 << 20,
        "{} blocks",
        metadata.blocks()
    );
    assert_eq!(
        &fs::read(root.join("sparse")).unwrap()[8_388_608..],
        b"tail"
    );
    assert_eq!(
        everything(&open(root.to_str().unwrap()).unwrap()),
        everything(&image)
    );
}

#[test]
fn outputs_inside_the_source_directory_are_not_read() {
    let directory = Directory::new();
    directory.file("a", b"x");
    fs::create_dir(directory.path().join("slim")).unwrap();
    directory.file("out.tar", b"of yesterday");
    let reference = format!("rootfs:{}", directory.path().display())
        .parse()
        .unwrap();
    let left_out = vec![
        directory.path().join("slim"),
        directory.path().join("out.tar"),
        directory.path().join("no"),
    ];
    let options = jettison::image::Options {
        left_out,
        ..Default::default()
    };
    let image = Image::open(&reference, &options, &Silent).unwrap();
    assert_eq!(image.tree.walk().count(), 1);
    find(&image, "/a");
}

/// Runs a script with mounts of its own; `None` where that is not allowed, as in some containers.
fn with_mounts(script: &str, directory: &Path) -> Option<String> {
    let unshare = |script: &str| {
        Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-euc", script])
            .current_dir(directory)
            .env("JETTISON", env!("CARGO_BIN_EXE_jettison"))
            .output()
    };
    let allowed = unshare("mount -t tmpfs tmpfs out").ok()?;
    if !allowed.status.success() {
        return None;
    }
    let output = unshare(script).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_directory_that_is_a_mount_point_is_filled() {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("in");
    fs::create_dir_all(source.join("etc/closed")).unwrap();
    fs::create_dir(directory.path().join("out")).unwrap();
    fs::write(source.join("etc/a"), "content").unwrap();
    fs::hard_link(source.join("etc/a"), source.join("b")).unwrap();
    symlink("etc/a", source.join("link")).unwrap();
    let script = "
        chmod 555 in/etc/closed; chmod 751 in; touch -d @5 in/etc in
        slim() { $JETTISON slim rootfs:in -o rootfs:out --keep '/**' --no-package-records; }
        for kind in tmpfs bind; do
            case $kind in
                tmpfs) mount -t tmpfs tmpfs out ;;
                bind) mkdir other; mount --bind other out ;;
            esac
            slim >summary
            (cd out && find . -printf '%p %y %m %n %l\\n' | grep -v '^./dev' | sort)
            stat -c '%a %Y' out out/etc
            # It is not empty any more.
            ! slim 2>refused
            grep -q 'is not empty' refused
            umount out
        done
        ls -A out";
    let Some(printed) = with_mounts(script, directory.path()) else {
        return;
    };
    let listed = "\
        . d 751 3 \n\
        ./b f 644 2 \n\
        ./etc d 755 3 \n\
        ./etc/a f 644 2 \n\
        ./etc/closed d 555 2 \n\
        ./link l 777 1 etc/a\n\
        751 5\n755 5\n";
    // File systems count the links of directories in their own ways.
    let without_counts = |text: &str| {
        let lines = text.lines().map(|line| {
            let mut words: Vec<&str> = line.split(' ').collect();
            if words.get(1) == Some(&"d") {
                words.remove(3);
            }
            words.join(" ")
        });
        lines.collect::<Vec<_>>()
    };
    assert_eq!(without_counts(&printed), without_counts(&listed.repeat(2)));
}
