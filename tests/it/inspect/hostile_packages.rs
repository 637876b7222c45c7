//! Small package databases that would take gigabytes or minutes if every package and every file
//! were handled separately.

use std::process::Command;

use jettison::packages;

use crate::builders::images::{Directory, Tar, config, docker_archive, layer};

/// The packages that `inspect` lists in an address space of 1 GiB.
fn inspected(tar: Tar) -> usize {
    let layers = [tar.end()];
    let archive = docker_archive(&layers, &config(&layers), &[]);
    let directory = Directory::new();
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 1048576; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_jettison"))
        .args(["inspect", "--format", "json"])
        .arg(directory.file("image.tar", &archive))
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    json["packages"].as_array().unwrap().len()
}

/// A tag of a header: its number, its type, how many values, and their bytes.
type Tag<'a> = (u32, u32, u32, &'a [u8]);

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap()
}

/// A database in rpm's own format.
fn rpm_database(headers: &[&[Tag<'_>]]) -> Vec<u8> {
    let mut file = vec![0; 4096];
    file[..4].copy_from_slice(b"RpmP");
    file[12] = 1;
    for (index, tags) in headers.iter().enumerate() {
        let header = rpm_header(tags);
        let slot = 32 + 16 * index;
        file[slot..slot + 8].copy_from_slice(b"Slot\x07\0\0\0");
        let block = number(file.len() / 16).to_le_bytes();
        file[slot + 8..slot + 12].copy_from_slice(&block);
        file.extend(b"BlbS\x07\0\0\0sum!");
        file.extend(number(header.len()).to_le_bytes());
        file.extend(header);
        file.resize(file.len().next_multiple_of(16), 0);
    }
    file
}

fn rpm_header(tags: &[Tag<'_>]) -> Vec<u8> {
    let (mut index, mut store) = (Vec::new(), Vec::new());
    for &(tag, kind, count, bytes) in tags {
        // Numbers stand at multiples of their size.
        store.resize(store.len().next_multiple_of(4), 0);
        let entry = [tag, kind, number(store.len()), count];
        index.extend(entry.map(u32::to_be_bytes).concat());
        store.extend_from_slice(bytes);
    }
    let lengths = [number(tags.len()), number(store.len())].map(u32::to_be_bytes);
    [lengths.concat(), index, store].concat()
}

const PACKAGES_DB: &str = "usr/lib/sysimage/rpm/Packages.db";
const STRING: u32 = 6;
const STRINGS: u32 = 8;
const INT32: u32 = 4;

#[test]
fn files_of_one_long_directory_do_not_fill_the_memory() {
    const COUNT: u32 = 300_000;
    let directory = [&b"/"[..], &b"d/".repeat(2000), b"\0"].concat();
    let names = b"a\0".repeat(COUNT as usize);
    let rows = vec![0; 4 * COUNT as usize];
    let database = rpm_database(&[&[
        (1000, STRING, 1, b"a\0"),
        (1118, STRINGS, 1, &directory),
        (1117, STRINGS, COUNT, &names),
        (1116, INT32, COUNT, &rows),
    ]]);
    assert_eq!(inspected(Tar::new().file(PACKAGES_DB, &database)), 1);
    let apk = [
        &b"P:a\nF:"[..],
        &b"d/".repeat(2000),
        b"\n",
        &b"R:a\n".repeat(300_000),
    ]
    .concat();
    assert_eq!(inspected(Tar::new().file("lib/apk/db/installed", &apk)), 1);
}

#[test]
fn a_directory_of_an_rpm_package_that_is_a_symlink_is_no_file_of_it() {
    let database = rpm_database(&[&[
        (1000, STRING, 1, b"a\0"),
        (1118, STRINGS, 2, b"/\0/lib/\0"),
        (1117, STRINGS, 3, b"lib\0x\0absent\0"),
        (1116, INT32, 3, &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]),
    ]]);
    let image = layer(
        Tar::new()
            .file(PACKAGES_DB, &database)
            .symlink("lib", "usr/lib")
            .file("usr/lib/x", b""),
    );
    let packages = packages::read(&image).unwrap();
    let path = |&name| image.tree.path(name);
    let files: Vec<_> = packages.list[0].files.iter().map(path).collect();
    assert_eq!(files, [b"/usr/lib/x"]);
}

#[test]
fn a_header_without_a_name_is_no_package_and_in_no_manifest() {
    let files: [Tag<'_>; 3] = [
        (1118, STRINGS, 1, b"/usr/\0"),
        (1117, STRINGS, 1, b"a\0"),
        (1116, INT32, 1, &[0; 4]),
    ];
    let named = [&[(1000, STRING, 1, &b"a\0"[..])][..], &files[..]].concat();
    let database = rpm_database(&[&named, &files]);
    let image = layer(Tar::new().file(PACKAGES_DB, &database).file("usr/a", b""));
    let packages = packages::read(&image).unwrap();
    assert_eq!(packages.list.len(), 1);
    let file = image.tree.resolve(b"/usr/a").unwrap().name;
    let records = packages::records(&image, &packages, &|name| name == file).unwrap();
    assert_eq!(records.generated[0].packages, ["a"]);
}

#[test]
fn a_list_of_files_belongs_to_the_first_of_many_packages() {
    let status = b"Package: a\nStatus: install ok installed\n\n".repeat(5000);
    let list = b"/usr/a\n".repeat(100_000);
    let image = layer(
        Tar::new()
            .file("var/lib/dpkg/status", &status)
            .file("var/lib/dpkg/info/a.list", &list)
            .hard_link("var/lib/dpkg/info/a:.list", "var/lib/dpkg/info/a.list")
            .file("usr/a", b""),
    );
    let began = std::time::Instant::now();
    let packages = packages::read(&image).unwrap();
    assert!(began.elapsed().as_secs() < 10);
    let with_files = packages
        .list
        .iter()
        .filter(|package| !package.files.is_empty());
    assert_eq!(with_files.count(), 1);
}

#[test]
fn a_module_of_python_that_is_named_often_is_walked_once() {
    let mut tar = Tar::new()
        .file("lib/a-1.dist-info/METADATA", b"Name: a\nVersion: 1\n")
        .file("lib/a-1.dist-info/top_level.txt", &b"a\n".repeat(100_000));
    for number in 0..2000 {
        tar = tar.file(&format!("lib/a/{number}"), b"");
    }
    assert_eq!(inspected(tar), 1);
}
