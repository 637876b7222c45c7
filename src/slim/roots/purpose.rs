//! Commands that do not show the purpose of an image: a shell that waits for input, a program that
//! sleeps. Slimming such an image keeps little, which must not look like a success.

use crate::image::NameId;
use crate::knowledge::{ProgramClass, unwrapped, wrapper};
use crate::paths::file_name;
use crate::slim::interpreters;
use crate::slim::keep::Keep;
use crate::slim::shebang;
use crate::slim::why::{Field, Language};

/// Warns about a command that does nothing by itself. `is_helped` is true if the user specifies
/// what to keep.
pub(super) fn check(keep: &mut Keep<'_>, command: &[(Field, String)], is_helped: bool) {
    let command = without_launchers(command);
    let Some((field, program)) = command.first() else {
        return;
    };
    let words: Vec<&str> = command.iter().map(|(_, word)| word.as_str()).collect();
    if let Some(language) = unknown_code(keep, &words) {
        // A program outside the image explains nothing, but its code is unknown all the same.
        let name = keep
            .programs
            .find_file(keep.view, program.as_bytes())
            .unwrap_or(NameId::ROOT);
        keep.unknown_code.insert(language, name);
        if !is_helped {
            keep.warn(format!(
                "`{}`, the {field} command, runs code that is not in the image: the interpreter's \
                 whole standard library is kept, but other distribution modules only if a RUN \
                 instruction installs them. Use `--keep PATH` for other files that the code needs",
                words.join(" ")
            ));
        }
    }
    if waits(&words) && !is_helped {
        keep.warn(format!(
            "`{}`, the {field} command, only waits: the programs that people run in the image are \
             unknown. Specify one with `--entrypoint`, or the files to keep with `--keep`",
            words.join(" ")
        ));
    }
    if words.len() == 1 && runs_arguments(keep, program) && !is_helped {
        keep.warn(format!(
            "`{program}`, the {field} script, runs its arguments, and the image has no CMD: \
             specify the program with `--cmd`"
        ));
    }
}

/// The language of an interpreter that is started without code from the image: interactively, with
/// a text, or with a file that is mounted when the container runs.
fn unknown_code(keep: &Keep<'_>, words: &[&str]) -> Option<Language> {
    let (language, file) = interpreters::code_of(words)?;
    let path = file.map(|file| keep.programs.absolute(file.as_bytes()));
    let is_known = path.is_some_and(|path| keep.tree().resolve(&path).is_ok());
    if is_known { None } else { Some(language) }
}

fn without_launchers(command: &[(Field, String)]) -> &[(Field, String)] {
    let words: Vec<&str> = command.iter().map(|(_, word)| word.as_str()).collect();
    &command[words.len() - unwrapped(&words).len()..]
}

/// Whether a command keeps a container alive and does nothing else.
fn waits(words: &[&str]) -> bool {
    let [program, arguments @ ..] = words else {
        return false;
    };
    let name = file_name(program);
    if ProgramClass::Shell.contains(name) {
        return match arguments.iter().position(|word| !word.starts_with('-')) {
            // Without a script, a shell reads commands from a user.
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
    let Some(name) = keep.programs.find_file(keep.view, program.as_bytes()) else {
        return false;
    };
    let head = shebang::head(keep.view, name);
    let is_shell = shebang::parse(&head)
        .is_some_and(|shebang| ProgramClass::PosixShell.contains(shebang.program_name()));
    if !is_shell {
        return false;
    }
    let Some(bytes) = keep.view.bytes(name) else {
        return false;
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines().map(str::trim);
    lines.any(executes_arguments) && !text.contains("set -- ")
}

/// Whether a line of a script starts the script's arguments, perhaps as another user:
/// `exec gosu app "$@"`.
fn executes_arguments(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("exec ") else {
        return false;
    };
    let first = file_name(rest.split_whitespace().next().unwrap_or_default());
    let is_started = first == "\"$@\"" || wrapper(first).is_some();
    is_started && rest.ends_with("\"$@\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_commands_are_told_from_commands_that_do_work() {
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
    fn a_script_that_executes_its_arguments_is_recognized() {
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
    fn launchers_are_stripped_from_a_command() {
        let words = ["/usr/bin/tini", "-g", "--", "bash"];
        let command: Vec<_> = words.map(|word| (Field::Cmd, word.to_owned())).into();
        let rest = without_launchers(&command);
        assert_eq!(rest.len(), 1);
        assert_eq!(rest[0].1, "bash");
    }
}
