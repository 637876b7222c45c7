//! Credential helpers: programs named `docker-credential-…` that store credentials for Docker and
//! Podman.
//!
//! The name comes from a file, so it must be a plain name: no path, no option.

use std::time::Duration;

use serde::Deserialize;

use crate::image::json::{self, ANYTHING};
use crate::trust::{self, Bounds, ChildError};

/// The time that a helper may take: it may ask the user for a passphrase.
const PATIENCE: Duration = Duration::from_mins(2);
/// Maximum size of an answer in bytes; secrets are short.
const MAX_ANSWER: u64 = 64 << 10;
/// Maximum length of a name in characters; real names are much shorter.
const MAX_NAME: usize = 100;

/// The credentials that a helper returns for a server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// `<token>` if the secret is an identity token.
    pub user: String,
    pub secret: String,
}

/// Asks a helper; `None` if it has no credentials for the server. Its output is never shown,
/// because it may contain a secret.
pub(super) fn ask(name: &str, server: &str) -> Result<Option<Answer>, String> {
    ask_within(name, server, PATIENCE)
}

fn ask_within(name: &str, server: &str, patience: Duration) -> Result<Option<Answer>, String> {
    if !is_name(name) {
        let shown: String = name.chars().take(MAX_NAME).collect();
        let shown = crate::printable::escape(&shown).into_owned();
        return Err(format!("`{shown}` is not a valid credential helper name"));
    }
    let program = format!("docker-credential-{name}");
    let (succeeded, output) = run(&program, server, patience)
        .map_err(|reason| format!("credential helper `{program}`: {reason}"))?;
    if !succeeded {
        // The protocol has no exit code for this: helpers print this text and fail.
        let is_unknown = String::from_utf8_lossy(&output).contains("credentials not found");
        return if is_unknown {
            Ok(None)
        } else {
            Err(format!("credential helper `{program}` failed"))
        };
    }
    match parse(&output) {
        Some(answer) => Ok(Some(answer)),
        // The parser's error could quote the secret, so it is not shown.
        None => Err(format!(
            "credential helper `{program}` printed invalid output"
        )),
    }
}

fn parse(output: &[u8]) -> Option<Answer> {
    let answer = json::parse(output, &ANYTHING).ok()?;
    let answer: Printed = serde_json::from_value(answer).ok()?;
    Some(Answer {
        user: answer.username,
        secret: answer.secret,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    username: String,
    secret: String,
}

/// Whether a name has no separator, so that the program is searched for in `PATH` only, and cannot
/// be an option.
fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && !name.starts_with(['.', '-'])
}

/// Runs a helper. Returns whether it succeeded, and its output.
fn run(program: &str, server: &str, patience: Duration) -> Result<(bool, Vec<u8>), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // The system would also search relative directories in `PATH`, which may be in a repository.
    let program = trust::find_program(program, &path)
        .ok_or("cannot start it: no absolute directory on `PATH` contains it")?;
    let bounds = Bounds {
        time: patience,
        processor: None,
        memory: None,
        output: MAX_ANSWER,
    };
    let finished = trust::run_within(
        trust::command(program).arg("get"),
        server.as_bytes(),
        &bounds,
    );
    match finished {
        Ok(finished) => Ok((finished.status.success(), finished.stdout)),
        // It waits for a user who is not there.
        Err(ChildError::Late(_)) => Err("it does not respond".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_name_contains_no_path() {
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
                error.ends_with("is not a valid credential helper name"),
                "{error}"
            );
        }
        assert!(!is_name(&"a".repeat(101)));
    }

    #[test]
    fn a_helper_that_cannot_be_started_is_named() {
        let error = ask("no-such-helper", "r.example").unwrap_err();
        assert!(
            error.contains("`docker-credential-no-such-helper`: cannot start it"),
            "{error}"
        );
    }

    #[test]
    fn a_helper_that_prints_too_much_or_hangs_is_stopped() {
        // It prints its argument forever.
        let error = run("yes", "", Duration::from_mins(1)).unwrap_err();
        assert!(error.contains("more than 65536 bytes"), "{error}");
        let directory = tempfile::tempdir().unwrap();
        let silent = directory.path().join("silent");
        std::fs::write(&silent, "#!/bin/sh\nexec sleep 1000\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&silent, mode).unwrap();
        let error = run(silent.to_str().unwrap(), "", Duration::from_millis(50)).unwrap_err();
        assert_eq!(error, "it does not respond");
    }
}
