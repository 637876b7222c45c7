//! Statements and envelopes that nobody wrote in good faith.

use serde_json::{Value, json};

use super::{Bench, key};

/// Verifies a layout whose statement was replaced. It must be refused, within a few seconds.
fn refusal(bench: &Bench, statement: &[u8], options: &[&str]) -> String {
    bench
        .attached("slim")
        .write_with(&bench.path("changed"), statement);
    let verify = ["verify", "oci:changed:app", "--against", "oci:source:app"];
    bench.failure(1, &[&verify[..], &["--attestation"], options].concat())
}

#[test]
fn malformed_statements_are_refused_with_a_reason() {
    let bench = Bench::new();
    bench.slim(&["--attest"]);
    let attached = bench.attached("slim");
    let text = String::from_utf8(attached.bytes.clone()).unwrap();
    let replaced = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}: {text}");
        text.replacen(from, to, 1)
    };
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases = [
        (String::new(), "EOF"),
        ("[]".to_owned(), "invalid"),
        ("null".to_owned(), "invalid"),
        ("{}".to_owned(), "missing field"),
        (deep, "invalid"),
        (text.clone() + "{}", "trailing characters"),
        // A key that is repeated is read differently by others.
        (
            replaced(
                r#""predicate":{"#,
                r#""predicate":{"tool":{"name":"x","version":"1"},"#,
            ),
            "duplicate field `tool`",
        ),
        (
            replaced(r#"{"path":"#, r#"{"path":"/x","path":"#),
            "duplicate field `path`",
        ),
        (
            replaced(r#"{"_type":"#, r#"{"_type":"x","_type":"#),
            "duplicate field `_type`",
        ),
        (
            replaced(r#""predicate":{"#, r#""predicate":{"extra":1,"#),
            "unknown field `extra`",
        ),
        (replaced(r#""files":["#, r#""files":[7,"#), "invalid type"),
        (
            replaced(r#""status":"unchanged""#, r#""status":"fine""#),
            "unknown variant `fine`",
        ),
        (
            replaced("in-toto.io/Statement/v1", "in-toto.io/Statement/v9"),
            "the type of the statement is `https://in-toto.io/Statement/v9`",
        ),
        (
            replaced("attestation/slim/v1", "attestation/slim/v2"),
            "the type of the predicate is",
        ),
    ];
    for (statement, message) in cases {
        let shown = &statement[..statement.len().min(60)];
        let refusal = refusal(&bench, statement.as_bytes(), &[]);
        assert!(refusal.contains(message), "{shown}: {refusal}");
    }
}

#[test]
fn files_that_are_listed_twice_or_out_of_order_are_refused() {
    let bench = Bench::new();
    bench.slim(&["--attest"]);
    let statement = bench.attached("slim").statement();
    let files = statement["predicate"]["files"].as_array().unwrap();
    let with = |files: Vec<Value>| {
        let mut changed = statement.clone();
        changed["predicate"]["files"] = files.into();
        refusal(&bench, changed.to_string().as_bytes(), &[])
    };
    let mut reversed = files.clone();
    reversed.reverse();
    let twice: Vec<Value> = [&files[..1], &files[..]].concat();
    for files in [reversed, twice] {
        let refusal = with(files);
        assert!(refusal.contains("in the order of their paths"), "{refusal}");
    }
    // The same path, encoded in another way.
    let mut encoded = files.clone();
    encoded[1]["path"] = "/lib64/ld%2Dlinux-x86-64.so.2".into();
    let refusal = with(encoded);
    assert!(refusal.contains("not encoded as"), "{refusal}");
}

#[test]
fn control_characters_of_a_statement_do_not_reach_the_terminal() {
    let bench = Bench::new();
    bench.slim(&["--attest"]);
    let statement = bench.attached("slim").statement();
    let red = "\u{1b}[31m::error::";
    for place in [
        &["predicate", "source", "platform"][..],
        &["predicate", "files", "0", "path"],
        &["predicateType"],
        &["_type"],
        &["predicate", "removed", "packages", "0", "purl"],
        &["predicate", "result", "config", "sha256"],
        &["predicate", "files", "0", "status"],
    ] {
        let mut changed = statement.clone();
        let pointer = format!("/{}", place.join("/"));
        *changed.pointer_mut(&pointer).unwrap() = red.into();
        let refusal = refusal(&bench, changed.to_string().as_bytes(), &[]);
        assert!(!refusal.contains('\u{1b}'), "{place:?}: {refusal}");
    }
}

#[test]
fn malformed_envelopes_are_refused_with_a_reason() {
    let bench = Bench::new();
    bench.slim(&["--attest", "--sign-key", &key("ed25519.pem")]);
    let envelope = bench.attached("slim").statement();
    let public = key("ed25519.pub");
    let signature = &envelope["signatures"][0];
    let with = |field: &str, value: Value| {
        let mut changed = envelope.clone();
        changed[field] = value;
        refusal(&bench, changed.to_string().as_bytes(), &["--key", &public])
    };
    for (field, value, message) in [
        ("payload", json!("!"), "its payload is not valid base64"),
        ("payload", json!(7), "invalid type"),
        ("payloadType", json!("text/plain"), "but `text/plain`"),
        ("payloadType", json!(null), "not signed"),
        (
            "signatures",
            json!([{"sig": "!"}]),
            "its signature is not valid base64",
        ),
        ("signatures", json!([{"sig": ""}]), "not signed by this key"),
        (
            "signatures",
            json!(vec![signature; 101]),
            "more than 100 elements",
        ),
    ] {
        let refusal = with(field, value);
        assert!(refusal.contains(message), "{field}: {refusal}");
    }
    // One good signature among others is enough, as with several signers.
    let mut changed = envelope.clone();
    changed["signatures"] = json!([{"sig": "AAAA", "keyid": "x"}, signature]);
    let attached = bench.attached("slim");
    attached.write_with(&bench.path("both"), changed.to_string().as_bytes());
    bench.success(&["verify", "oci:both:app", "--attestation", "--key", &public]);
}

#[test]
fn a_statement_of_many_megabytes_is_read_in_bounded_time() {
    let bench = Bench::new();
    bench.slim(&["--attest"]);
    let mut statement = bench.attached("slim").statement();
    let file = json!({"path": "/a", "type": "file", "status": "unchanged", "sha256": "0"});
    statement["predicate"]["files"] = vec![file; 100_000].into();
    let refusal = refusal(&bench, statement.to_string().as_bytes(), &[]);
    assert!(refusal.contains("in the order of their paths"), "{refusal}");
}

#[test]
fn lists_and_attached_statements_are_limited() {
    let bench = Bench::new();
    bench.slim(&["--attest"]);
    let attached = bench.attached("slim");
    let mut statement: Value = serde_json::from_slice(&attached.bytes).unwrap();
    let settings: Vec<String> = (0..1001).map(|number| number.to_string()).collect();
    statement["predicate"]["result"]["changedSettings"] = json!(settings);
    let refused = refusal(&bench, statement.to_string().as_bytes(), &[]);
    assert!(refused.contains("more than 1000 elements"), "{refused}");
    let mut statement: Value = serde_json::from_slice(&attached.bytes).unwrap();
    let subject = statement["subject"][0].clone();
    statement["subject"] = vec![subject; 101].into();
    let refused = refusal(&bench, statement.to_string().as_bytes(), &[]);
    assert!(refused.contains("more than 100 elements"), "{refused}");
}

#[test]
fn a_digest_is_one_and_in_hexadecimal_digits() {
    let bench = Bench::new();
    bench.slim(&["--attest"]);
    let attached = bench.attached("slim");
    let text = String::from_utf8(attached.bytes.clone()).unwrap();
    let statement: Value = serde_json::from_str(&text).unwrap();
    let digest = statement["subject"][0]["digest"].to_string();
    let zeros = "0".repeat(64);
    for (wrong, expected) in [
        (
            format!("{{\"sha256\":\"{zeros}\",{}", &digest[1..]),
            "a key is repeated",
        ),
        (format!("{{\"sha1\":\"{zeros}\"}}"), "expected one digest"),
        (
            r#"{"sha256":"../../../other/tags/list?n=1#"}"#.to_owned(),
            "expected one digest",
        ),
        ("{}".to_owned(), "expected one digest"),
        (
            format!("{{\"sha512\":\"{zeros}\",{}", &digest[1..]),
            "expected one digest",
        ),
        (
            digest.to_uppercase().replace("SHA", "sha"),
            "expected one digest",
        ),
    ] {
        let refused = refusal(&bench, text.replacen(&digest, &wrong, 1).as_bytes(), &[]);
        assert!(refused.contains(expected), "{wrong}: {refused}");
    }
}
