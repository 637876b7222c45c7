//! Evidence adds up along a chain of reasons, and what a mention keeps.

use jettison::slim::Confidence;

use super::machine::{Machine, Planned};
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, library, program};

fn base() -> Machine {
    merged_usr()
        .elf("/usr/bin/app", &program(GLIBC))
        .entrypoint(&["app"])
}

/// An image whose program reads a configuration file with this text.
fn configured(machine: Machine, text: &str) -> Machine {
    machine
        .file("/etc/app.conf", text)
        .env("APP_CONFIG=/etc/app.conf")
}

/// Says that dpkg installed these files.
fn installed(machine: Machine, files: &str) -> Machine {
    machine
        .file(
            "/var/lib/dpkg/status",
            "Package: p\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n",
        )
        .file("/var/lib/dpkg/info/p.list", files.replace(' ', "\n"))
}

fn confidence(planned: &Planned, path: &str) -> Confidence {
    planned.plan.graph().confidence(planned.name(path))
}

#[test]
fn requirements_of_a_possible_file_are_possible() {
    let machine = configured(base(), "plugin = /srv/plugin/run\n")
        .elf("/srv/plugin/run", &program(GLIBC).needs("libplugin.so.1"))
        .elf(
            "/usr/lib/x86_64-linux-gnu/libplugin.so.1",
            &library("libplugin.so.1"),
        );
    let planned = machine.clone().plan();
    let library = "/usr/lib/x86_64-linux-gnu/libplugin.so.1";
    // The reason of its own is certain: the program does not start without it.
    assert_eq!(
        planned.plan.reasons(planned.name(library))[0].confidence(),
        Confidence::Certain
    );
    assert_eq!(confidence(&planned, library), Confidence::Possible);
    assert!(!machine.level(Confidence::Likely).plan().keeps(library));
}

#[test]
fn a_chain_of_mentions_ends_after_two_steps() {
    let planned = configured(base(), "include /srv/a.conf\n")
        .file("/srv/a.conf", "include /srv/b.conf\n")
        .file("/srv/b.conf", "include /srv/c.conf\n")
        .file("/srv/c.conf", "x\n")
        .plan();
    assert!(planned.keeps("/srv/a.conf") && planned.keeps("/srv/b.conf"));
    assert!(!planned.keeps("/srv/c.conf"));
    // A shorter chain to the same name counts, whichever was found first.
    let planned = configured(base(), "include /srv/a.conf\ninclude /srv/b.conf\n")
        .file("/srv/a.conf", "include /srv/b.conf\n")
        .file("/srv/b.conf", "include /srv/c.conf\n")
        .file("/srv/c.conf", "x\n")
        .plan();
    assert!(planned.keeps("/srv/c.conf"));
}

#[test]
fn a_mention_alone_keeps_no_shell_interpreter_or_setuid_program() {
    let text = "a = /usr/local/bin/zsh\nb = /usr/bin/python3.11\nc = /usr/bin/apk\n\
                d = /usr/local/bin/raise\ne = /usr/local/bin/tool\n";
    let planned = configured(base(), text)
        .elf("/usr/local/bin/zsh", &program(GLIBC))
        .elf("/usr/bin/python3.11", &program(GLIBC))
        .elf("/usr/bin/apk", &program(GLIBC))
        .setuid("/usr/local/bin/raise", &program(GLIBC))
        .elf("/usr/local/bin/tool", &program(GLIBC))
        .plan();
    for path in [
        "/usr/local/bin/zsh",
        "/usr/bin/python3.11",
        "/usr/bin/apk",
        "/usr/local/bin/raise",
    ] {
        assert!(!planned.keeps(path), "{path}: {:?}", planned.reasons(path));
    }
    assert!(planned.keeps("/usr/local/bin/tool"));
}

