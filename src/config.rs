//! Configuration: `.jettison.toml`; where there is none, hadolint's file and hadolint's environment
//! variables.

mod hadolint;
mod migrate;
mod own;
mod policy;
mod schema;

use std::path::{Path, PathBuf};

pub use migrate::migrate;
pub use schema::schema;

use crate::audit::Policy;
use crate::lint::{Registry, Settings, Severity};
use crate::suggestion;

/// Stands for every rule, where rules are named.
pub const ALL: &str = "all";

const OWN: &str = ".jettison.toml";
const HADOLINT: [&str; 2] = [".hadolint.yaml", ".hadolint.yml"];

/// What a configuration file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    pub settings: Settings,
    pub fail_on: Option<FailOn>,
    /// Output formats, each by its name or as `NAME=FILE`.
    pub formats: Vec<String>,
    /// Where patterns and paths of the file start; empty without a file.
    pub folder: PathBuf,
    /// Patterns of files that are left out, as in `.gitignore`.
    pub exclude: Vec<String>,
    /// A file of known findings.
    pub baseline: Option<PathBuf>,
    pub no_color: bool,
    pub shellcheck: Shellcheck,
    /// What images have to keep; on no day yet.
    pub policy: Policy,
}

/// Which ShellCheck is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shellcheck {
    /// The one on PATH, if there is one.
    #[default]
    Found,
    At(PathBuf),
    Off,
}

/// The gravity from which findings make a run fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    Severity(Severity),
    Never,
}

impl FailOn {
    fn as_str(self) -> &'static str {
        match self {
            Self::Severity(severity) => severity.as_str(),
            Self::Never => "none",
        }
    }
}

impl std::str::FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::Never);
        }
        text.parse()
            .map(Self::Severity)
            .map_err(|()| "expected `error`, `warning`, `info`, `style` or `none`".to_owned())
    }
}

/// A configuration file that cannot be used. Says the file, the place and the reason.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read `{}`", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("`{}`, line {line}, column {column}: {reason}", path.display())]
    Content {
        path: PathBuf,
        line: usize,
        column: usize,
        reason: String,
    },
    #[error("`{}`: {reason}", path.display())]
    Whole { path: PathBuf, reason: String },
    #[error("an environment variable of hadolint: {reason}")]
    Environment { reason: String },
}

/// An environment variable's value, if it is set.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The nearest configuration file of a folder or of one above it; in each, jettison's own comes
/// first.
pub fn find(folder: &Path) -> Option<PathBuf> {
    let names = || std::iter::once(OWN).chain(HADOLINT);
    folder
        .ancestors()
        .flat_map(|folder| names().map(|name| folder.join(name)))
        .find(|path| path.is_file())
}

/// The nearest configuration file of jettison's own.
pub fn find_own(folder: &Path) -> Option<PathBuf> {
    folder
        .ancestors()
        .map(|folder| folder.join(OWN))
        .find(|path| path.is_file())
}

/// The nearest configuration file of hadolint.
pub fn find_hadolint(folder: &Path) -> Option<PathBuf> {
    folder
        .ancestors()
        .flat_map(|folder| HADOLINT.map(|name| folder.join(name)))
        .find(|path| path.is_file())
}

/// What holds before the command line: the file's word, and hadolint's environment variables unless
/// the file is jettison's own.
pub fn load(
    path: Option<&Path>,
    environment: Environment<'_>,
    registry: &Registry,
) -> Result<Config, ConfigError> {
    match path {
        Some(path) => parse_over(path, &text(path)?, environment, registry),
        None => hadolint::of_environment(environment, registry),
    }
}

/// The text of a configuration file.
pub fn text(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}

/// The meaning of a file's text: TOML by the extension of `path`, otherwise hadolint's YAML.
pub fn parse(path: &Path, text: &str, registry: &Registry) -> Result<Config, ConfigError> {
    parse_over(path, text, &|_| None, registry)
}

fn parse_over(
    path: &Path,
    text: &str,
    environment: Environment<'_>,
    registry: &Registry,
) -> Result<Config, ConfigError> {
    if path
        .extension()
        .is_some_and(|extension| extension == "toml")
    {
        own::parse(path, text, registry)
    } else {
        hadolint::parse(path, text, environment, registry)
    }
}

/// The error for a key that the configuration does not have.
fn unknown_key(key: &str, known: &[&str]) -> String {
    match suggestion::closest(key, known.iter().copied()) {
        Some(closest) => format!("unknown field `{key}`; did you mean `{closest}`?"),
        None => format!("unknown field `{key}`; use one of `{}`", known.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::lint::LabelType;
    use crate::rules::registry;

    fn settings(name: &str, text: &str) -> Settings {
        parse(Path::new(name), text, registry())
            .expect("the file is right")
            .settings
    }

    #[test]
    fn hadolints_labels_and_registries_mean_what_ours_do() {
        let theirs =
            "trustedRegistries: [docker.io]\nstrict-labels: true\nlabel-schema:\n  author: email\n";
        let ours = "trusted-registries = ['docker.io']\nstrict-labels = true\nlabel-schema = { author = 'email' }\n";
        for settings in [
            settings(".hadolint.yaml", theirs),
            settings(".jettison.toml", ours),
        ] {
            assert_eq!(settings.trusted_registries, ["docker.io"]);
            assert!(settings.strict_labels);
            assert_eq!(
                settings.label_schema,
                BTreeMap::from([("author".to_owned(), LabelType::Email)])
            );
        }
    }

    #[test]
    fn an_unknown_type_of_a_label_is_an_error_at_its_place() {
        let text = "[label-schema]\nauthor = 'mail'\n";
        let error = parse(Path::new(".jettison.toml"), text, registry())
            .expect_err("there is no such type");
        assert!(error.to_string().contains("line 2, column 10"), "{error}");
        assert!(
            error.to_string().contains("`mail` is no type of a label"),
            "{error}"
        );
    }
}
