//! Programs that another program starts from an environment that is not on PATH, and programs of
//! subcommands: `poetry run gunicorn`, `npx next`, `jupyter lab`.

use crate::image::NameId;
use crate::knowledge::{Environment, environment_of, has_subcommands};
use crate::paths::file_name;
use crate::slim::keep::Keep;
use crate::slim::why::Why;

/// Words of a command that are looked at.
const MAX_WORDS: usize = 64;

/// Keeps the programs that the words of a command have a launcher start. `why` creates the reason
/// for a word.
pub(in crate::slim) fn keep_launched(
    keep: &mut Keep<'_>,
    by: Option<NameId>,
    words: &[&str],
    why: &dyn Fn(&str) -> Why,
) {
    // A launcher stands near the start of a command.
    for (place, word) in words.iter().enumerate().take(MAX_WORDS) {
        let program = file_name(word);
        let arguments = &words[place + 1..];
        if let Some(environment) = environment_of(program) {
            keep_arguments(keep, by, environment, arguments, why);
        }
        // Options of the program may precede the subcommand.
        if has_subcommands(program)
            && let Some(subcommand) = arguments.iter().find(|word| !word.starts_with('-'))
        {
            let name = format!("{program}-{subcommand}");
            if let Some(path) = keep.programs.find(keep.view, name.as_bytes()) {
                keep.keep_path(&path, by, why(subcommand));
            }
        }
    }
}

/// Keeps the programs in an environment that are named in arguments.
fn keep_arguments(
    keep: &mut Keep<'_>,
    by: Option<NameId>,
    environment: &Environment,
    arguments: &[&str],
    why: &dyn Fn(&str) -> Why,
) {
    let mut there = environment.there.iter();
    let tree = keep.tree();
    if !environment.there.is_empty() && !there.any(|path| tree.resolve(path.as_bytes()).is_ok()) {
        return;
    }
    let directories = directories(keep, by, &environment.directories);
    for argument in arguments.iter().copied().take(MAX_WORDS) {
        keep_in(keep, by, &directories, argument, why);
        for ending in &environment.endings {
            keep_in(keep, by, &directories, &format!("{argument}{ending}"), why);
        }
    }
}

/// The directories of an environment that the image has.
fn directories(keep: &mut Keep<'_>, by: Option<NameId>, patterns: &[String]) -> Vec<NameId> {
    let mut directories = Vec::new();
    for pattern in patterns {
        for pattern in from_root(keep, pattern) {
            directories.extend(keep.matching(&pattern, by));
        }
    }
    directories
}

/// The absolute path patterns that a pattern represents.
fn from_root(keep: &Keep<'_>, pattern: &str) -> Vec<String> {
    let config = &keep.view.image.config;
    if let Some(rest) = pattern.strip_prefix("./") {
        return vec![format!("{}/{rest}", config.working_dir())];
    }
    let Some(rest) = pattern.strip_prefix("~/") else {
        return vec![pattern.to_owned()];
    };
    let mut homes = vec!["/root", "/home/*"];
    homes.extend(config.env_value("HOME"));
    homes
        .into_iter()
        .map(|home| format!("{home}/{rest}"))
        .collect()
}

/// Keeps the program of a name in any of the directories.
fn keep_in(
    keep: &mut Keep<'_>,
    by: Option<NameId>,
    directories: &[NameId],
    word: &str,
    why: &dyn Fn(&str) -> Why,
) {
    if word.is_empty() || word.starts_with('-') || word.contains('/') {
        return;
    }
    for &directory in directories {
        if let Some(program) = keep.tree().child(directory, word.as_bytes()) {
            let path = keep.tree().path(program);
            keep.keep_path(&path, by, why(word));
        }
    }
}