#[test]
fn a_script_mentioned_in_a_package_does_not_keep_its_interpreter() {
    let image = |users: bool| {
        let machine = base()
            .elf("/usr/bin/perl", &program(GLIBC))
            .elf(
                "/usr/lib/x86_64-linux-gnu/libicudata.so.72",
                &library("libicudata.so.72"),
            )
            .elf(
                "/usr/lib/x86_64-linux-gnu/libicuuc.so.72",
                &library("libicuuc.so.72").needs("libicudata.so.72"),
            )
            .elf(
                "/usr/lib/app/fts.so",
                &library("fts.so").needs("libicuuc.so.72"),
            )
            .elf("/usr/lib/app/plain.so", &library("plain.so"))
            .script("/usr/lib/app/helper.pl", "#!/usr/bin/perl\n");
        let text =
            "a = /usr/lib/app/fts.so\nb = /usr/lib/app/plain.so\nc = /usr/lib/app/helper.pl\n";
        let files =
            "/usr/lib/app/fts.so /usr/lib/app/plain.so /usr/lib/app/helper.pl /etc/app.conf";
        if users {
            let files = files.trim_end_matches(" /etc/app.conf");
            configured(
                installed(machine, files)
                    .layer("ADD rootfs / # buildkit")
                    .layer("COPY app.conf /etc/app.conf # buildkit"),
                text,
            )
        } else {
            configured(installed(machine, files), text)
        }
    };
    let planned = image(false).plan();
    assert!(planned.keeps("/usr/lib/app/plain.so"));
    for path in [
        "/usr/lib/app/fts.so",
        "/usr/lib/app/helper.pl",
        "/usr/bin/perl",
    ] {
        assert!(!planned.keeps(path), "{path}: {:?}", planned.reasons(path));
    }
    // The user's own configuration means it.
    let planned = image(true).plan();
    for path in [
        "/usr/lib/app/fts.so",
        "/usr/lib/app/helper.pl",
        "/usr/bin/perl",
    ] {
        assert!(planned.keeps(path), "{path}");
    }
}

#[test]
fn a_mentioned_script_is_kept_if_its_interpreter_is_kept_anyway() {
    let text = "c = /usr/lib/app/helper.pl\n";
    let machine = base()
        .elf("/usr/bin/perl", &program(GLIBC))
        .script("/usr/lib/app/helper.pl", "#!/usr/bin/perl\n")
        .keep("/usr/bin/perl");
    let machine = installed(machine, "/usr/lib/app/helper.pl /etc/app.conf");
    assert!(
        configured(machine, text)
            .plan()
            .keeps("/usr/lib/app/helper.pl")
    );
}

#[test]
fn a_mention_keeps_added_programs_but_not_those_of_the_base_image() {
    let machine = base()
        .elf("/usr/bin/basetool", &program(GLIBC))
        .layer("/bin/sh -c #(nop) ADD file:12 in / ")
        .file("/etc/os-release", "ID=debian\n")
        .layer("RUN /bin/sh -c apt-get install -y p # buildkit")
        .elf("/usr/bin/newtool", &program(GLIBC));
    let machine = installed(machine, "/usr/bin/newtool /etc/app.conf");
    let text = "a = /usr/bin/basetool\nb = /usr/bin/newtool\n";
    let planned = configured(machine, text).plan();
    assert!(planned.keeps("/usr/bin/newtool"), "{:?}", planned.kept());
    assert!(
        !planned.keeps("/usr/bin/basetool"),
        "{:?}",
        planned.reasons("/usr/bin/basetool")
    );
}

#[test]
fn commands_of_a_mentioned_script_are_only_mentions_unless_the_user_added_it() {
    let machine = || {
        base()
            .elf("/usr/bin/sh", &program(GLIBC))
            .elf("/usr/bin/basetool", &program(GLIBC))
            .layer("ADD rootfs / # buildkit")
            .file("/etc/os-release", "ID=debian\n")
            .layer("RUN /bin/sh -c apt-get install -y p # buildkit")
            .file("/usr/lib/p/hook.sh", "sh -c x\nbasetool\nnewtool\n")
            .elf("/usr/bin/newtool", &program(GLIBC))
    };
    let text = "hook = /usr/lib/p/hook.sh\n";
    let files = "/usr/lib/p/hook.sh /usr/bin/newtool /etc/app.conf";
    let planned = configured(installed(machine(), files), text).plan();
    assert!(planned.keeps("/usr/lib/p/hook.sh") && planned.keeps("/usr/bin/newtool"));
    for path in ["/usr/bin/sh", "/usr/bin/basetool"] {
        assert!(!planned.keeps(path), "{path}: {:?}", planned.reasons(path));
    }
    let files = "/usr/bin/newtool /etc/app.conf";
    let planned = configured(installed(machine(), files), text).plan();
    assert!(planned.keeps("/usr/bin/sh") && planned.keeps("/usr/bin/basetool"));
}

