//! Types of label values.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::LazyLock;

/// The types of a label schema, by hadolint's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabelType {
    /// Any value, including an empty one.
    RawText,
    /// Any value that is not empty.
    Text,
    Url,
    /// [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339): `2026-11-22T10:00:00Z`.
    Rfc3339,
    /// An expression of [SPDX](https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/)
    /// identifiers.
    Spdx,
    /// The hash of a Git commit, in full or shortened to at least 7 digits.
    Hash,
    /// [Semantic Versioning 2.0.0](https://semver.org).
    Semver,
    /// An address of [RFC 5322](https://www.rfc-editor.org/rfc/rfc5322), without display name and
    /// comments.
    Email,
}

impl LabelType {
    pub const NAMES: [(&'static str, Self); 8] = [
        ("rawtext", Self::RawText),
        ("text", Self::Text),
        ("url", Self::Url),
        ("rfc3339", Self::Rfc3339),
        ("spdx", Self::Spdx),
        ("hash", Self::Hash),
        ("semver", Self::Semver),
        ("email", Self::Email),
    ];

    /// Whether a value that is not empty is of this type.
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
        for (name, kind) in Self::NAMES {
            if name == text {
                return Ok(kind);
            }
        }
        let names = Self::NAMES.map(|(name, _)| name).join("`, `");
        Err(format!("unknown label type `{text}`; use one of `{names}`"))
    }
}

/// An absolute URI: a scheme, a colon, and no whitespace.
fn is_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once(':') else {
        return false;
    };
    // RFC 3986 allows even fewer characters, but hadolint accepts these.
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !rest.trim_start_matches('/').is_empty()
        && rest
            .chars()
            .all(|c| c.is_ascii_graphic() && !"<>\"{}|\\^`".contains(c))
}

/// Whether a value is a time such as `2021-03-10T10:26:33.5+01:00`.
///
/// jiff checks the calendar. It accepts more forms than RFC 3339: without separators or seconds,
/// and with the name of a time zone.
fn is_rfc3339(value: &str) -> bool {
    let bytes = value.as_bytes();
    let separators = [
        (4, b"--"),
        (7, b"--"),
        (10, b"Tt"),
        (13, b"::"),
        (16, b"::"),
    ];
    for (index, separator) in separators {
        if !bytes
            .get(index)
            .is_some_and(|byte| separator.contains(byte))
        {
            return false;
        }
    }
    !value.contains('[') && value.parse::<jiff::Timestamp>().is_ok()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a value is a SHA-1, whole or shortened, or a SHA-256.
fn is_hash(value: &str) -> bool {
    let digits = value
        .bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    digits && (matches!(value.len(), 7..=40) || value.len() == 64)
}

fn is_semver(value: &str) -> bool {
    let (value, build) = match value.split_once('+') {
        Some((value, build)) => (value, Some(build)),
        None => (value, None),
    };
    let (core, pre_release) = match value.split_once('-') {
        Some((core, pre_release)) => (core, Some(pre_release)),
        None => (value, None),
    };
    core.split('.').count() == 3
        && core.split('.').all(is_semver_number)
        && pre_release.is_none_or(|text| text.split('.').all(is_pre_release_part))
        && build.is_none_or(|text| text.split('.').all(is_semver_identifier))
}

/// Whether a text is a number without leading zeros.
fn is_semver_number(part: &str) -> bool {
    is_digits(part) && (part == "0" || !part.starts_with('0'))
}

/// Whether a text is an identifier of a pre-release, in which numbers have no leading zeros. Build
/// metadata may have them.
fn is_pre_release_part(part: &str) -> bool {
    is_semver_identifier(part) && (!is_digits(part) || is_semver_number(part))
}

fn is_semver_identifier(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else {
        return false;
    };
    // Almost any quoted local part is valid, even with spaces.
    let quoted = local.len() > 2
        && local.starts_with('"')
        && local.ends_with('"')
        && !local.contains(['\n', '\r']);
    let literal = domain.starts_with('[') && domain.ends_with(']') && domain.len() > 2;
    (quoted || local.split('.').all(is_atom)) && (literal || domain.split('.').all(is_atom))
}

/// Whether a text is an `atom` of RFC 5322, including non-ASCII characters (RFC 6532).
fn is_atom(text: &str) -> bool {
    let is_allowed = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    !text.is_empty() && text.chars().all(is_allowed)
}

/// Identifiers of the SPDX license list and its exceptions, by their lower-case forms.
static IDENTIFIERS: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let licenses = spdx::identifiers::LICENSES
        .iter()
        .map(|license| license.name);
    let exceptions = spdx::identifiers::EXCEPTIONS
        .iter()
        .map(|exception| exception.name);
    let names = licenses.chain(exceptions);
    names
        .map(|name| (name.to_ascii_lowercase(), name))
        .collect()
});

/// Whether a value is an expression such as `(a OR b) AND c WITH exception`.
///
/// The specification ignores the case of identifiers. The parser does not, so they are normalized
/// first.
fn is_spdx(value: &str) -> bool {
    const MODE: spdx::ParseMode = spdx::ParseMode {
        allow_postfix_plus_on_gpl: true,
        allow_deprecated: true,
        ..spdx::ParseMode::STRICT
    };
    // There may be no whitespace between parentheses and words.
    let spaced = value.replace('(', " ( ").replace(')', " ) ");
    let mut expression = String::new();
    for word in spaced.split_whitespace() {
        // `GPL-2.0+` means `GPL-2.0` "or later".
        let (name, plus) = match word.strip_suffix('+') {
            Some(name) => (name, "+"),
            None => (word, ""),
        };
        let lower = name.to_ascii_lowercase();
        expression.push_str(IDENTIFIERS.get(&lower).copied().unwrap_or(name));
        expression.push_str(plus);
        expression.push(' ');
    }
    spdx::Expression::parse_mode(expression.trim_end(), MODE).is_ok()
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
    fn a_time_must_be_a_valid_rfc_3339_date() {
        let good = [
            "2021-03-10T10:26:33.564595127+01:00",
            "2024-02-29t23:59:60z",
        ];
        let bad = [
            "2023-02-29T00:00:00Z",
            "2021-03-10",
            "2021-03-10T10:26:33",
            "2021-3-10T10:26:33Z",
            "20210310T102633Z",
            "2021-03-10T10:26Z",
            "2021-03-10 10:26:33Z",
            "2021-03-10T10:26:33+01:00[Europe/Berlin]",
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
    fn a_license_label_must_be_a_spdx_expression() {
        let good = [
            "MIT",
            "Apache-2.0 OR MIT",
            "(GPL-2.0+ WITH Bison-exception-2.2) AND BSD-3-Clause",
            "LicenseRef-ours",
            "DocumentRef-theirs:LicenseRef-ours",
            "mit or apache-2.0",
            "gpl-3.0",
        ];
        holds(
            LabelType::Spdx,
            &good,
            &[
                "",
                "not-spdx",
                "MIT AND",
                "MIT MIT",
                "(MIT",
                "MIT)",
                "MIT/Apache-2.0",
                "GPL",
            ],
        );
    }

    #[test]
    fn an_email_address_needs_two_valid_sides() {
        holds(
            LabelType::Email,
            &["abcd@google.com", "a.b+c@example.org"],
            &["abcd", "@x", "a@", "a..b@c.org", "a b@c.org"],
        );
    }
}
