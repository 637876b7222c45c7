//! Flags of each instruction, and the values that BuildKit accepts for them.

use std::collections::HashSet;

use super::frontend::FrontendVersion;
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
    /// A device of the Container Device Interface: `NAME[,required]`. The flag may be given more
    /// than once.
    Devices,
}

/// Flags of BuildKit's `frontend/dockerfile/instructions/parse.go`, including those of its labs
/// channel.
fn known(kind: Kind) -> &'static [(&'static str, Value)] {
    // A flag counts as known if any channel has it: a `# syntax=` line can select any frontend, and
    // `too_new` compares it with a pinned one.
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
            ("device", Value::Devices),
            ("mount", Value::Texts),
            ("network", Value::OneOf(&["default", "host", "none"])),
            ("security", Value::OneOf(&["insecure", "sandbox"])),
        ],
        _ => &[],
    }
}

/// Whether BuildKit reads the flags of an instruction; it ignores those of the others.
pub(super) fn are_read(kind: Kind, arguments: &str) -> bool {
    match kind {
        // `parseStopSignal` and `parseArg` do not look at them. After an unknown keyword an error
        // about its flags would only be noise.
        Kind::Stopsignal | Kind::Arg | Kind::Unknown => false,
        // Nor does `parseHealthcheck` if there is no check.
        Kind::Healthcheck => !arguments.eq_ignore_ascii_case("NONE"),
        _ => true,
    }
}

/// Adds an error for every flag that BuildKit would refuse.
pub(super) fn check(
    kind: Kind,
    flags: &[Flag],
    frontend: Option<FrontendVersion>,
    errors: &mut Vec<SyntaxError>,
) {
    let mut given = HashSet::new();
    for flag in flags {
        let name = flag.name.as_str();
        let Some(&(_, value)) = known(kind).iter().find(|(known, _)| *known == name) else {
            errors.push(SyntaxError::new(
                flag.name_span,
                format!("`{}` has no flag `--{name}`", kind.name()),
            ));
            continue;
        };
        if let Some(frontend) = frontend {
            errors.extend(too_new(flag, frontend));
        }
        let is_list = matches!(value, Value::Texts | Value::Devices);
        if !given.insert(name) && !is_list {
            errors.push(SyntaxError::new(
                flag.name_span,
                format!("duplicate flag `--{name}`"),
            ));
        }
        if let Some(message) = check_value(flag, value) {
            let span = flag.value.as_ref().map_or(flag.span, |value| value.span);
            errors.push(SyntaxError::new(span, message));
        }
    }
}

/// The error of a flag that the frontend of the file does not have yet.
fn too_new(flag: &Flag, frontend: FrontendVersion) -> Option<SyntaxError> {
    let text = match &flag.value {
        Some(value) => format!("--{}={}", flag.name, value.text.as_str()),
        None => format!("--{}", flag.name),
    };
    let feature = frontend.lacking(&text)?;
    // A symbolic mode is newer than its flag.
    let is_value = feature
        .mark
        .split_once('=')
        .is_some_and(|(_, value)| !value.is_empty());
    let message = if is_value {
        format!(
            "this frontend does not support this value of `--{}`",
            flag.name
        )
    } else {
        format!("this frontend does not support `--{}`", flag.name)
    };
    let note = format!(
        "use `# syntax=docker/dockerfile:{}` or later",
        feature.first_version()
    );
    Some(SyntaxError::new(flag.span, message).with_note(note))
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
        // `strconv.ParseInt` with 32 bits.
        Value::Count => (
            text.is_empty() || text.parse::<i32>().is_ok_and(|count| count >= 0),
            "a number".to_owned(),
        ),
        Value::Devices => (
            is_device(text),
            "a device name, optionally with `required`".to_owned(),
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
    // Docker's `container.MinimumDuration` is 1 ms; 0 selects the default.
    let is_in_range = milliseconds == 0.0 || (1.0..=LONGEST_DURATION).contains(&milliseconds);
    !text.is_empty() && is_in_range
}

/// The most milliseconds of a `time.Duration`, which counts nanoseconds in 64 bits.
const LONGEST_DURATION: f64 = 9.223_372_036e12;

/// Returns true for a text that BuildKit's `ParseDevice` accepts.
fn is_device(text: &str) -> bool {
    let mut has_name = false;
    for field in text.split(',') {
        match field.split_once('=') {
            Some((key, _)) if key.eq_ignore_ascii_case("name") => {
                // The name may be given once.
                if has_name {
                    return false;
                }
                has_name = true;
            }
            Some((key, value)) if key.eq_ignore_ascii_case("required") => {
                if !is_boolean(value) {
                    return false;
                }
            }
            None if field.eq_ignore_ascii_case("required") => {}
            // The first field of any other form is the name, such as `vendor.com/class=device`.
            _ if has_name => return false,
            _ => has_name = true,
        }
    }
    // The CSV reader fails on an empty text.
    !text.is_empty()
}

/// Returns true for a word that Go's `strconv.ParseBool` accepts.
pub fn is_boolean(text: &str) -> bool {
    matches!(
        text,
        "1" | "t" | "T" | "true" | "TRUE" | "True" | "0" | "f" | "F" | "false" | "FALSE" | "False"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_parsed_as_go_does() {
        for text in [
            "0", "5s", "1m30s", "1.5h", ".5s", "1ms", "2us3ms", "0s", "+1s",
        ] {
            assert!(is_duration(text), "{text}");
        }
        for text in ["5", "s", "-1s", "1d", "1 s", "1us", "1s5", ".s", "3000000h"] {
            assert!(!is_duration(text), "{text}");
        }
    }

    #[test]
    fn a_device_flag_names_exactly_one_device() {
        for text in ["vendor.com/gpu=all", "gpu,required", "name=a,required=true"] {
            assert!(is_device(text), "{text}");
        }
        for text in ["", "a,b", "a,required=x", "name=a,name=b", "a,c=d"] {
            assert!(!is_device(text), "{text}");
        }
    }

    #[test]
    fn flags_of_stopsignal_and_healthcheck_none_are_not_checked() {
        assert!(!are_read(Kind::Stopsignal, "SIGTERM"));
        assert!(!are_read(Kind::Healthcheck, "none"));
        assert!(are_read(Kind::Healthcheck, "CMD true"));
    }
}
