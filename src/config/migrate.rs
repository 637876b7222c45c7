//! Writes the `.jettison.toml` that means what a `.hadolint.yaml` does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::hadolint::{self, Override};
use super::{ConfigError, FailOn};
use crate::lint::Registry;
use crate::printable::escape;

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

/// The text of a `.jettison.toml` for the text of hadolint's file at `path`. Codes that are no rule
/// here are named in a comment and left out.
pub fn migrate(path: &Path, text: &str, registry: &Registry) -> Result<String, ConfigError> {
    // What is wrong with the file is said first.
    super::parse(path, text, registry)?;
    let file = hadolint::read(path, text)?;
    let mut missing = Vec::new();
    let mut is_known = |code: &str| {
        let known = registry.resolve([code]).is_ok();
        if !known && !missing.iter().any(|other| other == code) {
            missing.push(code.to_owned());
        }
        known
    };
    let mut own = Own {
        fail_on: file.fail_on(Some(path))?.map(FailOn::as_str),
        pragmas: file
            .disable_ignore_pragma
            .filter(|&is_off| is_off)
            .map(|_| false),
        format: file.format().map(str::to_owned),
        no_color: file.no_color.filter(|&is_on| is_on),
        strict_labels: file.strict_labels.filter(|&is_on| is_on),
        ..Own::default()
    };
    let ignored = file
        .ignored
        .iter()
        .flatten()
        .map(|code| code.value.as_str());
    own.ignore = ignored
        .filter(|code| is_known(code))
        .map(str::to_owned)
        .collect();
    for (severity, code) in file.r#override.iter().flat_map(Override::lists) {
        if is_known(&code.value) {
            own.severity.insert(code.value.clone(), severity.as_str());
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

    let names = own.trusted_registries.iter().chain(own.label_schema.keys());
    for name in names {
        // It is no name of a registry or a label, and TOML does not escape all that terminals obey.
        if escape(name) != *name {
            return Err(ConfigError::Whole {
                path: path.to_owned(),
                reason: format!("`{name}` has characters that cannot be seen"),
            });
        }
    }
    let mut out = String::new();
    for code in &missing {
        let code = escape(code);
        let _ = writeln!(out, "# {code} is no rule here: there is nothing to silence");
    }
    let text = toml::to_string(&own);
    out.push_str(&text.map_err(|error| ConfigError::Whole {
        path: path.to_owned(),
        reason: error.to_string(),
    })?);
    Ok(out)
}
