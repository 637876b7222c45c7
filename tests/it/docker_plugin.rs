//! The program as a plugin of the Docker CLI: a symlink whose name begins with `docker-`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// Exit status and standard output of a plugin, started as Docker starts it.
fn docker(folder: &Path, plugin: &str, arguments: &[&str]) -> (i32, String, String) {
    let link = folder.join(format!("docker-{plugin}"));
    if !link.exists() {
        symlink(env!("CARGO_BIN_EXE_jettison"), &link).expect("the link can be made");
    }
    let mut command = Command::new(link);
    command
        .current_dir(folder)
        .env_remove("CLICOLOR_FORCE")
        .env("NO_COLOR", "1")
        .env("JETTISON_NO_SHELLCHECK", "1")
        .env("DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND", "docker");
    let output = command.args(arguments).output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    (
        output.status.code().expect("it is not killed"),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn a_plugin_describes_itself() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for plugin in ["lint", "slim", "jettison"] {
        let (code, out, _) = docker(folder.path(), plugin, &["docker-cli-plugin-metadata"]);
        assert_eq!(code, 0);
        let metadata: Value = serde_json::from_str(&out).expect("it is JSON");
        // Docker rejects other schemas, and a plugin without a vendor.
        assert_eq!(metadata["SchemaVersion"], "0.1.0");
        assert_eq!(metadata["Vendor"], "jettison");
        assert_eq!(metadata["Version"], env!("CARGO_PKG_VERSION"));
        assert!(
            metadata["ShortDescription"]
                .as_str()
                .is_some_and(|text| text.len() > 10)
        );
    }
}

#[test]
fn a_plugin_runs_its_command_and_returns_its_status() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(
        folder.path().join("Dockerfile"),
        "FROM debian:12\nUSER root\n",
    )
    .expect("files can be written");
    let run = |plugin, arguments: &[&str]| docker(folder.path(), plugin, arguments);
    let select = ["--select", "root-user", "--format", "compact"];
    let (code, out, _) = run("lint", &[&["--debug", "lint"], &select[..]].concat());
    assert_eq!((code, out.lines().count()), (1, 1), "{out}");
    let (code, out, _) = run("jettison", &[&["jettison", "lint"], &select[..]].concat());
    assert_eq!((code, out.lines().count()), (1, 1), "{out}");
    let (code, _, err) = run("lint", &["--context", "other", "lint"]);
    assert_eq!(code, 2);
    assert!(err.contains("DOCKER_CONTEXT"), "{err}");
}

#[test]
fn the_help_of_a_plugin_shows_what_to_type() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (plugin, arguments, usage) in [
        (
            "lint",
            &["help", "lint"][..],
            "Usage: docker lint [OPTIONS]",
        ),
        ("lint", &["lint", "--help"], "Usage: docker lint [OPTIONS]"),
        ("jettison", &["help", "jettison"], "Usage: docker jettison"),
        (
            "jettison",
            &["jettison", "why", "--help"],
            "Usage: docker jettison why",
        ),
    ] {
        let (code, out, err) = docker(folder.path(), plugin, arguments);
        assert_eq!(code, 0, "{err}");
        assert!(out.contains(usage), "{out}");
    }
}
