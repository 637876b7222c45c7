//! Input texts of a run: named files, Dockerfiles below directories, standard input, and git's
//! index.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use clap::Args;
use clap::builder::FalseyValueParser;
use rayon::prelude::*;

use super::exclude::Exclude;
use super::{Output, discover, staged};
use crate::printable::escape_bytes;
use crate::source::{Source, plain};
use crate::trust::{HostFile, Refusal, limits};

/// The name of standard input in findings.
pub(super) const STDIN: &str = "<stdin>";
/// Number of files up to which starting threads takes longer than reading the files.
pub(super) const FEW: usize = 8;

#[derive(Args, Debug)]
#[command(next_help_heading = "Files")]
pub(super) struct FileArguments {
    /// Exclude files and directories that match this pattern, as in `.gitignore`, unless they are
    /// named as PATH
    #[arg(
        long,
        value_name = "GLOB",
        value_delimiter = ',',
        env = "JETTISON_EXCLUDE",
        hide_env = true
    )]
    pub(super) exclude: Vec<String>,
    /// Also exclude files named as PATH; useful in hooks, which pass every changed file
    #[arg(long)]
    #[arg(env = "JETTISON_FORCE_EXCLUDE", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) force_exclude: bool,
    /// Check the staged contents of files that are staged in git, at or below the paths
    // A fix would have to go into the index and the working tree, which may differ.
    #[arg(long, conflicts_with = "fix")]
    pub(super) staged: bool,
    /// File name to use for standard input, in findings and to find the configuration
    #[arg(long, value_name = "FILE")]
    pub(super) stdin_filename: Option<PathBuf>,
}

/// Reads the texts of a run in the order of their paths. A file that cannot be read is reported and
/// sets the flag; the others are still checked.
pub(super) fn read(
    paths: &[PathBuf],
    arguments: &FileArguments,
    exclude: &Exclude,
    output: Output,
) -> anyhow::Result<(Vec<Source>, bool)> {
    if arguments.staged {
        return Ok((read_staged(paths, exclude)?, false));
    }
    let targets = targets(paths, arguments.force_exclude, exclude, output)?;
    let reader = Reader {
        stdin_name: arguments.stdin_filename.as_deref(),
        found: AtomicU64::new(0),
        output,
    };
    // Errors are collected and reported below, so that they appear in the order of the files.
    let results: Vec<anyhow::Result<Option<Source>>> = if targets.len() <= FEW {
        targets.iter().map(|target| reader.read(target)).collect()
    } else {
        targets
            .par_iter()
            .map(|target| reader.read(target))
            .collect()
    };
    anyhow::ensure!(
        reader.found.into_inner() <= limits::ALL_DOCKERFILES,
        "the Dockerfiles are larger than {} in total: pass fewer directories",
        limits::shown(limits::ALL_DOCKERFILES)
    );
    let (mut sources, mut failed) = (Vec::new(), false);
    for result in results {
        match result {
            Ok(source) => sources.extend(source),
            Err(error) => {
                failed = true;
                output.error(&error);
            }
        }
    }
    Ok((sources, failed))
}

/// Every named file, and every Dockerfile below every named directory, once each. Standard input is
/// a file named `-`.
fn targets(
    paths: &[PathBuf],
    force: bool,
    exclude: &Exclude,
    output: Output,
) -> anyhow::Result<Vec<HostFile>> {
    let mut targets = Vec::new();
    for path in paths {
        if path.is_dir() {
            if !(force && exclude.leaves_out(path, true)) {
                targets.extend(discover::dockerfiles(path, exclude, output)?);
            }
        // Patterns do not apply to standard input.
        } else if path == Path::new("-") || !(force && exclude.leaves_out(path, false)) {
            targets.push(HostFile::named(path));
        }
    }
    // `jettison lint . Dockerfile` names the file twice. The first one wins, with its size limit.
    let mut seen = BTreeSet::new();
    targets.retain(|file| seen.insert(plain(file.path())));
    Ok(targets)
}

