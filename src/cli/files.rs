//! Input texts of a run: named files, Dockerfiles and deployments below directories, standard
//! input, and git's index.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use clap::Args;
use clap::builder::FalseyValueParser;
use rayon::prelude::*;

use super::config::current_directory;
use super::discover::Found;
use super::exclude::Exclude;
use super::{Output, discover, images, staged};
use crate::printable::escape_bytes;
use crate::source::Source;
use crate::trust::{self, HostFile, Refusal, limits};

/// The name of standard input in findings.
pub(super) const STDIN: &str = "<stdin>";
/// Number of files up to which starting threads takes longer than reading the files.
pub(super) const FEW: usize = 8;

#[derive(Args, Debug)]
#[command(next_help_heading = "Files")]
pub(super) struct FileArguments {
    /// Exclude files and directories that match this pattern, as in `.gitignore`, unless they are
    /// given as PATH
    #[arg(
        long,
        value_name = "GLOB",
        value_delimiter = ',',
        env = "JETTISON_EXCLUDE",
        hide_env = true
    )]
    pub(super) exclude: Vec<String>,
    /// Also exclude files given as PATH; useful in hooks, which pass every changed file
    #[arg(long)]
    #[arg(env = "JETTISON_FORCE_EXCLUDE", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) force_exclude: bool,
    /// Check the staged contents of files staged in git, at or below the given paths
    // A fix would have to go into the index and the working tree, which may differ.
    #[arg(long, conflicts_with = "fix")]
    pub(super) staged: bool,
    /// File name for standard input, used in findings and to find the configuration
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
        return Ok((read_staged(paths, exclude, output)?, false));
    }
    let (targets, mut failed) = targets(paths, arguments.force_exclude, exclude, output)?;
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
    let mut sources = Vec::new();
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
/// a file named `-`. A directory that cannot be searched is reported and sets the flag.
fn targets(
    paths: &[PathBuf],
    force: bool,
    exclude: &Exclude,
    output: Output,
) -> anyhow::Result<(Vec<HostFile>, bool)> {
    let (mut targets, mut failed) = (Vec::new(), false);
    for path in paths {
        if path.is_dir() {
            if force && exclude.leaves_out(path, true) {
                continue;
            }
            match below(path, exclude, output) {
                Ok(found) => {
                    failed |= !found.is_complete;
                    targets.extend(found.files);
                }
                Err(error) => {
                    failed = true;
                    output.error(&error);
                }
            }
        // Patterns do not apply to standard input.
        } else if path == Path::new("-") || !(force && exclude.leaves_out(path, false)) {
            targets.push(HostFile::named(path));
        }
    }
    // `jettison lint . Dockerfile` names the file twice. The first wins, with its limit on size.
    let (here, mut seen) = (current_directory()?, BTreeSet::new());
    targets.retain(|file| {
        // `Dockerfile/` is not a file, although the two paths compare as equal.
        let has_slash = file.path().as_os_str().as_encoded_bytes().ends_with(b"/");
        seen.insert((absolute(&here, file.path()), has_slash))
    });
    Ok((targets, failed))
}

/// The Dockerfiles below a directory that was named.
fn below(directory: &Path, exclude: &Exclude, output: Output) -> anyhow::Result<Found> {
    // Dockerfiles of another directory would be printed as if they were of this one.
    if let Err(reason) = trust::readable_path(directory) {
        return Err(refused("search", &directory.display().to_string(), reason));
    }
    let found = discover::dockerfiles(directory, exclude, output)?;
    if found.files.is_empty() && images::is_layout(directory) {
        output.note(images::advice(directory));
    }
    Ok(found)
}

/// The absolute path of a file, by which two names of it are compared: `sub/../Dockerfile` is
/// `Dockerfile`, unless `sub` is a symlink.
fn absolute(here: &Path, path: &Path) -> PathBuf {
    let full = here.join(path);
    let has_parents = path
        .components()
        .any(|component| component == Component::ParentDir);
    // A search finds only such paths, and there may be thousands.
    if path.is_relative() && !has_parents {
        return full;
    }
    let (Some(directory), Some(name)) = (full.parent(), full.file_name()) else {
        return full;
    };
    match trust::real_path(directory) {
        Ok(directory) => directory.join(name),
        // Two names of a file are better than none.
        Err(_) => full,
    }
}

