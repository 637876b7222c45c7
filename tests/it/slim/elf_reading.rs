//! Parsing of ELF files: complete, truncated and corrupted.

use goblin::elf::header::EM_PPC;
use jettison::elf::{self, ElfError, Endian, Type, VersionNeed};
use proptest::prelude::*;

use crate::builders::elf_file::{ElfFile, GLIBC, library, program};

fn imports(file: &ElfFile) -> Vec<String> {
    let bytes = file.bytes();
    let elf = elf::parse(&bytes).unwrap();
    elf.imports(&bytes)
        .map(|name| String::from_utf8(name.to_vec()).unwrap())
        .collect()
}

fn rich() -> ElfFile {
    program(GLIBC)
        .needs("libb.so.1")
        .needs("libc.so.6")
        .rpath("/a:$ORIGIN")
        .runpath("/b")
        .imports("pthread_exit")
        .imports("puts")
        .exports("main")
        .exports("other")
        .wants_version("libc.so.6", &["GLIBC_2.2.5", "GLIBC_2.34"])
        .wants_version("libb.so.1", &["B_1"])
        .defines_version("P_1")
        .defines_version("P_2")
}

#[test]
fn every_fact_of_an_elf_program_is_read() {
    const PIE: u64 = 0x0800_0000;
    const NODEFLIB: u64 = 0x800;
    let elf = elf::parse(&rich().flags_1(PIE | NODEFLIB).bytes()).unwrap();
    assert!(
        elf.is_64 && elf.is_dynamic && elf.is_pie && elf.no_default_directories && !elf.is_static()
    );
    assert_eq!((elf.kind, elf.endian), (Type::Executable, Endian::Little));
    assert_eq!(elf.interpreter.as_deref(), Some(GLIBC.as_bytes()));
    assert_eq!(elf.needed, [b"libb.so.1", b"libc.so.6"]);
    assert_eq!(elf.rpath.as_deref(), Some(&b"/a:$ORIGIN"[..]));
    assert_eq!(elf.runpath.as_deref(), Some(&b"/b"[..]));
}

#[test]
fn facts_are_the_same_in_both_classes_and_byte_orders() {
    for file in [
        rich(),
        rich().bits_32(),
        rich().big_endian(),
        rich().bits_32().big_endian(),
        rich().bits_32().big_endian().with_old_hash(),
    ] {
        let file = file.machine(EM_PPC);
        let bytes = file.bytes();
        let elf = elf::parse(&bytes).unwrap();
        assert_eq!(elf.needed, [b"libb.so.1", b"libc.so.6"]);
        assert_eq!(imports(&file), ["pthread_exit", "puts"]);
        assert_eq!(elf.versions(&bytes).definitions, [b"P_1", b"P_2"]);
    }
}

#[test]
fn imports_are_read_through_either_hash_table() {
    let only_imports = library("").imports("a").imports("b");
    assert_eq!(imports(&only_imports), ["a", "b"]);
    assert_eq!(imports(&only_imports.with_old_hash()), ["a", "b"]);
    assert_eq!(imports(&rich().with_old_hash()), ["pthread_exit", "puts"]);
    assert_eq!(imports(&library("").exports("a")), Vec::<String>::new());
}

#[test]
fn symbol_versions_are_read_in_file_order() {
    let bytes = rich().bytes();
    let versions = elf::parse(&bytes).unwrap().versions(&bytes);
    let need = |library: &str, versions: &[&str]| VersionNeed {
        library: library.into(),
        versions: versions.iter().map(|&version| version.into()).collect(),
    };
    assert_eq!(
        versions.needs,
        [
            need("libc.so.6", &["GLIBC_2.2.5", "GLIBC_2.34"]),
            need("libb.so.1", &["B_1"])
        ]
    );
}

#[test]
fn a_program_without_loader_is_static_and_a_library_is_not() {
    const PIE: u64 = 0x0800_0000;
    let is_static = |file: ElfFile| elf::parse(&file.bytes()).unwrap().is_static();
    assert!(
        !is_static(library("").fixed()),
        "nothing says that it is a program"
    );
    assert!(is_static(library("").flags_1(PIE)));
    assert!(!is_static(library("liba.so.1")));
    assert!(!is_static(program(GLIBC)));
}

#[test]
fn files_that_are_truncated_or_not_elf_are_errors() {
    assert_eq!(elf::parse(b""), Err(ElfError::Magic));
    assert_eq!(elf::parse(b"#!/bin/sh"), Err(ElfError::Magic));
    assert_eq!(elf::parse(b"\x7fELF"), Err(ElfError::Header));
    let bytes = rich().bytes();
    assert_eq!(elf::parse(&bytes[..64]), Err(ElfError::ProgramHeaders));
    for length in 4..bytes.len() {
        assert!(
            elf::parse(&bytes[..length]).is_err(),
            "at {length} of {}",
            bytes.len()
        );
    }
}

#[test]
fn the_names_in_a_dynamic_section_are_limited() {
    let named =
        |count, length| (0..count).fold(library(""), |file, _| file.needs(&"x".repeat(length)));
    assert_eq!(
        elf::parse(&named(400, 4000).bytes()),
        Err(ElfError::TooLong)
    );
    assert_eq!(elf::parse(&named(5000, 1).bytes()), Err(ElfError::TooLong));
    assert_eq!(
        elf::parse(&named(1000, 100).bytes()).unwrap().needed.len(),
        1000
    );
}

proptest! {
    /// Reads everything there is to read. Nothing of it may panic, hang or fill the memory.
    #[test]
    fn a_corrupted_file_gives_an_error_or_facts(
        class in any::<bool>(),
        order in any::<bool>(),
        old_hash in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        words in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![0, 1, u64::MAX, 1 << 63, 1 << 32, 0xffff_ffff, 0x7fff_ffff])), 0..6),
        length in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut file = rich();
        if class { file = file.bits_32(); }
        if order { file = file.big_endian(); }
        if old_hash { file = file.with_old_hash(); }
        let mut bytes = file.bytes();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        for (place, word) in words {
            let place = place.index(bytes.len() / 8) * 8;
            bytes[place..place + 8].copy_from_slice(&word.to_le_bytes());
        }
        if cut {
            bytes.truncate(length.index(bytes.len()));
        }
        if let Ok(elf) = elf::parse(&bytes) {
            let strings: usize = elf.needed.iter().map(Vec::len).sum();
            prop_assert!(strings <= 1 << 20);
            prop_assert!(elf.imports(&bytes).count() <= bytes.len());
            let versions = elf.versions(&bytes);
            prop_assert!(versions.needs.len() + versions.definitions.len() <= 1 << 14);
        }
    }
}
