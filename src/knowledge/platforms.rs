//! Platforms, from `rules/platforms.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/platforms.toml")).expect("the tests read the table")
});

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    systems: Vec<String>,
    architectures: Vec<String>,
    aliases: BTreeMap<String, String>,
}

/// The usual name of an operating system or an architecture in lowercase: `amd64` for `x86_64`.
/// Any other word stays as it is.
pub fn usual_platform_name(word: &str) -> &str {
    TABLE.aliases.get(word).map_or(word, String::as_str)
}

/// Returns true for an operating system or an architecture in lowercase, under any of its names.
pub fn is_system_or_architecture(word: &str) -> bool {
    let name = usual_platform_name(word);
    let table = &*TABLE;
    let mut known = table.systems.iter().chain(&table.architectures);
    known.any(|known| known == name)
}

/// Returns true for a text that containerd parses as a platform: `linux`, `arm64`, `linux/arm/v7`,
/// `windows(10.0.17763)/amd64`.
pub fn is_platform(text: &str) -> bool {
    let mut parts = text.split('/');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    if rest.len() > 2 || !is_system_word(first) || !rest.iter().all(|part| is_word(part, "_.-")) {
        return false;
    }
    // With a `/`, any names will do: they may be of a newer platform.
    if !rest.is_empty() {
        return true;
    }
    let lower = first.to_ascii_lowercase();
    let system = lower.split('(').next().unwrap_or_default();
    is_system_or_architecture(system)
}

/// The first part: a name, and perhaps a version and features in parentheses.
fn is_system_word(text: &str) -> bool {
    let Some((name, options)) = text.split_once('(') else {
        return is_word(text, "_-");
    };
    let Some(options) = options.strip_suffix(')') else {
        return false;
    };
    is_word(name, "_-") && options.split('+').all(|option| is_text(option, "_.%-"))
}

fn is_word(text: &str, punctuation: &str) -> bool {
    !text.is_empty() && is_text(text, punctuation)
}

fn is_text(text: &str, punctuation: &str) -> bool {
    text.chars()
        .all(|char| char.is_ascii_alphanumeric() || punctuation.contains(char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_parsed_as_containerd_does() {
        for text in [
            "linux",
            "ARM64",
            "x86_64",
            "linux/amd64",
            "linux/arm/v7",
            "new/thing",
            "windows(10.0.17763)/amd64",
            "windows(10.0.17763+win32k)",
            "macos",
        ] {
            assert!(is_platform(text), "{text}");
        }
        for text in [
            "",
            "abc",
            "linux/",
            "/amd64",
            "linux/arm/v7/x",
            "linux/*",
            "linux amd64",
            "linux(",
            "linux,arm64",
            "linux:amd64",
        ] {
            assert!(!is_platform(text), "{text}");
        }
    }

    #[test]
    fn platform_aliases_refer_to_known_words() {
        for (alias, name) in &TABLE.aliases {
            assert!(is_system_or_architecture(name), "{name}");
            assert!(is_system_or_architecture(alias), "{alias}");
        }
    }

    #[test]
    fn platform_lists_are_sorted_without_duplicates() {
        for list in [&TABLE.systems, &TABLE.architectures] {
            assert!(list.is_sorted_by(|one, next| one < next), "{list:?}");
        }
    }
}
