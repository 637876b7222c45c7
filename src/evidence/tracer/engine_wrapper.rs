//! Stands for the engine's client in a test that starts containers itself: adds the tracer's mounts
//! to `run` and `create`, and the tracer to `exec`.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use super::setup;
use crate::evidence::LABEL;

/// The first argument of a jettison that stands for an engine's client.
pub(super) const ARGUMENT: &str = "--trace-engine";

/// Becomes the engine's client, with the tracer's arguments added. Returns, with an exit code, only
/// if that fails; `None` if the arguments ask for nothing of the kind.
pub fn become_engine(arguments: &[OsString]) -> Option<u8> {
    let [_, first, engine, directory, run_id, words @ ..] = arguments else {
        return None;
    };
    if first != ARGUMENT {
        return None;
    }
    let directory = Path::new(directory);
    let command = Traced {
        run: to_os(setup::run_arguments(directory)),
        exec: to_os(setup::prefix(directory.join("tools/ld.so").exists())),
    };
    let is_ours = |container: &OsString| is_of_run(engine, container, run_id);
    let words = command.added_to(words, &is_ours);
    let error = Command::new(engine).args(words).exec();
    let _ = writeln!(io::stderr(), "jettison: cannot start the engine: {error}");
    Some(127)
}

fn to_os(words: Vec<String>) -> Vec<OsString> {
    words.into_iter().map(OsString::from).collect()
}

/// Whether a container belongs to the run that is observed.
fn is_of_run(engine: &OsString, container: &OsString, run_id: &OsString) -> bool {
    let format = format!("{{{{index .Config.Labels {LABEL:?}}}}}");
    let answer = Command::new(engine)
        .args(["inspect", "--type", "container", "--format", &format])
        .arg(container)
        .output();
    answer.is_ok_and(|answer| {
        String::from_utf8_lossy(&answer.stdout).trim() == run_id.to_string_lossy()
    })
}

/// What is added to commands of the engine.
struct Traced {
    /// After `run` and `create`.
    run: Vec<OsString>,
    /// Before the command of `exec`.
    exec: Vec<OsString>,
}

/// Options of the clients themselves whose value is the next argument.
const CLIENT: [&str; 18] = [
    "--cgroup-manager",
    "--config",
    "--connection",
    "--context",
    "--events-backend",
    "--host",
    "--identity",
    "--log-level",
    "--module",
    "--network-cmd-path",
    "--root",
    "--runroot",
    "--runtime",
    "--storage-driver",
    "--storage-opt",
    "--tmpdir",
    "--url",
    "--volumepath",
];
const CLIENT_SHORT: &str = "cHl";

/// Options of `exec` whose value is the next argument.
const EXEC: [&str; 8] = [
    "--cidfile",
    "--detach-keys",
    "--env",
    "--env-file",
    "--preserve-fd",
    "--preserve-fds",
    "--user",
    "--workdir",
];
const EXEC_SHORT: &str = "euw";

impl Traced {
    fn added_to(&self, words: &[OsString], is_ours: &dyn Fn(&OsString) -> bool) -> Vec<OsString> {
        let mut words = words.to_vec();
        let mut at = positional(&words, 0, &CLIENT, CLIENT_SHORT);
        if words.get(at).is_some_and(|word| word == "container") {
            at = positional(&words, at + 1, &[], "");
        }
        match words.get(at).and_then(|word| word.to_str()) {
            Some("run" | "create") => {
                words.splice(at + 1..at + 1, self.run.iter().cloned());
            }
            Some("exec") => {
                let container = positional(&words, at + 1, &EXEC, EXEC_SHORT);
                if let Some(name) = words.get(container)
                    && is_ours(name)
                {
                    words.splice(container + 1..container + 1, self.exec.iter().cloned());
                }
            }
            _ => {}
        }
        words
    }
}

/// The index of the first argument from `start` on that is neither an option nor the value of one.
fn positional(words: &[OsString], start: usize, with_value: &[&str], short: &str) -> usize {
    let mut at = start;
    while let Some(word) = words.get(at) {
        let word = word.to_string_lossy();
        if !word.starts_with('-') || word == "-" {
            break;
        }
        // `--env A=1` and `-it -e A=1`, but not `--env=A=1` and `-eA=1`.
        let has_value_after = match word.strip_prefix("--") {
            Some(_) => with_value.contains(&word.as_ref()),
            None => word.ends_with(|last| short.contains(last)),
        };
        at += if has_value_after { 2 } else { 1 };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str) -> String {
        let traced = Traced {
            run: vec!["R".into()],
            exec: vec!["T".into()],
        };
        let words: Vec<OsString> = text.split(' ').map(OsString::from).collect();
        let words = traced.added_to(&words, &|name| name == "ours");
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    #[test]
    fn containers_that_are_started_get_the_mounts() {
        for (words, expected) in [
            ("run --rm image ls", "run R --rm image ls"),
            (
                "--log-level debug run image",
                "--log-level debug run R image",
            ),
            (
                "--log-level=debug run image",
                "--log-level=debug run R image",
            ),
            ("-H run run image", "-H run run R image"),
            ("container create image", "container create R image"),
        ] {
            assert_eq!(added(words), expected);
        }
    }

    #[test]
    fn commands_in_containers_of_the_run_are_traced() {
        for (words, expected) in [
            ("exec ours ls", "exec ours T ls"),
            ("exec -it -u 0 ours ls -l", "exec -it -u 0 ours T ls -l"),
            ("exec -ite A=1 ours ls", "exec -ite A=1 ours T ls"),
            (
                "exec --env A=1 --user=0 ours ls",
                "exec --env A=1 --user=0 ours T ls",
            ),
            ("container exec ours ls", "container exec ours T ls"),
        ] {
            assert_eq!(added(words), expected);
        }
    }

    #[test]
    fn other_commands_and_other_containers_are_left_alone() {
        for words in [
            "exec other ls",
            "ps --all",
            "logs run",
            "image rm run",
            "exec",
            "",
        ] {
            assert_eq!(added(words), words);
        }
    }
}
