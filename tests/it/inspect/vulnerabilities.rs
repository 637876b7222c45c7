//! Known vulnerabilities from an OSV export: findings of `lint`, and documents of `slim`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use jettison::advisories::{self, Export, ExportLimits, Rating, Vulnerability};
use jettison::image::{Image, Options, Silent};
use jettison::packages;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use serde_json::{Value, json};

use crate::builders::images::{Directory, Tar, config, docker_archive};

/// Versions that Debian 12 had before its fixes, and one with the fix.
const STATUS: &[u8] = b"Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 2.36-9+deb12u4

Package: ncurses-base
Status: install ok installed
Source: ncurses
Version: 6.4-2

Package: perl-base
Status: install ok installed
Source: perl
Version: 5.36.0-7

Package: libssl3
Status: install ok installed
Source: openssl
Version: 3.0.11-1~deb12u2

Package: zlib1g
Status: install ok installed
Source: zlib
Version: 1:1.2.13.dfsg-1
";

const KEPT: [&str; 3] = [
    "/lib/libc.so.6",
    "/lib/libz.so.1",
    "/usr/share/doc/ncurses-base/copyright",
];

fn image(directory: &Directory) -> String {
    let layer = Tar::new()
        .file("etc/os-release", b"ID=debian\nVERSION_ID=\"12\"\n")
        .file("var/lib/dpkg/status", STATUS)
        .file(
            "var/lib/dpkg/info/libc6.list",
            b"/lib/libc.so.6\n/lib/gconv.so\n",
        )
        .file(
            "var/lib/dpkg/info/ncurses-base.list",
            b"/lib/terminfo/x\n/usr/share/doc/ncurses-base/copyright\n",
        )
        .file("var/lib/dpkg/info/perl-base.list", b"/bin/perl\n")
        .file("var/lib/dpkg/info/libssl3.list", b"/lib/libssl.so.3\n")
        .file(
            "var/lib/dpkg/info/zlib1g.list",
            b"/lib/libz.so.1\n/usr/share/doc/zlib1g/copyright\n",
        )
        .file("lib/libc.so.6", b"c")
        .file("lib/gconv.so", b"g")
        .file("lib/terminfo/x", b"x")
        .file("usr/share/doc/ncurses-base/copyright", b"MIT")
        .file("lib/libssl.so.3", b"s")
        .file("lib/libz.so.1", b"z")
        .file("usr/share/doc/zlib1g/copyright", b"Zlib")
        .entry(b'0', "bin/perl", "", b"perl", |header| {
            header.set_mode(0o755);
        })
        .entry(b'0', "app", "", b"#!/nothing\n", |header| {
            header.set_mode(0o755);
        })
        .file(
            "opt/pip-23.0.1.dist-info/METADATA",
            b"Name: pip\nVersion: 23.0.1\n",
        )
        .file(
            "opt/pip-23.0.1.dist-info/RECORD",
            b"pip.py,,\npip-23.0.1.dist-info/METADATA,,\n",
        )
        .file("opt/pip.py", b"");
    let layers = [layer.end()];
    let path = directory.file(
        "app.tar",
        &docker_archive(&layers, &config(&layers), &["app:1"]),
    );
    path.to_str().unwrap().to_owned()
}

/// A record with what the databases say of the vulnerability, as far as it is read.
fn record(
    id: &str,
    ecosystem: &str,
    name: &str,
    events: &Value,
    more: &Value,
) -> (String, Vec<u8>) {
    let mut record = json!({
        "schema_version": "1.7.3",
        "id": id,
        "modified": "2025-05-01T00:00:00Z",
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }],
        "references": [{"type": "WEB", "url": "https://security-tracker.debian.org/"}],
    });
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    (format!("{id}.json"), record.to_string().into_bytes())
}

