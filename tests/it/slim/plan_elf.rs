//! Programs and their libraries in a plan.

use super::machine::Machine;
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, MUSL, library, program};

#[test]
fn a_library_is_kept_for_every_object_that_needs_it() {
    let planned = merged_usr()
        .elf(
            "/usr/bin/app",
            &program(GLIBC).needs("liba.so.1").needs("libc.so.6"),
        )
        .elf(
            "/usr/lib/liba.so.1",
            &library("liba.so.1").needs("libc.so.6"),
        )
        .entrypoint(&["app"])
        .plan();
    assert_eq!(
        planned.reasons("/usr/lib/x86_64-linux-gnu/libc.so.6"),
        [
            "/usr/bin/app: required as `libc.so.6`, found in a default directory",
            "/usr/lib/liba.so.1: required as `libc.so.6`, already loaded",
        ]
    );
}

#[test]
fn a_missing_library_is_reported_with_the_searched_directories() {
    let planned = merged_usr()
        .elf(
            "/usr/bin/app",
            &program(GLIBC)
                .needs("libnone.so.1")
                .needs("libc.so.6")
                .runpath("/opt/lib"),
        )
        .entrypoint(&["app"])
        .plan();
    assert_eq!(
        planned.unmet(),
        ["/usr/bin/app needs the library `libnone.so.1`"]
    );
    assert_eq!(planned.plan.unmet()[0].looked_in[0], b"/opt/lib");
    assert!(planned.keeps("/usr/lib/x86_64-linux-gnu/libc.so.6"));
}

#[test]
fn a_missing_loader_is_reported() {
    let planned = Machine::new()
        .elf("/app", &program("/lib/ld-none.so"))
        .entrypoint(&["/app"])
        .plan();
    assert_eq!(planned.unmet(), ["/app needs the loader `/lib/ld-none.so`"]);
}

#[test]
fn a_broken_library_is_kept_and_reported() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC).needs("liba.so.1"))
        .file("/usr/lib/liba.so.1", "INPUT(-la)")
        .entrypoint(&["app"])
        .plan();
    assert!(planned.keeps("/usr/lib/liba.so.1"));
    assert_eq!(
        planned.unmet(),
        ["/usr/bin/app needs a loadable library `liba.so.1` (it is not an ELF file)"]
    );
}

#[test]
fn files_that_the_loader_reads_are_kept() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC).needs("liba.so.1"))
        .elf("/opt/a/liba.so.1", &library("liba.so.1"))
        .file("/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf")
        .file("/etc/ld.so.conf.d/a.conf", "/opt/a")
        .entrypoint(&["app"])
        .plan();
    assert!(planned.keeps("/opt/a/liba.so.1"));
    assert_eq!(
        planned.why("/etc/ld.so.conf.d/a.conf").last().unwrap(),
        "/etc/ld.so.conf.d/a.conf: read by the loader"
    );
}

#[test]
fn preloaded_libraries_are_kept_and_missing_ones_are_noted() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC).needs("libc.so.6"))
        .elf(
            "/usr/lib/libhook.so",
            &library("libhook.so").needs("libh.so.1"),
        )
        .elf("/usr/lib/libh.so.1", &library("libh.so.1"))
        .elf("/usr/lib/libfile.so", &library("libfile.so"))
        .file("/etc/ld.so.preload", "# hooks\n/usr/lib/libfile.so\n")
        .env("LD_PRELOAD=libhook.so:libnone.so")
        .entrypoint(&["app"])
        .plan();
    assert_eq!(
        planned.why("/usr/lib/libhook.so").last().unwrap(),
        "/usr/lib/libhook.so: preloaded as `libhook.so` by `LD_PRELOAD`, found in a default directory"
    );
    assert!(planned.keeps("/usr/lib/libh.so.1"));
    assert!(planned.keeps("/usr/lib/libfile.so"));
    assert_eq!(
        planned.notes(),
        ["image: `libnone.so`, named by `LD_PRELOAD`, does not exist"]
    );
}

