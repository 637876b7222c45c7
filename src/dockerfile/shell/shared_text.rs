//! Slices of a reference-counted text. With separate `String`s, nested words would copy their inner
//! words at every level, and a hostile script can have a hundred thousand levels.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// A range of a shared text, which dereferences to `str`.
#[derive(Clone)]
pub struct SharedText {
    text: Arc<str>,
    range: Range<usize>,
}

impl SharedText {
    pub(super) fn new(text: &Arc<str>, range: Range<usize>) -> Self {
        Self {
            text: Arc::clone(text),
            range,
        }
    }

    pub fn as_str(&self) -> &str {
        &self.text[self.range.clone()]
    }
}

// For words that are not part of a script, such as those of an exec form.
impl From<&str> for SharedText {
    fn from(text: &str) -> Self {
        Self {
            text: Arc::from(text),
            range: 0..text.len(),
        }
    }
}

// Rules use a word's text like a `String`, so it has the same traits: `Deref`, comparison with
// `str`, `Debug` and `Display`.
impl Deref for SharedText {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for SharedText {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for SharedText {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for SharedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for SharedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
