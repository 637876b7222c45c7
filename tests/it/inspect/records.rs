//! After slimming, the records for scanners only list the remaining packages.

use jettison::image::{Format, Image, Kind, Options, Reference, Silent, WriteOptions};
use jettison::packages;
use jettison::slim::{Plan, PlanOptions, Why, plan, verify};

use crate::builders::images::{Directory, Tar, find, layer, listing, read};

fn planned(image: &Image, keep: &[&str]) -> Plan {
    let keep = keep.iter().map(|&glob| glob.to_owned()).collect();
    let plan = plan(
        image,
        &PlanOptions {
            keep,
            ..PlanOptions::default()
        },
    )
    .unwrap();
    assert_eq!(verify(image, &plan).unwrap(), []);
    plan
}

/// The slimmed image, written and read again.
fn slimmed(image: &Image, plan: &Plan) -> Image {
    let directory = Directory::new();
    let reference = Reference::File {
        format: Format::DockerArchive,
        path: directory.path().join("x.tar"),
        name: None,
    };
    let (result, selection) = plan.result(image);
    jettison::image::write(
        &result,
        &selection,
        &reference,
        &WriteOptions::default(),
        &Silent,
    )
    .unwrap();
    Image::open(&reference, &Options::default(), &Silent).unwrap()
}

fn named(image: &Image) -> Vec<String> {
    let packages = packages::read(image).unwrap();
    packages
        .list
        .iter()
        .map(|package| format!("{} {}", package.name, package.version))
        .collect()
}

const STATUS: &[u8] = b"Package: a
Status: install ok installed
Architecture: amd64
Version: 1:1-1
Conffiles:
 /etc/a.conf 0123456789abcdef0123456789abcdef
Description: the first

Package: b
Status: install ok installed
Architecture: all
Version: 2
";

fn debian() -> Tar {
    Tar::new()
        .entry(b'0', "var/lib/dpkg/status", "", STATUS, |header| header.set_mtime(77))
        .file("var/lib/dpkg/info/a.list", b"/.\n/usr\n/usr/bin\n/usr/bin/a\n/etc\n/etc/a.conf\n/usr/bin/a2\n")
        .file(
            "var/lib/dpkg/info/a.md5sums",
            b"900150983cd24fb0d6963f7d28e17f72  usr/bin/a\n900150983cd24fb0d6963f7d28e17f72  usr/bin/a2\n",
        )
        .file("var/lib/dpkg/info/b.list", b"/usr\n/usr/bin\n/usr/bin/b\n")
        .file("usr/bin/a", b"a")
        .file("usr/bin/a2", b"a2")
        .file("usr/bin/b", b"b")
        .file("etc/a.conf", b"")
}

#[test]
fn a_dpkg_package_with_remaining_files_gets_its_own_record() {
    let image = layer(debian());
    let plan = planned(&image, &["/usr/bin/a", "/etc/a.conf"]);
    let result = slimmed(&image, &plan);
    assert_eq!(named(&image), ["a 1:1-1", "b 2"]);
    assert_eq!(named(&result), ["a 1:1-1"]);
    let end = STATUS
        .windows(2)
        .position(|bytes| bytes == b"\n\n")
        .unwrap();
    assert_eq!(read(&result, "/var/lib/dpkg/status.d/a"), &STATUS[..=end]);
    let sums = "900150983cd24fb0d6963f7d28e17f72  usr/bin/a\n0123456789abcdef0123456789abcdef  etc/a.conf\n";
    assert_eq!(
        read(&result, "/var/lib/dpkg/status.d/a.md5sums"),
        sums.as_bytes()
    );
    let header = &result
        .tree
        .inode(find(&result, "/var/lib/dpkg/status.d/a"))
        .header;
    assert_eq!((header.mode, header.uid, header.mtime), (0o644, 0, 77));
    assert!(result.tree.resolve(b"/var/lib/dpkg/status").is_err());
    assert!(result.tree.resolve(b"/var/lib/dpkg/status.d/b").is_err());
}

#[test]
fn package_records_are_included_in_the_totals() {
    let image = layer(debian());
    let plan = planned(&image, &["/usr/bin/a"]);
    let result = slimmed(&image, &plan);
    let bytes: u64 = result
        .tree
        .walk()
        .map(|name| match &result.tree.inode(name).kind {
            Kind::File(content) => content.length(),
            _ => 0,
        })
        .sum();
    assert_eq!(plan.totals().after.bytes, bytes);
}

#[test]
fn no_record_is_written_if_the_package_database_is_kept() {
    let image = layer(debian());
    assert_eq!(
        planned(&image, &["/usr/bin/a", "/var/lib/dpkg/status"]).records(),
        []
    );
}

