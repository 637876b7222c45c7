//! Configuration: `.jettison.toml`, or else hadolint's file and hadolint's environment variables.
//!
//! A file that was found comes from the repository that is linted. It only affects findings and
//! which packages `slim` keeps: it cannot name programs to run, files to write, or files outside
//! its directory. A file that the user named with `--config` may do all of this.

mod hadolint;
mod migrate;
mod own;
mod policy;
mod rules;
mod schema;
mod template;

use std::path::{Path, PathBuf};

pub use migrate::migrate;
pub use schema::schema;
pub use template::template;

use crate::lint::image::Policy;
use crate::lint::{Registry, Settings, Severity};
use crate::slim::Modules;
use crate::suggestion;
use crate::trust::{self, HostFile, Refusal, Search, limits};

/// Name that selects every rule.
pub const ALL: &str = "all";

const OWN: &str = ".jettison.toml";
/// hadolint's files, in hadolint's order of precedence.
const HADOLINT: [&str; 2] = [".hadolint.yaml", ".hadolint.yml"];
/// Configuration files, in order of precedence in a directory.
pub const NAMES: [&str; 3] = [OWN, HADOLINT[0], HADOLINT[1]];

/// The settings of a configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    pub settings: Settings,
    pub fail_on: Option<FailOn>,
    /// Output formats, each by its name or as `NAME=FILE`.
    pub formats: Vec<String>,
    /// The directory that patterns and paths in the file are relative to; empty without a file.
    pub directory: PathBuf,
    /// Patterns of files to exclude, as in `.gitignore`.
    pub exclude: Vec<String>,
    /// A file of known findings.
    pub baseline: Option<HostFile>,
    pub no_color: bool,
    pub shellcheck: Shellcheck,
    /// Whether ShellCheck's answers are neither read from the cache nor written to it.
    pub no_cache: bool,
    /// The policy for images, without the day that decides which exceptions have expired.
    pub policy: Policy,
    /// The part of the packages of an application that `slim` keeps.
    pub modules: Option<Modules>,
    /// Pages of keep rules of the user's own.
    pub keep_rules: Option<KeepDirectory>,
    pub build: BuildDefaults,
}

/// Settings of builds with jettison as a frontend, unless build arguments say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildDefaults {
    pub slims: bool,
    /// Options of `jettison slim`, before those of the build argument.
    pub slim_options: Vec<String>,
}

/// A directory with pages of keep rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepDirectory {
    pub path: PathBuf,
    /// Whether the user named the file that names it, so that it may be anywhere.
    pub is_named: bool,
}

/// The ShellCheck program to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shellcheck {
    /// The one on PATH, if there is one.
    #[default]
    Found,
    At(PathBuf),
    Off,
}

/// The lowest severity that makes a run fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    Severity(Severity),
    Never,
}

impl FailOn {
    const ALL: [Self; 5] = {
        let [error, warning, info, style] = Severity::ALL;
        [
            Self::Severity(error),
            Self::Severity(warning),
            Self::Severity(info),
            Self::Severity(style),
            Self::Never,
        ]
    };

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
        // `none` looks like the absence of a threshold, which would be the opposite of the lowest
        // one.
        if text == "none" {
            return Ok(Self::Never);
        }
        text.parse()
            .map(Self::Severity)
            .map_err(|()| "expected `error`, `warning`, `info`, `style` or `none`".to_owned())
    }
}

/// An error in a configuration file, with the file, the location and the reason.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read `{}`: {reason}", path.display())]
    Read { path: PathBuf, reason: Refusal },
    #[error("`{}`, line {line}, column {column}: {reason}", path.display())]
    Content {
        path: PathBuf,
        line: usize,
        column: usize,
        reason: String,
    },
    #[error("`{}`: {reason}", path.display())]
    Whole { path: PathBuf, reason: String },
    #[error("hadolint's environment variables: {reason}")]
    Environment { reason: String },
}

/// An environment variable's value, if it is set.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The result of a search for a configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    pub file: Option<HostFile>,
    /// Files that were skipped because they belong to other users.
    pub ignored: Vec<PathBuf>,
}

/// Finds the nearest configuration file in a directory or its parents; in each, jettison's own
/// comes first. [`Search`] determines where the search ends.
pub fn find(directory: &Path) -> Located {
    locate(directory, &NAMES)
}