/// Reads the staged files that are named like a Dockerfile or are themselves among the paths.
fn read_staged(
    paths: &[PathBuf],
    exclude: &Exclude,
    output: Output,
) -> anyhow::Result<Vec<Source>> {
    anyhow::ensure!(
        !paths.iter().any(|path| path == Path::new("-")),
        "`--staged` cannot check standard input"
    );
    let here = current_directory()?;
    let all_paths = with_targets(&here, paths);
    let named: BTreeSet<PathBuf> = all_paths.iter().map(|path| absolute(&here, path)).collect();
    let changed = staged::changed(&all_paths)?;
    for path in paths {
        if let Some(reason) = reason_unchecked(&here, path, &changed) {
            output.warning(format_args!(
                "`{}` is not checked: {reason}",
                path.display()
            ));
        }
    }
    let mut entries = Vec::new();
    for mut entry in changed {
        let is_named = named.contains(&absolute(&here, &entry.path));
        if !(is_named || discover::may_be_input(&entry.path))
            || exclude.leaves_out(&entry.path, false)
        {
            continue;
        }
        // As in a working tree, a file that was named may be larger than one that was found.
        if is_named {
            entry.limit = limits::NAMED_DOCKERFILE;
        }
        entries.push(entry);
    }
    let texts = staged::texts(&entries)?;
    let mut sources = Vec::with_capacity(entries.len());
    for (entry, text) in entries.iter().zip(texts) {
        let is_named = named.contains(&absolute(&here, &entry.path));
        if !is_named && !discover::is_input(&entry.path, &text) {
            continue;
        }
        sources.push(Source::new(utf8_name(&entry.path)?, text));
    }
    Ok(sources)
}

/// The paths, and the targets of symlinks in them: git follows none.
fn with_targets(here: &Path, paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut all = paths.to_vec();
    let Some(root) = trust::repository_root(here) else {
        return all;
    };
    for path in paths {
        // A path outside of the repository is an error of git.
        if let Ok(real) = trust::real_path(path)
            && real != absolute(here, path)
            && real.starts_with(&root)
        {
            all.push(real);
        }
    }
    all
}

/// The reason why git finds nothing at a path, although something may be there to check.
fn reason_unchecked(here: &Path, path: &Path, changed: &[staged::Entry]) -> Option<&'static str> {
    // For git, a submodule is one entry, and another repository is none.
    let root = trust::repository_root(path);
    if root.is_some() && root != trust::repository_root(here) {
        return Some("it is in another repository");
    }
    let full = absolute(here, path);
    let is_staged = changed
        .iter()
        .any(|entry| absolute(here, &entry.path).starts_with(&full));
    // A file that is there has not been changed, or is not staged.
    if is_staged || path.symlink_metadata().is_ok() {
        None
    } else {
        Some("there is no such file, and nothing is staged there")
    }
}

/// The name of a file in reports. It must be UTF-8: replacement characters would give the same name
/// to several files.
fn utf8_name(path: &Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| {
        let name = escape_bytes(path.as_os_str().as_encoded_bytes());
        format!("file name `{name}` is not valid UTF-8; rename the file")
    })
}

/// The error for a path that was named and may not be read, with the way to check it.
fn refused(act: &str, name: &str, reason: Refusal) -> anyhow::Error {
    match reason {
        Refusal::LeadsOutside { .. } | Refusal::InGit => anyhow::anyhow!(
            "cannot {act} `{name}`: {reason}; to check its target, pass the target itself"
        ),
        reason => anyhow::Error::new(reason).context(format!("cannot {act} `{name}`")),
    }
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
            return match file.read(limits::NAMED_DOCKERFILE) {
                Ok(bytes) => Ok(Some(Source::new(name, bytes))),
                Err(reason) => Err(refused("read", name, reason)),
            };
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
            Ok(bytes) if !discover::is_input(file.path(), &bytes) => Ok(None),
            Ok(bytes) => {
                self.found.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                Ok(Some(Source::new(name, bytes)))
            }
            // Most YAML files are not manifests, and this one is of no interest either.
            Err(_) if discover::is_doubtful(file.path()) => Ok(None),
            Err(reason) if reason.is_about_place() => {
                let warning = format!("`{name}` is not checked: {reason}");
                self.output.warning(&warning);
                Ok(None)
            }
            Err(reason @ Refusal::TooLarge(_)) => {
                let limit = limits::shown(limits::NAMED_DOCKERFILE);
                anyhow::bail!(
                    "cannot read `{name}`: {reason}; name it on the command line to allow up to \
                     {limit}"
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
