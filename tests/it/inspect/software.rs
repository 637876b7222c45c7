//! Programs without a package manager, each in an excerpt of a real file.

use jettison::packages::{self, Package};
use serde::Deserialize;

use crate::builders::images::{Tar, layer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    software: String,
    version: String,
    /// Where the file is from, or the part of the sources that the excerpt follows.
    source: String,
    path: String,
    #[serde(default)]
    bytes: String,
    /// Lines of a Go program's build information.
    #[serde(default)]
    go: Vec<String>,
}

fn cases() -> Vec<Case> {
    let text = include_str!("../../../testdata/packages/software.toml");
    toml::from_str::<Cases>(text).expect("the cases").case
}

/// A program with a section for Go's build information, and some data.
fn go_program(lines: &[String], data: &[u8]) -> Vec<u8> {
    const NAMES: &[u8] = b"\0.go.buildinfo\0.shstrtab\0";
    let modules = format!("{}{}\n{}", "<".repeat(16), lines.join("\n"), ">".repeat(16));
    let mut info = b"\xff Go buildinf:\x08\x02".to_vec();
    info.resize(32, 0);
    for text in ["go1.22.1", &modules] {
        let length = text.len();
        // A length of two bytes of seven bits is enough for both.
        // Two groups of seven bits, the lower ones first.
        let group = |shift: u32| u8::try_from((length >> shift) & 0x7f).expect("it has seven bits");
        info.extend([group(0) | 0x80, group(7)]);
        info.extend(text.bytes());
    }
    let sections = 64 + info.len() + NAMES.len();
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec();
    elf.extend([0; 16]);
    elf.extend((sections as u64).to_le_bytes());
    elf.extend([0; 4]);
    for number in [64_u16, 56, 0, 64, 3, 2] {
        elf.extend(number.to_le_bytes());
    }
    elf.extend(&info);
    elf.extend(NAMES);
    let places = [
        (0, 0, 0, 0),
        (1, 1, 64, info.len()),
        (15, 3, 64 + info.len(), NAMES.len()),
    ];
    for (name, kind, offset, size) in places {
        elf.extend(u32::to_le_bytes(name));
        elf.extend(u32::to_le_bytes(kind));
        elf.extend([0; 16]);
        elf.extend((offset as u64).to_le_bytes());
        elf.extend((size as u64).to_le_bytes());
        elf.extend([0; 24]);
    }
    elf.extend(data);
    elf
}

fn content(case: &Case) -> Vec<u8> {
    if case.go.is_empty() {
        case.bytes.clone().into_bytes()
    } else {
        go_program(&case.go, case.bytes.as_bytes())
    }
}

fn software_of(tar: Tar) -> Vec<Package> {
    let mut list = packages::read(&layer(tar)).expect("packages").list;
    list.retain(|package| package.ecosystem == packages::Ecosystem::Software);
    list
}

#[test]
fn software_is_recognized_in_excerpts_of_real_files() {
    for case in cases() {
        let found = software_of(Tar::new().file(&case.path, &content(&case)));
        let found: Vec<_> = found
            .iter()
            .map(|one| (&*one.name, &*one.version))
            .collect();
        let expected = [(&*case.software, &*case.version)];
        assert_eq!(found, expected, "{} ({})", case.path, case.source);
    }
}

#[test]
fn every_row_of_software_has_a_case() {
    let cases = cases();
    for name in jettison::knowledge::software_names() {
        assert!(cases.iter().any(|case| case.software == name), "{name}");
    }
}

const NODE: &[u8] = b"\x7fELF node.js/v18.20.4\0";

#[test]
fn files_of_one_program_are_one_package() {
    let python = b"\0%.80s\x003.12.1\0";
    let tar = Tar::new()
        .file("usr/local/lib/libpython3.12.so.1.0", python)
        .file("usr/local/bin/python3.12", python)
        .file("opt/python/bin/python3.11", b"\x003.11.7\0");
    let found = software_of(tar);
    let found: Vec<_> = found
        .iter()
        .map(|one| (&*one.purl, one.files.len(), one.cpe().expect("a name")))
        .collect();
    let cpe = |version| format!("cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*");
    assert_eq!(
        found,
        [
            ("pkg:generic/python@3.11.7", 1, cpe("3.11.7")),
            ("pkg:generic/python@3.12.1", 2, cpe("3.12.1")),
        ]
    );
}

#[test]
fn files_of_a_distribution_are_not_recognized_again() {
    let tar = Tar::new()
        .file(
            "var/lib/dpkg/status",
            b"Package: nodejs\nStatus: install ok installed\nVersion: 18.20.4\n",
        )
        .file("var/lib/dpkg/info/nodejs.list", b"/usr/bin/node\n")
        .file("usr/bin/node", NODE)
        .hard_link("usr/local/bin/node", "usr/bin/node")
        .file("opt/node/bin/node", NODE);
    let image = layer(tar);
    let packages = packages::read(&image).expect("packages");
    let [_, node] = &packages.list[..] else {
        panic!("{:?}", packages.list);
    };
    assert_eq!(image.tree.path(node.record), b"/opt/node/bin/node");
}

#[test]
fn a_version_is_found_at_the_border_of_two_windows() {
    const WINDOW: usize = 1 << 20;
    let text = b"node.js/v18.20.4\0";
    for before in WINDOW - text.len() - 2..WINDOW + 2 {
        // Every fourth place: whole tests of windows take their time without optimization.
        if before % 4 != 0 {
            continue;
        }
        let mut program = vec![b'x'; before];
        program.extend(text);
        program.extend([b'x'; 100]);
        let found = software_of(Tar::new().file("usr/local/bin/node", &program));
        assert_eq!(found[0].version, "18.20.4", "{before}");
    }
}

#[test]
fn names_without_the_program_are_no_software() {
    let tar = Tar::new()
        .file("usr/local/bin/node", b"#!/bin/sh\nexec nodejs \"$@\"\n")
        .file("etc/release", b"JAVA\n")
        .file("app/VERSION", b"go1.22.1\n")
        .symlink("usr/local/bin/ruby", "ruby3.1")
        .file("usr/local/bin/terraform", b"\x001.2.3\n")
        .file(
            "usr/local/lib/libpython3.8.so",
            b"\x003.12.1\0".repeat(2000).as_slice(),
        );
    assert_eq!(software_of(tar), []);
}
