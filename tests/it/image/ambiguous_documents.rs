//! Images that jettison and other programs would interpret differently are refused.

use jettison::image::{Image, Options, ReadError, Silent};

use super::documents::{Documents, ambiguous, layer, other_layer};
use crate::builders::images::{Directory, Tar, listing, open, open_with, read, sha256};

fn open_amd64(reference: &str) -> Result<Image, ReadError> {
    let options = Options {
        platform: "linux/amd64".parse().unwrap(),
        ..Options::default()
    };
    Image::open(&reference.parse().unwrap(), &options, &Silent)
}

fn text_of(error: ReadError) -> String {
    let causes = anyhow::Error::new(error);
    let causes: Vec<_> = causes.chain().map(ToString::to_string).collect();
    causes.join(": ")
}

#[test]
fn ambiguous_documents_are_refused_and_the_key_is_named() {
    for case in ambiguous() {
        let directory = case.documents.directory();
        let path = directory.path().display();
        for reference in [format!("oci:{path}"), path.to_string()] {
            let error = text_of(open_amd64(&reference).unwrap_err());
            assert!(error.contains(case.says), "{case:?}\n{error}");
        }
        let archive = case
            .documents
            .files()
            .iter()
            .fold(Tar::new(), |tar, (name, bytes)| tar.file(name, bytes));
        let file = directory.file("image.tar", &archive.end());
        let error = text_of(open_amd64(&format!("oci-archive:{}", file.display())).unwrap_err());
        assert!(error.contains(case.says), "{case:?}\n{error}");
    }
}

#[test]
fn unambiguous_documents_are_read() {
    let directory = Documents::default().directory();
    let image = open(&format!("oci:{}", directory.path().display())).unwrap();
    assert_eq!(
        (read(&image, "/app"), image.config.user()),
        (b"good".to_vec(), "1000")
    );
    let image = open_with(
        &Documents::default().docker_archive().end(),
        &Options::default(),
    );
    assert_eq!(image.unwrap().config.user(), "1000");
}

