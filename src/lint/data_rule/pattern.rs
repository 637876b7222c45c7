//! The patterns of rules that are data. A repository can contain them, so they are bounded: large
//! ones are refused, and what they may take at worst is counted before they are used.

use regex::bytes::{Captures, Regex, RegexBuilder};
use serde::Deserialize;

use super::DataRuleError;
use super::budget::RuleBudget;
use crate::paths::Glob;

/// Longest regular expression, in bytes.
const LENGTH: usize = 4 << 10;
/// Longest word in a list, in bytes.
const WORD: usize = 256;
/// Maximum number of `?`, `[` and `{` in a glob: each doubles the states of the automaton at worst.
const CHOICES: usize = 8;
/// Sizes of compiled patterns in bytes, of which the smallest that is enough counts.
const COMPILED: [u32; 4] = [4 << 10, 8 << 10, 16 << 10, 32 << 10];
/// Bytes of a compiled pattern for each nanosecond that a byte of text takes at worst: if the
/// automaton gets too large, all states are tried, each of which has 24 bytes and takes 4 ns.
const SIZE_FOR_STEP: u32 = 24 / 4;
/// Time in nanoseconds to look at a short name.
const NAME: u64 = 64;

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

    pub(in crate::lint) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Globs, one of which has to match; none match everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Globs(Vec<Glob>);

impl Globs {
    pub(super) fn new(key: &'static str, words: &Words) -> Result<Self, DataRuleError> {
        check_length(key, words)?;
        let mut globs = Vec::new();
        for word in words.iter() {
            if word.matches(['?', '[', '{']).count() > CHOICES {
                let reason = format!("the glob has more than {CHOICES} of `?`, `[` and `{{`");
                return Err(DataRuleError::new(key, reason));
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

    pub(super) fn is_match(&self, name: impl AsRef<[u8]>, budget: &mut RuleBudget) -> bool {
        let name = name.as_ref();
        let cost = (NAME + name.len() as u64) * self.0.len() as u64;
        self.0.is_empty() || budget.spend(cost) && self.0.iter().any(|glob| glob.is_match(name))
    }
}

/// Words that are compared as they are.
pub(super) fn plain(key: &'static str, words: &Words) -> Result<Vec<String>, DataRuleError> {
    check_length(key, words)?;
    Ok(words.0.clone())
}

/// Whether a word is in a list.
pub(super) fn contains(list: &[String], word: &str, budget: &mut RuleBudget) -> bool {
    budget.spend(NAME * list.len() as u64) && list.iter().any(|one| one == word)
}

fn check_length(key: &'static str, words: &Words) -> Result<(), DataRuleError> {
    if words.iter().any(|word| word.len() > WORD) {
        let reason = format!("longer than {WORD} bytes");
        return Err(DataRuleError::new(key, reason));
    }
    Ok(())
}

/// A regular expression, and the time in nanoseconds to match one byte of text at worst.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    regex: Regex,
    cost: u64,
}

impl Pattern {
    pub(super) fn new(
        key: &'static str,
        pattern: Option<&str>,
    ) -> Result<Option<Self>, DataRuleError> {
        let Some(pattern) = pattern else {
            return Ok(None);
        };
        if pattern.len() > LENGTH {
            return Err(DataRuleError::new(key, "the pattern is longer than 4 KiB"));
        }
        for size in COMPILED {
            let compiled = RegexBuilder::new(pattern)
                .size_limit(size as usize)
                .dfa_size_limit(4 * COMPILED[3] as usize)
                .multi_line(true)
                // The tables of Unicode are a hundred times as large as those of ASCII, and
                // Dockerfiles are ASCII but for texts.
                .unicode(false)
                .build();
            match compiled {
                Ok(regex) => {
                    let cost = u64::from(size / SIZE_FOR_STEP);
                    return Ok(Some(Self { regex, cost }));
                }
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(error) => {
                    // The other lines draw the pattern, for which an error has no place.
                    let error = error.to_string();
                    let last = error.lines().last().unwrap_or_default();
                    let reason = last.trim_start_matches("error: ");
                    let reason = format!("invalid pattern: {reason}");
                    return Err(DataRuleError::new(key, reason));
                }
            }
        }
        Err(DataRuleError::new(key, "the pattern is too large"))
    }

    pub(super) fn is_match(&self, text: &str, budget: &mut RuleBudget) -> bool {
        budget.spend(self.cost_of(text)) && self.regex.is_match(text.as_bytes())
    }

    /// The first match.
    pub(super) fn find<'t>(&self, text: &'t str, budget: &mut RuleBudget) -> Option<Captures<'t>> {
        if !budget.spend(self.cost_of(text)) {
            return None;
        }
        self.regex.captures(text.as_bytes())
    }

    fn cost_of(&self, text: &str) -> u64 {
        NAME + self.cost * text.len() as u64
    }
}
