//! ShellCheck: its comments on the scripts of all files of a run as findings in the Dockerfiles.
//!
//! The engine runs no programs. This module runs ShellCheck, and its findings are passed to
//! [`lint_with`](crate::lint::lint_with).

mod answer;
mod budget;
mod error;
mod known_answers;
mod process;
mod script;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::dockerfile;
use crate::lint::{Facts, Finding, Settings, Severity};
use crate::source::{Source, Span};
use crate::trust::{self, Key, UserCache};
use answer::Comment;
use budget::{Answered, Budget, BudgetedFile, Reason, Task};
pub use error::ShellcheckError;
use known_answers::KnownAnswers;
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
    Checker::new(program.to_owned(), None).check(files, settings)
}

/// The cache of answers, if the user has one.
pub fn open_cache() -> Option<UserCache> {
    UserCache::open(CACHE)
}

/// ShellCheck for all passes of a run over its files. Each text is checked once, and the budgets
/// are those of the run.
#[derive(Debug)]
pub struct Checker {
    program: PathBuf,
    /// Answers of earlier runs.
    files: Option<UserCache>,
    /// The common part of the keys of these answers; none before the first script.
    prefix: Option<CachePrefix>,
    /// Answers of this run.
    known: KnownAnswers,
    budget: Mutex<Budget>,
}

impl Checker {
    pub fn new(program: PathBuf, cache: Option<UserCache>) -> Self {
        Self {
            program,
            files: cache,
            prefix: None,
            known: KnownAnswers::default(),
            budget: Mutex::default(),
        }
    }

    /// The findings in each file, in the order of `files`.
    pub fn check<'s>(
        &mut self,
        files: impl IntoIterator<Item = &'s Source>,
        settings: &Settings,
    ) -> Result<Vec<Vec<Finding>>, ShellcheckError> {
        let scripts = Scripts::of(files, settings);
        // A file without a script starts no process.
        let answers = if scripts.texts.is_empty() {
            Vec::new()
        } else {
            self.answers(&scripts)?
        };
        Ok(scripts
            .files
            .iter()
            .map(|file| file.findings(&answers))
            .collect())
    }

    /// The answer for each text: from this run, from the cache, or from ShellCheck.
    fn answers(&mut self, scripts: &Scripts) -> Result<Vec<Arc<Answered>>, ShellcheckError> {
        if self.files.is_some() && self.prefix.is_none() {
            self.prefix = Some(CachePrefix::of(&self.program)?);
        }
        let cache = match (&self.files, &self.prefix) {
            (Some(files), Some(prefix)) => Some(Cache { files, prefix }),
            _ => None,
        };
        let mut answers: Vec<Option<Arc<Answered>>> = Vec::with_capacity(scripts.texts.len());
        let (mut unknown, mut tasks) = (Vec::new(), Vec::new());
        for (number, (text, file)) in scripts.texts.iter().enumerate() {
            let mut answer = self.known.get(text);
            if answer.is_none()
                && let Some(cache) = &cache
                && let Some(comments) = cache.get(text)
            {
                answer = Some(self.known.add(text, Answered::Comments(comments)));
            }
            if answer.is_none() {
                unknown.push(number);
                tasks.push(Task {
                    text,
                    file: &scripts.budgeted[*file],
                });
            }
            answers.push(answer);
        }
        let checked = budget::check_all(&self.program, &tasks, &self.budget)?;
        for (number, answer) in unknown.into_iter().zip(checked) {
            let text = &scripts.texts[number].0;
            // A limit may not be exceeded on another day, so only answers are kept for it.
            if let (Some(cache), Answered::Comments(comments)) = (&cache, &answer) {
                cache.put(text, comments);
            }
            answers[number] = Some(self.known.add(text, answer));
        }
        if let (Some(cache), false) = (cache, tasks.is_empty()) {
            cache.files.prune();
        }
        Ok(answers.into_iter().flatten().collect())
    }
}

/// The scripts of all files. Many occur in several files, or several times in one, so each text is
/// checked once.
#[derive(Debug, Default)]
struct Scripts {
    /// Each with the number of the first file that contains it.
    texts: Vec<(String, usize)>,
    files: Vec<FileScripts>,
    budgeted: Vec<BudgetedFile>,
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
            scripts.budgeted.push(BudgetedFile::of(source));
        }
        scripts
    }
}

/// Answers of one version of ShellCheck.
struct Cache<'a> {
    files: &'a UserCache,
    prefix: &'a CachePrefix,
}

/// The part of the keys that is the same for all scripts.
#[derive(Debug)]
struct CachePrefix {
    version: Vec<u8>,
    /// In some locales, ShellCheck cannot read every text.
    locale: Vec<u8>,
}

impl CachePrefix {
    fn of(program: &Path) -> Result<Self, ShellcheckError> {
        let mut locale = Vec::new();
        for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
            let value = std::env::var_os(name).unwrap_or_default();
            locale.extend_from_slice(value.as_encoded_bytes());
            locale.push(0);
        }
        Ok(Self {
            version: process::version(program)?,
            locale,
        })
    }
}

impl Cache<'_> {
    fn key(&self, text: &str) -> Key {
        let CachePrefix { version, locale } = self.prefix;
        let options = process::EXCLUDED.as_bytes();
        Key::of(&[version, locale, options, text.as_bytes()])
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
    fn findings(&self, answers: &[Arc<Answered>]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for &span in &self.too_long {
            let limit = script::MAX_LENGTH >> 10;
            let message = format!("script longer than {limit} KiB: not checked by ShellCheck");
            findings.push(unchecked(span, message));
        }
        // The scripts that the budgets have no time for are one finding for the file.
        let mut skipped: Option<(Span, Reason, usize)> = None;
        for (script, number) in &self.scripts {
            match answers.get(*number).map(Arc::as_ref) {
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
