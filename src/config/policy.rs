//! The `[policy]` table of `.jettison.toml`.

use std::collections::BTreeSet;

use bytesize::ByteSize;
use jiff::civil::Date;
use serde_json::json;
use toml::Spanned;
use toml::value::Value;

use super::ConfigError;
use super::own::Reader;
use super::schema::{self, table};
use crate::advisories::Rating;
use crate::lint::image::{Exception, Policy};
use crate::lint::{Registry, SettingKey};
use crate::paths::Glob;
use crate::suggestion;
use crate::trust::limits;

table! {
    pub(super) struct PolicyTable {
        max_size: Option<Spanned<Value>> => json!({
            "description": "Total size of all files in all layers: `120 MB`, `1 GiB`",
            "type": ["string", "integer"],
            "minimum": 0,
        }),
        max_packages: Option<Spanned<usize>> => schema::count("Number of installed packages"),
        max_files: Option<Spanned<usize>> => schema::count("Number of regular files"),
        deny_licenses: Vec<Spanned<String>> => schema::names(
            "Licenses that no package may have: globs such as `AGPL-*`",
        ),
        deny_fixable: Option<Spanned<String>> => schema::word(
            "The lowest severity of vulnerabilities with a fix that are violations",
            RATINGS.map(|(word, _)| word),
            "critical",
        ),
        require_attestations: Vec<Spanned<String>> => schema::names(
            "Types of predicates of which an attestation must be attached to images: globs such \
                as `https://slsa.dev/provenance/*`",
        ),
        require_labels: Vec<Spanned<String>> => schema::names(
            "Labels that images must have",
        ),
        // The kinds are listed for completion. A name of a rule is any string.
        forbid: Vec<Spanned<String>> => json!({
            "description": "Content that an image must not have: one of these kinds, or the \
                findings of an image rule",
            "type": "array",
            "items": {
                "anyOf": [{"enum": Policy::kinds().collect::<Vec<_>>()}, {"type": "string"}],
            },
            "uniqueItems": true,
        }),
        allow: Vec<Spanned<AllowTable>> => json!({
            "description": "Exceptions, each with its reason",
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": false,
                // What the reader requires, too.
                "required": ["reason"],
                "anyOf": (["path", "package", "rule"].map(|key| json!({"required": [key]}))),
                "properties": AllowTable::properties(),
            },
        }),
    }
}

table! {
    // Every key may be missing for serde, so that the errors about missing ones are our own.
    struct AllowTable {
        path: Option<Spanned<String>> => json!({
            "description": "A path in the image, or a glob",
            "type": "string",
            "pattern": "^/",
        }),
        package: Option<Spanned<String>> => schema::text(
            "A package name, or a glob; applies to the package's files",
        ),
        rule: Option<Spanned<String>> => schema::text(
            "An image rule, by name or by another tool's code",
        ),
        // At least one character that is not a blank.
        reason: Option<Spanned<String>> => json!({
            "description": "The reason for the exception",
            "type": "string",
            "pattern": "[^ ]",
        }),
        expires: Option<Spanned<Value>> => schema::text(
            "The last day on which the exception applies: `2026-12-31`",
        ),
    }
}

pub(super) fn policy(table: PolicyTable, reader: &Reader<'_>) -> Result<Policy, ConfigError> {
    let mut policy = Policy::default();
    // Findings about the policy point to the settings that are violated.
    let max_size = table.max_size.as_ref().map(|size| reader.origin(size));
    let max_packages = table.max_packages.as_ref().map(|most| reader.origin(most));
    let max_files = table.max_files.as_ref().map(|most| reader.origin(most));
    let licenses = table.deny_licenses.first();
    let licenses = licenses.map(|license| reader.origin(license));
    let fixable = table.deny_fixable.as_ref().map(|word| reader.origin(word));
    let attestations = table.require_attestations.first();
    let attestations = attestations.map(|attestation| reader.origin(attestation));
    let labels = table
        .require_labels
        .first()
        .map(|label| reader.origin(label));
    for (name, origin) in [
        ("deny-licenses", licenses),
        ("deny-fixable", fixable),
        ("require-attestations", attestations),
        ("require-labels", labels),
        ("max-size", max_size),
        ("max-packages", max_packages),
        ("max-files", max_files),
    ] {
        policy.origins.add(SettingKey::Name(name), origin);
    }
    policy.max_packages = table.max_packages.map(Spanned::into_inner);
    policy.max_files = table.max_files.map(Spanned::into_inner);
    if let Some(size) = table.max_size {
        let Some(bytes) = bytes(size.get_ref()) else {
            let reason = "expected a size such as `\"120 MB\"`, or a number of bytes";
            return Err(reader.error(&size, reason));
        };
        policy.max_size = Some(bytes);
    }
    for license in &table.deny_licenses {
        policy.denied_licenses.push(pattern(license, reader)?);
    }
    if let Some(word) = &table.deny_fixable {
        policy.deny_fixable = Some(rating(word, reader)?);
    }
    for attestation in &table.require_attestations {
        let attestation = pattern(attestation, reader)?;
        policy.required_attestations.push(attestation);
    }
    let labels = table.require_labels.into_iter();
    policy.required_labels = labels.map(Spanned::into_inner).collect();
    for kind in &table.forbid {
        if !policy.forbid(kind.get_ref(), Some(reader.origin(kind)), reader.registry) {
            return Err(reader.error(kind, unknown_word(kind.get_ref(), reader.registry)));
        }
    }
    for (index, allow) in table.allow.iter().enumerate() {
        let expires = allow.get_ref().expires.as_ref();
        let expires = expires.map(|day| reader.origin(day));
        policy.origins.add(SettingKey::Exception(index), expires);
        policy.exceptions.push(exception(allow, reader)?);
    }
    Ok(policy)
}

