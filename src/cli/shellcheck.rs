//! ShellCheck as the command line and the configuration choose it, and its findings.

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
    /// Do not read or write the cache of ShellCheck's answers
    #[arg(long)]
    #[arg(env = "JETTISON_NO_CACHE", hide_env = true, value_parser = FalseyValueParser::new())]
    no_cache: bool,
}

impl ShellcheckArguments {
    /// Applies the options over the configuration.
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

/// The findings of ShellCheck in each file; `None` if it is not wanted or not installed.
pub(super) fn ask<'s>(
    config: &Config,
    registry: &Registry,
    sources: impl IntoIterator<Item = &'s Source>,
) -> Result<Option<Vec<Vec<Finding>>>, ShellcheckError> {
    if !is_wanted(config, registry) {
        return Ok(None);
    }
    let program = match &config.shellcheck {
        // A program that was named must exist; without a name, ShellCheck is optional.
        Shellcheck::At(program) => Some(absolute(program)?),
        Shellcheck::Found => std::env::var_os("PATH").and_then(|path| shellcheck::find(&path)),
        Shellcheck::Off => None,
    };
    let Some(program) = program else {
        return Ok(None);
    };
    let cache = if config.no_cache {
        None
    } else {
        shellcheck::open_cache()
    };
    shellcheck::check_with(&program, cache.as_ref(), sources, &config.settings).map(Some)
}

/// The absolute path of a program: a path relative to the current directory, or a name on `PATH`.
/// A relative path would be wrong by the time it is used, as ShellCheck runs in another directory.
fn absolute(program: &Path) -> Result<PathBuf, ShellcheckError> {
    // As in a shell, a slash makes a path of a name.
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
