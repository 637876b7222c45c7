//! The query of a Git URL, checked as BuildKit checks it.

use std::collections::BTreeMap;

use crate::dockerfile::is_boolean;
use crate::suggestion;

/// The names in a query whose values are texts.
const TEXTS: [&str; 6] = ["branch", "checksum", "commit", "ref", "subdir", "tag"];

/// The names that can stand without a value, which is then true.
const SWITCHES: [&str; 3] = ["fetch-by-commit", "keep-git-dir", "submodules"];

/// The values of `mtime`.
const TIMES: [&str; 2] = ["checkout", "commit"];

/// The first reason why BuildKit refuses the query of a Git URL.
///
/// Source: `loadQuery` in `frontend/dockerfile/dfgitutil/git_ref.go` of moby/buildkit, August 2026.
pub(in crate::rules) fn query_fault(url: &str) -> Option<String> {
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (_, query) = url.split_once('?')?;
    let fields = fields(query);
    for (name, values) in &fields {
        if let Some(fault) = field_fault(name, values) {
            return Some(fault);
        }
    }
    conflict(&fields, fragment)
}

/// The value of a name in the query of a Git URL, or the empty text.
pub(in crate::rules) fn query_value(url: &str, name: &str) -> Option<String> {
    let url = url.split('#').next().unwrap_or_default();
    let (_, query) = url.split_once('?')?;
    fields(query).remove(name)?.pop()
}

/// The values of each name in a query.
fn fields(query: &str) -> BTreeMap<String, Vec<String>> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in query.split('&') {
        // Go's `url.ParseQuery` refuses a semicolon, and `URL.Query` drops what is refused.
        if pair.is_empty() || pair.contains(';') {
            continue;
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if let (Some(name), Some(value)) = (decoded(name), decoded(value)) {
            fields.entry(name).or_default().push(value);
        }
    }
    fields
}

/// A text with its `%` escapes decoded; `None` if one is wrong.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn field_fault(name: &str, values: &[String]) -> Option<String> {
    let is_switch = SWITCHES.contains(&name);
    if !is_switch && name != "mtime" && !TEXTS.contains(&name) {
        let known = TEXTS.into_iter().chain(SWITCHES).chain(["mtime"]);
        let near = suggestion::closest(name, known);
        let near = near.map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
        return Some(format!("`{name}` is not a Git URL parameter{near}"));
    }
    let [value] = values else {
        return Some(format!("`{name}` is given more than once"));
    };
    match name {
        _ if value.is_empty() && is_switch => None,
        _ if value.is_empty() => Some(format!("`{name}` has no value")),
        "mtime" if !TIMES.contains(&value.as_str()) => {
            Some("`mtime` must be `checkout` or `commit`".to_owned())
        }
        _ if is_switch && !is_boolean(value) => {
            Some(format!("`{name}` must be `true` or `false`, not `{value}`"))
        }
        _ => None,
    }
}

/// The contradiction between two names, or between one and the fragment: `#REF:DIRECTORY`.
fn conflict(fields: &BTreeMap<String, Vec<String>>, fragment: &str) -> Option<String> {
    let (fragment_ref, fragment_directory) = fragment.split_once(':').unwrap_or((fragment, ""));
    let (tag, branch) = (first(fields, "tag"), first(fields, "branch"));
    if tag.is_some() && branch.is_some() {
        return Some("both `tag` and `branch` are given".to_owned());
    }
    let mut refs = Vec::new();
    if !fragment_ref.is_empty() {
        refs.push(fragment_ref.to_owned());
    }
    refs.extend(first(fields, "ref").map(str::to_owned));
    refs.extend(tag.map(|tag| full_name("refs/tags/", tag)));
    refs.extend(branch.map(|branch| full_name("refs/heads/", branch)));
    if let Some((first, others)) = refs.split_first()
        && let Some(other) = others.iter().find(|&other| other != first)
    {
        return Some(format!(
            "the URL specifies two different refs: `{first}` and `{other}`"
        ));
    }
    let directory = first(fields, "subdir")?;
    let fragment_directory = fragment_directory.trim_matches('/');
    if fragment_directory.is_empty() || fragment_directory == directory {
        return None;
    }
    Some(format!(
        "the URL specifies two different directories: `{fragment_directory}` and `{directory}`"
    ))
}

/// The first value of a name.
fn first<'f>(fields: &'f BTreeMap<String, Vec<String>>, name: &str) -> Option<&'f str> {
    Some(fields.get(name)?.first()?.as_str())
}

fn full_name(prefix: &str, name: &str) -> String {
    if name.starts_with(prefix) {
        name.to_owned()
    } else {
        format!("{prefix}{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(rest: &str) -> Option<String> {
        query_fault(&format!("https://example.com/a.git{rest}"))
    }

    #[test]
    fn valid_queries_are_accepted() {
        for rest in [
            "",
            "#main:dir",
            "?ref=v1",
            "?ref=v1#v1",
            "?tag=v1&subdir=x",
            "?branch=main&ref=refs/heads/main",
            "?keep-git-dir",
            "?submodules=0&mtime=commit",
            "?checksum=24eb9b2388822de8f2521f64",
            "?r%65f=v1",
            "?&",
            "?ref=v1&subdir=a;b",
        ] {
            assert_eq!(fault(rest), None, "{rest}");
        }
    }

    #[test]
    fn values_are_checked() {
        for (rest, message) in [
            ("?ref", "`ref` has no value"),
            ("?subdir=", "`subdir` has no value"),
            ("?ref=a&ref=a", "`ref` is given more than once"),
            (
                "?rev=a",
                "`rev` is not a Git URL parameter: did you mean `ref`?",
            ),
            ("?=a", "`` is not a Git URL parameter"),
            (
                "?submodules=no",
                "`submodules` must be `true` or `false`, not `no`",
            ),
            ("?mtime=now", "`mtime` must be `checkout` or `commit`"),
        ] {
            assert_eq!(fault(rest).as_deref(), Some(message), "{rest}");
        }
    }

    #[test]
    fn a_url_names_one_reference_and_one_directory() {
        for rest in [
            "?ref=a#b",
            "?tag=a#a",
            "?tag=a&ref=a",
            "?branch=a&ref=a",
            "?tag=a&branch=a",
            "?subdir=a#:b",
        ] {
            assert!(fault(rest).is_some(), "{rest}");
        }
    }

    #[test]
    fn a_value_is_decoded() {
        let value = query_value(
            "https://example.com/a.git?a=1&checksum=%61b#c?checksum=d",
            "checksum",
        );
        assert_eq!(value.as_deref(), Some("ab"));
    }
}
