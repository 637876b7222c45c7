//! Reports and SBOMs that the binary writes in addition to an image.

use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};

use crate::builders::images::{Directory, Tar, config, docker_archive};

const STATUS: &[u8] = b"Package: libz
Status: install ok installed
Architecture: amd64
Source: zlib (1.2)
Version: 1:1.3

Package: gone<b>
Status: install ok installed
Version: 2
";

/// An image whose program is a shell, with a package that stays and one, of a hostile name, that
/// does not.
fn image(directory: &Directory) -> String {
    let layer = Tar::new()
        .file("etc/os-release", b"ID=debian\nVERSION_ID=12\n")
        .file("var/lib/dpkg/status", STATUS)
        .file("var/lib/dpkg/info/libz.list", b"/opt/libz.so.1\n")
        .file(
            "var/lib/dpkg/info/gone<b>.list",
            b"/opt/<script>alert(1)</script>\n",
        )
        .file("opt/libz.so.1", b"12345")
        .file("opt/<script>alert(1)</script>", b"1234567")
        .entry(b'0', "bin/sh", "", b"#!/bin/sh\n", |header| {
            header.set_mode(0o4755);
        })
        .file(
            "opt/pack-1.0.dist-info/METADATA",
            b"Name: Pack\nVersion: 1.0\nLicense: MIT\n",
        )
        .file("opt/pack-1.0.dist-info/RECORD", b"pack.py,,\n")
        .file("opt/pack.py", b"");
    let layers = [layer.end()];
    let mut config = config(&layers);
    config["config"] = json!({"Entrypoint": ["/bin/sh"]});
    config["created"] = "2026-01-02T03:04:05.5+01:00".into();
    let path = directory.file("app.tar", &docker_archive(&layers, &config, &["app:1"]));
    path.to_str().unwrap().to_owned()
}

fn jettison(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command.env_remove("SOURCE_DATE_EPOCH").args(arguments);
    command
}

/// Slims without writing an image, and gives the document that an option asks for.
fn document(option: &str, name: &str, epoch: Option<&str>) -> String {
    let directory = Directory::new();
    let path = directory.path().join(name);
    let argument = format!("{option}{}", path.display());
    let keep = ["--keep", "/opt/libz.so.1", "--keep", "/opt/pack.py"];
    let mut command = jettison(&[
        "slim",
        &image(&directory),
        "--dry-run",
        "--tag",
        "app<1>",
        &argument,
    ]);
    command
        .args(keep)
        .envs(epoch.map(|epoch| ("SOURCE_DATE_EPOCH", epoch)))
        .assert()
        .success();
    assert_only(directory.path(), &["app.tar", name]);
    std::fs::read_to_string(path).unwrap()
}

