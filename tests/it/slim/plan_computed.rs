//! Commands and files of scripts whose names are computed at run time, and what is noted about
//! them.

use super::machine::{Machine, Planned};
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, program};

fn with(names: &[&str]) -> Machine {
    let machine = merged_usr()
        .elf("/usr/bin/dash", &program(GLIBC))
        .link("/usr/bin/sh", "dash");
    names.iter().fold(machine, |machine, name| {
        machine.elf(&format!("/usr/bin/{name}"), &program(GLIBC))
    })
}

/// The plan for an entry point with these lines below its `#!` line.
fn run(machine: Machine, lines: &str) -> Planned {
    let script = format!("#!/bin/sh\n{lines}\n:\n");
    machine.script("/run", &script).entrypoint(&["/run"]).plan()
}

const NONE: [String; 0] = [];

#[test]
fn a_file_whose_directory_is_computed_is_noted_while_it_is_not_kept() {
    for line in [
        "$BINDIR/server",
        "\"${BINDIR}\"/server -x",
        "exec \"$(cat /etc/home)/bin/server\"",
        "nice -n 5 \"$BINDIR/server\"",
        "\"$BINDIR/sub/server\"",
    ] {
        let machine = || with(&["nice"]).elf("/opt/a/server", &program(GLIBC));
        let notes = run(machine(), line).notes();
        assert_eq!(notes.len(), 1, "{line}: {notes:?}");
        assert!(
            notes[0].ends_with("is computed at run time: it may be /opt/a/server"),
            "{notes:?}"
        );
        let settled = machine().keep("/opt/a/server");
        assert_eq!(run(settled, line).notes(), NONE, "{line}");
    }
}

#[test]
fn a_file_that_the_image_does_not_have_is_not_noted() {
    for line in [
        "$BINDIR/server",
        ". \"$VENV/bin/activate\"",
        // A file that is not executable cannot be started.
        "\"$DIR/data\"",
    ] {
        let planned = run(with(&[]).file("/opt/data", ""), line);
        assert_eq!(planned.notes(), NONE, "{line}");
    }
}

#[test]
fn an_included_file_whose_directory_is_computed_is_noted_while_it_is_not_kept() {
    let machine = || with(&[]).file("/opt/lib.sh", "").file("/srv/lib.sh", "");
    let line = ". \"$dir/lib.sh\"";
    assert_eq!(
        run(machine(), line).notes(),
        [
            "/run:2: the included file `\"$dir/lib.sh\"` is computed at run time: \
             it may be one of 2 files, such as /opt/lib.sh"
        ]
    );
    let settled = machine().keep("/opt/lib.sh").keep("/srv/lib.sh");
    assert_eq!(run(settled, line).notes(), NONE);
}

#[test]
fn a_name_of_which_the_start_is_known_is_one_of_the_functions_or_programs_with_it() {
    let functions = "cmd_a() { id; }; cmd_b() { :; }\n\"cmd_$(cat x)\"";
    let planned = run(with(&["id"]), functions);
    assert_eq!(planned.notes(), NONE);
    assert!(planned.keeps("/usr/bin/id"));
    assert_eq!(
        run(with(&["cmd_c"]), functions).notes(),
        [
            "/run:3: the command `\"cmd_$(cat x)\"` is computed at run time: \
             it may be /usr/bin/cmd_c"
        ]
    );
    assert_eq!(
        run(with(&[]), "cmd_$x").notes(),
        ["/run:2: the command `cmd_$x` is computed at run time"],
        "an included file may define it"
    );
    let programs = with(&["tool-a"]).keep("/usr/bin/tool-a");
    assert_eq!(run(programs, "tool-$x").notes(), NONE);
}

#[test]
fn an_eval_is_noted_if_its_command_is_computed() {
    for line in [
        "eval $command",
        "eval \"$command --option\"",
        "eval \"A=1 $command\"",
        "eval \"\\$$name x\"",
        "eval \"true && $command\"",
        "eval \"exec $command\"",
        "eval \"$(cat /etc/command)\"",
        "eval \"x=\\$($command)\"",
        "eval \"eval $command\"",
        "eval \". $file\"",
    ] {
        let notes = run(with(&[]), line).notes();
        assert_eq!(notes.len(), 1, "{line}: {notes:?}");
        assert!(
            notes[0].starts_with("/run:2: the command of `eval "),
            "{notes:?}"
        );
        assert!(!notes[0].contains("__"), "{notes:?}");
    }
}

#[test]
fn an_eval_of_assignments_and_known_commands_is_not_noted() {
    for line in [
        "eval x=$y",
        "eval \"$name=\\$value\"",
        "eval pretty=\\${HEAD_$SHA:-$SHA}",
        "eval \"export $name=1\"",
        "eval \"x=\\$$name\"",
        "eval \"id -u $user\"",
        "eval \"id\" -u\"$user\"\\\n  \"-g$group\"",
        "eval \"$@\"",
        "eval set -- \"$(getopt -o x -- \"$@\")\"",
        "eval \"$(ssh-agent -s)\"",
        "eval `dircolors -b`",
        "eval $(apt-config shell X APT::X)",
    ] {
        let planned = run(with(&["id"]), line);
        assert_eq!(planned.notes(), NONE, "{line}");
        assert_eq!(
            planned.keeps("/usr/bin/id"),
            line.starts_with("eval \"id"),
            "{line}"
        );
    }
}

#[test]
fn an_eval_that_cannot_be_parsed_is_computed() {
    let notes = run(with(&[]), "A='x ('\neval \"$A\"").notes();
    assert_eq!(
        notes,
        ["/run:3: the command of `eval \"$A\"` is computed at run time"]
    );
}

#[test]
fn computed_options_and_operands_of_wrappers_are_not_programs() {
    for line in [
        "nice -$n id",
        "nice --\"$n\" id",
        "timeout \"-s$signal\" 5 id",
        "taskset -c \"$cpu\" id",
        "env -u\"$name\" id",
    ] {
        let planned = run(with(&["id", "nice", "timeout", "taskset", "env"]), line);
        assert_eq!(planned.notes(), NONE, "{line}");
        assert!(planned.keeps("/usr/bin/id"), "{line}");
    }
    let planned = run(with(&["taskset"]), "taskset -cp 0 \"$pid\"");
    assert_eq!(planned.notes(), NONE, "it changes a process");
}

#[test]
fn the_output_of_a_silent_program_is_no_command() {
    for line in [
        "if ! `mkdir -p \"$dir\"`; then exit; fi",
        "$(rm -f \"$x\")",
        "$(/bin/chmod 700 \"$x\") id",
    ] {
        assert_eq!(run(with(&["id"]), line).notes(), NONE, "{line}");
    }
    assert_eq!(run(with(&[]), "$(cat x)").notes().len(), 1);
}

#[test]
fn a_large_binary_is_not_a_text_that_is_left_unread() {
    let large = "x".repeat(9 << 20);
    let notes = |text: String| run(with(&[]).file("/opt/x", text), ". /opt/x").notes();
    assert_eq!(notes(format!("\0{large}")), NONE);
    assert_eq!(
        notes(large),
        ["/opt/x: too large to analyze: its dependencies are unknown"]
    );
}
