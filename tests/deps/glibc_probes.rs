//! glibc's rules, each measured with the loader of this machine and compared.

use std::fs;

use super::answer::{Answer, Question, ours, traced};
use super::build::Workshop;

const RPATH: &str = "-Wl,--disable-new-dtags";
const RUNPATH: &str = "-Wl,--enable-new-dtags";

fn workshop() -> Workshop {
    Workshop::new("cc")
}

/// The result of both, which must be the same. `@` is the workshop.
fn both_asked(workshop: &Workshop, program: &str, question: Question<'_>) -> Answer {
    let library_path = workshop.with_place(question.library_path);
    let question = Question {
        library_path: &library_path,
        ..question
    };
    let theirs = traced(&workshop.path(program), question);
    assert!(!theirs.is_empty(), "the loader says nothing of {program}");
    assert_eq!(
        ours("/", &workshop.text(program), question),
        theirs,
        "{program}"
    );
    theirs
}

fn both(workshop: &Workshop, program: &str) -> Answer {
    both_asked(workshop, program, Question::default())
}

fn has(workshop: &Workshop, answer: &Answer, line: &str) -> bool {
    answer.contains(&workshop.with_place(line))
}

/// A program that needs a library that needs another one next to it.
fn chain(workshop: &Workshop, of_a: &[&str]) {
    workshop.library("d1/libb.so.1", "libb.so.1", &[]);
    workshop.library(
        "d1/liba.so.1",
        "liba.so.1",
        &[&["@/d1/libb.so.1"], of_a].concat(),
    );
}

#[test]
fn rpath_is_inherited() {
    let workshop = workshop();
    chain(&workshop, &[]);
    workshop.program("p", &["@/d1/liba.so.1", RPATH, "-Wl,-rpath,@/d1"]);
    assert!(has(&workshop, &both(&workshop, "p"), "@/d1/libb.so.1"));
}

#[test]
fn runpath_is_not_inherited() {
    let workshop = workshop();
    chain(&workshop, &[]);
    workshop.program("p", &["@/d1/liba.so.1", RUNPATH, "-Wl,-rpath,@/d1"]);
    assert!(has(
        &workshop,
        &both(&workshop, "p"),
        "libb.so.1 => not found"
    ));
}

#[test]
fn a_runpath_disables_the_rpath_of_the_program() {
    let workshop = workshop();
    chain(&workshop, &[RUNPATH, "-Wl,-rpath,/none"]);
    workshop.program("p", &["@/d1/liba.so.1", RPATH, "-Wl,-rpath,@/d1"]);
    assert!(has(
        &workshop,
        &both(&workshop, "p"),
        "libb.so.1 => not found"
    ));
}

#[test]
fn rpath_reaches_the_grandchildren_of_a_library() {
    let workshop = workshop();
    workshop.library("d2/libc1.so.1", "libc1.so.1", &[]);
    workshop.library("d2/libb.so.1", "libb.so.1", &["@/d2/libc1.so.1"]);
    workshop.library(
        "d1/liba.so.1",
        "liba.so.1",
        &["@/d2/libb.so.1", RPATH, "-Wl,-rpath,@/d2"],
    );
    workshop.program("p", &["@/d1/liba.so.1", RUNPATH, "-Wl,-rpath,@/d1"]);
    assert!(has(&workshop, &both(&workshop, "p"), "@/d2/libc1.so.1"));
}

#[test]
fn the_soname_of_a_loaded_library_satisfies_a_need() {
    let workshop = workshop();
    workshop.library("d1/real.so", "liba.so.1", &[]);
    workshop.copy("d1/real.so", "d1/liba.so.1");
    workshop.library("d1/libd.so.1", "libd.so.1", &["@/d1/liba.so.1"]);
    workshop.remove("d1/liba.so.1");
    workshop.program("p", &[]);
    workshop.patch("p", &["--add-needed", "@/d1/libd.so.1"]);
    workshop.patch("p", &["--add-needed", "@/d1/real.so"]);
    let answer = both(&workshop, "p");
    assert!(
        has(&workshop, &answer, "@/d1/real.so")
            && !has(&workshop, &answer, "liba.so.1 => not found")
    );
}

/// A library in `d2`, and a program that searches `d1` first, where there is a copy.
fn two_places(workshop: &Workshop) {
    workshop.library("d2/liba.so.1", "liba.so.1", &[]);
    workshop.copy("d2/liba.so.1", "d1/liba.so.1");
    workshop.program("p", &["@/d2/liba.so.1", RUNPATH, "-Wl,-rpath,@/d1:@/d2"]);
}

#[test]
fn a_library_for_another_machine_or_class_is_skipped() {
    for (offset, byte) in [(18, 3), (4, 1)] {
        let workshop = workshop();
        two_places(&workshop);
        workshop.poke("d1/liba.so.1", offset, byte);
        assert!(
            has(&workshop, &both(&workshop, "p"), "@/d2/liba.so.1"),
            "byte {offset}"
        );
    }
}

