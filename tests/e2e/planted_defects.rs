//! Images in `testdata/planted`, built from their Dockerfiles: exactly the expected findings are
//! reported.
//!
//! `expected.txt` beside a Dockerfile has a line for each finding: the rule, the path, the layer
//! that brought it, and the line of the Dockerfile; `-` where there is none. What the base image
//! has is said once, in
//! `base.txt`. All rules are asked; `JETTISON_BLESS=1` writes the files anew, for a person to read.

use crate::containers::{output, tool};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A date long after all images here were built, so that the base is old.
const LATER: &str = "4102444800";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("e2e/planted")
}

/// Builds the image of a directory and saves it.
fn built(case: &str) -> String {
    let tag = if case == "clean" { "1" } else { "latest" };
    let name = format!("localhost/jettison-e2e/planted-{case}:{tag}");
    output(Command::new("tests/e2e/build.sh").args([&format!("testdata/planted/{case}"), &name]));
    saved(case, &name)
}

fn saved(case: &str, name: &str) -> String {
    let path = folder().join(format!("{case}.tar"));
    fs::create_dir_all(folder()).unwrap();
    let _ = fs::remove_file(&path);
    output(tool("podman").args(["save", "--quiet", "--output", path.to_str().unwrap(), name]));
    format!("docker-archive:{}", path.display())
}

/// The findings in an image: rule, path, layer, and line of the Dockerfile.
fn found(image: &str, more: &[&str]) -> BTreeSet<[String; 4]> {
    let mut lint = Command::new(env!("CARGO_BIN_EXE_jettison"));
    lint.env("SOURCE_DATE_EPOCH", LATER).args([
        "lint",
        "--image",
        image,
        "--fail-on",
        "none",
        "--format",
        "json",
    ]);
    let said: Value = serde_json::from_str(&output(lint.args(more))).unwrap();
    let is_measured = |finding: &Value| {
        finding["rule"]
            .as_str()
            .is_some_and(|rule| jettison::lint::image::NEEDS_IMAGE.contains(&rule))
    };
    let findings = said.as_array().unwrap().iter();
    findings
        .filter(|finding| finding.get("image").is_some() || is_measured(finding))
        .map(row)
        .collect()
}

fn row(finding: &Value) -> [String; 4] {
    let notes = finding["notes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str);
    let line = notes
        .filter_map(|note| note.strip_prefix("the instruction is in "))
        .next();
    // A finding in the Dockerfile itself is at its line.
    let own = finding
        .get("image")
        .is_none()
        .then(|| finding["line"].to_string());
    let line = line
        .and_then(|place| place.rsplit_once(':'))
        .map(|(_, line)| line.to_owned());
    let line = own.or(line).unwrap_or_else(|| "-".to_owned());
    let layer = finding["image"]["layer"]
        .as_u64()
        .map_or("-".to_owned(), |layer| layer.to_string());
    let path = finding["image"]["path"].as_str().unwrap_or("-");
    [
        finding["rule"].as_str().unwrap().to_owned(),
        path.to_owned(),
        layer,
        line,
    ]
}

#[track_caller]
fn assert_rows(rows: &BTreeSet<[String; 4]>, expected: &Path) {
    let now: String = rows.iter().map(|row| row.join(" ") + "\n").collect();
    if std::env::var_os("JETTISON_BLESS").is_some() {
        fs::write(expected, &now).unwrap();
    }
    let expected = fs::read_to_string(expected).unwrap();
    assert!(now == expected, "found:\n{now}\ninstead of:\n{expected}");
}

/// Every rule, whatever its profile, and the settings of labels and age.
const ALL: [&str; 4] = [
    "--select",
    "all",
    "--config",
    "testdata/planted/jettison.toml",
];

/// What is found in the image of a folder above its base; its `osv` has what is known of packages.
fn own(case: &str) -> BTreeSet<[String; 4]> {
    let (image, dockerfile) = (built(case), format!("testdata/planted/{case}/Dockerfile"));
    let own = format!("testdata/planted/{case}/jettison.toml");
    let config = if Path::new(&own).exists() {
        &own
    } else {
        ALL[3]
    };
    let osv = format!("testdata/planted/{case}/osv");
    let known = if Path::new(&osv).exists() {
        ["--osv", &osv].to_vec()
    } else {
        Vec::new()
    };
    let mut rows = found(
        &image,
        &[&ALL[..3], &[config, &dockerfile], &known].concat(),
    );
    let base = fs::read_to_string("testdata/planted/base.txt").unwrap();
    let base: BTreeSet<&str> = base.lines().collect();
    rows.retain(|row| !base.contains(row.join(" ").as_str()));
    rows
}

fn expected(case: &str) -> PathBuf {
    Path::new("testdata/planted")
        .join(case)
        .join("expected.txt")
}

#[test]
fn exactly_the_planted_defects_are_found() {
    let mut seen = BTreeSet::new();
    for case in ["defects", "foreign", "nothing"] {
        let rows = own(case);
        assert_rows(&rows, &expected(case));
        seen.extend(rows.into_iter().map(|[rule, ..]| rule));
    }
    let base = fs::read_to_string("testdata/planted/base.txt").unwrap();
    seen.extend(
        base.lines()
            .filter_map(|line| Some(line.split(' ').next()?.to_owned())),
    );
    let rules = jettison::rules::registry()
        .image_rules()
        .map(|rule| rule.name);
    let unseen: Vec<&str> = rules.filter(|rule| !seen.contains(*rule)).collect();
    assert!(unseen.is_empty(), "no image has a defect for {unseen:?}");
}

#[test]
fn a_clean_image_has_only_the_findings_of_its_base() {
    assert_rows(&own("clean"), &expected("clean"));
}

#[test]
fn the_unmodified_base_image_has_exactly_the_listed_findings() {
    built("nothing");
    let base = saved("base", "docker.io/library/debian:bookworm-slim");
    assert_rows(&found(&base, &ALL), Path::new("testdata/planted/base.txt"));
    let by_default = found(&base, &[]);
    let rules: BTreeSet<&str> = by_default.iter().map(|[rule, ..]| rule.as_str()).collect();
    assert_eq!(rules, BTreeSet::from(["missing-user", "setuid-file"]));
}

#[test]
fn a_slimmed_image_has_no_findings() {
    let (image, slimmed) = (
        built("clean"),
        format!("docker-archive:{}", folder().join("slimmed.tar").display()),
    );
    output(
        Command::new(env!("CARGO_BIN_EXE_jettison"))
            .args(["slim", &image, "-o", &slimmed, "-t", "app:1"]),
    );
    let rows = found(&slimmed, &["--select", "all"]);
    assert_eq!(rows, BTreeSet::new());
}
