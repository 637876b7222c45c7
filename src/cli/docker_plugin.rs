//! jettison as a plugin of the Docker CLI: a symlink `docker-lint` in a plugin directory makes
//! `docker lint` a command.
//!
//! Docker starts a plugin in three ways: with `docker-cli-plugin-metadata`, for a description as
//! JSON; with its own arguments, from the first one after `docker`, to run a command; and with
//! `help NAME` for `docker help NAME`. See `cli-plugins/manager` in docker/cli.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use serde_json::json;

use super::arguments::Arguments;
use super::{Outcome, Output};
use crate::printable::escape;

const METADATA: &str = "docker-cli-plugin-metadata";

/// The name of a plugin with all commands: `docker jettison slim`.
const EVERYTHING: &str = "jettison";

/// A request of Docker to a plugin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Call {
    Describe {
        plugin: String,
    },
    /// Run jettison with these arguments, the first of which is shown as the program's name.
    Run(Vec<OsString>),
}

/// Returns what Docker asks for; `None` if the program was not started by Docker. The name of a
/// plugin is `jettison` or a command.
pub(super) fn call(typed: &[OsString]) -> Result<Option<Call>, clap::Error> {
    let [program, arguments @ ..] = typed else {
        return Ok(None);
    };
    let Some(plugin) = plugin_name(program) else {
        return Ok(None);
    };
    if arguments.first().is_some_and(|first| first == METADATA) {
        return Ok(Some(Call::Describe { plugin }));
    }
    // Without Docker, a link such as `docker-lint` takes the arguments of the command.
    if std::env::var_os("DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND").is_none() {
        return Ok(Some(Call::Run(command(&plugin, arguments, None))));
    }
    after_docker(&plugin, arguments).map(|typed| Some(Call::Run(typed)))
}

/// Prints the description that Docker shows in `docker --help`.
pub(super) fn describe(plugin: &str) -> anyhow::Result<Outcome> {
    let root = Arguments::command();
    let about = root.find_subcommand(plugin).unwrap_or(&root).get_about();
    let metadata = json!({
        "SchemaVersion": "0.1.0",
        "Vendor": env!("CARGO_PKG_NAME"),
        "Version": env!("CARGO_PKG_VERSION"),
        "ShortDescription": about.map(ToString::to_string),
    });
    Output::print_data(format!("{metadata}\n").as_bytes())?;
    Ok(Outcome::Clean)
}

/// The plugin that a program's file name stands for.
fn plugin_name(program: &OsStr) -> Option<String> {
    let file = Path::new(program).file_name()?.to_str()?;
    let name = file.strip_suffix(".exe").unwrap_or(file);
    let name = name.strip_prefix("docker-")?;
    let is_known = name == EVERYTHING || Arguments::command().find_subcommand(name).is_some();
    is_known.then(|| name.to_owned())
}

/// Translates the arguments of `docker`, which may begin with options of Docker's own.
fn after_docker(plugin: &str, arguments: &[OsString]) -> Result<Vec<OsString>, clap::Error> {
    let mut rest = arguments.iter();
    let mut help = None;
    while let Some(argument) = rest.next() {
        if argument == plugin {
            return Ok(command(plugin, rest.as_slice(), help));
        }
        if argument == "help" {
            help = Some("--help");
            continue;
        }
        match argument.to_str() {
            // They change what Docker logs.
            Some("-D" | "--debug") => {}
            Some("-l" | "--log-level") => _ = rest.next(),
            Some(option) if option.starts_with("--log-level=") => {}
            // The others choose a daemon or credentials. Ignoring them would use the wrong ones.
            _ => {
                let message = format!(
                    "`docker {}` has no effect on a plugin: set DOCKER_HOST, DOCKER_CONTEXT or \
                     DOCKER_CONFIG instead",
                    escape(&argument.to_string_lossy())
                );
                return Err(Arguments::command().error(ErrorKind::UnknownArgument, message));
            }
        }
    }
    Ok(command(plugin, &[], Some("--help")))
}

/// The arguments for jettison's own parser.
fn command(plugin: &str, arguments: &[OsString], help: Option<&str>) -> Vec<OsString> {
    // Usage lines then show what the user has to type.
    let mut typed: Vec<OsString> = if plugin == EVERYTHING {
        vec!["docker jettison".into()]
    } else {
        vec!["docker".into(), plugin.into()]
    };
    typed.extend_from_slice(arguments);
    typed.extend(help.map(OsString::from));
    typed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    fn run(words: &[&str]) -> Result<String, String> {
        let (plugin, arguments) = words.split_first().expect("a plugin is named");
        after_docker(plugin, &typed(arguments))
            .map(|typed| typed.join(OsStr::new(" ")).to_string_lossy().into_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn only_links_named_like_a_command_are_plugins() {
        for (program, name) in [
            ("/usr/lib/docker/cli-plugins/docker-lint", Some("lint")),
            ("docker-why-not", Some("why-not")),
            ("docker-jettison", Some("jettison")),
            ("docker-lint.exe", Some("lint")),
            ("docker-buildx", None),
            ("docker-", None),
            ("docker", None),
            ("jettison", None),
            ("lint", None),
        ] {
            assert_eq!(
                plugin_name(OsStr::new(program)).as_deref(),
                name,
                "{program}"
            );
        }
    }

    #[test]
    fn the_arguments_after_the_name_of_the_plugin_are_those_of_the_command() {
        for (words, expected) in [
            (&["lint", "lint", "-q", "lint"][..], "docker lint -q lint"),
            (&["lint", "--debug", "-l", "info", "lint"], "docker lint"),
            (&["lint", "--log-level=info", "lint", "a"], "docker lint a"),
            (&["lint", "help", "lint"], "docker lint --help"),
            (
                &["jettison", "jettison", "why", "x"],
                "docker jettison why x",
            ),
            (
                &["jettison", "help", "jettison", "why"],
                "docker jettison why --help",
            ),
        ] {
            assert_eq!(run(words).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn an_option_that_chooses_a_daemon_is_an_error() {
        for option in ["--host=tcp://x", "-H", "--context", "--config", "--tls"] {
            let error = run(&["lint", option, "x", "lint"]).expect_err("it would be ignored");
            assert!(error.contains("DOCKER_CONTEXT"), "{error}");
        }
    }
}
