//! Programs that start others, from `rules/launchers.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::paths::file_name;

// Compiled in, so that the program is a single file, and parsed only by commands that use it.
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

/// Directories in which a program looks for other programs, in addition to PATH.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    runners: Vec<String>,
    /// Paths, one of which must exist for the program to work; empty if there is no such
    /// requirement.
    #[serde(default)]
    pub there: Vec<String>,
    /// A pattern begins with `./` for the working directory, `~/` for a home directory, or `/`.
    pub directories: Vec<String>,
    /// File name endings that may be omitted.
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
    /// Options with which it does not run a program.
    #[serde(default)]
    looks_up: Vec<String>,
    #[serde(default)]
    user: WrapperUser,
}

/// The user that a wrapper runs the program as.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum WrapperUser {
    /// The user that the wrapper itself runs as.
    #[default]
    Same,
    /// A user other than root; entry points use such wrappers to drop privileges.
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

/// Names of the programs that entry points use to continue as a user other than root.
pub fn root_droppers() -> impl Iterator<Item = &'static str> {
    let wrappers = LAUNCHERS.wrappers.iter();
    wrappers
        .filter(|wrapper| wrapper.user == WrapperUser::DropsRoot)
        .map(|wrapper| wrapper.name.as_str())
}

/// The words of a command without its wrappers, from the program on. Empty if a wrapper does not
/// start a program.
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
    /// The index of the program among the arguments; `None` if the wrapper does not run one.
    pub fn program_in<'a>(&self, arguments: impl Iterator<Item = &'a str>) -> Option<usize> {
        let mut operands = self.operands;
        let mut is_value = false;
        for (index, word) in arguments.enumerate() {
            if std::mem::take(&mut is_value) {
                continue;
            }
            // `command -v program` only looks the program up.
            if self
                .looks_up
                .iter()
                .any(|option| is_option_in(option, word))
            {
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
        // Programs written in Go have long options with one dash: `dockerize -wait tcp://db app`.
        if self.valued.iter().any(|valued| valued == option) {
            return true;
        }
        if option.starts_with("--") {
            return false;
        }
        for (at, letter) in option.char_indices().skip(1) {
            let mut valued = self.valued.iter();
            if valued.any(|valued| valued[1..].chars().eq([letter])) {
                // The first letter that takes a value ends the cluster. Its value is the rest of
                // the word, or the next word if nothing is left.
                return at + letter.len_utf8() == option.len();
            }
        }
        false
    }
}

/// Whether a word is an option, or a cluster of letters that begins or ends with it: `-p` in `-cp`.
fn is_option_in(option: &str, word: &str) -> bool {
    if option == word {
        return true;
    }
    let is_cluster = word.starts_with('-') && !word.starts_with("--");
    match option.strip_prefix('-') {
        Some(letter) if is_cluster && letter.len() == 1 => word[1..].contains(letter),
        _ => false,
    }
}

/// The environment in which a program such as `poetry` finds the programs that it is asked to run,
/// for example a virtual environment; `None` for other programs.
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
    use crate::knowledge::unit_directories;

    #[test]
    fn a_runner_has_the_directories_of_its_environments() {
        let environment = environment_of("npx").expect("it is in the table");
        assert_eq!(environment.directories, ["./node_modules/.bin"]);
        assert!(environment_of("sh").is_none());
    }

    #[test]
    fn systemctl_starts_units_from_directories_of_systemd() {
        let environment = environment_of("systemctl").expect("it is in the table");
        for directory in &environment.directories {
            assert!(unit_directories().contains(directory), "{directory}");
        }
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
            ("dockerize -wait tcp://db:1 -timeout 9s app", "app"),
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
