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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Environment {
    runners: Vec<String>,
    directories: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subcommands {
    programs: Vec<String>,
}

/// The directories in which a program finds others that it is asked to run, such as `poetry` those
/// of a virtual environment; none for any other program. A pattern begins with `./` for the working
/// directory, `~/` for a home directory, or `/`.
pub fn environment_of(runner: &str) -> &'static [String] {
    for environment in &LAUNCHERS.environments {
        if environment.runners.iter().any(|name| name == runner) {
            return &environment.directories;
        }
    }
    &[]
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
    fn a_runner_such_as_npx_has_environment_directories() {
        assert!(environment_of("npx").contains(&"./node_modules/.bin".to_owned()));
        assert!(environment_of("sh").is_empty());
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
    fn programs_whose_subcommands_are_programs_are_listed() {
        assert!(has_subcommands("jupyter") && !has_subcommands("python3"));
    }
}
