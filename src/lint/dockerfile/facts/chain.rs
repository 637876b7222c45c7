//! Scripts that consist only of commands joined by `&&`.

use std::ops::Range;

use crate::dockerfile::Script;

/// Words at the start of a command that change the meaning of `&&` or of a failure.
const COMPOUND: [&str; 12] = [
    "!", "[[", "{", "case", "do", "else", "for", "function", "if", "then", "until", "while",
];

/// The commands of `a && b && c` as ranges of the joined text, without surrounding whitespace.
///
/// `None` if anything else determines which of them run (`||`, `;`, a branch, a heredoc, a comment)
/// or if quotes nest too deeply to tell commands apart.
pub fn chain(script: &Script) -> Option<Vec<Range<usize>>> {
    let text = script.text.as_str();
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    let mut commands = Vec::new();
    let mut start = 0;
    while reader.at < text.len() {
        if reader.depth == 0 && reader.rest().starts_with("&&") {
            commands.push(trimmed(text, start..reader.at));
            reader.at += 2;
            start = reader.at;
        } else {
            reader.step()?;
        }
    }
    commands.push(trimmed(text, start..text.len()));
    // A script with a shebang may be run by any interpreter, such as Python.
    if script.shebang.is_some() || reader.depth > 0 {
        return None;
    }
    if commands
        .iter()
        .any(|command| !is_plain(&text[command.clone()]))
    {
        return None;
    }
    Some(commands)
}

/// Whether a command neither opens a compound command nor negates its status.
fn is_plain(command: &str) -> bool {
    let Some(word) = command.split_whitespace().next() else {
        // After `a && `, the list continues elsewhere, or there is an error.
        return false;
    };
    // `\if` runs a program named `if`, but this does not occur in practice, so it is not supported.
    !COMPOUND.contains(&word) && !word.starts_with(['!', '\\'])
}

fn trimmed(text: &str, piece: Range<usize>) -> Range<usize> {
    let inner = &text[piece.clone()];
    let start = piece.start + (inner.len() - inner.trim_start().len());
    start..start + inner.trim().len()
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// The number of open parentheses and braces.
    depth: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Moves past a character or a quoted string; `None` if the script is more than a chain.
    fn step(&mut self) -> Option<()> {
        let rest = self.rest();
        let next = rest.chars().next()?;
        let before = self.text[..self.at].chars().next_back();
        let length = match next {
            '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            '\'' => 2 + rest[1..].find('\'')?,
            '"' => quoted(rest)?,
            ';' | '\n' | '`' => return None,
            // A comment would swallow any command that is joined to its line.
            '#' if before.is_none_or(char::is_whitespace) => return None,
            '<' if rest.starts_with("<<") => return None,
            '|' if rest.starts_with("||") => return None,
            // `2>&1` and `&>file` redirect; any other `&` starts a background job, and `&&` in
            // parentheses belongs to a nested list.
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

/// The length of `"…"` in bytes; `None` if it contains a command substitution.
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
    fn a_chain_is_split_only_outside_quotes_and_parentheses() {
        let pieces = commands("a '&&' b && c \"&& \\\" ;\" | d >x 2>&1 && e \\; $(f g)")
            .expect("it is a chain");
        assert_eq!(
            pieces,
            ["a '&&' b", "c \"&& \\\" ;\" | d >x 2>&1", "e \\; $(f g)"]
        );
    }

    #[test]
    fn a_script_that_is_more_than_an_and_chain_is_not_a_chain() {
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
