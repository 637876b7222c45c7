//! One call of ShellCheck on some scripts, within limits: for some short scripts it takes hours.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::answer::{Answer, Comment};
use super::error::ShellcheckError;
use crate::trust::{self, Bounds, ChildError, Finished};

/// Codes that are always wrong for a script in a Dockerfile, which hadolint excludes, too: sourced
/// files are in the image, and old versions warn that they read ash as dash.
pub(super) const EXCLUDED: &str = "--exclude=SC1090,SC1091,SC2187";
/// Limit of wall-clock time, which only matters on a busy machine: the cost of a script is limited
/// by processor time.
const PATIENCE: Duration = Duration::from_mins(2);
/// Bytes of memory. 64 usual scripts take 16 MiB.
const MEMORY: u64 = 256 << 20;
/// Bytes of an answer: a comment takes some hundreds.
const MAX_ANSWER: u64 = 16 << 20;
/// The status of a Haskell program whose heap has reached its limit.
const HEAP_OVERFLOW: i32 = 251;

/// The result of a call.
pub(super) enum Outcome {
    /// The comments on each script, in order.
    Checked(Vec<Vec<Comment>>),
    /// A script takes too much of something.
    Beyond(Limit),
}

/// A limit that a script exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    Time,
    Memory,
    Answer,
}

/// Runs the program on texts for at most so many seconds of processor time. Returns the time used,
/// too.
pub(super) fn check(
    program: &Path,
    texts: &[&str],
    seconds: u64,
) -> Result<(Outcome, Duration), ShellcheckError> {
    let directory = tempfile::tempdir().map_err(ShellcheckError::Scripts)?;
    // The name of each file is its number.
    for (number, text) in texts.iter().enumerate() {
        std::fs::write(directory.path().join(number.to_string()), text)
            .map_err(ShellcheckError::Scripts)?;
    }
    let mut command = command(program);
    command
        .args(["--norc", "--format=json1", EXCLUDED, "--"])
        .args((0..texts.len()).map(|number| number.to_string()))
        .current_dir(directory.path());
    let finished = match run(&mut command, seconds) {
        Ok(finished) => finished,
        Err(ChildError::TooLong(_)) => {
            return Ok((Outcome::Beyond(Limit::Answer), Duration::from_secs(seconds)));
        }
        // It sleeps, or it hardly runs because the machine is busy.
        Err(ChildError::Late(time)) => return Ok((Outcome::Beyond(Limit::Time), time)),
        Err(ChildError::Start(source) | ChildError::Read(source)) => {
            return Err(cannot_run(program, source));
        }
    };
    let outcome = match limit_of(&finished) {
        Some(limit) => Outcome::Beyond(limit),
        None => Outcome::Checked(comments(program, &finished, texts.len())?),
    };
    Ok((outcome, finished.processor))
}

/// The output of `--version`.
pub(super) fn version(program: &Path) -> Result<Vec<u8>, ShellcheckError> {
    const SECONDS: u64 = 5;
    let finished =
        run(command(program).arg("--version"), SECONDS).map_err(|error| match error {
            ChildError::Start(source) | ChildError::Read(source) => cannot_run(program, source),
            ChildError::Late(_) | ChildError::TooLong(_) => unusable(program, &error.to_string()),
        })?;
    if limit_of(&finished).is_some() {
        let message = format!("`--version` used more than {SECONDS} seconds");
        return Err(unusable(program, &message));
    }
    Ok(finished.stdout)
}

fn command(program: &Path) -> Command {
    let mut command = trust::command(program);
    // The user's own settings would make findings depend on the machine, so neither `.shellcheckrc`
    // nor the environment counts.
    command.env_remove("SHELLCHECK_OPTS");
    command
}

fn run(command: &mut Command, seconds: u64) -> Result<Finished, ChildError> {
    let bounds = Bounds {
        time: PATIENCE,
        processor: Some(seconds),
        memory: Some(MEMORY),
        output: MAX_ANSWER,
    };
    trust::run_within(command, b"", &bounds)
}

/// The limit that ended the program.
fn limit_of(finished: &Finished) -> Option<Limit> {
    let time = [Signal::XCPU, Signal::KILL].map(Signal::as_raw);
    match finished.status.signal() {
        Some(signal) if time.contains(&signal) => return Some(Limit::Time),
        // Without memory, it aborts.
        Some(_) => return Some(Limit::Memory),
        None => {}
    }
    let stderr = String::from_utf8_lossy(&finished.stderr);
    let is_full = finished.status.code() == Some(HEAP_OVERFLOW)
        || stderr.contains("stack overflow")
        || stderr.contains("Unable to commit");
    if is_full { Some(Limit::Memory) } else { None }
}

/// The comments on each script.
fn comments(
    program: &Path,
    finished: &Finished,
    count: usize,
) -> Result<Vec<Vec<Comment>>, ShellcheckError> {
    // ShellCheck exits with 0 without comments and with 1 with some. All else is a failure.
    if !matches!(finished.status.code(), Some(0 | 1)) {
        let stderr = String::from_utf8_lossy(&finished.stderr);
        let message = stderr.lines().next().map(str::to_owned);
        let message = message.unwrap_or_else(|| finished.status.to_string());
        return Err(unusable(program, &message));
    }
    let answer: Answer =
        serde_json::from_slice(&finished.stdout).map_err(|source| ShellcheckError::Answer {
            program: program.to_owned(),
            source,
        })?;
    let mut comments: Vec<Vec<Comment>> = (0..count).map(|_| Vec::new()).collect();
    for comment in answer.comments {
        let number = comment.file.parse::<usize>().ok();
        if let Some(of_script) = number.and_then(|number| comments.get_mut(number)) {
            of_script.push(comment);
        }
    }
    Ok(comments)
}

fn cannot_run(program: &Path, source: io::Error) -> ShellcheckError {
    ShellcheckError::Start {
        program: program.to_owned(),
        source,
    }
}

fn unusable(program: &Path, message: &str) -> ShellcheckError {
    ShellcheckError::Failed {
        program: program.to_owned(),
        message: message.to_owned(),
    }
}
