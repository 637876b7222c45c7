//! The texts that a run checks: files that are named, Dockerfiles below folders, standard input,
//! git's index.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use clap::builder::FalseyValueParser;
use rayon::prelude::*;

use super::exclude::Exclude;
use super::{Output, discover, staged};
use crate::printable::escape_bytes;
use crate::source::{Source, plain};

/// Dockerfiles are written by people; what is longer is something else.
pub(super) const MAX_BYTES: u64 = 16 << 20;
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
    let targets = targets(paths, arguments.force_exclude, exclude)?;
    let stdin_name = arguments.stdin_filename.as_deref();
    let results: Vec<anyhow::Result<Source>> = if targets.len() <= FEW {
        targets
            .iter()
            .map(|path| read_one(path, stdin_name))
            .collect()
    } else {
        targets
            .par_iter()
            .map(|path| read_one(path, stdin_name))
            .collect()
    };
    let (mut sources, mut failed) = (Vec::new(), false);
    for result in results {
        match result {
            Ok(source) => sources.push(source),
            Err(error) => {
                failed = true;
                output.error(&error);
            }
        }
    }
    Ok((sources, failed))
}

/// Every file that was named, and every Dockerfile below every folder that was, once each.
fn targets(paths: &[PathBuf], force: bool, exclude: &Exclude) -> anyhow::Result<Vec<PathBuf>> {
    let mut targets = Vec::new();
    for path in paths {
        if path.is_dir() {
            if !(force && exclude.leaves_out(path, true)) {
                targets.extend(discover::dockerfiles(path, exclude)?);
            }
        } else if path == Path::new("-") || !(force && exclude.leaves_out(path, false)) {
            targets.push(path.clone());
        }
    }
    let mut seen = BTreeSet::new();
    targets.retain(|path| seen.insert(plain(path)));
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
    let texts = staged::texts(&entries, MAX_BYTES)?;
    let mut sources = Vec::with_capacity(entries.len());
    for (entry, text) in entries.iter().zip(texts) {
        let name = entry.path.to_str();
        let name = name.with_context(|| not_utf8(&entry.path))?;
        sources.push(Source::new(name, text));
    }
    Ok(sources)
}

/// Reports name files in Unicode, so another name could not be told from its neighbors.
fn not_utf8(path: &Path) -> String {
    let name = escape_bytes(path.as_os_str().as_encoded_bytes());
    format!("the name of `{name}` is not UTF-8; rename the file")
}

fn read_one(path: &Path, stdin_name: Option<&Path>) -> anyhow::Result<Source> {
    let is_stdin = path == Path::new("-");
    let has_a_name = is_stdin || path.to_str().is_some();
    anyhow::ensure!(has_a_name, "{}", not_utf8(path));
    let name = match stdin_name {
        Some(name) if is_stdin => name.to_string_lossy(),
        None if is_stdin => STDIN.into(),
        _ => path.to_string_lossy(),
    };
    let mut bytes = Vec::new();
    let read = if is_stdin {
        std::io::stdin()
            .lock()
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("cannot read `{name}`"))?;
    anyhow::ensure!(
        bytes.len() as u64 <= MAX_BYTES,
        "`{name}` is larger than {} MiB: not a Dockerfile",
        MAX_BYTES >> 20
    );
    Ok(Source::new(name, bytes))
}