/// Finds the nearest configuration file of jettison's own.
pub fn find_own(directory: &Path) -> Located {
    locate(directory, &[OWN])
}

/// Finds the nearest configuration file of hadolint.
pub fn find_hadolint(directory: &Path) -> Located {
    locate(directory, &HADOLINT)
}

fn locate(directory: &Path, names: &[&str]) -> Located {
    // The nearest directory wins, and within it the first name: a `.jettison.toml` further up does
    // not replace hadolint's file of a subproject.
    let search = Search::from(directory);
    let mut located = Located::default();
    for directory in search.directories() {
        for path in names.iter().map(|name| directory.join(name)) {
            match trust::is_ours(&path) {
                // A directory with this name is not a configuration; the search continues above it.
                Ok(_) if path.is_dir() => {}
                Ok(true) => {
                    let file = HostFile::found(&path, search.root_for(directory));
                    located.file = Some(file.of_caller());
                    return located;
                }
                // Reported, because the user may expect the file to be used.
                Ok(false) => located.ignored.push(path),
                // There is no such file, or the user may not access it.
                Err(_) => {}
            }
        }
    }
    located
}

/// Reads the settings that apply before the command line: those of the file, and hadolint's
/// environment variables unless the file is jettison's own.
pub fn load(
    file: Option<&HostFile>,
    environment: Environment<'_>,
    registry: &'static Registry,
) -> Result<Config, ConfigError> {
    match file {
        Some(file) => parse_over(file, &text(file)?, environment, registry),
        None => hadolint::of_environment(environment, registry),
    }
}

/// Reads the text of a configuration file.
pub fn text(file: &HostFile) -> Result<String, ConfigError> {
    file.read_text(limits::CONFIG)
        .map_err(|reason| ConfigError::Read {
            path: file.path().to_owned(),
            reason,
        })
}

/// Parses the text of a file that the user named: TOML according to the extension of `path`,
/// otherwise hadolint's YAML.
pub fn parse(path: &Path, text: &str, registry: &'static Registry) -> Result<Config, ConfigError> {
    parse_over(&HostFile::named(path), text, &|_| None, registry)
}

/// Parses the text of a file that was found where jettison runs no search, such as in the context
/// of a build.
pub fn parse_found(
    name: &str,
    text: &str,
    registry: &'static Registry,
) -> Result<Config, ConfigError> {
    parse_over(&HostFile::found(name, ""), text, &|_| None, registry)
}

fn parse_over(
    file: &HostFile,
    text: &str,
    environment: Environment<'_>,
    registry: &'static Registry,
) -> Result<Config, ConfigError> {
    // A file named with `--config` may have any name, so the extension determines the format.
    let is_own = file
        .path()
        .extension()
        .is_some_and(|extension| extension == "toml");
    if is_own {
        own::parse(file, text, registry)
    } else {
        hadolint::parse(file, text, environment, registry)
    }
}

/// Returns the error for an output format that is not allowed in a configuration file that was
/// found.
fn refused_format(format: &str) -> Option<String> {
    match format.split_once('=') {
        // Without a file, or with `-`, the report goes to standard output.
        None | Some((_, "-")) => None,
        Some(_) => Some(format!(
            "only a file passed with `--config` may write reports to files; \
             use `--format {format}` instead"
        )),
    }
}

/// Returns the error for an unknown key.
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
    fn hadolint_keys_for_labels_and_registries_equal_ours() {
        let theirs =
            "trustedRegistries: [docker.io]\nstrict-labels: true\nlabel-schema:\n  author: email\n";
        let ours = "trusted-registries = ['docker.io']\nstrict-labels = true\n\
            label-schema = { author = 'email' }\n";
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
    fn an_unknown_label_type_is_an_error_at_its_position() {
        let text = "[label-schema]\nauthor = 'mail'\n";
        let error = parse(Path::new(".jettison.toml"), text, registry())
            .expect_err("there is no such type");
        assert!(error.to_string().contains("line 2, column 10"), "{error}");
        assert!(
            error
                .to_string()
                .contains("unknown label type `mail`; use one of `rawtext`, `text`"),
            "{error}"
        );
    }
}