fn records() -> Vec<(String, Vec<u8>)> {
    let fixed = |version: &str| json!([{"introduced": "0"}, {"fixed": version}]);
    let debian = |cve: &str, name: &str, events: &Value, more: Value| {
        let mut more = more;
        more["upstream"] = json!([cve]);
        record(&format!("DEBIAN-{cve}"), "Debian:12", name, events, &more)
    };
    let vector = |vector: &str| json!({"severity": [{"type": "CVSS_V3", "score": vector}]});
    let iconv = vector("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:L/A:H");
    let pip = json!({"aliases": ["CVE-2023-5752", "PYSEC-2023-228"], "summary": "Command Injection in pip"});
    vec![
        debian("CVE-2024-2961", "glibc", &fixed("2.36-9+deb12u6"), iconv),
        record(
            "DSA-5673-1",
            "Debian:12",
            "glibc",
            &fixed("2.36-9+deb12u6"),
            &json!({"upstream": ["CVE-2024-2961"]}),
        ),
        debian("CVE-2023-29491", "ncurses", &fixed("6.4-3"), json!({})),
        debian(
            "CVE-2023-47038",
            "perl",
            &fixed("5.36.0-7+deb12u1"),
            json!({}),
        ),
        debian(
            "CVE-2023-5678",
            "openssl",
            &fixed("3.0.11-1~deb12u2"),
            json!({}),
        ),
        debian(
            "CVE-2023-45853",
            "zlib",
            &json!([{"introduced": "0"}]),
            json!({"details": "MiniZip\u{1b}[31m overflows\nmore"}),
        ),
        debian(
            "CVE-2000-0001",
            "zlib",
            &json!([{"introduced": "0"}]),
            json!({"withdrawn": "2024-01-01T00:00:00Z"}),
        ),
        record(
            "DEBIAN-CVE-2000-0002",
            "Debian:11",
            "zlib",
            &json!([{"introduced": "0"}]),
            &json!({}),
        ),
        // `zlib1g` is the name of what was built, which records do not use.
        record(
            "DEBIAN-CVE-2000-0003",
            "Debian:12",
            "zlib1g",
            &json!([{"introduced": "0"}]),
            &json!({}),
        ),
        record("GHSA-mq26-g339-26xf", "PyPI", "pip", &fixed("23.3"), &pip),
        record(
            "PYSEC-2023-228",
            "PyPI",
            "pip",
            &fixed("23.3"),
            &json!({"aliases": ["CVE-2023-5752"]}),
        ),
    ]
}

fn zip(path: &Path, entries: &[(String, Vec<u8>)]) {
    let mut archive = ZipArchiveWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in entries {
        let method = CompressionMethod::DEFLATE;
        let file = archive.new_file(name).compression_method(method);
        let (mut entry, config) = file.start().unwrap();
        let encoder = DeflateEncoder::new(&mut entry, Compression::default());
        let mut writer = config.wrap(encoder);
        writer.write_all(bytes).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
}

/// The export as a zip.
fn export(directory: &Directory) -> PathBuf {
    let path = directory.path().join("all.zip");
    zip(&path, &records());
    path
}

fn jettison(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command.env_remove("SOURCE_DATE_EPOCH").args(arguments);
    command
}

/// Slims with a document, which it gives with what is said.
fn vex(format: &str) -> (Value, String) {
    let directory = Directory::new();
    let (image, export) = (image(&directory), export(&directory));
    let document = directory.path().join("vex.json");
    let argument = format!("--vex={format}{}", document.display());
    let mut command = jettison(&[
        "slim",
        &image,
        "--dry-run",
        "--tag",
        "r.example/app:slim",
        &argument,
    ]);
    command
        .arg("--osv")
        .arg(export)
        .args(KEPT.iter().flat_map(|path| ["--keep", path]));
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let document = serde_json::from_str(&std::fs::read_to_string(document).unwrap()).unwrap();
    (document, String::from_utf8(output.stdout).unwrap())
}

/// What is known of the image in an export.
fn known(paths: &[PathBuf]) -> Vec<Vulnerability> {
    let directory = Directory::new();
    known_of(&image(&directory), paths)
}

fn known_of(image: &str, paths: &[PathBuf]) -> Vec<Vulnerability> {
    let image = Image::open(&image.parse().unwrap(), &Options::default(), &Silent).unwrap();
    let packages = packages::read(&image).unwrap();
    advisories::find(&Export::open(paths).unwrap(), &packages)
        .unwrap()
        .list
}

#[test]
fn advisories_match_by_source_package_version_and_release() {
    let directory = Directory::new();
    let known = known(&[export(&directory)]);
    let told: Vec<_> = known
        .iter()
        .map(|one| (one.id.as_str(), one.package.as_str(), one.fixed.as_deref()))
        .collect();
    let expected = [
        ("CVE-2023-29491", "ncurses", Some("6.4-3")),
        ("CVE-2023-45853", "zlib", None),
        ("CVE-2023-47038", "perl", Some("5.36.0-7+deb12u1")),
        ("CVE-2023-5752", "pip", Some("23.3")),
        ("CVE-2024-2961", "glibc", Some("2.36-9+deb12u6")),
    ];
    assert_eq!(told, expected);
    assert_eq!(known[1].summary, "MiniZip [31m overflows");
    assert_eq!(known[3].names, ["GHSA-mq26-g339-26xf", "PYSEC-2023-228"]);
    assert_eq!(
        (known[4].names.as_slice(), known[4].bulletins.as_slice()),
        (
            &["DEBIAN-CVE-2024-2961".to_owned()][..],
            &["DSA-5673-1".to_owned()][..]
        )
    );
    assert_eq!(
        known[4].severity.as_ref().map(|severity| severity.rating),
        Some(Rating::High)
    );
}

/// os-release, a file and its bytes, what a record calls what is in it, a version in which it is
/// fixed, and one before that which is installed.
type Case<'a> = (
    &'a str,
    &'a str,
    Vec<u8>,
    &'a str,
    &'a str,
    &'a str,
    &'a str,
);