#[test]
fn a_library_with_another_byte_order_or_abi_is_refused() {
    for (offset, byte) in [(5, 2), (7, 9), (8, 77)] {
        let workshop = workshop();
        two_places(&workshop);
        workshop.poke("d1/liba.so.1", offset, byte);
        assert_eq!(
            both(&workshop, "p"),
            Answer::from(["refused".to_owned()]),
            "byte {offset}"
        );
    }
}

#[test]
fn an_abi_note_for_another_system_is_treated_as_the_loader_does() {
    let workshop = workshop();
    let note = "__asm__(\".section .note.ABI-tag,\\\"a\\\",@note\\n.balign 4\\n.long 4,16,1\\n.asciz \\\"GNU\\\"\\n\
                .long 2,99,0,0\\n.previous\\n\"); int a;";
    workshop.library_of("d1/liba.so.1", note, &["-Wl,-soname,liba.so.1"]);
    workshop.library("d2/liba.so.1", "liba.so.1", &[]);
    workshop.program("p", &["@/d2/liba.so.1", RUNPATH, "-Wl,-rpath,@/d1:@/d2"]);
    both(&workshop, "p");
}

#[test]
fn a_file_that_is_not_a_library_ends_the_search() {
    let workshop = workshop();
    two_places(&workshop);
    for content in [&b"garbage text"[..], b""] {
        workshop.write("d1/liba.so.1", content);
        assert_eq!(both(&workshop, "p"), Answer::from(["refused".to_owned()]));
    }
    workshop.remove("d1/liba.so.1");
    fs::create_dir(workshop.path("d1/liba.so.1")).unwrap();
    assert_eq!(both(&workshop, "p"), Answer::from(["refused".to_owned()]));
}

#[test]
fn a_dangling_symlink_is_skipped() {
    let workshop = workshop();
    two_places(&workshop);
    workshop.remove("d1/liba.so.1");
    workshop.link("d1/liba.so.1", "/none");
    assert!(has(&workshop, &both(&workshop, "p"), "@/d2/liba.so.1"));
}

#[test]
fn origin_of_a_program_is_its_real_directory() {
    let workshop = workshop();
    workshop.library("real/lib/liba.so.1", "liba.so.1", &[]);
    workshop.program(
        "real/bin/p",
        &["@/real/lib/liba.so.1", "-Wl,-rpath,$ORIGIN/../lib"],
    );
    workshop.link("link/p", "../real/bin/p");
    assert!(has(
        &workshop,
        &both(&workshop, "link/p"),
        "@/real/bin/../lib/liba.so.1"
    ));
}

#[test]
fn origin_of_a_library_is_the_directory_it_was_opened_in() {
    let workshop = workshop();
    workshop.library("real/libb.so.1", "libb.so.1", &[]);
    workshop.library(
        "real/liba.so.1",
        "liba.so.1",
        &["@/real/libb.so.1", RUNPATH, "-Wl,-rpath,$ORIGIN"],
    );
    workshop.link("links/liba.so.1", "../real/liba.so.1");
    workshop.program("p", &["@/links/liba.so.1", "-Wl,-rpath,@/links"]);
    assert!(has(
        &workshop,
        &both(&workshop, "p"),
        "libb.so.1 => not found"
    ));
}

#[test]
fn lib_and_platform_tokens_expand_as_in_the_loader() {
    let workshop = workshop();
    for directory in ["lib/x86_64-linux-gnu", "lib64", "x86_64", "haswell"] {
        workshop.library(&format!("{directory}/liba.so.1"), "liba.so.1", &[]);
    }
    workshop.program("lib_token", &["@/lib64/liba.so.1", "-Wl,-rpath,@/$LIB"]);
    workshop.program(
        "platform_token",
        &["@/lib64/liba.so.1", "-Wl,-rpath,@/${PLATFORM}"],
    );
    both(&workshop, "lib_token");
    both(&workshop, "platform_token");
}

#[test]
fn a_needed_entry_may_contain_origin() {
    let workshop = workshop();
    workshop.library("lib/liba.so.1", "liba.so.1", &[]);
    workshop.program("p", &[]);
    workshop.patch("p", &["--add-needed", "$ORIGIN/lib/liba.so.1"]);
    assert!(has(&workshop, &both(&workshop, "p"), "@/lib/liba.so.1"));
}

