//! Pushes images to a registry, with authorization.

use std::process::{Command, Output};

use jettison::image::{
    Connection, Image, Options, Reference, ReferenceError, Selection, Silent, WriteError,
    WriteOptions, Written, write,
};
use serde_json::json;

use super::registry::{FakeRegistry, digest};
use crate::builders::images::{self, Directory, Tar, everything, gzip};

fn image() -> Image {
    images::layer(
        Tar::new()
            .file("app", b"program")
            .directory("d")
            .hard_link("d/b", "app"),
    )
}

fn push(image: &Image, destination: &str, options: WriteOptions) -> Result<Written, WriteError> {
    let options = WriteOptions {
        connection: Connection::Plain,
        ..options
    };
    write(
        image,
        &Selection::all(&image.tree),
        &destination.parse().unwrap(),
        &options,
        &Silent,
    )
}

fn pull(reference: &str) -> Image {
    let options = Options {
        connection: Connection::Plain,
        ..Options::default()
    };
    Image::open(&reference.parse().unwrap(), &options, &Silent).unwrap()
}

#[test]
fn a_pushed_image_can_be_pulled_again() {
    let (registry, image) = (FakeRegistry::new(), image());
    let written = push(&image, &registry.reference("new"), WriteOptions::default()).unwrap();
    assert_eq!(
        everything(&pull(&registry.reference("new"))),
        everything(&image)
    );
    let manifest = registry.state().manifests["new"].1.clone();
    assert_eq!(written.manifest_digest, Some(digest(&manifest)));
    let order: Vec<_> = registry
        .state()
        .asked
        .iter()
        .filter(|asked| asked.starts_with("PUT"))
        .cloned()
        .collect();
    assert!(
        order.last().unwrap().ends_with("/manifests/new"),
        "the name is given last: {order:?}"
    );
}

#[test]
fn blobs_that_exist_are_not_uploaded_again() {
    let (registry, image) = (FakeRegistry::new(), image());
    push(&image, &registry.reference("a"), WriteOptions::default()).unwrap();
    assert_eq!(registry.count("PUT /v2/team/app/blobs"), 2);
    push(&image, &registry.reference("b"), WriteOptions::default()).unwrap();
    assert_eq!(registry.count("PUT /v2/team/app/blobs"), 2);
    assert_eq!(registry.count("PUT /v2/team/app/manifests"), 2);
}

#[test]
fn a_blob_of_another_repository_is_mounted_if_the_registry_supports_it() {
    let image = image();
    for (mountable, sent) in [(Some("team/base"), 0), (None, 2)] {
        let registry = FakeRegistry::new();
        registry.state().mountable = mountable.map(str::to_owned);
        let origin = format!("{}/team/base:1", registry.address).parse().ok();
        push(
            &image,
            &registry.reference("a"),
            WriteOptions {
                origin,
                ..WriteOptions::default()
            },
        )
        .unwrap();
        assert_eq!(
            registry.count("PUT /v2/team/app/blobs"),
            sent,
            "{mountable:?}"
        );
    }
    let registry = FakeRegistry::new();
    let origin = "elsewhere.example/team/base:1".parse().ok();
    push(
        &image,
        &registry.reference("a"),
        WriteOptions {
            origin,
            ..WriteOptions::default()
        },
    )
    .unwrap();
    assert_eq!(registry.count("mount="), 0);
}

#[test]
fn a_push_is_retried_when_the_registry_is_busy() {
    let (registry, image) = (FakeRegistry::new(), image());
    registry.state().busy = 2;
    push(&image, &registry.reference("new"), WriteOptions::default()).unwrap();
    assert_eq!(
        everything(&pull(&registry.reference("new"))),
        everything(&image)
    );
}

#[test]
fn a_second_name_for_a_registry_destination_is_refused() {
    let (registry, image) = (FakeRegistry::new(), image());
    let options = WriteOptions {
        tag: Some("other".into()),
        ..WriteOptions::default()
    };
    assert!(matches!(
        push(&image, &registry.reference("new"), options),
        Err(WriteError::TwoNames { .. })
    ));
    assert_eq!(registry.count("PUT"), 0);
}

#[test]
fn an_invalid_image_name_is_refused_before_pushing() {
    let error = "docker://Nö/app".parse::<Reference>().unwrap_err();
    assert!(matches!(error, ReferenceError::RemoteName(_)), "{error}");
}

/// Asks the program, with a file of credentials.
fn deps(registry: &FakeRegistry, credentials: &str) -> Output {
    let directory = Directory::new();
    let file = directory.file("auth.json", credentials.as_bytes());
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .args(["deps", &registry.reference("1"), "--plain-http"])
        .env("REGISTRY_AUTH_FILE", file);
    command.output().unwrap()
}

fn guarded() -> FakeRegistry {
    let registry = FakeRegistry::new();
    let layer = Tar::new().file("x", b"").end();
    registry.add(
        "1",
        &images::config(std::slice::from_ref(&layer)),
        &[gzip(&layer)],
    );
    registry
}

#[test]
fn a_password_is_sent_to_a_registry_that_requests_it() {
    let registry = guarded();
    // `user:secret`
    registry.state().authorization = Some("Basic dXNlcjpzZWNyZXQ=".to_owned());
    registry.state().challenge = "Basic realm=\"here\"".to_owned();
    let auths =
        |auth: &str| json!({"auths": {registry.address.clone(): {"auth": auth}}}).to_string();
    assert!(deps(&registry, &auths("dXNlcjpzZWNyZXQ=")).status.success());
    for wrong in [auths("dXNlcjp3cm9uZw=="), "{}".to_owned()] {
        let output = deps(&registry, &wrong);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(
            text.contains("the registry requires different credentials") && !text.contains("dXNlc"),
            "{text}"
        );
    }
}

#[test]
fn a_token_is_fetched_from_the_realm_of_the_registry() {
    let registry = guarded();
    registry.state().authorization = Some("Bearer open-sesame".to_owned());
    registry.state().token = Some((
        "Basic dXNlcjpzZWNyZXQ=".to_owned(),
        "open-sesame".to_owned(),
    ));
    registry.state().challenge = format!(
        "Bearer realm=\"http://{}/token\",service=\"here\"",
        registry.address
    );
    let auths =
        json!({"auths": {format!("{}/team", registry.address): {"auth": "dXNlcjpzZWNyZXQ="}}})
            .to_string();
    let output = deps(&registry, &auths);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(registry.count("/token?scope=repository%3Ateam%2Fapp%3Apull") >= 1);
    let output = deps(&registry, "{}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("the credentials were rejected"), "{text}");
}

#[test]
fn an_identity_token_is_exchanged_for_a_repository_token() {
    let registry = guarded();
    registry.state().authorization = Some("Bearer open-sesame".to_owned());
    let form = "grant_type=refresh_token&client_id=jettison&service=here&scope=repository%3Ateam%2Fapp%3Apull";
    registry.state().token = Some((
        format!("{form}&refresh_token=who%2Bme"),
        "open-sesame".to_owned(),
    ));
    registry.state().challenge = format!(
        "Bearer realm=\"http://{}/token\",service=\"here\"",
        registry.address
    );
    // A user of zeros without a password, as some clouds have it.
    let auths = |token: &str| {
        let entry = json!({"auth": "MDAwMDAwMDA6", "identitytoken": token});
        json!({"auths": {registry.address.clone(): entry}}).to_string()
    };
    let output = deps(&registry, &auths("who+me"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let output = deps(&registry, &auths("stale"));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("the credentials were rejected") && !text.contains("stale"),
        "{text}"
    );
}
