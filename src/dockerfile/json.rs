//! The exec form (JSON form) of arguments: an array of strings with their locations.

use std::ops::Range;

use super::syntax::Joined;

/// The three interpretations of arguments that start with `[`.
#[derive(Debug)]
pub(super) enum Form {
    Array(Array),
    /// A JSON array that does not consist of strings; BuildKit rejects it.
    NotStrings,
    /// Text for the shell or a list of words, because it is not JSON.
    Other,
}

/// Offsets of an array in the joined text.
#[derive(Debug, Default)]
pub(super) struct Array {
    pub(super) strings: Vec<Item>,
    /// `[`, `,` and `]`.
    pub(super) punctuation: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Item {
    /// Range of the string, quotes included.
    pub(super) range: Range<usize>,
    /// Text of the string, escapes decoded.
    pub(super) value: Joined,
}

pub(super) fn read(joined: &Joined, range: Range<usize>) -> Form {
    let text = &joined.as_str()[..range.end];
    if !text[range.start..].starts_with('[') {
        return Form::Other;
    }
    let mut reader = Reader {
        joined,
        text,
        at: range.start,
    };
    if let Some(array) = reader.array() {
        return Form::Array(array);
    }
    // BuildKit's `parseJSON` fails with `errDockerfileNotStringArray` for `[1]`, but falls back to
    // the shell form for text that is not JSON, such as `[ -f x ]`.
    match serde_json::from_str::<Vec<serde::de::IgnoredAny>>(&text[range.start..]) {
        Ok(_) => Form::NotStrings,
        Err(_) => Form::Other,
    }
}

// This is a separate parser, because serde_json does not report where each string starts and ends.

struct Reader<'a> {
    joined: &'a Joined,
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    /// Parses the array; `None` unless it consists of strings and nothing follows it.
    fn array(&mut self) -> Option<Array> {
        let mut array = Array::default();
        array.punctuation.push(self.accept(b'[')?);
        if let Some(end) = self.accept(b']') {
            array.punctuation.push(end);
        } else {
            loop {
                array.strings.push(self.string()?);
                if let Some(comma) = self.accept(b',') {
                    array.punctuation.push(comma);
                } else {
                    array.punctuation.push(self.accept(b']')?);
                    break;
                }
            }
        }
        self.skip_blanks();
        // `["a"] b` is not JSON, so the shell gets all of it.
        if self.at < self.text.len() {
            return None;
        }
        Some(array)
    }

    fn skip_blanks(&mut self) {
        // JSON only allows these whitespace characters. A no-break space makes the array a text for
        // the shell.
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Consumes `byte` if it comes next, and returns its position.
    fn accept(&mut self, byte: u8) -> Option<usize> {
        self.skip_blanks();
        if self.peek() != Some(byte) {
            return None;
        }
        self.at += 1;
        Some(self.at - 1)
    }

    fn string(&mut self) -> Option<Item> {
        let start = self.accept(b'"')?;
        let mut value = Joined::default();
        loop {
            let rest = &self.text[self.at..];
            let length = rest.find(|char| matches!(char, '"' | '\\' | '\0'..='\x1f'))?;
            self.push(&mut value, length);
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(Item {
                        range: start..self.at,
                        value,
                    });
                }
                b'\\' => self.escape(&mut value)?,
                // A control character must be escaped in JSON.
                _ => return None,
            }
        }
    }

    /// Adds the next `length` bytes unchanged.
    fn push(&mut self, value: &mut Joined, length: usize) {
        let end = self.at + length;
        value.push_part(self.joined, self.at..end);
        self.at = end;
    }

    fn escape(&mut self, value: &mut Joined) -> Option<()> {
        let start = self.at;
        self.at += 2;
        let char = match self.text.as_bytes().get(start + 1)? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return None,
        };
        // The location of the decoded character is that of the backslash.
        value.push(
            char.encode_utf8(&mut [0; 4]),
            self.joined.source_offset(start),
        );
        Some(())
    }

    /// Reads the digits after `\u`. Half of a surrogate pair reads as U+FFFD, as in Go.
    fn unicode(&mut self) -> Option<char> {
        // JSON escapes a character beyond the first plane as two UTF-16 code units.
        let high = self.hexadecimal()?;
        if !(0xD800..0xDC00).contains(&high) || !self.text[self.at..].starts_with("\\u") {
            return Some(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let after_high = self.at;
        self.at += 2;
        let low = self.hexadecimal()?;
        if (0xDC00..0xE000).contains(&low) {
            return char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
        }
        // The second escape is a separate character, which the next call reads.
        self.at = after_high;
        Some(char::REPLACEMENT_CHARACTER)
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        // `from_str_radix` would accept a sign.
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        u32::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        let mut joined = Joined::default();
        joined.push(text, 0);
        read(&joined, 0..text.len())
    }

    fn strings(text: &str) -> Vec<String> {
        match form(text) {
            Form::Array(array) => array
                .strings
                .iter()
                .map(|item| item.value.as_str().to_owned())
                .collect(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn json_strings_are_unescaped() {
        assert_eq!(
            strings(r#"[ "a b" ,"\u0041\n\"","\ud83d\ude00", "\ud800x" ] "#),
            ["a b", "A\n\"", "😀", "\u{fffd}x"]
        );
        assert_eq!(strings("[]"), [""; 0]);
    }

    #[test]
    fn offsets_in_unescaped_text_map_back_to_the_source() {
        let Form::Array(array) = form(r#"["a\"b"]"#) else {
            panic!("an array")
        };
        assert_eq!(array.strings[0].value.source_offset(2), 5);
        assert_eq!(array.strings[0].range, 1..7);
    }

    #[test]
    fn text_that_is_not_json_is_shell_form() {
        for text in [
            "[ -f x ]",
            "['a']",
            "[\"a\"] b",
            "[\"a\",]",
            "[\"a\"",
            "[\"a\nb\"]",
            "[\"\\x\"]",
            "a",
            "",
        ] {
            assert!(matches!(form(text), Form::Other), "{text}");
        }
    }

    #[test]
    fn arrays_of_other_values_are_not_taken_for_exec_form() {
        for text in ["[1]", "[\"a\", null]", "[[]]"] {
            assert!(matches!(form(text), Form::NotStrings), "{text}");
        }
    }
}
