//! Credential helpers: programs named `docker-credential-…` that keep passwords for Docker and
//! Podman.
//!
//! The name comes from a file, so it is a name and nothing else: no path, no option.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::image::json::{self, ANYTHING};
use crate::trust;

/// How long a helper may take: it may ask somebody for a passphrase.
const PATIENCE: Duration = Duration::from_mins(2);
/// Bytes of an answer: secrets are short.
const MAX_ANSWER: u64 = 64 << 10;
const MAX_NAME: usize = 100;

/// What a helper knows of a server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// `<token>` where the secret is an identity token.
    pub user: String,
    pub secret: String,
}

/// Asks a helper; none where it knows nothing of the server. What it prints is never shown: that
/// may be a secret.
pub(super) fn ask(name: &str, server: &str) -> Result<Option<Answer>, String> {
    ask_within(name, server, PATIENCE)
}

fn ask_within(name: &str, server: &str, patience: Duration) -> Result<Option<Answer>, String> {
    if !is_name(name) {
        let shown: String = name.chars().take(MAX_NAME).collect();
        let shown = crate::printable::escape(&shown).into_owned();
        return Err(format!(
            "`{shown}` cannot be the name of a credential helper"
        ));
    }
    let program = format!("docker-credential-{name}");
    let (succeeded, output) = run(&program, server, patience)
        .map_err(|reason| format!("credential helper `{program}`: {reason}"))?;
    if !succeeded {
        // It has no other way to say that it knows nobody.
        let is_unknown = String::from_utf8_lossy(&output).contains("credentials not found");
        return if is_unknown {
            Ok(None)
        } else {
            Err(format!("`{program}` failed"))
        };
    }
    let malformed = || format!("credential helper `{program}` gave a malformed answer");
    let answer = json::parse(&output, &ANYTHING).map_err(|_| malformed())?;
    let answer: Printed = serde_json::from_value(answer).map_err(|_| malformed())?;
    Ok(Some(Answer {
        user: answer.username,
        secret: answer.secret,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    username: String,
    secret: String,
}

/// Whether a program of this name is looked for where programs are, and nowhere else.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(is_plain)
        && !name.starts_with(['.', '-'])
}

/// Whether the program succeeded, and what it printed.
fn run(program: &str, server: &str, patience: Duration) -> Result<(bool, Vec<u8>), String> {
    let end = Instant::now() + patience;
    let path = std::env::var_os("PATH").unwrap_or_default();
    // The system would look in relative directories of `PATH` too, which a repository can bring.
    let program = trust::find_program(program, &path)
        .ok_or("cannot start it: it is not in an absolute directory of `PATH`")?;
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start it: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // Whether it listens is its own affair.
        let _ = stdin.write_all(server.as_bytes());
    }
    let result = output(&mut child, end).and_then(|output| Ok((exit(&mut child, end)?, output)));
    if result.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    result
}

fn output(child: &mut Child, end: Instant) -> Result<Vec<u8>, String> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        // Nobody can stop a read, so it gets a thread that ends with the program.
        thread::spawn(move || {
            let mut output = Vec::new();
            let read = stdout.take(MAX_ANSWER + 1).read_to_end(&mut output);
            let _ = sender.send(read.map(|_| output));
        });
    }
    let left = end.saturating_duration_since(Instant::now());
    let read = receiver.recv_timeout(left).map_err(|_| late())?;
    let output = read.map_err(|error| format!("cannot read its answer: {error}"))?;
    if output.len() as u64 > MAX_ANSWER {
        return Err(format!("its answer has more than {MAX_ANSWER} bytes"));
    }
    Ok(output)
}

/// Waits for a program that has said all it has to say.
fn exit(child: &mut Child, end: Instant) -> Result<bool, String> {
    while Instant::now() < end {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(status.success());
        }
        thread::sleep(Duration::from_millis(10));
    }
    Err(late())
}

fn late() -> String {
    "it does not answer".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_has_a_name_and_no_path() {
        for name in ["pass", "ecr-login", "osxkeychain", "a.b_c-1"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "/../../tmp/evil",
            "../evil",
            "a/b",
            "-x",
            ".x",
            "..",
            "a b",
            "a\nb",
            "a\0b",
            "ä",
            "$(x)",
        ] {
            assert!(!is_name(name), "{name}");
            let error = ask(name, "r.example").unwrap_err();
            assert!(
                error.ends_with("cannot be the name of a credential helper"),
                "{error}"
            );
        }
        assert!(!is_name(&"a".repeat(101)));
    }

    #[test]
    fn a_helper_that_is_not_there_is_named() {
        let error = ask("no-such-helper", "r.example").unwrap_err();
        assert!(
            error.contains("`docker-credential-no-such-helper`: cannot start it"),
            "{error}"
        );
    }

    #[test]
    fn a_program_that_says_too_much_or_nothing_is_stopped() {
        // It prints its argument without end.
        let error = run("yes", "", Duration::from_mins(1)).unwrap_err();
        assert!(error.contains("more than 65536 bytes"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let silent = folder.path().join("silent");
        std::fs::write(&silent, "#!/bin/sh\nexec sleep 1000\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&silent, mode).unwrap();
        let error = run(silent.to_str().unwrap(), "", Duration::from_millis(50)).unwrap_err();
        assert_eq!(error, "it does not answer");
    }
}