#[test]
fn every_ecosystem_has_its_own_names_and_version_order() {
    let jar = |directory: &Directory| {
        let path = directory.path().join("x.jar");
        let properties =
            b"groupId=org.apache.logging.log4j\nartifactId=log4j-core\nversion=2.14.1\n".to_vec();
        zip(
            &path,
            &[("META-INF/maven/a/b/pom.properties".to_owned(), properties)],
        );
        std::fs::read(path).unwrap()
    };
    let manifest =
        b"openssl-libs\t3.0.7-24.el9\t1\t1\tRocky\t1\t1\tx86_64\t1\topenssl-3.0.7-24.el9.src.rpm\n";
    let apk = b"P:libcrypto3\nV:3.1.4-r0\no:openssl\n\n";
    let fixed = |version: &str| json!([{"introduced": "0"}, {"fixed": version}]);
    let directory = Directory::new();
    let cases: [Case<'_>; 6] = [
        (
            "ID=alpine\nVERSION_ID=3.18.4\n",
            "lib/apk/db/installed",
            apk.to_vec(),
            "Alpine:v3.18",
            "openssl",
            "3.1.4-r1",
            "3.1.4_rc1",
        ),
        (
            "ID=\"rocky\"\nVERSION_ID=\"9.3\"\n",
            "var/lib/rpmmanifest/container-manifest-2",
            manifest.to_vec(),
            "Rocky Linux:9",
            "openssl",
            "1:3.0.7-27.el9_4",
            "3.0.8-1.el9",
        ),
        (
            "",
            "a/node_modules/lodash/package.json",
            br#"{"name": "lodash", "version": "4.17.9"}"#.to_vec(),
            "npm",
            "lodash",
            "4.17.21",
            "4.17.9-rc.1",
        ),
        (
            "",
            "gems/specifications/rack-2.2.6.4.gemspec",
            b"s.name = \"rack\"\ns.version = \"2.2.6.4\"\n".to_vec(),
            "RubyGems",
            "rack",
            "2.2.8",
            "2.2.6.4.pre",
        ),
        (
            "",
            "app/x.jar",
            jar(&directory),
            "Maven",
            "org.apache.logging.log4j:log4j-core",
            "2.15.0",
            "2.14.1-rc1",
        ),
        (
            "",
            "p/Flask_Cors-3.0.10.dist-info/METADATA",
            b"Name: Flask_Cors\nVersion: 3.0.10\n".to_vec(),
            "PyPI",
            "flask-cors",
            "4.0.2",
            "3.0.10rc1",
        ),
    ];
    for (release, path, bytes, ecosystem, name, after, before) in cases {
        let layers = [Tar::new()
            .file("etc/os-release", release.as_bytes())
            .file(path, &bytes)
            .end()];
        let image = directory.file(
            "app.tar",
            &docker_archive(&layers, &config(&layers), &["app:1"]),
        );
        let known = |version: &str| {
            let export = directory.path().join("x.json");
            let (_, record) = record("CVE-2030-1", ecosystem, name, &fixed(version), &json!({}));
            std::fs::write(&export, record).unwrap();
            known_of(image.to_str().unwrap(), &[export]).len()
        };
        assert_eq!((known(after), known(before)), (1, 0), "{ecosystem}");
    }
}

