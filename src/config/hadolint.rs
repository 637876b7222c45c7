//! hadolint's `.hadolint.yaml` and its environment variables.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_saphyr::{Error, Location, Spanned};

use super::{Config, ConfigError, Environment, FailOn};
use crate::lint::{Named, Registry, Severity};
use crate::lint::{SettingKey, SettingOrigin};
use crate::source::{Source, Span};
use crate::trust::HostFile;

/// All keys of the file. The file and the environment are merged as hadolint does: lists are
/// joined, and the file takes precedence for everything else.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) ignored: Option<Vec<Spanned<String>>>,
    pub(super) r#override: Option<Override>,
    pub(super) failure_threshold: Option<Spanned<String>>,
    pub(super) no_fail: Option<bool>,
    pub(super) disable_ignore_pragma: Option<bool>,
    #[serde(rename = "trustedRegistries")]
    pub(super) trusted_registries: Option<Vec<Spanned<String>>>,
    pub(super) label_schema: Option<BTreeMap<String, Spanned<String>>>,
    pub(super) strict_labels: Option<bool>,
    pub(super) format: Option<Spanned<String>>,
    /// The output formats; only the first one is used, because a run prints one format.
    pub(super) formats: Option<Vec<Spanned<String>>>,
    pub(super) no_color: Option<bool>,
    /// Accepted without effect: jettison always prints the details that hadolint adds.
    pub(super) verbose: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Override {
    error: Option<Vec<Spanned<String>>>,
    warning: Option<Vec<Spanned<String>>>,
    info: Option<Vec<Spanned<String>>>,
    style: Option<Vec<Spanned<String>>>,
}

impl Override {
    /// All entries with their severities, from the lowest to the highest.
    pub(super) fn lists(&self) -> impl Iterator<Item = (Severity, &Spanned<String>)> {
        // A rule in several lists gets the last severity.
        let lists = [
            (Severity::Style, &self.style),
            (Severity::Info, &self.info),
            (Severity::Warning, &self.warning),
            (Severity::Error, &self.error),
        ];
        lists
            .into_iter()
            .flat_map(|(severity, list)| list.iter().flatten().map(move |code| (severity, code)))
    }
}

pub(super) fn parse(
    host: &HostFile,
    text: &str,
    environment: Environment<'_>,
    registry: &Registry,
) -> Result<Config, ConfigError> {
    let path = host.path();
    let file = read(path, text)?;
    // The environment belongs to the user, so its format may name a file.
    if !host.is_named() {
        check_found(&file, path)?;
    }
    settings(
        &file.over(read_environment(environment)),
        Some((path, text)),
        registry,
    )
}

/// Rejects settings that are only allowed in a file that the user named.
fn check_found(file: &File, path: &Path) -> Result<(), ConfigError> {
    let formats = file.format.iter().chain(file.formats.iter().flatten());
    for format in formats {
        if let Some(reason) = super::refused_format(&format.value) {
            return Err(wrong(Some(path), format.defined, reason));
        }
    }
    Ok(())
}

pub(super) fn of_environment(
    environment: Environment<'_>,
    registry: &Registry,
) -> Result<Config, ConfigError> {
    settings(&read_environment(environment), None, registry)
}

pub(super) fn read(path: &Path, text: &str) -> Result<File, ConfigError> {
    // An empty document is null in YAML, which is not a mapping. hadolint accepts it.
    if text.lines().all(is_blank) {
        return Ok(File::default());
    }
    serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().unwrap_or(Location::UNKNOWN);
        let reason = match error.without_snippet() {
            // The list of all keys is replaced with the closest one.
            Error::SerdeUnknownField {
                field, expected, ..
            } => super::unknown_key(field, expected),
            other => other.to_string(),
        };
        wrong(Some(path), place, reason)
    })
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#') || line.trim() == "---"
}

fn wrong(path: Option<&Path>, place: Location, reason: String) -> ConfigError {
    match path {
        // Values from the environment have no location, even if they are merged with a file.
        _ if place == Location::UNKNOWN => ConfigError::Environment { reason },
        None => ConfigError::Environment { reason },
        Some(path) => ConfigError::Content {
            path: path.to_owned(),
            line: usize::try_from(place.line()).unwrap_or(usize::MAX),
            column: usize::try_from(place.column()).unwrap_or(usize::MAX),
            reason,
        },
    }
}

