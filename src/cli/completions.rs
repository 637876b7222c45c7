//! `jettison completions` and `jettison man`: shell completion scripts and manual pages, generated
//! from the arguments.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::arguments::Arguments;
use super::{Outcome, Output};
use crate::trust;

/// Print a shell completion script
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  jettison completions bash > ~/.local/share/bash-completion/completions/jettison
  jettison completions fish > ~/.config/fish/completions/jettison.fish")]
pub(super) struct CompletionArguments {
    /// Shell to generate the script for
    shell: Shell,
}

/// Print the manual page, or write the pages of all commands to a directory
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  jettison man | man -l -
  jettison man ~/.local/share/man/man1")]
pub(super) struct ManArguments {
    /// Directory to write the pages to; it must exist
    directory: Option<PathBuf>,
}

pub(super) fn completions(arguments: &CompletionArguments) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "jettison",
        &mut script,
    );
    Output::print_data(&script)?;
    Ok(Outcome::Clean)
}

pub(super) fn man(arguments: &ManArguments) -> anyhow::Result<Outcome> {
    let command = Arguments::command();
    if let Some(directory) = &arguments.directory {
        let what = || format!("cannot write manual pages to `{}`", directory.display());
        // clap writes through symlinks, and a repository may have one in the place of a page.
        let pages = tempfile::tempdir().with_context(what)?;
        clap_mangen::generate_to(command, pages.path()).with_context(what)?;
        for page in std::fs::read_dir(pages.path()).with_context(what)? {
            let page = page.with_context(what)?;
            let text = std::fs::read(page.path()).with_context(what)?;
            trust::write(&directory.join(page.file_name()), &text).with_context(what)?;
        }
    } else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        Output::print_data(&page)?;
    }
    Ok(Outcome::Clean)
}