#[test]
fn an_export_directory_gives_the_same_results_as_one_zip() {
    let (one, other) = (Directory::new(), Directory::new());
    let (zipped, files) = records()
        .into_iter()
        .partition::<Vec<_>, _>(|(name, _)| name.starts_with("DEBIAN"));
    std::fs::create_dir_all(other.path().join("Debian")).unwrap();
    zip(&other.path().join("Debian/all.zip"), &zipped);
    for (name, bytes) in files {
        std::fs::write(other.path().join(name), bytes).unwrap();
    }
    std::fs::write(other.path().join("modified_id.csv"), "what is no record").unwrap();
    assert_eq!(known(&[export(&one)]), known(&[other.path().to_owned()]));
}

#[test]
fn the_newer_of_two_records_with_one_id_is_used() {
    let directory = Directory::new();
    let (name, old) = records().remove(3);
    let mut new: Value = serde_json::from_slice(&old).unwrap();
    new["modified"] = "2025-06-01T00:00:00Z".into();
    new["affected"][0]["ranges"][0]["events"] = json!([{"introduced": "0"}, {"fixed": "5.36.0-7"}]);
    let new = new.to_string().into_bytes();
    for (at, order) in [[&old, &new], [&new, &old]].into_iter().enumerate() {
        let folder = directory.path().join(at.to_string());
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(&name), order[0]).unwrap();
        zip(&folder.join("x.zip"), &[(name.clone(), order[1].clone())]);
        assert_eq!(known(&[folder]), []);
    }
}

#[test]
fn an_openvex_document_tells_removed_from_remaining_packages() {
    let (document, told) = vex("");
    let schema = include_str!("../../../testdata/schemas/openvex-0.2.0.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let errors: Vec<String> = schema
        .iter_errors(&document)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [""; 0]);
    let statement = |statement: &Value| {
        let word = |key: &str| statement[key].as_str().unwrap_or_default().to_owned();
        let name = statement["vulnerability"]["name"]
            .as_str()
            .unwrap()
            .to_owned();
        (
            name,
            word("status"),
            word("justification") + &word("action_statement"),
        )
    };
    let statements: Vec<_> = document["statements"]
        .as_array()
        .unwrap()
        .iter()
        .map(statement)
        .collect();
    let expected = [
        (
            "CVE-2023-29491",
            "not_affected",
            "vulnerable_code_not_present",
        ),
        (
            "CVE-2023-45853",
            "affected",
            "no fixed version of zlib is known",
        ),
        ("CVE-2023-47038", "not_affected", "component_not_present"),
        ("CVE-2023-5752", "not_affected", "component_not_present"),
        ("CVE-2024-2961", "under_investigation", ""),
    ];
    assert_eq!(
        statements,
        expected.map(|(id, status, why)| (id.to_owned(), status.to_owned(), why.to_owned()))
    );
    assert_eq!(
        document["statements"][4]["status_notes"],
        "1 of 2 files in libc6 remain, including /lib/libc.so.6"
    );
    assert_eq!(
        document["statements"][0]["products"][0]["@id"],
        "pkg:oci/app?repository_url=r.example/app&tag=slim"
    );
    let line = "5 known vulnerabilities before, 2 after, 1 of them in partially removed packages\n";
    assert!(told.contains(line), "{told}");
}

#[test]
fn a_cyclonedx_vex_agrees_and_refers_only_to_its_own_components() {
    let (document, _) = vex("cyclonedx=");
    let states: Vec<_> = document["vulnerabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["analysis"]["state"].as_str().unwrap(),
                one["analysis"]["justification"].as_str(),
            )
        })
        .collect();
    let gone = ("not_affected", Some("code_not_present"));
    assert_eq!(
        states,
        [gone, ("exploitable", None), gone, gone, ("in_triage", None)]
    );
    let components: Vec<&Value> = document["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|component| &component["bom-ref"])
        .collect();
    for affected in document["vulnerabilities"].as_array().unwrap() {
        assert!(
            components.contains(&&affected["affects"][0]["ref"]),
            "{affected}"
        );
    }
    assert_eq!(document["vulnerabilities"][4]["ratings"][0]["score"], 8.3);
    assert_eq!(
        document["vulnerabilities"][4]["ratings"][0]["method"],
        "CVSSv31"
    );
}

