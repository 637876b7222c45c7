//! Word boundaries in a command line, in a list, and in `key=value` pairs.

use std::ops::Range;

use super::quotes::Quotes;

/// Returns true for the whitespace that separates keywords, keys and list words in BuildKit. Other
/// Unicode whitespace only separates pairs.
pub(super) fn is_blank(char: char) -> bool {
    // The class `[\t\v\f\r ]` of BuildKit's `reWhitespace`. A line break cannot occur in a logical
    // line.
    matches!(char, ' ' | '\t' | '\x0b' | '\x0c' | '\r')
}

/// `range` of `text` without surrounding whitespace.
pub(super) fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let inside = &text[range.clone()];
    let start = range.start + (inside.len() - inside.trim_start().len());
    start..start + inside.trim().len()
}

/// The first word, and the rest after the following whitespace.
pub(super) fn first(text: &str, range: Range<usize>) -> (Range<usize>, Range<usize>) {
    let inside = &text[range.clone()];
    let length = inside.find(is_blank).unwrap_or(inside.len());
    let rest = inside[length..].trim_start_matches(is_blank);
    (
        range.start..range.start + length,
        range.end - rest.len()..range.end,
    )
}

/// Words separated by whitespace; quotes have no special meaning.
pub(super) fn list(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut rest = range;
    while !rest.is_empty() {
        let (word, after) = first(text, rest);
        if !word.is_empty() {
            words.push(word);
        }
        rest = after;
    }
    words
}

/// Words separated by whitespace that is neither quoted nor escaped, for ENV, LABEL and ARG.
pub(super) fn quoted(text: &str, range: Range<usize>, escape: char) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quotes = Quotes::default();
    for (offset, char) in text[range.clone()].char_indices() {
        let at = range.start + offset;
        if char.is_whitespace() && !quotes.are_open() && !quotes.is_escaped() {
            words.extend(start.take().map(|start| start..at));
        } else {
            start.get_or_insert(at);
            quotes.read(char, escape);
        }
    }
    // An unclosed quote includes the rest of the line; the word parser reports it.
    words.extend(start.map(|start| start..range.end));
    words
}

/// The `--flags` at the start, and the start of the arguments. A bare `--` ends the flags but is
/// not one of them.
pub(super) fn flags(text: &str, range: Range<usize>, escape: char) -> (Vec<Range<usize>>, usize) {
    let mut flags = Vec::new();
    let mut at = trim(text, range.clone()).start;
    while text[at..range.end].starts_with("--") {
        let end = flag_end(text, at..range.end, escape);
        let next = trim(text, end..range.end).start;
        if &text[at..end] == "--" {
            return (flags, next);
        }
        flags.push(at..end);
        at = next;
    }
    (flags, at)
}

/// Returns the end of the flag at the start of a range.
fn flag_end(text: &str, range: Range<usize>, escape: char) -> usize {
    // BuildKit's `extractBuilderFlags` has escapes even inside single quotes.
    let mut quote = None;
    let mut chars = text[range.clone()].char_indices();
    while let Some((offset, char)) = chars.next() {
        match (quote, char) {
            (None, _) if char.is_whitespace() => return range.start + offset,
            (_, char) if char == escape => drop(chars.next()),
            (None, '\'' | '"') => quote = Some(char),
            (Some(open), _) if open == char => quote = None,
            _ => {}
        }
    }
    range.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, words: Vec<Range<usize>>) -> Vec<&str> {
        words.into_iter().map(|word| &text[word]).collect()
    }

    #[test]
    fn quotes_join_words_only_in_key_value_pairs() {
        let text = r#"a="b c" d=e\ f 'g"h'"#;
        assert_eq!(
            texts(text, quoted(text, 0..text.len(), '\\')),
            [r#"a="b c""#, r"d=e\ f", r#"'g"h'"#]
        );
        assert_eq!(
            texts(text, list(text, 0..text.len())),
            ["a=\"b", "c\"", "d=e\\", "f", "'g\"h'"]
        );
    }

    #[test]
    fn flags_end_at_the_first_other_word() {
        let text = r#"--a --b="c d" e --f"#;
        let (found, arguments) = flags(text, 0..text.len(), '\\');
        assert_eq!(texts(text, found), ["--a", "--b=\"c d\""]);
        assert_eq!(&text[arguments..], "e --f");
    }

    #[test]
    fn the_escape_character_of_the_file_escapes_blanks_of_flags() {
        let text = r"--a=b\ c --d";
        for (escape, expected) in [('\\', vec![r"--a=b\ c", "--d"]), ('`', vec![r"--a=b\"])] {
            let (found, _) = flags(text, 0..text.len(), escape);
            assert_eq!(texts(text, found), expected, "{escape}");
        }
    }

    #[test]
    fn a_double_dash_ends_the_flags() {
        let text = "--a -- --b";
        let (found, arguments) = flags(text, 0..text.len(), '\\');
        assert_eq!(texts(text, found), ["--a"]);
        assert_eq!(&text[arguments..], "--b");
    }
}
