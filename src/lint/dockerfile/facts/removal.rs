//! Calls that remove a directory, or everything in it, within the same layer.

use super::run::{Argument, Call};
use crate::knowledge::package_manager_of;

/// Whether a call removes everything below `directory`.
pub fn deletes(call: &Call, directory: &str) -> bool {
    match call.name.as_str() {
        "rm" => call
            .arguments
            .iter()
            .any(|argument| covers(argument, directory)),
        "find" => {
            call.arguments
                .iter()
                .any(|argument| covers(argument, directory))
                && call.words().any(|word| matches!(word, "-delete" | "rm"))
        }
        // `distclean`, which is also written `dist-clean`, removes lists too, `clean` only
        // downloaded packages.
        name if package_manager_of(name).is_some_and(|manager| manager.name == "apt") => {
            call.words().any(|word| match word {
                "distclean" | "dist-clean" => {
                    matches!(directory, "/var/lib/apt/lists" | "/var/cache/apt")
                }
                "clean" => directory == "/var/cache/apt",
                _ => false,
            })
        }
        _ => false,
    }
}

/// Whether an argument names `directory`, everything in it, or a directory above it. An argument
/// with an unknown value is assumed to do so, because a false positive would be worse than a miss.
fn covers(argument: &Argument, directory: &str) -> bool {
    let path = argument
        .single()
        .unwrap_or_else(|| argument.raw.trim_matches('"'));
    let hidden = argument.values.is_none() && path.contains('$');
    hidden || covers_path(path, directory) || covers_in_braces(path, directory)
}

fn covers_path(path: &str, directory: &str) -> bool {
    let path = path.replace(['"', '\''], "");
    // `~` is the home directory of root in most builds.
    let path = match path.strip_prefix("~/") {
        Some(rest) => format!("/root/{rest}"),
        None => path,
    };
    // `/var/lib/apt/lists/*` empties the directory; anything after the `*` is ignored.
    let (named, _) = path.split_once('*').unwrap_or((&path, ""));
    let named = named.trim_end_matches('/');
    directory == named
        || (named.starts_with('/')
            && directory
                .strip_prefix(named)
                .is_some_and(|rest| rest.starts_with('/')))
}

/// The same for a path with braces, such as `/var/{cache/apt,lib/apt/lists}/*`.
fn covers_in_braces(raw: &str, directory: &str) -> bool {
    let Some((before, rest)) = raw.split_once('{') else {
        return false;
    };
    let Some((inside, after)) = rest.split_once('}') else {
        return false;
    };
    inside
        .split(',')
        .any(|choice| covers_path(&format!("{before}{choice}{after}"), directory))
}
