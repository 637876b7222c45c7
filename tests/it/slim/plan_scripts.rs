//! Scripts in a plan: `#!` lines, commands, included files.

use serde_json::json;

use super::machine::Machine;
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

/// The official redis image's, abridged.
const REDIS: &str = r#"#!/bin/sh
set -e

# first arg is `-f` or `--some-option`
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
	set -- redis-server "$@"
fi

# allow the container to be started with `--user`
if [ "$1" = 'redis-server' -a "$(id -u)" = '0' ]; then
	find . \! -user redis -exec chown redis '{}' +
	exec gosu redis "$0" "$@"
fi

um="$(umask)"
if [ "$um" = '0022' ]; then
	umask 0077
fi

exec "$@"
"#;

#[test]
fn commands_of_an_entry_point_script_are_kept() {
    let planned = with(&["redis-server", "id", "find", "chown", "gosu", "test", "cat"])
        .script("/usr/local/bin/docker-entrypoint.sh", REDIS)
        .entrypoint(&["docker-entrypoint.sh"])
        .plan();
    for name in ["sh", "dash", "redis-server", "id", "find", "chown", "gosu"] {
        assert!(planned.keeps(&format!("/usr/bin/{name}")), "{name}");
    }
    assert!(!planned.keeps("/usr/bin/cat"));
    assert!(!planned.keeps("/usr/bin/test"), "the shell has its own");
    assert_eq!(planned.notes(), Vec::<String>::new());
    assert_eq!(
        planned.why("/usr/bin/chown"),
        [
            "/usr/local/bin/docker-entrypoint.sh: the ENTRYPOINT program",
            "/usr/bin/chown: the command `chown` on line 11",
        ]
    );
}

#[test]
fn the_interpreter_of_a_shebang_and_its_own_interpreter_are_kept() {
    let planned = with(&["awk"])
        .script("/a", "#!/b -x\n")
        .script("/b", "#!/usr/bin/awk -f\n")
        .entrypoint(&["/a"])
        .plan();
    assert_eq!(
        planned.why("/usr/bin/awk"),
        [
            "/a: the ENTRYPOINT program",
            "/b: the interpreter on its `#!` line",
            "/usr/bin/awk: the interpreter on its `#!` line",
        ]
    );
}

#[test]
fn env_finds_its_program_on_the_path_of_the_image() {
    let planned = with(&["env", "perl"])
        .script("/a", "#!/usr/bin/env -S perl -w\n")
        .script("/b", "#!/usr/bin/env ruby\n")
        .entrypoint(&["/a", "/b"])
        .plan();
    assert!(planned.keeps("/usr/bin/env") && planned.keeps("/usr/bin/perl"));
    assert_eq!(planned.unmet(), ["/b needs the interpreter `ruby`"]);
}

#[test]
fn unknown_commands_are_noted_with_their_line() {
    let planned = with(&[])
        .script(
            "/a",
            "#!/bin/sh\n\"$PROGRAM\" x\neval \"$y\"\n. \"$dir/lib.sh\"\nexec \"$@\"\n",
        )
        .entrypoint(&["/a"])
        .plan();
    assert_eq!(
        planned.notes(),
        [
            "/a:2: the command `\"$PROGRAM\"` is computed at run time",
            "/a:3: the command of `eval \"$y\"` is computed at run time",
            "/a:4: the included file `\"$dir/lib.sh\"` is computed at run time",
        ]
    );
}

#[test]
fn a_sourced_file_is_read_as_a_script() {
    let planned = with(&["id"])
        .script("/a", "#!/bin/sh\n. /etc/lib\n")
        .file("/etc/lib", "run() { id; }\n")
        .entrypoint(&["/a"])
        .plan();
    assert_eq!(
        planned.why("/etc/lib")[1],
        "/etc/lib: included as `/etc/lib` on line 2"
    );
    assert_eq!(
        planned.reasons("/etc/lib")[1],
        "/a: the path `/etc/lib` on line 2"
    );
    assert_eq!(
        planned.why("/usr/bin/id")[2],
        "/usr/bin/id: the command `id` on line 1"
    );
}

