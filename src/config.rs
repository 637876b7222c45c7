//! Configuration files: `.jettison.toml`, and hadolint's where there is none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::lint::{LabelType, Registry, Selection, Settings, Severity};
use crate::source::Source;

/// Stands for every rule, where rules are named.
pub const ALL: &str = "all";

const OWN: &str = ".jettison.toml";
const HADOLINT: [&str; 2] = [".hadolint.yaml", ".hadolint.yml"];

/// What a configuration file says.
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub settings: Settings,
    pub fail_on: Option<FailOn>,
}

/// The gravity from which findings make a run fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    Severity(Severity),
    Never,
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
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}`, line {line}, column {column}: {reason}", path.display())]
    Content { path: PathBuf, line: usize, column: usize, reason: String },
    #[error("`{}`: {reason}", path.display())]
    Whole { path: PathBuf, reason: String },
}

/// The nearest configuration file of a folder or of one above it; in each, jettison's own comes first.
pub fn find(folder: &Path) -> Option<PathBuf> {
    let names = || std::iter::once(OWN).chain(HADOLINT);
    folder.ancestors().flat_map(|folder| names().map(|name| folder.join(name))).find(|path| path.is_file())
}

/// Reads a file: TOML by its extension, otherwise hadolint's YAML.
pub fn read(path: &Path, registry: &Registry) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    parse(path, &text, registry)
}

/// The meaning of a file's text; `path` says which format it has, and names it in errors.
pub fn parse(path: &Path, text: &str, registry: &Registry) -> Result<Config, ConfigError> {
    if path.extension().is_some_and(|extension| extension == "toml") {
        from_toml(path, text, registry)
    } else {
        from_hadolint(path, text, registry)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Toml {
    select: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    ignore: Vec<Spanned<String>>,
    fail_on: Option<Spanned<String>>,
    #[serde(default)]
    severity: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    build_args: BTreeMap<String, String>,
    #[serde(default)]
    trusted_registries: Vec<String>,
    #[serde(default)]
    label_schema: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    strict_labels: bool,
}

fn from_toml(path: &Path, text: &str, registry: &Registry) -> Result<Config, ConfigError> {
    let source = Source::new(path.to_string_lossy(), text);
    let at = |offset: usize, reason: String| {
        let place = source.position(offset);
        ConfigError::Content { path: path.to_owned(), line: place.line, column: place.column, reason }
    };
    let file: Toml = toml::from_str(text)
        .map_err(|error| at(error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
    let known = |name: &Spanned<String>| {
        registry.resolve([name.get_ref().as_str()]).map_err(|unknown| at(name.span().start, unknown.to_string()))
    };
    let mut config = Config::default();
    if let Some(names) = &file.select {
        config.settings.select = match names.iter().any(|name| name.get_ref() == ALL) {
            true => Selection::ALL,
            false => {
                Selection::Only(names.iter().map(known).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
            }
        };
    }
    for name in &file.ignore {
        config.settings.ignore.extend(known(name)?);
    }
    for (rule, severity) in &file.severity {
        let level = severity
            .get_ref()
            .parse()
            .map_err(|()| at(severity.span().start, format!("`{}` is no severity", severity.get_ref())))?;
        config.settings.severities.extend(known(rule)?.into_iter().map(|rule| (rule, level)));
    }
    let fail_on = |text: &Spanned<String>| text.get_ref().parse().map_err(|reason| at(text.span().start, reason));
    config.fail_on = file.fail_on.as_ref().map(fail_on).transpose()?;
    config.settings.build_args = file.build_args;
    config.settings.trusted_registries = file.trusted_registries;
    for (label, kind) in file.label_schema {
        let kind = kind.get_ref().parse().map_err(|reason| at(kind.span().start, reason))?;
        config.settings.label_schema.insert(label, kind);
    }
    config.settings.strict_labels = file.strict_labels;
    Ok(config)
}

/// hadolint's file. The keys that no rule here reads are known, so that they are not taken for mistakes.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Hadolint {
    ignored: Vec<String>,
    r#override: BTreeMap<String, Vec<String>>,
    failure_threshold: Option<String>,
    no_fail: bool,
    disable_ignore_pragma: bool,
    #[serde(rename = "trustedRegistries")]
    trusted_registries: Vec<String>,
    label_schema: BTreeMap<String, String>,
    strict_labels: bool,
    #[serde(rename = "format")]
    _format: Option<String>,
    #[serde(rename = "no-color")]
    _no_color: bool,
    #[serde(rename = "verbose")]
    _verbose: bool,
}

fn from_hadolint(path: &Path, text: &str, registry: &Registry) -> Result<Config, ConfigError> {
    let whole = |reason: String| ConfigError::Whole { path: path.to_owned(), reason };
    let file: Hadolint = serde_saphyr::from_str(text).map_err(|error| whole(error.to_string()))?;
    // A code that is no rule of ours cannot fire, so there is nothing to silence.
    let known = |code: &String| registry.resolve([code.as_str()]).unwrap_or_default();
    let mut config = Config::default();
    config.settings.ignore = file.ignored.iter().flat_map(known).collect();
    config.settings.pragmas = !file.disable_ignore_pragma;
    for (severity, codes) in &file.r#override {
        let level = severity.parse().map_err(|()| whole(format!("`{severity}` under `override` is no severity")))?;
        config.settings.severities.extend(codes.iter().flat_map(known).map(|rule| (rule, level)));
    }
    config.settings.trusted_registries = file.trusted_registries;
    for (label, kind) in file.label_schema {
        let kind: LabelType = kind.parse().map_err(|reason| whole(format!("`label-schema`: {reason}")))?;
        config.settings.label_schema.insert(label, kind);
    }
    config.settings.strict_labels = file.strict_labels;
    config.fail_on = match file.failure_threshold.as_deref() {
        _ if file.no_fail => Some(FailOn::Never),
        None => None,
        Some("ignore") => Some(FailOn::Never),
        Some(threshold) => Some(threshold.parse().map_err(|reason| whole(format!("`failure-threshold`: {reason}")))?),
    };
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::registry;

    fn settings(name: &str, text: &str) -> Settings {
        parse(Path::new(name), text, registry()).expect("the file is right").settings
    }

    #[test]
    fn hadolints_labels_and_registries_mean_what_ours_do() {
        let theirs = "trustedRegistries: [docker.io]\nstrict-labels: true\nlabel-schema:\n  author: email\n";
        let ours = "trusted-registries = ['docker.io']\nstrict-labels = true\nlabel-schema = { author = 'email' }\n";
        for settings in [settings(".hadolint.yaml", theirs), settings(".jettison.toml", ours)] {
            assert_eq!(settings.trusted_registries, ["docker.io"]);
            assert!(settings.strict_labels);
            assert_eq!(settings.label_schema, BTreeMap::from([("author".to_owned(), LabelType::Email)]));
        }
    }

    #[test]
    fn an_unknown_type_of_a_label_is_an_error_at_its_place() {
        let text = "[label-schema]\nauthor = 'mail'\n";
        let error = parse(Path::new(".jettison.toml"), text, registry()).expect_err("there is no such type");
        assert!(error.to_string().contains("line 2, column 10"), "{error}");
        assert!(error.to_string().contains("`mail` is no type of a label"), "{error}");
    }
}
