//! Reads and applies a baseline, or writes one.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::Output;
use super::config::current_directory;
use super::reports::write_file;
use crate::config::Config;
use crate::report::{Baseline, Linted, Suppressed};
use crate::size::counted;
use crate::trust::{HostFile, limits};

/// Maximum number of stale entries to list. The others are only counted, because after a large
/// change they would fill the screen.
const SHOWN: usize = 10;

#[derive(Args, Debug)]
#[command(next_help_heading = "Baseline")]
pub(super) struct BaselineArguments {
    /// Suppress the findings listed in this file, so that only new ones are reported
    #[arg(long, value_name = "FILE", env = "JETTISON_BASELINE", hide_env = true)]
    pub(super) baseline: Option<PathBuf>,
    /// Write all findings to this file, for use with --baseline, and exit with status 0
    #[arg(long, value_name = "FILE")]
    pub(super) write_baseline: Option<PathBuf>,
}

/// The baseline named on the command line, or else in the configuration.
pub(super) fn known(named: Option<&Path>, config: &Config) -> Option<HostFile> {
    match named {
        Some(path) => Some(HostFile::named(path)),
        None => config.baseline.clone(),
    }
}

/// Writes the findings to the `--write-baseline` file; returns `false` without that option.
pub(super) fn write(
    arguments: &BaselineArguments,
    files: &[Linted],
    output: Output,
) -> anyhow::Result<bool> {
    let Some(path) = &arguments.write_baseline else {
        return Ok(false);
    };
    let baseline = Baseline::of(files, &directory(path)?, &current_directory()?);
    // An existing baseline is replaced, which also removes stale entries.
    write_file(path, baseline.text().as_bytes())?;
    output.note(format_args!(
        "{} written to `{}`",
        counted(baseline.len(), "finding"),
        path.display()
    ));
    Ok(true)
}

/// Suppresses the findings that a baseline lists. Notes report how many there were, and the entries
/// that can be removed from it.
pub(super) fn apply(
    file: Option<&HostFile>,
    files: &mut [Linted],
    output: Output,
) -> anyhow::Result<()> {
    // Most runs have no baseline.
    let Some(file) = file else { return Ok(()) };
    let name = file.path().display();
    let suppressed = suppress(file, files)?;
    output.note(format_args!(
        "{} suppressed by `{name}`",
        counted(suppressed.findings, "finding")
    ));
    // Stale entries are only noted: a run that fixed a finding should not fail.
    if !suppressed.stale.is_empty() {
        let mut lines: Vec<String> = suppressed.stale.iter().take(SHOWN).cloned().collect();
        if suppressed.stale.len() > SHOWN {
            lines.push(format!("and {} more", suppressed.stale.len() - SHOWN));
        }
        let entries = match suppressed.stale.len() {
            1 => "1 entry".to_owned(),
            count => format!("{count} entries"),
        };
        output.note_list(
            format_args!("{entries} in `{name}` not found; `--write-baseline` removes them:"),
            &lines,
        );
    }
    Ok(())
}

/// The entries of a baseline that match findings of these files; `None` without a baseline.
pub(super) fn accepted(
    file: Option<&HostFile>,
    files: &[Linted],
) -> anyhow::Result<Option<Baseline>> {
    let Some(file) = file else { return Ok(None) };
    Ok(Some(read(file)?.found_in(files, &current_directory()?)))
}

/// Removes the fixes of the findings that a baseline lists.
pub(super) fn withhold_fixes(
    accepted: Option<&Baseline>,
    files: &mut [Linted],
) -> anyhow::Result<()> {
    if let Some(accepted) = accepted {
        accepted.withhold_fixes(files, &current_directory()?);
    }
    Ok(())
}

/// Suppresses the findings that a baseline lists.
pub(super) fn suppress(file: &HostFile, files: &mut [Linted]) -> anyhow::Result<Suppressed> {
    Ok(read(file)?.suppress(files, &current_directory()?))
}

fn read(file: &HostFile) -> anyhow::Result<Baseline> {
    let name = file.path().display();
    // A repository's configuration can name the file, so its size and location are restricted.
    let text = file
        .read_text(limits::BASELINE)
        .with_context(|| format!("cannot read `{name}`"))?;
    Baseline::parse(&text, &directory(file.path())?).with_context(|| format!("cannot use `{name}`"))
}

/// The directory of a baseline. Its paths are relative to this directory, so it works no matter
/// where `jettison` is run.
fn directory(path: &Path) -> anyhow::Result<PathBuf> {
    let here = current_directory()?;
    Ok(here.join(path).parent().unwrap_or(&here).to_owned())
}
