//! Package databases: the installed packages and their files.

use jettison::image::Image;
use jettison::packages::{self, Ecosystem, Packages};

use crate::builders::images::{Tar, find, layer};

/// A line a package: `ecosystem name version: files`.
fn listed(image: &Image, packages: &Packages) -> Vec<String> {
    let line = |package: &packages::Package| {
        let path = |&name| String::from_utf8(image.tree.path(name)).unwrap();
        let mut files: Vec<String> = package.files.iter().map(path).collect();
        files.sort();
        format!(
            "{} {} {}: {}",
            package.ecosystem,
            package.name,
            package.version,
            files.join(" ")
        )
    };
    packages.list.iter().map(line).collect()
}

fn packages_of(tar: Tar) -> Vec<String> {
    let image = layer(tar);
    listed(&image, &packages::read(&image).unwrap())
}

const STATUS: &[u8] = b"Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Source: glibc (2.36-9)
Version: 2.36-9+deb12u1
Description: a
 b

Package: gone
Status: deinstall ok config-files
Version: 1

Package: dash
Status: install ok installed
Architecture: amd64
Version: 0.5
";

fn debian() -> Tar {
    Tar::new()
        .file("var/lib/dpkg/status", STATUS)
        .file(
            "var/lib/dpkg/info/libc6:amd64.list",
            b"/.\n/lib\n/lib/libc.so.6\n/usr/share/doc/libc6\n/absent\n",
        )
        .file("var/lib/dpkg/info/dash.list", b"/bin\n/bin/sh\n/bin/dash\n")
        .file(
            "var/lib/dpkg/diversions",
            b"/bin/sh\n/bin/sh.distrib\nbash\n",
        )
        .symlink("lib", "usr/lib")
        .symlink("bin", "usr/bin")
        .file("usr/lib/libc.so.6", b"libc")
        .symlink("usr/bin/sh", "bash")
        .symlink("usr/bin/sh.distrib", "dash")
        .file("usr/bin/dash", b"dash")
        .directory("usr/share/doc/libc6")
        .file(
            "usr/share/doc/libc6/copyright",
            b"Format: x\nLicense: LGPL-2.1\n text\nLicense: GPL-2\nLicense: GPL-2\n",
        )
        .file("etc/os-release", b"ID=debian\nVERSION_ID=\"12\"\n")
}

#[test]
fn dpkg_paths_are_followed_through_symlinks_and_diversions() {
    let expected = [
        "deb dash 0.5: /usr/bin/dash /usr/bin/sh.distrib",
        "deb libc6 2.36-9+deb12u1: /usr/lib/libc.so.6",
    ];
    assert_eq!(packages_of(debian()), expected);
}

#[test]
fn a_dpkg_package_has_its_source_licenses_and_purl() {
    let image = layer(debian());
    let packages = packages::read(&image).unwrap();
    let libc = packages
        .owners(find(&image, "/lib/libc.so.6"))
        .next()
        .unwrap();
    assert_eq!(libc.source, Some(("glibc".into(), "2.36-9".into())));
    assert_eq!(libc.license.as_deref(), Some("GPL-2 AND LGPL-2.1"));
    assert_eq!(
        libc.purl,
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64&distro=debian-12"
    );
    assert_eq!(packages.owners(find(&image, "/bin/sh")).count(), 0);
}

#[test]
fn records_of_distroless_images_are_read_one_by_one() {
    let tar = Tar::new()
        .file(
            "var/lib/dpkg/status.d/tzdata",
            b"Package: tzdata\nVersion: 2024a\nArchitecture: all\n",
        )
        .file(
            "var/lib/dpkg/status.d/tzdata.md5sums",
            b"900150983cd24fb0d6963f7d28e17f72  usr/share/zoneinfo/UTC\n",
        )
        .file("usr/share/zoneinfo/UTC", b"TZif");
    assert_eq!(
        packages_of(tar),
        ["deb tzdata 2024a: /usr/share/zoneinfo/UTC"]
    );
}

#[test]
fn files_of_apk_packages_are_listed_by_directory() {
    let tar = Tar::new()
        .file(
            "lib/apk/db/installed",
            b"P:musl\nV:1.2.5-r0\nA:x86_64\no:musl\nL:MIT\nF:lib\nR:ld.so\nR:none\n\nP:b\nV:1\n",
        )
        .file("lib/ld.so", b"x");
    assert_eq!(
        packages_of(tar),
        ["apk b 1: ", "apk musl 1.2.5-r0: /lib/ld.so"]
    );
}

const RPM_DATABASE: &[u8] = include_bytes!("../../../testdata/packages/rpmdb.sqlite");

#[test]
fn an_rpm_database_with_small_pages_is_read_completely() {
    let tar = Tar::new()
        .file("usr/lib/sysimage/rpm/rpmdb.sqlite", RPM_DATABASE)
        .symlink("var/lib/rpm", "../../usr/lib/sysimage/rpm")
        .file("usr/bin/prog25", b"x")
        .file("usr/share/pack25/file-99", b"x")
        .file("etc/os-release", b"ID=fedora\nVERSION_ID=40\n");
    let image = layer(tar);
    let packages = packages::read(&image).unwrap();
    let mut names: Vec<_> = packages
        .list
        .iter()
        .map(|package| package.name.clone())
        .collect();
    names.sort_by_key(|name| name[4..].parse::<usize>().unwrap());
    assert_eq!(
        names,
        (1..=25)
            .map(|number| format!("pack{number}"))
            .collect::<Vec<_>>()
    );
    assert_eq!(packages.notes, []);
    let last = packages
        .owners(find(&image, "/usr/share/pack25/file-99"))
        .next()
        .unwrap();
    assert_eq!(
        (last.version.as_str(), last.files.len()),
        ("25:1.25-3.fc40", 2)
    );
    assert_eq!(
        last.purl,
        "pkg:rpm/fedora/pack25@1.25-3.fc40?arch=x86_64&distro=fedora-40&epoch=25"
    );
}

