//! The words of a configuration file in any format: text between whitespace, quotes and
//! punctuation.

/// A word, its line number, counted from 1, and the words before it on that line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    pub(super) text: &'a [u8],
    pub(super) line: usize,
    before: Vec<&'a [u8]>,
}

impl<'a> Word<'a> {
    /// The word and the words before it, as a rule sees them.
    pub(super) fn key(&self) -> (&'a [u8], Vec<&'a [u8]>) {
        (self.text, self.before.clone())
    }

    /// Whether a word, in any case, precedes it on its line.
    pub(super) fn comes_after(&self, directive: &str) -> bool {
        self.before
            .iter()
            .any(|word| word.eq_ignore_ascii_case(directive.as_bytes()))
    }
}

/// Longer files are not configuration files.
pub(super) const MAX_TEXT: usize = 1 << 20;
/// Lines with more words are data.
const MAX_WORDS: usize = 64;
const COMMENTS: [&[u8]; 5] = [b"#", b";", b"//", b"<!--", b"--"];

/// The words of a text that could be file names. Comment lines are skipped.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = Word<'_>> {
    text.split(|&byte| byte == b'\n')
        .enumerate()
        .flat_map(|(index, line)| {
            let mut before: Vec<&[u8]> = Vec::new();
            let mut found = Vec::new();
            for word in words_of(line) {
                found.push(Word {
                    text: word,
                    line: index + 1,
                    before: before.clone(),
                });
                before.push(word);
            }
            found
        })
}

/// Whether a text contains a word, in any case.
pub(super) fn has_word(text: &[u8], wanted: &str) -> bool {
    words(text).any(|word| word.text.eq_ignore_ascii_case(wanted.as_bytes()))
}

fn words_of(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    without_comment(line)
        .split(|byte| is_between_words(*byte))
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
}

/// A line up to the comment in it.
pub(super) fn without_comment(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii();
    // Formats differ, but none of these starts a line that names a file.
    if COMMENTS.iter().any(|mark| line.starts_with(mark)) {
        return &[];
    }
    // A hash inside a word may be part of it, as in a URL; it only starts a comment after
    // whitespace.
    let end = memchr::memmem::find(line, b" #").unwrap_or(line.len());
    &line[..end]
}

fn is_between_words(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte.is_ascii_control() || b"=;:,\"'<>()[]{}|`".contains(&byte)
}

/// Whether a file is a text that may be a configuration file.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    bytes.len() <= MAX_TEXT && !is_binary(bytes)
}

/// Whether there is a NUL byte near the start, which is how `grep` and `git` also recognize binary
/// files.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    const LOOKED_AT: usize = 1024;
    bytes[..bytes.len().min(LOOKED_AT)].contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        words(text.as_bytes())
            .map(|word| format!("{}:{}", word.line, word.text.escape_ascii()))
            .collect()
    }

    #[test]
    fn words_are_separated_by_punctuation() {
        assert_eq!(
            list("a = \"/b/c\";\n<dir>/d</dir>\n"),
            ["1:a", "1:/b/c", "2:dir", "2:/d", "2:/dir"]
        );
        assert_eq!(
            list("hosts: files [NOTFOUND=return] dns"),
            ["1:hosts", "1:files", "1:NOTFOUND", "1:return", "1:dns"]
        );
    }

    #[test]
    fn words_in_comments_are_skipped() {
        assert_eq!(list("# /a\n  ; /b\nc /d # /e\n#/f\n"), ["3:c", "3:/d"]);
    }

    #[test]
    fn a_word_knows_the_keyword_before_it() {
        let text = b"LoadModule ssl_module /x/mod_ssl.so\nListen 80";
        let after: Vec<_> = words(text)
            .filter(|word| word.comes_after("loadmodule"))
            .map(|word| word.text)
            .collect();
        assert_eq!(after, [&b"ssl_module"[..], b"/x/mod_ssl.so"]);
    }
}
