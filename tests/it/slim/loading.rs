//! `deps` for images of all kinds, and for directories.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use goblin::elf::header::{EM_386, EM_AARCH64, EM_ARM, EM_PPC64, EM_RISCV, EM_S390};
use jettison::elf::Environment;
use jettison::loading::{self, Closure, Host, ImageFiles, Settings, Start};
use jettison::report;

use super::machine::Machine;
use crate::builders::elf_file::{ElfFile, GLIBC, library, program};

fn settings() -> Settings {
    Settings {
        environment: Environment {
            directory: b"/".to_vec(),
            ..Environment::default()
        },
        is_root: true,
        level: Some("baseline".to_owned()),
        ..Settings::default()
    }
}

fn closures(machine: &Machine, settings: &Settings) -> Vec<Closure> {
    let image = machine.image();
    let files = ImageFiles::new(&image);
    let programs = loading::all_programs(&files);
    loading::closures(&files, settings, &programs)
}

/// How files of an architecture differ from those of x86-64.
type Shape = fn(ElfFile) -> ElfFile;

#[test]
fn programs_of_every_architecture_find_their_libraries() {
    let kinds: [(u16, Shape, &str); 7] = [
        (62, |file| file, GLIBC),
        (EM_AARCH64, |file| file, "/lib/ld-linux-aarch64.so.1"),
        (EM_ARM, ElfFile::bits_32, "/lib/ld-linux-armhf.so.3"),
        (EM_RISCV, |file| file, "/lib/ld-linux-riscv64-lp64d.so.1"),
        (EM_PPC64, |file| file, "/lib64/ld64.so.2"),
        (EM_S390, ElfFile::big_endian, "/lib/ld64.so.1"),
        (EM_386, ElfFile::bits_32, "/lib/ld-linux.so.2"),
    ];
    for (machine, of_kind, loader) in kinds {
        let of_kind = |file: ElfFile| of_kind(file.machine(machine));
        let files = Machine::new()
            .elf("/bin/p", &of_kind(program(loader).needs("liba.so.1")))
            .elf(loader, &of_kind(library("ld.so")))
            .elf(
                "/lib/liba.so.1",
                &of_kind(library("liba.so.1")).machine(0x1234),
            )
            .elf("/usr/lib/liba.so.1", &of_kind(library("liba.so.1")));
        let closures = closures(&files, &settings());
        let Start::Loaded(loaded) = &closures[0].start else {
            panic!("{loader}: {closures:?}")
        };
        let paths: Vec<_> = loaded
            .objects
            .iter()
            .map(|object| String::from_utf8_lossy(&object.path))
            .collect();
        assert_eq!(paths, ["/bin/p", loader, "/usr/lib/liba.so.1"]);
    }
}

fn troubled() -> Machine {
    Machine::new()
        .elf(
            "/bin/p",
            &program(GLIBC)
                .needs("liba.so.1")
                .needs("libnone.so.1")
                .runpath("/d")
                .imports("gone"),
        )
        .elf("/bin/static", &program("").fixed())
        .elf("/bin/other", &program("/lib/ld-none.so"))
        .elf(GLIBC, &library("ld-linux-x86-64.so.2"))
        .elf(
            "/d/liba.so.1",
            &library("liba.so.1")
                .needs("libb.so.1")
                .wants_version("libb.so.1", &["B_1", "B_2"]),
        )
        .elf(
            "/lib/libb.so.1",
            &library("libb.so.1").defines_version("B_1"),
        )
}

#[test]
fn the_tree_shows_how_each_library_was_found_and_what_is_wrong() {
    let settings = Settings {
        symbols: true,
        ..settings()
    };
    let default =
        "/lib/x86_64-linux-gnu, /usr/lib/x86_64-linux-gnu, /lib64, /usr/lib64, /lib, /usr/lib";
    let expected = format!(
        "/bin/other: loader `/lib/ld-none.so` is missing
/bin/p [loader {GLIBC}]
├ liba.so.1 => /d/liba.so.1 [runpath]
│ └ libb.so.1 => /lib/libb.so.1 [default]
└ libnone.so.1 => not found
  missing: libnone.so.1, needed by /bin/p; searched /d, {default}
  version not found: B_2 in /lib/libb.so.1, needed by /d/liba.so.1
  undefined symbol: gone, needed by /bin/p
"
    );
    assert_eq!(
        report::deps_text(&closures(&troubled(), &settings)).as_str(),
        expected
    );
}

