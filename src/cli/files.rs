//! The texts that a run checks: files that are named, Dockerfiles below folders, standard input,
//! git's index.

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
use crate::source::{Source, plain};
use crate::trust::{HostFile, Refusal, limits};

/// What standard input is called in findings.
pub(super) const STDIN: &str = "<stdin>";
/// Below this many files, threads cost more than they bring.
pub(super) const FEW: usize = 8;

#[derive(Args, Debug)]
#[command(next_help_heading = "Files")]
pub(super) struct FileArguments {
    /// Leave out files and folders that match this pattern, as in `.gitignore`; not those named as
    /// PATH
    #[arg(
        long,
        value_name = "GLOB",
        value_delimiter = ',',
        env = "JETTISON_EXCLUDE",
        hide_env = true
    )]
    pub(super) exclude: Vec<String>,
    /// Leave out those named as PATH too: a hook names every file that a commit changes
    #[arg(long, env = "JETTISON_FORCE_EXCLUDE", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) force_exclude: bool,
    /// Check what is staged in git, as it is staged, at or below the paths
    #[arg(long, conflicts_with = "fix")]
    pub(super) staged: bool,
    /// What standard input is the text of: its name in findings, and where its configuration is
    /// looked for
    #[arg(long, value_name = "FILE")]
    pub(super) stdin_filename: Option<PathBuf>,
}

/// The texts of a run in the order of their paths, and whether one could not be read: that does not
/// lose the others.
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
        "the Dockerfiles are larger than {} in all: name fewer directories",
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

/// Every file that was named, and every Dockerfile below every directory that was, once each.
/// Standard input is a file named `-`.
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
        } else if path == Path::new("-") || !(force && exclude.leaves_out(path, false)) {
            targets.push(HostFile::named(path));
        }
    }
    let mut seen = BTreeSet::new();
    targets.retain(|file| seen.insert(plain(file.path())));
    Ok(targets)
}

/// A file of the index is checked where its name is a Dockerfile's, or where it is itself among the
/// paths.
fn read_staged(paths: &[PathBuf], exclude: &Exclude) -> anyhow::Result<Vec<Source>> {
    anyhow::ensure!(
        !paths.iter().any(|path| path == Path::new("-")),
        "`-` cannot be staged"
    );
    let named: BTreeSet<PathBuf> = paths.iter().map(|path| plain(path)).collect();
    let mut entries = staged::changed(paths)?;
    entries.retain(|entry| {
        (discover::is_dockerfile(&entry.path) || named.contains(&entry.path))
            && !exclude.leaves_out(&entry.path, false)
    });
    for entry in &mut entries {
        if named.contains(&entry.path) {
            entry.limit = limits::NAMED_DOCKERFILE;
        }
    }
    let texts = staged::texts(&entries)?;
    let sources = entries
        .iter()
        .zip(texts)
        .map(|(entry, text)| Source::new(entry.path.to_string_lossy(), text));
    Ok(sources.collect())
}

/// Reads the texts of a run, several at once.
struct Reader<'a> {
    stdin_name: Option<&'a Path>,
    /// Bytes of the files that were found by a search.
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
        let name = path.to_string_lossy();
        if file.is_named() {
            let bytes = file
                .read(limits::NAMED_DOCKERFILE)
                .with_context(|| format!("cannot read `{name}`"))?;
            return Ok(Some(Source::new(name, bytes)));
        }
        self.read_found(file)
    }

    /// Reads a file that a search found. That it leads elsewhere, or is no regular file, is no
    /// failure: then it is not part of what was asked for.
    fn read_found(&self, file: &HostFile) -> anyhow::Result<Option<Source>> {
        // Nothing more is kept once there is too much of it.
        if self.found.load(Ordering::Relaxed) > limits::ALL_DOCKERFILES {
            return Ok(None);
        }
        let name = file.path().to_string_lossy();
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
                anyhow::bail!("cannot read `{name}`: {reason}; name it to read up to {limit}")
            }
            Err(reason) => Err(anyhow::Error::new(reason).context(format!("cannot read `{name}`"))),
        }
    }
}

fn read_stdin(name: &str) -> anyhow::Result<Source> {
    let mut bytes = Vec::new();
    let limit = limits::NAMED_DOCKERFILE;
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
