//! Runs ShellCheck as selected by the command line and the configuration.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::FalseyValueParser;

use crate::config::{Config, Shellcheck};
use crate::lint::{Registry, SHELLCHECK};
use crate::shellcheck::{self, Checker, ShellcheckError};
use crate::trust;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "ShellCheck")]
pub(super) struct ShellcheckArguments {
    /// ShellCheck program to use [default: `shellcheck` on PATH, if installed]
    #[arg(
        long,
        value_name = "PROGRAM",
        env = "JETTISON_SHELLCHECK",
        hide_env = true
    )]
    shellcheck: Option<PathBuf>,
    /// Do not use ShellCheck
    #[arg(long)]
    #[arg(env = "JETTISON_NO_SHELLCHECK", hide_env = true, value_parser = FalseyValueParser::new())]
    no_shellcheck: bool,
    /// Do not read or write the cache of ShellCheck results
    #[arg(long)]
    #[arg(env = "JETTISON_NO_CACHE", hide_env = true, value_parser = FalseyValueParser::new())]
    no_cache: bool,
}

impl ShellcheckArguments {
    /// Overrides the configuration with the options.
    pub(super) fn apply(&self, config: &mut Config) {
        config.no_cache = self.no_cache;
        // `JETTISON_SHELLCHECK` may name a program for all runs; `--no-shellcheck` still wins.
        if self.no_shellcheck {
            config.shellcheck = Shellcheck::Off;
        } else if let Some(program) = &self.shellcheck {
            config.shellcheck = Shellcheck::At(program.clone());
        }
    }
}

/// ShellCheck for the files of a run; `None` if it is disabled or not installed.
pub(super) fn open(
    config: &Config,
    registry: &Registry,
) -> Result<Option<Checker>, ShellcheckError> {
    if !is_wanted(config, registry) {
        return Ok(None);
    }
    let program = match &config.shellcheck {
        // A named program must exist; otherwise ShellCheck is optional.
        Shellcheck::At(program) => Some(absolute(program)?),
        Shellcheck::Found => std::env::var_os("PATH").and_then(|path| shellcheck::find(&path)),
        Shellcheck::Off => None,
    };
    let cache = if config.no_cache {
        None
    } else {
        shellcheck::open_cache()
    };
    Ok(program.map(|program| Checker::new(program, cache)))
}

/// The absolute path of a program: a path relative to the current directory, or a name on `PATH`.
/// The path must be absolute, because ShellCheck is run in another directory.
fn absolute(program: &Path) -> Result<PathBuf, ShellcheckError> {
    // As in a shell, a name that contains a slash is a path.
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

/// Whether the rule for ShellCheck's findings is selected.
pub(super) fn is_wanted(config: &Config, registry: &Registry) -> bool {
    registry
        .get(SHELLCHECK)
        .is_some_and(|page| config.settings.selects(page))
}
