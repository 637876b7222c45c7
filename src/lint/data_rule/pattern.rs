//! The patterns of rules that are data. A repository can contain them, so they are bounded: regular
//! expressions take linear time, and large ones are refused.

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::DataRuleError;
use crate::paths::Glob;

/// Longest pattern, in bytes.
const LENGTH: usize = 4 << 10;
/// Largest compiled pattern, in bytes.
const COMPILED: usize = 1 << 20;

/// A text, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "WordsText")]
pub struct Words(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text, or a list of them")]
enum WordsText {
    One(String),
    Several(Vec<String>),
}

impl From<WordsText> for Words {
    fn from(text: WordsText) -> Self {
        match text {
            WordsText::One(text) => Self(vec![text]),
            WordsText::Several(list) => Self(list),
        }
    }
}

impl Words {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(super) fn to_vec(&self) -> Vec<String> {
        self.0.clone()
    }
}

/// Globs, one of which has to match; none match everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Globs(Vec<Glob>);

impl Globs {
    pub(super) fn new(key: &'static str, words: &Words) -> Result<Self, DataRuleError> {
        let mut globs = Vec::new();
        for word in words.iter() {
            if word.len() > LENGTH {
                return Err(DataRuleError::new(key, "the pattern is longer than 4 KiB"));
            }
            globs.push(Glob::new(word).map_err(|error| {
                DataRuleError::new(key, format!("invalid glob: {}", error.kind()))
            })?);
        }
        Ok(Self(globs))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_match(&self, name: impl AsRef<[u8]>) -> bool {
        let name = name.as_ref();
        self.0.is_empty() || self.0.iter().any(|glob| glob.is_match(name))
    }
}

pub(super) fn regex(
    key: &'static str,
    pattern: Option<&str>,
) -> Result<Option<Regex>, DataRuleError> {
    let Some(pattern) = pattern else {
        return Ok(None);
    };
    if pattern.len() > LENGTH {
        return Err(DataRuleError::new(key, "the pattern is longer than 4 KiB"));
    }
    let compiled = RegexBuilder::new(pattern)
        .size_limit(COMPILED)
        .dfa_size_limit(COMPILED)
        .multi_line(true)
        .build();
    match compiled {
        Ok(regex) => Ok(Some(regex)),
        Err(regex::Error::CompiledTooBig(_)) => {
            Err(DataRuleError::new(key, "the pattern is too large"))
        }
        Err(error) => {
            // The other lines draw the pattern, for which an error has no place.
            let error = error.to_string();
            let last = error.lines().last().unwrap_or_default();
            let reason = last.trim_start_matches("error: ");
            Err(DataRuleError::new(
                key,
                format!("invalid pattern: {reason}"),
            ))
        }
    }
}
