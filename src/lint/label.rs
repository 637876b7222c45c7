//! What the value of a label can be asked to be.

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::LazyLock;

/// The types that a label schema knows, under hadolint's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabelType {
    /// Anything, an empty value too.
    RawText,
    /// Anything but nothing.
    Text,
    Url,
    /// [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339): `2026-11-22T10:00:00Z`.
    Rfc3339,
    /// An expression of [SPDX](https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/)
    /// identifiers.
    Spdx,
    /// A commit of Git, whole or shortened to seven digits at least.
    Hash,
    /// [Semantic Versioning 2.0.0](https://semver.org).
    Semver,
    /// The address of [RFC 5322](https://www.rfc-editor.org/rfc/rfc5322), without display name and
    /// comments.
    Email,
}

impl LabelType {
    const NAMES: [(&'static str, Self); 8] = [
        ("rawtext", Self::RawText),
        ("text", Self::Text),
        ("url", Self::Url),
        ("rfc3339", Self::Rfc3339),
        ("spdx", Self::Spdx),
        ("hash", Self::Hash),
        ("semver", Self::Semver),
        ("email", Self::Email),
    ];

    /// Whether a value, not empty, is of this type.
    pub fn accepts(self, value: &str) -> bool {
        match self {
            Self::RawText | Self::Text => true,
            Self::Url => is_url(value),
            Self::Rfc3339 => is_rfc3339(value),
            Self::Spdx => is_spdx(value),
            Self::Hash => is_hash(value),
            Self::Semver => is_semver(value),
            Self::Email => is_email(value),
        }
    }
}

impl FromStr for LabelType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::NAMES.iter().find(|(name, _)| *name == text);
        known.map(|&(_, kind)| kind).ok_or_else(|| {
            let names: Vec<&str> = Self::NAMES.iter().map(|(name, _)| *name).collect();
            format!(
                "`{text}` is no type of a label; there are {}",
                names.join(", ")
            )
        })
    }
}

/// An absolute URI: a scheme, a colon, and no blanks.
fn is_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once(':') else {
        return false;
    };
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let in_rest = |c: char| c.is_ascii_graphic() && !"<>\"{}|\\^`".contains(c);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(in_scheme)
        && !rest.trim_start_matches('/').is_empty()
        && rest.chars().all(in_rest)
}

fn is_rfc3339(value: &str) -> bool {
    let value = value.to_ascii_uppercase();
    let Some((date, time)) = value.split_once('T') else {
        return false;
    };
    let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
    is_date(date) && is_time(&time[..zone]) && is_zone(&time[zone..])
}

