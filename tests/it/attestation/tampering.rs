//! Flipped bytes in the image and in the statement, with and without right digests.

use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::{Bench, Layout, key};

/// Positions in a text of this length, spread over all of it.
fn positions(length: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by(length.div_ceil(count).max(1))
}

fn verify(bench: &Bench, image: &str, options: &[&str]) -> (Option<i32>, String) {
    let verify = [
        "verify",
        image,
        "--against",
        "oci:source:app",
        "--attestation",
    ];
    let output = bench.run(&[&verify[..], options].concat());
    (output.status.code(), super::texts(&output))
}

#[test]
fn a_flipped_byte_in_any_blob_is_caught() {
    let bench = Bench::new();
    bench.slim(&["--attest", "--sign-key", &key("ed25519.pem")]);
    let (layout, root) = Layout::read(&bench.path("slim"));
    let mut flips = 0;
    for (digest, bytes) in &layout.blobs {
        let blob = bench.path("slim/blobs/sha256").join(&digest[7..]);
        for at in positions(bytes.len(), 12) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            fs::write(&blob, flipped).unwrap();
            let (status, text) = verify(&bench, "oci:slim:app", &[]);
            assert!(matches!(status, Some(1 | 2)), "{digest}, byte {at}: {text}");
            flips += 1;
        }
        fs::write(&blob, bytes).unwrap();
    }
    assert!(flips > 60, "{flips}");
    assert!(layout.blobs.contains_key(root["digest"].as_str().unwrap()));
    assert_eq!(verify(&bench, "oci:slim:app", &[]).0, Some(0));
}

#[test]
fn a_flipped_byte_in_the_original_is_caught() {
    let bench = Bench::new();
    bench.slim(&["--attest"]);
    let (layout, _) = Layout::read(&bench.path("source"));
    for (digest, bytes) in &layout.blobs {
        let blob = bench.path("source/blobs/sha256").join(&digest[7..]);
        for at in positions(bytes.len(), 5) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            fs::write(&blob, flipped).unwrap();
            let (status, text) = verify(&bench, "oci:slim:app", &[]);
            assert!(matches!(status, Some(1 | 2)), "{digest}, byte {at}: {text}");
        }
        fs::write(&blob, bytes).unwrap();
    }
}

/// Whoever changes the statement and all digests to it cannot change the signature.
#[test]
fn a_changed_statement_with_right_digests_is_not_signed() {
    let bench = Bench::new();
    bench.slim(&["--attest", "--sign-key", &key("ed25519.pem")]);
    let attached = bench.attached("slim");
    let mut envelope = attached.statement();
    let payload = envelope["payload"].as_str().unwrap().to_owned();
    let payload = BASE64_STANDARD.decode(payload).unwrap();
    let public = key("ed25519.pub");
    for at in positions(payload.len(), 40) {
        let mut flipped = payload.clone();
        flipped[at] ^= 1;
        envelope["payload"] = BASE64_STANDARD.encode(flipped).into();
        attached.write_with(&bench.path("changed"), envelope.to_string().as_bytes());
        let (status, text) = verify(&bench, "oci:changed:app", &["--key", &public]);
        assert_eq!(status, Some(1), "byte {at}: {text}");
        assert_eq!(text, "the statement is not signed by this key\n");
    }
}

/// Without a signature, only what the images show can be checked.
#[test]
fn a_changed_statement_about_files_is_not_true_even_with_right_digests() {
    let bench = Bench::new();
    bench.slim(&["--attest"]);
    let attached = bench.attached("slim");
    let text = String::from_utf8(attached.bytes.clone()).unwrap();
    let start = text.find(r#""files":"#).unwrap();
    for at in positions(text.len() - start, 80) {
        let mut flipped = attached.bytes.clone();
        flipped[start + at] ^= 1;
        attached.write_with(&bench.path("changed"), &flipped);
        let (status, message) = verify(&bench, "oci:changed:app", &[]);
        let around = &text[start + at..][..(text.len() - start - at).min(20)];
        assert_eq!(status, Some(1), "at `{around}`: {message}");
    }
}

/// What is tampered with, how, and the expected problem.
type Case<'a> = (&'a str, &'a dyn Fn(&mut Value), &'a str);

#[test]
fn each_wrong_claim_is_reported_by_name() {
    let bench = Bench::new();
    bench.slim(&["--attest"]);
    let attached = bench.attached("slim");
    let zeros = "0".repeat(64);
    let cases: [Case<'_>; 12] = [
        (
            "another subject",
            &|all| all["subject"][0]["digest"]["sha256"] = zeros.clone().into(),
            "but the statement is about sha256:0000",
        ),
        (
            "two subjects",
            &|all| all["subject"] = vec![all["subject"][0].clone(); 2].into(),
            "the statement has 2 subjects instead of one",
        ),
        (
            "another configuration",
            &|all| all["predicate"]["result"]["config"]["sha256"] = zeros.clone().into(),
            "the configuration of the image is sha256:",
        ),
        (
            "another original",
            &|all| all["predicate"]["source"]["manifest"]["sha256"] = zeros.clone().into(),
            "the manifest of the original is sha256:",
        ),
        (
            "another configuration of the original",
            &|all| all["predicate"]["source"]["config"]["sha256"] = zeros.clone().into(),
            "the configuration of the original is sha256:",
        ),
        (
            "changed settings",
            &|all| all["predicate"]["result"]["changedSettings"] = vec!["Cmd"].into(),
            "changed settings: none, but the statement says Cmd",
        ),
        (
            "another content",
            &|all| all["predicate"]["files"][1]["sha256"] = zeros.clone().into(),
            "/lib64/ld-linux-x86-64.so.2: its content is not the one stated",
        ),
        (
            "another status",
            &|all| all["predicate"]["files"][0]["status"] = "unchanged".into(),
            "/lib/apk/db/installed: rewritten, but the statement says unchanged",
        ),
        (
            "a file that is not there",
            &|all| all["predicate"]["files"][5]["path"] = "/x".into(),
            "/x: not in the image",
        ),
        (
            "a file that is not stated",
            &|all| drop(all["predicate"]["files"].as_array_mut().unwrap().pop()),
            "/var/lib/dpkg/status.d/app: not in the statement",
        ),
        (
            "a package that lost nothing",
            &|all| all["predicate"]["removed"]["packages"][0]["purl"] = "pkg:deb/x@1".into(),
            "pkg:deb/x@1: no files of this package were removed",
        ),
        (
            "fewer removed files",
            &|all| all["predicate"]["removed"]["other"]["files"] = 0.into(),
            "4 files without a package were removed, but the statement says 0",
        ),
    ];
    for (case, change, message) in cases {
        let mut statement = attached.statement();
        change(&mut statement);
        attached.write_with(&bench.path("changed"), statement.to_string().as_bytes());
        let (status, text) = verify(&bench, "oci:changed:app", &[]);
        assert_eq!(status, Some(1), "{case}: {text}");
        assert!(text.contains(message), "{case}: {text}");
    }
}
