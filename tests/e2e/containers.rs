//! podman, buildah and skopeo, through the scripts next to this file.

use crate::case::Case;
use std::{path::Path, process::Command};

/// The standard output of a command that must succeed.
pub(crate) fn output(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}\n{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

pub(crate) fn build(folder: &Path, image: &str) {
    output(Command::new("tests/e2e/build.sh").arg(folder).arg(image));
}

pub(crate) fn save(image: &str, format: &str, path: &str) {
    output(tool("podman").args([
        "save", "--quiet", "--format", format, "--output", path, image,
    ]));
}

/// The output of the case's script about a container of `image`.
pub(crate) fn behaviour(case: &Case, image: &str) -> String {
    output(tool(&case.behaviour_script()).arg(image))
}

/// An image in podman's storage, removed on drop.
#[derive(Debug)]
pub(crate) struct Loaded(String);

impl Loaded {
    pub(crate) fn name(&self) -> &str {
        &self.0
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        let _ = tool("podman").args(["rmi", "--force", &self.0]).output();
    }
}

/// Loads an image as a user would: `podman load` for an archive, which contains its name; `skopeo
/// copy` for a layout.
pub(crate) fn load(image: &str, name: &str) -> Loaded {
    match image.strip_prefix("docker-archive:") {
        Some(path) => output(tool("podman").args(["load", "--quiet", "--input", path])),
        None => output(tool("skopeo").args([
            "copy",
            "--quiet",
            image,
            &format!("containers-storage:{name}"),
        ])),
    };
    Loaded(name.to_owned())
}

/// Copies an image to skopeo's simplest format: a directory with a manifest and a file per blob.
pub(crate) fn copy_to_directory(image: &str, path: &str) -> String {
    output(tool("skopeo").args(["copy", "--quiet", image, &format!("dir:{path}")]));
    path.to_owned()
}

/// The same with uncompressed layers.
pub(crate) fn unpack_to_directory(image: &str, path: &str) -> String {
    let destination = format!("dir:{path}");
    let copy = ["copy", "--quiet", "--dest-decompress", image, &destination];
    output(tool("skopeo").args(copy));
    path.to_owned()
}

pub(crate) fn assert_complete(original: &str, rest: &str) -> String {
    output(Command::new("tests/e2e/same_image.py").args([original, rest]))
}

pub(crate) fn assert_unchanged(original: &str, slimmed: &str, gone: &[String]) -> String {
    output(
        Command::new("tests/e2e/unchanged.py")
            .args([original, slimmed])
            .args(gone),
    )
}

/// A command that may mount and start containers.
pub(crate) fn tool(name: &str) -> Command {
    let mut command = Command::new("tests/e2e/sandbox.sh");
    command.arg(name);
    command
}
