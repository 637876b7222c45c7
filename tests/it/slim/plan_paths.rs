//! Directories and symlinks in a plan.

use serde_json::json;

use super::machine::Machine;
use crate::builders::elf_file::{GLIBC, library, program};

/// A machine with merged `/usr`, as distributions have it.
pub(crate) fn merged_usr() -> Machine {
    Machine::new()
        .directory("/usr/bin")
        .directory("/usr/lib/x86_64-linux-gnu")
        .directory("/usr/lib64")
        .link("/bin", "usr/bin")
        .link("/lib", "usr/lib")
        .link("/lib64", "usr/lib64")
        .elf(
            "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            &library("ld-linux-x86-64.so.2"),
        )
        .link(
            "/usr/lib64/ld-linux-x86-64.so.2",
            "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        )
        .elf(
            "/usr/lib/x86_64-linux-gnu/libc.so.6",
            &library("libc.so.6").needs("ld-linux-x86-64.so.2"),
        )
}

#[test]
fn symlinks_on_a_path_are_kept_with_a_chain_of_reasons() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC).needs("libc.so.6"))
        .elf("/usr/bin/other", &program(GLIBC).needs("libc.so.6"))
        .entrypoint(&["/bin/app"])
        .plan();
    assert_eq!(
        planned.kept(),
        [
            "/bin",
            "/lib",
            "/lib64",
            "/usr",
            "/usr/bin",
            "/usr/bin/app",
            "/usr/lib",
            "/usr/lib/x86_64-linux-gnu",
            "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            "/usr/lib/x86_64-linux-gnu/libc.so.6",
            "/usr/lib64",
            "/usr/lib64/ld-linux-x86-64.so.2",
        ]
    );
    assert_eq!(
        planned.why("/lib"),
        [
            "/usr/bin/app: the ENTRYPOINT program",
            "/usr/lib/x86_64-linux-gnu/libc.so.6: required as `libc.so.6`, found in a default directory",
            "/lib: a directory or symlink on its path",
        ]
    );
    assert_eq!(
        planned.why("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")[1..],
        [
            "/usr/lib64/ld-linux-x86-64.so.2: its loader",
            "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2: the target of the symlink",
        ]
    );
}

#[test]
fn an_absolute_symlink_through_alternatives_is_followed_inside_the_image() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC).needs("libblas.so.3"))
        .link(
            "/usr/lib/x86_64-linux-gnu/libblas.so.3",
            "/etc/alternatives/libblas.so.3",
        )
        .link(
            "/etc/alternatives/libblas.so.3",
            "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3",
        )
        .elf(
            "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3",
            &library("libblas.so.3"),
        )
        .entrypoint(&["/bin/app"])
        .plan();
    assert!(planned.keeps("/etc/alternatives/libblas.so.3"));
    assert_eq!(
        planned.why("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3")[1..],
        [
            "/usr/lib/x86_64-linux-gnu/libblas.so.3: required as `libblas.so.3`, found in a default directory",
            "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3: the target of the symlink",
        ]
    );
}

#[test]
fn the_directory_before_dot_dot_is_kept() {
    let planned = merged_usr()
        .elf(
            "/app/bin/p",
            &program(GLIBC)
                .needs("liba.so.1")
                .runpath("/app/empty/../lib"),
        )
        .directory("/app/empty")
        .elf("/app/lib/liba.so.1", &library("liba.so.1"))
        .entrypoint(&["/app/bin/p"])
        .plan();
    assert!(planned.keeps("/app/empty"));
}

#[test]
fn a_kept_symlink_to_a_directory_keeps_only_the_directory_itself() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC))
        .link("/var/data", "/data")
        .file("/data/x", "x")
        .keep("/var/data")
        .entrypoint(&["/bin/app"])
        .plan();
    assert!(planned.keeps("/data"));
    assert!(!planned.keeps("/data/x"));
    assert_eq!(planned.why("/data")[1], "/data: the target of the symlink");
}

#[test]
fn a_dangling_symlink_keeps_the_existing_part_of_its_target_path() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC))
        .link("/var/lock", "/run/shared/lock")
        .directory("/run/shared/other")
        .file("/run/shared/file", "")
        .entrypoint(&["/bin/app"])
        .plan();
    assert!(planned.keeps("/run/shared"));
    assert!(!planned.keeps("/run/shared/file"));
}

#[test]
fn a_symlink_in_a_state_directory_keeps_its_target_directory() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC))
        .link("/var/lock", "/run/lock")
        .link("/var/run", "/run")
        .file("/run/lock/left", "")
        .entrypoint(&["/bin/app"])
        .plan();
    for path in ["/var/lock", "/var/run", "/run/lock"] {
        assert!(planned.keeps(path), "{path}");
    }
    assert!(!planned.keeps("/run/lock/left"));
}

