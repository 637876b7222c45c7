//! Compiler options are detected in the resulting files.

use std::fs;

use jettison::elf::{self, Facts, Hardening, Relro};

use super::build::Workshop;

fn facts_of(source: &str, arguments: &[&str]) -> Facts {
    let workshop = Workshop::new("cc");
    workshop.program_of("p", source, arguments);
    let bytes = fs::read(workshop.path("p")).unwrap();
    elf::facts(&elf::parse(&bytes).unwrap(), &bytes).unwrap()
}

const SOURCE: &str = r"
    #include <dlfcn.h>
    #include <string.h>
    char copy[9];
    int main(int count, char **words) {
        char text[64];
        strcpy(text, words[count - 1]);
        strcpy(copy, words[0]);
        return dlopen(text, 1) != 0;
    }";

#[test]
fn hardening_facts_match_the_compiler_flags() {
    let hard = [
        "-O2",
        "-D_FORTIFY_SOURCE=2",
        "-fstack-protector-all",
        "-pie",
        "-Wl,-z,relro,-z,now",
    ];
    let facts = facts_of(
        SOURCE,
        &[&hard[..], &["-Wl,--build-id=0xabcd", "-s"]].concat(),
    );
    let all = Hardening {
        is_pie: true,
        relro: Relro::Full,
        no_executable_stack: true,
        stack_protector: true,
        fortify: true,
    };
    assert_eq!(facts.hardening, all);
    assert_eq!(facts.build_id.as_deref(), Some(&[0xab, 0xcd][..]));
    assert!(facts.imports_dlopen && facts.is_stripped);
    let soft = [
        "-O0",
        "-U_FORTIFY_SOURCE",
        "-fno-stack-protector",
        "-no-pie",
        "-Wl,-z,norelro,-z,execstack",
    ];
    let facts = facts_of("int main(void) { return 0; }", &soft);
    let none = Hardening {
        is_pie: false,
        relro: Relro::None,
        no_executable_stack: false,
        stack_protector: false,
        fortify: false,
    };
    assert_eq!(facts.hardening, none);
    assert!(!facts.imports_dlopen && !facts.is_stripped);
}

#[test]
fn libraries_named_in_a_dlopen_note_are_found() {
    let note = r#"__asm__(".section .note.dlopen,\"a\",@note\n.balign 4\n.long 4, 1f-0f, 0x407c0c0a\n.asciz \"FDO\"\n"
        "0: .asciz \"[{\\\"soname\\\":[\\\"libz.so.1\\\"],\\\"priority\\\":\\\"suggested\\\"}]\"\n1: .balign 4\n"
        ".previous\n"); int main(void) { return 0; }"#;
    let facts = facts_of(note, &[]);
    assert_eq!(facts.may_open[0].soname, ["libz.so.1"]);
    assert_eq!(facts.may_open[0].priority, elf::Priority::Suggested);
}
