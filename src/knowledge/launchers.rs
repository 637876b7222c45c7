//! Programs that start others in ways that PATH does not show, from `rules/launchers.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

// Compiled in, so that the program is one file, and parsed only by the commands that ask.
static LAUNCHERS: LazyLock<Launchers> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/launchers.toml")).expect("the tests read the table")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Launchers {
    environments: Vec<Environment>,
    subcommands: Subcommands,
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
    fn directories_begin_at_a_place_that_is_known() {
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
    fn subcommands_are_programs() {
        assert!(has_subcommands("jupyter") && !has_subcommands("python3"));
    }
}
