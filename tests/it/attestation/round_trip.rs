//! What is stated, where it is attached, and that it is verified.

use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::{Bench, SLIM, key};
use crate::builders::images::{Tar, sha256};

const VERIFY: &[&str] = &[
    "verify",
    "oci:slim:app",
    "--against",
    "oci:source:app",
    "--attestation",
];

#[test]
fn every_entry_has_its_origin_and_every_package_what_it_lost() {
    let bench = Bench::new();
    let text = bench.slim(&["--attest"]);
    assert!(text.contains("attested manifest sha256:"), "{text}");
    let statement = bench.attached("slim").statement();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], SLIM);
    let predicate = &statement["predicate"];
    let mut lines = Vec::new();
    for file in predicate["files"].as_array().unwrap() {
        let text = |key: &str| file[key].as_str().unwrap_or("-").to_owned();
        let target = text("target");
        lines.push(format!(
            "{} {} {} {target}",
            text("path"),
            text("type"),
            text("status")
        ));
    }
    assert_eq!(
        lines,
        [
            "/lib/apk/db/installed file rewritten -",
            "/lib64/ld-linux-x86-64.so.2 file unchanged -",
            "/srv/100%25%C3%A9.txt file unchanged -",
            "/srv/link symlink unchanged 100%25%C3%A9.txt",
            "/usr/bin/app file unchanged -",
            "/var/lib/dpkg/status.d/app file generated -",
        ]
    );
    let kept = &predicate["files"][2];
    assert_eq!(kept["sha256"], sha256(b"kept"));
    let rewritten = &predicate["files"][0];
    assert_eq!(rewritten["original"], sha256(super::INSTALLED.as_bytes()));
    assert_eq!(
        predicate["removed"],
        json!({
            "packages": [
                {"purl": "pkg:apk/alpine/lost@2-r0?arch=x86_64", "files": 1, "bytes": 4, "kept": 0},
                {"purl": "pkg:deb/debian/tool@2?arch=amd64", "files": 2, "bytes": 33, "kept": 0},
            ],
            // The records of dpkg, and `/junk`.
            "other": {"files": 4, "bytes": 234},
        })
    );
    assert_eq!(predicate["options"]["keep"], json!(["/srv/**"]));
}

#[test]
fn the_attestation_is_a_manifest_of_buildkit_and_a_referrer() {
    let bench = Bench::new();
    bench.slim(&["--attest"]);
    let attached = bench.attached("slim");
    let (image, manifest) = (&attached.image, &attached.manifest);
    assert_eq!(
        image["platform"],
        json!({"os": "linux", "architecture": "amd64"})
    );
    assert_eq!(
        manifest["platform"],
        json!({"os": "unknown", "architecture": "unknown"})
    );
    assert_eq!(
        manifest["annotations"],
        json!({
            "vnd.docker.reference.digest": image["digest"],
            "vnd.docker.reference.type": "attestation-manifest",
        })
    );
    assert_eq!(attached.document["subject"]["digest"], image["digest"]);
    assert_eq!(
        attached.document["artifactType"],
        "application/vnd.docker.attestation.manifest.v1+json"
    );
    assert_eq!(attached.layer["mediaType"], "application/vnd.in-toto+json");
    let hash = image["digest"].as_str().unwrap().replace("sha256:", "");
    assert_eq!(
        attached.statement()["subject"],
        json!([{"name": "app", "digest": {"sha256": hash}}])
    );
}

#[test]
fn a_statement_is_verified_from_the_two_images_alone() {
    let bench = Bench::new();
    bench.slim(&["--attest"]);
    let text = bench.success(VERIFY);
    assert!(
        text.contains("4 files unchanged, 1 rewritten, 1 generated; not signed"),
        "{text}"
    );
    let text = bench.success(&["verify", "oci:slim:app", "--attestation"]);
    assert!(text.contains("`--against` also checks"), "{text}");
}

#[test]
fn the_same_image_is_attested_with_the_same_bytes() {
    let bench = Bench::new();
    let key = key("ed25519.pem");
    for name in ["oci:a:app", "oci:b:app"] {
        bench.success(&[
            "slim",
            "oci:source:app",
            "-o",
            name,
            "--attest",
            "--sign-key",
            &key,
        ]);
    }
    let [a, b] = ["a", "b"].map(|name| fs::read(bench.path(name).join("index.json")).unwrap());
    assert_eq!(a, b);
}

#[test]
fn other_formats_and_options_are_verified_too() {
    let bench = Bench::new();
    for (output, options) in [
        ("oci-archive:slim.tar", &["--attest"][..]),
        ("oci:slim1:app", &["--attest", "--layers", "keep"]),
        (
            "oci:slim2:app",
            &["--attest", "--no-package-records", "--cmd", "-x"],
        ),
        (
            "oci:slim3:app",
            &[
                "--attest",
                "--compression",
                "zstd",
                "--drop",
                "/usr/bin/tool",
            ],
        ),
    ] {
        let mut slim = vec!["slim", "oci:source:app", "-o", output];
        slim.extend(options);
        bench.success(&slim);
        bench.success(&[
            "verify",
            output,
            "--against",
            "oci:source:app",
            "--attestation",
        ]);
    }
    let changed = bench.attached("slim2").statement();
    assert_eq!(
        changed["predicate"]["result"]["changedSettings"],
        json!(["Cmd"])
    );
}

