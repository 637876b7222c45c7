//! Commands that do not tell what an image is for: a shell that waits for a person, a program that
//! sleeps. Slimming such an image keeps little, and nobody should take that for a success.

use crate::knowledge::ProgramClass;
use crate::slim::keep::Keep;
use crate::slim::shebang;
use crate::slim::why::Field;

/// Programs that start their arguments, and are not the purpose of an image.
const LAUNCHERS: [&str; 6] = [
    "catatonit",
    "docker-init",
    "dumb-init",
    "env",
    "tini",
    "tini-static",
];

/// Warns of a command that does nothing by itself. `is_helped`: the user says by hand what to keep.
pub(super) fn check(keep: &mut Keep<'_>, command: &[(Field, String)], is_helped: bool) {
    let command = without_launchers(command);
    let Some((field, program)) = command.first() else {
        return;
    };
    let words: Vec<&str> = command.iter().map(|(_, word)| word.as_str()).collect();
    if waits(&words) && !is_helped {
        keep.warn(format!(
            "`{}`, the {field} command, only waits: what people run in the image is unknown. Name \
             it with `--entrypoint`, or the files to keep with `--keep`",
            words.join(" ")
        ));
    }
    if words.len() == 1 && runs_arguments(keep, program) && !is_helped {
        keep.warn(format!(
            "`{program}`, the {field} script, runs its arguments, and the image has no CMD: name \
             the program with `--cmd`"
        ));
    }
}

fn without_launchers(command: &[(Field, String)]) -> &[(Field, String)] {
    let mut rest = command;
    while let [(_, first), others @ ..] = rest {
        if !LAUNCHERS.contains(&base_name(first)) {
            break;
        }
        // `tini -g -- app`
        let options = others.iter().take_while(|(_, word)| word.starts_with('-'));
        rest = &others[options.count()..];
    }
    rest
}

fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Whether a command keeps a container alive and does nothing else.
fn waits(words: &[&str]) -> bool {
    let [program, arguments @ ..] = words else {
        return false;
    };
    let name = base_name(program);
    if ProgramClass::Shell.contains(name) {
        return match arguments.iter().position(|word| !word.starts_with('-')) {
            // Without a script, a shell reads commands from a person.
            None => true,
            Some(at) if at > 0 && arguments[at - 1].ends_with('c') => waits_in_shell(arguments[at]),
            Some(_) => false,
        };
    }
    match name {
        "sleep" | "pause" => true,
        "tail" => arguments.contains(&"/dev/null"),
        "cat" | "true" => arguments.is_empty(),
        _ => false,
    }
}

/// Whether a script does nothing but wait.
fn waits_in_shell(script: &str) -> bool {
    let mut commands = script.split([';', '&', '|', '\n']).map(str::trim);
    commands.all(|command| {
        let command = command
            .trim_start_matches("do ")
            .trim_start_matches("exec ");
        let words: Vec<&str> = command.split_whitespace().collect();
        match words.as_slice() {
            [] | ["done" | ":" | "wait" | "do"] | ["while" | "until" | "trap", ..] => true,
            words => waits(words),
        }
    })
}

/// Whether a program is a script that starts its arguments, and sets none itself.
fn runs_arguments(keep: &Keep<'_>, program: &str) -> bool {
    let path = keep.programs.find(keep.view, program.as_bytes());
    let Some(end) = path.and_then(|path| keep.tree().resolve(&path).ok()) else {
        return false;
    };
    let head = shebang::head(keep.view, end.name);
    let is_shell = shebang::parse(&head)
        .is_some_and(|shebang| ProgramClass::PosixShell.contains(shebang.program_name()));
    let Some(bytes) = keep.view.bytes(end.name).filter(|_| is_shell) else {
        return false;
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines().map(str::trim);
    lines.any(executes_arguments) && !text.contains("set -- ")
}

/// Whether a line of a script starts the script's arguments, perhaps as another user:
/// `exec gosu app "$@"`.
fn executes_arguments(line: &str) -> bool {
    const CHANGERS: [&str; 5] = ["gosu", "runuser", "setpriv", "su-exec", "sudo"];
    let Some(rest) = line.strip_prefix("exec ") else {
        return false;
    };
    let first = base_name(rest.split_whitespace().next().unwrap_or_default());
    let is_started = first == "\"$@\"" || LAUNCHERS.contains(&first) || CHANGERS.contains(&first);
    is_started && rest.ends_with("\"$@\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_wait_are_told_from_those_that_work() {
        for command in [
            "bash",
            "/bin/sh",
            "bash -l",
            "sleep infinity",
            "tail -f /dev/null",
            "cat",
        ] {
            let words: Vec<&str> = command.split(' ').collect();
            assert!(waits(&words), "{command}");
        }
        for script in [
            "sleep infinity",
            "while :; do sleep 1000; done",
            "exec tail -f /dev/null",
        ] {
            assert!(waits(&["/bin/sh", "-c", script]), "{script}");
        }
        for command in [
            "bash start.sh",
            "tail -f /var/log/x",
            "app",
            "cat /etc/motd",
        ] {
            let words: Vec<&str> = command.split(' ').collect();
            assert!(!waits(&words), "{command}");
        }
        for script in ["app", "app & sleep infinity", "cd /srv && ./serve"] {
            assert!(!waits(&["/bin/sh", "-c", script]), "{script}");
        }
    }

    #[test]
    fn arguments_of_a_program_are_not_the_program() {
        for line in [
            "exec \"$@\"",
            "exec gosu app \"$@\"",
            "exec /usr/bin/tini -- \"$@\"",
        ] {
            assert!(executes_arguments(line), "{line}");
        }
        for line in [
            "exec \"$JAVACMD\" \"$@\"",
            "exec java -jar x.jar \"$@\"",
            "\"$@\"",
        ] {
            assert!(!executes_arguments(line), "{line}");
        }
    }

    #[test]
    fn launchers_are_not_the_program() {
        let words = ["/usr/bin/tini", "-g", "--", "bash"];
        let command: Vec<_> = words.map(|word| (Field::Cmd, word.to_owned())).into();
        let rest = without_launchers(&command);
        assert_eq!(rest.len(), 1);
        assert_eq!(rest[0].1, "bash");
    }
}
