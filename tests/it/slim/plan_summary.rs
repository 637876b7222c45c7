//! The summary of a plan: what a person may miss, and what is not known.

use jettison::slim::Confidence;

use super::machine::Machine;
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, library, program};

/// Packages as dpkg records them: name, source, files.
fn packages(mut machine: Machine, list: &[(&str, &str, &[&str])]) -> Machine {
    let mut status = String::new();
    for (name, source, files) in list {
        let fields = [
            "Status: install ok installed",
            "Version: 1",
            "Architecture: amd64",
        ];
        let fields = fields.join("\n");
        status += &[
            "Package: ",
            name,
            "\nSource: ",
            source,
            "\n",
            &fields,
            "\n\n",
        ]
        .concat();
        for file in *files {
            machine = if file.contains("/bin/") {
                machine.elf(file, &program(GLIBC))
            } else {
                machine.file(file, "some text")
            };
        }
        machine = machine.file(
            &format!("/var/lib/dpkg/info/{name}.list"),
            format!("{}\n", files.join("\n")),
        );
    }
    machine.file("/var/lib/dpkg/status", status)
}

fn base() -> Machine {
    merged_usr()
        .layer("/bin/sh -c #(nop) ADD file:12 in / ")
        .file("/etc/os-release", "ID=debian\n")
        .file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
}

fn server() -> Machine {
    let machine = base().layer(
        "RUN /bin/sh -c apt-get update \
         && apt-get install -y server poppler-utils all-fonts # buildkit",
    );
    packages(
        machine,
        &[
            (
                "server",
                "server",
                &["/usr/bin/server", "/usr/bin/server-ctl"],
            ),
            ("server-client", "server", &["/usr/bin/server-dump"]),
            (
                "poppler-utils",
                "poppler",
                &["/usr/bin/pdfinfo", "/usr/share/doc/x"],
            ),
            ("libpoppler", "poppler", &["/usr/share/poppler/x"]),
            (
                "all-fonts",
                "all-fonts",
                &["/usr/share/doc/all-fonts/copyright"],
            ),
        ],
    )
    .entrypoint(&["server"])
}

#[test]
fn the_summary_names_explicitly_installed_packages_that_are_removed() {
    let summary = server().summary();
    let line = summary
        .lines()
        .find(|line| line.starts_with("installed by RUN"));
    let line = line.unwrap_or_else(|| panic!("{summary}"));
    // A metapackage has nothing to keep, and what nobody named is a dependency.
    assert!(
        line.starts_with("installed by RUN, but not kept: poppler-utils ")
            && !line.contains("libpoppler")
            && !line.contains("all-fonts"),
        "{line}"
    );
    let summary = server().keep("/usr/bin/pdfinfo").summary();
    assert!(!summary.contains("installed by RUN"), "{summary}");
}

#[test]
fn companions_of_the_program_are_named_and_an_option_keeps_them() {
    let summary = server().summary();
    assert!(
        summary.contains(
            "companion programs, not kept (`--keep-companions` keeps them): \
             server-ctl, server-dump\n"
        ),
        "{summary}"
    );
    let planned = server().keep_companions().plan();
    assert!(planned.keeps("/usr/bin/server-ctl") && planned.keeps("/usr/bin/server-dump"));
    assert!(!planned.keeps("/usr/bin/pdfinfo"));
    assert_eq!(
        planned.why("/usr/bin/server-dump"),
        ["/usr/bin/server-dump: a companion program, requested by `--keep-companions`"]
    );
    assert!(
        !server()
            .keep_companions()
            .summary()
            .contains("programs beside")
    );
}

#[test]
fn programs_built_together_in_a_base_image_are_companions() {
    let machine = base()
        .elf("/usr/local/bin/built-server", &program(GLIBC))
        .elf("/usr/local/bin/built-cli", &program(GLIBC))
        .layer("COPY x /x # buildkit")
        .file("/x", "x")
        .entrypoint(&["built-server"]);
    let summary = machine.summary();
    assert!(summary.contains("keeps them): built-cli\n"), "{summary}");
}

#[test]
fn the_summary_shows_what_other_levels_would_change() {
    let machine = server()
        .file("/usr/bin/entry.sh", "")
        .script("/usr/bin/entry", "#!/bin/none\n/usr/bin/pdfinfo x\n");
    let summary = machine.level(Confidence::Certain).summary();
    assert!(
        summary.contains("  `--keep-level possible` adds "),
        "{summary}"
    );
}

#[test]
fn an_idle_command_is_a_warning() {
    for command in [
        &["bash"][..],
        &["sleep", "infinity"],
        &["tini", "--", "sh", "-l"],
    ] {
        let machine = base()
            .elf("/usr/bin/bash", &program(GLIBC))
            .elf("/usr/bin/sh", &program(GLIBC))
            .elf("/usr/bin/sleep", &program(GLIBC))
            .elf("/usr/bin/tini", &program(GLIBC))
            .set("Cmd", serde_json::json!(command));
        let summary = machine.summary();
        assert!(
            summary.starts_with("warning: `") && summary.contains("only waits"),
            "{summary}"
        );
        let helped = machine.keep("/usr/bin/bash").summary();
        assert!(!helped.contains("warning"), "{helped}");
    }
}

