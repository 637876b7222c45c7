//! Scripts in batches on all cores, each file and the run within a budget of processor time.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rayon::iter::{ParallelBridge as _, ParallelIterator as _};

use super::ShellcheckError;
use super::answer::Comment;
use super::process::{self, Limit, Outcome};

/// Scripts of one process. It takes as long to start as to check a few.
const BATCH: usize = 64;
/// Seconds of processor time for a batch, which usually takes a third of one, and then for each
/// script of a batch that took longer.
const FIRST_SECONDS: u64 = 1;
/// Seconds for a script that took longer than that, too.
const LAST_SECONDS: u64 = 5;
/// Seconds for all scripts of a file: some 2,000 usual ones.
pub(super) const FILE_SECONDS: u64 = 8;
/// Seconds for all scripts of a run: some 30,000 usual ones.
pub(super) const RUN_SECONDS: u64 = 120;

/// A script to check, and the number of the first file that contains it.
#[derive(Debug)]
pub(super) struct Task<'t> {
    pub(super) text: &'t str,
    pub(super) file: usize,
}

/// The result for a script.
#[derive(Debug)]
pub(super) enum Answered {
    Comments(Vec<Comment>),
    Unchecked(Reason),
}

/// The reason why a script is not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    Time,
    Memory,
    Answer,
    FileTime,
    RunTime,
}

/// Checks scripts. The results are in the order of the tasks.
pub(super) fn check_all(
    program: &Path,
    tasks: &[Task<'_>],
    files: usize,
) -> Result<Vec<Answered>, ShellcheckError> {
    let budget = Mutex::new(Budget {
        files: vec![Duration::from_secs(FILE_SECONDS); files],
        run: Duration::from_secs(RUN_SECONDS),
    });
    let mut answers: Vec<Option<Answered>> = tasks.iter().map(|_| None).collect();
    let mut left: Vec<usize> = (0..tasks.len()).collect();
    // One script that ShellCheck cannot digest spoils the answer to its batch, so the others are
    // asked again, each alone. Such scripts come last, for the others not to wait for them.
    for (size, seconds) in [(BATCH, FIRST_SECONDS), (1, FIRST_SECONDS), (1, LAST_SECONDS)] {
        let is_last = size == 1 && seconds == LAST_SECONDS;
        let round: Vec<Vec<(usize, Option<Answered>)>> = left
            .chunks(size)
            .par_bridge()
            .map(|batch| check_batch(program, tasks, batch, seconds, is_last, &budget))
            .collect::<Result<_, _>>()?;
        left.clear();
        for (index, answer) in round.into_iter().flatten() {
            if answer.is_none() {
                left.push(index);
            }
            answers[index] = answer;
        }
        // The batches end in any order.
        left.sort_unstable();
    }
    let unanswered = || Answered::Unchecked(Reason::Time);
    Ok(answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(unanswered))
        .collect())
}

/// Checks some tasks with one process. A task without an answer is one to try again.
fn check_batch(
    program: &Path,
    tasks: &[Task<'_>],
    batch: &[usize],
    seconds: u64,
    is_last: bool,
    budget: &Mutex<Budget>,
) -> Result<Vec<(usize, Option<Answered>)>, ShellcheckError> {
    let lock = || budget.lock().unwrap_or_else(PoisonError::into_inner);
    let mut results = Vec::with_capacity(batch.len());
    let (mut texts, mut checked) = (Vec::new(), Vec::new());
    for &index in batch {
        match lock().exhausted(tasks[index].file) {
            Some(reason) => results.push((index, Some(Answered::Unchecked(reason)))),
            None => {
                texts.push(tasks[index].text);
                checked.push(index);
            }
        }
    }
    if checked.is_empty() {
        return Ok(results);
    }
    let (outcome, time) = process::check(program, &texts, seconds)?;
    lock().charge(checked.iter().map(|&index| tasks[index].file), time);
    match outcome {
        Outcome::Checked(comments) => {
            let answers = comments.into_iter().map(Answered::Comments).map(Some);
            results.extend(checked.into_iter().zip(answers));
        }
        Outcome::Beyond(limit) => {
            // Alone, a script that takes too much memory would take as much the next time.
            let is_certain = is_last || (checked.len() == 1 && limit != Limit::Time);
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
            Self::Answer => f.write_str("ShellCheck has more than 16 MiB of comments"),
            Self::FileTime => {
                write!(f, "ShellCheck needs more than {FILE_SECONDS} seconds for this file")
            }
            Self::RunTime => {
                write!(f, "ShellCheck needs more than {RUN_SECONDS} seconds for all files")
            }
        }
    }
}

/// The processor time that is left for each file, and for the run.
#[derive(Debug)]
struct Budget {
    files: Vec<Duration>,
    run: Duration,
}

impl Budget {
    fn exhausted(&self, file: usize) -> Option<Reason> {
        if self.run.is_zero() {
            Some(Reason::RunTime)
        } else if self.files[file].is_zero() {
            Some(Reason::FileTime)
        } else {
            None
        }
    }

    /// Takes time off, divided among the files of the scripts.
    fn charge(&mut self, files: impl ExactSizeIterator<Item = usize>, time: Duration) {
        let share = time / u32::try_from(files.len()).unwrap_or(u32::MAX).max(1);
        for file in files {
            self.files[file] = self.files[file].saturating_sub(share);
        }
        self.run = self.run.saturating_sub(time);
    }
}
