//! Several images slimmed with `--shared`: each works as the original does and has the files that
//! it has when it is slimmed alone.

use crate::case::Case;
use crate::containers::{self, output, tool};
use std::collections::BTreeSet;
use std::{fs, path::PathBuf, process::Command};

/// Debian images with different programs, so that some layers are common to all and some to few.
/// podman ignores health checks in OCI images, so none of the scripts may ask for one.
const IMAGES: [&str; 4] = ["nginx", "redis", "musl", "dynamic-c"];

fn layers_of(image: &str) -> Vec<String> {
    let said = output(tool("skopeo").args(["inspect", image]));
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    serde_json::from_value(said["Layers"].clone()).unwrap()
}

#[test]
fn images_with_shared_layers_work_and_have_the_files_that_they_have_alone() {
    let cases: Vec<Case> = Case::chosen()
        .into_iter()
        .filter(|case| IMAGES.contains(&case.name()))
        .collect();
    if cases.len() < 2 {
        return;
    }
    let layout = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("e2e/sharing");
    let _ = fs::remove_dir_all(&layout);
    let destination = format!("oci:{}", layout.display());
    let mut slim = Command::new(env!("CARGO_BIN_EXE_jettison"));
    slim.args(["slim", "--shared", "--output", &destination]);
    for case in &cases {
        slim.arg(case.original());
        slim.args(["--tag", &case.name_of("shared")]);
    }
    let summary = output(&mut slim);
    let sizes = summary
        .lines()
        .find(|line| line.starts_with("unique bytes"));
    println!("{}", sizes.unwrap());
    let mut blobs = BTreeSet::new();
    let mut layers = 0;
    for case in &cases {
        let name = case.name_of("shared");
        let source = format!("{destination}:{name}");
        let own = layers_of(&source);
        layers += own.len();
        blobs.extend(own);
        let shared = containers::load(&source, &name);
        let alone = containers::load(&case.slimmed(), &case.name_of("slimmed"));
        let compared = output(tool("tests/e2e/mounted.sh").args([alone.name(), shared.name()]));
        println!("{}: {compared}", case.name());
        let behaviour = containers::behaviour(case, shared.name());
        assert!(
            behaviour == case.expected_behaviour(),
            "{}: {behaviour}",
            case.name()
        );
    }
    println!("{layers} layers in {} blobs", blobs.len());
    assert!(blobs.len() < layers);
    let _ = fs::remove_dir_all(layout);
}
