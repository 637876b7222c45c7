//! Files mapped at startup: on one processor, in secure mode, and with old and new loaders; and
//! hostile files.

use jettison::elf::Cache;
use proptest::prelude::*;

use super::loader_files::{X86_64, new_cache};
use super::machine::Machine;
use crate::builders::elf_file::{GLIBC, MUSL, library, program};

/// A library for every processor, for two levels, and where old loaders look.
fn variants() -> Machine {
    let below = [
        "glibc-hwcaps/x86-64-v2/",
        "glibc-hwcaps/x86-64-v3/",
        "tls/",
        "haswell/",
        "",
    ];
    below.iter().fold(Machine::new(), |machine, below| {
        machine.elf(&format!("/d/{below}liba.so.1"), &library("liba.so.1"))
    })
}

/// A loader that tells its version.
fn with_version(machine: Machine, version: &str) -> Machine {
    let bytes = library("ld-linux-x86-64.so.2").bytes();
    machine.file(
        GLIBC,
        [
            &bytes[..],
            b"ld.so stable release version ",
            version.as_bytes(),
            b".\n\0",
        ]
        .concat(),
    )
}

#[test]
fn a_processor_loads_only_its_best_supported_hwcaps_variant() {
    let machine = variants().elf("/bin/p", &program(GLIBC).needs("liba.so.1").runpath("/d"));
    let found = |levels: &[&str]| with_version(machine.clone(), "2.37").load_on("/bin/p", levels);
    let at = |path: &str| {
        vec![format!(
            "p needs liba.so.1: {path} (found through its RUNPATH)"
        )]
    };
    assert_eq!(
        found(&["x86-64-v4", "x86-64-v3", "x86-64-v2"]),
        at("/d/glibc-hwcaps/x86-64-v3/liba.so.1")
    );
    assert_eq!(
        found(&["x86-64-v2"]),
        at("/d/glibc-hwcaps/x86-64-v2/liba.so.1")
    );
    assert_eq!(found(&[]), at("/d/liba.so.1"));
    let old = with_version(machine, "2.36").load_on("/bin/p", &[]);
    assert_eq!(old, at("/d/tls/liba.so.1"));
}

#[test]
fn new_loaders_skip_legacy_hwcaps_directories() {
    let machine = variants().elf("/bin/p", &program(GLIBC).needs("liba.so.1").runpath("/d"));
    assert_eq!(
        with_version(machine.clone(), "2.36").load("/bin/p").len(),
        5
    );
    assert_eq!(with_version(machine, "2.41").load("/bin/p").len(), 3);
}

#[test]
fn platform_expands_to_the_name_of_the_processor() {
    let machine = Machine::new()
        .elf(
            "/bin/p",
            &program(GLIBC).needs("liba.so.1").runpath("/$PLATFORM"),
        )
        .elf("/x86_64/liba.so.1", &library("liba.so.1"))
        .elf("/haswell/liba.so.1", &library("liba.so.1"));
    assert_eq!(
        machine.load_on("/bin/p", &[]),
        ["p needs liba.so.1: /haswell/liba.so.1 (found through its RUNPATH)"]
    );
}

/// A cache with an extension that names two levels, which entries give by number in the low word
/// behind bit 62.
fn cache_with_levels() -> Vec<u8> {
    const LEVEL: u64 = 1 << 62;
    let mut cache = new_cache(&[
        (X86_64, LEVEL, "liba.so.1", "/v2/liba.so.1"),
        (X86_64, LEVEL + 1, "liba.so.1", "/v3/liba.so.1"),
        (X86_64, 0, "liba.so.1", "/all/liba.so.1"),
    ]);
    let names = u32::try_from(cache.len()).unwrap();
    cache.extend(b"x86-64-v2\0x86-64-v3\0");
    cache.resize(cache.len().next_multiple_of(4), 0);
    let extension = u32::try_from(cache.len()).unwrap();
    for number in [0xeaa4_2174, 1, 1, 0, extension + 24, 8, names, names + 10] {
        cache.extend(u32::to_le_bytes(number));
    }
    cache[32..36].copy_from_slice(&extension.to_le_bytes());
    cache
}

#[test]
fn cache_entries_for_a_hwcaps_level_need_a_processor_of_that_level() {
    let machine = ["v2", "v3", "all"]
        .iter()
        .fold(Machine::new(), |machine, place| {
            machine.elf(&format!("/{place}/liba.so.1"), &library("liba.so.1"))
        })
        .elf("/bin/p", &program(GLIBC).needs("liba.so.1"))
        .file("/etc/ld.so.cache", cache_with_levels());
    let at = |place: &str| {
        format!("p needs liba.so.1: /{place}/liba.so.1 (found through `/etc/ld.so.cache`)")
    };
    assert_eq!(
        machine.load_on("/bin/p", &["x86-64-v3", "x86-64-v2"]),
        [at("v3")]
    );
    assert_eq!(machine.load_on("/bin/p", &["x86-64-v2"]), [at("v2")]);
    assert_eq!(machine.load_on("/bin/p", &[]), [at("all")]);
    assert_eq!(machine.load("/bin/p"), [at("v2"), at("v3"), at("all")]);
}