/// The severities of `deny-fixable`, the lowest first.
const RATINGS: [(&str, Rating); 4] = [
    ("low", Rating::Low),
    ("medium", Rating::Medium),
    ("high", Rating::High),
    ("critical", Rating::Critical),
];

fn rating(word: &Spanned<String>, reader: &Reader<'_>) -> Result<Rating, ConfigError> {
    let known = RATINGS.iter().find(|(name, _)| name == word.get_ref());
    known
        .map(|&(_, rating)| rating)
        .ok_or_else(|| reader.error(word, "expected `low`, `medium`, `high` or `critical`"))
}

fn bytes(value: &Value) -> Option<u64> {
    match value {
        // A negative number is not a size.
        Value::Integer(bytes) => u64::try_from(*bytes).ok(),
        Value::String(text) => text.parse().ok().map(|ByteSize(bytes)| bytes),
        _ => None,
    }
}

/// Returns the error for a word in `forbid` that is neither a kind of content nor an image rule.
fn unknown_word(word: &str, registry: &Registry) -> String {
    let rules = registry.image_rules().map(|rule| rule.name);
    match suggestion::closest(word, Policy::kinds().chain(rules)) {
        Some(closest) => format!("`{word}` cannot be forbidden; did you mean `{closest}`?"),
        None => format!(
            "`{word}` cannot be forbidden; use the name of an image rule or one of `{}`",
            Policy::kinds().collect::<Vec<_>>().join("`, `")
        ),
    }
}

fn exception(allow: &Spanned<AllowTable>, reader: &Reader<'_>) -> Result<Exception, ConfigError> {
    let table = allow.get_ref();
    // A blank reason does not count: the next reader must learn why the violation is accepted.
    let reason = match &table.reason {
        Some(reason) if !reason.get_ref().trim().is_empty() => reason.get_ref().clone(),
        _ => return Err(reader.error(allow, "an exception needs a `reason`")),
    };
    // The name of the exception in findings.
    let mut conditions = Vec::new();
    for (key, value) in [
        ("path", &table.path),
        ("package", &table.package),
        ("rule", &table.rule),
    ] {
        if let Some(value) = value {
            conditions.push(format!("{key} `{}`", value.get_ref()));
        }
    }
    // Without any condition it would apply to everything.
    if conditions.is_empty() {
        let reason = "an exception needs a `path`, a `package` or a `rule`";
        return Err(reader.error(allow, reason));
    }
    if let Some(path) = &table.path
        && !path.get_ref().starts_with('/')
    {
        let reason = "expected a path that starts with `/` (`/**` matches every path)";
        return Err(reader.error(path, reason));
    }
    let mut exception = Exception {
        name: conditions.join(" and "),
        path: None,
        package: None,
        rules: BTreeSet::new(),
        reason,
        expires: None,
    };
    if let Some(path) = &table.path {
        exception.path = Some(pattern(path, reader)?);
    }
    if let Some(package) = &table.package {
        exception.package = Some(pattern(package, reader)?);
    }
    if let Some(rule) = &table.rule {
        exception.rules = rules(rule, reader)?;
    }
    if let Some(day) = &table.expires {
        exception.expires = Some(expiry(day, reader)?);
    }
    Ok(exception)
}

fn pattern(text: &Spanned<String>, reader: &Reader<'_>) -> Result<Glob, ConfigError> {
    // Compiling a longer glob may exhaust the stack.
    if text.get_ref().len() > limits::PATTERN {
        let limit = limits::shown(limits::PATTERN as u64);
        return Err(reader.error(text, format!("the glob is longer than {limit}")));
    }
    Glob::new(text.get_ref())
        .map_err(|error| reader.error(text, format!("invalid glob: {}", error.kind())))
}

/// Returns the image rules with a name or an alias.
fn rules(
    name: &Spanned<String>,
    reader: &Reader<'_>,
) -> Result<BTreeSet<&'static str>, ConfigError> {
    let registry = reader.registry;
    // Another tool's code may refer to several rules.
    let pages = registry.find(name.get_ref());
    let mut rules = BTreeSet::new();
    for rule in registry.image_rules() {
        if pages.iter().any(|page| page.name == rule.name) {
            rules.insert(rule.name);
        }
    }
    if !rules.is_empty() {
        return Ok(rules);
    }
    // An exception for a Dockerfile rule would never apply.
    let reason = if pages.is_empty() {
        registry.unknown(name.get_ref()).to_string()
    } else {
        format!("`{}` is not an image rule", name.get_ref())
    };
    Err(reader.error(name, reason))
}

/// Reads a date, as TOML's own type or as text.
fn expiry(value: &Spanned<Value>, reader: &Reader<'_>) -> Result<Date, ConfigError> {
    let text = match value.get_ref() {
        Value::Datetime(day) => day.to_string(),
        Value::String(day) => day.clone(),
        _ => String::new(),
    };
    // The parser also accepts a time of day, which would be silently dropped, and other formats.
    if text.len() == "2026-12-31".len()
        && let Ok(day) = text.parse()
    {
        return Ok(day);
    }
    Err(reader.error(value, "expected a date such as `2026-12-31`"))
}
