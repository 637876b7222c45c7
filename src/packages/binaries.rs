//! Dependencies that compilers record in programs: Go modules, and Rust crates if the program was
//! built with cargo-auditable.

use std::io::Read as _;

use serde_json::Value;

use super::{Ecosystem, Facts, FileParts, Scan};
use crate::elf;
use crate::image::{Kind, NameId, ReadError};

/// Largest list of crates, in bytes after decompression: thousands of crates take less than one.
const MAX_CRATES: u64 = 8 << 20;
/// Largest program, in bytes.
const MAX_PROGRAM: u64 = 8 << 30;
/// Maximum number of bytes that are read of a section.
const MAX_SECTION: usize = 16 << 20;
/// Maximum number of bytes of Go's section that are searched. The module list is at its start.
const MAX_BUILD_INFO: usize = 4 << 20;

pub(super) fn read(scan: &mut Scan<'_>, name: NameId) -> Result<(), ReadError> {
    let inode = scan.tree().inode(name);
    // Both linkers set the executable bit, so most files need not be read at all.
    if !matches!(inode.kind, Kind::File(_)) || inode.header.mode & 0o111 == 0 {
        return Ok(());
    }
    // Most executables are scripts or have no such section, and reading from a compressed layer is
    // expensive.
    if !elf::is_elf(&scan.image.head(scan.tree().inode_id(name), 4)?) {
        return Ok(());
    }
    if !scan.is_readable(name, MAX_PROGRAM) {
        return Ok(());
    }
    // Only these sections of a large program are read.
    let file = FileParts::new(scan.image, scan.tree().inode_id(name));
    let [go, crates] = elf::sections(&file, [b".go.buildinfo", b".dep-v0"], MAX_SECTION);
    if let Some(error) = file.into_failure() {
        return Err(error);
    }
    let build = go.and_then(|section| {
        let end = section.len().min(MAX_BUILD_INFO);
        elf::go_build(&section[..end])
    });
    if let Some(build) = build {
        modules(scan, name, &build);
    }
    if let Some(crates) = crates {
        let mut json = Vec::new();
        let inflated = flate2::read::ZlibDecoder::new(&*crates)
            .take(MAX_CRATES)
            .read_to_end(&mut json);
        match inflated
            .ok()
            .and_then(|_| serde_json::from_slice::<Value>(&json).ok())
        {
            Some(json) => rust_crates(scan, name, &json),
            None => scan.note(name, "invalid list of crates"),
        }
    }
    Ok(())
}

/// Adds the modules of Go's build information: lines of `mod`, `dep` and, for the one before it,
/// `=>`; each with a path and a version, separated by tabs.
fn modules(scan: &mut Scan<'_>, program: NameId, build: &elf::GoBuild) {
    let mut modules: Vec<(String, String)> = Vec::new();
    for line in build.modules.lines() {
        let words: Vec<&str> = line.split('\t').collect();
        match words[..] {
            ["mod" | "dep", path, version, ..] => {
                modules.push((path.to_owned(), version.to_owned()));
            }
            // A `replace` directive: the module before it was not built in.
            ["=>", path, version, ..] => {
                modules.pop();
                modules.push((path.to_owned(), version.to_owned()));
            }
            _ => {}
        }
    }
    // Advisories for the standard library refer to a module `stdlib` with the toolchain's version.
    if !build.version.is_empty() {
        // Experiments follow the version: `go1.22.1 X:boringcrypto`.
        let version = build.version.split(' ').next().unwrap_or_default();
        modules.push((
            "stdlib".to_owned(),
            version.trim_start_matches("go").to_owned(),
        ));
    }
    for (name, version) in modules {
        // A module that was built from a working copy has no version.
        let version = if version == "(devel)" {
            String::new()
        } else {
            version
        };
        let facts = Facts {
            name,
            version,
            ..Facts::default()
        };
        scan.add(Ecosystem::Go, facts, program, vec![program]);
    }
}

/// Adds the crates that are linked into the program.
fn rust_crates(scan: &mut Scan<'_>, program: NameId, json: &Value) {
    for package in json["packages"].as_array().into_iter().flatten() {
        // Build scripts and procedural macros only run at build time. The field is omitted for all
        // others.
        if package["kind"].as_str().unwrap_or("runtime") != "runtime" {
            continue;
        }
        let facts = Facts {
            name: package["name"].as_str().unwrap_or_default().to_owned(),
            version: package["version"].as_str().unwrap_or_default().to_owned(),
            ..Facts::default()
        };
        scan.add(Ecosystem::Cargo, facts, program, vec![program]);
    }
}