#[test]
fn existing_paths_in_a_script_are_kept_except_in_comments() {
    let planned = with(&[])
        .script(
            "/a",
            "#!/bin/sh\n# /etc/comment\nfor f in /hooks/*.sh; do :; done\nexec 3< /etc/data\nmkdir -p /var/spool\n",
        )
        .file("/etc/comment", "")
        .file("/etc/data", "")
        .script("/hooks/one.sh", "id\n")
        .file("/var/spool/x", "")
        .entrypoint(&["/a"])
        .plan();
    assert!(planned.keeps("/etc/data"));
    assert!(
        planned.keeps("/hooks/one.sh"),
        "what is no part of the distribution is the application's"
    );
    assert!(!planned.keeps("/etc/comment"));
    assert!(planned.keeps("/var/spool") && !planned.keeps("/var/spool/x"));
}

#[test]
fn a_builtin_that_another_program_starts_is_a_program() {
    let planned = with(&["xargs", "echo", "printf"])
        .script("/a", "#!/bin/sh\nprintf x | xargs echo\n")
        .entrypoint(&["/a"])
        .plan();
    assert!(planned.keeps("/usr/bin/echo"));
    assert!(!planned.keeps("/usr/bin/printf"));
}

#[test]
fn an_executable_script_without_a_shebang_is_a_shell_script() {
    let planned = with(&["id"])
        .script("/a", "id\n")
        .entrypoint(&["/bin/sh", "/a"])
        .plan();
    assert!(planned.keeps("/usr/bin/id"));
}

#[test]
fn executable_text_in_another_language_is_not_read_as_a_shell_script() {
    let planned = with(&["id"])
        .script("/app/run", "#!/bin/sh\nexec \"$@\"\n")
        .script("/app/one.py", "import os\nid\nprint(x)\n")
        .script("/app/two.json", "{ id\n")
        .script("/app/three", "def main(x):\n    id(x)\n")
        .script("/app/four.JS", "id\n")
        .entrypoint(&["/app/run"])
        .keep("/app/**")
        .plan();
    assert!(planned.keeps("/app/one.py") && planned.keeps("/app/three"));
    assert!(!planned.keeps("/usr/bin/id"));
    assert_eq!(planned.notes(), Vec::<String>::new());
}

#[test]
fn a_script_is_traced_from_the_directory_it_changes_to() {
    let planned = with(&["dirname"])
        .script(
            "/opt/office/program/start",
            "#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit 1\nd=$(pwd)\n\
             ./oosplash x; cat data/one; exec \"$d/soffice.bin\" \"$@\"\n",
        )
        .elf("/opt/office/program/soffice.bin", &program(GLIBC))
        .elf("/opt/office/program/oosplash", &program(GLIBC))
        .file("/opt/office/program/data/one", "x")
        .link("/usr/bin/office", "/opt/office/program/start")
        .entrypoint(&["/usr/bin/office"])
        .plan();
    for name in ["soffice.bin", "oosplash", "data/one"] {
        assert!(
            planned.keeps(&format!("/opt/office/program/{name}")),
            "{name}"
        );
    }
    assert_eq!(planned.notes(), Vec::<String>::new());
}

/// `RabbitMQ`'s, abridged.
#[test]
fn a_script_is_traced_under_each_of_its_names() {
    let planned = with(&["basename"])
        .script(
            "/usr/lib/mq/wrapper",
            "#!/bin/sh\nSCRIPT=`basename $0`\nexec /opt/mq/bin/\"$SCRIPT\" \"$@\"\n",
        )
        .script(
            "/usr/bin/mq-start",
            "#!/bin/sh\nmq-server; exec mq-control wait\n",
        )
        .link("/usr/bin/mq-server", "../lib/mq/wrapper")
        .link("/usr/bin/mq-control", "../lib/mq/wrapper")
        .elf("/opt/mq/bin/mq-server", &program(GLIBC))
        .elf("/opt/mq/bin/mq-control", &program(GLIBC))
        .entrypoint(&["/usr/bin/mq-start"])
        .plan();
    assert!(planned.keeps("/opt/mq/bin/mq-server"));
    assert!(planned.keeps("/opt/mq/bin/mq-control"));
}

