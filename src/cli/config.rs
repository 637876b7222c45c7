//! `jettison config`, and the search for configuration files that other commands share.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::arguments::{ConfigArguments, ConfigCommand};
use super::{Outcome, Output};
use crate::config::{self, Located};
use crate::rules;
use crate::slim::Modules;
use crate::trust::HostFile;

pub(super) fn run(arguments: &ConfigArguments, output: Output) -> anyhow::Result<Outcome> {
    let text = match &arguments.command {
        // Indented, because people keep the file in their repositories.
        ConfigCommand::Schema => format!("{:#}\n", config::schema()),
        ConfigCommand::Migrate { file } => {
            let file = match file {
                Some(path) => HostFile::named(path),
                None => nearest(output)?,
            };
            config::migrate(file.path(), &config::text(&file)?, rules::registry())?
        }
    };
    Output::print_data(text.as_bytes())?;
    Ok(Outcome::Clean)
}

fn nearest(output: Output) -> anyhow::Result<HostFile> {
    located(config::find_hadolint(&current_directory()?), output)
        .context("no `.hadolint.yaml` in this directory or any parent directory")
}

/// The file found by a search, with its path relative to the current directory for messages. Warns
/// about files that the search ignored.
pub(super) fn located(located: Located, output: Output) -> Option<HostFile> {
    for path in &located.ignored {
        output.warning(foreign(path));
    }
    Some(seen_from_here(located.file?))
}

/// A file with its path relative to the current directory.
fn seen_from_here(file: HostFile) -> HostFile {
    match std::env::current_dir() {
        Ok(here) => file.seen_from(&here),
        // A removed directory has no path. The absolute path of the file still works.
        Err(_) => file,
    }
}

/// The part of packages to keep according to the nearest `.jettison.toml`. The search for the
/// policy warns about files that are ignored.
pub(super) fn modules() -> anyhow::Result<Option<Modules>> {
    let Some(file) = config::find_own(&current_directory()?).file else {
        return Ok(None);
    };
    let file = seen_from_here(file);
    Ok(config::load(Some(&file), &|_| None, rules::registry())?.modules)
}

/// The directory that relative paths start at.
pub(super) fn current_directory() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("cannot determine the current directory")
}

/// Warning about a configuration file that belongs to another user, such as one placed in `/tmp` to
/// disable the rules for everyone who works below it.
pub(super) fn foreign(path: &Path) -> String {
    format!(
        "`{}` is ignored: it is owned by another user; use `--config` to read it anyway",
        path.display()
    )
}
