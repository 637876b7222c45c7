//! Which ShellCheck is asked, by the command line and the configuration, and what it answers.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::FalseyValueParser;

use crate::config::{Config, Shellcheck};
use crate::lint::{Finding, Registry, SHELLCHECK};
use crate::shellcheck::{self, ShellcheckError};
use crate::source::Source;
use crate::trust;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "ShellCheck")]
pub(super) struct ShellcheckArguments {
    /// The ShellCheck to ask [default: the `shellcheck` on PATH, if there is one]
    #[arg(
        long,
        value_name = "PROGRAM",
        env = "JETTISON_SHELLCHECK",
        hide_env = true
    )]
    shellcheck: Option<PathBuf>,
    /// Do not ask ShellCheck, whatever names one
    #[arg(long, env = "JETTISON_NO_SHELLCHECK", hide_env = true, value_parser = FalseyValueParser::new())]
    no_shellcheck: bool,
}

impl ShellcheckArguments {
    /// The command line's word over the configuration's.
    pub(super) fn put_over(&self, config: &mut Config) {
        if self.no_shellcheck {
            config.shellcheck = Shellcheck::Off;
        } else if let Some(program) = &self.shellcheck {
            config.shellcheck = Shellcheck::At(program.clone());
        }
    }
}

/// What ShellCheck says of each file; nothing where it is not wanted, or not there.
pub(super) fn ask<'s>(
    config: &Config,
    registry: &Registry,
    sources: impl IntoIterator<Item = &'s Source>,
) -> Result<Option<Vec<Vec<Finding>>>, ShellcheckError> {
    if !is_wanted(config, registry) {
        return Ok(None);
    }
    let program = match &config.shellcheck {
        Shellcheck::At(program) => Some(absolute(program)?),
        Shellcheck::Found => std::env::var_os("PATH").and_then(|path| shellcheck::find(&path)),
        Shellcheck::Off => None,
    };
    program
        .map(|program| shellcheck::check(&program, sources, &config.settings))
        .transpose()
}

/// Where a program is that a person named: a path from the current directory, as it is started in
/// another one, or a name on `PATH`.
fn absolute(program: &Path) -> Result<PathBuf, ShellcheckError> {
    let is_name = !program.as_os_str().as_encoded_bytes().contains(&b'/');
    let found = if is_name {
        find_on_path(program.as_os_str())
    } else {
        std::path::absolute(program)
    };
    found.map_err(|source| ShellcheckError::Start {
        program: program.to_owned(),
        source,
    })
}

fn find_on_path(name: &OsStr) -> io::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    trust::find_program(name, &path).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}

/// Whether the rule that stands for ShellCheck is selected.
pub(super) fn is_wanted(config: &Config, registry: &Registry) -> bool {
    registry
        .get(SHELLCHECK)
        .is_some_and(|page| config.settings.selects(page))
}