/// Reads the staged files that are named like a Dockerfile or are listed in the paths themselves.
fn read_staged(paths: &[PathBuf], exclude: &Exclude) -> anyhow::Result<Vec<Source>> {
    anyhow::ensure!(
        !paths.iter().any(|path| path == Path::new("-")),
        "`--staged` cannot check standard input"
    );
    let named: BTreeSet<PathBuf> = paths.iter().map(|path| plain(path)).collect();
    let mut entries = staged::changed(paths)?;
    entries.retain(|entry| {
        (discover::is_dockerfile(&entry.path) || named.contains(&entry.path))
            && !exclude.leaves_out(&entry.path, false)
    });
    // As in a working tree, the size limit is higher for files that were named than for files that
    // were found.
    for entry in &mut entries {
        if named.contains(&entry.path) {
            entry.limit = limits::NAMED_DOCKERFILE;
        }
    }
    let texts = staged::texts(&entries)?;
    let mut sources = Vec::with_capacity(entries.len());
    for (entry, text) in entries.iter().zip(texts) {
        sources.push(Source::new(utf8_name(&entry.path)?, text));
    }
    Ok(sources)
}

/// The name of a file in reports. It must be UTF-8: replacement characters would give the same name
/// to several files.
fn utf8_name(path: &Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| {
        let name = escape_bytes(path.as_os_str().as_encoded_bytes());
        format!("the name of `{name}` is not UTF-8; rename the file")
    })
}

/// Reader of the texts of a run, used by several threads at once.
struct Reader<'a> {
    stdin_name: Option<&'a Path>,
    /// Total size of the files that were found by a search; it has a separate limit.
    found: AtomicU64,
    output: Output,
}

impl Reader<'_> {
    fn read(&self, file: &HostFile) -> anyhow::Result<Option<Source>> {
        let path = file.path();
        if file.is_named() && path == Path::new("-") {
            let name = match self.stdin_name {
                Some(name) => name.to_string_lossy(),
                None => STDIN.into(),
            };
            return read_stdin(&name).map(Some);
        }
        let name = utf8_name(path)?;
        // The user chose this file, so it may be a pipe (`<(…)`) or outside of the repository.
        if file.is_named() {
            let bytes = file
                .read(limits::NAMED_DOCKERFILE)
                .with_context(|| format!("cannot read `{name}`"))?;
            return Ok(Some(Source::new(name, bytes)));
        }
        self.read_found(file)
    }

    /// Reads a file that a search found. A symlink that leads out of the directory and a file that
    /// is not regular are skipped with a warning: the user did not ask for them, so they must not
    /// fail the run.
    fn read_found(&self, file: &HostFile) -> anyhow::Result<Option<Source>> {
        // The caller fails when the total exceeds the limit. Until then, no more memory is used.
        if self.found.load(Ordering::Relaxed) > limits::ALL_DOCKERFILES {
            return Ok(None);
        }
        let name = utf8_name(file.path())?;
        match file.read(limits::FOUND_DOCKERFILE) {
            Ok(bytes) => {
                self.found.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                Ok(Some(Source::new(name, bytes)))
            }
            Err(reason) if reason.is_about_place() => {
                let warning = format!("`{name}` is not checked: {reason}");
                self.output.warning(&warning);
                Ok(None)
            }
            Err(reason @ Refusal::TooLarge(_)) => {
                let limit = limits::shown(limits::NAMED_DOCKERFILE);
                anyhow::bail!(
                    "cannot read `{name}`: {reason}; pass the file itself to read up to {limit}"
                )
            }
            Err(reason) => Err(anyhow::Error::new(reason).context(format!("cannot read `{name}`"))),
        }
    }
}

fn read_stdin(name: &str) -> anyhow::Result<Source> {
    let mut bytes = Vec::new();
    let limit = limits::NAMED_DOCKERFILE;
    // Reading one byte more than allowed distinguishes a text at the limit from a longer one.
    let read = std::io::stdin()
        .lock()
        .take(limit + 1)
        .read_to_end(&mut bytes);
    read.with_context(|| format!("cannot read `{name}`"))?;
    anyhow::ensure!(
        bytes.len() as u64 <= limit,
        "cannot read `{name}`: it is larger than {}",
        limits::shown(limit)
    );
    Ok(Source::new(name, bytes))
}
