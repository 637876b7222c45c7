//! What the README shows is what the program prints.
//!
//! Its `console` blocks are sessions: a line with `$` is a command, and what follows is what it
//! prints; a line `…` stands for any lines. Those whose commands are all `jettison
//! lint` or `jettison explain`, or `echo` into a file, of nothing but files in `testdata/readme`
//! are run there, without ShellCheck. Those of images and registries are not.

use std::fs;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// What stands in sessions that need more than the folder has.
const ELSEWHERE: [&str; 4] = ["app.tar", "oci:", "docker:", "--osv"];

/// The sessions of the README that can be run here.
fn sessions(readme: &str) -> Vec<&str> {
    let blocks = readme
        .split("```console\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let is_runnable = |block: &&str| {
        commands(block).iter().all(|(command, _)| {
            ["jettison lint", "jettison explain", "echo "]
                .iter()
                .any(|start| command.starts_with(start))
                && !ELSEWHERE.iter().any(|word| command.contains(word))
        })
    };
    blocks.filter(is_runnable).collect()
}

/// The commands of a session, each with what it prints.
fn commands(session: &str) -> Vec<(&str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in session.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, String::new())),
            (None, Some((_, printed))) => printed.extend([line, "\n"]),
            (None, None) => panic!("a session starts with a command: {session}"),
        }
    }
    commands
}

/// Standard output and standard error as a terminal shows them.
fn printed(folder: &Path, command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_jettison"))
        .parent()
        .expect("it is in a folder");
    let path = format!(
        "{}:{}",
        program.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(folder)
        .env("PATH", path)
        .env("NO_COLOR", "1")
        .env("JETTISON_NO_SHELLCHECK", "1")
        .env_remove("CLICOLOR_FORCE")
        .output()
        .expect("the shell starts");
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

/// Whether a text is what is shown, where lines may be left out.
fn is_shown(text: &str, shown: &str) -> bool {
    let mut parts = shown.split("…\n");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut is_whole = true;
    for part in parts {
        is_whole = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty() || (is_whole && shown.ends_with("…\n"))
}

#[test]
fn the_sessions_are_real() {
    let readme =
        fs::read_to_string(Path::new(ROOT).join("README.md")).expect("the README is readable");
    let sessions = sessions(&readme);
    assert!(
        sessions.len() >= 6,
        "only {} sessions are run",
        sessions.len()
    );
    for session in sessions {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for entry in
            fs::read_dir(Path::new(ROOT).join("testdata/readme")).expect("the folder is there")
        {
            let entry = entry.expect("it can be read");
            fs::copy(entry.path(), folder.path().join(entry.file_name()))
                .expect("it can be copied");
        }
        for (command, shown) in commands(session) {
            let printed = printed(folder.path(), command);
            assert!(
                is_shown(&printed, &shown),
                "$ {command}\n--- printed\n{printed}--- shown\n{shown}"
            );
        }
    }
}

#[test]
fn lines_are_left_out_where_it_is_said() {
    assert!(
        is_shown("a\nb\nc\n", "a\n…\n")
            && is_shown("a\nb\nc\n", "a\n…\nc\n")
            && is_shown("a\n", "a\n")
    );
    assert!(
        !is_shown("a\nb\nc\n", "b\n…\n")
            && !is_shown("a\nb\nc\n", "a\n…\nb\n")
            && !is_shown("a\nb\n", "a\n")
    );
}
