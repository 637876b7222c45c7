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

/// The relation of the path in an argument to some directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only what is in one of them, or one of them as a whole.
    Inside,
    /// One of them with what is beside it.
    Around,
    /// Something else, or a value that is not known.
    Elsewhere,
}

impl Reach {
    pub fn of(argument: &Argument, directories: &[&str]) -> Self {
        let path = argument.single().unwrap_or(argument.raw.as_str());
        let mut reach = Self::Elsewhere;
        for directory in directories {
            if is_inside(path, directory) {
                return Self::Inside;
            }
            if covers_path(path, directory) || covers_in_braces(path, directory) {
                reach = Self::Around;
            }
        }
        reach
    }
}

/// Whether a path names a directory, everything in it, or a part of it.
fn is_inside(path: &str, directory: &str) -> bool {
    let path = plain_path(path);
    let (named, _) = path.split_once('*').unwrap_or((&path, ""));
    // Of `/var/cache/apt*`, only what is in `/var/cache` is certain.
    let is_whole = named.len() == path.len() || named.ends_with('/');
    let named = named.trim_end_matches('/');
    match named.strip_prefix(directory) {
        Some("") => is_whole,
        Some(rest) => rest.starts_with('/') && !named.contains("/../") && !named.contains('{'),
        None => false,
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
    let path = plain_path(path);
    // `/var/lib/apt/lists/*` empties the directory; anything after the `*` is ignored.
    let (named, _) = path.split_once('*').unwrap_or((&path, ""));
    let named = named.trim_end_matches('/');
    directory == named
        || (named.starts_with('/')
            && directory
                .strip_prefix(named)
                .is_some_and(|rest| rest.starts_with('/')))
}

/// A path without quotes and `~`, which is the home directory of root in most builds.
fn plain_path(path: &str) -> String {
    let path = path.replace(['"', '\''], "");
    match path.strip_prefix("~/") {
        Some(rest) => format!("/root/{rest}"),
        None => path,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::Settings;
    use crate::lint::facts::Facts;
    use crate::source::Source;

    fn reach(word: &str) -> Reach {
        let source = Source::new("Dockerfile", format!("FROM a\nRUN rm {word}\n"));
        let (dockerfile, settings) = (crate::dockerfile::parse(&source), Settings::default());
        let facts = Facts::new(&dockerfile, &settings);
        let call = &facts.runs()[0].calls[0];
        Reach::of(&call.arguments[0], &["/var/lib/apt", "/root/.cache/pip"])
    }

    #[test]
    fn what_is_beside_a_directory_is_told_from_what_is_in_it() {
        for word in [
            "/var/lib/apt/lists/*",
            "/var/lib/apt/lists",
            "/var/lib/apt/*",
            "\"/var/lib/apt/\"",
            "~/.cache/pip",
        ] {
            assert_eq!(reach(word), Reach::Inside, "{word}");
        }
        for word in [
            "/var/lib/*",
            "/var",
            "~/.cache",
            "/var/{lib/apt,cache/apt}/*",
        ] {
            assert_eq!(reach(word), Reach::Around, "{word}");
        }
        for word in [
            "/tmp/*",
            "/var/lib/aptitude",
            "$SRC",
            "/usr/src/*",
            "/root/.cache/npm",
        ] {
            assert_eq!(reach(word), Reach::Elsewhere, "{word}");
        }
    }
}
