//! ShellCheck: its comments on the scripts of all files of a run as findings in the Dockerfiles.
//!
//! The engine runs no programs. This module runs ShellCheck, and its findings are passed to
//! [`lint_with`](crate::lint::lint_with).

mod answer;
mod budget;
mod error;
mod process;
mod script;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::dockerfile;
use crate::lint::{Facts, Finding, Settings, Severity};
use crate::source::{Source, Span};
use crate::trust::{self, Key, UserCache};
use answer::Comment;
use budget::{Answered, Reason, Task};
pub use error::ShellcheckError;
use script::{Script, Unfit};

const PROGRAM: &str = "shellcheck";
/// The rule for parts of a file that are not analyzed.
const ANALYSIS_LIMIT: &str = "analysis-limit";
/// The directory of the answers in the cache.
const CACHE: &str = "shellcheck";

/// Finds the program in the absolute directories of a list such as PATH.
pub fn find(path: &std::ffi::OsStr) -> Option<PathBuf> {
    trust::find_program(PROGRAM, path)
}

/// Returns ShellCheck's findings in each file, in the order of `files`. Scripts that it cannot
/// check within its limits are findings of `analysis-limit`.
pub fn check<'s>(
    program: &Path,
    files: impl IntoIterator<Item = &'s Source>,
    settings: &Settings,
) -> Result<Vec<Vec<Finding>>, ShellcheckError> {
    check_with(program, None, files, settings)
}

/// The cache of answers, if the user has one.
pub fn open_cache() -> Option<UserCache> {
    UserCache::open(CACHE)
}

/// The same with a cache, which answers for texts of earlier runs.
pub fn check_with<'s>(
    program: &Path,
    cache: Option<&UserCache>,
    files: impl IntoIterator<Item = &'s Source>,
    settings: &Settings,
) -> Result<Vec<Vec<Finding>>, ShellcheckError> {
    let scripts = Scripts::of(files, settings);
    // A file without a script starts no process.
    if scripts.texts.is_empty() {
        return Ok(scripts
            .files
            .iter()
            .map(|file| file.findings(&[]))
            .collect());
    }
    let cache = match cache {
        Some(cache) => Some(Cache::new(cache, program)?),
        None => None,
    };
    let answers = answers(program, cache.as_ref(), &scripts)?;
    Ok(scripts
        .files
        .iter()
        .map(|file| file.findings(&answers))
        .collect())
}

/// The scripts of all files. Many occur in several files, or several times in one, so each text is
/// checked once.
#[derive(Debug, Default)]
struct Scripts {
    /// Each with the number of the first file that contains it.
    texts: Vec<(String, usize)>,
    files: Vec<FileScripts>,
}

/// The scripts of one file.
#[derive(Debug, Default)]
struct FileScripts {
    /// Each with the number of its text.
    scripts: Vec<(Script, usize)>,
    /// Scripts that are too long to pass to ShellCheck.
    too_long: Vec<Span>,
}

impl Scripts {
    fn of<'s>(files: impl IntoIterator<Item = &'s Source>, settings: &Settings) -> Self {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut scripts = Self::default();
        for (file, source) in files.into_iter().enumerate() {
            let mut of_file = FileScripts::default();
            let dockerfile = dockerfile::parse(source);
            let facts = Facts::new(&dockerfile, settings);
            for step in &facts.steps {
                match Script::of(&facts, step) {
                    Ok((script, text)) => {
                        let number = *numbers.entry(text).or_insert_with_key(|text| {
                            scripts.texts.push((text.clone(), file));
                            scripts.texts.len() - 1
                        });
                        of_file.scripts.push((script, number));
                    }
                    Err(Unfit::TooLong(span)) => of_file.too_long.push(span),
                    Err(Unfit::NoShell) => {}
                }
            }
            scripts.files.push(of_file);
        }
        scripts
    }
}