#[test]
fn library_path_is_searched_after_rpath_and_before_runpath() {
    let workshop = workshop();
    two_places(&workshop);
    workshop.program("rpath", &["@/d1/liba.so.1", RPATH, "-Wl,-rpath,@/d1"]);
    workshop.program("runpath", &["@/d1/liba.so.1", RUNPATH, "-Wl,-rpath,@/d1"]);
    let question = Question {
        library_path: "@/none;@/d2",
        ..Question::default()
    };
    assert!(has(
        &workshop,
        &both_asked(&workshop, "rpath", question),
        "@/d1/liba.so.1"
    ));
    assert!(has(
        &workshop,
        &both_asked(&workshop, "runpath", question),
        "@/d2/liba.so.1"
    ));
}

#[test]
fn hwcaps_directories_this_processor_supports_come_first() {
    let workshop = workshop();
    two_places(&workshop);
    for level in ["x86-64-v2", "x86-64-v3", "x86-64-v4", "unknown"] {
        workshop.copy(
            "d2/liba.so.1",
            &format!("d1/glibc-hwcaps/{level}/liba.so.1"),
        );
        both(&workshop, "p");
    }
}

#[test]
fn older_loaders_search_legacy_hwcaps_directories() {
    let workshop = workshop();
    two_places(&workshop);
    for directory in [
        "x86_64",
        "avx512_1",
        "x86_64/x86_64",
        "haswell",
        "tls",
        "haswell/x86_64",
        "tls/x86_64",
    ] {
        workshop.copy("d2/liba.so.1", &format!("d1/{directory}/liba.so.1"));
        both(&workshop, "p");
    }
}

#[test]
fn an_empty_element_is_the_working_directory() {
    let workshop = workshop();
    workshop.library("liba.so.1", "liba.so.1", &[]);
    workshop.program("p", &["@/liba.so.1", "-Wl,-rpath,/none:"]);
    assert!(has(
        &workshop,
        &both(&workshop, "p"),
        "liba.so.1 => not found"
    ));
}

#[test]
fn nodefaultlib_skips_the_default_directories() {
    let workshop = workshop();
    workshop.program("p", &["-lm", "-Wl,-z,nodefaultlib"]);
    both(&workshop, "p");
}

#[test]
fn filter_libraries_are_loaded() {
    let workshop = workshop();
    workshop.library("d1/libf.so.1", "libf.so.1", &[]);
    workshop.library("d1/libx.so.1", "libx.so.1", &[]);
    workshop.library(
        "d1/liba.so.1",
        "liba.so.1",
        &["-Wl,-F,libf.so.1", RUNPATH, "-Wl,-rpath,@/d1"],
    );
    workshop.library(
        "d1/libb.so.1",
        "libb.so.1",
        &["-Wl,-f,libx.so.1", "-Wl,-rpath,@/d1"],
    );
    workshop.program(
        "p",
        &["@/d1/liba.so.1", "@/d1/libb.so.1", "-Wl,-rpath,@/d1"],
    );
    let answer = both(&workshop, "p");
    assert!(has(&workshop, &answer, "@/d1/libf.so.1") && has(&workshop, &answer, "@/d1/libx.so.1"));
}

#[test]
fn a_symbol_version_that_a_library_no_longer_defines_is_reported() {
    let workshop = workshop();
    let source = "int a(void) { return 1; }";
    workshop.write("both.map", b"A_1 { global: other; }; A_2 { global: a; };");
    workshop.write("first.map", b"A_1 { global: a; };");
    workshop.library_of(
        "d1/liba.so.1",
        source,
        &["-Wl,-soname,liba.so.1", "-Wl,--version-script=@/both.map"],
    );
    workshop.program_of(
        "p",
        "int a(void); int main(void) { return a(); }",
        &["@/d1/liba.so.1", "-Wl,-rpath,@/d1"],
    );
    both(&workshop, "p");
    workshop.library_of(
        "d1/liba.so.1",
        source,
        &["-Wl,-soname,liba.so.1", "-Wl,--version-script=@/first.map"],
    );
    assert!(has(
        &workshop,
        &both(&workshop, "p"),
        "version A_2 of @/d1/liba.so.1 for @/p"
    ));
}

#[test]
fn an_undefined_symbol_is_reported_on_request() {
    let workshop = workshop();
    workshop.library_of(
        "d1/liba.so.1",
        "int a(void) { return 1; }",
        &["-Wl,-soname,liba.so.1"],
    );
    let source = "int a(void); __attribute__((weak)) int w(void); int main(void) { return a() + (w ? w() : 0); }";
    workshop.program_of("p", source, &["@/d1/liba.so.1", "-Wl,-rpath,@/d1"]);
    workshop.library_of(
        "d1/liba.so.1",
        "int b(void) { return 1; }",
        &["-Wl,-soname,liba.so.1"],
    );
    let answer = both_asked(
        &workshop,
        "p",
        Question {
            symbols: true,
            ..Question::default()
        },
    );
    assert!(has(&workshop, &answer, "symbol a for @/p"));
}
