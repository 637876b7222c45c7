//! ShellCheck: one process for the scripts of all files of a run, and its answers as findings in
//! the Dockerfiles.
//!
//! The engine runs nothing. This asks, and [`lint_with`](crate::lint::lint_with) is given what was
//! answered.

mod answer;
mod script;

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::dockerfile;
use crate::lint::{Facts, Finding, Settings};
use crate::source::Source;
use crate::trust;
use script::Script;

const PROGRAM: &str = "shellcheck";
/// What cannot be right for a script that is not a file, as hadolint leaves it out too: files that
/// are sourced are in the image, and ash is read as dash by old versions.
const EXCLUDED: &str = "--exclude=SC1090,SC1091,SC2187";
/// How many scripts one process is given; their names have to fit the system's limit for arguments.
const MOST_SCRIPTS: usize = 20_000;

/// Why ShellCheck has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ShellcheckError {
    #[error("cannot run `{}`", program.display())]
    Start { program: PathBuf, source: io::Error },
    #[error("cannot write scripts for ShellCheck to a temporary folder")]
    Scripts(#[source] io::Error),
    #[error("`{}` failed: {said}", program.display())]
    Failed { program: PathBuf, said: String },
    #[error("what `{}` answered is not what ShellCheck 0.7 and later answer", program.display())]
    Answer {
        program: PathBuf,
        source: serde_json::Error,
    },
}

/// The program in the absolute directories of a list such as PATH.
pub fn find(path: &std::ffi::OsStr) -> Option<PathBuf> {
    trust::find_program(PROGRAM, path)
}

/// What ShellCheck says of each file, in the order of `files`.
pub fn check<'s>(
    program: &Path,
    files: impl IntoIterator<Item = &'s Source>,
    settings: &Settings,
) -> Result<Vec<Vec<Finding>>, ShellcheckError> {
    // Many scripts stand in several files, or several times in one: each text is checked once.
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
    for (chunk, texts) in texts.chunks(MOST_SCRIPTS).enumerate() {
        for comment in ask(program, texts)? {
            let Ok(number) = comment.file.parse::<usize>() else {
                continue;
            };
            answers
                .entry(chunk * MOST_SCRIPTS + number)
                .or_default()
                .push(comment);
        }
    }
    let findings = |(script, number): &(Script, usize)| {
        let comments = answers.get(number).map(Vec::as_slice).unwrap_or_default();
        comments
            .iter()
            .filter_map(|comment| comment.finding(script))
            .collect::<Vec<_>>()
    };
    Ok(of_files
        .iter()
        .map(|scripts| scripts.iter().flat_map(findings).collect())
        .collect())
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

/// Runs the program on texts, each in a file that has its number for a name.
fn ask(program: &Path, texts: &[String]) -> Result<Vec<answer::Comment>, ShellcheckError> {
    let folder = tempfile::tempdir().map_err(ShellcheckError::Scripts)?;
    for (number, text) in texts.iter().enumerate() {
        let write = || {
            std::fs::File::create(folder.path().join(number.to_string()))?
                .write_all(text.as_bytes())
        };
        write().map_err(ShellcheckError::Scripts)?;
    }
    let output = Command::new(program)
        .args(["--norc", "--format=json1", EXCLUDED, "--"])
        .args((0..texts.len()).map(|number| number.to_string()))
        .current_dir(folder.path())
        .env_remove("SHELLCHECK_OPTS")
        .stdin(Stdio::null())
        .output()
        .map_err(|source| ShellcheckError::Start {
            program: program.to_owned(),
            source,
        })?;
    // 0 is nothing found, 1 something; the others are failures.
    if !matches!(output.status.code(), Some(0 | 1)) {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said
            .lines()
            .next()
            .map_or_else(|| output.status.to_string(), str::to_owned);
        return Err(ShellcheckError::Failed {
            program: program.to_owned(),
            said,
        });
    }
    let answer: answer::Answer =
        serde_json::from_slice(&output.stdout).map_err(|source| ShellcheckError::Answer {
            program: program.to_owned(),
            source,
        })?;
    Ok(answer.comments)
}
