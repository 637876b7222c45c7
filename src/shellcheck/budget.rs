//! Scripts in batches on all cores, each file and the run within a budget of processor time.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rayon::iter::{ParallelBridge as _, ParallelIterator as _};

use super::answer::Comment;
use super::error::ShellcheckError;
use super::process::{self, Limit, Outcome};
use crate::source::Source;

/// Scripts of one process. It takes as long to start as to check a few.
const BATCH: usize = 64;
/// Seconds of processor time for a batch, which usually takes a third of one, and then for each
/// script of a batch that took longer.
const FIRST_SECONDS: u64 = 1;
/// Seconds for a script that took longer than that, too.
const LAST_SECONDS: u64 = 5;
/// Seconds for all scripts of a file: some 2,000 usual ones.
const FILE_SECONDS: u64 = 8;
/// The same for a file that takes the other rules seconds, too.
const LARGE_FILE_SECONDS: u64 = 2;
/// Bytes of such a file. The largest of public repositories have some 100 KiB.
const LARGE_FILE: usize = 256 << 10;
/// Seconds for all scripts of a run: some 30,000 usual ones.
const RUN_SECONDS: u64 = 120;

/// A script to check, and the first file that contains it.
#[derive(Debug)]
pub(super) struct Task<'t> {
    pub(super) text: &'t str,
    pub(super) file: &'t BudgetedFile,
}

/// A file with scripts.
#[derive(Debug)]
pub(super) struct BudgetedFile {
    name: String,
    /// Processor time for all of its scripts.
    seconds: u64,
}

impl BudgetedFile {
    pub(super) fn of(source: &Source) -> Self {
        let is_large = source.text().len() > LARGE_FILE;
        Self {
            name: source.name().to_owned(),
            seconds: if is_large {
                LARGE_FILE_SECONDS
            } else {
                FILE_SECONDS
            },
        }
    }
}

/// The result for a script.
#[derive(Debug)]
pub(super) enum Answered {
    Comments(Vec<Comment>),
    Unchecked(Reason),
}

impl Answered {
    /// Whether the answer is the same if the script is checked again.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Comments(_) => true,
            Self::Unchecked(reason) => reason.is_of_script(),
        }
    }

    /// Bytes in memory.
    pub(super) fn size(&self) -> usize {
        const KEY: usize = 128;
        let comments = match self {
            Self::Comments(comments) => comments.as_slice(),
            Self::Unchecked(_) => &[],
        };
        KEY + comments.iter().map(Comment::size).sum::<usize>()
    }
}

/// The reason why a script is not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    Time,
    Memory,
    Answer,
    /// For all scripts of the file, with the seconds that they may take.
    FileTime(u64),
    RunTime,
}

/// Checks scripts. The results are in the order of the tasks.
pub(super) fn check_all(
    program: &Path,
    tasks: &[Task<'_>],
    budget: &Mutex<Budget>,
) -> Result<Vec<Answered>, ShellcheckError> {
    let mut answers: Vec<Option<Answered>> = tasks.iter().map(|_| None).collect();
    let mut left: Vec<usize> = (0..tasks.len()).collect();
    // One script that ShellCheck cannot process spoils the output for its batch, so the other
    // scripts are checked again one by one. Such scripts come last, for the others not to wait for
    // them.
    for (size, seconds) in [
        (BATCH, FIRST_SECONDS),
        (1, FIRST_SECONDS),
        (1, LAST_SECONDS),
    ] {
        let round = Round {
            program,
            tasks,
            seconds,
            budget,
        };
        let results: Vec<Vec<(usize, Option<Answered>)>> = left
            .chunks(size)
            .par_bridge()
            .map(|batch| round.check(batch))
            .collect::<Result<_, _>>()?;
        left.clear();
        for (index, answer) in results.into_iter().flatten() {
            if answer.is_none() {
                left.push(index);
            }
            answers[index] = answer;
        }
        // The batches end in any order.
        left.sort_unstable();
    }
    Ok(answers.into_iter().flatten().collect())
}

/// A pass over the scripts that have no answer yet.
#[derive(Clone, Copy)]
struct Round<'r> {
    program: &'r Path,
    tasks: &'r [Task<'r>],
    /// Processor time for each process.
    seconds: u64,
    budget: &'r Mutex<Budget>,
}