#[test]
fn programs_started_by_functions_and_generated_scripts_are_kept() {
    let planned = with(&["env", "id", "tac", "seq", "who", "w"])
        .script(
            "/a",
            "#!/bin/sh\nas() { shift; exec \"$@\"; }\nhome() { echo /srv/app; }\n\
             start() { \"$1/bin/server\"; }\ncat > /tmp/x <<'EOF'\n#!/bin/sh\nexec id\nEOF\n\
             env -S 'A=1 tac x'\nstart \"$(home)\"\ntimeout 5 seq 1; su app -c 'who'\nas root w\n",
        )
        .elf("/srv/app/bin/server", &program(GLIBC))
        .entrypoint(&["/a"])
        .plan();
    for name in ["id", "tac", "seq", "who", "w"] {
        assert!(planned.keeps(&format!("/usr/bin/{name}")), "{name}");
    }
    assert!(planned.keeps("/srv/app/bin/server"));
    assert_eq!(planned.notes(), Vec::<String>::new());
    assert_eq!(
        planned.why("/usr/bin/id").last().map(String::as_str),
        Some("/usr/bin/id: the command `id` on line 7")
    );
}

#[test]
fn here_documents_that_a_shell_or_an_interpreter_reads_are_code() {
    let planned = with(&[
        "bash", "python3", "perl", "tac", "seq", "who", "w", "watch", "id", "env",
    ])
    .script(
        "/a",
        "#!/bin/sh\nsh <<'X'\ntac\nX\nbash -s -- one <<X\nseq\nX\n\
             python3 - <<'EOF'\nimport subprocess\nsubprocess.run(['who'])\nEOF\n\
             cat >/tmp/job <<EOF\nw $(hostname)\nEOF\nsh /tmp/job\n\
             echo 'watch -n1 x' | sh\ncat >/tmp/data <<EOF\nid\nEOF\nsh /tmp/other <<EOF\nenv\nEOF\n",
    )
    .entrypoint(&["/a"])
    .plan();
    for name in ["tac", "seq", "who", "w", "watch"] {
        assert!(planned.keeps(&format!("/usr/bin/{name}")), "{name}");
    }
    assert!(!planned.keeps("/usr/bin/id"), "it is data");
    assert!(
        !planned.keeps("/usr/bin/env"),
        "it is the input of a script"
    );
}

#[test]
fn code_in_the_arguments_of_an_interpreter_starts_programs() {
    for command in [
        &["python3", "-c", "import os; os.system('tac x')"][..],
        &["perl", "-lne", "print `tac`"],
        &["awk", "{ print | \"tac\" }"],
        &["ruby", "-e", "exec 'tac'"],
        &[
            "sh",
            "-c",
            "node -e \"require('child_process').exec('tac')\"",
        ],
        &["sh", "-c", "exec php -r 'system(\"tac\");'"],
    ] {
        let planned = with(&[
            "python3", "perl", "awk", "ruby", "node", "php", "tac", "seq",
        ])
        .entrypoint(command)
        .plan();
        assert!(planned.keeps("/usr/bin/tac"), "{command:?}");
        assert!(!planned.keeps("/usr/bin/seq"), "{command:?}");
    }
}

#[test]
fn a_program_after_dashes_is_started_by_a_script_of_the_user() {
    let planned = with(&[
        "bash",
        "app",
        "grep",
        "seq",
        "watch",
        "tac",
        "dockerize",
        "who",
    ])
    .layer("ADD file:12 in /")
    .file("/usr/lib/os-release", "ID=debian\n")
    .layer("COPY . /")
    .script("/wait-for-it.sh", "#!/bin/bash\nexec \"$@\"\n")
    .script(
        "/a",
        "#!/bin/sh\n/wait-for-it.sh db:5432 -- app -x\ngrep -- x seq\n\
             watch -n1 tac\ndockerize -wait tcp://db:1 who\n",
    )
    .entrypoint(&["/a"])
    .plan();
    for name in ["app", "tac", "who"] {
        assert!(planned.keeps(&format!("/usr/bin/{name}")), "{name}");
    }
    assert!(!planned.keeps("/usr/bin/seq"), "`grep` starts nothing");
}