#[test]
fn the_same_image_gives_the_same_documents() {
    for format in ["openvex=", "cyclonedx="] {
        assert_eq!(vex(format), vex(format));
    }
}

#[test]
fn a_vex_document_names_the_written_image() {
    let directory = Directory::new();
    let (image, export) = (image(&directory), export(&directory));
    let (out, document) = (
        directory.path().join("out"),
        directory.path().join("vex.json"),
    );
    let destination = format!("oci:{}:slim", out.display());
    let mut command = jettison(&["slim", &image, "-o", &destination, "--tag", "app:slim"]);
    command
        .arg("--osv")
        .arg(export)
        .arg("--vex")
        .arg(&document)
        .assert()
        .success();
    let index: Value =
        serde_json::from_slice(&std::fs::read(out.join("index.json")).unwrap()).unwrap();
    let digest = index["manifests"][0]["digest"]
        .as_str()
        .unwrap()
        .replace(':', "%3A");
    let document: Value = serde_json::from_slice(&std::fs::read(document).unwrap()).unwrap();
    assert_eq!(
        document["statements"][0]["products"][0]["@id"],
        format!("pkg:oci/app@{digest}")
    );
}

#[test]
fn a_vulnerability_finding_shows_severity_and_reachability() {
    let directory = Directory::new();
    let (image, export) = (image(&directory), export(&directory));
    let lint = |more: &[&str]| {
        let mut command = jettison(&[
            "lint",
            &image,
            "--no-config",
            "--select",
            "known-vulnerability",
            "--format",
            "json",
        ]);
        let output = command.args(more).output().unwrap();
        (
            output.status.code(),
            serde_json::from_slice::<Value>(&output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, report, said) = lint(&["--osv", export.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{said}");
    let text = report.to_string();
    for expected in [
        "`glibc` 2.36-9+deb12u4 is affected by `CVE-2024-2961`, high (8.3), fixed in 2.36-9+deb12u6",
        "`perl` 5.36.0-7 is affected by `CVE-2023-47038`, fixed in 5.36.0-7+deb12u1",
        "security notices: DSA-5673-1",
        "also known as GHSA-mq26-g339-26xf, PYSEC-2023-228",
        "not reachable from the entry point",
    ] {
        assert!(text.contains(expected), "no `{expected}` in\n{text}");
    }
    assert_eq!(
        (
            text.matches(r#""level":"error""#).count(),
            text.contains("CVE-2023-5678")
        ),
        (1, false)
    );
    let (code, _, _) = lint(&[]);
    assert_eq!(code, Some(0), "nothing is known without an export");
}

#[test]
fn ecosystems_missing_from_the_export_are_named() {
    let directory = Directory::new();
    let image = image(&directory);
    let path = directory.path().join("PyPI.zip");
    let of_python = records()
        .into_iter()
        .filter(|(name, _)| name.starts_with("PYSEC"))
        .collect::<Vec<_>>();
    zip(&path, &of_python);
    let mut command = jettison(&[
        "lint",
        &image,
        "--no-config",
        "--select",
        "known-vulnerability",
        "--osv",
    ]);
    let output = command.arg(&path).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let expected = "5 packages not looked up: the export has no advisories for Debian 12";
    assert!(said.contains(expected), "{said}");
}

/// Runs `lint` with such a zip, and gives what it says when it fails.
fn refused(entries: &[(&str, &[u8])]) -> String {
    let directory = Directory::new();
    let path = directory.path().join("evil.zip");
    let entries: Vec<_> = entries
        .iter()
        .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
        .collect();
    zip(&path, &entries);
    let output = jettison(&["lint", &image(&directory), "--no-config", "--osv"])
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("evil.zip, entry `"), "{said}");
    said
}

#[test]
fn an_invalid_record_is_refused_and_its_zip_and_entry_are_named() {
    let cases: [(&[u8], &str); 6] = [
        (b"{\"id\": \"X-1\"", "invalid OSV record: EOF"),
        (b"", "invalid OSV record: EOF"),
        (b"[]", "invalid OSV record"),
        (b"{\"modified\": \"x\"}", "missing field `id`"),
        (b"{\"id\": \"X\", \"affected\": [{\"package\": {\"ecosystem\": \"PyPI\", \"name\": 3}}]}", "invalid OSV record"),
        (
            b"{\"id\": \"X\", \"affected\": [{\"package\": {\"ecosystem\": \"PyPI\", \"name\": \"pip\"}, \"ranges\": [{\"type\": \"SEMVER\", \"events\": [{\"introduced\": \"0\", \"fixed\": \"1\"}]}]}]}",
            "invalid OSV record",
        ),
    ];
    for (bytes, expected) in cases {
        let said = refused(&[
            ("ok/X.json", b"{\"id\": \"X\"}"),
            ("bad/\x1b[31mY.json", bytes),
        ]);
        assert!(
            said.contains(expected) && said.contains("bad/\\x1b[31mY.json"),
            "{said}"
        );
        assert!(!said.contains('\x1b'), "{said}");
    }
    let deep = [
        b"{\"id\": \"X\", \"affected\": ".to_vec(),
        vec![b'['; 100_000],
    ]
    .concat();
    assert!(refused(&[("deep.json", &deep)]).contains("invalid OSV record"));
}

#[test]
fn a_record_that_is_too_large_is_refused() {
    let bytes = [b"{\"id\": \"X\"}".to_vec(), vec![b' '; 33 << 20]].concat();
    assert!(refused(&[("bomb.json", &bytes)]).contains("record larger than 33554432 bytes"));
}

#[test]
fn a_zip_bomb_is_refused() {
    let directory = Directory::new();
    let path = directory.path().join("bomb.zip");
    let record = [b"{\"id\": \"X\"}".to_vec(), vec![b' '; 100_000]].concat();
    zip(
        &path,
        &(0..20)
            .map(|at| (format!("{at}.json"), record.clone()))
            .collect::<Vec<_>>(),
    );
    let packages = packages::Packages::default();
    let find = |limits| {
        advisories::find(
            &Export::open_within(std::slice::from_ref(&path), limits).unwrap(),
            &packages,
        )
    };
    let limits = ExportLimits {
        record: 200_000,
        ratio: 20,
        ..ExportLimits::default()
    };
    assert!(
        find(limits)
            .unwrap_err()
            .to_string()
            .contains("decompresses to more than 20 times its size")
    );
    let limits = ExportLimits {
        entries: 19,
        ..ExportLimits::default()
    };
    assert!(
        find(limits)
            .unwrap_err()
            .to_string()
            .contains("more than 19 entries")
    );
    assert!(
        find(ExportLimits {
            ratio: 2000,
            ..limits_of(200_000)
        })
        .is_ok()
    );
}

#[test]
fn vulnerabilities_of_an_image_and_comparisons_with_its_packages_are_limited() {
    let directory = Directory::new();
    let image = Image::open(
        &image(&directory).parse().unwrap(),
        &Options::default(),
        &Silent,
    )
    .unwrap();
    let packages = packages::read(&image).unwrap();
    let path = directory.path().join("x.json");
    let events = json!([{"introduced": "0"}]);
    let ranges = json!([{"type": "ECOSYSTEM", "events": events}]);
    let package = json!({"ecosystem": "Debian:12", "name": "glibc"});
    let affected = vec![json!({"package": package, "ranges": ranges}); 10];
    let record = json!({"id": "X", "modified": "2024-01-01T00:00:00Z", "affected": affected});
    std::fs::write(&path, record.to_string()).unwrap();
    let find = |hits, comparisons| {
        let limits = ExportLimits {
            hits,
            comparisons,
            ..ExportLimits::default()
        };
        let export = Export::open_within(std::slice::from_ref(&path), limits).unwrap();
        advisories::find(&export, &packages)
    };
    assert_eq!(find(10, 20).unwrap().list.len(), 1);
    let error = find(9, 20).unwrap_err().to_string();
    assert!(error.contains("more than 9 vulnerabilities"), "{error}");
    let error = find(10, 19).unwrap_err().to_string();
    assert!(error.contains("more than 19 comparisons"), "{error}");
}

/// Packages of an image with a database of rpm in text form.
fn rpm_packages(lines: &str) -> packages::Packages {
    let directory = Directory::new();
    let layer = Tar::new()
        .file("etc/os-release", b"ID=rocky\nVERSION_ID=9\n")
        .file("var/lib/rpmmanifest/container-manifest-2", lines.as_bytes());
    let layers = [layer.end()];
    let archive = docker_archive(&layers, &config(&layers), &["app:1"]);
    let path = directory.file("rpm.tar", &archive);
    let name = path.to_str().unwrap().parse().unwrap();
    let image = Image::open(&name, &Options::default(), &Silent).unwrap();
    packages::read(&image).unwrap()
}

/// Matches one record against packages.
fn find_within(
    limits: ExportLimits,
    packages: &packages::Packages,
    record: &Value,
) -> Result<Vec<Vulnerability>, String> {
    let directory = Directory::new();
    let path = directory.file("x.json", record.to_string().as_bytes());
    let export = Export::open_within(&[path], limits).unwrap();
    match advisories::find(&export, packages) {
        Ok(known) => Ok(known.list),
        Err(error) => Err(error.to_string()),
    }
}

fn rocky(name: &str) -> Value {
    json!({
        "package": {"ecosystem": "Rocky Linux", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
    })
}

#[test]
fn a_bulletin_counts_once_for_each_vulnerability_and_package() {
    let packages = rpm_packages("a\t1\t\t\t\t(none)\t\tx\t0\t-\na\t2\t\t\t\t(none)\t\tx\t0\t-\n");
    let upstream: Vec<String> = (0..10).map(|number| format!("CVE-{number}")).collect();
    let record = json!({"id": "R", "upstream": upstream, "affected": [rocky("a")]});
    let limits = |hits| ExportLimits {
        hits,
        ..ExportLimits::default()
    };
    let found = find_within(limits(20), &packages, &record).unwrap();
    assert_eq!(found.len(), 20);
    let error = find_within(limits(19), &packages, &record).unwrap_err();
    assert!(error.contains("more than 19 vulnerabilities"), "{error}");
}

#[test]
fn names_are_counted_for_each_vulnerability_that_has_them() {
    let mut lines = String::new();
    for version in 0..100 {
        writeln!(lines, "a\t{version}\t\t\t\t(none)\t\tx\t0\t-").unwrap();
    }
    let packages = rpm_packages(&lines);
    let aliases: Vec<String> = (0..100).map(|number| format!("ALIAS-{number}")).collect();
    let record = json!({"id": "R", "aliases": aliases, "affected": [rocky("a")]});
    let limits = |text| ExportLimits {
        text,
        ..ExportLimits::default()
    };
    // 10,000 names of at least 7 bytes.
    let found = find_within(limits(1 << 20), &packages, &record).unwrap();
    assert_eq!(found.len(), 100);
    let error = find_within(limits(70_000), &packages, &record).unwrap_err();
    assert!(error.contains("more than 70000 bytes of text"), "{error}");
}

#[test]
fn packages_of_one_source_are_listed_once_however_often_a_record_names_it() {
    let mut lines = String::new();
    for number in 0..50 {
        writeln!(lines, "a{number}\t1-1\t\t\t\t(none)\t\tx\t0\tb-1-1.src.rpm").unwrap();
    }
    let packages = rpm_packages(&lines);
    let record = json!({"id": "R", "affected": vec![rocky("b"); 1_000]});
    // If each entry copied the list, it would be 2 MB.
    let limits = ExportLimits {
        text: 20_000,
        ..ExportLimits::default()
    };
    let found = find_within(limits, &packages, &record).unwrap();
    assert_eq!((found.len(), found[0].packages.len()), (1, 50));
}

#[test]
fn a_long_version_counts_for_each_version_that_it_is_compared_with() {
    let long = format!("1{}", ".1".repeat(2_000));
    let packages = rpm_packages(&format!("a\t{long}\t\t\t\t(none)\t\tx\t0\t-\n"));
    let package = json!({"ecosystem": "Rocky Linux", "name": "a"});
    let affected = json!({"package": package, "versions": vec!["9"; 100]});
    let record = json!({"id": "R", "affected": [affected]});
    let limits = |compared| ExportLimits {
        compared,
        ..ExportLimits::default()
    };
    assert_eq!(find_within(limits(500_000), &packages, &record), Ok(vec![]));
    let error = find_within(limits(400_000), &packages, &record).unwrap_err();
    assert!(
        error.contains("more than 400000 bytes of versions"),
        "{error}"
    );
}

#[test]
fn entries_that_are_not_about_packages_of_the_image_are_skipped() {
    let packages = rpm_packages("a\t1\t\t\t\t(none)\t\tx\t0\t-\n");
    let mut affected = vec![json!({}); 100_000];
    affected.push(rocky("a"));
    let severity = json!({"severity": vec![json!([]); 100_000]});
    let record = json!({"id": "R", "affected": affected, "database_specific": severity});
    let found = find_within(ExportLimits::default(), &packages, &record).unwrap();
    assert_eq!((found.len(), &found[0].severity), (1, &None));
}

fn limits_of(record: u64) -> ExportLimits {
    ExportLimits {
        record,
        ..ExportLimits::default()
    }
}

#[test]
fn zip_entry_names_are_never_used_as_paths() {
    let directory = Directory::new();
    let path = directory.path().join("all.zip");
    let (_, bytes) = records().remove(3);
    zip(
        &path,
        &[
            ("../../../../tmp/evil.json".to_owned(), bytes),
            ("/etc/readme.txt".to_owned(), b"x".to_vec()),
        ],
    );
    assert_eq!(known(&[path]).len(), 1);
    let left: Vec<_> = directory
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["all.zip"]);
}

#[test]
fn a_file_that_is_not_an_export_is_refused() {
    let directory = Directory::new();
    let image = image(&directory);
    let file = |name: &str, bytes: &[u8]| directory.file(name, bytes).to_str().unwrap().to_owned();
    let empty = directory.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let mut whole = std::fs::read(export(&directory)).unwrap();
    whole.truncate(whole.len() / 2);
    let cases = [
        (
            file("x.txt", b"hello"),
            "not a directory, ZIP file or `.json` file",
        ),
        (file("cut.zip", &whole), "invalid ZIP file"),
        (
            empty.to_str().unwrap().to_owned(),
            "the directory contains no ZIP or `.json` files",
        ),
        (
            "/nowhere/all.zip".to_owned(),
            "/nowhere/all.zip: No such file or directory",
        ),
        (
            "/dev/null".to_owned(),
            "not a directory, ZIP file or `.json` file",
        ),
    ];
    for (path, expected) in cases {
        for command in [
            &["lint", &image, "--no-config"][..],
            &["slim", &image, "--dry-run"],
        ] {
            let output = jettison(command).args(["--osv", &path]).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(said.contains(expected), "no `{expected}` in\n{said}");
        }
    }
    let output = jettison(&["slim", &image, "--dry-run", "--vex", "x"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn without_known_vulnerabilities_only_cyclonedx_writes_a_document() {
    let directory = Directory::new();
    let image = image(&directory);
    let export = directory.path().join("of-others");
    std::fs::create_dir(&export).unwrap();
    let record = json!({
        "id": "EXAMPLE-1", "modified": "2026-01-02T00:00:00Z",
        "affected": [{"package": {"ecosystem": "Debian:12", "name": "nobody-has-this"}, "versions": ["1"]}],
    });
    std::fs::write(export.join("EXAMPLE-1.json"), record.to_string()).unwrap();
    let [open, cyclone] = ["open.json", "cyclone.json"].map(|name| directory.path().join(name));
    let mut command = jettison(&["slim", &image, "--dry-run", "--tag", "app:slim", "--osv"]);
    command
        .arg(export)
        .arg("--vex")
        .arg(&open)
        .arg(format!("--vex=cyclonedx={}", cyclone.display()));
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("0 known vulnerabilities before, 0 after"),
        "{said}"
    );
    assert!(
        said.contains("no vulnerabilities, so the OpenVEX document "),
        "{said}"
    );
    assert!(!open.exists() && cyclone.exists());
}