/// Reads hadolint's own variables.
fn read_environment(environment: Environment<'_>) -> File {
    let variables = Variables(environment);
    File {
        ignored: variables.list("IGNORE"),
        r#override: Some(Override {
            error: variables.list("OVERRIDE_ERROR"),
            warning: variables.list("OVERRIDE_WARNING"),
            info: variables.list("OVERRIDE_INFO"),
            style: variables.list("OVERRIDE_STYLE"),
        }),
        failure_threshold: variables.value("FAILURE_THRESHOLD"),
        no_fail: variables.switch("NOFAIL"),
        disable_ignore_pragma: variables.switch("DISABLE_IGNORE_PRAGMA"),
        trusted_registries: variables.list("TRUSTED_REGISTRIES"),
        label_schema: variables.labels("REQUIRE_LABELS"),
        strict_labels: variables.switch("STRICT_LABELS"),
        format: variables.value("FORMAT"),
        // hadolint has no environment variables for these two.
        formats: None,
        no_color: None,
        verbose: variables.switch("VERBOSE"),
    }
}

/// Environment variables whose names start with `HADOLINT_`.
struct Variables<'a>(Environment<'a>);

impl Variables<'_> {
    /// Text of a variable; an empty one counts as unset, because CI systems set unused variables to
    /// an empty string.
    fn text(&self, name: &str) -> Option<String> {
        (self.0)(&format!("HADOLINT_{name}")).filter(|text| !text.is_empty())
    }

    fn value(&self, name: &str) -> Option<Spanned<String>> {
        Some(without_place(&self.text(name)?))
    }

    /// Entries of a comma-separated list.
    fn list(&self, name: &str) -> Option<Vec<Spanned<String>>> {
        Some(self.text(name)?.split(',').map(without_place).collect())
    }

    /// Value of a switch: true in one of these spellings, false in any other.
    fn switch(&self, name: &str) -> Option<bool> {
        let text = self.text(name)?.to_ascii_lowercase();
        Some(matches!(text.as_str(), "1" | "y" | "yes" | "true"))
    }

    /// Entries `label:type`; others are skipped.
    fn labels(&self, name: &str) -> Option<BTreeMap<String, Spanned<String>>> {
        let mut labels = BTreeMap::new();
        for entry in self.text(name)?.split(',') {
            if let Some((label, kind)) = entry.split_once(':') {
                labels.insert(label.trim().to_owned(), without_place(kind));
            }
        }
        Some(labels)
    }
}

fn without_place(text: &str) -> Spanned<String> {
    Spanned::new(text.trim().to_owned(), Location::UNKNOWN, Location::UNKNOWN)
}

impl File {
    /// Merges this file with another source, over which it takes precedence.
    fn over(mut self, below: Self) -> Self {
        let (upper, lower) = (
            self.r#override.take().unwrap_or_default(),
            below.r#override.unwrap_or_default(),
        );
        let labels = self
            .label_schema
            .into_iter()
            .chain(below.label_schema)
            .flatten();
        // `formats` has been resolved to one format, so it does not appear in the result.
        Self {
            ignored: joined(self.ignored, below.ignored),
            r#override: Some(Override {
                error: joined(upper.error, lower.error),
                warning: joined(upper.warning, lower.warning),
                info: joined(upper.info, lower.info),
                style: joined(upper.style, lower.style),
            }),
            failure_threshold: self.failure_threshold.or(below.failure_threshold),
            no_fail: self.no_fail.or(below.no_fail),
            disable_ignore_pragma: self.disable_ignore_pragma.or(below.disable_ignore_pragma),
            trusted_registries: joined(self.trusted_registries, below.trusted_registries),
            // The last entry for a label counts, so the file's labels must come last.
            label_schema: Some(labels.collect::<Vec<_>>().into_iter().rev().collect()),
            strict_labels: self.strict_labels.or(below.strict_labels),
            format: self
                .format
                .or_else(|| self.formats.and_then(|formats| formats.into_iter().next()))
                .or(below.format),
            formats: None,
            no_color: self.no_color.or(below.no_color),
            verbose: self.verbose.or(below.verbose),
        }
    }
}

fn joined<T>(first: Option<Vec<T>>, second: Option<Vec<T>>) -> Option<Vec<T>> {
    match (first, second) {
        (Some(mut first), Some(second)) => {
            first.extend(second);
            Some(first)
        }
        (first, second) => first.or(second),
    }
}