#[test]
fn a_command_that_runs_code_from_outside_is_a_warning() {
    let machine = base()
        .elf("/usr/bin/python3", &program(GLIBC))
        .set("Cmd", serde_json::json!(["python3", "/mnt/run.py"]));
    let summary = machine.summary();
    assert!(
        summary.contains("warning: `python3 /mnt/run.py`, the CMD command, runs code"),
        "{summary}"
    );
    let with_source = machine.file("/mnt/run.py", "");
    assert!(!with_source.summary().contains("runs code"));
}

#[test]
fn a_script_that_executes_missing_arguments_is_a_warning() {
    let machine = base()
        .elf("/usr/bin/sh", &program(GLIBC))
        .script("/entry.sh", "#!/bin/sh\nset -e\nexec \"$@\"\n")
        .entrypoint(&["/entry.sh"]);
    let summary = machine.summary();
    assert!(
        summary.starts_with("warning: `/entry.sh`, the ENTRYPOINT script"),
        "{summary}"
    );
    let with_command = machine
        .elf("/usr/bin/app", &program(GLIBC))
        .set("Cmd", serde_json::json!(["app"]));
    assert!(!with_command.summary().contains("warning"));
}

#[test]
fn sources_without_their_interpreter_are_reported() {
    let machine = base()
        .elf("/usr/bin/python3.11", &program(GLIBC))
        .elf("/usr/bin/app", &program(GLIBC))
        .layer("COPY . /srv # buildkit")
        .file("/srv/main.py", "print()\n")
        .entrypoint(&["app"]);
    let notes = machine.plan().notes();
    assert_eq!(
        notes,
        [
            "/srv/main.py: Python source files are kept without their interpreter: \
             no kept file starts it"
        ]
    );
    let started = machine.entrypoint(&["python3.11", "/srv/main.py"]);
    assert_eq!(started.plan().notes(), Vec::<String>::new());
}

#[test]
fn errors_about_a_missing_program_name_the_option_to_set_it() {
    let error = base()
        .entrypoint(&["gone"])
        .try_plan()
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with(": specify another with `--entrypoint`"),
        "{error}"
    );
    let error = base().try_plan().unwrap_err().to_string();
    assert!(error.contains("specify it with `--entrypoint`"), "{error}");
}

#[test]
fn a_plain_word_given_to_keep_is_a_program_on_path() {
    let planned = server().keep("server-dump").plan();
    assert!(planned.keeps("/usr/bin/server-dump"));
}

#[test]
fn a_dry_run_shows_sizes_of_directories() {
    let text = server().dry_run();
    let (dropped, kept) = text.split_once("\nkept:\n").expect("both are shown");
    assert!(dropped.contains("dropped packages:\n"), "{text}");
    assert!(
        dropped.contains("/usr/bin/pdfinfo") && kept.contains("/usr/bin/server\n"),
        "{text}"
    );
    assert!(!kept.contains("pdfinfo"), "{text}");
}

#[test]
fn a_metapackage_is_represented_by_its_dependencies() {
    let image = |depends: &str| {
        let machine = base().layer("RUN /bin/sh -c apt-get install -y default-tool # buildkit");
        let machine = packages(
            machine,
            &[
                (
                    "default-tool",
                    "defaults",
                    &["/usr/share/doc/default-tool/copyright"],
                ),
                ("tool-5", "tool", &["/usr/bin/tool"]),
                ("libtool", "tool", &["/usr/share/libtool/x"]),
                ("server", "server", &["/usr/bin/server"]),
            ],
        );
        let status = "Package: default-tool\nStatus: install ok installed\nVersion: 1\n\
             Architecture: amd64\nDepends: DEPENDS\n\n\
             Package: tool-5\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n\
             Package: libtool\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n";
        machine
            .file("/var/lib/dpkg/status", status.replace("DEPENDS", depends))
            .entrypoint(&["server"])
    };
    let depends = "libtool (>= 1), tool-5:any | tool-4";
    let summary = image(depends).summary();
    assert!(
        summary.contains("installed by RUN, but not kept: default-tool "),
        "{summary}"
    );
    let summary = image(depends).keep("tool").summary();
    assert!(!summary.contains("installed by RUN"), "{summary}");
    assert!(!image("libtool").summary().contains("installed by RUN"));
}

#[test]
fn parts_that_a_rule_leaves_out_are_named_with_their_size() {
    let machine = base()
        .elf("/usr/lib/postgresql/15/bin/postgres", &program(GLIBC))
        .elf("/usr/lib/postgresql/15/lib/llvmjit.so", &library(""))
        .entrypoint(&["/usr/lib/postgresql/15/bin/postgres"]);
    let summary = machine.summary();
    assert!(
        summary.contains("left out on purpose:\n  the JIT compiler, ")
            && summary.contains("(rule postgresql): `--keep '/**/llvmjit.so'`"),
        "{summary}"
    );
    let kept = machine.keep("/**/llvmjit.so").summary();
    assert!(!kept.contains("left out on purpose"), "{kept}");
}
