//! `jettison init`: a first configuration file, and a hook that runs jettison on every commit.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum};
use serde::Deserialize;

use super::config::{current_directory, located};
use super::{Outcome, Output, staged};
use crate::config;
use crate::rules;
use crate::trust;

const CONFIG: &str = ".jettison.toml";
const PRE_COMMIT: &str = ".pre-commit-config.yaml";

/// The hook of git. jettison finds the staged files itself.
const GIT_HOOK: &str = "#!/bin/sh\nexec jettison lint --staged\n";

/// The hooks of this repository, of which pre-commit's configuration needs the patterns.
const HOOKS: &str = include_str!("../../.pre-commit-hooks.yaml");

/// Write a first `.jettison.toml`, and add a hook that checks every commit
#[derive(Args, Debug)]
#[command(
    after_help = "The file has all keys with examples that are commented out, and the settings of
the nearest `.hadolint.yaml`. Existing files are not changed.

Examples:
  jettison init --dry-run
  jettison init --hook git
  jettison init --hook pre-commit"
)]
pub(super) struct InitArguments {
    /// Also add a hook that runs `jettison lint` on the files of each commit
    #[arg(long, value_enum, value_name = "KIND")]
    hook: Option<Hook>,
    /// Print the files, but do not write them
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Hook {
    /// `.git/hooks/pre-commit` in this clone
    Git,
    /// A hook of pre-commit in `.pre-commit-config.yaml`, for everyone who uses the repository
    PreCommit,
}

/// A file to write.
struct NewFile {
    path: PathBuf,
    text: String,
    mode: u32,
    /// The lines to add by hand if the file exists; empty if there is nothing to add.
    addition: String,
}

pub(super) fn run(arguments: &InitArguments, output: Output) -> anyhow::Result<Outcome> {
    let here = current_directory()?;
    let mut files = vec![configuration(&here, output)?];
    match arguments.hook {
        Some(Hook::Git) => files.push(git_hook(&here)?),
        Some(Hook::PreCommit) => files.push(pre_commit(&here)?),
        None => {}
    }
    for file in &files {
        let name = file.path.strip_prefix(&here).unwrap_or(&file.path);
        let name = name.display();
        if std::fs::symlink_metadata(&file.path).is_ok() {
            exists(file, output)?;
        } else if arguments.dry_run {
            output.note(format_args!("would create `{name}`:"));
            output.print_file(file.text.as_bytes())?;
        } else {
            let created = trust::create(&file.path, file.text.as_bytes(), file.mode);
            let created = created.with_context(|| format!("cannot create `{name}`"))?;
            ensure!(created, "`{name}` has just been created by another program");
            output.note(format_args!("created `{name}`"));
        }
    }
    if arguments.hook.is_none() {
        output.note(
            "to check every commit, run `jettison init --hook git` or \
             `jettison init --hook pre-commit`",
        );
    }
    Ok(Outcome::Clean)
}

/// Reports that a file is not written, and prints what to add to it.
fn exists(file: &NewFile, output: Output) -> anyhow::Result<()> {
    let name = file.path.file_name().unwrap_or_default().display();
    if file.addition.is_empty() {
        output.note(format_args!("`{name}` exists and is not changed"));
        return Ok(());
    }
    output.note(format_args!(
        "`{name}` exists and is not changed; add to it:"
    ));
    output.print_file(file.addition.as_bytes())
}

fn configuration(here: &Path, output: Output) -> anyhow::Result<NewFile> {
    let path = here.join(CONFIG);
    // The other file is not needed, and could have errors, if there is nothing to write.
    let hadolint = if path.exists() {
        None
    } else {
        located(config::find_hadolint(here), output)
    };
    let text = match &hadolint {
        None => config::template(None)?,
        Some(file) => {
            let theirs = file.path();
            let migrated = config::migrate(theirs, &config::text(file)?, rules::registry())?;
            output.note(format_args!(
                "settings of `{}` are taken over; jettison will not read it again",
                theirs.display()
            ));
            config::template(Some((theirs, &migrated)))?
        }
    };
    Ok(NewFile {
        path,
        text,
        mode: 0o666,
        addition: String::new(),
    })
}

fn git_hook(here: &Path) -> anyhow::Result<NewFile> {
    let root = trust::repository_root(here).context("not a Git repository")?;
    let hooks = root.join(".git/hooks");
    // In a worktree or a submodule, `.git` is a file, and a repository must not choose a directory
    // for jettison to write to.
    ensure!(
        hooks.is_dir() && !staged::has_hooks_elsewhere(),
        "the hooks of this repository are not in `.git/hooks`: add `jettison lint --staged` to its \
         `pre-commit` hook"
    );
    Ok(NewFile {
        path: hooks.join("pre-commit"),
        text: GIT_HOOK.to_owned(),
        mode: 0o777,
        addition: "jettison lint --staged\n".to_owned(),
    })
}

fn pre_commit(here: &Path) -> anyhow::Result<NewFile> {
    let root = trust::repository_root(here).context("not a Git repository")?;
    let hooks = pre_commit_hooks();
    Ok(NewFile {
        path: root.join(PRE_COMMIT),
        text: format!("repos:\n{hooks}"),
        mode: 0o666,
        addition: hooks,
    })
}

/// A hook of `.pre-commit-hooks.yaml`.
#[derive(Debug, Deserialize, PartialEq)]
struct PublishedHook {
    id: String,
    name: String,
    entry: String,
    files: String,
    exclude: Option<String>,
}

/// The published hooks that a new configuration gets. The others fix files, or need an installed
/// jettison.
const OFFERED: [&str; 2] = ["jettison", "jettison-deployments"];

/// An entry of `repos` with local hooks, for which pre-commit installs the wheel from PyPI.
fn pre_commit_hooks() -> String {
    let hooks: Vec<PublishedHook> = serde_saphyr::from_str(HOOKS).unwrap_or_default();
    let mut text = "  - repo: local\n    hooks:\n".to_owned();
    for hook in hooks {
        if OFFERED.contains(&hook.id.as_str()) {
            text += &local_hook(&hook);
        }
    }
    text
}

fn local_hook(hook: &PublishedHook) -> String {
    let exclude = match &hook.exclude {
        Some(exclude) => format!("        exclude: {}\n", quoted(exclude)),
        None => String::new(),
    };
    format!(
        "      - id: {}
        name: {}
        entry: {}
        args: [--]
        language: python
        additional_dependencies: [jettison=={}]
        files: {}
{exclude}        types: [file]
",
        hook.id,
        hook.name,
        hook.entry,
        env!("CARGO_PKG_VERSION"),
        quoted(&hook.files),
    )
}

/// A text as a single-quoted scalar of YAML.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Repository {
        repo: String,
        hooks: Vec<PublishedHook>,
    }

    #[test]
    fn the_hooks_for_pre_commit_have_the_patterns_of_the_published_hooks() {
        let written: Vec<Repository> =
            serde_saphyr::from_str(&pre_commit_hooks()).expect("it is YAML");
        let mut published: Vec<PublishedHook> = serde_saphyr::from_str(HOOKS).expect("it is YAML");
        published.retain(|hook| OFFERED.contains(&hook.id.as_str()));
        assert_eq!(written[0].repo, "local");
        assert_eq!(written[0].hooks, published);
        assert_eq!(published.len(), OFFERED.len());
    }
}
