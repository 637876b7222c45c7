//! `require-attestations` of a policy: the statements that must be attached to an image.

use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::{Bench, Layout, layer};

const SBOM: &str = "https://spdx.dev/Document";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// What is reported for an image with these attestations, if both are required.
fn missing(attest: impl FnOnce(&mut Layout, &Value) -> Vec<Value>) -> Vec<String> {
    let bench = Bench::new();
    let mut layout = Layout::default();
    let image = layout.image(&layer(), &json!({"Entrypoint": ["/usr/bin/app"]}));
    let attestations = attest(&mut layout, &image);
    let index = layout.index(&[&[image], &attestations[..]].concat());
    layout.write(&bench.path("image"), "app", &index);
    reported(&bench, "oci:image:app")
}

fn reported(bench: &Bench, image: &str) -> Vec<String> {
    let policy = format!(
        "[policy]\nrequire-attestations = [\"{SBOM}\", \"https://slsa.dev/provenance/*\"]\n"
    );
    fs::write(bench.path(".jettison.toml"), policy).unwrap();
    let output = bench.run(&[
        "lint",
        "--image",
        image,
        "--fail-on",
        "none",
        "--select",
        "required-attestation",
        "--format",
        "json",
    ]);
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", super::texts(&output));
    });
    let findings = findings.as_array().unwrap().iter();
    let mut messages: Vec<String> = findings
        .map(|finding| finding["message"].as_str().unwrap().to_owned())
        .collect();
    messages.sort();
    messages
}

fn message(kind: &str) -> String {
    format!("no attestation `{kind}` is attached; the policy requires it")
}

#[test]
fn attached_statements_of_buildkit_satisfy_the_policy() {
    let both = [(SBOM, json!({})), (PROVENANCE, json!({}))];
    let found = missing(|layout, image| vec![layout.attestation(image, &both)]);
    assert_eq!(found, Vec::<String>::new());
    let found = missing(|layout, image| vec![layout.attestation(image, &both[..1])]);
    assert_eq!(found, [message("https://slsa.dev/provenance/*")]);
    let found = missing(|_, _| Vec::new());
    assert_eq!(
        found,
        [message("https://slsa.dev/provenance/*"), message(SBOM)]
    );
}

#[test]
fn statements_about_another_image_do_not_count() {
    let found = missing(|layout, image| {
        let other = layout.image(&layer(), &json!({"Entrypoint": ["/usr/bin/tool"]}));
        let mut attestation = layout.attestation(&other, &[(SBOM, json!({}))]);
        // The manifest claims that they are about this one.
        attestation["annotations"]["vnd.docker.reference.digest"] = image["digest"].clone();
        vec![attestation]
    });
    assert_eq!(found.len(), 2);
}

#[test]
fn the_statement_counts_and_not_what_the_manifest_calls_it() {
    let found = missing(|layout, image| {
        let attestation = layout.attestation(image, &[("https://example.com/x", json!({}))]);
        let mut manifest = layout.json(&attestation);
        manifest["layers"][0]["annotations"]["in-toto.io/predicate-type"] = SBOM.into();
        let mut changed = layout.blob(
            "application/vnd.oci.image.manifest.v1+json",
            manifest.to_string().as_bytes(),
        );
        for key in ["platform", "annotations"] {
            changed[key] = attestation[key].clone();
        }
        vec![changed]
    });
    assert_eq!(found.len(), 2);
}

/// Provenance in a Sigstore bundle, as cosign attaches it to an image.
#[test]
fn referrers_with_bundles_of_sigstore_count() {
    let found = missing(|layout, image| {
        let hash = image["digest"].as_str().unwrap().replace("sha256:", "");
        let statement = |kind: &str| {
            json!({
                "_type": "https://in-toto.io/Statement/v1", "predicateType": kind,
                "subject": [{"digest": {"sha256": hash}}], "predicate": {},
            })
        };
        let kind = "application/vnd.dev.sigstore.bundle.v0.3+json";
        let mut attestations = Vec::new();
        for predicate in [SBOM, PROVENANCE] {
            let bundle = json!({"mediaType": kind, "dsseEnvelope": {
                "payload": BASE64_STANDARD.encode(statement(predicate).to_string()),
                "payloadType": "application/vnd.in-toto+json",
                "signatures": [{"sig": "AAAA"}],
            }});
            let manifest = json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "artifactType": kind,
                "config": layout.blob("application/vnd.oci.empty.v1+json", b"{}"),
                "layers": [layout.blob(kind, bundle.to_string().as_bytes())],
                "subject": {"mediaType": image["mediaType"], "digest": image["digest"],
                    "size": image["size"]},
            });
            let mut descriptor = layout.blob(
                "application/vnd.oci.image.manifest.v1+json",
                manifest.to_string().as_bytes(),
            );
            descriptor["artifactType"] = kind.into();
            attestations.push(descriptor);
        }
        attestations
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn our_own_sbom_satisfies_the_policy_and_an_archive_cannot() {
    let bench = Bench::new();
    bench.slim(&["--attest=sbom"]);
    assert_eq!(reported(&bench, "oci:slim:app").len(), 1);
    bench.success(&["slim", "oci:source:app", "-o", "docker-archive:a.tar"]);
    assert_eq!(reported(&bench, "docker-archive:a.tar").len(), 2);
}

#[test]
fn a_broken_pattern_is_an_error_with_its_place() {
    let bench = Bench::new();
    let policy = "[policy]\nrequire-attestations = [\"[\"]\n";
    fs::write(bench.path(".jettison.toml"), policy).unwrap();
    let text = bench.failure(2, &["lint", "--image", "oci:source:app"]);
    assert!(
        text.contains("invalid glob") && text.contains("line 2"),
        "{text}"
    );
}
