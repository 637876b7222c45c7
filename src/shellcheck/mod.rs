//! ShellCheck: runs one process for the scripts of all files and converts its comments to findings
//! in the Dockerfiles.
//!
//! The engine runs no programs. This module runs ShellCheck, and its findings are passed to
//! [`lint_with`](crate::lint::lint_with).

mod answer;
mod process;
mod script;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::dockerfile;
use crate::lint::{Facts, Finding, Settings};
use crate::source::Source;
use crate::trust;
use process::ProcessError;
use script::Script;

const PROGRAM: &str = "shellcheck";
/// Codes that are always wrong for scripts in Dockerfiles; hadolint excludes them too: sourced
/// files are in the image, and old versions warn that they treat ash as dash.
const EXCLUDED: &str = "--exclude=SC1090,SC1091,SC2187";
/// Maximum number of scripts per process; their names must fit the system's limit on arguments.
const MAX_SCRIPTS: usize = 20_000;

/// The reason why ShellCheck returned no result.
#[derive(Debug, thiserror::Error)]
pub enum ShellcheckError {
    #[error("cannot run `{}`", program.display())]
    Start { program: PathBuf, source: io::Error },
    #[error("cannot write scripts for ShellCheck to a temporary directory")]
    Scripts(#[source] io::Error),
    #[error(
        "`{}` used more than {limit} seconds: a script is too complex for it",
        program.display()
    )]
    Late { program: PathBuf, limit: u64 },
    #[error("`{}` printed more than {limit} bytes", program.display())]
    TooLong { program: PathBuf, limit: u64 },
    #[error("`{}` failed: {message}", program.display())]
    Failed { program: PathBuf, message: String },
    #[error("unexpected output of `{}` (ShellCheck 0.7 or later is needed)", program.display())]
    Answer {
        program: PathBuf,
        source: serde_json::Error,
    },
}

/// Finds the program in the absolute directories of a list such as PATH.
pub fn find(path: &std::ffi::OsStr) -> Option<PathBuf> {
    trust::find_program(PROGRAM, path)
}

/// Returns ShellCheck's findings in each file, in the order of `files`.
pub fn check<'s>(
    program: &Path,
    files: impl IntoIterator<Item = &'s Source>,
    settings: &Settings,
) -> Result<Vec<Vec<Finding>>, ShellcheckError> {
    // Many scripts occur in several files, or several times in a file. Each text is checked once.
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut texts: Vec<String> = Vec::new();
    let mut of_files: Vec<Vec<(Script, usize)>> = Vec::new();
    for source in files {
        let mut scripts = Vec::new();
        for (script, text) in scripts_of(source, settings) {
            let number = *numbers.entry(text).or_insert_with_key(|text| {
                texts.push(text.clone());
                texts.len() - 1
            });
            scripts.push((script, number));
        }
        of_files.push(scripts);
    }
    let mut answers: HashMap<usize, Vec<answer::Comment>> = HashMap::new();
    for (chunk, texts) in texts.chunks(MAX_SCRIPTS).enumerate() {
        for comment in ask(program, texts)? {
            // Each file is named after its number in the chunk.
            let Ok(number) = comment.file.parse::<usize>() else {
                continue;
            };
            answers
                .entry(chunk * MAX_SCRIPTS + number)
                .or_default()
                .push(comment);
        }
    }
    let mut findings = Vec::with_capacity(of_files.len());
    for scripts in &of_files {
        let mut of_file = Vec::new();
        for (script, number) in scripts {
            let comments = answers.get(number).map(Vec::as_slice).unwrap_or_default();
            of_file.extend(
                comments
                    .iter()
                    .filter_map(|comment| comment.finding(script)),
            );
        }
        findings.push(of_file);
    }
    Ok(findings)
}

fn scripts_of(source: &Source, settings: &Settings) -> Vec<(Script, String)> {
    let dockerfile = dockerfile::parse(source);
    let facts = Facts::new(&dockerfile, settings);
    facts
        .steps
        .iter()
        .filter_map(|step| Script::of(&facts, step))
        .collect()
}

/// Runs the program on texts, each in a file named after its number.
fn ask(program: &Path, texts: &[String]) -> Result<Vec<answer::Comment>, ShellcheckError> {
    let directory = tempfile::tempdir().map_err(ShellcheckError::Scripts)?;
    for (number, text) in texts.iter().enumerate() {
        std::fs::write(directory.path().join(number.to_string()), text)
            .map_err(ShellcheckError::Scripts)?;
    }
    // The user's own settings would make findings depend on the machine, so neither `.shellcheckrc`
    // nor the environment counts.
    let mut command = Command::new(program);
    command
        .args(["--norc", "--format=json1", EXCLUDED, "--"])
        .args((0..texts.len()).map(|number| number.to_string()))
        .current_dir(directory.path())
        .env_remove("SHELLCHECK_OPTS");
    let output = process::run(&mut command, texts.len()).map_err(|error| {
        let program = program.to_owned();
        match error {
            ProcessError::Io(source) => ShellcheckError::Start { program, source },
            ProcessError::Late(limit) => ShellcheckError::Late { program, limit },
            ProcessError::TooLong(limit) => ShellcheckError::TooLong { program, limit },
        }
    })?;
    // ShellCheck exits with 0 if there are no comments and with 1 if there are some. Any other
    // status is a failure.
    if !matches!(output.status.code(), Some(0 | 1)) {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let message = stderr
            .lines()
            .next()
            .map_or_else(|| output.status.to_string(), str::to_owned);
        return Err(ShellcheckError::Failed {
            program: program.to_owned(),
            message,
        });
    }
    let answer: answer::Answer =
        serde_json::from_slice(&output.stdout).map_err(|source| ShellcheckError::Answer {
            program: program.to_owned(),
            source,
        })?;
    Ok(answer.comments)
}
