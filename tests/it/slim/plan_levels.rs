//! Confidence levels and user options; libraries opened by name; files added by COPY.

use jettison::slim::Confidence;

use super::machine::Machine;
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, library, program};

/// An application that calls `localtime`, with a zone and a locale for it.
fn clock() -> Machine {
    merged_usr()
        .elf(
            "/usr/bin/app",
            &program(GLIBC).imports("localtime").imports("setlocale"),
        )
        .file("/etc/localtime", "TZif")
        .file("/usr/lib/locale/locale-archive", "x")
        .file("/usr/share/zoneinfo/Asia/Tokyo", "TZif")
        .entrypoint(&["app"])
}

#[test]
fn each_keep_level_includes_the_stricter_ones() {
    let kept = |level| {
        let planned = clock().level(level).plan();
        [
            "/etc/localtime",
            "/usr/lib/locale/locale-archive",
            "/usr/share/zoneinfo/Asia/Tokyo",
        ]
        .map(|path| planned.keeps(path))
    };
    assert_eq!(kept(Confidence::Certain), [true, false, false]);
    assert_eq!(kept(Confidence::Likely), [true, true, false]);
    assert_eq!(kept(Confidence::Possible), [true, true, true]);
}

#[test]
fn the_totals_list_the_size_of_every_keep_level() {
    let bytes = |level| {
        let planned = clock().level(level).plan();
        let totals = planned.plan.totals();
        assert_eq!(
            totals.levels.iter().find(|(at, _)| *at == level).unwrap().1,
            totals.after
        );
        totals
            .levels
            .iter()
            .map(|(_, count)| count.bytes)
            .collect::<Vec<_>>()
    };
    let [certain, likely, possible] = bytes(Confidence::Certain)[..] else {
        panic!("there are three levels")
    };
    assert_eq!((likely - certain, possible - likely), (1, 4));
    assert_eq!(bytes(Confidence::Possible), [certain, likely, possible]);
}

#[test]
fn why_explains_which_level_would_keep_a_dropped_file() {
    let planned = clock().level(Confidence::Certain).plan();
    let chain = planned
        .plan
        .why_at_any_level(planned.name("/usr/share/zoneinfo/Asia/Tokyo"));
    assert_eq!(
        chain.last().unwrap().why.to_string(),
        "kept by the rule `time-zones`, triggered by a call to `localtime`"
    );
    assert_eq!(
        planned.why("/usr/share/zoneinfo/Asia/Tokyo"),
        Vec::<String>::new()
    );
}

#[test]
fn files_below_the_keep_level_have_no_unmet_needs() {
    let machine = merged_usr()
        .script("/entry.sh", "#!/bin/none\n")
        .script("/usr/bin/tool.sh", "#!/bin/other\n")
        .elf("/usr/bin/app", &program(GLIBC).needs("libnone.so"))
        .env("TOOL=/usr/bin/app")
        .entrypoint(&["/entry.sh"]);
    assert_eq!(
        machine.clone().level(Confidence::Certain).plan().unmet(),
        ["/entry.sh needs the interpreter `/bin/none`"]
    );
    assert_eq!(machine.plan().unmet().len(), 2);
}

#[test]
fn a_directory_given_with_drop_is_dropped_with_everything_below_it() {
    let planned = clock()
        .drop("/usr/share/zoneinfo")
        .drop("/usr/lib/locale/*-archive")
        .plan();
    assert!(
        !planned.keeps("/usr/share/zoneinfo/Asia/Tokyo")
            && !planned.keeps("/usr/lib/locale/locale-archive")
    );
    assert!(planned.keeps("/etc/localtime"));
    let error = clock().drop("/none/*").try_plan().unwrap_err().to_string();
    assert_eq!(error, "`--drop /none/*` matches nothing in the image");
}

/// A program that takes `dlopen`, with names among its strings.
fn opener(strings: &str) -> Machine {
    let bytes = [
        &program(GLIBC)
            .needs("libc.so.6")
            .imports("dlopen")
            .rpath("/opt/lib")
            .bytes()[..],
        strings.as_bytes(),
    ]
    .concat();
    merged_usr()
        .executable("/usr/bin/app", bytes)
        .elf(
            "/opt/lib/libplugin.so.1",
            &library("libplugin.so.1").needs("libhelp.so.1"),
        )
        .elf("/opt/lib/libhelp.so.1", &library("libhelp.so.1"))
        .entrypoint(&["app"])
}

