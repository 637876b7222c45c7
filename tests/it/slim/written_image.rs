//! The written result of a plan: kept entries and the configuration are unchanged.

use jettison::image::{
    Config, Content, Header, Image, Inode, Kind, Options, Reference, Silent, Tree, WriteOptions,
    write,
};
use serde_json::{Value, json};

use super::machine::Machine;
use crate::builders::elf_file::{GLIBC, library, program};

/// Slims the image, writes it in each format, and reads that again.
fn written(machine: &Machine) -> Vec<Image> {
    let planned = machine.plan();
    let (result, selection) = planned.plan.result(&planned.image);
    let directory = tempfile::tempdir().unwrap();
    let write_and_read = |format: &str| {
        let reference: Reference = format!("{format}:{}", directory.path().join(format).display())
            .parse()
            .unwrap();
        write(
            &result,
            &selection,
            &reference,
            &WriteOptions::default(),
            &Silent,
        )
        .unwrap();
        Image::open(&reference, &Options::default(), &Silent).unwrap()
    };
    ["docker-archive", "oci"].map(write_and_read).into()
}

fn inode<'a>(tree: &'a Tree, path: &str) -> &'a Inode {
    tree.inode(tree.resolve_link(path.as_bytes()).unwrap().name)
}

/// Every entry of the written image has the header of its namesake in the original.
fn assert_headers_are_unchanged(machine: &Machine) {
    let original = machine.image();
    for image in written(machine) {
        let mut compared = 0;
        for name in image.tree.walk() {
            let path = image.tree.path(name);
            let before = original.tree.resolve_link(&path).unwrap().name;
            let (before, after) = (original.tree.inode(before), image.tree.inode(name));
            assert_eq!(after.header, before.header, "{}", path.escape_ascii());
            compared += 1;
        }
        assert!(compared > 5, "{compared}");
    }
}

/// The rights of an entry, and its owner in numbers and names.
fn owned(mode: u32, uid: u64, gid: u64) -> Header {
    let (user, group) = (b"app".to_vec(), b"crew".to_vec());
    Header {
        mode,
        uid,
        gid,
        user,
        group,
        mtime: 1_600_000_000,
        ..Header::default()
    }
}

fn app() -> Machine {
    Machine::new()
        .elf(GLIBC, &library("ld-linux-x86-64.so.2"))
        .elf("/opt/app/bin/app", &program(GLIBC))
        .entrypoint(&["/opt/app/bin/app"])
}

fn content(text: &str) -> Kind {
    Kind::File(Content::Bytes(text.into()))
}

#[test]
fn owners_modes_and_times_are_unchanged() {
    let machine = app()
        .entry("/tmp", Kind::Directory, owned(0o1777, 0, 0))
        .entry("/srv/data", Kind::Directory, owned(0o2770, 1000, 0))
        .entry(
            "/srv/data/seed",
            content("x"),
            owned(0o640, 1_000_000, 4_000_000_000),
        )
        .entry(
            "/srv/link",
            Kind::Symlink {
                target: b"data".to_vec(),
            },
            owned(0o777, 7, 8),
        )
        .set("Volumes", json!({"/srv": {}}));
    assert_headers_are_unchanged(&machine);
    for image in written(&machine) {
        assert_eq!(inode(&image.tree, "/tmp").header.mode, 0o1777);
        assert_eq!(
            inode(&image.tree, "/srv/data/seed").header,
            owned(0o640, 1_000_000, 4_000_000_000)
        );
    }
}

#[test]
fn parent_directories_keep_their_mode() {
    let machine = app()
        .entry("/opt/private", Kind::Directory, owned(0o700, 0, 0))
        .entry("/opt/private/shared", Kind::Directory, owned(0o711, 1, 1))
        .file("/opt/private/shared/data", "x")
        .keep("/opt/private/shared/data");
    assert_headers_are_unchanged(&machine);
    for image in written(&machine) {
        for name in image
            .tree
            .walk()
            .filter(|&name| image.tree.is_directory(name))
        {
            let mode = image.tree.inode(name).header.mode;
            assert_eq!(mode & 0o002, 0, "{}", image.tree.path(name).escape_ascii());
        }
        assert_eq!(inode(&image.tree, "/opt/private").header.mode, 0o700);
    }
}

