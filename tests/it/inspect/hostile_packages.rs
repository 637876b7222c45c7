//! Small package databases that would take gigabytes or minutes if every package and every file
//! were handled separately.

use std::fmt::Write as _;

use std::process::Command;

use jettison::image::{Image, Options};
use jettison::packages::{self, Packages};

use crate::builders::images::{Directory, Tar, config, docker_archive, gzip, layer, open_with};

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
fn a_symlinked_directory_of_an_rpm_package_is_not_one_of_its_files() {
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
fn an_rpm_header_without_a_name_is_ignored() {
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
fn a_dpkg_file_list_is_read_once_for_many_packages_of_one_name() {
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
fn a_python_module_claimed_by_many_packages_is_walked_once() {
    let mut tar = Tar::new()
        .file("lib/a-1.dist-info/METADATA", b"Name: a\nVersion: 1\n")
        .file("lib/a-1.dist-info/top_level.txt", &b"a\n".repeat(100_000));
    for number in 0..2000 {
        tar = tar.file(&format!("lib/a/{number}"), b"");
    }
    assert_eq!(inspected(tar), 1);
}

#[test]
fn a_package_json_with_many_hard_links_is_parsed_once() {
    let manifest = format!(
        r#"{{"name": "a", "version": "1", "x": [{}0]}}"#,
        "0,".repeat(1_500_000)
    );
    let mut tar = Tar::new().file("node_modules/p/package.json", manifest.as_bytes());
    // Parsed for every name, they would exceed the budget of all texts.
    for number in 0..200 {
        let name = format!("node_modules/p{number}/package.json");
        tar = tar.hard_link(&name, "node_modules/p/package.json");
    }
    let packages = packages::read(&layer(tar)).unwrap();
    assert_eq!((packages.list.len(), packages.notes.len()), (201, 0));
}

#[test]
fn a_broken_package_json_with_hard_links_is_reported_once() {
    let tar = Tar::new()
        .file("node_modules/a/package.json", b"{")
        .hard_link("node_modules/b/package.json", "node_modules/a/package.json");
    let packages = packages::read(&layer(tar)).unwrap();
    assert_eq!((packages.list.len(), packages.notes.len()), (0, 1));
}

#[test]
fn packages_that_claim_one_large_directory_take_memory_in_proportion_to_the_image() {
    const FILES: usize = 30_000;
    let mut tar = Tar::new()
        .file("s/p0.dist-info/METADATA", b"Name: p0\nVersion: 1\n")
        .file("s/p0.dist-info/top_level.txt", b"m\n");
    for number in 1..50 {
        let metadata = format!("Name: p{number}\nVersion: 1\n");
        tar = tar
            .file(
                &format!("s/p{number}.dist-info/METADATA"),
                metadata.as_bytes(),
            )
            .hard_link(
                &format!("s/p{number}.dist-info/top_level.txt"),
                "s/p0.dist-info/top_level.txt",
            );
    }
    for number in 0..FILES {
        tar = tar.file(&format!("s/m/{number}"), b"");
    }
    let image = layer(tar);
    let packages = packages::read(&image).unwrap();
    assert_eq!(packages.list.len(), 50);
    let files: usize = packages
        .list
        .iter()
        .map(|package| package.files.len())
        .sum();
    assert!(files >= 20 * FILES, "{files}");
    assert!(files <= 1_000_000 + 4 * image.tree.name_count(), "{files}");
    assert_eq!(packages.notes.len(), 1);
    assert!(packages.notes[0].text.contains("too many files"));
}

#[test]
fn a_list_whose_paths_lead_through_long_symlinks_is_not_followed_to_the_end() {
    let directory = "d".repeat(90);
    let way = format!("{directory}/../").repeat(40);
    let [first, second] = ["r", "l0"].map(|end| format!("{way}{end}"));
    let status = b"Package: a\nStatus: install ok installed\nVersion: 1\n\n";
    // 18,000 of them exceed the limit of 128 MiB.
    let list = (0..19_000)
        .map(|number| format!("/l1/{number}\n"))
        .collect::<Vec<_>>()
        .concat();
    let tar = Tar::new()
        .directory(&directory)
        .file("r/7", b"")
        .pax(&[("linkpath", first.as_bytes())])
        .symlink("l0", "x")
        .pax(&[("linkpath", second.as_bytes())])
        .symlink("l1", "x")
        .file("var/lib/dpkg/status", status)
        .file("var/lib/dpkg/info/a.list", list.as_bytes());
    let image = layer(tar);
    assert!(!image.tree.is_exhausted());
    let packages = packages::read(&image).unwrap();
    assert!(image.tree.is_exhausted());
    assert_eq!(packages.list[0].files.len(), 1);
    let notes: Vec<_> = packages.notes.iter().map(|note| &note.text).collect();
    assert_eq!(
        notes,
        ["symlink targets are too long: not all paths were followed"]
    );
}

fn notes(packages: &Packages) -> Vec<&str> {
    packages.notes.iter().map(|note| &*note.text).collect()
}

/// Records of one package, each with a path and a text in which `{name}` and `{version}` are still
/// missing.
const RECORDS: [(&str, &str); 7] = [
    (
        "var/lib/dpkg/status",
        "Package: {name}\nStatus: install ok installed\nVersion: {version}\n",
    ),
    (
        "var/lib/dpkg/status.d/x",
        "Package: {name}\nVersion: {version}\n",
    ),
    ("lib/apk/db/installed", "P:{name}\nV:{version}\n"),
    (
        "var/lib/rpmmanifest/container-manifest-2",
        "{name}\t{version}\t0\t0\tv\t(none)\t0\tx\t0\ts\n",
    ),
    (
        "s/x.dist-info/METADATA",
        "Name: {name}\nVersion: {version}\n",
    ),
    (
        "node_modules/x/package.json",
        r#"{"name": "{name}", "version": "{version}"}"#,
    ),
    (
        "specifications/x.gemspec",
        "s.name = '{name}'\ns.version = '{version}'\n",
    ),
];

#[test]
fn a_package_with_a_name_or_a_version_over_4_kib_is_left_out_and_reported() {
    for (path, record) in RECORDS {
        for (name, version, count) in [(4096, 4096, 1), (4097, 1, 0), (1, 4097, 0), (1, 1 << 20, 0)]
        {
            let text = record.replace("{name}", &"n".repeat(name));
            let text = text.replace("{version}", &"1".repeat(version));
            let packages = packages::read(&layer(Tar::new().file(path, text.as_bytes()))).unwrap();
            assert_eq!(packages.list.len(), count, "{path} {name} {version}");
            let expected = ["packages with a name or a version over 4 KiB were left out"];
            assert_eq!(notes(&packages), expected[count..], "{path}");
        }
    }
}

#[test]
fn other_fields_that_are_too_long_are_left_out_and_reported() {
    let long = "x".repeat(4097);
    let license = "x".repeat((64 << 10) + 1);
    let json = format!(r#"{{"name": "n", "version": "1", "license": "{license}"}}"#);
    for (path, text) in [
        (
            "var/lib/dpkg/status",
            format!(
                "Package: n\nVersion: 1\nArchitecture: {long}\nSource: {long}\nDepends: {long}\n"
            ),
        ),
        (
            "lib/apk/db/installed",
            format!("P:n\nV:1\nL:{license}\nD:{long}\n"),
        ),
        (
            "s/x.dist-info/METADATA",
            format!("Name: n\nVersion: 1\nLicense: {license}\n"),
        ),
        ("node_modules/n/package.json", json),
    ] {
        let packages = packages::read(&layer(Tar::new().file(path, text.as_bytes()))).unwrap();
        let package = &packages.list[0];
        assert_eq!(
            (&package.architecture, &package.source),
            (&None, &None),
            "{path}"
        );
        assert_eq!(
            (&package.license, package.depends.len()),
            (&None, 0),
            "{path}"
        );
        let expected = ["fields of packages over 4 KiB, and licenses over 64 KiB, were left out"];
        assert_eq!(notes(&packages), expected, "{path}");
    }
}

#[test]
fn licenses_of_many_names_are_joined_up_to_64_kib() {
    let status = b"Package: a\nStatus: install ok installed\nVersion: 1\n";
    for (count, is_kept) in [(4_000, true), (400_000, false)] {
        let mut copyright = "Format: x\n".to_owned();
        for number in 0..count {
            writeln!(copyright, "License: {number}").unwrap();
        }
        let tar = Tar::new()
            .file("var/lib/dpkg/status", status)
            .file("usr/share/doc/a/copyright", copyright.as_bytes());
        let packages = packages::read(&layer(tar)).unwrap();
        assert_eq!(packages.list[0].license.is_some(), is_kept);
        assert_eq!(packages.notes.is_empty(), is_kept);
    }
}

#[test]
fn the_fields_of_all_packages_have_at_most_32_mib() {
    let (name, version) = ("n".repeat(4000), "1".repeat(4000));
    let package = format!("P:{name}\nV:{version}\n\n");
    let packages = packages::read(&layer(
        Tar::new().file("lib/apk/db/installed", package.repeat(3000).as_bytes()),
    ));
    let packages = packages.unwrap();
    // Equal packages are one in the list, so only the note tells.
    let expected = ["the fields of the packages are too long: the rest were not read"];
    assert_eq!(notes(&packages), expected);
}

#[test]
fn an_os_release_with_a_long_id_does_not_lengthen_the_url_of_every_package() {
    let release = format!("ID={}\nVERSION_ID=1\n", "x".repeat(1 << 19));
    let tar = Tar::new()
        .file("etc/os-release", release.as_bytes())
        .file("lib/apk/db/installed", b"P:a\nV:1\n");
    let packages = packages::read(&layer(tar)).unwrap();
    assert_eq!(packages.list[0].purl, "pkg:apk/alpine/a@1");
}

#[test]
fn the_lists_of_packages_share_a_limit_on_paths() {
    // 1,000,000, and 4 for each entry of the image.
    const PATHS: usize = 1_000_100;
    let status = b"Package: a\nStatus: install ok installed\nVersion: 1\n";
    let sum = format!("{}  a\n", "0".repeat(32));
    let apk = ["P:a\nV:1\nF:\n", &"R:a\n".repeat(PATHS)].concat();
    let names = b"a\0".repeat(PATHS);
    let rpm = rpm_database(&[&[
        (1000, STRING, 1, b"a\0"),
        (1118, STRINGS, 1, b"/\0"),
        (1117, STRINGS, number(PATHS), &names),
        (1116, INT32, number(PATHS), &vec![0; 4 * PATHS]),
    ]]);
    let metadata: (&str, &[u8]) = ("s/a.dist-info/METADATA", b"Name: a\nVersion: 1\n");
    let cases: [[(&str, &[u8]); 2]; 6] = [
        [
            ("var/lib/dpkg/status", status),
            ("var/lib/dpkg/info/a.list", &b"/a\n".repeat(PATHS)),
        ],
        [
            ("var/lib/dpkg/status.d/a", b"Package: a\nVersion: 1\n"),
            (
                "var/lib/dpkg/status.d/a.md5sums",
                &sum.repeat(PATHS).into_bytes(),
            ),
        ],
        [("lib/apk/db/installed", apk.as_bytes()), ("x", b"")],
        [(PACKAGES_DB, &rpm), ("x", b"")],
        [
            metadata,
            ("s/a.dist-info/RECORD", &b"../a,,\n".repeat(PATHS)),
        ],
        [
            metadata,
            ("s/a.dist-info/top_level.txt", &b"a\n".repeat(PATHS)),
        ],
    ];
    for files in cases {
        let mut tar = Tar::new().file("a", b"");
        for (path, bytes) in files {
            tar = tar.file(path, bytes);
        }
        let packages = packages::read(&layer(tar)).unwrap();
        assert_eq!(packages.list.len(), 1, "{}", files[0].0);
        assert_eq!(packages.notes.len(), 1, "{}", files[0].0);
        assert!(packages.notes[0].text.contains("too many files"));
    }
}

#[test]
fn directories_without_names_in_an_rpm_header_do_not_fill_the_memory() {
    let database = rpm_database(&[&[
        (1000, STRING, 1, b"a\0"),
        (1118, STRINGS, u32::MAX, &vec![0; 48 << 20]),
    ]]);
    assert_eq!(inspected(Tar::new().file(PACKAGES_DB, &database)), 1);
}

#[test]
fn an_rpm_package_has_at_most_100_000_directories() {
    for (count, is_complete) in [(99_999, true), (100_001, false)] {
        let database = rpm_database(&[&[
            (1000, STRING, 1, b"a\0"),
            (1118, STRINGS, number(count), &b"/\0".repeat(count)),
        ]]);
        let packages = packages::read(&layer(Tar::new().file(PACKAGES_DB, &database))).unwrap();
        assert_eq!(packages.notes.is_empty(), is_complete);
    }
}

#[test]
fn many_invalid_rpm_headers_are_one_note() {
    let empty: &[Tag<'_>] = &[];
    let mut database = rpm_database(&[empty; 200]);
    // The number of tags of every header exceeds its length.
    while let Some(at) = memchr::memmem::find(&database, b"sum!\x08\0\0\0\0\0\0\0") {
        database[at + 8] = 0xff;
    }
    let packages = packages::read(&layer(Tar::new().file(PACKAGES_DB, &database))).unwrap();
    assert_eq!(notes(&packages), ["invalid package header"]);
}

#[test]
fn at_most_100_000_diversions_of_dpkg_are_read() {
    for (count, is_complete) in [(100_000, true), (100_001, false)] {
        let mut diversions = String::new();
        for number in 0..count {
            writeln!(diversions, "/{number}\n/x\n:").unwrap();
        }
        let tar = Tar::new()
            .file("var/lib/dpkg/status", b"")
            .file("var/lib/dpkg/diversions", diversions.as_bytes());
        let packages = packages::read(&layer(tar)).unwrap();
        assert_eq!(packages.notes.is_empty(), is_complete);
    }
}

#[test]
fn lines_and_fields_without_end_do_not_fill_the_memory() {
    const LENGTH: usize = 60 << 20;
    let status = b"Package: a\nStatus: install ok installed\nVersion: 1\n";
    let dpkg = || Tar::new().file("var/lib/dpkg/status", status);
    let manifest = "var/lib/rpmmanifest/container-manifest-2";
    let version = [&b"Name: a\nVersion: "[..], &vec![0xff; LENGTH]].concat();
    for (tar, count) in [
        (
            dpkg().file("var/lib/dpkg/diversions", &vec![b'\n'; LENGTH]),
            1,
        ),
        (Tar::new().file(manifest, &vec![b'\t'; LENGTH]), 0),
        (Tar::new().file("s/a.dist-info/METADATA", &version), 0),
    ] {
        assert_eq!(inspected(tar), count);
    }
}

/// An image whose layer is compressed.
fn compressed(tar: Tar) -> Image {
    let plain = tar.end();
    let archive = docker_archive(&[gzip(&plain)], &config(&[plain]), &[]);
    open_with(&archive, &Options::default()).unwrap()
}

#[test]
fn all_records_of_a_small_image_share_the_limit_on_implausible_files() {
    // The limit is 32 MiB, and 32 times the size of the image as stored.
    let zeros = vec![0; 24 << 20];
    let database = "usr/lib/sysimage/rpm/Packages";
    let image = compressed(Tar::new().file(PACKAGES_DB, &zeros).file(database, &zeros));
    let packages = packages::read(&image).unwrap();
    let expected = "the package records are too large: not all of them were read";
    assert!(notes(&packages).contains(&expected), "{:?}", packages.notes);
    let image = compressed(Tar::new().file(PACKAGES_DB, &zeros));
    let packages = packages::read(&image).unwrap();
    assert_eq!(
        notes(&packages),
        ["invalid rpm database: unrecognized file format"]
    );
}