#[test]
fn a_library_named_in_a_caller_of_dlopen_is_kept_with_its_libraries() {
    let planned = opener("\0libplugin.so.1\0libabsent.so.1\0").plan();
    assert_eq!(
        planned.why("/opt/lib/libhelp.so.1")[1..],
        [
            "/opt/lib/libplugin.so.1: may be opened as `libplugin.so.1`, found through the RPATH of `/usr/bin/app`",
            "/opt/lib/libhelp.so.1: required as `libhelp.so.1`, found through the RPATH of `/usr/bin/app`",
        ]
    );
    assert_eq!(planned.unmet(), Vec::<String>::new());
    let certain = opener("\0libplugin.so.1\0")
        .level(Confidence::Certain)
        .plan();
    assert!(!certain.keeps("/opt/lib/libplugin.so.1") && !certain.keeps("/opt/lib/libhelp.so.1"));
}

#[test]
fn a_function_that_calls_dlopen_in_a_library_opens_libraries_too() {
    let keeps_plugin = |symbol: &str| {
        let bytes = [
            &program(GLIBC)
                .needs("libc.so.6")
                .imports(symbol)
                .rpath("/opt/lib")
                .bytes()[..],
            b"\0libplugin.so.1\0",
        ]
        .concat();
        let planned = opener("").executable("/usr/bin/app", bytes).plan();
        planned.keeps("/opt/lib/libhelp.so.1")
    };
    for symbol in [
        "PR_LoadLibraryWithFlags",
        "g_module_open",
        "lt_dlopenext",
        "SDL_LoadObject",
        "_ZN8QLibrary4loadEv",
    ] {
        assert!(keeps_plugin(symbol), "{symbol}");
    }
    assert!(!keeps_plugin("g_module_close"));
}

#[test]
fn a_library_name_without_a_dlopen_call_keeps_nothing() {
    let bytes = [
        &program(GLIBC).needs("libc.so.6").bytes()[..],
        b"\0libplugin.so.1\0",
    ]
    .concat();
    let planned = opener("").executable("/usr/bin/app", bytes).plan();
    assert!(!planned.keeps("/opt/lib/libplugin.so.1"));
}

#[test]
fn graphics_driver_libraries_are_provided_at_run_time() {
    let planned = merged_usr()
        .elf(
            "/usr/bin/app",
            &program(GLIBC).needs("libcuda.so.1").needs("libc.so.6"),
        )
        .entrypoint(&["app"])
        .plan();
    assert_eq!(planned.unmet(), Vec::<String>::new());
    assert_eq!(
        planned.notes(),
        ["/usr/bin/app: `libcuda.so.1` is not in the image: the container runtime provides it"]
    );
}

#[test]
fn files_from_copy_and_add_are_the_application() {
    let planned = merged_usr()
        .layer("/bin/sh -c #(nop) ADD file:12 in / ")
        .file("/etc/os-release", "ID=debian\n")
        .file("/usr/share/words", "x")
        .layer("RUN /bin/sh -c apt-get install -y app # buildkit")
        .elf("/usr/bin/app", &program(GLIBC))
        .file("/usr/share/more", "x")
        .file(
            "/var/lib/dpkg/status",
            "Package: app\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n",
        )
        .file(
            "/var/lib/dpkg/info/app.list",
            "/usr/bin/app\n/usr/share/more\n",
        )
        .layer("COPY data /opt/data # buildkit")
        .file("/opt/data/model.bin", "x")
        .entrypoint(&["app"])
        .plan();
    assert_eq!(
        planned.why("/opt/data/model.bin"),
        ["/opt/data/model.bin: added by `COPY data /opt/data`"]
    );
    assert!(!planned.keeps("/usr/share/words") && !planned.keeps("/usr/share/more"));
}

#[test]
fn a_shell_path_keeps_the_shell_only_in_a_program_that_starts_others() {
    let holding = |elf: crate::builders::elf_file::ElfFile| {
        let bytes = [&elf.bytes()[..], b"\0/bin/sh\0/bin/apt-get\0"].concat();
        let machine = merged_usr()
            .elf("/usr/bin/sh", &program(GLIBC))
            .elf("/usr/bin/apt-get", &program(GLIBC));
        machine
            .executable("/usr/bin/app", bytes)
            .entrypoint(&["app"])
            .plan()
    };
    assert!(!holding(program(GLIBC)).keeps("/usr/bin/sh"));
    let starts = holding(program(GLIBC).imports("execl"));
    assert!(starts.keeps("/usr/bin/sh") && !starts.keeps("/usr/bin/apt-get"));
}
