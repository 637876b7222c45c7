//! What the command line says of an image's program, and how it is said.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::image::{Config, Image, Overrides, Platform};
use crate::trust::{HostFile, limits};

/// What the program of the image is, where its configuration does not tell or tells something else.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "The image's program")]
pub(super) struct ProgramArguments {
    /// The configuration of the image: as OCI or Docker stores it, or as `docker inspect` prints it
    #[arg(long = "config", value_name = "FILE")]
    config_file: Option<PathBuf>,
    /// The program to run: a JSON array, or words between blanks
    #[arg(long, value_name = "COMMAND", value_parser = command, allow_hyphen_values = true)]
    entrypoint: Option<Words>,
    /// The arguments of the entrypoint, or the program where there is none
    #[arg(long, value_name = "COMMAND", value_parser = command, allow_hyphen_values = true)]
    cmd: Option<Words>,
    /// A variable of the program's environment
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,
    /// The user that runs it
    #[arg(long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// The directory that it starts in
    #[arg(long, value_name = "DIRECTORY")]
    workdir: Option<String>,
}

/// A list of words that is one value to clap, which makes of a plain list one value a word.
type Words = std::sync::Arc<[String]>;

fn command(text: &str) -> Result<Words, String> {
    if text.trim_start().starts_with('[') {
        let words: Vec<String> = serde_json::from_str(text)
            .map_err(|error| format!("it is no JSON array of text: {error}"))?;
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
    /// Gives an image the configuration that the command line says it has.
    pub(super) fn configure(
        &self,
        image: &mut Image,
        platform: Option<&Platform>,
    ) -> anyhow::Result<()> {
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
        if overrides != Overrides::default() {
            image.config = image.config.overridden(&overrides);
        }
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
                .starts_with("it is no JSON array of text")
        );
    }

    #[test]
    fn a_variable_has_a_name() {
        assert_eq!(variable("A=b=c"), Ok(("A".into(), "b=c".into())));
        assert!(variable("A").is_err() && variable("=b").is_err());
    }
}
