//! Answers of a run: its later passes check most texts again.

use std::collections::HashMap;
use std::sync::Arc;

use super::budget::Answered;
use crate::trust::Key;

/// Bytes of the answers that are kept. Those of 1,000 usual files take less.
const MAX_BYTES: usize = 32 << 20;

/// Answers by the key of their text.
#[derive(Debug, Default)]
pub(super) struct KnownAnswers {
    answers: HashMap<Key, Arc<Answered>>,
    bytes: usize,
}

impl KnownAnswers {
    pub(super) fn get(&self, text: &str) -> Option<Arc<Answered>> {
        self.answers.get(&key(text)).cloned()
    }

    /// Adds an answer if there is room for it.
    pub(super) fn add(&mut self, text: &str, answer: Answered) -> Arc<Answered> {
        let bytes = answer.size();
        let answer = Arc::new(answer);
        // An exhausted budget is no property of the text.
        if answer.is_final() && bytes <= MAX_BYTES - self.bytes {
            self.bytes += bytes;
            self.answers.insert(key(text), Arc::clone(&answer));
        }
        answer
    }
}

fn key(text: &str) -> Key {
    Key::of(&[text.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::super::budget::Reason;
    use super::*;

    #[test]
    fn answers_are_kept_as_long_as_there_is_room() {
        let mut known = KnownAnswers::default();
        known.add("a", Answered::Comments(Vec::new()));
        known.add("b", Answered::Unchecked(Reason::Time));
        known.add("c", Answered::Unchecked(Reason::FileTime(8)));
        known.bytes = MAX_BYTES;
        known.add("d", Answered::Comments(Vec::new()));
        let is_known = ["a", "b", "c", "d"].map(|text| known.get(text).is_some());
        assert_eq!(is_known, [true, true, false, false]);
    }
}