#[test]
fn secure_mode_ignores_the_environment() {
    for interpreter in [GLIBC, MUSL] {
        let machine = Machine::new()
            .elf("/bin/p", &program(interpreter).needs("liba.so.1"))
            .elf("/d/liba.so.1", &library("liba.so.1"))
            .elf("/lib/liba.so.1", &library("liba.so.1"))
            .env("LD_LIBRARY_PATH=/d");
        assert_eq!(
            machine.load("/bin/p"),
            ["p needs liba.so.1: /d/liba.so.1 (found through `LD_LIBRARY_PATH`)"]
        );
        assert_eq!(
            machine.load_secure("/bin/p"),
            ["p needs liba.so.1: /lib/liba.so.1 (found in a default directory)"]
        );
    }
}

#[test]
fn secure_mode_follows_origin_into_trusted_directories_only() {
    let files = Machine::new()
        .elf("/opt/lib/liba.so.1", &library("liba.so.1"))
        .elf("/usr/lib/private/liba.so.1", &library("liba.so.1"));
    let outside = files.clone().elf(
        "/opt/bin/p",
        &program(GLIBC).needs("liba.so.1").runpath("$ORIGIN/../lib"),
    );
    assert!(outside.load("/opt/bin/p")[0].contains("/opt/bin/../lib/liba.so.1"));
    assert!(outside.load_secure("/opt/bin/p")[0].contains("not in"));
    let inside = files.elf(
        "/usr/bin/p",
        &program(GLIBC)
            .needs("liba.so.1")
            .runpath("$ORIGIN/../lib/private"),
    );
    assert!(inside.load_secure("/usr/bin/p")[0].contains("/usr/bin/../lib/private/liba.so.1"));
}

#[test]
fn secure_musl_has_no_origin_for_the_program() {
    let machine = Machine::new()
        .elf(
            "/opt/bin/p",
            &program(MUSL).needs("liba.so.1").runpath("$ORIGIN/../lib"),
        )
        .elf("/opt/lib/liba.so.1", &library("liba.so.1"));
    assert!(machine.load("/opt/bin/p")[0].contains("/opt/bin/../lib/liba.so.1"));
    assert!(machine.load_secure("/opt/bin/p")[0].contains("not in"));
}

#[test]
fn libraries_a_setuid_program_loads_in_either_mode_are_kept() {
    let planned = Machine::new()
        .setuid("/app", &program(GLIBC).needs("liba.so.1"))
        .elf(GLIBC, &library("ld-linux-x86-64.so.2"))
        .elf("/d/liba.so.1", &library("liba.so.1"))
        .elf("/lib/liba.so.1", &library("liba.so.1"))
        .env("LD_LIBRARY_PATH=/d")
        .entrypoint(&["/app"])
        .plan();
    assert!(planned.keeps("/d/liba.so.1") && planned.keeps("/lib/liba.so.1"));
}

#[test]
fn a_symbol_version_that_no_library_defines_is_reported() {
    let planned = Machine::new()
        .elf(
            "/app",
            &program(GLIBC)
                .needs("liba.so.1")
                .wants_version("liba.so.1", &["A_1", "A_2"]),
        )
        .elf(GLIBC, &library("ld-linux-x86-64.so.2"))
        .elf(
            "/lib/liba.so.1",
            &library("liba.so.1").defines_version("A_1"),
        )
        .entrypoint(&["/app"])
        .plan();
    assert_eq!(
        planned.unmet(),
        ["/app needs version `A_2` of `/lib/liba.so.1`"]
    );
}

proptest! {
    #[test]
    fn corrupted_caches_are_read_without_a_panic(changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..8), cut in any::<usize>()) {
        let mut cache = cache_with_levels();
        let length = cache.len();
        for (at, byte) in changes {
            cache[at % length] = byte;
        }
        cache.truncate(length - cut % 64);
        if let Ok(cache) = Cache::parse(&cache, jettison::elf::Endian::Little) {
            prop_assert!(cache.len() <= length);
        }
    }

    #[test]
    fn corrupted_files_are_loaded_without_a_panic(changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6), which in 0..3) {
        let mut files = [
            program(GLIBC).needs("liba.so.1").runpath("/d:$ORIGIN/$LIB:$PLATFORM:").bytes(),
            library("liba.so.1").needs("libb.so.1").rpath("/d").filter("libf.so.1").defines_version("A").bytes(),
            cache_with_levels(),
        ];
        let file = &mut files[usize::try_from(which).unwrap()];
        let length = file.len();
        for (at, byte) in changes {
            file[at % length] = byte;
        }
        let [app, library_a, cache] = files;
        let machine = Machine::new()
            .executable("/bin/p", app)
            .file("/d/liba.so.1", library_a)
            .elf("/d/libb.so.1", &library("libb.so.1"))
            .file("/etc/ld.so.cache", cache)
            .elf(GLIBC, &library("ld-linux-x86-64.so.2"))
            .entrypoint(&["/bin/p"]);
        // A program that is none any more is refused; whatever else comes out must be verified
        // without harm.
        if let Ok(planned) = machine.try_plan() {
            prop_assert!(planned.kept().len() < 64);
        }
    }
}
