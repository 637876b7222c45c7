//! Commands that are written as one text and split into words without a shell.

use super::place::Spanned;
use super::workload::Command;
use super::yaml::{Node, Value};

/// A command as a list of words, or as a text that is split as a shell would. `None` if it is not
/// known or not a command.
pub(super) fn command(node: &Node) -> Option<Command> {
    let words = match &node.value {
        // A word that is not known makes the command unknown.
        Value::List(items) => items.iter().map(Node::string).collect::<Option<_>>()?,
        Value::Scalar(_) => split(node.as_str()?)
            .into_iter()
            .map(|word| Spanned::new(word, node.place))
            .collect(),
        Value::Null | Value::Map(_) => return None,
    };
    Some(Command {
        place: node.place,
        words,
        is_shell: false,
    })
}

/// A script for the shell of the image.
pub(super) fn script(text: Spanned<String>) -> Command {
    Command {
        place: text.place,
        words: vec![text],
        is_shell: true,
    }
}

/// Splits a text at blanks outside of quotes. Backslashes quote the next character, except between
/// single quotes.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            (_, Some(open)) if character == open => quote = None,
            ('\\', None | Some('"')) => {
                let next = characters.next();
                word.get_or_insert_default().extend(next);
            }
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (' ' | '\t' | '\n' | '\r', None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn quotes_and_backslashes_keep_words_together() {
        for (text, words) in [
            ("npm  run start\n", &["npm", "run", "start"][..]),
            ("sh -c \"echo 'a b'\"", &["sh", "-c", "echo 'a b'"]),
            ("a\\ b 'c\\d' \"e\\\"f\"", &["a b", "c\\d", "e\"f"]),
            ("x '' y", &["x", "", "y"]),
            ("", &[]),
        ] {
            assert_eq!(split(text), words, "{text}");
        }
    }
}
