//! musl's search, rule by rule. The rules were measured with musl 1.2.3 and taken from its
//! ldso/dynlink.c.

use goblin::elf::header::EM_AARCH64;

use super::machine::Machine;
use crate::builders::elf_file::{GLIBC, MUSL, library, program};

/// musl's loader, which is its C library, with the name of its path file in it.
fn musl() -> Machine {
    let loader = [
        &library("libc.so").bytes()[..],
        b"\0%.*s/etc/ld-musl-x86_64.path\0",
    ]
    .concat();
    Machine::new().file(MUSL, loader)
}

#[test]
fn runpath_is_inherited_like_rpath() {
    let machine = musl()
        .elf("/bin/p", &program(MUSL).needs("liba.so.1").runpath("/d1"))
        .elf(
            "/d1/liba.so.1",
            &library("liba.so.1").needs("libb.so.1").runpath("/none"),
        )
        .elf("/d1/libb.so.1", &library("libb.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        [
            "p needs liba.so.1: /d1/liba.so.1 (found through the RPATH of `/bin/p`)",
            "liba.so.1 needs libb.so.1: /d1/libb.so.1 (found through the RPATH of `/bin/p`)",
        ]
    );
}

#[test]
fn library_path_is_searched_before_rpath() {
    let machine = musl()
        .elf("/bin/p", &program(MUSL).needs("liba.so.1").rpath("/d1"))
        .elf("/d1/liba.so.1", &library("liba.so.1"))
        .elf("/d2/liba.so.1", &library("liba.so.1"))
        .env("LD_LIBRARY_PATH=/d2");
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: /d2/liba.so.1 (found through `LD_LIBRARY_PATH`)"]
    );
}

#[test]
fn musl_takes_the_first_file_whatever_its_machine() {
    let machine = musl()
        .elf("/bin/p", &program(MUSL).needs("liba.so.1").rpath("/d1:/d2"))
        .elf("/d1/liba.so.1", &library("liba.so.1").machine(EM_AARCH64))
        .elf("/d2/liba.so.1", &library("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        [
            "p needs liba.so.1: /d1/liba.so.1 (found through the RPATH of `/bin/p`), but it is for another architecture"
        ]
    );
}

#[test]
fn an_unknown_token_disables_the_whole_search_path() {
    let machine = musl()
        .elf(
            "/bin/p",
            &program(MUSL).needs("liba.so.1").rpath("/$LIB:/d1"),
        )
        .elf("/d1/liba.so.1", &library("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: not in /lib /usr/local/lib /usr/lib"]
    );
}

#[test]
fn musl_ignores_sonames() {
    let machine = musl()
        .elf(
            "/bin/p",
            &program(MUSL).needs("/d1/real.so").needs("/d1/libd.so.1"),
        )
        .elf("/d1/real.so", &library("liba.so.1"))
        .elf("/d1/libd.so.1", &library("libd.so.1").needs("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p")[2],
        "libd.so.1 needs liba.so.1: not in /lib /usr/local/lib /usr/lib"
    );
}

#[test]
fn c_library_names_resolve_to_the_musl_loader() {
    let machine = musl().elf(
        "/bin/p",
        &program(MUSL)
            .needs("libc.musl-x86_64.so.1")
            .needs("libpthread.so.0")
            .needs("libcrypto.so.3"),
    );
    assert_eq!(
        machine.load("/bin/p"),
        [
            "p needs libc.musl-x86_64.so.1: /lib/ld-musl-x86_64.so.1 (the loader itself)",
            "p needs libpthread.so.0: /lib/ld-musl-x86_64.so.1 (the loader itself)",
            "p needs libcrypto.so.3: not in /lib /usr/local/lib /usr/lib",
        ]
    );
}

#[test]
fn the_musl_path_file_replaces_the_default_directories() {
    let machine = musl()
        .file("/etc/ld-musl-x86_64.path", "/d1:/d2\n/d3\n")
        .elf("/bin/p", &program(MUSL).needs("liba.so.1"))
        .elf("/lib/liba.so.1", &library("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: not in /d1 /d2 /d3"]
    );
}

#[test]
fn the_musl_path_file_is_found_relative_to_the_loader() {
    let loader = [
        &library("libc.so").bytes()[..],
        b"\0%.*s/etc/ld-musl-x86_64.path\0",
    ]
    .concat();
    let machine = Machine::new()
        .file("/opt/musl/lib/ld.so", loader)
        .file("/opt/musl/etc/ld-musl-x86_64.path", "/d1")
        .elf("/bin/p", &program("/opt/musl/lib/ld.so").needs("liba.so.1"));
    assert_eq!(machine.load("/bin/p"), ["p needs liba.so.1: not in /d1"]);
}

#[test]
fn musl_skips_empty_elements_and_has_no_hwcaps_variants() {
    let machine = musl()
        .elf("/bin/p", &program(MUSL).needs("liba.so.1").rpath(":/d1:"))
        .elf(
            "/d1/glibc-hwcaps/x86-64-v3/liba.so.1",
            &library("liba.so.1"),
        );
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: not in /d1 /lib /usr/local/lib /usr/lib"]
    );
}

#[test]
fn a_symlink_loop_ends_the_search() {
    let machine = musl()
        .elf("/bin/p", &program(MUSL).needs("liba.so.1").rpath("/d1:/d2"))
        .link("/d1/liba.so.1", "liba.so.1")
        .elf("/d2/liba.so.1", &library("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: refused, it is a symlink loop"]
    );
}

#[test]
fn a_glibc_program_on_a_musl_image_is_loaded_by_musl_rules() {
    let machine = musl()
        .link("/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1")
        .elf(
            "/bin/p",
            &program("/lib64/ld-linux-x86-64.so.2").needs("libc.so.6"),
        );
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs libc.so.6: /lib64/ld-linux-x86-64.so.2 (the loader itself)"]
    );
}

/// What Alpine's gcompat has in the place of glibc's loader.
fn with_gcompat() -> Machine {
    let stand_in = [
        &library("").bytes()[..],
        b"\0/lib/libgcompat.so.0\0--preload\0/lib/ld-musl-x86_64.so.1\0",
    ]
    .concat();
    musl()
        .file(GLIBC, stand_in)
        .elf(
            "/lib/libgcompat.so.0",
            &library("libgcompat.so.0")
                .needs("libobstack.so.1")
                .needs("libc.so"),
        )
        .elf("/usr/lib/libobstack.so.1", &library("libobstack.so.1"))
        .elf(
            "/app",
            &program(GLIBC).needs("libc.so.6").needs("liba.so.1"),
        )
        .elf("/opt/liba.so.1", &library("liba.so.1"))
        .file("/etc/ld-musl-x86_64.path", "/opt:/usr/lib")
}

#[test]
fn gcompat_starts_the_musl_loader() {
    assert_eq!(
        with_gcompat().load("/app"),
        [
            format!("app needs libc.so.6: {MUSL} (the loader itself)"),
            "app needs liba.so.1: /opt/liba.so.1 (found through the musl path file)".to_owned(),
        ]
    );
}

#[test]
fn files_that_gcompat_needs_are_kept() {
    let planned = with_gcompat().entrypoint(&["/app"]).plan();
    for path in [
        GLIBC,
        MUSL,
        "/lib/libgcompat.so.0",
        "/usr/lib/libobstack.so.1",
        "/opt/liba.so.1",
    ] {
        assert!(planned.keeps(path), "{path}");
    }
    assert_eq!(planned.unmet(), Vec::<String>::new());
}