#[test]
fn the_rest_of_a_script_that_another_interpreter_reads_is_no_shell_code() {
    let planned = with(&["tclsh", "tac", "id"])
        .script(
            "/a",
            "#!/bin/sh\n# \\\nexec tclsh \"$0\" ${1+\"$@\"}\nset x [exec tac]\nid {\n",
        )
        .entrypoint(&["/a"])
        .plan();
    assert!(planned.keeps("/usr/bin/tclsh"));
    assert!(planned.keeps("/usr/bin/tac"), "Tcl starts it");
    assert!(!planned.keeps("/usr/bin/id"));
    assert_eq!(planned.notes(), Vec::<String>::new());
}

#[test]
fn an_entry_point_that_executes_an_unknown_program_is_refused() {
    let script = |last: &str| {
        with(&["id", "nice"])
            .script("/a", &format!("#!/bin/sh\nid\n{last}\n"))
            .entrypoint(&["/a"])
    };
    for last in ["exec \"$SERVER\" -x", "exec nice -n 5 \"$(find_it)\""] {
        let Err(error) = script(last).try_plan() else {
            panic!("{last} has a plan");
        };
        let text = error.to_string();
        assert!(text.starts_with("`/a:3` starts `\""), "{text}");
        assert!(text.contains("`--keep`"), "{text}");
        let planned = script(last).keep("/usr/bin/nice").plan();
        assert_eq!(planned.notes().len(), 1, "{last}");
    }
    // The arguments of the script, what may be empty, and what does not always run.
    for last in [
        "exec \"$@\"",
        "exec \"$1\"",
        "server=$1; exec $server",
        "exec $PREFIX id",
        "exec \"${SERVER:-id}\"",
        "[ -z \"$X\" ] || exec \"$X\"",
        "\"$X\"",
    ] {
        assert!(script(last).try_plan().is_ok(), "{last}");
    }
}

#[test]
fn a_script_of_another_language_is_not_read_as_a_shell_script() {
    let planned = with(&["python3", "id"])
        .script("/a.py", "#!/usr/bin/python3\nid\n")
        .entrypoint(&["/a.py"])
        .plan();
    assert!(!planned.keeps("/usr/bin/id"));
}

#[test]
fn a_relative_path_in_a_shell_command_is_kept_from_the_working_directory() {
    let planned = with(&["node"])
        .file("/app/server.js", "x")
        .set("WorkingDir", json!("/app"))
        .set("Cmd", json!(["/bin/sh", "-c", "node server.js"]))
        .plan();
    assert_eq!(
        planned.why("/app/server.js"),
        ["/app/server.js: the word `server.js` in CMD"]
    );
}

#[test]
fn a_shebang_that_the_kernel_refuses_is_noted() {
    let planned = with(&[])
        .script("/a", "#!\nid\n")
        .entrypoint(&["/bin/sh", "/a"])
        .plan();
    assert_eq!(
        planned.notes(),
        ["/a:1: invalid `#!` line: the kernel rejects it"]
    );
}

#[test]
fn symlinks_to_a_multi_call_program_are_kept_by_command_name() {
    let planned = Machine::new()
        .elf(
            "/bin/busybox",
            &crate::builders::elf_file::library("").fixed(),
        )
        .link("/bin/sh", "busybox")
        .link("/bin/id", "/bin/busybox")
        .hard_link("/bin/cat", "/bin/busybox")
        .link("/bin/vi", "busybox")
        .script("/a", "#!/bin/busybox sh\nid | cat\n")
        .entrypoint(&["/a"])
        .plan();
    assert!(planned.keeps("/bin/id") && planned.keeps("/bin/cat") && planned.keeps("/bin/busybox"));
    assert!(!planned.keeps("/bin/vi"));
}

#[test]
fn an_interpreter_without_a_slash_is_not_looked_for_on_path() {
    let planned = with(&["php"])
        .script("/app", "#!php\n")
        .entrypoint(&["/app"])
        .plan();
    assert!(!planned.keeps("/usr/bin/php"));
    assert_eq!(planned.unmet(), ["/app needs the interpreter `php`"]);
}
