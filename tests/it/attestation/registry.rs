//! Attestations in registries: with the referrers API, and with the index that clients keep.

use serde_json::{Value, json};

use super::Bench;
use crate::remote::registry::FakeRegistry;

fn slim(bench: &Bench, registry: &FakeRegistry) -> (String, Value) {
    let place = registry.reference("slim");
    bench.success(&[
        "slim",
        "oci:source:app",
        "-o",
        &place,
        "--plain-http",
        "--attest",
    ]);
    let state = registry.state();
    let index: Value = serde_json::from_slice(&state.manifests["slim"].1).unwrap();
    (place, index)
}

fn verify(bench: &Bench, place: &str) -> String {
    bench.success(&[
        "verify",
        place,
        "--against",
        "oci:source:app",
        "--plain-http",
        "--attestation",
    ])
}

#[test]
fn a_registry_gets_the_image_its_attestation_and_the_index() {
    let (bench, registry) = (Bench::new(), FakeRegistry::new());
    let (place, index) = slim(&bench, &registry);
    assert_eq!(index["manifests"].as_array().unwrap().len(), 2);
    let text = verify(&bench, &place);
    assert!(text.contains("the statement is true"), "{text}");
}

#[test]
fn a_registry_without_the_referrers_api_gets_their_index_under_a_tag() {
    let (bench, registry) = (Bench::new(), FakeRegistry::new());
    let (_, index) = slim(&bench, &registry);
    let [image, attestation] = [0, 1].map(|row| &index["manifests"][row]);
    let tag = image["digest"].as_str().unwrap().replace(':', "-");
    let listed = || -> Value {
        let state = registry.state();
        serde_json::from_slice(&state.manifests[&tag].1).unwrap()
    };
    assert_eq!(listed()["manifests"][0]["digest"], attestation["digest"]);
    assert_eq!(
        listed()["manifests"][0]["artifactType"],
        "application/vnd.docker.attestation.manifest.v1+json"
    );
    // The same attestation is listed once, and those of others stay.
    let mut others = listed();
    let other = json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": format!("sha256:{}", "0".repeat(64)), "size": 2,
    });
    others["manifests"].as_array_mut().unwrap().insert(0, other);
    let media_type = "application/vnd.oci.image.index.v1+json";
    registry
        .state()
        .put(media_type, &tag, others.to_string().into_bytes());
    slim(&bench, &registry);
    assert_eq!(listed(), others);
}

#[test]
fn an_attestation_is_found_among_the_referrers_of_an_image_without_an_index() {
    let (bench, registry) = (Bench::new(), FakeRegistry::new());
    let (_, index) = slim(&bench, &registry);
    let digest = index["manifests"][0]["digest"].as_str().unwrap();
    let place = registry.reference("slim").replace(":slim", "");
    let text = verify(&bench, &format!("{place}@{digest}"));
    assert!(text.contains("the statement is true"), "{text}");
}

#[test]
fn an_index_of_referrers_that_is_not_one_is_an_error() {
    let (bench, registry) = (Bench::new(), FakeRegistry::new());
    let (_, index) = slim(&bench, &registry);
    let tag = index["manifests"][0]["digest"]
        .as_str()
        .unwrap()
        .replace(':', "-");
    for broken in ["[]", "{\"manifests\": 7}", "{\"a\": 1, \"a\": 2}", "x"] {
        let media_type = "application/vnd.oci.image.index.v1+json";
        registry.state().put(media_type, &tag, broken.into());
        let place = registry.reference("slim");
        let slim = ["slim", "oci:source:app", "-o", &place, "--plain-http"];
        let text = bench.failure(2, &[&slim[..], &["--attest"]].concat());
        assert!(text.contains(&tag), "{broken}: {text}");
    }
}
