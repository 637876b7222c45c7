//! Dependencies that compilers record in programs: Go modules, and Rust crates if the program was
//! built with cargo-auditable.

use std::io::Read as _;

use serde::Deserialize;

use super::ecosystem::{Description, PurlName, Reader};
use super::{Ecosystem, Facts, FileParts, Scan};
use crate::elf;
use crate::image::{Image, InodeId, Kind, NameId, ReadError};

/// Largest list of crates, in bytes after decompression: thousands of crates take less than one.
const MAX_CRATES: u64 = 8 << 20;
/// Maximum total size of all lists of crates of an image, in bytes after decompression.
pub(super) const ALL_CRATES: u64 = 64 << 20;
/// Largest program, in bytes.
const MAX_PROGRAM: u64 = 8 << 30;
/// Maximum number of bytes that are read of a section.
const MAX_SECTION: usize = 16 << 20;
/// Maximum number of bytes of Go's section that are searched. The module list is at its start.
const MAX_BUILD_INFO: usize = 4 << 20;

/// Described for the list of ecosystems.
pub(super) const GO: Description = Description {
    read: Reader::Content(read),
    purl_type: "golang",
    purl_name: PurlName::SplitAt('/'),
    osv: Some("Go"),
    osv_version: go_version,
    ..Description::USUAL
};

/// Described for the list of ecosystems.
pub(super) const CARGO: Description = Description {
    purl_type: "cargo",
    osv: Some("crates.io"),
    ..Description::USUAL
};

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
    if let Some(build) = build_of_section(go)
        && scan.budget.take_text(name, build.modules.len() as u64)
    {
        modules(scan, name, &build);
    }
    if let Some(crates) = crates {
        rust_crates(scan, name, &crates);
    }
    Ok(())
}

/// The build information of a file, if it is a Go program.
pub(super) fn go_build(image: &Image, inode: InodeId) -> Result<Option<elf::GoBuild>, ReadError> {
    if !elf::is_elf(&image.head(inode, 4)?) {
        return Ok(None);
    }
    let file = FileParts::new(image, inode);
    let [go] = elf::sections(&file, [b".go.buildinfo"], MAX_SECTION);
    match file.into_failure() {
        Some(error) => Err(error),
        None => Ok(build_of_section(go)),
    }
}

fn build_of_section(section: Option<Vec<u8>>) -> Option<elf::GoBuild> {
    let section = section?;
    elf::go_build(&section[..section.len().min(MAX_BUILD_INFO)])
}