#[test]
fn unknown_keys_are_kept_and_free_form_maps_accept_any_key() {
    let settings = r#""User": "1000", "Labels": {"user": "a", "USER": "b"}, "Env": ["A=1", "A=2"],
        "Healthcheck": {"Test": ["NONE"], "Interval": 5}, "OnBuild": ["RUN x"], "Shell": ["sh"],
        "StopSignal": "SIGINT", "Future": {"user": [1.5, null]}"#;
    let config = Documents::default()
        .config
        .replace(r#""User": "1000""#, settings)
        .replacen(
            '{',
            r#"{"os.version": "1", "os.features": ["f"], "variant": "v1", "moby.buildkit.x": {"A": 1, "a": 2}, "#,
            1,
        );
    let documents = Documents {
        config,
        ..Documents::default()
    };
    let directory = documents.directory();
    let image = open(&format!("oci:{}", directory.path().display())).unwrap();
    let json = image.config.json();
    for pointer in [
        "/os.version",
        "/os.features/0",
        "/variant",
        "/moby.buildkit.x/A",
        "/config/Labels/USER",
        "/config/Env/1",
        "/config/Healthcheck/Interval",
        "/config/OnBuild/0",
        "/config/Shell/0",
        "/config/StopSignal",
        "/config/Future/user/1",
    ] {
        assert!(json.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn docker_archive_manifests_are_checked_as_strictly() {
    for (from, to, says) in [
        (
            r#""Config""#,
            r#""config": "x", "Config""#,
            "`[0].config` differs from `Config`",
        ),
        (
            r#""Layers""#,
            r#""LAYERS": ["x"], "Layers""#,
            "`[0].LAYERS` differs from `Layers`",
        ),
        (
            r#""Layers""#,
            r#""Layers": ["x"], "Layers""#,
            "`[0].Layers` is repeated",
        ),
        (
            r#""RepoTags": ["#,
            r#""RepoTags": [null, "#,
            "`[0].RepoTags[0]` is null",
        ),
        ("[{", "{", "the document is an object, not a list"),
        ("[{", r"[] [{", "trailing characters"),
    ] {
        let good = Documents::default();
        let mut items = good.items.replacen(from, to, 1);
        if to == "{" {
            items.pop();
        }
        let documents = Documents { items, ..good };
        let archive = documents.docker_archive().end();
        let error = text_of(open_with(&archive, &Options::default()).unwrap_err());
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn two_different_members_with_one_name_are_refused() {
    let good = Documents::default().docker_archive();
    let names: Vec<String> = [
        "manifest.json".to_owned(),
        format!("{}.tar", sha256(&layer())),
    ]
    .into();
    for name in &names {
        for written in [
            name.clone(),
            format!("./{name}"),
            format!("x/../{name}"),
            format!("/{name}"),
        ] {
            for archive in [
                good.clone().file(&written, b"{}"),
                good.clone().symlink(&written, "other"),
                Tar {
                    bytes: [Tar::new().file(&written, b"[]").bytes, good.bytes.clone()].concat(),
                },
            ] {
                let error = open_with(&archive.end(), &Options::default()).unwrap_err();
                let text = error.to_string();
                assert!(
                    matches!(error, ReadError::RepeatedMember { .. }),
                    "{written}: {text}"
                );
                assert!(text.contains(name), "{text}");
            }
        }
    }
    let again = good.clone().file(&names[1], &layer());
    assert!(open_with(&again.end(), &Options::default()).is_ok());
    // What is not read may stand there as often as it likes.
    let unused = good.file("repositories", b"{}").file("repositories", b"x");
    assert!(open_with(&unused.end(), &Options::default()).is_ok());
}

#[test]
fn documents_cannot_be_links_and_their_names_cannot_leave_the_archive() {
    let layer_name = format!("{}.tar", sha256(&layer()));
    let config = Documents::default().docker_archive();
    let items = |config: &str, layer: &str| {
        format!(r#"[{{"Config": "{config}", "Layers": ["{layer}"]}}]"#).into_bytes()
    };
    // The good archive without its list, which comes last.
    let rest = |bytes: &[u8]| Tar {
        bytes: bytes[..bytes.len() - 1024].to_vec(),
    };
    let good = rest(&config.bytes);
    let linked = [
        good.clone()
            .file("real.json", &items("c", &layer_name))
            .symlink("manifest.json", "real.json"),
        good.clone()
            .file("real.json", &items("c", &layer_name))
            .hard_link("manifest.json", "real.json"),
        good.clone()
            .symlink("c", "real")
            .file("real", b"{}")
            .file("manifest.json", &items("c", &layer_name)),
    ];
    for archive in linked {
        let error = open_with(&archive.end(), &Options::default()).unwrap_err();
        assert!(matches!(error, ReadError::LinkedMember { .. }), "{error}");
    }
    for (config, layer) in [
        ("../c", "l"),
        ("c", "../l"),
        ("c", "/l"),
        ("c", "a/../l"),
        ("/c", "l"),
    ] {
        let archive = good.clone().file("c", b"{}").file("l", b"");
        let archive = archive.file("manifest.json", &items(config, layer)).end();
        let error = open_with(&archive, &Options::default()).unwrap_err();
        assert!(
            error.to_string().ends_with("a member outside the archive"),
            "{error}"
        );
    }
}

/// A docker archive that is a layout too.
fn both(documents: &Documents) -> Vec<u8> {
    let mut tar = documents.docker_archive();
    for (name, bytes) in documents.files() {
        tar = tar.file(&name, &bytes);
    }
    tar.end()
}

#[test]
fn an_archive_that_describes_two_different_images_is_refused() {
    let good = Documents::default();
    assert!(open_with(&both(&good), &Options::default()).is_ok());
    let platform = |platform: &str| {
        let (os, architecture) = platform.split_once('/').unwrap();
        format!(r#""platform": {{"os": "{os}", "architecture": "{architecture}"}}"#)
    };
    let named = |descriptor: &str, name: &str| {
        format!(r#"{{{descriptor}, "annotations": {{"io.containerd.image.name": "{name}"}}}}"#)
    };
    let index = |manifests: &[String]| {
        format!(
            r#"{{"schemaVersion": 2, "manifests": [{}]}}"#,
            manifests.join(", ")
        )
    };
    let app = "docker.io/library/app:latest";
    for (manifests, is_good) in [
        (vec!["{$OTHER_MANIFEST}".to_owned()], false),
        (vec![named("$OTHER_MANIFEST", app)], false),
        (
            vec![named("$OTHER_MANIFEST", app), named("$MANIFEST", "x:1")],
            false,
        ),
        (
            vec![named("$MANIFEST", app), named("$OTHER_MANIFEST", app)],
            false,
        ),
        (
            vec![named("$MANIFEST", app), named("$OTHER_MANIFEST", "x:1")],
            true,
        ),
        (vec![], false),
        (
            vec![
                named(
                    &format!("$OTHER_MANIFEST, {}", platform("linux/arm64")),
                    app,
                ),
                named(&format!("$MANIFEST, {}", platform("linux/amd64")), app),
            ],
            true,
        ),
        (
            vec![
                named(
                    &format!("$OTHER_MANIFEST, {}", platform("linux/x86_64")),
                    app,
                ),
                named(&format!("$MANIFEST, {}", platform("linux/amd64")), app),
            ],
            false,
        ),
    ] {
        let documents = Documents {
            index: index(&manifests),
            ..good.clone()
        };
        let directory = Directory::new();
        let path = directory.file("image.tar", &both(&documents));
        for transport in ["", "docker-archive:"] {
            let opened = open(&format!("{transport}{}", path.display()));
            match opened {
                Ok(image) => assert!(
                    is_good && listing(&image) == ["/app = good"],
                    "{manifests:?}"
                ),
                Err(error) => {
                    assert!(!is_good, "{manifests:?}: {error}");
                    assert!(
                        error
                            .to_string()
                            .contains("`manifest.json` names a different image"),
                        "{error}"
                    );
                }
            }
        }
    }
    assert_ne!(layer(), other_layer());
}
