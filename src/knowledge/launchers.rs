//! Programs that start others, from `rules/launchers.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::paths::file_name;

// Compiled in, so that the program is one file, and parsed only by the commands that ask.
static LAUNCHERS: LazyLock<Launchers> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/launchers.toml")).expect("the tests read the table")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Launchers {
    environments: Vec<Environment>,
    subcommands: Subcommands,
    wrappers: Vec<Wrapper>,
}

/// Programs that are not on PATH, and that a program finds when it is asked to run them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    runners: Vec<String>,
    /// Paths of which one exists where the program works; empty if it always does.
    #[serde(default)]
    pub there: Vec<String>,
    /// A pattern begins with `./` for the working directory, `~/` for a home directory, or `/`.
    pub directories: Vec<String>,
    /// Endings of file names that a word may leave out.
    #[serde(default)]
    pub endings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subcommands {
    programs: Vec<String>,
}

/// A program that runs the program in its arguments, such as `env` and `tini`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Wrapper {
    name: String,
    /// Its options that take the next word as their value.
    #[serde(default)]
    valued: Vec<String>,
    /// Number of words between its options and the program.
    #[serde(default)]
    operands: usize,
    /// True if `NAME=value` may precede the program.
    #[serde(default)]
    assignments: bool,
    /// Options with which it runs nothing.
    #[serde(default)]
    looks_up: Vec<String>,
    #[serde(default)]
    user: WrapperUser,
}

/// The user that a wrapper runs the program as.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum WrapperUser {
    /// The user that it runs as itself.
    #[default]
    Same,
    /// Another user than root, which entry points use it for.
    DropsRoot,
    /// Any user, root by default.
    Any,
}

/// The wrapper with this file name.
pub fn wrapper(name: &str) -> Option<&'static Wrapper> {
    LAUNCHERS
        .wrappers
        .iter()
        .find(|wrapper| wrapper.name == name)
}

/// The names of the programs that entry points use to continue as another user than root.
pub fn root_droppers() -> impl Iterator<Item = &'static str> {
    let wrappers = LAUNCHERS.wrappers.iter();
    wrappers
        .filter(|wrapper| wrapper.user == WrapperUser::DropsRoot)
        .map(|wrapper| wrapper.name.as_str())
}

/// The words of a command from the program on that wrappers start. They are empty where a wrapper
/// starts nothing.
pub fn unwrapped<'w, 't>(command: &'w [&'t str]) -> &'w [&'t str] {
    let mut rest = command;
    while let [first, arguments @ ..] = rest
        && let Some(wrapper) = wrapper(file_name(first))
    {
        let program = wrapper.program_in(arguments.iter().copied());
        rest = &arguments[program.unwrap_or(arguments.len())..];
    }
    rest
}

impl Wrapper {
    /// The index of the program among the arguments; none if the wrapper runs nothing.
    pub fn program_in<'a>(&self, arguments: impl Iterator<Item = &'a str>) -> Option<usize> {
        let mut operands = self.operands;
        let mut is_value = false;
        for (index, word) in arguments.enumerate() {
            if std::mem::take(&mut is_value) {
                continue;
            }
            // `command -v program` only looks the program up.
            if self.looks_up.iter().any(|option| option == word) {
                return None;
            }
            let is_assignment = self.assignments && word.contains('=');
            if word.len() > 1 && word.starts_with('-') {
                is_value = self.takes_next(word);
            } else if operands > 0 && !is_assignment {
                operands -= 1;
            } else if !is_assignment {
                return Some(index);
            }
        }
        None
    }

    /// Returns true if an option's value is the next word: `-u root`, `-Hu root`, but not `-uroot`.
    fn takes_next(&self, option: &str) -> bool {
        if option.starts_with("--") {
            return self.valued.iter().any(|valued| valued == option);
        }
        for (at, letter) in option.char_indices().skip(1) {
            let mut valued = self.valued.iter();
            if valued.any(|valued| valued[1..].chars().eq([letter])) {
                // The first letter with a value ends the cluster. The rest of the word is its
                // value, or the next word if nothing is left.
                return at + letter.len_utf8() == option.len();
            }
        }
        false
    }
}

/// The environment in which a program finds others that it is asked to run, such as `poetry` in a
/// virtual environment; none for any other program.
pub fn environment_of(runner: &str) -> Option<&'static Environment> {
    let mut environments = LAUNCHERS.environments.iter();
    environments.find(|environment| environment.runners.iter().any(|name| name == runner))
}

/// Whether a program starts its subcommands as programs on PATH, as `jupyter lab` does with
/// `jupyter-lab`.
pub fn has_subcommands(program: &str) -> bool {
    let programs = &LAUNCHERS.subcommands.programs;
    programs.iter().any(|name| name == program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_has_the_directories_of_its_environments() {
        let environment = environment_of("npx").expect("it is in the table");
        assert_eq!(environment.directories, ["./node_modules/.bin"]);
        assert!(environment_of("sh").is_none());
    }

    #[test]
    fn environment_directories_start_at_a_known_base() {
        for environment in &LAUNCHERS.environments {
            for directory in &environment.directories {
                let is_known = ["./", "~/", "/"]
                    .iter()
                    .any(|start| directory.starts_with(start));
                assert!(is_known, "{directory}");
            }
        }
    }

    #[test]
    fn wrappers_are_skipped_with_their_options_and_operands() {
        for (command, program) in [
            ("tini -g -- app x", "app x"),
            ("/usr/bin/tini -v app", "app"),
            ("docker-init -p SIGTERM -- app", "app"),
            ("env -u X A=1 app", "app"),
            ("gosu www env A=1 app", "app"),
            ("sudo -Hu app -- sleep 1", "sleep 1"),
            ("fixuid -q app", "app"),
            ("app -- env", "app -- env"),
            ("tini --", ""),
            ("command -v app", ""),
        ] {
            let words: Vec<&str> = command.split(' ').collect();
            assert_eq!(unwrapped(&words).join(" "), program, "{command}");
        }
    }

    #[test]
    fn sudo_does_not_drop_root() {
        assert!(root_droppers().any(|name| name == "su-exec"));
        assert!(!root_droppers().any(|name| name == "sudo" || name == "tini"));
    }

    #[test]
    fn wrappers_are_sorted_and_options_begin_with_a_dash() {
        let wrappers = &LAUNCHERS.wrappers;
        assert!(wrappers.is_sorted_by(|one, next| one.name < next.name));
        for option in wrappers.iter().flat_map(|wrapper| &wrapper.valued) {
            assert!(option.starts_with('-') && option.len() > 1, "{option}");
        }
    }

    #[test]
    fn programs_whose_subcommands_are_programs_are_listed() {
        assert!(has_subcommands("jupyter") && !has_subcommands("python3"));
    }
}
