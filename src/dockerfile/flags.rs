//! Flags of each instruction, and the values that BuildKit accepts for them.

use std::collections::HashSet;

use super::syntax::{Flag, Kind, SyntaxError};

/// Kind of value after the `=` of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    /// Nothing, `true` or `false`.
    Switch,
    Text,
    /// Text; the flag may be given more than once.
    Texts,
    OneOf(&'static [&'static str]),
    /// A Go duration such as `1m30s`: 0, or at least a millisecond.
    Duration,
    /// A number that is not negative.
    Count,
}

/// Flags of BuildKit's `frontend/dockerfile/instructions/parse.go`, including those of its labs
/// channel.
fn known(kind: Kind) -> &'static [(&'static str, Value)] {
    // A `# syntax=` line can select any frontend, so a flag counts as known if any channel has it.
    match kind {
        Kind::Add => &[
            ("checksum", Value::Text),
            ("chmod", Value::Text),
            ("chown", Value::Text),
            ("exclude", Value::Texts),
            ("keep-git-dir", Value::Switch),
            ("link", Value::Switch),
            ("unpack", Value::Switch),
        ],
        Kind::Copy => &[
            ("chmod", Value::Text),
            ("chown", Value::Text),
            ("exclude", Value::Texts),
            ("from", Value::Text),
            ("link", Value::Switch),
            ("parents", Value::Switch),
        ],
        Kind::From => &[("platform", Value::Text)],
        Kind::Healthcheck => &[
            ("interval", Value::Duration),
            ("retries", Value::Count),
            ("start-interval", Value::Duration),
            ("start-period", Value::Duration),
            ("timeout", Value::Duration),
        ],
        Kind::Run => &[
            ("device", Value::Texts),
            ("mount", Value::Texts),
            ("network", Value::OneOf(&["default", "host", "none"])),
            ("security", Value::OneOf(&["insecure", "sandbox"])),
        ],
        _ => &[],
    }
}

/// Adds an error for every flag that BuildKit would reject.
pub(super) fn check(kind: Kind, flags: &[Flag], errors: &mut Vec<SyntaxError>) {
    let mut given = HashSet::new();
    for flag in flags {
        let name = flag.name.as_str();
        let Some(&(_, value)) = known(kind).iter().find(|(known, _)| *known == name) else {
            errors.push(SyntaxError {
                span: flag.name_span,
                message: format!("`{}` has no flag `--{name}`", kind.name()),
            });
            continue;
        };
        if !given.insert(name) && value != Value::Texts {
            errors.push(SyntaxError {
                span: flag.name_span,
                message: format!("duplicate flag `--{name}`"),
            });
        }
        if let Some(message) = check_value(flag, value) {
            let span = flag.value.as_ref().map_or(flag.span, |value| value.span);
            errors.push(SyntaxError { span, message });
        }
    }
}

/// Returns the error that BuildKit would report about a flag's value.
fn check_value(flag: &Flag, value: Value) -> Option<String> {
    let name = flag.name.as_str();
    let Some(word) = &flag.value else {
        // A switch without a value is true.
        if value == Value::Switch {
            return None;
        }
        return Some(format!("`--{name}` needs a value"));
    };
    // BuildKit does not expand variables in the flags that are checked here.
    let text = word.literal().unwrap_or(word.text.as_str());
    let (is_valid, expected) = match value {
        Value::Switch if text.is_empty() => {
            return Some(format!("`--{name}` needs a value after `=`"));
        }
        Value::Switch => (
            text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"),
            "`true` or `false`".to_owned(),
        ),
        Value::OneOf(names) => (
            names.contains(&text),
            format!("one of `{}`", names.join("`, `")),
        ),
        // BuildKit treats an empty duration or count as the default.
        Value::Duration => (
            text.is_empty() || is_duration(text),
            "a duration such as `1m30s`, 0 or at least `1ms`".to_owned(),
        ),
        Value::Count => (
            text.is_empty() || text.parse::<u32>().is_ok(),
            "a number".to_owned(),
        ),
        Value::Text | Value::Texts => return None,
    };
    if is_valid {
        None
    } else {
        Some(format!("`--{name}` must be {expected}"))
    }
}

/// Returns true for a text that Go's `time.ParseDuration` parses and whose value Docker accepts.
fn is_duration(text: &str) -> bool {
    // A negative duration is valid in Go, but rejected by Docker, so only `+` is stripped.
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut milliseconds = 0.0;
    // 0 is the only number that Go accepts without a unit.
    if rest == "0" {
        return true;
    }
    while !rest.is_empty() {
        let number_end = rest
            .find(|char: char| !char.is_ascii_digit() && char != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(number_end);
        let unit_end = after
            .find(|char: char| char.is_ascii_digit() || char == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let factor = match unit {
            "ns" => 1e-6,
            // Go accepts U+00B5 (micro sign) and U+03BC (Greek letter mu).
            "us" | "µs" | "μs" => 1e-3,
            "ms" => 1.0,
            "s" => 1e3,
            "m" => 6e4,
            "h" => 3.6e6,
            _ => return false,
        };
        let Ok(number) = number.parse::<f64>() else {
            return false;
        };
        milliseconds += number * factor;
        rest = after;
    }
    // Docker's `container.MinimumDuration` is 1 ms; 0 means the default.
    !text.is_empty() && (milliseconds == 0.0 || milliseconds >= 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for text in [
            "0", "5s", "1m30s", "1.5h", ".5s", "1ms", "2us3ms", "0s", "+1s",
        ] {
            assert!(is_duration(text), "{text}");
        }
        for text in ["5", "s", "-1s", "1d", "1 s", "1us", "1s5", ".s"] {
            assert!(!is_duration(text), "{text}");
        }
    }
}
