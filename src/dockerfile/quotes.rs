//! Quotes in the text of an instruction: whether a place is inside of them.

use super::syntax::Joined;

/// The quotes of a text, read from its start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quotes {
    open: Option<char>,
    is_escaped: bool,
}

impl Quotes {
    /// Reads the next character.
    pub fn read(&mut self, char: char, escape: char) {
        if self.is_escaped {
            self.is_escaped = false;
        } else if char == escape && self.open != Some('\'') {
            // As in a shell, nothing is escaped between single quotes.
            self.is_escaped = true;
        } else if self.open == Some(char) {
            self.open = None;
        } else if self.open.is_none() && matches!(char, '\'' | '"') {
            self.open = Some(char);
        }
    }

    pub fn are_open(self) -> bool {
        self.open.is_some()
    }

    /// Whether the next character has no special meaning because an escape precedes it.
    pub fn is_escaped(self) -> bool {
        self.is_escaped
    }
}

/// Whether quotes of a joined text are open at a place in the file; `None` if the text has no
/// character there or after it.
pub fn are_quotes_open_at(text: &Joined, place: usize, escape: char) -> Option<bool> {
    let mut quotes = Quotes::default();
    for (at, char) in text.as_str().char_indices() {
        if text.source_offset(at) >= place {
            return Some(quotes.are_open());
        }
        quotes.read(char, escape);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_open_after(text: &str) -> bool {
        let mut quotes = Quotes::default();
        for char in text.chars() {
            quotes.read(char, '\\');
        }
        quotes.are_open()
    }

    #[test]
    fn open_quotes_are_found_as_a_shell_would() {
        for text in ["a \"b", "'a\\' 'b", "\"it's", "\"a\\\"b"] {
            assert!(are_open_after(text), "{text}");
        }
        for text in ["", "a \"b\"", "'a\"'", "it\\'s", "\"it's\""] {
            assert!(!are_open_after(text), "{text}");
        }
    }
}
