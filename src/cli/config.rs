//! `jettison config`.

use std::path::Path;

use anyhow::Context as _;

use super::arguments::{ConfigArguments, ConfigCommand};
use super::{Outcome, Output};
use crate::config::{self, Located};
use crate::rules;
use crate::trust::HostFile;

pub(super) fn run(arguments: &ConfigArguments, output: Output) -> anyhow::Result<Outcome> {
    let text = match &arguments.command {
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
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    located(config::find_hadolint(&here), output)
        .context("there is no `.hadolint.yaml` here or in a folder above")
}

/// The file of a search, as one would write its path here. Warns of files that are ignored.
pub(super) fn located(located: Located, output: Output) -> Option<HostFile> {
    for path in &located.ignored {
        output.warning(foreign(path));
    }
    let file = located.file?;
    Some(match std::env::current_dir() {
        Ok(here) => file.seen_from(&here),
        Err(_) => file,
    })
}

/// Why a file is ignored.
pub(super) fn foreign(path: &Path) -> String {
    format!(
        "`{}` is ignored: it belongs to another user; name it with `--config` to use it",
        path.display()
    )
}
