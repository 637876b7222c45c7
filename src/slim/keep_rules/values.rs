//! Variables in configuration files: `${NAME}`, with the values of the image's environment and of
//! the scripts that set them for the program.

use std::borrow::Cow;
use std::collections::HashMap;

use super::page::KeepPage;
use super::{wildcard, words};
use crate::slim::variables::{MAX_VALUE, MAX_VARIABLES};
use crate::slim::view::View;

/// The values of variables by name.
type Values = HashMap<String, String>;

/// The values that each rule knows. Its scripts are read once, however many files it reads.
#[derive(Debug, Default)]
pub(super) struct KnownValues(HashMap<&'static str, Values>);

impl KnownValues {
    /// A text with the values of the variables in it, if the rule knows where they are set. A
    /// variable without a known value stays as it is.
    pub(super) fn filled_in<'t>(
        &mut self,
        view: &View<'_>,
        page: &'static KeepPage,
        text: &'t [u8],
    ) -> Cow<'t, [u8]> {
        if page.variables_in.is_empty() || memchr::memmem::find(text, b"${").is_none() {
            return Cow::Borrowed(text);
        }
        let values = self.0.entry(page.name);
        let values = values.or_insert_with(|| values_for(view, page));
        Cow::Owned(replace(values, text))
    }
}

/// The variables of the image, and those that the scripts of a page assign.
fn values_for(view: &View<'_>, page: &KeepPage) -> Values {
    let mut values = Values::new();
    for entry in view.image.config.env() {
        if let Some((name, value)) = entry.split_once('=') {
            values.insert(name.to_owned(), value.to_owned());
        }
    }
    for pattern in &page.variables_in {
        for found in wildcard::expand(view.tree(), pattern.as_bytes()) {
            if let Some(script) = view.bytes(found.name) {
                learn(&mut values, &String::from_utf8_lossy(&script));
            }
        }
    }
    values
}

/// Reads the assignments of a script: `A=1`, `export A=1`, `: ${A:=1}`. A value that needs a shell
/// is none.
fn learn(values: &mut Values, script: &str) {
    for line in script.lines() {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let default = line.strip_prefix(": ").map(unquoted);
        let default = default
            .and_then(|line| line.strip_prefix("${"))
            .and_then(|line| line.split_once('}'))
            .and_then(|(inside, _)| inside.split_once(":="));
        let Some((name, value)) = default.or_else(|| line.split_once('=')) else {
            continue;
        };
        let is_name = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
        let is_set = default.is_some() && values.contains_key(name);
        if !name.bytes().all(is_name) || is_set || values.len() >= MAX_VARIABLES {
            continue;
        }
        if let Some(value) = expanded(values, unquoted(value)) {
            values.insert(name.to_owned(), value);
        }
    }
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

/// A value with those of the variables in it.
fn expanded(values: &Values, text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let braced = after
            .strip_prefix('{')
            .and_then(|text| text.split_once('}'));
        let (name, after) = braced.unwrap_or_else(|| {
            let is_end = |char: char| char != '_' && !char.is_ascii_alphanumeric();
            after.split_at(after.find(is_end).unwrap_or(after.len()))
        });
        out.push_str(values.get(name)?);
        rest = after;
        if out.len() > MAX_VALUE {
            return None;
        }
    }
    out.push_str(rest);
    let is_plain = !out.contains([' ', '\t', '`', '(', ';', '|', '&']);
    if is_plain && out.len() <= MAX_VALUE {
        Some(out)
    } else {
        None
    }
}

/// Replaces the variables in a text. Lines stay where they are: a value has no line break.
fn replace(values: &Values, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    // A long value that is used thousands of times is no setting.
    while let Some(at) = memchr::memmem::find(rest, b"${")
        && out.len() <= words::MAX_TEXT
    {
        let (before, variable) = rest.split_at(at);
        out.extend_from_slice(before);
        let inside = &variable[2..];
        let value = memchr::memchr(b'}', &inside[..inside.len().min(MAX_VALUE)])
            .and_then(|end| Some((std::str::from_utf8(&inside[..end]).ok()?, end)))
            .and_then(|(name, end)| Some((values.get(name)?, end)));
        if let Some((value, end)) = value {
            out.extend_from_slice(value.replace('\n', " ").as_bytes());
            rest = &inside[end + 1..];
        } else {
            out.extend_from_slice(b"${");
            rest = inside;
        }
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text with the variables of a script.
    fn text(script: &str, text: &str) -> String {
        let mut values = Values::from([("SET".to_owned(), "before".to_owned())]);
        learn(&mut values, script);
        String::from_utf8(replace(&values, text.as_bytes())).unwrap()
    }

    #[test]
    fn variables_have_the_values_that_the_script_assigns() {
        let script = "SUFFIX=\nexport LOG=/var/log/apache2$SUFFIX\n: \"${RUN:=/run/apache2}\"\n\
            : ${SET:=after}\n: ${PORT:=80}\nA=`id`\nexport B=\"$LOG/b\"\n";
        for (before, expected) in [
            (
                "CustomLog ${LOG}/x.log combined",
                "CustomLog /var/log/apache2/x.log combined",
            ),
            ("${RUN}/a ${B}", "/run/apache2/a /var/log/apache2/b"),
            ("Listen ${PORT}", "Listen 80"),
            ("${SET}", "before"),
            ("${A} ${NONE} ${", "${A} ${NONE} ${"),
        ] {
            assert_eq!(text(script, before), expected);
        }
    }

    #[test]
    fn a_value_that_doubles_ends_at_the_limit() {
        let script = "A=xxxxxxxx\n".to_owned() + &"A=$A$A\n".repeat(100);
        let long = text(&script, &"${A}".repeat(10_000));
        assert!(long.len() < 2 * words::MAX_TEXT, "{}", long.len());
    }
}
