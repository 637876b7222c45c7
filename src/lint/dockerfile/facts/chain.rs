//! The commands of a script that `&&` joins and nothing else.

use std::ops::Range;

use crate::dockerfile::Script;

/// Words at the start of a command after which its failure, or its `&&`, means something else.
const COMPOUND: [&str; 12] = [
    "!", "[[", "{", "case", "do", "else", "for", "function", "if", "then", "until", "while",
];

/// The commands of `a && b && c`, by their places in the joined text, blanks around them left out.
/// `None` where anything else decides which of them run: `||`, `;`, a branch, a heredoc, a comment;
/// and where quotes nest too deep to be told.
pub fn chain(script: &Script) -> Option<Vec<Range<usize>>> {
    let text = script.text.as_str();
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    let mut pieces = Vec::new();
    let mut start = 0;
    while reader.at < text.len() {
        if reader.depth == 0 && reader.rest().starts_with("&&") {
            pieces.push(start..reader.at);
            reader.at += 2;
            start = reader.at;
        } else {
            reader.step()?;
        }
    }
    pieces.push(start..text.len());
    let pieces: Vec<Range<usize>> = pieces
        .into_iter()
        .map(|piece| trimmed(text, piece))
        .collect();
    let is_plain = |piece: &Range<usize>| {
        let first = text[piece.clone()].split_whitespace().next();
        first.is_some_and(|word| !COMPOUND.contains(&word) && !word.starts_with(['!', '\\']))
    };
    (script.shebang.is_none() && reader.depth == 0 && pieces.iter().all(is_plain)).then_some(pieces)
}

fn trimmed(text: &str, piece: Range<usize>) -> Range<usize> {
    let inner = &text[piece.clone()];
    let start = piece.start + (inner.len() - inner.trim_start().len());
    start..start + inner.trim().len()
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// How many parentheses and braces are open.
    depth: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Goes over a character, or all that a quote holds; `None` where the script is more than a
    /// chain.
    fn step(&mut self) -> Option<()> {
        let rest = self.rest();
        let next = rest.chars().next()?;
        let before = self.text[..self.at].chars().next_back();
        let length = match next {
            '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            '\'' => 2 + rest[1..].find('\'')?,
            '"' => quoted(rest)?,
            ';' | '\n' | '`' => return None,
            '#' if before.is_none_or(char::is_whitespace) => return None,
            '<' if rest.starts_with("<<") => return None,
            '|' if rest.starts_with("||") => return None,
            '&' if self.depth > 0 || !(before == Some('>') || rest.starts_with("&>")) => {
                return None;
            }
            _ => next.len_utf8(),
        };
        match next {
            '(' | '{' => self.depth += 1,
            ')' | '}' => self.depth = self.depth.checked_sub(1)?,
            _ => {}
        }
        self.at += length;
        Some(())
    }
}

/// The length of `"…"`, where no command stands in it.
fn quoted(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => {
                chars.next();
            }
            '"' => return Some(at + 1),
            '`' => return None,
            '$' if text[at..].starts_with("$(") => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::Joined;

    fn commands(text: &str) -> Option<Vec<String>> {
        let mut joined = Joined::default();
        joined.push(text, 0);
        let pieces = chain(&Script {
            text: joined,
            shebang: None,
        })?;
        Some(
            pieces
                .into_iter()
                .map(|piece| text[piece].to_owned())
                .collect(),
        )
    }

    #[test]
    fn commands_are_told_apart_outside_of_quotes_and_parentheses() {
        let pieces = commands("a '&&' b && c \"&& \\\" ;\" | d >x 2>&1 && e \\; $(f g)")
            .expect("it is a chain");
        assert_eq!(
            pieces,
            ["a '&&' b", "c \"&& \\\" ;\" | d >x 2>&1", "e \\; $(f g)"]
        );
    }

    #[test]
    fn what_is_more_than_a_chain_is_none() {
        for text in [
            "a || b",
            "a; b",
            "if a && b",
            "! a && b",
            "a && (b; c)",
            "a & b",
            "a # b",
            "a <<X",
            "a 'b",
            "a && ",
            "a \"$(b && c)\" && d",
            "a $(b && c)",
        ] {
            assert_eq!(commands(text), None, "{text}");
        }
    }
}
