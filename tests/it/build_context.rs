//! Files next to a Dockerfile are taken into account when the binary lints it.

use std::fs;

use assert_cmd::Command;

/// The output of `jettison lint` for a Dockerfile with this `.dockerignore` next to it.
fn linted(dockerfile: &str, ignore: Option<&str>) -> std::io::Result<String> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("Dockerfile"), dockerfile)?;
    if let Some(ignore) = ignore {
        fs::write(folder.path().join(".dockerignore"), ignore)?;
    }
    let arguments = [
        "lint",
        "--select",
        "copy-of-ignored-file,analysis-limit",
        "--no-config",
        "--format",
        "json",
        "Dockerfile",
    ];
    let output = Command::cargo_bin("jettison")
        .expect("cargo has built it")
        .args(arguments)
        .current_dir(folder.path())
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_dockerignore_file_of_the_directory_is_read() -> std::io::Result<()> {
    let dockerfile = "FROM scratch\nCOPY ./tmp/hello.txt /hello.txt\n";
    assert!(linted(dockerfile, Some("*/tmp\ntmp\n"))?.contains("CopyIgnoredFile"));
    assert!(!linted(dockerfile, Some("*.md\n"))?.contains("CopyIgnoredFile"));
    assert!(!linted(dockerfile, None)?.contains("CopyIgnoredFile"));
    Ok(())
}

#[test]
fn a_dockerignore_file_with_exceptions_is_not_judged() -> std::io::Result<()> {
    let dockerfile = "FROM scratch\nCOPY app /app\n";
    assert!(linted(dockerfile, Some("*\n"))?.contains("CopyIgnoredFile"));
    assert!(!linted(dockerfile, Some("*\n!app\n"))?.contains("CopyIgnoredFile"));
    Ok(())
}

#[test]
fn too_many_sources_and_patterns_to_compare_are_reported() -> std::io::Result<()> {
    let dockerfile = format!("FROM scratch\nCOPY {}x /x\n", "a/".repeat(2000));
    let ignore: Vec<String> = (0..512).map(|number| format!("**/a*b*{number}")).collect();
    let findings = linted(&dockerfile, Some(&ignore.join("\n")))?;
    assert!(
        findings.contains("too many sources and `.dockerignore` patterns"),
        "{findings}"
    );
    Ok(())
}