#[test]
fn file_capabilities_are_kept_and_reported() {
    let mut header = owned(0o755, 0, 0);
    let capability = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\n";
    header.set_xattr("security.capability", capability.to_vec());
    let machine = app()
        .entry("/opt/app/bin/ping", content("x"), header)
        .keep("/opt/app/bin/ping");
    assert_headers_are_unchanged(&machine);
    for image in written(&machine) {
        assert_eq!(
            inode(&image.tree, "/opt/app/bin/ping")
                .header
                .xattr("security.capability"),
            Some(&capability[..])
        );
    }
    let planned = machine.plan();
    assert_eq!(
        planned.plan.totals().privileged,
        [planned.name("/opt/app/bin/ping")]
    );
}

#[test]
fn setuid_programs_are_dropped_unless_reachable_and_otherwise_reported() {
    let machine = app()
        .entry("/usr/bin/su", content("x"), owned(0o4755, 0, 0))
        .entry("/usr/bin/wall", content("x"), owned(0o2755, 0, 5))
        .keep("/usr/bin/wall");
    assert_headers_are_unchanged(&machine);
    let planned = machine.plan();
    assert!(!planned.keeps("/usr/bin/su"));
    assert_eq!(
        planned.plan.totals().privileged,
        [planned.name("/usr/bin/wall")]
    );
    for image in written(&machine) {
        assert_eq!(inode(&image.tree, "/usr/bin/wall").header.mode, 0o2755);
    }
}

#[test]
fn hard_links_stay_one_file_even_if_the_first_name_is_dropped() {
    let machine = app()
        .file("/opt/app/bin/first", "some bytes")
        .hard_link("/opt/tools/second", "/opt/app/bin/first")
        .hard_link("/opt/tools/third", "/opt/app/bin/first")
        .keep("/opt/tools/*");
    for image in written(&machine) {
        let id = |path: &str| {
            image
                .tree
                .inode_id(image.tree.resolve(path.as_bytes()).unwrap().name)
        };
        assert_eq!(id("/opt/tools/second"), id("/opt/tools/third"));
        assert!(image.tree.resolve(b"/opt/app/bin/first").is_err());
        let Kind::File(content) = &inode(&image.tree, "/opt/tools/second").kind else {
            panic!("it is a file")
        };
        assert_eq!(content.length(), 10);
    }
}

#[test]
fn the_configuration_is_unchanged_including_long_labels() {
    let machine = app()
        .env("MODE=production")
        .set("Cmd", json!(["--port", "80"]))
        .set(
            "Labels",
            json!({"long": "x".repeat(70_000), "org.example.made": "ü"}),
        )
        .set("StopSignal", json!("SIGQUIT"))
        .set("StopTimeout", json!(7))
        .set("ExposedPorts", json!({"80/tcp": {}}))
        .set("OnBuild", json!(["RUN true"]))
        .set("User", json!("1000:1000"))
        .set("Healthcheck", json!({"Test": ["NONE"], "Interval": 5}))
        .set("FieldOfTomorrow", json!({"a": [1, null]}));
    let stripped = |config: &Config| {
        let mut json = config.json().clone();
        (json["rootfs"], json["history"]) = (Value::Null, Value::Null);
        json.to_string()
    };
    let before = stripped(&machine.image().config);
    assert!(before.len() > 70_000);
    for image in written(&machine) {
        assert_eq!(stripped(&image.config), before);
    }
}

#[test]
fn user_names_are_kept_but_passwords_are_not() {
    let machine = app()
        .file("/etc/passwd", "app:x:1000:1000::/home/app:/bin/sh\n")
        .file("/etc/group", "app:x:1000:\n")
        .file("/etc/shadow", "app:!::::::\n")
        .set("User", json!("app:app"));
    for image in written(&machine) {
        let has = |path: &str| image.tree.resolve(path.as_bytes()).is_ok();
        assert!(has("/etc/passwd") && has("/etc/group") && !has("/etc/shadow"));
        assert_eq!(image.config.user(), "app:app");
    }
}
