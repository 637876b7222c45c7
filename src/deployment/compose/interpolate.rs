//! Variables in the values of Compose files, and the `.env` files that set them.
//!
//! Only `.env` files and defaults give values: the environment in which jettison runs is not
//! the one in which the containers are started.

use std::collections::{BTreeMap, BTreeSet};

use super::super::hidden::HiddenValues;
use super::super::place::Place;
use crate::deployment::yaml::{Budget, Node, Origin, Scalar, Value};

/// Variables with known values.
#[derive(Debug, Default)]
pub(super) struct Environment(BTreeMap<String, String>);

/// The longest value after replacement; longer ones are unknown.
const MAX_LENGTH: usize = 64 << 10;
/// The deepest nesting of `${A:-${B}}`.
const MAX_DEPTH: usize = 16;

impl Environment {
    /// Reads a `.env` file: lines of `NAME=value`, with comments and quotes.
    pub(super) fn parse(text: &str) -> Self {
        let mut values = BTreeMap::new();
        for line in text.lines() {
            let line = line.trim_start();
            let line = line.strip_prefix("export ").unwrap_or(line);
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            if !line.starts_with('#') {
                values.insert(name.trim_end().to_owned(), unquoted(value.trim()));
            }
        }
        Self(values)
    }

    /// Replaces the variables in all scalars of a tree; keys are left as they are. Values count
    /// towards the budget; the rest is unknown when it is exceeded. Texts with values of the
    /// environment are added to `hidden`.
    pub(super) fn apply(
        &self,
        node: &mut Node,
        budget: &mut Budget<'_>,
        hidden: &mut HiddenValues,
    ) {
        match &mut node.value {
            Value::Null => {}
            Value::Scalar(scalar) => self.apply_to(scalar, node.place, budget, hidden),
            Value::List(items) => {
                for item in items {
                    self.apply(item, budget, hidden);
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    self.apply(&mut entry.value, budget, hidden);
                }
            }
        }
    }

    fn apply_to(
        &self,
        scalar: &mut Scalar,
        place: Place,
        budget: &mut Budget<'_>,
        hidden: &mut HiddenValues,
    ) {
        if !scalar.text.contains('$') {
            return;
        }
        if budget.is_exceeded() {
            scalar.origin = Origin::Unknown;
            return;
        }
        let mut replaced = Replaced::default();
        let mut origin = self.replace(&scalar.text, &mut replaced, 0);
        if !budget.take(replaced.text.len()) {
            origin = Origin::Unknown;
        }
        scalar.origin = scalar.origin.max(origin);
        if origin != Origin::Unknown {
            for name in &replaced.names {
                hidden.add(&self.0[*name], &reference(name));
            }
            if !replaced.names.is_empty() {
                hidden.add_text(place, &replaced.text, &replaced.shown);
            }
            scalar.text = replaced.text;
        }
    }

    /// Appends a text with its variables replaced. Without a value, nothing is promised of `out`.
    fn replace<'s>(&'s self, text: &str, out: &mut Replaced<'s>, depth: usize) -> Origin {
        if depth > MAX_DEPTH {
            return Origin::Unknown;
        }
        let mut origin = Origin::Written;
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                out.push("$");
                rest = after;
            } else if let Some(inside) = rest.strip_prefix('{') {
                let Some(end) = closing_brace(inside) else {
                    return Origin::Unknown;
                };
                origin = origin.max(self.expand(&inside[..end], out, depth));
                rest = &inside[end + 1..];
            } else {
                let length = name_length(rest);
                if length == 0 {
                    out.push("$");
                } else {
                    origin = origin.max(self.value(&rest[..length], out));
                    rest = &rest[length..];
                }
            }
            if origin == Origin::Unknown || out.text.len() > MAX_LENGTH {
                return Origin::Unknown;
            }
        }
        out.push(rest);
        origin
    }

    fn value<'s>(&'s self, name: &str, out: &mut Replaced<'s>) -> Origin {
        let Some((name, value)) = self.0.get_key_value(name) else {
            return Origin::Unknown;
        };
        // A value may be used thousands of times, so it is not even copied.
        if out.text.len() + value.len() > MAX_LENGTH {
            return Origin::Unknown;
        }
        out.text.push_str(value);
        out.shown.push_str(&reference(name));
        out.names.insert(name);
        Origin::Variables
    }

    /// Expands what is between braces: a name, and an operator with its operand.
    fn expand<'s>(&'s self, inside: &str, out: &mut Replaced<'s>, depth: usize) -> Origin {
        let (name, rest) = inside.split_at(name_length(inside));
        if name.is_empty() {
            return Origin::Unknown;
        }
        let known = self.0.get(name);
        // With a colon, an empty value counts as unset.
        let (operator, is_set) = match rest.strip_prefix(':') {
            Some(rest) => (rest, known.is_some_and(|value| !value.is_empty())),
            None => (rest, known.is_some()),
        };
        match (operator.chars().next(), is_set) {
            (Some('-'), false) | (Some('+'), true) => {
                let origin = self.replace(&operator[1..], out, depth + 1);
                origin.max(Origin::Variables)
            }
            // Unset and without an alternative: the caller's environment may still set it.
            (Some('+'), false) => Origin::Variables,
            _ => self.value(name, out),
        }
    }
}