/// Adds the modules of Go's build information: lines of `mod`, `dep` and, for the one before it,
/// `=>`; each with a path and a version, separated by tabs.
fn modules(scan: &mut Scan<'_>, program: NameId, build: &elf::GoBuild) {
    let mut modules: Vec<(String, String)> = Vec::new();
    for line in build.modules.lines() {
        // The checksum follows, and in a hostile list any number of further words.
        let words: Vec<&str> = line.split('\t').take(3).collect();
        match words[..] {
            ["mod" | "dep", path, version] => {
                modules.push((path.to_owned(), version.to_owned()));
            }
            // A `replace` directive: the module before it was not built in.
            ["=>", path, version] => {
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

/// Returns the version of a module in the form of OSV's records.
fn go_version(name: &str, version: &str) -> String {
    // The toolchain's versions are not semantic versions, but vulnerability records treat them as
    // such.
    if name == "stdlib" {
        go_release(version)
    } else {
        version.trim_start_matches('v').to_owned()
    }
}

/// Turns a version of Go's toolchain into a semantic version: `1.22rc1` is `1.22.0-rc.1`.
fn go_release(version: &str) -> String {
    let end = version
        .find(|letter: char| letter != '.' && !letter.is_ascii_digit())
        .unwrap_or(version.len());
    let (numbers, rest) = version.split_at(end);
    // The first release of a series had no patch number before Go 1.21.
    let numbers = if numbers.matches('.').count() == 1 {
        format!("{numbers}.0")
    } else {
        numbers.to_owned()
    };
    let digits = rest
        .find(|letter: char| letter.is_ascii_digit())
        .unwrap_or(rest.len());
    match rest.split_at(digits) {
        (word @ ("rc" | "beta"), number) => format!("{numbers}-{word}.{number}"),
        _ => numbers,
    }
}

/// The list of crates that cargo-auditable writes, as far as it is used.
#[derive(Deserialize)]
struct CrateList {
    packages: Vec<CratePackage>,
}

#[derive(Deserialize)]
struct CratePackage {
    name: String,
    version: String,
    kind: Option<String>,
}

/// Adds the crates that are linked into the program. Their list is compressed.
fn rust_crates(scan: &mut Scan<'_>, program: NameId, compressed: &[u8]) {
    let mut json = Vec::new();
    let inflated = flate2::read::ZlibDecoder::new(compressed)
        .take(MAX_CRATES.min(scan.inflatable_crates))
        .read_to_end(&mut json);
    // A few kilobytes in each of many programs could inflate to megabytes each time.
    scan.inflatable_crates -= json.len() as u64;
    if scan.inflatable_crates == 0 {
        let text = "crate lists exceed the decompression limit: not all of them were read";
        return scan.note(program, text);
    }
    let list = match inflated {
        Ok(_) => serde_json::from_slice::<CrateList>(&json).ok(),
        Err(_) => None,
    };
    let Some(list) = list else {
        return scan.note(program, "invalid crate list");
    };
    for package in list.packages {
        // Build scripts and procedural macros ran on the machine that built the program. The field
        // is left out for all others.
        if package.kind.is_some_and(|kind| kind != "runtime") {
            continue;
        }
        let facts = Facts {
            name: package.name,
            version: package.version,
            ..Facts::default()
        };
        scan.add(Ecosystem::Cargo, facts, program, vec![program]);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::image::{Options, Silent};
    use crate::packages::Distribution;

    fn compressed(json: &[u8]) -> Vec<u8> {
        let level = flate2::Compression::fast();
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
        encoder.write_all(json).unwrap();
        encoder.finish().unwrap()
    }

    fn empty_image() -> Image {
        let directory = tempfile::tempdir().unwrap();
        let reference = format!("rootfs:{}", directory.path().display());
        let reference = reference.parse().unwrap();
        Image::open(&reference, &Options::default(), &Silent).unwrap()
    }

    #[test]
    fn embedded_crate_lists_share_the_decompression_limit() {
        let (image, distribution) = (empty_image(), Distribution::default());
        let mut scan = Scan::new(&image, &distribution);
        let json = br#"{"packages": [
            {"name": "a", "version": "1.0.0", "source": "crates.io", "dependencies": [1]},
            {"name": "b", "version": "2.0.0", "kind": "runtime", "root": true},
            {"name": "c", "version": "3.0.0", "kind": "build"}]}"#;
        let list = compressed(json);
        rust_crates(&mut scan, NameId::ROOT, &list);
        let names: Vec<_> = scan.list.iter().map(|package| &package.name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(scan.inflatable_crates, ALL_CRATES - json.len() as u64);
        scan.inflatable_crates = 10;
        rust_crates(&mut scan, NameId::ROOT, &list);
        assert_eq!((scan.list.len(), scan.inflatable_crates), (2, 0));
        assert!(scan.notes[0].text.contains("decompression limit"));
    }

    #[test]
    fn a_list_of_crates_with_other_fields_is_invalid() {
        let (image, distribution) = (empty_image(), Distribution::default());
        for json in [
            &b"[]"[..],
            b"{",
            br#"{"packages": [{}]}"#,
            br#"{"packages": [{"name": 1, "version": "1"}]}"#,
        ] {
            let mut scan = Scan::new(&image, &distribution);
            rust_crates(&mut scan, NameId::ROOT, &compressed(json));
            assert_eq!(scan.notes[0].text, "invalid crate list");
        }
    }
}