#[test]
fn only_programs_that_end_threads_keep_libgcc() {
    let machine = merged_usr()
        .elf(
            "/usr/lib/libgcc_s.so.1",
            &library("libgcc_s.so.1").needs("libg.so.1"),
        )
        .elf("/usr/lib/libg.so.1", &library("libg.so.1"))
        .elf(
            "/usr/lib/liba.so.1",
            &library("liba.so.1").imports("pthread_exit"),
        )
        .entrypoint(&["app"]);
    let ends = machine
        .clone()
        .elf(
            "/usr/bin/app",
            &program(GLIBC).needs("libc.so.6").needs("liba.so.1"),
        )
        .plan();
    let ends_none = machine
        .elf(
            "/usr/bin/app",
            &program(GLIBC).needs("libc.so.6").imports("puts"),
        )
        .plan();
    assert_eq!(
        ends.why("/usr/lib/libgcc_s.so.1")[1..],
        [
            "/usr/lib/liba.so.1: required as `liba.so.1`, found in a default directory",
            "/usr/lib/libgcc_s.so.1: opened as `libgcc_s.so.1` by a call to `pthread_exit`, found in a default directory",
        ]
    );
    assert!(ends.keeps("/usr/lib/libg.so.1"));
    assert!(!ends_none.keeps("/usr/lib/libgcc_s.so.1"));
}

#[test]
fn libraries_of_a_library_given_with_keep_are_kept() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC).needs("libc.so.6"))
        .elf(
            "/usr/lib/app/plugin.so",
            &library("").needs("libp.so.1").needs("libc.so.6"),
        )
        .elf("/usr/lib/libp.so.1", &library("libp.so.1"))
        .keep("/usr/lib/app/*.so")
        .entrypoint(&["app"])
        .plan();
    assert!(planned.keeps("/usr/lib/libp.so.1"));
    assert_eq!(planned.unmet(), Vec::<String>::new());
}

#[test]
fn a_library_resolved_only_in_its_program_is_not_missing() {
    let planned = merged_usr()
        .elf(
            "/opt/bin/app",
            &program(GLIBC).needs("liba.so.1").rpath("/opt/lib"),
        )
        .elf(
            "/opt/lib/liba.so.1",
            &library("liba.so.1").needs("libb.so.1"),
        )
        .elf("/opt/lib/libb.so.1", &library("libb.so.1"))
        .keep("/opt/lib/liba.so.1")
        .entrypoint(&["/opt/bin/app"])
        .plan();
    assert_eq!(planned.unmet(), Vec::<String>::new());
    assert!(planned.keeps("/opt/lib/libb.so.1"));
}

#[test]
fn a_static_program_requires_no_other_file() {
    for file in [library("").fixed(), library("")] {
        let planned = merged_usr().elf("/app", &file).entrypoint(&["/app"]).plan();
        assert_eq!(planned.kept(), ["/app"]);
    }
}

#[test]
fn a_musl_program_needs_only_its_loader_as_c_library() {
    let loader = [
        &library("libc.so").bytes()[..],
        b"\0%.*s/etc/ld-musl-x86_64.path\0",
    ]
    .concat();
    let planned = Machine::new()
        .file(MUSL, loader)
        .link("/lib/libc.musl-x86_64.so.1", "ld-musl-x86_64.so.1")
        .elf(
            "/bin/busybox",
            &program(MUSL).needs("libc.musl-x86_64.so.1"),
        )
        .link("/bin/sh", "/bin/busybox")
        .entrypoint(&["/bin/sh"])
        .plan();
    assert_eq!(
        planned.kept(),
        ["/bin", "/bin/busybox", "/bin/sh", "/lib", MUSL]
    );
}

#[test]
fn a_broken_elf_file_that_is_kept_is_a_note() {
    let bytes = program(GLIBC).bytes();
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC))
        .file("/usr/lib/cut.so", &bytes[..70])
        .keep("/usr/lib/cut.so")
        .entrypoint(&["app"])
        .plan();
    assert_eq!(
        planned.notes(),
        ["/usr/lib/cut.so: invalid ELF file: its program headers lie outside the file"]
    );
}
