//! Hostile registries: responses are limited in size, credentials are never sent to other hosts,
//! and no response can control a terminal.

use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use jettison::image::{
    Connection, Image, Options, ReadError, Selection, Silent, TransferError, WriteError,
    WriteOptions, write,
};
use serde_json::json;

use super::registry::FakeRegistry;
use super::server::{Request, Response, serve};
use crate::builders::images::{self, Directory, Tar, gzip, listing};

/// A registry with the image `team/app:1`.
fn registry() -> FakeRegistry {
    let registry = FakeRegistry::new();
    let layer = Tar::new().file("app", b"program").end();
    let config = images::config(std::slice::from_ref(&layer));
    registry.add("1", &config, &[gzip(&layer)]);
    registry
}

fn pull(registry: &FakeRegistry) -> Result<Image, ReadError> {
    let options = Options {
        connection: Connection::Plain,
        ..Options::default()
    };
    let reference = registry.reference("1").parse().unwrap();
    Image::open(&reference, &options, &Silent)
}

fn push(registry: &FakeRegistry) -> Result<(), WriteError> {
    let image = images::layer(Tar::new().file("app", b"program"));
    let options = WriteOptions {
        connection: Connection::Plain,
        ..WriteOptions::default()
    };
    let destination = registry.reference("new").parse().unwrap();
    write(
        &image,
        &Selection::all(&image.tree),
        &destination,
        &options,
        &Silent,
    )
    .map(drop)
}

fn text(error: impl std::error::Error + Send + Sync + 'static) -> String {
    let causes = anyhow::Error::new(error);
    let causes: Vec<_> = causes.chain().map(ToString::to_string).collect();
    causes.join(": ")
}