#[test]
fn an_archive_of_docker_has_its_statement_in_a_file() {
    let bench = Bench::new();
    let slim = ["slim", "oci:source:app", "-o", "docker-archive:slim.tar"];
    let text = bench.failure(2, &[&slim[..], &["--attest"]].concat());
    assert!(
        text.contains("use `oci:`, `oci-archive:` or `docker://`"),
        "{text}"
    );
    bench.success(&[&slim[..], &["--attest-file", "slim.json"]].concat());
    let verify = ["verify", "slim.tar", "--against", "oci:source:app"];
    bench.success(&[&verify[..], &["--attestation=slim.json"]].concat());
    // The statement is about the configuration, which pins all layers.
    let statement: Value =
        serde_json::from_slice(&fs::read(bench.path("slim.json")).unwrap()).unwrap();
    assert_eq!(
        statement["subject"][0]["digest"],
        statement["predicate"]["result"]["config"]
    );
    let text = bench.failure(2, &[&verify[..], &["--attestation"]].concat());
    assert!(
        text.contains("name its file with `--attestation=FILE`"),
        "{text}"
    );
}

#[test]
fn an_sbom_is_attached_in_the_same_way() {
    let bench = Bench::new();
    bench.slim(&["--attest=slim,sbom"]);
    let attached = bench.attached("slim");
    let layers = attached.document["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 2);
    let sbom = attached.layout.json(&layers[1]);
    assert_eq!(sbom["predicateType"], "https://spdx.dev/Document");
    assert_eq!(sbom["predicate"]["spdxVersion"], "SPDX-2.3");
    assert_eq!(sbom["subject"], attached.statement()["subject"]);
    bench.success(VERIFY);
    let text = bench.failure(
        2,
        &["slim", "oci:source:app", "-o", "oci:x", "--attest=vex"],
    );
    assert!(text.contains("add `--osv`"), "{text}");
}

#[test]
fn known_vulnerabilities_are_attached_as_openvex() {
    let release = b"ID=debian\nVERSION_ID=12\n";
    let layer = super::layer_above(Tar::new().file("etc/os-release", release));
    let bench = Bench::of_layer(&layer);
    fs::create_dir(bench.path("osv")).unwrap();
    let record = |package: &str| {
        json!({
            "id": "CVE-2026-1", "modified": "2026-01-02T00:00:00Z",
            "affected": [{
                "package": {"ecosystem": "Debian:12", "name": package}, "versions": ["2"],
            }],
        })
    };
    let file = bench.path("osv/CVE-2026-1.json");
    fs::write(&file, record("tool").to_string()).unwrap();
    let key = key("p256.pem");
    bench.slim(&["--attest=slim,vex", "--osv", "osv", "--sign-key", &key]);
    let attached = bench.attached("slim");
    let vex = &attached.document["layers"][1];
    let kind = "https://openvex.dev/ns/v0.2.0";
    assert_eq!(vex["annotations"]["in-toto.io/predicate-type"], kind);
    assert_eq!(vex["mediaType"], "application/vnd.in-toto.openvex+dsse");
    let envelope = attached.layout.json(vex);
    let payload = envelope["payload"].as_str().unwrap();
    let statement: Value =
        serde_json::from_slice(&BASE64_STANDARD.decode(payload).unwrap()).unwrap();
    let (predicate, subject) = (&statement["predicate"], &statement["subject"]);
    assert_eq!(predicate["statements"][0]["status"], "not_affected");
    assert_eq!(
        subject[0]["digest"]["sha256"],
        attached.image["digest"].as_str().unwrap()["sha256:".len()..]
    );
    bench.success(VERIFY);
    // An OpenVEX document has at least one statement.
    fs::write(&file, record("other").to_string()).unwrap();
    let text = bench.slim(&["--attest=vex", "--osv", "osv"]);
    assert!(
        text.contains("no vulnerabilities, so no statement was attached"),
        "{text}"
    );
}

#[test]
fn an_image_without_a_statement_is_not_verified() {
    let bench = Bench::new();
    bench.slim(&[]);
    let text = bench.failure(1, VERIFY);
    assert!(
        text.contains("no statement about slimming is attached"),
        "{text}"
    );
}

#[test]
fn options_that_attest_nothing_are_refused() {
    let bench = Bench::new();
    let slim = ["slim", "oci:source:app", "-o"];
    let key = key("ed25519.pem");
    for (options, message) in [
        (
            &["oci:x", "--sign-key", &key][..],
            "`--sign-key` signs statements",
        ),
        (&["rootfs:x", "--attest"], "a directory has no digest"),
        (&["oci:x", "--attest=all"], "invalid value 'all'"),
    ] {
        let text = bench.failure(2, &[&slim[..], options].concat());
        assert!(text.contains(message), "{text}");
    }
}

#[test]
fn statements_have_the_documented_schema() {
    let schema = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/schemas/slim-statement.json"
    );
    let schema: Value = serde_json::from_slice(&fs::read(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let bench = Bench::new();
    bench.slim(&["--attest", "--keep-level", "certain", "--drop", "/srv/link"]);
    let statement = bench.attached("slim").statement();
    let errors: Vec<String> = validator
        .iter_errors(&statement)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    for pointer in [
        "/predicate/files/0/path",
        "/predicate/removed/packages/0/purl",
    ] {
        let mut changed = statement.clone();
        *changed.pointer_mut(pointer).unwrap() = "x".into();
        assert!(!validator.is_valid(&changed), "{pointer}");
    }
}

#[test]
fn the_rest_of_an_attested_image_restores_the_original() {
    let bench = Bench::new();
    bench.slim(&["--attest", "--rest", "oci:slim:rest"]);
    // The layout has two names now, and the rest is in it beside the index.
    bench.success(VERIFY);
    bench.success(&["restore", "oci:slim:rest", "-o", "oci:again:app"]);
    let images = ["oci:source:app", "oci:again:app"];
    bench.success(&["diff", images[0], images[1], "--exit-code"]);
}
