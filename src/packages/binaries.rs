//! What compilers leave in programs: Go's modules, and Rust's crates where cargo-auditable has
//! built them.

use std::io::Read as _;

use serde_json::Value;

use super::{Ecosystem, Facts, FileParts, Found};
use crate::elf;
use crate::image::{Kind, NameId, ReadError};

/// Text of crates larger than this, uncompressed, is nobody's.
const MAX_CRATES: u64 = 8 << 20;
/// Bytes of a program.
const MAX_PROGRAM: u64 = 8 << 30;
/// Bytes of a section that are read.
const MAX_SECTION: usize = 16 << 20;
/// Bytes of Go's section that are searched.
const MAX_BUILD_INFO: usize = 4 << 20;

pub(super) fn read(found: &mut Found<'_>, name: NameId) -> Result<(), ReadError> {
    let inode = found.tree().inode(name);
    if !matches!(inode.kind, Kind::File(_)) || inode.header.mode & 0o111 == 0 {
        return Ok(());
    }
    if !elf::is_elf(&found.image.head(found.tree().inode_id(name), 4)?) {
        return Ok(());
    }
    if !found.is_readable(name, MAX_PROGRAM) {
        return Ok(());
    }
    // Of a large program only these sections are read.
    let file = FileParts::new(found.image, found.tree().inode_id(name));
    let [go, crates] = elf::sections(&file, [b".go.buildinfo", b".dep-v0"], MAX_SECTION);
    if let Some(error) = file.into_failure() {
        return Err(error);
    }
    let build = go.and_then(|section| {
        let end = section.len().min(MAX_BUILD_INFO);
        elf::go_build(&section[..end])
    });
    if let Some(build) = build {
        modules(found, name, &build);
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
            Some(json) => rust_crates(found, name, &json),
            None => found.note(name, "its list of crates cannot be read"),
        }
    }
    Ok(())
}

/// Lines of `mod`, `dep` and, for the one before it, `=>`; each with a path and a version behind
/// tabs.
fn modules(found: &mut Found<'_>, program: NameId, build: &elf::GoBuild) {
    let mut modules: Vec<(String, String)> = Vec::new();
    for line in build.modules.lines() {
        let words: Vec<&str> = line.split('\t').collect();
        match words[..] {
            ["mod" | "dep", path, version, ..] => {
                modules.push((path.to_owned(), version.to_owned()));
            }
            ["=>", path, version, ..] => {
                modules.pop();
                modules.push((path.to_owned(), version.to_owned()));
            }
            _ => {}
        }
    }
    if !build.version.is_empty() {
        let version = build.version.split(' ').next().unwrap_or_default();
        modules.push((
            "stdlib".to_owned(),
            version.trim_start_matches("go").to_owned(),
        ));
    }
    for (name, version) in modules {
        // What was built from a folder has no version.
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
        found.add(Ecosystem::Go, facts, program, vec![program]);
    }
}

/// What runs in the program; not what only its build needed.
fn rust_crates(found: &mut Found<'_>, program: NameId, json: &Value) {
    for package in json["packages"].as_array().into_iter().flatten() {
        if package["kind"].as_str().unwrap_or("runtime") != "runtime" {
            continue;
        }
        let text = |field: &str| package[field].as_str().unwrap_or_default().to_owned();
        let facts = Facts {
            name: text("name"),
            version: text("version"),
            ..Facts::default()
        };
        found.add(Ecosystem::Cargo, facts, program, vec![program]);
    }
}