/// The error of a pull that ends soon.
#[track_caller]
fn refused(registry: &FakeRegistry) -> String {
    let error = text(pull(registry).unwrap_err());
    assert!(!error.contains(char::is_control), "{error:?}");
    error
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
/// 64 KiB of spaces, which may stand anywhere in JSON.
fn chunk() -> Vec<u8> {
    [&b"10000\r\n"[..], &b" ".repeat(65536), b"\r\n"].concat()
}

/// jettison with a password for the registry in its file of credentials.
fn with_password(registry: &FakeRegistry, arguments: &[&str]) -> Output {
    let directory = Directory::new();
    // `user:secret`
    let auths = json!({"auths": {registry.address.clone(): {"auth": "dXNlcjpzZWNyZXQ="}}});
    let file = directory.file("auth.json", auths.to_string().as_bytes());
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command.args(arguments).arg("--plain-http");
    command.env("REGISTRY_AUTH_FILE", file).output().unwrap()
}

const BASIC: &str = "Basic dXNlcjpzZWNyZXQ=";

/// Makes a registry ask for the password.
fn guard(registry: &FakeRegistry) {
    registry.state().authorization = Some(BASIC.to_owned());
    "Basic realm=\"here\"".clone_into(&mut registry.state().challenge);
}

#[test]
fn an_endless_response_is_cut_off_at_the_limit() {
    for (part, limit) in [("/manifests/", 4 << 20), ("/token", 1 << 20)] {
        for start in [CHUNKED.as_bytes(), b"HTTP/1.1 200 OK\r\n\r\n"] {
            let registry = registry();
            let piece = if start == CHUNKED.as_bytes() {
                chunk()
            } else {
                b" ".repeat(65536)
            };
            registry.trick(part, start, Some(&piece));
            if part == "/token" {
                registry.state().authorization = Some("Bearer x".to_owned());
                let realm = format!("Bearer realm=\"http://{}/token\"", registry.address);
                registry.state().challenge = realm;
            }
            let error = refused(&registry);
            let expected = format!("is larger than {limit} bytes");
            assert!(error.contains(&expected), "{part}: {error}");
        }
    }
}

#[test]
fn a_manifest_has_at_most_4_mib_and_a_token_response_1_mib() {
    let of_length = |length: usize, text: &str| {
        let body = format!("{text}{}", " ".repeat(length - text.len()));
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    for (length, is_read) in [(4 << 20, true), ((4 << 20) + 1, false)] {
        let registry = registry();
        let manifest = registry.state().manifests["1"].1.clone();
        let manifest = String::from_utf8(manifest).unwrap();
        registry.trick("/manifests/", of_length(length, &manifest), None);
        assert_eq!(pull(&registry).is_ok(), is_read, "{length}");
    }
    for (length, is_read) in [(1 << 20, true), ((1 << 20) + 1, false)] {
        let registry = registry();
        registry.state().authorization = Some("Bearer x".to_owned());
        let realm = format!("Bearer realm=\"http://{}/token\"", registry.address);
        registry.state().challenge = realm;
        registry.trick("/token", of_length(length, r#"{"token": "x"}"#), None);
        assert_eq!(pull(&registry).is_ok(), is_read, "{length}");
    }
}

#[test]
fn an_endless_error_response_is_cut_off_at_the_limit() {
    let registry = registry();
    let start = CHUNKED.replace("200 OK", "403 Forbidden");
    registry.trick("/manifests/", start, Some(&chunk()));
    let error = refused(&registry);
    assert!(
        error.contains("the registry returned status 403"),
        "{error}"
    );
}

#[test]
fn an_error_response_is_shown_only_up_to_64_kib() {
    for (length, is_shown) in [(64 << 10, true), ((64 << 10) + 1, false)] {
        let registry = registry();
        let said = r#"{"errors": [{"message": "not for you"}]}"#;
        let body = format!("{said}{}", " ".repeat(length - said.len()));
        let head = format!("HTTP/1.1 403 X\r\nContent-Length: {length}\r\n\r\n");
        registry.trick("/manifests/", format!("{head}{body}"), None);
        let error = refused(&registry);
        assert_eq!(error.contains("not for you"), is_shown, "{error}");
    }
}

#[test]
fn registry_messages_print_no_control_sequences() {
    let registry = registry();
    let said = r#"{"errors": [{"message": "\u001b[2J\u202e\r\n::error::x"}]}"#;
    let length = said.len();
    let answer = format!("HTTP/1.1 403 X\r\nContent-Length: {length}\r\n\r\n{said}");
    registry.trick("/manifests/", answer, None);
    let error = refused(&registry);
    assert!(
        error.contains(r"\x1b[2J") && !error.contains('\u{202e}'),
        "{error}"
    );
}

#[test]
fn response_headers_are_limited() {
    let flood = "WWW-Authenticate: Bearer realm=\"https://x.example/\"\r\n".repeat(20_000);
    let long = format!("X: {}\r\n", "x".repeat(8 << 20));
    for headers in [flood.as_str(), &long] {
        let registry = registry();
        let answer = format!("HTTP/1.1 401 X\r\n{headers}\r\n");
        registry.trick("/manifests/", answer, None);
        refused(&registry);
    }
    let registry = registry();
    registry.trick("/manifests/", "HTTP/1.1 200 OK\r\n", Some(b"X: y\r\n"));
    refused(&registry);
}

#[test]
fn a_malformed_challenge_is_ignored() {
    for challenge in [
        "Bearer",
        "Bearer realm",
        "Bearer realm=",
        "Bearer realm=\"",
        "Bearer realm=\"\u{e9}\"",
        "Bearer =x",
        ",,,,",
        "\"",
        "Bearer service=\"x\"",
        "Negotiate AAAA",
        &"Basic,".repeat(10_000),
        &format!("Bearer realm=\"{}", "\\\"".repeat(30_000)),
    ] {
        let registry = registry();
        registry.state().authorization = Some(BASIC.to_owned());
        registry.state().challenge = challenge.to_owned();
        let error = refused(&registry);
        assert!(
            error.contains("the registry requires different credentials"),
            "{challenge:.40}: {error}"
        );
    }
}

#[test]
fn a_token_realm_must_be_a_safe_url() {
    for (realm, reason) in [
        ("file:///etc/passwd", "it is neither HTTP nor HTTPS"),
        ("gopher://127.0.0.1/", "it is neither HTTP nor HTTPS"),
        ("http://169.254.169.254/latest", "it is an internal address"),
        ("http://[fe80::1]/", "it is an internal address"),
        (
            "http://user:x@127.0.0.1/",
            "it contains a user name or password",
        ),
        ("/token", "it is not a valid URL"),
    ] {
        let registry = registry();
        registry.state().authorization = Some("Bearer x".to_owned());
        registry.state().challenge = format!("Bearer realm=\"{realm}\"");
        let error = refused(&registry);
        assert!(error.contains(reason), "{realm}: {error}");
    }
}

#[test]
fn a_redirect_must_lead_to_a_safe_url() {
    for (location, reason) in [
        ("http://169.254.169.254/latest", "it is an internal address"),
        ("http://100.100.100.200/", "it is an internal address"),
        ("ftp://127.0.0.1/", "it is neither HTTP nor HTTPS"),
        (
            "http://user:x@127.0.0.1/",
            "it contains a user name or password",
        ),
    ] {
        for part in ["/manifests/", "/blobs/", "/v2/"] {
            let registry = registry();
            registry.redirect(part, location);
            let error = refused(&registry);
            assert!(error.contains(reason), "{part} {location}: {error}");
        }
    }
    // reqwest takes these for no redirect at all, or refuses them itself.
    for location in ["file:///etc/passwd", "data:,x", "http://", "\u{1}"] {
        let registry = registry();
        registry.redirect("/manifests/", location);
        refused(&registry);
    }
}

/// What a pull reports behind a proxy, of a registry that redirects a manifest.
fn redirected_behind(proxy: &str, location: &str) -> String {
    let registry = registry();
    registry.redirect("/manifests/", location);
    let output = Command::new(env!("CARGO_BIN_EXE_jettison"))
        .args(["inspect", "--plain-http", &registry.reference("1")])
        .env("http_proxy", format!("http://{proxy}"))
        .env("no_proxy", "127.0.0.1")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_registry_behind_a_proxy_cannot_redirect_to_a_metadata_service() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let proxy = serve({
        let asked = Arc::clone(&asked);
        move |request: &Request| {
            asked.lock().unwrap().push(request.path.clone());
            Response::new(200, "{}")
        }
    });
    for location in [
        "http://metadata.goog/latest",
        "http://metadata.google.internal/latest",
        "http://INSTANCE-DATA./latest",
        "http://169.254.169.254/latest",
        "http://168.63.129.16/machine",
        "http://[fd00:ec2::23]/v1/credentials",
    ] {
        let error = redirected_behind(&proxy, location);
        assert!(
            error.contains("it is an internal address"),
            "{location}: {error}"
        );
    }
    assert_eq!(*asked.lock().unwrap(), Vec::<String>::new());
    // The test can fail: the proxy is asked for a host that this machine does not know.
    redirected_behind(&proxy, "http://storage.invalid/blob");
    let asked = asked.lock().unwrap();
    assert!(asked.contains(&"http://storage.invalid/blob".to_owned()));
}

#[test]
fn at_most_10_redirects_are_followed() {
    for (hops, is_read) in [(10, true), (11, false)] {
        let registry = registry();
        for hop in 1..hops {
            let location = format!("/hop-{:02}.", hop + 1);
            registry.redirect(&format!("/hop-{hop:02}."), &location);
        }
        let (_, manifest) = registry.state().manifests["1"].clone();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
            manifest.len()
        );
        let last = format!("/hop-{hops:02}.");
        registry.trick(&last, [head.as_bytes(), &manifest].concat(), None);
        registry.redirect("/manifests/", "/hop-01.");
        match pull(&registry) {
            Ok(image) => assert!(is_read && listing(&image) == ["/app = program"]),
            Err(error) => {
                let error = text(error);
                assert!(
                    !is_read && error.contains("more than 10 redirects"),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn a_redirect_loop_is_ended() {
    let registry = registry();
    registry.redirect("/blobs/", "/v2/team/app/blobs/again");
    let error = refused(&registry);
    assert!(error.contains("more than 10 redirects"), "{error}");
}

#[test]
fn only_the_registry_receives_the_password() {
    for part in ["/manifests/", "/blobs/"] {
        let (registry, other) = (registry(), registry());
        guard(&registry);
        let target = match part {
            "/manifests/" => format!("http://{}/v2/team/app/manifests/1", other.address),
            _ => format!("http://{}/elsewhere", other.address),
        };
        registry.redirect(part, &target);
        let output = with_password(&registry, &["deps", &registry.reference("1")]);
        assert!(
            registry.state().shown.contains(&BASIC.to_owned()),
            "{output:?}"
        );
        assert!(
            !other.state().asked.is_empty(),
            "it was followed: {output:?}"
        );
        assert_eq!(other.state().shown, [""; 0], "{part}");
    }
}

#[test]
fn a_host_behind_a_redirect_cannot_ask_for_the_password() {
    let (registry, other) = (registry(), registry());
    other.state().authorization = Some("Bearer open-sesame".to_owned());
    let realm = format!("Bearer realm=\"http://{}/token\"", other.address);
    other.state().challenge = realm;
    registry.redirect("/v2/", &format!("http://{}/v2/", other.address));
    with_password(&registry, &["deps", &registry.reference("1")]);
    assert!(other.count("/token") > 0, "anyone may get a token");
    assert!(!other.state().shown.contains(&BASIC.to_owned()));
}

#[test]
fn a_redirecting_token_server_does_not_leak_the_password() {
    let (registry, other) = (registry(), registry());
    registry.state().authorization = Some("Bearer open-sesame".to_owned());
    let realm = format!("Bearer realm=\"http://{}/token\"", registry.address);
    registry.state().challenge = realm;
    registry.redirect("/token", &format!("http://{}/token", other.address));
    with_password(&registry, &["deps", &registry.reference("1")]);
    assert!(registry.state().shown.contains(&BASIC.to_owned()));
    assert!(!other.state().asked.is_empty(), "it was followed");
    assert_eq!(other.state().shown, [""; 0]);
}

#[test]
fn an_upload_to_another_host_sends_no_password() {
    let (registry, other) = (registry(), FakeRegistry::new());
    guard(&registry);
    let location = format!("http://{}/v2/team/app/blobs/uploads/1", other.address);
    let answer = format!("HTTP/1.1 202 X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    registry.trick("/blobs/uploads/", answer, None);
    let arguments = [
        "slim",
        &registry.reference("1"),
        "-o",
        &registry.reference("new"),
    ];
    let output = with_password(&registry, &arguments);
    assert!(
        other
            .state()
            .asked
            .iter()
            .any(|asked| asked.starts_with("PUT ")),
        "{output:?}"
    );
    assert_eq!(other.state().shown, [""; 0]);
}

#[test]
fn an_upload_location_must_be_a_safe_url() {
    for (location, reason) in [
        ("http://169.254.169.254/", "it is an internal address"),
        ("//169.254.169.254/", "it is an internal address"),
        ("file:///tmp/x", "it is neither HTTP nor HTTPS"),
        (
            "http://a:b@127.0.0.1/",
            "it contains a user name or password",
        ),
        ("http://[", "it is not a valid URL"),
    ] {
        let registry = FakeRegistry::new();
        let answer = format!("HTTP/1.1 202 X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        registry.trick("/blobs/uploads/", answer, None);
        let error = text(push(&registry).unwrap_err());
        assert!(error.contains(reason), "{location}: {error}");
        assert_eq!(registry.count("PUT "), 0);
    }
}

#[test]
fn a_manifest_must_match_its_digest_header() {
    let registry = registry();
    let (media_type, manifest) = registry.state().manifests["1"].clone();
    for (digest, is_read) in [
        (super::registry::digest(&manifest), true),
        (format!("sha256:{}", "0".repeat(64)), false),
    ] {
        registry.state().tricks.clear();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nDocker-Content-Digest: {digest}\r\n\
             Content-Length: {}\r\n\r\n",
            manifest.len()
        );
        registry.trick("/manifests/", [head.as_bytes(), &manifest].concat(), None);
        assert_eq!(pull(&registry).is_ok(), is_read, "{digest}");
    }
}

#[test]
fn a_manifest_must_match_its_content_type() {
    let registry = registry();
    let (media_type, manifest) = registry.state().manifests["1"].clone();
    for (stated, is_read) in [
        ("application/vnd.oci.image.index.v1+json", false),
        (
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            false,
        ),
        ("application/vnd.example", false),
        // Static file servers know no types.
        ("text/plain; charset=utf-8", true),
        ("application/octet-stream", true),
        (&*format!("{media_type}; charset=utf-8"), true),
    ] {
        registry.state().tricks.clear();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {stated}\r\nContent-Length: {}\r\n\r\n",
            manifest.len()
        );
        registry.trick("/manifests/", [head.as_bytes(), &manifest].concat(), None);
        assert_eq!(pull(&registry).is_ok(), is_read, "{stated}");
    }
}

#[test]
fn a_manifest_with_a_wrong_content_length_is_refused() {
    let registry = registry();
    let (_, manifest) = registry.state().manifests["1"].clone();
    for length in ["10", "-1", "18446744073709551616", "5, 6"] {
        registry.state().tricks.clear();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        registry.trick("/manifests/", [head.as_bytes(), &manifest].concat(), None);
        refused(&registry);
    }
}

#[test]
fn a_blob_shorter_than_its_descriptor_is_refused() {
    let registry = registry();
    for blob in registry.state().blobs.values_mut() {
        blob.pop();
    }
    let error = refused(&registry);
    assert!(error.contains("the connection closed early"), "{error}");
}

#[test]
fn an_endless_partial_blob_is_cut_off() {
    let registry = registry();
    registry.trick(
        "/blobs/",
        CHUNKED.replace("200 OK", "206 Partial Content"),
        Some(&chunk()),
    );
    let error = pull(&registry).unwrap_err();
    let is_too_long = matches!(error, ReadError::Transfer(TransferError::TooLong { .. }));
    assert!(is_too_long, "{error:?}");
}

#[test]
fn a_configuration_that_is_too_long_is_not_fetched() {
    let registry = registry();
    let (media_type, manifest) = registry.state().manifests["1"].clone();
    let mut manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    manifest["config"]["size"] = json!((4 << 20) + 1);
    let manifest = manifest.to_string().into_bytes();
    registry.state().put(&media_type, "1", manifest);
    let error = refused(&registry);
    assert!(
        error.contains("exceeds the limit of 4194304 bytes"),
        "{error}"
    );
    assert_eq!(registry.count("/blobs/"), 0);
}

#[test]
fn the_manifests_of_an_index_are_limited() {
    let registry = registry();
    let (media_type, manifest) = registry.state().manifests["1"].clone();
    let manifest = String::from_utf8(manifest).unwrap();
    let mut listed = Vec::new();
    for number in 0..501 {
        let other = format!("{manifest}{}", " ".repeat(number));
        let digest = registry.state().put(&media_type, "x", other.into_bytes());
        let size = manifest.len() + number;
        listed.push(json!({"mediaType": media_type, "digest": digest, "size": size}));
    }
    let of_index = "application/vnd.oci.image.index.v1+json";
    let index = json!({"schemaVersion": 2, "mediaType": of_index, "manifests": listed});
    registry
        .state()
        .put(of_index, "1", index.to_string().into_bytes());
    let options = Options {
        connection: Connection::Plain,
        ..Options::default()
    };
    let reference = registry.reference("1").parse().unwrap();
    let source = jettison::image::Source::open(&reference, &options, &Silent).unwrap();
    let error = text(source.platforms().unwrap_err());
    assert!(
        error.contains("exceeds the limit of 500 indexes and manifests"),
        "{error}"
    );
}

#[test]
fn a_credential_helper_is_not_taken_from_the_current_directory() {
    let directory = Directory::new();
    let trace = directory.path().join("trace");
    let program = format!("#!/bin/sh\necho ran >'{}'\n", trace.display());
    for place in ["docker-credential-here", "bin/docker-credential-here"] {
        let path = directory.file(place, program.as_bytes());
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(path, mode).unwrap();
    }
    let auths = directory.file("auth.json", br#"{"credsStore": "here"}"#);
    for path in ["", ".", ":", "bin", "./bin:", "bin/../bin"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
        command.args(["deps", "docker://127.0.0.1:1/app", "--plain-http"]);
        command.current_dir(directory.path()).env("PATH", path);
        let output = command.env("REGISTRY_AUTH_FILE", &auths).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.contains("no absolute directory on `PATH` contains it"),
            "{error}"
        );
        assert!(!trace.exists(), "{path}");
    }
}
