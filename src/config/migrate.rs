//! Converts a `.hadolint.yaml` to an equivalent `.jettison.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::hadolint::{self, Override};
use super::{ConfigError, FailOn};
use crate::lint::Registry;
use crate::printable::escape;

/// The keys of `.jettison.toml` that have an equivalent in hadolint. Values come before tables, as
/// TOML requires, and settings with default values are omitted.
#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Own {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignore: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fail_on: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pragmas: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_color: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trusted_registries: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict_labels: Option<bool>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    severity: BTreeMap<String, &'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    label_schema: BTreeMap<String, String>,
}

/// Returns the text of a `.jettison.toml` for the text of hadolint's file at `path`. Codes without
/// a rule here are only mentioned in a comment.
pub fn migrate(
    path: &Path,
    text: &str,
    registry: &'static Registry,
) -> Result<String, ConfigError> {
    // Errors in the file must not be migrated.
    super::parse(path, text, registry)?;
    let file = hadolint::read(path, text)?;
    let mut missing = Vec::new();
    let mut own = Own {
        fail_on: file.fail_on(Some(path))?.map(FailOn::as_str),
        format: file.format().map(str::to_owned),
        no_color: file.no_color.filter(|&is_on| is_on),
        strict_labels: file.strict_labels.filter(|&is_on| is_on),
        ..Own::default()
    };
    if file.disable_ignore_pragma == Some(true) {
        own.pragmas = Some(false);
    }
    for code in file.ignored.iter().flatten() {
        if registry.resolve([code.value.as_str()]).is_ok() {
            own.ignore.push(code.value.clone());
        } else {
            missing.push(code.value.clone());
        }
    }
    for (severity, code) in file.r#override.iter().flat_map(Override::lists) {
        if registry.resolve([code.value.as_str()]).is_ok() {
            own.severity.insert(code.value.clone(), severity.as_str());
        } else {
            missing.push(code.value.clone());
        }
    }
    own.trusted_registries = file
        .trusted_registries
        .into_iter()
        .flatten()
        .map(|registry| registry.value)
        .collect();
    let labels = file.label_schema.into_iter().flatten();
    own.label_schema = labels.map(|(label, kind)| (label, kind.value)).collect();

    check_names(path, &own)?;
    let mut out = String::new();
    let mut seen = BTreeSet::new();
    for code in &missing {
        // A code may be in several lists.
        if seen.insert(code) {
            let code = escape(code);
            let _ = writeln!(out, "# {code} is ignored: jettison has no such rule");
        }
    }
    // The comments come first, because at the end they would seem to belong to a table.
    let text = toml::to_string(&own);
    out.push_str(&text.map_err(|error| ConfigError::Whole {
        path: path.to_owned(),
        reason: error.to_string(),
    })?);
    Ok(out)
}

/// Rejects names with invisible characters, which are not valid in registries and labels. TOML does
/// not escape all characters that affect a terminal.
fn check_names(path: &Path, own: &Own) -> Result<(), ConfigError> {
    for name in own.trusted_registries.iter().chain(own.label_schema.keys()) {
        if escape(name) != *name {
            return Err(ConfigError::Whole {
                path: path.to_owned(),
                reason: format!("`{name}` contains invisible characters"),
            });
        }
    }
    Ok(())
}
