//! Results of other tools for packages: syft for slimmed images, rpm for its own database.

use std::process::Command;

use crate::case::Case;
use crate::containers::{copy_to_directory, output};

/// syft finds in the slimmed image just the packages of which a file is in it, in their versions.
pub(crate) fn name_the_packages_that_remain(case: &Case) {
    let original = copy_to_directory(&case.original(), &case.path("scanned-original.dir"));
    let slimmed = copy_to_directory(&case.slimmed(), &case.path("scanned.dir"));
    let syft = output(&mut Command::new("tests/e2e/syft.sh"));
    let image = format!("docker-archive:{}", case.path("slimmed.tar"));
    let found = output(Command::new(syft.trim()).args([&image, "--quiet", "--output", "json"]));
    std::fs::write(case.path("syft.json"), found).unwrap();
    let mut check = Command::new("tests/e2e/remaining.py");
    println!(
        "{}",
        output(check.args([&original, &slimmed, &case.path("syft.json")]))
    );
}

/// Forty packages, the last with four hundred files: headers that no page holds.
#[test]
fn packages_of_an_rpm_database_are_those_that_rpm_lists() {
    let root = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e/rpm");
    let _ = std::fs::remove_dir_all(&root);
    std::fs::create_dir_all(&root).unwrap();
    let listed = output(Command::new("tests/e2e/rpm.sh").arg(&root));
    let image = format!("rootfs:{}", root.join("root").display());
    let mut inspect = Command::new(env!("CARGO_BIN_EXE_jettison"));
    let found = output(inspect.args(["inspect", &image, "--format", "json"]));
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    let line = |package: &serde_json::Value| {
        let text = |key: &str| package[key].as_str().unwrap().to_owned();
        format!(
            "{} {} {}",
            text("name"),
            text("version"),
            text("architecture")
        )
    };
    let mut found: Vec<String> = found["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(line)
        .collect();
    let mut listed: Vec<String> = listed.lines().map(str::to_owned).collect();
    (found.sort(), listed.sort());
    assert_eq!(found.len(), 40);
    assert_eq!(found, listed);
}