#[test]
fn json_output_equals_the_tree() {
    let json: serde_json::Value =
        serde_json::from_str(&report::deps_json(&closures(&troubled(), &settings()))).unwrap();
    assert_eq!(json[0]["state"], "no-loader");
    assert_eq!(json[1]["state"], "broken");
    assert_eq!(json[1]["needs"][0]["found"], "runpath");
    assert_eq!(json[1]["missing"][0]["name"], "libnone.so.1");
    assert_eq!(json[1]["missing"][0]["looked_in"][0], "/d");
    assert_eq!(json[1]["versions"][0]["version"], "B_2");
}

#[test]
fn paths_output_has_one_path_a_line_and_the_graph_has_every_edge() {
    let closures = closures(&troubled(), &settings());
    let paths: Vec<&[u8]> = report::deps_paths(&closures).into_iter().collect();
    let expected = [
        "/bin/other",
        "/bin/p",
        "/d/liba.so.1",
        "/lib/libb.so.1",
        GLIBC,
    ];
    assert_eq!(paths, expected.map(str::as_bytes));
    let graph = report::deps_dot(&closures);
    assert!(
        graph.contains("  \"/d/liba.so.1\" -> \"/lib/libb.so.1\" [label=\"default\"];\n"),
        "{graph}"
    );
    assert!(
        graph.contains("  \"/bin/p\" -> \"libnone.so.1\" [color=red];\n"),
        "{graph}"
    );
}

#[test]
fn a_setuid_program_ignores_the_environment_only_of_unprivileged_users() {
    let machine = Machine::new()
        .setuid("/bin/p", &program(GLIBC).needs("liba.so.1"))
        .elf(GLIBC, &library("ld-linux-x86-64.so.2"))
        .elf("/d/liba.so.1", &library("liba.so.1"));
    let mut settings = settings();
    settings.environment.library_path = b"/d".to_vec();
    assert!(closures(&machine, &settings)[0].is_whole());
    let closures = closures(
        &machine,
        &Settings {
            is_root: false,
            ..settings
        },
    );
    assert!(
        report::deps_text(&closures)
            .as_str()
            .starts_with(&format!("/bin/p [loader {GLIBC}, in secure mode]\n"))
    );
    assert!(!closures[0].is_whole());
}

fn write(root: &Path, path: &str, file: &ElfFile) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, file.bytes()).unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn symlinks_of_a_root_directory_stay_inside_it() {
    let directory = tempfile::tempdir().unwrap();
    let root = &directory.path().join("root");
    write(
        root,
        "real/bin/p",
        &program(GLIBC)
            .needs("liba.so.1")
            .needs("libb.so.1")
            .runpath("$ORIGIN/../lib"),
    );
    write(root, "real/lib/liba.so.1", &library("liba.so.1"));
    write(root, &GLIBC[1..], &library("ld-linux-x86-64.so.2"));
    // It would be found from outside only.
    write(directory.path(), "libb.so.1", &library("libb.so.1"));
    symlink("/real/bin", root.join("bin")).unwrap();
    symlink("../../../../libb.so.1", root.join("real/lib/libb.so.1")).unwrap();
    let host = Host::open(root).unwrap();
    let program = loading::find_program(&host, b"p", Some(b"/none:/bin"), b"/").unwrap();
    let closures = loading::closures(&host, &settings(), &[program]);
    let text = report::deps_text(&closures).into_text();
    assert!(
        text.starts_with(&format!("/bin/p [loader {GLIBC}]\n")),
        "{text}"
    );
    assert!(
        text.contains("├ liba.so.1 => /real/bin/../lib/liba.so.1 [runpath]\n"),
        "{text}"
    );
    assert!(text.contains("└ libb.so.1 => not found\n"), "{text}");
    assert_eq!(loading::all_programs(&host), [b"/real/bin/p"]);
}

#[test]
fn a_program_that_is_not_found_is_reported_with_the_searched_directories() {
    let directory = tempfile::tempdir().unwrap();
    let host = Host::open(directory.path()).unwrap();
    let error = loading::find_program(&host, b"p", Some(b"/a:/b"), b"/").unwrap_err();
    assert_eq!(error.to_string(), "program `p` not found in /a:/b");
    let error = loading::find_program(&host, b"./p", None, b"/work").unwrap_err();
    assert_eq!(error.to_string(), "no such file: `/work/./p`");
}
