//! The baseline of a run: read and applied, or written.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::Output;
use super::reports::write_file;
use crate::config::Config;
use crate::report::{Baseline, Linted, Silenced};
use crate::trust::{HostFile, limits};

/// How many entries that no longer occur are named before the rest is counted.
const SHOWN: usize = 10;

#[derive(Args, Debug)]
#[command(next_help_heading = "Baseline")]
pub(super) struct BaselineArguments {
    /// Let pass what this file lists, so that only new findings are shown and fail
    #[arg(long, value_name = "FILE", env = "JETTISON_BASELINE", hide_env = true)]
    pub(super) baseline: Option<PathBuf>,
    /// List all that is found in this file, for `--baseline`, and end well
    #[arg(long, value_name = "FILE")]
    pub(super) write_baseline: Option<PathBuf>,
}

/// The baseline that the command line names, or else the configuration.
pub(super) fn known(named: Option<&Path>, config: &Config) -> Option<HostFile> {
    match named {
        Some(path) => Some(HostFile::named(path)),
        None => config.baseline.clone(),
    }
}

/// Writes what was found to the file that was named; whether one was.
pub(super) fn write(
    arguments: &BaselineArguments,
    files: &[Linted],
    output: Output,
) -> anyhow::Result<bool> {
    let Some(path) = &arguments.write_baseline else {
        return Ok(false);
    };
    let baseline = Baseline::of(files, &folder(path)?, &here()?);
    write_file(path, baseline.text().as_bytes())?;
    output.note(&format!(
        "{} written to `{}`",
        counted(baseline.len(), "finding"),
        path.display()
    ));
    Ok(true)
}

/// Silences what a baseline lists, and says how much that was and what is to be taken out of it.
pub(super) fn apply(
    file: Option<&HostFile>,
    files: &mut [Linted],
    output: Output,
) -> anyhow::Result<()> {
    let Some(file) = file else { return Ok(()) };
    let name = file.path().display();
    let silenced = silence(file, files)?;
    output.note(&format!(
        "{} silenced by `{name}`",
        counted(silenced.findings, "finding")
    ));
    if !silenced.stale.is_empty() {
        let mut lines: Vec<String> = silenced
            .stale
            .iter()
            .take(SHOWN)
            .map(|line| format!("  {line}"))
            .collect();
        if silenced.stale.len() > SHOWN {
            lines.push(format!("  and {} more", silenced.stale.len() - SHOWN));
        }
        let lines = lines.join("\n");
        let entries = if silenced.stale.len() == 1 {
            "1 entry".into()
        } else {
            format!("{} entries", silenced.stale.len())
        };
        output.note(&format!(
            "{entries} of `{name}` no longer found; `--write-baseline` leaves them out:\n{lines}"
        ));
    }
    Ok(())
}

/// Silences what a baseline lists.
pub(super) fn silence(file: &HostFile, files: &mut [Linted]) -> anyhow::Result<Silenced> {
    let name = file.path().display();
    let text = file
        .read_text(limits::BASELINE)
        .with_context(|| format!("cannot read `{name}`"))?;
    let baseline = Baseline::parse(&text, &folder(file.path())?)
        .with_context(|| format!("cannot use `{name}`"))?;
    Ok(baseline.silence(files, &here()?))
}

fn here() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("cannot tell the current folder")
}

fn folder(path: &Path) -> anyhow::Result<PathBuf> {
    let here = here()?;
    Ok(here.join(path).parent().unwrap_or(&here).to_owned())
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
