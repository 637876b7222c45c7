//! `jettison sbom-generator`, as BuildKit runs it.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

const STATUS: &str = "\
Package: base\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n\
Package: tool\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2\n\n";

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A root directory with two packages; the program `/usr/bin/base` belongs to one of them.
fn root(path: &Path) {
    write(&path.join("var/lib/dpkg/status"), STATUS);
    for package in ["base", "tool"] {
        let program = format!("/usr/bin/{package}");
        let list = path.join(format!("var/lib/dpkg/info/{package}.list"));
        write(&list, &format!("{program}\n"));
        write(&path.join(&program[1..]), "#!/bin/none\n");
    }
}

fn generator(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .arg("sbom-generator")
        .current_dir(folder)
        .env("SOURCE_DATE_EPOCH", "0")
        .env("BUILDKIT_SCAN_SOURCE", folder.join("core/sbom"))
        .env("BUILDKIT_SCAN_DESTINATION", folder.join("out"));
    command
}

/// The folder that BuildKit mounts: a root directory, and an empty destination.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    root(&folder.path().join("core/sbom"));
    fs::create_dir(folder.path().join("out")).unwrap();
    folder
}

fn written(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.join("out")).unwrap() {
        names.push(entry.unwrap().file_name().into_string().unwrap());
    }
    names.sort();
    names
}

fn statement(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join("out").join(name)).unwrap()).unwrap()
}

/// Each package of a statement, with what it says about whether the program can reach it.
fn packages(statement: &Value) -> Vec<(&str, Option<&str>)> {
    let elements = statement["predicate"]["packages"].as_array().unwrap();
    let mut packages = Vec::new();
    for element in elements.iter().skip(1) {
        let reach = element["annotations"][0]["comment"].as_str();
        packages.push((element["name"].as_str().unwrap(), reach));
    }
    packages
}

#[test]
fn each_root_directory_gets_an_in_toto_statement_with_an_spdx_document() {
    let folder = folder();
    for stage in ["build", "test"] {
        root(&folder.path().join("extras").join(stage));
    }
    generator(folder.path())
        .env("BUILDKIT_SCAN_SOURCE_EXTRAS", folder.path().join("extras/"))
        .assert()
        .success();
    let files = ["build.spdx.json", "sbom.spdx.json", "test.spdx.json"];
    assert_eq!(written(folder.path()), files);
    for file in files {
        let statement = statement(folder.path(), file);
        assert_eq!(statement["_type"], "https://in-toto.io/Statement/v0.1");
        assert_eq!(statement["predicateType"], "https://spdx.dev/Document");
        assert_eq!(statement["subject"], serde_json::json!([]));
        assert_eq!(statement["predicate"]["spdxVersion"], "SPDX-2.3");
        assert_eq!(packages(&statement), [("base", None), ("tool", None)]);
    }
}

#[test]
fn packages_are_reachable_or_not_if_the_program_is_known() {
    let folder = folder();
    root(&folder.path().join("extras/build"));
    generator(folder.path())
        .env("BUILDKIT_SCAN_SOURCE_EXTRAS", folder.path().join("extras"))
        .env("BUILDKIT_SCAN_ENTRYPOINT", r#"["/usr/bin/base"]"#)
        .assert()
        .success();
    let result = statement(folder.path(), "sbom.spdx.json");
    let reach = [("base", Some("reachable")), ("tool", Some("unreachable"))];
    assert_eq!(packages(&result), reach);
    // The program is that of the result, not of the stages that built it.
    let stage = statement(folder.path(), "build.spdx.json");
    assert_eq!(packages(&stage), [("base", None), ("tool", None)]);
}

#[test]
fn optional_variables_may_be_empty_or_name_a_directory_that_does_not_exist() {
    for extras in ["", "/no/such/directory"] {
        let folder = folder();
        generator(folder.path())
            .env("BUILDKIT_SCAN_SOURCE_EXTRAS", extras)
            .env("BUILDKIT_SCAN_ENTRYPOINT", "")
            .assert()
            .success();
        assert_eq!(written(folder.path()), ["sbom.spdx.json"]);
    }
}

#[test]
fn a_failure_writes_nothing_and_names_what_is_wrong() {
    for (variable, value, message) in [
        ("BUILDKIT_SCAN_SOURCE", "none", "`none`"),
        ("BUILDKIT_SCAN_SOURCE", "/", "has no name"),
        (
            "BUILDKIT_SCAN_DESTINATION",
            "none",
            "`none` is not a directory",
        ),
        (
            "BUILDKIT_SCAN_ENTRYPOINT",
            "[1]",
            "not a JSON array of strings",
        ),
        ("BUILDKIT_SCAN_ENTRYPOINT", "/none", "`/none`"),
    ] {
        let folder = folder();
        let output = generator(folder.path())
            .env(variable, value)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{variable}={value}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(message), "{error}");
        assert!(written(folder.path()).is_empty());
    }
}

#[test]
fn two_root_directories_of_one_name_are_an_error() {
    let folder = folder();
    root(&folder.path().join("extras/sbom"));
    let output = generator(folder.path())
        .env("BUILDKIT_SCAN_SOURCE_EXTRAS", folder.path().join("extras"))
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("two of the root directories are called `sbom`"),
        "{error}"
    );
    assert!(written(folder.path()).is_empty());
}
