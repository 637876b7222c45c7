//! Checks offline, without `cargo deny`, that the dependencies comply with `deny.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use spdx::{Expression, ParseMode};

type Table = toml::Table;

fn read(file: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).expect("the file can be read");
    text.parse().expect("it is TOML")
}

fn texts(list: &toml::Value) -> BTreeSet<&str> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|text| text.as_str().expect("a text"))
        .collect()
}

/// Name, version and source of every locked package, for all platforms.
fn locked(lock: &Table) -> Vec<(&str, &str, Option<&str>)> {
    let packages = lock["package"].as_array().expect("a list");
    packages
        .iter()
        .map(|package| {
            let text = |key: &str| package.get(key).and_then(toml::Value::as_str);
            let name = text("name").expect("a name");
            (name, text("version").expect("a version"), text("source"))
        })
        .collect()
}

#[test]
fn every_dependency_comes_from_an_allowed_registry() {
    let (deny, lock) = (read("deny.toml"), read("Cargo.lock"));
    let allowed: BTreeSet<String> = texts(&deny["sources"]["allow-registry"])
        .iter()
        .map(|address| format!("registry+{address}"))
        .collect();
    for (name, version, source) in locked(&lock) {
        match source {
            None => assert_eq!(name, env!("CARGO_PKG_NAME"), "a path dependency"),
            Some(source) => assert!(allowed.contains(source), "{name} {version}: {source}"),
        }
    }
}

#[test]
fn every_locked_package_has_a_checksum() {
    let lock = read("Cargo.lock");
    for package in lock["package"].as_array().expect("a list") {
        let has_source = package.get("source").is_some();
        assert_eq!(
            has_source,
            package.get("checksum").is_some(),
            "{}",
            package["name"]
        );
    }
}

#[test]
fn only_crates_that_deny_toml_skips_have_several_versions() {
    let (deny, lock) = (read("deny.toml"), read("Cargo.lock"));
    let skip = deny["bans"]["skip"].as_array().expect("a list");
    let mut skipped: BTreeSet<&str> = skip
        .iter()
        .map(|entry| entry["crate"].as_str().expect("a text"))
        .collect();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let locked = locked(&lock);
    for &(name, version, _) in &locked {
        versions.entry(name).or_default().push(version);
    }
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        let mut left: Vec<&str> = versions.clone();
        left.retain(|version| {
            // `syn@1` skips every 1.x, `base64@0.22` every 0.22.x.
            let skips = |entry: &&str| {
                let wanted = entry
                    .strip_prefix(*name)
                    .and_then(|rest| rest.strip_prefix('@'));
                wanted.is_some_and(|wanted| version.starts_with(&format!("{wanted}.")))
            };
            let entry = skipped.iter().copied().find(skips);
            entry.is_none_or(|entry| !skipped.remove(entry))
        });
        assert_eq!(left.len(), 1, "{name}: {versions:?}");
    }
    assert_eq!(skipped, BTreeSet::new(), "nothing needs these entries");
}

#[test]
fn every_license_is_allowed() {
    let deny = read("deny.toml");
    let allowed = texts(&deny["licenses"]["allow"]);
    let allowed: Vec<spdx::Licensee> = allowed
        .iter()
        .map(|license| spdx::Licensee::parse(license).expect("an SPDX identifier"))
        .collect();
    for (name, license) in licenses() {
        let expression = Expression::parse_mode(&license, ParseMode::LAX)
            .unwrap_or_else(|error| panic!("{name}: `{license}`: {error}"));
        let is_allowed = expression.evaluate(|requirement| {
            allowed
                .iter()
                .any(|licensee| licensee.satisfies(requirement))
        });
        assert!(is_allowed, "{name}: {license}");
    }
}

/// The packages of this platform with their licenses, according to Cargo.
fn licenses() -> Vec<(String, String)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", &host(), "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .expect("cargo starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    assert!(packages.len() > 100, "{} packages", packages.len());
    packages
        .iter()
        .map(|package| {
            let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
            (text("name"), text("license"))
        })
        .collect()
}

/// The platform that the tests were built on.
fn host() -> String {
    let output = Command::new(env!("CARGO"))
        .arg("-vV")
        .output()
        .expect("cargo starts");
    let text = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("cargo names its host").to_owned()
}

/// `unsafe` is denied by the crate's lints; these two places document why they need it.
#[test]
fn unsafe_code_is_limited_to_two_memory_maps_and_the_tracer() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(&source) {
        let entry = entry.expect("the directory can be read");
        if !entry.file_name().to_string_lossy().ends_with(".rs") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).expect("the file can be read");
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let starts = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
            if starts.iter().any(|start| code.contains(start)) {
                let reason = lines[..at].iter().rev().map(|line| line.trim_start());
                let mut reason = reason.take_while(|line| line.starts_with("//"));
                assert!(
                    reason.any(|line| line.starts_with("// SAFETY: ")),
                    "{}:{}: no reason",
                    entry.path().display(),
                    at + 1
                );
                let path = entry.path().strip_prefix(&source).expect("below src");
                found.push(path.display().to_string());
            }
        }
    }
    // The maps of files, and the system calls of the tracer, which no crate has.
    let tracer = ["evidence/tracer/seccomp.rs"; 5];
    let maps = ["image/blob.rs"; 2];
    found.sort();
    assert_eq!(found, [&tracer[..], &maps[..]].concat());
}
