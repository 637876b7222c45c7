//! Options that override the image configuration: program, environment, user and directory.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::image::{Config, Image, Overrides, Platform};
use crate::trust::{HostFile, limits};

/// Overrides of the image configuration, for root file systems, which have no configuration, and
/// for deployments that start the image differently.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Image configuration")]
pub(super) struct ProgramArguments {
    /// Use this image configuration, in OCI, Docker or `docker inspect` format
    #[arg(long = "config", value_name = "FILE")]
    config_file: Option<PathBuf>,
    /// Override the entrypoint: a JSON array, or words separated by whitespace
    #[arg(long, value_name = "COMMAND", value_parser = command, allow_hyphen_values = true)]
    entrypoint: Option<CommandLine>,
    /// Override the entrypoint's arguments, or the program if there is no entrypoint
    #[arg(long, value_name = "COMMAND", value_parser = command, allow_hyphen_values = true)]
    cmd: Option<CommandLine>,
    /// Set an environment variable for the program
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,
    /// Override the user that runs the program
    #[arg(long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// Override the working directory of the program
    #[arg(long, value_name = "DIRECTORY")]
    workdir: Option<String>,
}

/// Program and arguments, as one value of an option. clap would treat a `Vec` as an option that may
/// be given several times, with one word each time.
type CommandLine = std::sync::Arc<[String]>;

fn command(text: &str) -> Result<CommandLine, String> {
    // As in a Dockerfile, a bracket starts the exec form. In practice, only the program `[` has a
    // name that begins with one, and it is useless as an entrypoint.
    if text.trim_start().starts_with('[') {
        let words: Vec<String> = serde_json::from_str(text)
            .map_err(|error| format!("not a JSON array of strings: {error}"))?;
        return Ok(words.into());
    }
    Ok(text
        .split_whitespace()
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into())
}

fn variable(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected `NAME=VALUE`"),
    }
}

impl ProgramArguments {
    /// Overrides the entrypoint only; none without a program.
    pub(super) fn with_entrypoint(text: Option<&str>) -> anyhow::Result<Option<Self>> {
        // An empty variable is one that is not set.
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        let entrypoint = command(text).map_err(anyhow::Error::msg)?;
        Ok(Some(Self {
            entrypoint: Some(entrypoint),
            ..Self::default()
        }))
    }

    /// Applies the options to the configuration of an image.
    pub(super) fn configure(
        &self,
        image: &mut Image,
        platform: Option<&Platform>,
    ) -> anyhow::Result<()> {
        // The file replaces the configuration; the other options override parts of it.
        if let Some(path) = &self.config_file {
            image.config =
                read(path).with_context(|| format!("configuration `{}`", path.display()))?;
        }
        let overrides = Overrides {
            entrypoint: self.entrypoint.as_deref().map(<[String]>::to_vec),
            cmd: self.cmd.as_deref().map(<[String]>::to_vec),
            env: self.env.clone(),
            user: self.user.clone(),
            working_dir: self.workdir.clone(),
        };
        // Without overrides, the configuration is left unchanged, byte for byte.
        if overrides != Overrides::default() {
            image.config = image.config.overridden(&overrides);
        }
        // A root file system has no layers and does not declare its architecture.
        if image.layers.is_empty() {
            let architecture = platform.cloned().unwrap_or_default().architecture;
            image.config = image.config.with_usual_architecture(&architecture);
        }
        Ok(())
    }
}

fn read(path: &Path) -> anyhow::Result<Config> {
    let text = HostFile::named(path)
        .read(limits::IMAGE_CONFIG)
        .context("cannot read it")?;
    match Config::parse_any(&text).context("cannot parse it")? {
        Some(config) => Ok(config),
        None => bail!("it has neither a `config` object nor settings such as `Entrypoint`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_json_array_or_words() {
        assert_eq!(*command(r#"["/my app", "-x"]"#).unwrap(), ["/my app", "-x"]);
        assert_eq!(*command("nginx  -g x").unwrap(), ["nginx", "-g", "x"]);
        assert!(
            command("[1]")
                .unwrap_err()
                .starts_with("not a JSON array of strings")
        );
    }

    #[test]
    fn an_environment_variable_needs_a_name_and_an_equals_sign() {
        assert_eq!(variable("A=b=c"), Ok(("A".into(), "b=c".into())));
        assert!(variable("A").is_err() && variable("=b").is_err());
    }
}