#[test]
fn package_records_can_be_disabled() {
    let image = layer(debian());
    let options = PlanOptions {
        keep: vec!["/usr/bin/a".into()],
        no_package_records: true,
        ..PlanOptions::default()
    };
    let plan = plan(&image, &options).unwrap();
    let result = slimmed(&image, &plan);
    assert_eq!(plan.records(), []);
    assert_eq!(
        listing(&result),
        [
            "/etc/",
            "/etc/a.conf = ",
            "/usr/",
            "/usr/bin/",
            "/usr/bin/a = a",
            "/var/",
            "/var/lib/"
        ]
    );
}

#[test]
fn records_are_written_through_a_symlink_to_the_database() {
    let tar = Tar::new().symlink("var/lib", "../state").directory("state");
    let image = layer(Tar {
        bytes: [tar.bytes, debian().bytes].concat(),
    });
    let result = slimmed(&image, &planned(&image, &["/usr/bin/b"]));
    assert_eq!(named(&result), ["b 2"]);
    assert!(result.tree.resolve_link(b"/state/dpkg/status.d/b").is_ok());
}

#[test]
fn records_of_distroless_images_are_unchanged() {
    let tar = Tar::new()
        .file("var/lib/dpkg/status.d/a", b"Package: a\nVersion: 1\n")
        .file(
            "var/lib/dpkg/status.d/a.md5sums",
            b"900150983cd24fb0d6963f7d28e17f72  bin/a\n",
        )
        .file("var/lib/dpkg/status.d/b", b"Package: b\nVersion: 1\n")
        .file(
            "var/lib/dpkg/status.d/b.md5sums",
            b"900150983cd24fb0d6963f7d28e17f72  bin/b\n",
        )
        .file("bin/a", b"a")
        .file("bin/b", b"b");
    let image = layer(tar);
    let plan = planned(&image, &["/bin/b"]);
    assert_eq!(plan.records(), []);
    let record = find(&image, "/var/lib/dpkg/status.d/b");
    assert_eq!(
        plan.why(record).last().unwrap().why,
        &Why::Record {
            package: "b".into()
        }
    );
    assert_eq!(named(&slimmed(&image, &plan)), ["b 1"]);
}

#[test]
fn the_apk_database_is_reduced_to_remaining_packages() {
    let tar = Tar::new()
        .file(
            "lib/apk/db/installed",
            b"P:a\nV:1\nF:bin\nR:a\na:0:0:755\nR:gone\n\nP:b\nV:1\nF:bin\nR:b\n\n",
        )
        .file("bin/a", b"a")
        .file("bin/b", b"b")
        .file("bin/gone", b"");
    let image = layer(tar);
    let plan = planned(&image, &["/bin/a"]);
    let result = slimmed(&image, &plan);
    assert_eq!(
        read(&result, "/lib/apk/db/installed"),
        b"P:a\nV:1\nF:bin\nR:a\na:0:0:755\n\n"
    );
    assert_eq!(plan.records()[0].packages, ["a"]);
}

#[test]
fn rpm_packages_are_recorded_in_a_manifest() {
    let tar = Tar::new()
        .file(
            "var/lib/rpm/rpmdb.sqlite",
            include_bytes!("../../../testdata/packages/rpmdb.sqlite"),
        )
        .file("usr/bin/prog2", b"x")
        .file("usr/bin/prog3", b"x")
        .file("usr/bin/prog4", b"x");
    let image = layer(tar);
    let result = slimmed(
        &image,
        &planned(&image, &["/usr/bin/prog2", "/usr/bin/prog3"]),
    );
    let manifest = "pack2\t1.2-3.fc40\t1700001000\t1700000002\tVendor\t(none)\t20\tx86_64\t0\tpack-source-1.2-3.fc40.src.rpm\n\
                    pack3\t1.3-3.fc40\t1700001000\t1700000003\tVendor\t3\t3\tx86_64\t3\tpack-source-1.3-3.fc40.src.rpm\n";
    assert_eq!(
        String::from_utf8(read(&result, "/var/lib/rpmmanifest/container-manifest-2")).unwrap(),
        manifest
    );
    assert_eq!(named(&result), ["pack2 1.2-3.fc40", "pack3 3:1.3-3.fc40"]);
}

#[test]
fn a_language_package_keeps_its_metadata_file() {
    let site = "usr/lib/python3/dist-packages";
    let tar = Tar::new()
        .file(
            &format!("{site}/pack-1.0.dist-info/METADATA"),
            b"Name: pack\nVersion: 1.0\n",
        )
        .file(
            &format!("{site}/pack-1.0.dist-info/RECORD"),
            b"pack.py,,\npack-1.0.dist-info/METADATA,,\n",
        )
        .file(&format!("{site}/pack.py"), b"")
        .file(
            &format!("{site}/gone-1.0.dist-info/METADATA"),
            b"Name: gone\nVersion: 1.0\n",
        );
    let image = layer(tar);
    let result = slimmed(&image, &planned(&image, &[&format!("/{site}/pack.py")]));
    assert_eq!(named(&result), ["pack 1.0"]);
}
