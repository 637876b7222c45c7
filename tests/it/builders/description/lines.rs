//! The lines of a description, each with a kind and its arguments.

/// The expectation of an example for a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Kept,
    Dropped,
}

/// A line with the content from the `|` lines below it.
pub(crate) struct Line<'a> {
    pub(crate) mark: Option<Mark>,
    pub(super) kind: &'a str,
    /// Everything after the kind.
    pub(super) rest: &'a str,
    content: String,
}

/// The lines of a description, in order.
pub(crate) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            continue;
        }
        if let Some(content) = line.trim_start().strip_prefix('|') {
            let above = lines.last_mut().expect("content is below its entry");
            let content = content.strip_prefix(' ').unwrap_or(content);
            above.content.push_str(content);
            above.content.push('\n');
        } else {
            lines.push(Line::parse(line));
        }
    }
    lines
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Self {
        let (mark, line) = if let Some(rest) = line.strip_prefix("+ ") {
            (Some(Mark::Kept), rest)
        } else if let Some(rest) = line.strip_prefix("- ") {
            (Some(Mark::Dropped), rest)
        } else {
            // A page may align unmarked lines with marked ones.
            (None, line.trim_start())
        };
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        Self {
            mark,
            kind,
            rest,
            content: String::new(),
        }
    }

    /// The path of an entry.
    pub(crate) fn path(&self) -> &'a str {
        let first = self.rest.split_whitespace().next();
        first.unwrap_or_else(|| panic!("`{}` has no path", self.kind))
    }
}

/// Words with a value, such as `mode=4755`.
const KEYS: &[&str] = &[
    "mode",
    "uid",
    "gid",
    "size",
    "needs",
    "imports",
    "soname",
    "interpreter",
    "rpath",
    "runpath",
    "stack",
];

/// Words without a value.
const FLAGS: &[&str] = &[
    "cap",
    "fixed",
    "fixed-address",
    "no-relro",
    "text-relocations",
    "slices",
    "arm64",
];

/// An entry of a layer: `KIND PATH WORDS… "CONTENT"` or `link PATH -> TARGET`.
pub(super) struct Entry<'a> {
    pub(super) path: String,
    pub(super) target: Option<&'a str>,
    pub(super) content: Vec<u8>,
    words: Vec<&'a str>,
}

impl<'a> Entry<'a> {
    pub(super) fn parse(line: &Line<'a>) -> Self {
        let (head, quoted) = split_content(line.rest);
        let (head, target) = match head.split_once(" -> ") {
            Some((head, target)) => (head, Some(target.trim())),
            None => (head, None),
        };
        let words: Vec<&str> = head.split_whitespace().skip(1).collect();
        for word in &words {
            assert!(is_known(word), "`{word}` is not a word of an entry");
        }
        let mut content = unescaped(quoted);
        content.push_str(&line.content);
        Self {
            path: line.path().to_owned(),
            target,
            content: content.into_bytes(),
            words,
        }
    }

    pub(super) fn has(&self, flag: &str) -> bool {
        self.words.contains(&flag)
    }

    /// The value of a word that occurs at most once.
    pub(super) fn value(&self, key: &str) -> Option<&'a str> {
        self.values(key).first().copied()
    }

    pub(super) fn values(&self, key: &str) -> Vec<&'a str> {
        let mut values = Vec::new();
        for &word in &self.words {
            if let Some((name, value)) = word.split_once('=')
                && name == key
            {
                values.push(value);
            }
        }
        values
    }
}

fn is_known(word: &str) -> bool {
    match word.split_once('=') {
        Some((key, _)) => KEYS.contains(&key),
        None => FLAGS.contains(&word),
    }
}

/// Splits off the quoted content at the end of a line.
fn split_content(rest: &str) -> (&str, &str) {
    let Some((head, content)) = rest.split_once(" \"") else {
        return (rest, "");
    };
    let content = content.trim_end().strip_suffix('"');
    (head, content.expect("content ends with a quote"))
}

/// Replaces `\n`, `\t`, `\0`, `\"` and `\\`.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        plain.push(match characters.next() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('0') => '\0',
            Some(quoted @ ('"' | '\\')) => quoted,
            other => panic!("`\\` before {other:?} is not an escape"),
        });
    }
    plain
}
