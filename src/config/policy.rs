//! The `[policy]` table of `.jettison.toml`.

use std::collections::BTreeSet;

use bytesize::ByteSize;
use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Value;

use super::ConfigError;
use super::own::Reader;
use crate::lint::image::{Exception, Pattern, Policy};
use crate::lint::{Registry, SettingKey};
use crate::suggestion;
use crate::trust::limits;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PolicyTable {
    max_size: Option<Spanned<Value>>,
    max_packages: Option<Spanned<usize>>,
    max_files: Option<Spanned<usize>>,
    #[serde(default)]
    forbid: Vec<Spanned<String>>,
    #[serde(default)]
    allow: Vec<Spanned<AllowTable>>,
}

// All fields are optional for serde, so that we can report missing ones ourselves.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AllowTable {
    path: Option<Spanned<String>>,
    package: Option<Spanned<String>>,
    rule: Option<Spanned<String>>,
    reason: Option<Spanned<String>>,
    expires: Option<Spanned<Value>>,
}

pub(super) fn policy(table: PolicyTable, reader: &Reader<'_>) -> Result<Policy, ConfigError> {
    let mut policy = Policy::default();
    // Findings about the policy point to the settings that are violated.
    let max_size = table.max_size.as_ref().map(|size| reader.origin(size));
    let max_packages = table.max_packages.as_ref().map(|most| reader.origin(most));
    let max_files = table.max_files.as_ref().map(|most| reader.origin(most));
    for (name, origin) in [
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

fn pattern(text: &Spanned<String>, reader: &Reader<'_>) -> Result<Pattern, ConfigError> {
    // Compiling a longer glob may exhaust the stack.
    if text.get_ref().len() > limits::PATTERN {
        let limit = limits::shown(limits::PATTERN as u64);
        return Err(reader.error(text, format!("the glob has more than {limit}")));
    }
    Pattern::new(text.get_ref())
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
        format!("`{}` is not a rule for images", name.get_ref())
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Config, parse, schema};
    use crate::rules;

    fn parsed(text: &str) -> Result<Config, String> {
        parse(Path::new("p.toml"), text, rules::registry()).map_err(|error| error.to_string())
    }

    #[test]
    fn sizes_have_units_and_days_may_be_text() {
        for size in ["\"120 MB\"", "\"120MB\"", "120000000"] {
            let policy = parsed(&format!("[policy]\nmax-size = {size}\n"))
                .expect(size)
                .policy;
            assert_eq!(policy.max_size, Some(120_000_000));
        }
        for day in ["2026-12-31", "'2026-12-31'"] {
            let text = format!("[[policy.allow]]\nrule = 'sudo'\nreason = 'x'\nexpires = {day}\n");
            let policy = parsed(&text).expect(day).policy;
            assert_eq!(policy.exceptions[0].expires, "2026-12-31".parse().ok());
        }
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place() {
        let cases = [
            (
                "[policy]\nmax-size = 'much'\n",
                "line 2, column 12: expected a size",
            ),
            (
                "[policy]\nmax-size = -1\n",
                "line 2, column 12: expected a size",
            ),
            (
                "[policy]\nforbid = ['shel']\n",
                "line 2, column 11: `shel` cannot be forbidden; did you mean `shell`?",
            ),
            (
                "[policy]\nforbid = ['quantum-computer-x']\n",
                "use the name of an image rule or one of `cache`, `compiler`",
            ),
            (
                "[policy]\nmax-file = 1\n",
                "unknown field `max-file`; did you mean `max-files`?",
            ),
            (
                "[[policy.allow]]\nrule = 'sudo'\n",
                "line 1, column 1: an exception needs a `reason`",
            ),
            (
                "[[policy.allow]]\nreason = ' '\nrule = 'sudo'\n",
                "an exception needs a `reason`",
            ),
            (
                "[[policy.allow]]\nreason = 'x'\n",
                "an exception needs a `path`, a `package` or a `rule`",
            ),
            (
                "[[policy.allow]]\nreason = 'x'\npath = '/[a'\n",
                "line 3, column 8: invalid glob",
            ),
            (
                "[[policy.allow]]\nreason = 'x'\npath = 'usr/bin/su'\n",
                "expected a path that starts with `/`",
            ),
            (
                "[[policy.allow]]\nreason = 'x'\nrule = 'sudoo'\n",
                "line 3, column 8: there is no rule `sudoo`; did you mean `sudo`?",
            ),
            (
                "[[policy.allow]]\nreason = 'x'\nrule = 'DL3008'\n",
                "`DL3008` is not a rule for images",
            ),
            (
                "[[policy.allow]]\nreason = 'x'\nrule = 'sudo'\nexpires = 'soon'\n",
                "line 4, column 11: expected a date",
            ),
            (
                "[[policy.allow]]\nreason = 'x'\nrule = 'sudo'\nexpires = 2026-12-31T10:00:00\n",
                "expected a date",
            ),
        ];
        for (text, expected) in cases {
            let error = parsed(text).expect_err(text);
            assert!(error.contains(expected), "{text}\n{error}");
        }
    }

    #[test]
    fn the_schema_has_the_keys_that_are_read() {
        let keys = |message: String| {
            let (_, list) = message
                .split_once("expected one of ")
                .expect("it lists what is known");
            let mut keys: Vec<String> = list
                .split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect();
            keys.sort_unstable();
            keys
        };
        let described = |value: &serde_json::Value| {
            let mut keys: Vec<String> = value
                .as_object()
                .expect("it is an object")
                .keys()
                .cloned()
                .collect();
            keys.sort_unstable();
            keys
        };
        let schema = schema();
        let policy = &schema["properties"]["policy"]["properties"];
        let unknown = |error: Option<toml::de::Error>| {
            error.expect("the key is not known").message().to_owned()
        };
        assert_eq!(
            described(policy),
            keys(unknown(
                toml::from_str::<PolicyTable>("no-such-key = 1").err()
            ))
        );
        let allow = &policy["allow"]["items"]["properties"];
        assert_eq!(
            described(allow),
            keys(unknown(
                toml::from_str::<AllowTable>("no-such-key = 1").err()
            ))
        );
        let forbid = policy["forbid"]["items"]["anyOf"][0]["enum"]
            .as_array()
            .expect("it is a list");
        assert!(
            forbid
                .iter()
                .filter_map(|word| word.as_str())
                .eq(Policy::kinds())
        );
    }
}
