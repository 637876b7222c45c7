//! Signatures, and the files that keys are in.

use serde_json::Value;

use super::{Bench, key};

const VERIFY: &[&str] = &[
    "verify",
    "oci:slim:app",
    "--against",
    "oci:source:app",
    "--attestation",
];

fn verify(public: &str) -> Vec<String> {
    let mut arguments: Vec<String> = VERIFY.iter().map(|word| (*word).to_owned()).collect();
    arguments.extend(["--key".to_owned(), key(public)]);
    arguments
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

#[test]
fn each_kind_of_key_signs_and_only_its_own_public_key_verifies() {
    let publics = ["ed25519.pub", "p256.pub", "other.pub"];
    for (private, public) in [("ed25519.pem", "ed25519.pub"), ("p256.pem", "p256.pub")] {
        let bench = Bench::new();
        bench.slim(&["--attest", "--sign-key", &key(private)]);
        let attached = bench.attached("slim");
        assert_eq!(
            attached.layer["mediaType"],
            "application/vnd.in-toto.slim+dsse"
        );
        let envelope = attached.statement();
        assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
        for other in publics {
            let arguments = verify(other);
            if other == public {
                let text = bench.success(&words(&arguments));
                let keyid = envelope["signatures"][0]["keyid"].as_str().unwrap();
                assert!(text.contains(&format!("signed by {keyid}")), "{text}");
            } else {
                let text = bench.failure(1, &words(&arguments));
                assert_eq!(text, "the statement is not signed by this key\n");
            }
        }
        let text = bench.success(VERIFY);
        assert!(
            text.contains("signature not verified (no `--key`)"),
            "{text}"
        );
    }
}

#[test]
fn a_key_is_not_satisfied_by_an_unsigned_statement() {
    let bench = Bench::new();
    bench.slim(&["--attest"]);
    let text = bench.failure(1, &words(&verify("ed25519.pub")));
    assert_eq!(text, "the statement is not signed\n");
}

#[test]
fn an_envelope_without_signatures_counts_as_unsigned() {
    let bench = Bench::new();
    bench.slim(&["--attest", "--sign-key", &key("ed25519.pem")]);
    let attached = bench.attached("slim");
    let mut envelope: Value = attached.statement();
    envelope["signatures"] = serde_json::json!([]);
    attached.write_with(&bench.path("unsigned"), envelope.to_string().as_bytes());
    let mut arguments = verify("ed25519.pub");
    "oci:unsigned:app".clone_into(&mut arguments[1]);
    let text = bench.failure(1, &words(&arguments));
    assert_eq!(text, "the statement is not signed\n");
}

#[test]
fn a_file_that_is_not_a_usable_key_is_an_error_before_anything_is_written() {
    let bench = Bench::new();
    for (private, message) in [
        (
            "p256-sec1.pem",
            "`openssl pkcs8 -topk8 -nocrypt` converts this one",
        ),
        ("p384.pem", "neither Ed25519 nor ECDSA on P-256"),
        ("ed25519.pub", "expected a PEM block `PRIVATE KEY`"),
        ("absent.pem", "No such file"),
    ] {
        let key = key(private);
        let slim = ["slim", "oci:source:app", "-o", "oci:slim:app", "--attest"];
        let text = bench.failure(2, &[&slim[..], &["--sign-key", &key]].concat());
        assert!(text.contains(message) && text.contains(private), "{text}");
        assert!(!bench.path("slim").exists());
    }
    bench.slim(&["--attest"]);
    for (public, message) in [
        ("ed25519.pem", "`openssl pkey -pubout` extracts it"),
        ("p384.pub", "neither Ed25519 nor ECDSA on P-256"),
        ("README.md", "expected a PEM block `PUBLIC KEY`"),
    ] {
        let text = bench.failure(2, &words(&verify(public)));
        assert!(text.contains(message), "{text}");
    }
}