impl Round<'_> {
    /// Checks some tasks with one process. A task without an answer is one to try again.
    fn check(&self, batch: &[usize]) -> Result<Vec<(usize, Option<Answered>)>, ShellcheckError> {
        let mut results = Vec::with_capacity(batch.len());
        let (mut texts, mut checked) = (Vec::new(), Vec::new());
        for &index in batch {
            let task = &self.tasks[index];
            let exhausted = self.budget().exhausted(task.file);
            if let Some(reason) = exhausted {
                results.push((index, Some(Answered::Unchecked(reason))));
            } else {
                texts.push(task.text);
                checked.push(index);
            }
        }
        if checked.is_empty() {
            return Ok(results);
        }
        let (outcome, time) = process::check(self.program, &texts, self.seconds)?;
        let files = checked.iter().map(|&index| self.tasks[index].file);
        self.budget().charge(files, time);
        match outcome {
            Outcome::Checked(comments) => {
                let answers = comments.into_iter().map(Answered::Comments).map(Some);
                results.extend(checked.into_iter().zip(answers));
            }
            Outcome::Beyond(limit) => {
                let is_certain = self.is_certain(limit, checked.len());
                for index in checked {
                    let answer = if is_certain {
                        Some(Answered::Unchecked(Reason::of(limit)))
                    } else {
                        None
                    };
                    results.push((index, answer));
                }
            }
        }
        Ok(results)
    }

    /// Whether a script would exceed the limit the next time, too. Alone, it would take as much
    /// memory again, but the last round has more time.
    fn is_certain(&self, limit: Limit, scripts: usize) -> bool {
        scripts == 1 && (limit != Limit::Time || self.seconds == LAST_SECONDS)
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reason {
    fn of(limit: Limit) -> Self {
        match limit {
            Limit::Time => Self::Time,
            Limit::Memory => Self::Memory,
            Limit::Answer => Self::Answer,
        }
    }

    /// Whether the script itself is the reason, not those before it.
    pub(super) fn is_of_script(self) -> bool {
        matches!(self, Self::Time | Self::Memory | Self::Answer)
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Time => write!(f, "ShellCheck needs more than {LAST_SECONDS} seconds"),
            Self::Memory => f.write_str("ShellCheck needs more than 256 MiB of memory"),
            Self::Answer => f.write_str("ShellCheck reported more than 16 MiB of comments"),
            Self::FileTime(seconds) => {
                write!(
                    f,
                    "ShellCheck needs more than {seconds} seconds for this file"
                )
            }
            Self::RunTime => {
                write!(
                    f,
                    "ShellCheck needs more than {RUN_SECONDS} seconds for all files"
                )
            }
        }
    }
}

/// The processor time that the scripts of a run and of each of its files have taken.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// By the name of the file.
    files: HashMap<String, Duration>,
    run: Duration,
}

impl Budget {
    fn exhausted(&self, file: &BudgetedFile) -> Option<Reason> {
        let of_file = self.files.get(&file.name).copied().unwrap_or_default();
        if self.run >= Duration::from_secs(RUN_SECONDS) {
            Some(Reason::RunTime)
        } else if of_file >= Duration::from_secs(file.seconds) {
            Some(Reason::FileTime(file.seconds))
        } else {
            None
        }
    }

    /// Adds time, divided among the files of the scripts.
    fn charge<'f>(
        &mut self,
        files: impl ExactSizeIterator<Item = &'f BudgetedFile>,
        time: Duration,
    ) {
        let share = time / u32::try_from(files.len()).unwrap_or(u32::MAX).max(1);
        for file in files {
            if let Some(of_file) = self.files.get_mut(&file.name) {
                *of_file += share;
            } else {
                self.files.insert(file.name.clone(), share);
            }
        }
        self.run += time;
    }
}
