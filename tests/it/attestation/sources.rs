//! The statements about the original are carried along, and still say what they describe.

use serde_json::{Value, json};

use super::{Bench, Layout, layer};

const SBOM: &str = "https://spdx.dev/Document";
const PROVENANCE: &str = "https://slsa.dev/provenance/v0.2";

/// A source with an SBOM and provenance, as `docker buildx build --sbom=true` writes them.
fn with_attestations(bench: &Bench) -> Value {
    let mut layout = Layout::default();
    let image = layout.image(&layer(), &json!({"Entrypoint": ["/usr/bin/app"]}));
    let statements = [
        (SBOM, json!({"spdxVersion": "SPDX-2.3"})),
        (PROVENANCE, json!({"buildType": "x"})),
    ];
    let attestation = layout.attestation(&image, &statements);
    let index = layout.index(&[image, attestation.clone()]);
    layout.write(&bench.path("source"), "app", &index);
    attestation
}

#[test]
fn statements_about_the_original_keep_their_manifest_and_their_subject() {
    for options in [&["--attest"][..], &["--attest", "--all-platforms"]] {
        let bench = Bench::new();
        let original = with_attestations(&bench);
        bench.slim(options);
        let attached = bench.attached("slim");
        let manifests = attached.index["manifests"].as_array().unwrap();
        let carried = &manifests[1];
        for key in ["digest", "size", "platform", "annotations"] {
            assert_eq!(carried[key], original[key], "{key}");
        }
        assert_ne!(
            carried["annotations"]["vnd.docker.reference.digest"],
            attached.image["digest"]
        );
        let named = attached.statement()["predicate"]["source"]["attestations"].clone();
        let mut types: Vec<&str> = named
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["predicateType"].as_str().unwrap())
            .collect();
        types.sort_unstable();
        assert_eq!(types, [PROVENANCE, SBOM]);
        let verify = [
            "verify",
            "oci:slim:app",
            "--against",
            "oci:source:app",
            "--attestation",
        ];
        bench.success(&verify);
    }
}

#[test]
fn all_platforms_keeps_the_statements_about_the_original_without_attest_too() {
    let bench = Bench::new();
    let original = with_attestations(&bench);
    bench.slim(&["--all-platforms"]);
    let (layout, root) = Layout::read(&bench.path("slim"));
    let index = layout.json(&root);
    assert_eq!(index["manifests"].as_array().unwrap().len(), 2);
    assert_eq!(index["manifests"][1]["digest"], original["digest"]);
}

#[test]
fn a_statement_about_the_original_that_is_missing_is_reported() {
    let bench = Bench::new();
    with_attestations(&bench);
    bench.slim(&["--attest"]);
    let attached = bench.attached("slim");
    // Writes an index with the image and our own statement only.
    attached.write_with(&bench.path("lost"), &attached.bytes);
    let text = bench.failure(1, &["verify", "oci:lost:app", "--attestation"]);
    assert!(text.contains("about the source is not attached"), "{text}");
}

#[test]
fn an_attestation_of_another_image_is_not_carried() {
    let bench = Bench::new();
    let mut layout = Layout::default();
    let image = layout.image(&layer(), &json!({"Entrypoint": ["/usr/bin/app"]}));
    let other = layout.image(&layer(), &json!({"Entrypoint": ["/usr/bin/tool"]}));
    let attestation = layout.attestation(&other, &[(SBOM, json!({}))]);
    let index = layout.index(&[image, attestation]);
    layout.write(&bench.path("source"), "app", &index);
    bench.slim(&["--attest"]);
    assert_eq!(
        bench.attached("slim").index["manifests"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

/// Archives of an engine have the index as it was, without the attestations.
#[test]
fn an_attestation_that_is_listed_but_not_there_is_left_out() {
    let bench = Bench::new();
    let attestation = with_attestations(&bench);
    let hash = attestation["digest"]
        .as_str()
        .unwrap()
        .replace("sha256:", "");
    std::fs::remove_file(bench.path("source/blobs/sha256").join(&hash)).unwrap();
    bench.slim(&["--attest"]);
    let statement = bench.attached("slim").statement();
    assert_eq!(statement["predicate"]["source"]["attestations"], json!([]));
    bench.success(&["verify", "oci:slim:app", "--attestation"]);
}

#[test]
fn a_broken_attestation_of_the_original_is_an_error_that_names_it() {
    let bench = Bench::new();
    let attestation = with_attestations(&bench);
    let hash = attestation["digest"]
        .as_str()
        .unwrap()
        .replace("sha256:", "");
    let blob = bench.path("source/blobs/sha256").join(&hash);
    std::fs::write(&blob, b"{}").unwrap();
    let slim = ["slim", "oci:source:app", "-o", "oci:slim:app", "--attest"];
    let text = bench.failure(2, &slim);
    assert!(
        text.contains("attestations of `oci:source:app`") && text.contains(&hash),
        "{text}"
    );
    assert!(!bench.path("slim").exists());
}
