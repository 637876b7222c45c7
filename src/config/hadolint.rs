//! hadolint's `.hadolint.yaml` and its environment variables, read into one.

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

/// All keys of the file. Of lists both sources' entries count, of all else the file's.
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
    /// The first counts: one run prints one format.
    pub(super) formats: Option<Vec<Spanned<String>>>,
    pub(super) no_color: Option<bool>,
    /// Known, and without effect: what hadolint adds then is always there.
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
    /// From the mildest to the gravest, which is the one that counts for a rule with several.
    pub(super) fn lists(&self) -> impl Iterator<Item = (Severity, &Spanned<String>)> {
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
    if !host.is_named() {
        check_found(&file, path)?;
    }
    meaning(
        &file.over(read_environment(environment)),
        Some((path, text)),
        registry,
    )
}

/// Refuses what only a file that a person named may ask for.
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
    meaning(&read_environment(environment), None, registry)
}

pub(super) fn read(path: &Path, text: &str) -> Result<File, ConfigError> {
    let is_blank = |line: &str| {
        line.trim().is_empty() || line.trim_start().starts_with('#') || line.trim() == "---"
    };
    if text.lines().all(is_blank) {
        return Ok(File::default());
    }
    serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().unwrap_or(Location::UNKNOWN);
        let reason = match error.without_snippet() {
            Error::SerdeUnknownField {
                field, expected, ..
            } => super::unknown_key(field, expected),
            other => other.to_string(),
        };
        wrong(Some(path), place, reason)
    })
}

fn wrong(path: Option<&Path>, place: Location, reason: String) -> ConfigError {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    match path {
        // What comes from the environment has no place.
        _ if place == Location::UNKNOWN => ConfigError::Environment { reason },
        None => ConfigError::Environment { reason },
        Some(path) => ConfigError::Content {
            path: path.to_owned(),
            line: number(place.line()),
            column: number(place.column()),
            reason,
        },
    }
}

/// hadolint's own variables: lists have commas between their entries.
fn read_environment(environment: Environment<'_>) -> File {
    let text =
        |name: &str| environment(&format!("HADOLINT_{name}")).filter(|text| !text.is_empty());
    let spanned =
        |text: &str| Spanned::new(text.trim().to_owned(), Location::UNKNOWN, Location::UNKNOWN);
    let list = |name: &str| text(name).map(|text| text.split(',').map(spanned).collect::<Vec<_>>());
    let is_true = |text: String| {
        matches!(
            text.to_ascii_lowercase().as_str(),
            "1" | "y" | "yes" | "true"
        )
    };
    let switch = |name: &str| text(name).map(is_true);
    let pair = |entry: &str| {
        entry
            .split_once(':')
            .map(|(label, kind)| (label.trim().to_owned(), spanned(kind)))
    };
    File {
        ignored: list("IGNORE"),
        r#override: Some(Override {
            error: list("OVERRIDE_ERROR"),
            warning: list("OVERRIDE_WARNING"),
            info: list("OVERRIDE_INFO"),
            style: list("OVERRIDE_STYLE"),
        }),
        failure_threshold: text("FAILURE_THRESHOLD").as_deref().map(spanned),
        no_fail: switch("NOFAIL"),
        disable_ignore_pragma: switch("DISABLE_IGNORE_PRAGMA"),
        trusted_registries: list("TRUSTED_REGISTRIES"),
        label_schema: text("REQUIRE_LABELS").map(|text| text.split(',').filter_map(pair).collect()),
        strict_labels: switch("STRICT_LABELS"),
        format: text("FORMAT").as_deref().map(spanned),
        formats: None,
        no_color: None,
        verbose: switch("VERBOSE"),
    }
}

impl File {
    /// This file's word over another's.
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
            // Of a label in both, the file's kind counts: it comes last.
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

/// `from` is the path and the text of the file; what comes from the environment has no place.
fn meaning(
    file: &File,
    from: Option<(&Path, &str)>,
    registry: &Registry,
) -> Result<Config, ConfigError> {
    let path = from.map(|(path, _)| path);
    let source = from.map(|(path, text)| Arc::new(Source::new(path.to_string_lossy(), text)));
    let place = |text: &Spanned<String>| origin(source.as_ref()?, text);
    let known = |code: &Spanned<String>| {
        known(&code.value, registry).map_err(|reason| wrong(path, code.defined, reason))
    };
    let mut config = Config::default();
    for code in file.ignored.iter().flatten() {
        config.settings.ignore(known(code)?);
    }
    for (severity, code) in file.r#override.iter().flat_map(Override::lists) {
        config
            .settings
            .set_severity(known(code)?, severity, place(code).as_ref());
    }
    config.settings.pragmas = !file.disable_ignore_pragma.unwrap_or_default();
    let trusted = file.trusted_registries.iter().flatten();
    config.settings.origins.add(
        SettingKey::Name("trusted-registries"),
        trusted.clone().next().and_then(&place),
    );
    config.settings.trusted_registries = trusted.map(|registry| registry.value.clone()).collect();
    for (label, kind) in file.label_schema.iter().flatten() {
        let said = |reason| wrong(path, kind.defined, format!("`label-schema`: {reason}"));
        config
            .settings
            .origins
            .add(SettingKey::Label(label.clone()), place(kind));
        config
            .settings
            .label_schema
            .insert(label.clone(), kind.value.parse().map_err(said)?);
    }
    config.settings.strict_labels = file.strict_labels.unwrap_or_default();
    config.fail_on = file.fail_on(path)?;
    config.formats = file.format().map(ToOwned::to_owned).into_iter().collect();
    config.no_color = file.no_color.unwrap_or_default();
    Ok(config)
}

/// Where a word stands in the file.
fn origin(file: &Arc<Source>, text: &Spanned<String>) -> Option<SettingOrigin> {
    let place = text.defined.span();
    let start = usize::try_from(place.byte_offset()?).ok()?;
    let span = Span::new(
        start,
        start.checked_add(usize::try_from(place.byte_len()?).ok()?)?,
    );
    (!file.slice(span).is_empty()).then(|| SettingOrigin {
        file: Arc::clone(file),
        span,
    })
}

/// A code that hadolint may have and that is no rule here cannot fire, so there is nothing to
/// silence.
fn known(code: &str, registry: &Registry) -> Result<Named, String> {
    let is_numbered = code.strip_prefix("DL").is_some_and(|digits| {
        digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    match registry.resolve([code]) {
        Ok(named) => Ok(named),
        Err(_) if is_numbered => Ok(Named::default()),
        Err(unknown) => Err(unknown.to_string()),
    }
}

impl File {
    /// Under jettison's name.
    pub(super) fn format(&self) -> Option<&str> {
        let format = self
            .format
            .as_ref()
            .or_else(|| self.formats.as_ref()?.first())?
            .value
            .as_str();
        Some(if format == "tty" { "text" } else { format })
    }

    pub(super) fn fail_on(&self, path: Option<&Path>) -> Result<Option<FailOn>, ConfigError> {
        let threshold = match &self.failure_threshold {
            Some(threshold) if threshold.value == "ignore" => Some(FailOn::Never),
            Some(threshold) => {
                let said = |reason: String| {
                    wrong(
                        path,
                        threshold.defined,
                        format!("`failure-threshold`: {reason}"),
                    )
                };
                Some(threshold.value.parse().map_err(said)?)
            }
            None => None,
        };
        Ok(if self.no_fail == Some(true) {
            Some(FailOn::Never)
        } else {
            threshold
        })
    }
}
