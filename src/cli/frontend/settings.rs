//! Settings from the build arguments.

use anyhow::{Context as _, bail};
use clap::Parser as _;

use super::super::arguments::{Arguments, LintArguments};
use super::super::command::Command;
use crate::config::FailOn;
use crate::frontend::BuildOptions;

/// The work that jettison does in addition to the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Off,
    Lint,
    Slim,
}

/// The settings of a build, as its arguments say.
#[derive(Debug)]
pub(super) struct Settings {
    /// `None` if the configuration file decides.
    pub(super) mode: Option<Mode>,
    /// `None` if the configuration file decides.
    pub(super) fail_on: Option<FailOn>,
    /// The options of `jettison lint` for rules.
    pub(super) lint: LintArguments,
    /// Options of `jettison slim`.
    pub(super) slim: Vec<String>,
    /// The image to slim in.
    pub(super) image: Option<String>,
}

impl Settings {
    pub(super) fn of(options: &BuildOptions) -> anyhow::Result<Self> {
        let mode = match options.build_arg("JETTISON") {
            None | Some("") => None,
            Some("lint") => Some(Mode::Lint),
            Some("slim") => Some(Mode::Slim),
            Some("off") => Some(Mode::Off),
            Some(other) => {
                bail!("build argument `JETTISON`: expected `lint`, `slim` or `off`, not `{other}`")
            }
        };
        let mut lint = Vec::new();
        for (name, option) in [
            ("JETTISON_SELECT", "--select"),
            ("JETTISON_IGNORE", "--ignore"),
            ("JETTISON_PROFILE", "--profile"),
            ("JETTISON_FAIL_ON", "--fail-on"),
        ] {
            // Docker passes an argument without a value as an empty one.
            if let Some(value) = options.build_arg(name).filter(|value| !value.is_empty()) {
                let argument = format!("{option}={value}");
                let parsed = parsed("lint", std::slice::from_ref(&argument));
                parsed.with_context(|| format!("build argument `{name}`"))?;
                lint.push(argument);
            }
        }
        let Command::Lint(lint) = parsed("lint", &lint)? else {
            bail!("`lint` is not the command `lint`");
        };
        let words = options
            .build_arg("JETTISON_SLIM_OPTIONS")
            .unwrap_or_default();
        let slim: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        check_slim_options(&slim).context("build argument `JETTISON_SLIM_OPTIONS`")?;
        Ok(Self {
            mode,
            fail_on: lint.fail_on,
            lint,
            slim,
            image: options
                .build_arg("JETTISON_IMAGE")
                .filter(|image| !image.is_empty())
                .map(str::to_owned),
        })
    }
}

/// Options of `jettison slim` for a step of a build. Others name files, images or programs, which
/// the step does not have and a repository must not choose.
const SLIM_OPTIONS: [&str; 15] = [
    "--cmd",
    "--drop",
    "--entrypoint",
    "--env",
    "--keep",
    "--keep-companions",
    "--keep-level",
    "--max-depth",
    "--max-entries",
    "--max-ratio",
    "--max-size",
    "--modules",
    "--no-package-records",
    "--user",
    "--workdir",
];

/// Reports a wrong option of `jettison slim` before the build, and not after it.
pub(super) fn check_slim_options(options: &[String]) -> anyhow::Result<()> {
    let places = ["rootfs:/in".to_owned(), "--output=rootfs:/out".to_owned()];
    parsed("slim", &[&places, options].concat())?;
    for word in options {
        let name = word.split_once('=').map_or(&**word, |(name, _)| name);
        if name.starts_with('-') && !SLIM_OPTIONS.contains(&name) {
            bail!("`{name}` is not available in a build");
        }
    }
    Ok(())
}

/// The command that these arguments make on the command line.
fn parsed(command: &str, arguments: &[String]) -> anyhow::Result<Command> {
    let words = ["jettison", command].map(str::to_owned);
    let parsed = Arguments::try_parse_from(words.iter().chain(arguments));
    match parsed {
        Ok(parsed) => Ok(parsed.command),
        Err(error) => {
            // clap adds a usage and hints, which are about another program for the user.
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            bail!("{}", line.strip_prefix("error: ").unwrap_or(line))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::Severity;

    fn settings(arguments: &[(&str, &str)]) -> anyhow::Result<Settings> {
        let mut options = BuildOptions::default();
        for (name, value) in arguments {
            options
                .all
                .insert(format!("build-arg:{name}"), (*value).to_owned());
        }
        Settings::of(&options)
    }

    #[test]
    fn a_build_cannot_run_tests_or_write_other_files() {
        for options in [
            "--test /src/evil",
            "--keep /a --report=/out/x.html",
            "--config /src/.jettison.toml",
            "-q",
        ] {
            let error = settings(&[("JETTISON", "slim"), ("JETTISON_SLIM_OPTIONS", options)]);
            let error = format!("{:#}", error.unwrap_err());
            assert!(error.contains("is not available in a build"), "{error}");
        }
    }

    #[test]
    fn build_arguments_mean_the_same_as_options() {
        let settings = settings(&[
            ("JETTISON", "slim"),
            ("JETTISON_FAIL_ON", "warning"),
            ("JETTISON_IGNORE", "latest-tag,DL3008"),
            (
                "JETTISON_SLIM_OPTIONS",
                " --keep /etc/app  --modules exact ",
            ),
        ])
        .unwrap();
        assert_eq!(settings.mode, Some(Mode::Slim));
        assert_eq!(settings.fail_on, Some(FailOn::Severity(Severity::Warning)));
        assert_eq!(settings.lint.ignore, ["latest-tag", "DL3008"]);
        assert_eq!(settings.slim, ["--keep", "/etc/app", "--modules", "exact"]);
    }

    #[test]
    fn wrong_build_arguments_are_errors_that_name_them() {
        for (name, value, reason) in [
            (
                "JETTISON",
                "yes",
                "expected `lint`, `slim` or `off`, not `yes`",
            ),
            ("JETTISON_FAIL_ON", "high", "invalid value 'high'"),
            ("JETTISON_PROFILE", "all", "unknown profile `all`"),
            (
                "JETTISON_SLIM_OPTIONS",
                "--kepp x",
                "unexpected argument '--kepp'",
            ),
        ] {
            let error = format!("{:#}", settings(&[(name, value)]).unwrap_err());
            assert!(
                error.starts_with(&format!("build argument `{name}`: ")),
                "{error}"
            );
            assert!(error.contains(reason), "{error}");
        }
    }
}
