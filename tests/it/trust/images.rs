//! A repository does not decide that an image is checked in the place of its Dockerfiles.

use std::fs;

use super::ground::{DOCKERFILE, Ground, files};
use crate::builders::description;
use crate::builders::images::Tar;

const IMAGE: &str = "\
elf /app interpreter=/lib/ld.so
library /lib/ld.so
file /usr/bin/dash size=100000
user 1000
entrypoint /app
";

/// Writes an image as an OCI layout.
fn layout(ground: &Ground, directory: &str) {
    fs::write(ground.path("outside/app.tar"), description::archive(IMAGE)).expect("there is room");
    let place = format!("oci:{}", ground.path(directory).display());
    let mut command = ground.command();
    command.args(["slim", "../outside/app.tar", "-o", &place]);
    command.assert().success();
}

/// A Dockerfile that is a tar archive as well.
fn archive() -> Vec<u8> {
    let text = format!("\n{DOCKERFILE}#");
    Tar::new().file("# comment", text.as_bytes()).end()
}

#[test]
fn layout_files_in_a_repository_do_not_hide_its_dockerfiles() {
    let ground = Ground::new();
    layout(&ground, "outside/image");
    for name in ["oci-layout", "index.json", "blobs"] {
        fs::rename(
            ground.path("outside/image").join(name),
            ground.path("repo").join(name),
        )
        .expect("it is there");
    }
    let all = ["--format", "compact", "--no-config", "--no-pragmas"];
    for path in [&[][..], &["."], &["./"], &["../repo"], &["sub", "."]] {
        let run = ground.lint(&[&all, path].concat());
        assert_eq!(run.code, 1, "{path:?}: {}", run.err);
        assert_eq!(files(&run.out).len(), 2, "{path:?}: {}", run.out);
        assert!(!run.err.contains("OCI layout"), "{path:?}: {}", run.err);
    }
    // The image is checked by its transport.
    for arguments in [&["oci:."][..], &["--image", "oci:."]] {
        let run = ground.lint(&[&["--select", "shell-in-image"], arguments].concat());
        assert!(run.err.contains("1 image checked") || run.out.contains("1 image checked"));
    }
}

#[test]
fn a_layout_without_dockerfiles_is_not_skipped_silently() {
    let ground = Ground::new();
    layout(&ground, "repo/build");
    let run = ground.lint(&["build"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("0 files checked"), "{}", run.out);
    let expected = "note: `build` is an OCI layout: to check it as an image, use `oci:build`\n\
        note: no Dockerfile found\n";
    assert_eq!(run.err, expected);
    let run = ground.lint(&["--format", "compact", "build", "sub"]);
    assert_eq!(files(&run.out), ["sub/Dockerfile"]);
    assert!(run.err.contains("use `oci:build`"), "{}", run.err);
}

#[test]
fn a_dockerfile_that_is_also_an_archive_is_linted_as_a_dockerfile() {
    let ground = Ground::new();
    ground.init();
    for name in [
        "Dockerfile",
        "app.Dockerfile",
        "Dockerfile.tar",
        "Containerfile",
    ] {
        fs::write(ground.path("repo").join(name), archive()).expect("there is room");
        ground.git(&["add", name]);
        for arguments in [
            &[name][..],
            &["--staged", name],
            &["--force-exclude", "--", name],
        ] {
            let all = ["--format", "compact", "--select", "root-user"];
            let run = ground.lint(&[&all, arguments].concat());
            assert_eq!(run.code, 1, "{arguments:?}: {}", run.err);
            assert_eq!(files(&run.out), [name], "{arguments:?}: {}", run.out);
        }
    }
    // By any other name it is an image, here a broken one.
    fs::write(ground.path("repo/app"), archive()).expect("there is room");
    let run = ground.lint(&["app"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("manifest.json"), "{}", run.err);
}

#[test]
fn a_compressed_file_named_dockerfile_is_linted_as_text() {
    let ground = Ground::new();
    for magic in [&b"\x1f\x8b"[..], b"\x28\xb5\x2f\xfd"] {
        let mut bytes = magic.to_vec();
        bytes.extend_from_slice(&[b'x'; 600]);
        fs::write(ground.path("repo/Dockerfile"), bytes).expect("there is room");
        let run = ground.lint(&["--format", "compact", "Dockerfile"]);
        assert_eq!(files(&run.out), ["Dockerfile"], "{}", run.err);
    }
}
