//! Signals, from `rules/signals.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/signals.toml")).expect("the tests read the table")
});

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Table {
    numbers: BTreeMap<String, u8>,
    aliases: BTreeMap<String, String>,
    real_time: RealTime,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RealTime {
    above_minimum: u8,
    below_maximum: u8,
}

/// Returns true for a text that Docker accepts as a signal: a name in any case, with or without
/// `SIG`, or a number.
pub fn is_signal(text: &str) -> bool {
    // Docker takes every number but 0, whether or not there is such a signal.
    match text.parse::<i64>() {
        Ok(number) => number != 0,
        Err(_) => signal_name(text).is_some(),
    }
}

/// The full name of a signal, `SIGTERM` for `term` or `15`; `None` if it has no name.
pub fn signal_name(text: &str) -> Option<String> {
    let table = &*TABLE;
    if let Ok(number) = text.parse::<u8>() {
        let mut names = table.numbers.iter();
        return names
            .find(|(_, known)| **known == number)
            .map(|(name, _)| format!("SIG{name}"));
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let is_known =
        table.numbers.contains_key(name) || table.aliases.contains_key(name) || is_real_time(name);
    if is_known {
        Some(format!("SIG{name}"))
    } else {
        None
    }
}

/// The names of the signals, without `SIG`, in alphabetical order.
pub fn signal_names() -> impl Iterator<Item = &'static str> {
    TABLE.numbers.keys().map(String::as_str)
}

fn is_real_time(name: &str) -> bool {
    let limits = &TABLE.real_time;
    let (distance, most) = if let Some(rest) = name.strip_prefix("RTMIN") {
        (rest.strip_prefix('+').unwrap_or(rest), limits.above_minimum)
    } else if let Some(rest) = name.strip_prefix("RTMAX") {
        (rest.strip_prefix('-').unwrap_or(rest), limits.below_maximum)
    } else {
        return false;
    };
    // The limits themselves have no distance.
    if name.len() == "RTMIN".len() {
        return true;
    }
    // `RTMIN+03` is not in Docker's table.
    let is_canonical = !distance.starts_with(['0', '+']) && name.contains(['+', '-']);
    is_canonical
        && distance
            .parse::<u8>()
            .is_ok_and(|distance| distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names_and_numbers() {
        for text in [
            "SIGTERM",
            "term",
            "SigHup",
            "15",
            "99",
            "-1",
            "IOT",
            "SIGRTMIN+3",
            "rtmax",
            "RTMAX-14",
        ] {
            assert!(is_signal(text), "{text}");
        }
        for text in [
            "",
            "0",
            "FOO",
            "$",
            "SIG",
            "SIGSIGTERM",
            "SIGTERM # x",
            "RTMIN+16",
            "RTMAX+1",
            "RTMIN3",
            "RTMIN+03",
            "15 ",
        ] {
            assert!(!is_signal(text), "{text}");
        }
    }

    #[test]
    fn a_signal_number_maps_to_its_canonical_name() {
        assert_eq!(signal_name("6").as_deref(), Some("SIGABRT"));
        assert_eq!(signal_name("quit").as_deref(), Some("SIGQUIT"));
        assert_eq!(signal_name("64"), None);
    }

    #[test]
    fn signal_aliases_refer_to_known_signals() {
        let table = &*TABLE;
        for name in table.aliases.values() {
            assert!(table.numbers.contains_key(name), "{name}");
        }
    }
}
