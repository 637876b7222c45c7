//! Images, archives and files that contain an input, and checks that hold for every image.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use jettison::fuzzing::{self, Entry};
use jettison::image::{Config, Content, Image, Kind, NameId};
use jettison::lint::image::Policy;
use jettison::lint::{ImageInput, Selection, Settings, lint_image};
use jettison::packages::{self, Package, Packages};
use jettison::report::{self, Bill};
use jettison::rules::registry;
use jettison::slim::{self, PlanOptions};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// An executable file.
pub(crate) fn program(path: &str, bytes: &[u8]) -> Entry {
    file(path, 0o755, bytes)
}

/// A data file.
pub(crate) fn data(path: &str, bytes: &[u8]) -> Entry {
    file(path, 0o644, bytes)
}

fn file(path: &str, mode: u32, bytes: &[u8]) -> Entry {
    Entry {
        path: path.as_bytes().to_vec(),
        mode,
        kind: Kind::File(Content::Bytes(bytes.to_vec())),
    }
}

/// An image with these files that starts a command.
pub(crate) fn image(command: &[impl AsRef<str>], files: impl IntoIterator<Item = Entry>) -> Image {
    fuzzing::image(config(command), files)
}

fn config(command: &[impl AsRef<str>]) -> Config {
    let command: Vec<&str> = command.iter().map(AsRef::as_ref).collect();
    Config::new(json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": command, "Env": ["PATH=/usr/bin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": []},
    }))
}

/// A static program that does nothing: an x86-64 ELF header and one segment.
pub(crate) fn static_program() -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    for word in [0x40_0000_u64, 64, 0] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 64, 0, 0, 0, 0, 0]);
    bytes.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    for word in [0, 0x40_0000, 0x40_0000, 120, 120, 0x1000_u64] {
        bytes.extend(word.to_le_bytes());
    }
    bytes
}

/// Reads the packages of an image twice, with the same result, and writes documents about them,
/// which must be JSON.
pub(crate) fn check_packages(image: &Image) -> Packages {
    let packages = packages::read(image).expect("the image is in memory");
    let again = packages::read(image).expect("the image is in memory");
    assert_eq!(packages.list, again.list);
    assert_eq!(packages.notes, again.notes);
    let bill = Bill {
        name: "sample",
        packages: packages.list.iter().collect(),
        reachable: None,
        distribution: &packages.distribution,
        time: jiff::Timestamp::UNIX_EPOCH,
    };
    check_json(&report::spdx(&bill));
    check_json(&report::cyclonedx(&bill));
    packages
}

/// Plans, verifies and lints an image.
pub(crate) fn check_image(image: &Image) {
    let packages = check_packages(image);
    let plan = slim::plan(image, &PlanOptions::default());
    if let Ok(plan) = &plan {
        for &name in plan.kept() {
            assert!(!plan.reasons(name).is_empty() || name == NameId::ROOT);
        }
        let failures = slim::verify(image, plan).expect("the image is in memory");
        assert!(failures.is_empty(), "{failures:?}");
        let (result, _) = plan.result(image);
        let remaining = packages::read(&result).expect("the image is in memory");
        for package in &remaining.list {
            let name = manifest_name(package);
            let is_known = packages
                .list
                .iter()
                .any(|known| manifest_name(known) == name);
            assert!(is_known, "{package:?} was not there before");
        }
        let summary = report::summary("sample", image, &packages, plan).expect("it is in memory");
        check_json(&report::report_json(&summary));
        report::report_html(&summary);
    }
    let input = ImageInput {
        image,
        reference: "sample",
        plan: plan.as_ref().ok(),
        packages: &packages,
        vulnerabilities: None,
        attested: None,
    };
    let settings = Settings {
        select: Selection::ALL,
        ..Settings::default()
    };
    lint_image(input, registry(), &settings, &Policy::default()).expect("the image is in memory");
}

/// The name of a package as in an rpm manifest, with tabs between the fields.
fn manifest_name(package: &Package) -> String {
    package.name.replace(['\t', '\n'], " ")
}

/// Parses the JSON output of a report.
pub(crate) fn check_json(text: &str) -> Value {
    serde_json::from_str(text).expect("a report is JSON")
}

/// The complete contents of an image: each name with its header and its content.
pub(crate) fn everything(image: &Image) -> Vec<String> {
    let mut first_names = std::collections::HashMap::new();
    let mut lines = Vec::new();
    for name in image.tree.walk() {
        let path = image.tree.path(name).escape_ascii().to_string();
        let inode = image.tree.inode(name);
        let first = first_names
            .entry(image.tree.inode_id(name))
            .or_insert_with(|| path.clone());
        let content = match &inode.kind {
            Kind::File(content) => {
                let bytes = image.read(name).expect("an indexed file can be read");
                assert_eq!(content.length(), bytes.len() as u64, "{path}");
                format!("file {}", sha256(&bytes))
            }
            other => format!("{other:?}"),
        };
        lines.push(format!("{path} {content} {:?} as {first}", inode.header));
    }
    lines
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("a string takes all");
    }
    text
}

/// A tar archive of regular files.
pub(crate) fn archive<'a>(files: impl IntoIterator<Item = (String, &'a [u8])>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in files {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        sign(&mut header);
        bytes.extend(header);
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// Sets the checksum of a tar header.
pub(crate) fn sign(header: &mut [u8]) {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// A path that is only used by this thread.
pub(crate) fn scratch(name: &str) -> PathBuf {
    thread_local! {
        static DIRECTORY: TempDir = tempfile::tempdir().expect("temporary files can be made");
    }
    DIRECTORY.with(|directory| directory.path().join(name))
}

/// The same, with content.
pub(crate) fn scratch_file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = scratch(name);
    fs::write(&path, bytes).expect("temporary files can be written");
    path
}