/// The answer for each text: from the cache, or from ShellCheck.
fn answers(
    program: &Path,
    cache: Option<&Cache<'_>>,
    scripts: &Scripts,
) -> Result<Vec<Answered>, ShellcheckError> {
    let mut answers: Vec<Option<Answered>> = Vec::with_capacity(scripts.texts.len());
    for (text, _) in &scripts.texts {
        let known = cache.and_then(|cache| cache.get(text));
        answers.push(known.map(Answered::Comments));
    }
    let unknown: Vec<usize> = (0..answers.len())
        .filter(|&number| answers[number].is_none())
        .collect();
    let tasks: Vec<Task<'_>> = unknown
        .iter()
        .map(|&number| Task {
            text: &scripts.texts[number].0,
            file: scripts.texts[number].1,
        })
        .collect();
    let checked = budget::check_all(program, &tasks, scripts.files.len())?;
    for (number, answer) in unknown.into_iter().zip(checked) {
        // A limit may not be exceeded on another day, so only answers are kept.
        if let (Some(cache), Answered::Comments(comments)) = (cache, &answer) {
            cache.put(&scripts.texts[number].0, comments);
        }
        answers[number] = Some(answer);
    }
    if let (Some(cache), false) = (cache, tasks.is_empty()) {
        cache.files.prune();
    }
    Ok(answers.into_iter().flatten().collect())
}

/// Answers of one version of ShellCheck.
struct Cache<'a> {
    files: &'a UserCache,
    version: Vec<u8>,
    /// In some locales, ShellCheck cannot read every text.
    locale: Vec<u8>,
}

impl<'a> Cache<'a> {
    fn new(files: &'a UserCache, program: &Path) -> Result<Self, ShellcheckError> {
        let mut locale = Vec::new();
        for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
            let value = std::env::var_os(name).unwrap_or_default();
            locale.extend_from_slice(value.as_encoded_bytes());
            locale.push(0);
        }
        Ok(Self {
            files,
            version: process::version(program)?,
            locale,
        })
    }

    fn key(&self, text: &str) -> Key {
        let options = process::EXCLUDED.as_bytes();
        Key::of(&[&self.version, &self.locale, options, text.as_bytes()])
    }

    fn get(&self, text: &str) -> Option<Vec<Comment>> {
        let bytes = self.files.get(&self.key(text))?;
        serde_json::from_slice(&bytes).ok()
    }

    fn put(&self, text: &str, comments: &[Comment]) {
        if let Ok(bytes) = serde_json::to_vec(comments) {
            self.files.put(&self.key(text), &bytes);
        }
    }
}

impl FileScripts {
    fn findings(&self, answers: &[Answered]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for &span in &self.too_long {
            let limit = script::MAX_LENGTH >> 10;
            let message = format!("script longer than {limit} KiB: not checked by ShellCheck");
            findings.push(unchecked(span, message));
        }
        // The scripts that the budgets have no time for are one finding for the file.
        let mut skipped: Option<(Span, Reason, usize)> = None;
        for (script, number) in &self.scripts {
            match answers.get(*number) {
                Some(Answered::Comments(comments)) => {
                    findings.extend(comments.iter().filter_map(|it| it.finding(script)));
                }
                Some(Answered::Unchecked(reason)) if reason.is_of_script() => {
                    let message = format!("{reason}: this script is not checked");
                    findings.push(unchecked(script.whole(), message));
                }
                Some(Answered::Unchecked(reason)) => {
                    let (_, _, count) = skipped.get_or_insert((script.whole(), *reason, 0));
                    *count += 1;
                }
                None => {}
            }
        }
        if let Some((span, reason, count)) = skipped {
            let scripts = if count == 1 {
                "1 script"
            } else {
                &format!("{count} scripts")
            };
            let message = format!("{reason}: {scripts} not checked, starting with this one");
            findings.push(unchecked(span, message));
        }
        findings
    }
}

fn unchecked(span: Span, message: String) -> Finding {
    Finding {
        rule: ANALYSIS_LIMIT,
        code: None,
        severity: Severity::Warning,
        message,
        location: span.into(),
        labels: Vec::new(),
        notes: Vec::new(),
        fix: None,
    }
}
