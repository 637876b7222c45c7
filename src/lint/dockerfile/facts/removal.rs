//! Which calls take a folder, or all that is in it, out of the layer again.

use super::run::{Argument, Call};

/// Whether a call leaves nothing below `folder`.
pub fn deletes(call: &Call, folder: &str) -> bool {
    match call.name.as_str() {
        "rm" => call
            .arguments
            .iter()
            .any(|argument| covers(argument, folder)),
        "find" => {
            call.arguments
                .iter()
                .any(|argument| covers(argument, folder))
                && call.words().any(|word| matches!(word, "-delete" | "rm"))
        }
        "apt-get" | "apt" => call
            .words()
            .any(|word| word == "distclean" || (word == "clean" && folder == "/var/cache/apt")),
        _ => false,
    }
}

/// Whether an argument names `folder`, all that is in it, or a folder above it. What a variable
/// hides may.
fn covers(argument: &Argument, folder: &str) -> bool {
    let path = argument
        .single()
        .unwrap_or_else(|| argument.raw.trim_matches('"'));
    let hidden = argument.values.is_none() && path.contains('$');
    hidden || covers_path(path, folder) || covers_in_braces(path, folder)
}

fn covers_path(path: &str, folder: &str) -> bool {
    let path = path.replace(['"', '\''], "");
    let path = path
        .strip_prefix("~/")
        .map_or(path.clone(), |rest| format!("/root/{rest}"));
    let contents = path.split('*').next().filter(|_| path.contains('*'));
    let named = contents.unwrap_or(&path).trim_end_matches('/');
    folder == named
        || (named.starts_with('/')
            && folder
                .strip_prefix(named)
                .is_some_and(|rest| rest.starts_with('/')))
}

/// `/var/lib/{apt,dpkg,cache}/`, `/var/{cache/apt,lib/apt/lists}/*`.
fn covers_in_braces(raw: &str, folder: &str) -> bool {
    let Some((before, rest)) = raw.split_once('{') else {
        return false;
    };
    let Some((inside, after)) = rest.split_once('}') else {
        return false;
    };
    inside
        .split(',')
        .any(|choice| covers_path(&format!("{before}{choice}{after}"), folder))
}