#[test]
fn state_directories_are_kept_without_their_files() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC))
        .directory("/var/lib/nginx/body")
        .file("/var/cache/apt/pkgcache.bin", "x")
        .directory("/var/lib/apt/lists/partial")
        .file("/var/log/nginx/access.log", "x")
        .file("/var/lib/app/cache/file", "x")
        .directory("/usr/share/empty")
        .entrypoint(&["/bin/app"])
        .plan();
    assert!(planned.keeps("/var/lib/nginx/body"));
    assert!(!planned.keeps("/var/cache/apt"));
    assert!(
        !planned.keeps("/var/lib/apt"),
        "the package manager's own state is for nobody else"
    );
    assert!(!planned.keeps("/usr/share/empty"));
    assert!(
        planned.keeps("/var/log/nginx"),
        "the files are of an earlier run, the directory is not"
    );
    assert!(!planned.keeps("/var/log/nginx/access.log"));
    assert!(planned.keeps("/var/lib/app") && !planned.keeps("/var/lib/app/cache"));
}

#[test]
fn only_required_names_of_a_hard_link_are_kept() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC).needs("libc.so.6"))
        .hard_link("/usr/bin/also", "/usr/bin/app")
        .entrypoint(&["also"])
        .plan();
    assert!(planned.keeps("/usr/bin/also"));
    assert!(!planned.keeps("/usr/bin/app"));
    assert_eq!(
        planned.plan.totals().before.files,
        planned.plan.totals().after.files
    );
}

#[test]
fn totals_count_a_hard_linked_file_once() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC))
        .file("/usr/share/a", "12345")
        .hard_link("/usr/share/b", "/usr/share/a")
        .file("/usr/share/c", "123")
        .keep("/usr/share/?")
        .entrypoint(&["/bin/app"])
        .plan();
    let totals = planned.plan.totals();
    assert_eq!(
        totals.before.bytes - totals.after.bytes,
        library("libc.so.6")
            .needs("ld-linux-x86-64.so.2")
            .bytes()
            .len() as u64
    );
    assert_eq!(totals.before.files - totals.after.files, 1);
}

#[test]
fn a_volume_is_kept_with_its_contents() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC))
        .file("/data/seed/x", "x")
        .file("/work/file", "x")
        .directory("/work/empty")
        .set("Volumes", json!({"/data": {}}))
        .set("WorkingDir", json!("/work"))
        .entrypoint(&["/bin/app"])
        .plan();
    assert!(planned.keeps("/data/seed/x"));
    assert!(planned.keeps("/work") && planned.keeps("/work/empty"));
    assert_eq!(
        planned.why("/work/file"),
        ["/work/file: in the working directory"]
    );
}

#[test]
fn a_working_directory_of_the_distribution_is_kept_without_its_files() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC))
        .file("/var/lib/x", "x")
        .set("WorkingDir", json!("/var/lib"))
        .entrypoint(&["/bin/app"])
        .plan();
    assert!(planned.keeps("/var/lib") && !planned.keeps("/var/lib/x"));
}

#[test]
fn conventional_files_are_kept() {
    let planned = merged_usr()
        .elf("/usr/bin/app", &program(GLIBC))
        .file("/etc/passwd", "app:x:1000:1000::/home/app:/bin/sh\n")
        .file("/etc/shadow", "")
        .link("/etc/os-release", "../usr/lib/os-release")
        .file("/usr/lib/os-release", "ID=x")
        .directory("/proc")
        .directory("/tmp")
        .file("/home/app/.bashrc", "")
        .set("User", json!("app:app"))
        .entrypoint(&["/bin/app"])
        .plan();
    for path in [
        "/etc/passwd",
        "/etc/os-release",
        "/usr/lib/os-release",
        "/proc",
        "/tmp",
        "/home/app",
    ] {
        assert!(planned.keeps(path), "{path}");
    }
    assert!(!planned.keeps("/etc/shadow"));
    assert!(!planned.keeps("/home/app/.bashrc"));
    assert_eq!(
        planned.why("/home/app"),
        ["/home/app: the home directory of the user"]
    );
}

#[test]
fn plans_are_reproducible() {
    let machine = merged_usr()
        .elf(
            "/usr/bin/app",
            &program(GLIBC).needs("libc.so.6").needs("libnone.so.1"),
        )
        .script("/entry.sh", "#!/bin/app\nexec \"$1\"\n")
        .entrypoint(&["/entry.sh", "app"]);
    let (first, second) = (machine.plan(), machine.plan());
    assert_eq!(first.plan.graph().kept(), second.plan.graph().kept());
    assert_eq!(first.kept(), second.kept());
    assert_eq!(first.plan.unmet(), second.plan.unmet());
}
