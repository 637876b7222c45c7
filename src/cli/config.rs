//! `jettison config`.

use std::path::PathBuf;

use anyhow::Context as _;

use super::arguments::{ConfigArguments, ConfigCommand};
use super::{Outcome, Output};
use crate::audit;
use crate::config;

pub(super) fn run(arguments: &ConfigArguments) -> anyhow::Result<Outcome> {
    let text = match &arguments.command {
        ConfigCommand::Schema => format!("{:#}\n", config::schema()),
        ConfigCommand::Migrate { file } => {
            let path = file.clone().map_or_else(nearest, Ok)?;
            config::migrate(&path, &config::text(&path)?, audit::registry())?
        }
    };
    Output::print_data(text.as_bytes())?;
    Ok(Outcome::Clean)
}

fn nearest() -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    config::find_hadolint(&here).context("there is no `.hadolint.yaml` here or in a folder above")
}
