//! musl's rules, each measured with musl itself and compared.

use super::answer::{Answer, Question, listed, ours};
use super::build::Workshop;

const LOADER: &str = "/lib/ld-musl-x86_64.so.1";
const RPATH: &str = "-Wl,--disable-new-dtags";
const RUNPATH: &str = "-Wl,--enable-new-dtags";

fn workshop() -> Workshop {
    Workshop::new("musl-gcc")
}

fn both_with(workshop: &Workshop, program: &str, library_path: &str) -> Answer {
    let library_path = workshop.with_place(library_path);
    let theirs = listed("/", LOADER, &workshop.text(program), &library_path);
    let question = Question {
        library_path: &library_path,
        symbols: false,
    };
    let ours = ours("/", &workshop.text(program), question);
    assert!(!theirs.is_empty(), "the loader says nothing of {program}");
    assert_eq!(ours, theirs, "{program}");
    ours
}

fn both(workshop: &Workshop, program: &str) -> Answer {
    both_with(workshop, program, "")
}

fn has(workshop: &Workshop, answer: &Answer, line: &str) -> bool {
    answer.contains(&workshop.with_place(line))
}

#[test]
fn runpath_is_inherited() {
    let workshop = workshop();
    workshop.library("d1/libb.so.1", "libb.so.1", &[]);
    workshop.library(
        "d1/liba.so.1",
        "liba.so.1",
        &["@/d1/libb.so.1", RUNPATH, "-Wl,-rpath,/none"],
    );
    workshop.program("p", &["@/d1/liba.so.1", RUNPATH, "-Wl,-rpath,@/d1"]);
    assert!(has(&workshop, &both(&workshop, "p"), "@/d1/libb.so.1"));
}

fn two_places(workshop: &Workshop) {
    workshop.library("d2/liba.so.1", "liba.so.1", &[]);
    workshop.copy("d2/liba.so.1", "d1/liba.so.1");
    workshop.program("p", &["@/d2/liba.so.1", RPATH, "-Wl,-rpath,@/d1:@/d2"]);
}

#[test]
fn library_path_is_searched_before_rpath() {
    let workshop = workshop();
    two_places(&workshop);
    assert!(has(
        &workshop,
        &both_with(&workshop, "p", "@/d2"),
        "@/d2/liba.so.1"
    ));
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
fn a_file_that_is_not_an_elf_file_ends_the_search() {
    let workshop = workshop();
    two_places(&workshop);
    workshop.write("d1/liba.so.1", b"garbage");
    assert_eq!(both(&workshop, "p"), Answer::from(["refused".to_owned()]));
}

#[test]
fn an_unknown_token_disables_the_whole_search_path() {
    let workshop = workshop();
    workshop.library("d1/liba.so.1", "liba.so.1", &[]);
    workshop.program("p", &["@/d1/liba.so.1", "-Wl,-rpath,$LIB/x:@/d1"]);
    assert!(has(
        &workshop,
        &both(&workshop, "p"),
        "liba.so.1 => not found"
    ));
}

#[test]
fn musl_does_not_match_needed_entries_against_sonames() {
    let workshop = workshop();
    workshop.library("d1/real.so", "liba.so.1", &[]);
    workshop.copy("d1/real.so", "d1/liba.so.1");
    workshop.library("d1/libd.so.1", "libd.so.1", &["@/d1/liba.so.1"]);
    workshop.remove("d1/liba.so.1");
    workshop.program("p", &[]);
    workshop.patch("p", &["--add-needed", "@/d1/libd.so.1"]);
    workshop.patch("p", &["--add-needed", "@/d1/real.so"]);
    assert!(has(
        &workshop,
        &both(&workshop, "p"),
        "liba.so.1 => not found"
    ));
}