#[test]
fn a_broken_rpm_database_is_a_note_and_never_a_panic() {
    for end in (0..RPM_DATABASE.len()).step_by(701) {
        let image = layer(Tar::new().file("var/lib/rpm/rpmdb.sqlite", &RPM_DATABASE[..end]));
        assert!(
            !packages::read(&image).unwrap().notes.is_empty(),
            "cut at {end}"
        );
    }
    for at in (0..RPM_DATABASE.len()).step_by(97) {
        let mut bytes = RPM_DATABASE.to_vec();
        bytes[at] ^= 0xff;
        packages::read(&layer(Tar::new().file("var/lib/rpm/rpmdb.sqlite", &bytes))).unwrap();
    }
}

#[test]
fn a_note_says_that_a_write_ahead_log_is_not_read() {
    let tar = Tar::new()
        .file("var/lib/rpm/rpmdb.sqlite", RPM_DATABASE)
        .file("var/lib/rpm/rpmdb.sqlite-wal", b"x");
    let packages = packages::read(&layer(tar)).unwrap();
    assert_eq!(packages.notes.len(), 1);
    assert_eq!(packages.list.len(), 25);
}

#[test]
fn a_python_distribution_owns_the_files_in_its_record() {
    let site = "usr/lib/python3/site-packages";
    let record =
        b"pack/__init__.py,sha256=x,1\n../../../bin/tool,,\n\"pack/a,b.py\",,\npack/absent.py,,\n";
    let tar = Tar::new()
        .file(
            &format!("{site}/Pack-1.0.dist-info/METADATA"),
            b"Name: Pack\nVersion: 1.0\nLicense: MIT\n\nName: x\n",
        )
        .file(&format!("{site}/Pack-1.0.dist-info/RECORD"), record)
        .file(&format!("{site}/pack/__init__.py"), b"")
        .file(&format!("{site}/pack/a,b.py"), b"")
        .file(&format!("{site}/pack/other.py"), b"")
        .file("usr/bin/tool", b"#!");
    let expected = format!(
        "pypi Pack 1.0: /usr/bin/tool /{site}/Pack-1.0.dist-info/METADATA /{site}/Pack-1.0.dist-info/RECORD \
         /{site}/pack/__init__.py /{site}/pack/a,b.py"
    );
    assert_eq!(packages_of(tar), [expected]);
}

#[test]
fn a_node_package_owns_its_directory_without_nested_packages() {
    let json = |name: &str| {
        format!(r#"{{"name": "{name}", "version": "1.0.0", "license": {{"type": "ISC"}}}}"#)
    };
    let tar = Tar::new()
        .file("app/package.json", json("app").as_bytes())
        .file("app/node_modules/a/package.json", json("a").as_bytes())
        .file("app/node_modules/a/lib/x.js", b"")
        .file(
            "app/node_modules/a/lib/package.json",
            b"{\"type\": \"module\"}",
        )
        .file(
            "app/node_modules/a/node_modules/@s/b/package.json",
            json("@s/b").as_bytes(),
        )
        .file("app/node_modules/broken/package.json", b"{");
    let a = "/app/node_modules/a";
    let expected = [
        format!("npm @s/b 1.0.0: {a}/node_modules/@s/b/package.json"),
        format!("npm a 1.0.0: {a}/lib/package.json {a}/lib/x.js {a}/package.json"),
    ];
    let image = layer(tar);
    let packages = packages::read(&image).unwrap();
    assert_eq!(listed(&image, &packages), expected);
    assert_eq!(packages.list[0].license.as_deref(), Some("ISC"));
    assert_eq!(
        packages.notes[0].at,
        find(&image, "/app/node_modules/broken/package.json")
    );
}

#[test]
fn a_gem_owns_its_specification_and_its_directory() {
    let tar = Tar::new()
        .file(
            "gems/specifications/rake-13.0.gemspec",
            b"s.name = \"rake\".freeze\n  s.version = \"13.0\"\n",
        )
        .file("gems/gems/rake-13.0/lib/rake.rb", b"");
    let expected =
        ["gem rake 13.0: /gems/gems/rake-13.0/lib/rake.rb /gems/specifications/rake-13.0.gemspec"];
    assert_eq!(packages_of(tar), expected);
}

#[test]
fn a_file_belongs_to_the_distribution_package_first() {
    let tar = Tar::new()
        .file(
            "var/lib/dpkg/status",
            b"Package: python3-a\nStatus: install ok installed\nVersion: 1\n",
        )
        .file("var/lib/dpkg/info/python3-a.list", b"/usr/lib/a.egg-info\n")
        .file("usr/lib/a.egg-info", b"Name: a\nVersion: 1\n");
    let image = layer(tar);
    let packages = packages::read(&image).unwrap();
    let owners: Vec<_> = packages
        .owners(find(&image, "/usr/lib/a.egg-info"))
        .map(|owner| owner.ecosystem)
        .collect();
    assert_eq!(owners, [Ecosystem::Deb, Ecosystem::Python]);
    assert_eq!(packages.sizes(&image.tree, |_| true), [19, 0]);
}
