//! `--compliance`: findings by the requirements of a standard.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use jettison::lint::Standard;
use jettison::rules::registry;
use serde_json::Value;

use crate::builders::description::archive;

#[test]
fn every_requirement_names_rules_that_exist() {
    for standard in Standard::all() {
        let mut ids = BTreeSet::new();
        for requirement in &standard.requirements {
            assert!(ids.insert(&requirement.id), "{} twice", requirement.id);
            let mut rules = BTreeSet::new();
            for rule in &requirement.rules {
                assert!(registry().get(rule).is_some(), "{rule}");
                assert!(rules.insert(rule), "{}: {rule} twice", requirement.id);
            }
        }
    }
}

fn lint(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_jettison"))
        .current_dir(directory)
        .arg("lint")
        .args(arguments)
        .env("NO_COLOR", "1")
        .env("JETTISON_NO_SHELLCHECK", "1")
        .output()
        .expect("the program starts");
    // Notes are on standard error; there is only an error if there is no report.
    let text = if output.stdout.is_empty() {
        output.stderr
    } else {
        output.stdout
    };
    String::from_utf8(text).expect("text")
}

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let text = "FROM debian\nADD a /a\nRUN apt-get update\n";
    fs::write(directory.path().join("Dockerfile"), text).expect("a file");
    directory
}

#[test]
fn a_text_report_counts_the_findings_of_each_requirement() {
    let directory = directory();
    let report = lint(directory.path(), &["--compliance", "cis"]);
    for line in [
        "  4.1   containers do not run as root: 1 finding (unset-user)\n",
        "  4.5   content trust for images: not checked\n",
        "  4.7   package lists are not updated alone: 1 finding (update-alone)\n",
        "  4.10  no secrets in the image: no findings\n",
        "  5.11  limited memory: not checked without a deployment\n",
    ] {
        assert!(report.contains(line), "{line}: {report}");
    }
    // Rules about style are not part of it.
    assert!(!report.contains("missing-label"), "{report}");
}

#[test]
fn findings_in_json_and_sarif_have_their_requirements() {
    let directory = directory();
    let json = lint(
        directory.path(),
        &["--compliance", "cis", "--format", "json"],
    );
    let rows: Vec<Value> = serde_json::from_str(&json).expect("JSON");
    let update = rows.iter().find(|row| row["rule"] == "update-alone");
    assert_eq!(
        update.expect("a finding")["requirements"],
        serde_json::json!(["4.7"])
    );
    let sarif = lint(
        directory.path(),
        &["--compliance", "cis", "--format", "sarif"],
    );
    let sarif: Value = serde_json::from_str(&sarif).expect("JSON");
    let run = &sarif["runs"][0];
    assert_eq!(run["taxonomies"][0]["name"], "cis");
    let mut results = run["results"].as_array().expect("a list").iter();
    let update = results.find(|result| result["ruleId"] == "update-alone");
    assert_eq!(update.expect("a result")["taxa"][0]["id"], "4.7");
    let unknown = lint(directory.path(), &["--compliance", "pci"]);
    assert!(
        unknown.contains("cis, nist-800-190, pss-restricted"),
        "{unknown}"
    );
}

#[test]
fn the_way_of_a_file_into_an_image_is_a_code_flow_of_sarif() {
    let directory = tempfile::tempdir().expect("a directory");
    let image = "file /usr/bin/su mode=4755\nelf /usr/bin/app\nentrypoint /usr/bin/app\n";
    fs::write(directory.path().join("app.tar"), archive(image)).expect("a file");
    let sarif = lint(
        directory.path(),
        &["./app.tar", "--select", "setuid-file", "--format", "sarif"],
    );
    let sarif: Value = serde_json::from_str(&sarif).unwrap_or_else(|_| panic!("{sarif}"));
    let result = &sarif["runs"][0]["results"][0];
    let flow = &result["codeFlows"][0]["threadFlows"][0]["locations"];
    let flow = flow.as_array().expect("a flow");
    let text = flow[0]["location"]["message"]["text"]
        .as_str()
        .expect("a text");
    assert!(text.starts_with("added by"), "{text}");
    let last = &flow.last().expect("a file")["location"]["logicalLocations"][0];
    assert_eq!(last["fullyQualifiedName"], "/usr/bin/su");
}
