//! The `[policy]` of `.jettison.toml`.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytesize::ByteSize;
use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Value;

use super::ConfigError;
use super::own::origin;
use crate::lint::image::{Exception, Pattern, Policy};
use crate::lint::{Registry, SettingKey};
use crate::source::Source;
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AllowTable {
    path: Option<Spanned<String>>,
    package: Option<Spanned<String>>,
    rule: Option<Spanned<String>>,
    reason: Option<Spanned<String>>,
    expires: Option<Spanned<Value>>,
}

/// An error at a byte of the file.
type At<'a> = &'a dyn Fn(usize, String) -> ConfigError;

pub(super) fn policy(
    table: PolicyTable,
    registry: &Registry,
    source: &Arc<Source>,
    at: At<'_>,
) -> Result<Policy, ConfigError> {
    let mut policy = Policy::default();
    policy.origins.add(
        SettingKey::Name("max-size"),
        table.max_size.as_ref().map(|size| origin(source, size)),
    );
    policy.origins.add(
        SettingKey::Name("max-packages"),
        table.max_packages.as_ref().map(|most| origin(source, most)),
    );
    policy.origins.add(
        SettingKey::Name("max-files"),
        table.max_files.as_ref().map(|most| origin(source, most)),
    );
    policy.max_packages = table.max_packages.map(Spanned::into_inner);
    policy.max_files = table.max_files.map(Spanned::into_inner);
    if let Some(size) = table.max_size {
        let reason = || {
            at(
                size.span().start,
                "expected a size such as `\"120 MB\"`, or a number of bytes".to_owned(),
            )
        };
        policy.max_size = Some(bytes(size.get_ref()).ok_or_else(reason)?);
    }
    for kind in &table.forbid {
        if !policy.forbid(kind.get_ref(), Some(origin(source, kind)), registry) {
            return Err(at(
                kind.span().start,
                unknown_word(kind.get_ref(), registry),
            ));
        }
    }
    for (index, allow) in table.allow.into_iter().enumerate() {
        let start = allow.span().start;
        let expires = allow
            .get_ref()
            .expires
            .as_ref()
            .map(|day| origin(source, day));
        policy.origins.add(SettingKey::Exception(index), expires);
        policy
            .exceptions
            .push(exception(allow.into_inner(), start, registry, at)?);
    }
    Ok(policy)
}

fn bytes(value: &Value) -> Option<u64> {
    match value {
        Value::Integer(bytes) => u64::try_from(*bytes).ok(),
        Value::String(text) => text.parse().ok().map(|ByteSize(bytes)| bytes),
        _ => None,
    }
}

/// The error for a word in `forbid` that is neither a kind of thing nor an image rule.
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

fn exception(
    table: AllowTable,
    start: usize,
    registry: &Registry,
    at: At<'_>,
) -> Result<Exception, ConfigError> {
    let AllowTable {
        path,
        package,
        rule,
        reason,
        expires,
    } = table;
    let reason = reason.filter(|reason| !reason.get_ref().trim().is_empty());
    let Some(reason) = reason else {
        return Err(at(start, "an exception needs a `reason`".to_owned()));
    };
    let named = [("path", &path), ("package", &package), ("rule", &rule)];
    let named = named
        .iter()
        .filter_map(|(key, value)| Some(format!("{key} `{}`", value.as_ref()?.get_ref())));
    let name = named.collect::<Vec<_>>().join(" and ");
    if name.is_empty() {
        return Err(at(
            start,
            "an exception needs a `path`, a `package` or a `rule`".to_owned(),
        ));
    }
    let pattern = |text: Spanned<String>| {
        if text.get_ref().len() > limits::PATTERN {
            let limit = limits::shown(limits::PATTERN as u64);
            let message = format!("the glob has more than {limit}");
            return Err(at(text.span().start, message));
        }
        let no_glob = |error: globset::Error| {
            at(
                text.span().start,
                format!("it is no glob: {}", error.kind()),
            )
        };
        Pattern::new(text.get_ref()).map_err(no_glob)
    };
    let path = path.map(|path| {
        if path.get_ref().starts_with('/') {
            pattern(path)
        } else {
            Err(at(
                path.span().start,
                "a path of an image starts with `/`; `/**` is any".to_owned(),
            ))
        }
    });
    Ok(Exception {
        name,
        path: path.transpose()?,
        package: package.map(pattern).transpose()?,
        rules: rule
            .map(|rule| rules(&rule, registry, at))
            .transpose()?
            .unwrap_or_default(),
        reason: reason.into_inner(),
        expires: expires.map(|day| expiry(&day, at)).transpose()?,
    })
}

/// The rules for images that a name or an alias means.
fn rules(
    name: &Spanned<String>,
    registry: &Registry,
    at: At<'_>,
) -> Result<BTreeSet<&'static str>, ConfigError> {
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
    let reason = if pages.is_empty() {
        registry.unknown(name.get_ref()).to_string()
    } else {
        format!("`{}` is no rule for images", name.get_ref())
    };
    Err(at(name.span().start, reason))
}

/// A date of TOML, or the same as text.
fn expiry(value: &Spanned<Value>, at: At<'_>) -> Result<Date, ConfigError> {
    let text = match value.get_ref() {
        Value::Datetime(day) => day.to_string(),
        Value::String(day) => day.clone(),
        _ => String::new(),
    };
    let is_day = text.len() == "2026-12-31".len();
    let day = text.parse().ok().filter(|_| is_day);
    day.ok_or_else(|| {
        at(
            value.span().start,
            "expected a day such as `2026-12-31`".to_owned(),
        )
    })
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
                "line 3, column 8: it is no glob",
            ),
            (
                "[[policy.allow]]\nreason = 'x'\npath = 'usr/bin/su'\n",
                "a path of an image starts with `/`",
            ),
            (
                "[[policy.allow]]\nreason = 'x'\nrule = 'sudoo'\n",
                "line 3, column 8: there is no rule `sudoo`; did you mean `sudo`?",
            ),
            (
                "[[policy.allow]]\nreason = 'x'\nrule = 'DL3008'\n",
                "`DL3008` is no rule for images",
            ),
            (
                "[[policy.allow]]\nreason = 'x'\nrule = 'sudo'\nexpires = 'soon'\n",
                "line 4, column 11: expected a day",
            ),
            (
                "[[policy.allow]]\nreason = 'x'\nrule = 'sudo'\nexpires = 2026-12-31T10:00:00\n",
                "expected a day",
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