/// A text whose variables are replaced.
#[derive(Debug, Default)]
struct Replaced<'s> {
    text: String,
    /// The same with the names of the variables whose values come from the environment.
    shown: String,
    /// These names.
    names: BTreeSet<&'s str>,
}

impl Replaced<'_> {
    /// Appends a part that is written in the file.
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.shown.push_str(text);
    }
}

fn reference(name: &str) -> String {
    format!("${{{name}}}")
}

/// The position of the brace that closes the one before `text`.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The length of the name that a text starts with.
fn name_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count()
}

/// A value without its quotes, or without the comment behind it.
fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(inside) = value.strip_prefix(quote)
            && let Some((inside, _)) = inside.split_once(quote)
        {
            return inside.to_owned();
        }
    }
    match value.split_once(" #") {
        Some((value, _)) => value.trim_end().to_owned(),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_choose_between_values_and_defaults() {
        let environment =
            Environment::parse("A=1\nexport B='x y' # c\nE=\n# C=2\nD=\"q\"\nF=v # c\n");
        for (text, expected) in [
            ("$A-${B}", Some("1-x y")),
            ("${C:-d}", Some("d")),
            ("${C-${A}}", Some("1")),
            ("${E:-d}${E-d}", Some("d")),
            ("${A:+yes}${C:+yes}", Some("yes")),
            ("$$A $5", Some("$A $5")),
            ("${C}", None),
            ("$C", None),
            ("${C:?must be set}", None),
            ("${A:?must be set}${D}${F}", Some("1qv")),
            ("${", None),
        ] {
            let mut out = Replaced::default();
            let origin = environment.replace(text, &mut out, 0);
            let value = if origin == Origin::Unknown {
                None
            } else {
                Some(out.text.as_str())
            };
            assert_eq!(value, expected, "{text}");
        }
    }

    #[test]
    fn values_of_the_environment_are_shown_as_names_and_defaults_as_they_are() {
        let environment = Environment::parse("A=1\nB=x y\nE=\n");
        for (text, shown, names) in [
            ("$A-${B:-d}", "${A}-${B}", &["A", "B"][..]),
            ("${C:-d}$$", "d$", &[]),
            ("${C-${A}}", "${A}", &["A"]),
            ("${A:+yes}", "yes", &[]),
            ("${E:-d}${E-d}", "d${E}", &["E"]),
        ] {
            let mut out = Replaced::default();
            environment.replace(text, &mut out, 0);
            let found: Vec<&str> = out.names.into_iter().collect();
            assert_eq!((out.shown.as_str(), &found[..]), (shown, names), "{text}");
        }
    }

    #[test]
    fn nested_defaults_have_a_limit() {
        let text = "${A:-".repeat(50_000);
        let mut out = Replaced::default();
        assert_eq!(
            Environment::default().replace(&text, &mut out, 0),
            Origin::Unknown
        );
    }
}
