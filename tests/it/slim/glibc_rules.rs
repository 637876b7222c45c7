//! glibc's search, rule by rule. The rules were measured with glibc 2.36 and programs built for
//! each.

use goblin::elf::header::{EM_386, EM_AARCH64};

use super::machine::Machine;
use crate::builders::elf_file::{GLIBC, library, program};

const DEFAULT: &str =
    "/lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu /lib64 /usr/lib64 /lib /usr/lib";

#[test]
fn rpath_is_inherited() {
    let machine = Machine::new()
        .elf("/bin/p", &program(GLIBC).needs("liba.so.1").rpath("/d1"))
        .elf("/d1/liba.so.1", &library("liba.so.1").needs("libb.so.1"))
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
fn runpath_is_not_inherited() {
    let machine = Machine::new()
        .elf("/bin/p", &program(GLIBC).needs("liba.so.1").runpath("/d1"))
        .elf("/d1/liba.so.1", &library("liba.so.1").needs("libb.so.1"))
        .elf("/d1/libb.so.1", &library("libb.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        [
            "p needs liba.so.1: /d1/liba.so.1 (found through its RUNPATH)".to_owned(),
            format!("liba.so.1 needs libb.so.1: not in {DEFAULT}"),
        ]
    );
}

#[test]
fn a_runpath_disables_every_rpath_for_its_object() {
    let machine = Machine::new()
        .elf("/bin/p", &program(GLIBC).needs("liba.so.1").rpath("/d1"))
        .elf(
            "/d1/liba.so.1",
            &library("liba.so.1").needs("libb.so.1").runpath("/none"),
        )
        .elf("/d1/libb.so.1", &library("libb.so.1"));
    assert_eq!(
        machine.load("/bin/p")[1],
        format!("liba.so.1 needs libb.so.1: not in /none {DEFAULT}")
    );
}

#[test]
fn an_rpath_beside_a_runpath_is_ignored() {
    let machine = Machine::new()
        .elf(
            "/bin/p",
            &program(GLIBC)
                .needs("liba.so.1")
                .rpath("/d1")
                .runpath("/d2"),
        )
        .elf("/d1/liba.so.1", &library("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        [format!("p needs liba.so.1: not in /d2 {DEFAULT}")]
    );
}

#[test]
fn an_ancestor_with_a_runpath_is_skipped_for_rpath_but_others_are_not() {
    let machine = Machine::new()
        .elf("/bin/p", &program(GLIBC).needs("liba.so.1").runpath("/d1"))
        .elf(
            "/d1/liba.so.1",
            &library("liba.so.1").needs("libb.so.1").rpath("/d2"),
        )
        .elf("/d2/libb.so.1", &library("libb.so.1").needs("libc1.so.1"))
        .elf("/d2/libc1.so.1", &library("libc1.so.1"));
    assert_eq!(
        machine.load("/bin/p")[2],
        "libb.so.1 needs libc1.so.1: /d2/libc1.so.1 (found through the RPATH of `/d1/liba.so.1`)"
    );
}

#[test]
fn library_path_is_searched_after_rpath_and_before_runpath() {
    let files = Machine::new()
        .elf("/d1/liba.so.1", &library("liba.so.1"))
        .elf("/d2/liba.so.1", &library("liba.so.1"))
        .env("LD_LIBRARY_PATH=/d2");
    let with_rpath = files
        .clone()
        .elf("/bin/p", &program(GLIBC).needs("liba.so.1").rpath("/d1"));
    let with_runpath = files.elf("/bin/p", &program(GLIBC).needs("liba.so.1").runpath("/d1"));
    assert_eq!(
        with_rpath.load("/bin/p"),
        ["p needs liba.so.1: /d1/liba.so.1 (found through the RPATH of `/bin/p`)"]
    );
    assert_eq!(
        with_runpath.load("/bin/p"),
        ["p needs liba.so.1: /d2/liba.so.1 (found through `LD_LIBRARY_PATH`)"]
    );
}

#[test]
fn library_path_also_splits_at_semicolons_and_an_empty_element_is_the_working_directory() {
    let machine = Machine::new()
        .elf("/bin/p", &program(GLIBC).needs("liba.so.1"))
        .set("WorkingDir", "/app".into())
        .env("LD_LIBRARY_PATH=/d1;/d2/:");
    assert_eq!(
        machine.load("/bin/p"),
        [format!("p needs liba.so.1: not in /d1 /d2 /app {DEFAULT}")]
    );
}

#[test]
fn library_path_applies_to_every_loaded_object() {
    let machine = Machine::new()
        .elf("/bin/p", &program(GLIBC).needs("liba.so.1").runpath("/d1"))
        .elf("/d1/liba.so.1", &library("liba.so.1").needs("libb.so.1"))
        .elf("/d2/libb.so.1", &library("libb.so.1"))
        .env("LD_LIBRARY_PATH=/d2");
    assert_eq!(
        machine.load("/bin/p")[1],
        "liba.so.1 needs libb.so.1: /d2/libb.so.1 (found through `LD_LIBRARY_PATH`)"
    );
}

#[test]
fn a_library_of_another_machine_or_class_is_skipped() {
    let machine = Machine::new()
        .elf(
            "/bin/p",
            &program(GLIBC).needs("liba.so.1").runpath("/d1:/d2:/d3"),
        )
        .elf("/d1/liba.so.1", &library("liba.so.1").machine(EM_AARCH64))
        .elf(
            "/d2/liba.so.1",
            &library("liba.so.1").machine(EM_386).bits_32(),
        )
        .elf("/d3/liba.so.1", &library("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: /d3/liba.so.1 (found through its RUNPATH)"]
    );
}

#[test]
fn a_dangling_symlink_is_skipped() {
    let machine = Machine::new()
        .elf(
            "/bin/p",
            &program(GLIBC).needs("liba.so.1").runpath("/d1:/d2"),
        )
        .link("/d1/liba.so.1", "/none")
        .elf("/d2/liba.so.1", &library("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: /d2/liba.so.1 (found through its RUNPATH)"]
    );
}

#[test]
fn a_file_that_is_not_elf_ends_the_search() {
    let files = Machine::new()
        .elf(
            "/bin/p",
            &program(GLIBC).needs("liba.so.1").runpath("/d1:/d2"),
        )
        .elf("/d2/liba.so.1", &library("liba.so.1"));
    let text = files.clone().file("/d1/liba.so.1", "INPUT ( -lc )");
    let directory = files.directory("/d1/liba.so.1");
    assert_eq!(
        text.load("/bin/p"),
        ["p needs liba.so.1: /d1/liba.so.1 (found through its RUNPATH), but it is not an ELF file"]
    );
    assert_eq!(
        directory.load("/bin/p"),
        ["p needs liba.so.1: refused, it is a directory"]
    );
}

#[test]
fn the_soname_of_a_loaded_object_satisfies_a_need() {
    let machine = Machine::new()
        .elf(
            "/bin/p",
            &program(GLIBC).needs("/d1/real.so").needs("/d1/libd.so.1"),
        )
        .elf("/d1/real.so", &library("liba.so.1"))
        .elf("/d1/libd.so.1", &library("libd.so.1").needs("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p")[2],
        "libd.so.1 needs liba.so.1: /d1/real.so (already loaded)"
    );
}

#[test]
fn needed_libraries_are_loaded_breadth_first() {
    let machine = Machine::new()
        .elf(
            "/bin/p",
            &program(GLIBC)
                .needs("liba.so.1")
                .needs("libb.so.1")
                .rpath("/d1"),
        )
        .elf(
            "/d1/liba.so.1",
            &library("liba.so.1").needs("libx.so.1").runpath("/d2"),
        )
        .elf(
            "/d1/libb.so.1",
            &library("libb.so.1").needs("libx.so.1").runpath("/d3"),
        )
        .elf("/d2/libx.so.1", &library("libx.so.1"))
        .elf("/d3/libx.so.1", &library("libx.so.1"));
    assert_eq!(
        machine.load("/bin/p")[2..],
        [
            "liba.so.1 needs libx.so.1: /d2/libx.so.1 (found through its RUNPATH)",
            "libb.so.1 needs libx.so.1: /d2/libx.so.1 (already loaded)",
        ]
    );
}

#[test]
fn a_library_needed_under_two_names_is_loaded_once() {
    let machine = Machine::new()
        .elf(
            "/bin/p",
            &program(GLIBC)
                .needs("liba.so.1")
                .needs("liba.so")
                .runpath("/d1"),
        )
        .elf("/d1/liba.so.1", &library(""))
        .link("/d1/liba.so", "liba.so.1");
    assert_eq!(
        machine.load("/bin/p"),
        [
            "p needs liba.so.1: /d1/liba.so.1 (found through its RUNPATH)",
            "p needs liba.so: /d1/liba.so (found through its RUNPATH)",
        ]
    );
}

#[test]
fn the_loader_itself_satisfies_its_soname() {
    let machine = Machine::new()
        .elf("/bin/p", &program(GLIBC).needs("ld-linux-x86-64.so.2"))
        .elf(GLIBC, &library("ld-linux-x86-64.so.2"));
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs ld-linux-x86-64.so.2: /lib64/ld-linux-x86-64.so.2 (the loader itself)"]
    );
}

#[test]
fn origin_of_a_program_is_its_real_directory() {
    let machine = Machine::new()
        .elf(
            "/real/bin/p",
            &program(GLIBC).needs("liba.so.1").runpath("$ORIGIN/../lib"),
        )
        .link("/link/p", "../real/bin/p")
        .elf("/real/lib/liba.so.1", &library("liba.so.1"))
        .elf("/lib/liba.so.1", &library("liba.so.1"));
    assert_eq!(
        machine.load("/link/p"),
        ["p needs liba.so.1: /real/bin/../lib/liba.so.1 (found through its RUNPATH)"]
    );
}

#[test]
fn origin_of_a_library_is_the_directory_it_was_opened_in() {
    let machine = Machine::new()
        .elf(
            "/bin/p",
            &program(GLIBC).needs("liba.so.1").runpath("/links"),
        )
        .elf(
            "/real/liba.so.1",
            &library("liba.so.1").needs("libb.so.1").runpath("${ORIGIN}"),
        )
        .elf("/real/libb.so.1", &library("libb.so.1"))
        .link("/links/liba.so.1", "../real/liba.so.1");
    assert_eq!(
        machine.load("/bin/p")[1],
        format!("liba.so.1 needs libb.so.1: not in /links {DEFAULT}")
    );
}

#[test]
fn a_needed_entry_may_be_a_path_and_contain_origin() {
    let machine = Machine::new()
        .elf(
            "/app/p",
            &program(GLIBC)
                .needs("$ORIGIN/lib/liba.so")
                .needs("lib/libb.so"),
        )
        .elf("/app/lib/liba.so", &library(""))
        .elf("/work/lib/libb.so", &library(""))
        .set("WorkingDir", "/work".into());
    assert_eq!(
        machine.load("/app/p"),
        [
            "p needs $ORIGIN/lib/liba.so: /app/lib/liba.so (found by its path)",
            "p needs lib/libb.so: /work/lib/libb.so (found by its path)",
        ]
    );
}

#[test]
fn lib_comes_from_the_loader_and_platform_covers_every_processor() {
    let loader = [&library("ld.so").bytes()[..], b"\0lib/x86_64-linux-gnu\0"].concat();
    let machine = Machine::new()
        .file(GLIBC, loader)
        .elf(
            "/bin/p",
            &program(GLIBC)
                .needs("liba.so.1")
                .runpath("/opt/$LIB/$PLATFORM:/opt/$LIB"),
        )
        .elf(
            "/opt/lib/x86_64-linux-gnu/haswell/liba.so.1",
            &library("liba.so.1"),
        )
        .elf("/opt/lib/x86_64-linux-gnu/liba.so.1", &library("liba.so.1"))
        .elf("/opt/lib64/liba.so.1", &library("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        [
            "p needs liba.so.1: /opt/lib/x86_64-linux-gnu/haswell/liba.so.1 (found through its RUNPATH)",
            "p needs liba.so.1: /opt/lib/x86_64-linux-gnu/liba.so.1 (found through its RUNPATH)",
        ]
    );
}

#[test]
fn hwcaps_variants_of_every_processor_are_found_beside_the_generic_library() {
    let machine = Machine::new()
        .elf("/bin/p", &program(GLIBC).needs("liba.so.1").runpath("/d1"))
        .elf("/d1/liba.so.1", &library("liba.so.1"))
        .elf(
            "/d1/glibc-hwcaps/x86-64-v2/liba.so.1",
            &library("liba.so.1"),
        )
        .elf(
            "/d1/glibc-hwcaps/x86-64-v3/liba.so.1",
            &library("liba.so.1").needs("libv.so.1").runpath("/d2"),
        )
        .elf("/d1/tls/haswell/liba.so.1", &library("liba.so.1"))
        .elf("/d2/libv.so.1", &library("libv.so.1"))
        .elf("/lib/liba.so.1", &library("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        [
            "p needs liba.so.1: /d1/glibc-hwcaps/x86-64-v2/liba.so.1 (found through its RUNPATH)",
            "p needs liba.so.1: /d1/glibc-hwcaps/x86-64-v3/liba.so.1 (found through its RUNPATH)",
            "p needs liba.so.1: /d1/tls/haswell/liba.so.1 (found through its RUNPATH)",
            "p needs liba.so.1: /d1/liba.so.1 (found through its RUNPATH)",
            "liba.so.1 needs libv.so.1: /d2/libv.so.1 (found through its RUNPATH)",
        ]
    );
}

#[test]
fn a_hwcaps_variant_alone_does_not_end_the_search() {
    let machine = Machine::new()
        .elf(
            "/bin/p",
            &program(GLIBC).needs("liba.so.1").runpath("/d1:/d2"),
        )
        .elf(
            "/d1/glibc-hwcaps/x86-64-v3/liba.so.1",
            &library("liba.so.1"),
        )
        .elf("/d2/liba.so.1", &library("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        [
            "p needs liba.so.1: /d1/glibc-hwcaps/x86-64-v3/liba.so.1 (found through its RUNPATH)",
            "p needs liba.so.1: /d2/liba.so.1 (found through its RUNPATH)",
        ]
    );
}

#[test]
fn default_directories_are_those_of_the_loader() {
    let loader = [
        &library("ld.so").bytes()[..],
        b"\0/nix/store/abc-glibc-2.39/lib/\0text\0",
    ]
    .concat();
    let machine = Machine::new()
        .file(GLIBC, loader)
        .elf("/bin/p", &program(GLIBC).needs("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: not in /nix/store/abc-glibc-2.39/lib"]
    );
}

#[test]
fn an_object_with_nodefaultlib_skips_the_default_directories() {
    const NODEFLIB: u64 = 0x800;
    let machine = Machine::new()
        .elf(
            "/bin/p",
            &program(GLIBC)
                .needs("liba.so.1")
                .runpath("/d1")
                .flags_1(NODEFLIB),
        )
        .elf("/lib/liba.so.1", &library("liba.so.1"));
    assert_eq!(machine.load("/bin/p"), ["p needs liba.so.1: not in /d1"]);
}

#[test]
fn a_filter_is_loaded_and_an_auxiliary_one_may_be_missing() {
    let machine = Machine::new()
        .elf("/bin/p", &program(GLIBC).needs("liba.so.1").rpath("/d1"))
        .elf(
            "/d1/liba.so.1",
            &library("liba.so.1")
                .filter("libf.so.1")
                .auxiliary("libx.so.1"),
        )
        .elf("/d1/libf.so.1", &library("libf.so.1"));
    assert_eq!(
        machine.load("/bin/p")[1..],
        [
            "liba.so.1 needs libf.so.1: /d1/libf.so.1 (found through the RPATH of `/bin/p`)"
                .to_owned(),
            format!("liba.so.1 needs libx.so.1: not in /d1 {DEFAULT}"),
        ]
    );
}

#[test]
fn a_32_bit_big_endian_machine_is_read_too() {
    const EM_PPC: u16 = 20;
    let machine = Machine::new()
        .elf(
            "/bin/p",
            &program("/lib/ld.so.1")
                .machine(EM_PPC)
                .bits_32()
                .big_endian()
                .needs("liba.so.1"),
        )
        .elf(
            "/lib/powerpc-linux-gnu/liba.so.1",
            &library("liba.so.1").machine(EM_PPC).bits_32().big_endian(),
        );
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: /lib/powerpc-linux-gnu/liba.so.1 (found in a default directory)"]
    );
}

#[test]
fn an_overlong_search_path_is_truncated() {
    let elements: Vec<String> = (0..20_000).map(|number| format!("/d{number}")).collect();
    let machine = Machine::new()
        .elf(
            "/bin/p",
            &program(GLIBC)
                .needs("liba.so.1")
                .runpath(&elements.join(":")),
        )
        .elf("/d1023/liba.so.1", &library("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: /d1023/liba.so.1 (found through its RUNPATH)"]
    );
    let beyond = Machine::new()
        .elf(
            "/bin/p",
            &program(GLIBC)
                .needs("liba.so.1")
                .runpath(&elements.join(":")),
        )
        .elf("/d1024/liba.so.1", &library("liba.so.1"));
    assert!(beyond.load("/bin/p")[0].starts_with("p needs liba.so.1: not in "));
}
