//! `jettison config`, and the search for configuration files that other commands share.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::arguments::{ConfigArguments, ConfigCommand};
use super::{Outcome, Output};
use crate::config::{self, Config, Located};
use crate::lint::Registry;
use crate::rules;
use crate::slim::{Modules, add_keep_rules};
use crate::trust::{HostFile, Refusal};

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

/// The part of packages to keep according to the nearest `.jettison.toml`, whose keep rules are
/// added. The search for the policy warns about files that are ignored.
pub(super) fn modules() -> anyhow::Result<Option<Modules>> {
    let Some(file) = config::find_own(&current_directory()?).file else {
        return Ok(None);
    };
    let file = seen_from_here(file);
    let config = config::load(Some(&file), &|_| None, rules::registry())?;
    add_own_keep_rules(&config)?;
    Ok(config.modules)
}

/// Maximum size of a page of a keep rule, in bytes.
const MAX_PAGE: u64 = 256 << 10;

/// Adds the keep rules in the directory that a configuration file names.
fn add_own_keep_rules(config: &Config) -> anyhow::Result<()> {
    let Some(directory) = &config.keep_rules else {
        return Ok(());
    };
    let shown = directory.path.display();
    let context = || format!("`keep-rules`: `{shown}`");
    let file_at = |path: &Path| {
        if directory.is_named {
            HostFile::named(path)
        } else {
            HostFile::found(path, &config.directory)
        }
    };
    match file_at(&directory.path).check_place() {
        Err(Refusal::Outside(_) | Refusal::LinkOutside(_)) => {
            anyhow::bail!("`keep-rules`: `{shown}` leads out of the directory of its file")
        }
        place => place.with_context(context)?,
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(&directory.path).with_context(context)? {
        let path = entry.with_context(context)?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    // The order of a directory differs from one machine to the next.
    paths.sort();
    let mut pages = Vec::new();
    for path in paths {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = file_at(&path)
            .read_text(MAX_PAGE)
            .with_context(|| format!("`{}`", path.display()))?;
        pages.push((name, text));
    }
    add_keep_rules(pages).with_context(context)
}

/// The rules of a run: jettison's own, and those of its configuration file.
pub(super) fn registry(config: &Config) -> &'static Registry {
    config.settings.own_rules.registry(rules::registry())
}

/// The rules that can be explained: those of the nearest configuration file too, unless there is an
/// error in it, which the pages may help to fix.
pub(super) fn known_rules(output: Output) -> &'static Registry {
    match nearest_own(output) {
        Ok(config) => registry(&config),
        Err(error) => {
            output.warning(format_args!("{error:#}"));
            rules::registry()
        }
    }
}

/// The configuration of the nearest `.jettison.toml`.
pub(super) fn nearest_own(output: Output) -> anyhow::Result<Config> {
    let file = located(config::find_own(&current_directory()?), output);
    match file {
        Some(file) => {
            let config = config::load(Some(&file), &|_| None, rules::registry())?;
            add_own_keep_rules(&config)?;
            Ok(config)
        }
        None => Ok(Config::default()),
    }
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