fn assert_only(directory: &Path, names: &[&str]) {
    let mut found: Vec<_> = directory
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    found.sort();
    assert_eq!(found, names);
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn an_spdx_sbom_lists_the_remaining_packages() {
    let bill = parsed(&document("--sbom=spdx=", "bill", None));
    let names: Vec<_> = bill["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| &package["name"])
        .collect();
    assert_eq!(names, ["app<1>", "libz", "Pack"]);
    assert_eq!(bill["creationInfo"]["created"], "2026-01-02T02:04:05Z");
    let libz = &bill["packages"][1];
    assert_eq!(libz["versionInfo"], "1:1.3");
    assert_eq!(libz["sourceInfo"], "built from zlib 1.2");
    let purl = "pkg:deb/debian/libz@1:1.3?arch=amd64&distro=debian-12";
    assert_eq!(libz["externalRefs"][0]["referenceLocator"], purl);
    assert_eq!(bill["packages"][2]["licenseDeclared"], "MIT");
    assert_eq!(
        bill["relationships"][2]["relatedSpdxElement"],
        bill["packages"][2]["SPDXID"]
    );
}

#[test]
fn a_cyclonedx_sbom_lists_the_remaining_packages_and_the_distribution() {
    let bill = parsed(&document("--sbom=cyclonedx=", "bill", Some("86400")));
    let component = |component: &Value| format!("{} {}", component["name"], component["version"]);
    let components: Vec<_> = bill["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(component)
        .collect();
    assert_eq!(
        components,
        [r#""libz" "1:1.3""#, r#""Pack" "1.0""#, r#""debian" "12""#]
    );
    assert_eq!(bill["metadata"]["timestamp"], "1970-01-02T00:00:00Z");
    assert_eq!(
        bill["components"][1]["licenses"],
        json!([{"expression": "MIT"}])
    );
}

#[test]
fn the_same_image_gives_the_same_sbom() {
    for format in ["--sbom=spdx=", "--sbom=cyclonedx="] {
        assert_eq!(
            document(format, "bill", None),
            document(format, "bill", None)
        );
        assert_ne!(
            document(format, "bill", None),
            document(format, "bill", Some("7"))
        );
    }
}

#[test]
fn the_totals_of_the_slimming_report_add_up() {
    let report = parsed(&document("--report=", "report.json", None));
    let sum = |rows: &Value, key: &str| -> u64 {
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row[key].as_u64().unwrap())
            .sum()
    };
    let generated = sum(&report["generated"], "bytes");
    for table in ["packages", "kinds"] {
        assert_eq!(
            sum(&report[table], "bytes_before"),
            report["before"]["bytes"].as_u64().unwrap(),
            "{table}"
        );
        let after = sum(&report[table], "bytes_after") + generated;
        assert_eq!(after, report["after"]["bytes"].as_u64().unwrap(), "{table}");
    }
    assert_eq!(
        sum(&report["reasons"], "bytes_after") + generated,
        report["after"]["bytes"].as_u64().unwrap()
    );
    assert_eq!(
        sum(&report["levels"], "bytes_added"),
        report["after"]["bytes"].as_u64().unwrap()
    );
    let risky: Vec<_> = report["risky"]
        .as_array()
        .unwrap()
        .iter()
        .map(|risk| &risk["what"])
        .collect();
    assert_eq!(risky, ["shell", "setuid, setgid or capabilities"]);
    assert_eq!(
        report["risky"][0]["chain"],
        json!(["/bin/sh: the ENTRYPOINT program"])
    );
}

#[test]
fn the_html_report_loads_nothing_and_escapes_every_name() {
    let page = document("--report=", "report.html", None);
    assert!(page.starts_with("<!DOCTYPE html>"));
    for forbidden in [
        "<script", "http:", "https:", "src=", "href=", "url(", "@import", "gone<b>", "app<1>",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for expected in [
        "gone&lt;b&gt;",
        "app&lt;1&gt;",
        "/bin/sh: the ENTRYPOINT program",
        "<ul class=\"map\">",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    assert_eq!(
        page.matches("<table>").count(),
        page.matches("</table>").count()
    );
}

#[test]
fn a_report_or_sbom_that_cannot_be_written_is_named() {
    let directory = Directory::new();
    let image = image(&directory);
    let cases = [
        (
            "--report=report.txt",
            "expected a file name that ends in `.html` or `.json`",
        ),
        (
            "--sbom=swid=x",
            "unknown format `swid`; expected `spdx` or `cyclonedx`",
        ),
        ("--sbom=spdx", "expected `spdx=FILE` or `cyclonedx=FILE`"),
        ("--report=/nowhere/x.json", "cannot write `/nowhere/x.json`"),
        (
            "--sbom=spdx=/dev/null",
            "cannot write `/dev/null`: it is not a regular file",
        ),
    ];
    for (argument, expected) in cases {
        let output = jettison(&["slim", &image, "--dry-run", argument])
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{argument}");
        assert!(error.contains(expected), "{argument}: {error}");
    }
}

#[test]
fn inspect_summarizes_the_image_on_narrow_lines() {
    let directory = Directory::new();
    let output = jettison(&["inspect", &image(&directory)]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for expected in [
        "entrypoint   [\"/bin/sh\"]",
        "efficiency 100.0%",
        "4755 /bin/sh",
        "3 packages",
        "libz 1:1.3 (deb)",
    ] {
        assert!(text.contains(expected), "no `{expected}` in\n{text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 60),
        "{text}"
    );
    assert!(!text.contains('\x1b'));
}

#[test]
fn inspect_describes_a_single_path() {
    let directory = Directory::new();
    let image = image(&directory);
    let output = jettison(&["inspect", &image, "/opt/libz.so.1", "--format", "json"])
        .output()
        .unwrap();
    let entry = parsed(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(
        (entry["kind"].as_str(), entry["bytes"].as_u64()),
        (Some("file"), Some(5))
    );
    assert_eq!(entry["layer"]["instruction"], "step 0");
    assert_eq!(
        entry["packages"][0],
        "pkg:deb/debian/libz@1:1.3?arch=amd64&distro=debian-12"
    );
    let output = jettison(&["inspect", &image, "/opt"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("  ├ libz.so.1\n") && text.contains("  └ pack.py\n"),
        "{text}"
    );
    jettison(&["inspect", &image, "/absent"]).assert().code(2);
}

#[test]
fn inspect_prints_an_sbom_of_all_packages() {
    let directory = Directory::new();
    let image = image(&directory);
    let output = jettison(&["inspect", &image, "--format", "spdx"])
        .output()
        .unwrap();
    let bill = parsed(&String::from_utf8(output.stdout).unwrap());
    let names: Vec<_> = bill["packages"]
        .as_array()
        .unwrap()
        .iter()
        .skip(1)
        .map(|package| &package["name"])
        .collect();
    assert_eq!(names, ["gone<b>", "libz", "Pack"]);
    jettison(&["inspect", &image, "/opt", "--format", "cyclonedx"])
        .assert()
        .code(2);
}

#[test]
fn diff_exits_with_1_only_with_the_exit_code_option() {
    let directory = Directory::new();
    let image = image(&directory);
    let other = directory.path().join("slim.tar");
    let other = format!("docker-archive:{}", other.display());
    jettison(&["slim", &image, "-o", &other]).assert().success();
    jettison(&["diff", &image, &other]).assert().success();
    jettison(&["diff", &image, &image, "--exit-code"])
        .assert()
        .success();
    let output = jettison(&["diff", &image, &other, "--exit-code"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    for expected in [
        "- /opt/ (59 B, 7 paths)\n",
        "package - libz 1:1.3 (deb)\n",
        "paths: 0 added, 13 removed, 0 changed",
    ] {
        assert!(text.contains(expected), "no `{expected}` in\n{text}");
    }
}