fn is_date(text: &str) -> bool {
    let [Some(year), Some(month), Some(day)] = numbers(text, '-', [4, 2, 2]) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn is_time(text: &str) -> bool {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let [Some(hour), Some(minute), Some(second)] = numbers(clock, ':', [2, 2, 2]) else {
        return false;
    };
    // 60 is a leap second.
    hour < 24 && minute < 60 && second <= 60 && is_digits(fraction)
}

fn is_zone(text: &str) -> bool {
    let Some(offset) = text.strip_prefix(['+', '-']) else {
        return text == "Z";
    };
    matches!(numbers(offset, ':', [2, 2]), [Some(hour), Some(minute)] if hour < 24 && minute < 60)
}

/// Numbers of so many digits each, with a mark between them and nothing else.
fn numbers<const N: usize>(text: &str, mark: char, digits: [usize; N]) -> [Option<u32>; N] {
    let parts: Vec<&str> = text.split(mark).collect();
    std::array::from_fn(|at| {
        let part = parts
            .get(at)
            .filter(|part| parts.len() == N && part.len() == digits[at] && is_digits(part))?;
        part.parse().ok()
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_hash(value: &str) -> bool {
    let digits = value
        .bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    digits && (matches!(value.len(), 7..=40) || value.len() == 64)
}

fn is_semver(value: &str) -> bool {
    let (value, build) = value
        .split_once('+')
        .map_or((value, None), |(value, build)| (value, Some(build)));
    let (core, before) = value
        .split_once('-')
        .map_or((value, None), |(core, before)| (core, Some(before)));
    let no_leading_zero = |part: &str| part == "0" || !part.starts_with('0');
    let identifier = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    core.split('.').count() == 3
        && core
            .split('.')
            .all(|part| is_digits(part) && no_leading_zero(part))
        && before.is_none_or(|text| {
            text.split('.')
                .all(|part| identifier(part) && (!is_digits(part) || no_leading_zero(part)))
        })
        && build.is_none_or(|text| text.split('.').all(identifier))
}

fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else {
        return false;
    };
    let atom = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
    };
    let quoted = local.len() > 2
        && local.starts_with('"')
        && local.ends_with('"')
        && !local.contains(['\n', '\r']);
    let literal = domain.starts_with('[') && domain.ends_with(']') && domain.len() > 2;
    (quoted || local.split('.').all(atom)) && (literal || domain.split('.').all(atom))
}

static IDENTIFIERS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let lines = include_str!("../../rules/spdx.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    lines.map(str::to_ascii_lowercase).collect()
});

/// `identifier`, `(a OR b) AND c WITH exception`. Case does not matter, as the specification has
/// it.
fn is_spdx(value: &str) -> bool {
    let spaced = value.replace('(', " ( ").replace(')', " ) ");
    let mut depth = 0_usize;
    let mut wants_operand = true;
    for word in spaced.split_whitespace() {
        match word {
            "(" if wants_operand => depth += 1,
            ")" if !wants_operand && depth > 0 => depth -= 1,
            "AND" | "OR" | "WITH" | "and" | "or" | "with" if !wants_operand => wants_operand = true,
            word if wants_operand && is_license(word) => wants_operand = false,
            _ => return false,
        }
    }
    depth == 0 && !wants_operand
}

fn is_license(word: &str) -> bool {
    let own = word
        .rsplit(':')
        .next()
        .is_some_and(|name| name.starts_with("LicenseRef-"));
    let lower = word.to_ascii_lowercase();
    own || IDENTIFIERS.contains(&lower)
        || lower
            .strip_suffix('+')
            .is_some_and(|lower| IDENTIFIERS.contains(lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(kind: LabelType, good: &[&str], bad: &[&str]) {
        for value in good {
            assert!(kind.accepts(value), "{kind:?} {value}");
        }
        for value in bad {
            assert!(!kind.accepts(value), "{kind:?} {value}");
        }
    }

    #[test]
    fn a_url_has_a_scheme() {
        holds(
            LabelType::Url,
            &["https://example.com/a?b#c", "mailto:me@example.org"],
            &["example.com", "http://", "a b:c"],
        );
    }

    #[test]
    fn a_time_is_one_of_the_calendar() {
        let good = [
            "2021-03-10T10:26:33.564595127+01:00",
            "2024-02-29t23:59:60z",
        ];
        let bad = [
            "2023-02-29T00:00:00Z",
            "2021-03-10",
            "2021-03-10T10:26:33",
            "2021-3-10T10:26:33Z",
            "yesterday",
        ];
        holds(LabelType::Rfc3339, &good, &bad);
    }

    #[test]
    fn a_version_has_three_numbers() {
        holds(
            LabelType::Semver,
            &["1.0.0", "2.0.1-rc1", "1.2.3-a.1+b.007"],
            &["1.0", "v1.0.0", "01.0.0", "1.0.0-01", "1.0.0-"],
        );
    }

    #[test]
    fn a_hash_is_lower_case_hexadecimal() {
        let whole = "43c572f1272b6b3171dd1db9e41b7027128ce080";
        holds(
            LabelType::Hash,
            &[whole, "43c572f"],
            &["43c572", "43C572F", "main", &whole.repeat(2)],
        );
    }

    #[test]
    fn an_expression_of_licenses_is_read() {
        let good = [
            "MIT",
            "Apache-2.0 OR MIT",
            "(GPL-2.0+ WITH Bison-exception-2.2) AND BSD-3-Clause",
            "LicenseRef-ours",
        ];
        holds(
            LabelType::Spdx,
            &good,
            &["", "not-spdx", "MIT AND", "MIT MIT", "(MIT", "MIT)"],
        );
    }

    #[test]
    fn an_address_has_two_sides() {
        holds(
            LabelType::Email,
            &["abcd@google.com", "a.b+c@example.org"],
            &["abcd", "@x", "a@", "a..b@c.org", "a b@c.org"],
        );
    }
}