#[test]
fn program_names_in_the_main_program_are_kept_but_not_those_in_helpers() {
    let image = |entrypoint: &[&str]| {
        let holding = |text: &str| {
            let bytes = program(GLIBC).imports("execvp").bytes();
            [&bytes[..], b"\0", text.as_bytes(), b"\0"].concat()
        };
        merged_usr()
            .executable("/usr/bin/main", holding("gzip\0helper\0"))
            .executable("/usr/bin/helper", holding("sort\0"))
            .executable("/usr/bin/bash", holding("gzip\0"))
            .elf("/usr/bin/gzip", &program(GLIBC))
            .elf("/usr/bin/sort", &program(GLIBC))
            .link("/usr/bin/m", "main")
            .entrypoint(entrypoint)
            .plan()
    };
    for words in [&["main"][..], &["m"], &["helper", "main"]] {
        assert!(image(words).keeps("/usr/bin/gzip"), "{words:?}");
    }
    let planned = image(&["main"]);
    assert!(planned.keeps("/usr/bin/helper") && !planned.keeps("/usr/bin/sort"));
    assert!(!image(&["bash", "-c", "x"]).keeps("/usr/bin/gzip"));
}

#[test]
fn a_long_list_of_program_names_is_not_a_list_of_calls() {
    let image = |count: usize| {
        let names: Vec<String> = (0..count)
            .map(|number| format!("tool{number:02}"))
            .collect();
        let text = format!("\0{}\0", names.join("\0"));
        let bytes = program(GLIBC).imports("execvp").bytes();
        let machine = names.iter().fold(merged_usr(), |machine, name| {
            machine.elf(&format!("/usr/bin/{name}"), &program(GLIBC))
        });
        machine
            .executable("/usr/bin/database", [&bytes[..], text.as_bytes()].concat())
            .entrypoint(&["database"])
            .plan()
    };
    assert!(image(10).keeps("/usr/bin/tool00"));
    assert!(!image(11).keeps("/usr/bin/tool00"));
}

#[test]
fn a_text_that_names_a_directory_does_not_bring_what_the_rule_of_its_program_leaves_out() {
    let machine = configured(base(), "root = /opt/R/4/lib/R\n")
        .elf("/opt/R/4/lib/R/bin/exec/R", &program(GLIBC))
        .file("/opt/R/4/lib/R/library/base/R/base", "")
        .file("/opt/R/4/lib/R/library/base/html/00Index.html", "")
        .entrypoint(&["/opt/R/4/lib/R/bin/exec/R"]);
    let planned = machine.plan();
    assert!(planned.keeps("/opt/R/4/lib/R/library/base/R/base"));
    assert!(!planned.keeps("/opt/R/4/lib/R/library/base/html/00Index.html"));
}

#[test]
fn a_script_in_a_package_runs_only_if_something_names_it() {
    let script = "/usr/lib/python3/dist-packages/tool/_util/setup.sh";
    let machine = base()
        .elf("/usr/bin/dash", &program(GLIBC))
        .link("/usr/bin/sh", "dash")
        .elf("/usr/bin/apt-get", &program(GLIBC))
        .setuid("/usr/bin/mount", &program(GLIBC))
        .elf("/usr/bin/python3", &program(GLIBC))
        .file("/usr/lib/python3.11/os.py", "")
        .script(script, "#!/bin/sh\napt-get update\nmount /x\n$COMPUTED\n")
        .file("/app/main.py", "import tool\n")
        .set("Cmd", serde_json::json!(["python3", "/app/main.py"]))
        .set("Entrypoint", serde_json::json!(null));
    let planned = machine.clone().plan();
    assert!(planned.keeps(script));
    assert!(!planned.keeps("/usr/bin/apt-get") && !planned.keeps("/usr/bin/mount"));
    assert_eq!(planned.notes(), Vec::<String>::new());
    let named = machine
        .file("/app/main.py", format!("run('{script}')\n"))
        .plan();
    assert!(named.keeps("/usr/bin/apt-get") && named.keeps("/usr/bin/mount"));
}