/// Converts hadolint's keys to settings. `from` is the path and the text of the file, if there is
/// one.
fn settings(
    file: &File,
    from: Option<(&Path, &str)>,
    registry: &Registry,
) -> Result<Config, ConfigError> {
    let path = from.map(|(path, _)| path);
    let source = from.map(|(path, text)| Arc::new(Source::new(path.to_string_lossy(), text)));
    let source = source.as_ref();
    let mut config = Config::default();
    // A rule in both `ignored` and `override` is ignored.
    for code in file.ignored.iter().flatten() {
        config.settings.ignore(rules_of(code, path, registry)?);
    }
    for (severity, code) in file.r#override.iter().flat_map(Override::lists) {
        let rules = rules_of(code, path, registry)?;
        let origin = origin(source, code);
        config
            .settings
            .set_severity(rules, severity, origin.as_ref());
    }
    config.settings.pragmas = !file.disable_ignore_pragma.unwrap_or_default();
    // The location of the list is that of its first entry.
    let trusted = file.trusted_registries.iter().flatten();
    config.settings.origins.add(
        SettingKey::Name("trusted-registries"),
        trusted
            .clone()
            .next()
            .and_then(|first| origin(source, first)),
    );
    config.settings.trusted_registries = trusted.map(|registry| registry.value.clone()).collect();
    for (label, kind) in file.label_schema.iter().flatten() {
        let settings = &mut config.settings;
        settings
            .origins
            .add(SettingKey::Label(label.clone()), origin(source, kind));
        let kind = kind.value.parse().map_err(|reason| {
            let reason = format!("`label-schema`: {reason}");
            wrong(path, kind.defined, reason)
        })?;
        settings.label_schema.insert(label.clone(), kind);
    }
    config.settings.strict_labels = file.strict_labels.unwrap_or_default();
    config.fail_on = file.fail_on(path)?;
    config.formats = file.format().map(ToOwned::to_owned).into_iter().collect();
    config.no_color = file.no_color.unwrap_or_default();
    Ok(config)
}

/// Returns the location of a value in the file; `None` for values from the environment.
fn origin(file: Option<&Arc<Source>>, text: &Spanned<String>) -> Option<SettingOrigin> {
    let file = file?;
    let place = text.defined.span();
    let start = usize::try_from(place.byte_offset()?).ok()?;
    let span = Span::new(
        start,
        start.checked_add(usize::try_from(place.byte_len()?).ok()?)?,
    );
    // An empty value has no text to point to.
    if file.slice(span).is_empty() {
        return None;
    }
    Some(SettingOrigin {
        file: Arc::clone(file),
        span,
    })
}

/// Returns the rules for a hadolint code.
fn rules_of(
    code: &Spanned<String>,
    path: Option<&Path>,
    registry: &Registry,
) -> Result<Named, ConfigError> {
    let is_numbered = code.value.strip_prefix("DL").is_some_and(|digits| {
        digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    match registry.resolve([code.value.as_str()]) {
        Ok(named) => Ok(named),
        // A hadolint code without a rule here is never reported, so there is nothing to ignore.
        Err(_) if is_numbered => Ok(Named::default()),
        Err(unknown) => Err(wrong(path, code.defined, unknown.to_string())),
    }
}

impl File {
    /// The output format by its name in jettison.
    pub(super) fn format(&self) -> Option<&str> {
        let format = self
            .format
            .as_ref()
            .or_else(|| self.formats.as_ref()?.first())?
            .value
            .as_str();
        // The other names are the same in both programs.
        Some(if format == "tty" { "text" } else { format })
    }

    pub(super) fn fail_on(&self, path: Option<&Path>) -> Result<Option<FailOn>, ConfigError> {
        let threshold = match &self.failure_threshold {
            // hadolint's word for `none`.
            Some(threshold) if threshold.value == "ignore" => Some(FailOn::Never),
            Some(threshold) => Some(threshold.value.parse().map_err(|reason| {
                let reason = format!("`failure-threshold`: {reason}");
                wrong(path, threshold.defined, reason)
            })?),
            None => None,
        };
        // `no-fail` takes precedence, but an invalid threshold is still an error.
        Ok(if self.no_fail == Some(true) {
            Some(FailOn::Never)
        } else {
            threshold
        })
    }
}
