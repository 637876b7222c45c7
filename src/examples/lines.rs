//! The lines of a description, each with a kind and its arguments.

use super::error::DescriptionError;

/// Maximum length of a path in bytes, as in images, and maximum number of its components.
const MAX_PATH: usize = 4 << 10;
const MAX_DEPTH: usize = 100;

/// The expectation of an example for a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Kept,
    Dropped,
}

/// A line with the content from the `|` lines below it.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// The line of the description, from 1.
    pub number: usize,
    pub mark: Option<Mark>,
    pub kind: &'a str,
    /// Everything after the kind.
    pub rest: &'a str,
    content: String,
}

/// The lines of a description, in order.
pub(super) fn lines(text: &str) -> Result<Vec<Line<'_>>, DescriptionError> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let Some(content) = line.trim_start().strip_prefix('|') else {
            lines.push(Line::parse(index + 1, line));
            continue;
        };
        let Some(above) = lines.last_mut() else {
            let reason = "content is below its entry".to_owned();
            return Err(DescriptionError {
                line: index + 1,
                reason,
            });
        };
        let content = content.strip_prefix(' ').unwrap_or(content);
        above.content.push_str(content);
        above.content.push('\n');
    }
    Ok(lines)
}

impl<'a> Line<'a> {
    fn parse(number: usize, line: &'a str) -> Self {
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
            number,
            mark,
            kind,
            rest,
            content: String::new(),
        }
    }

    /// Whether it describes an entry of a layer, and not a setting such as `entrypoint`.
    pub(super) fn is_entry(&self) -> bool {
        matches!(
            self.kind,
            "file" | "elf" | "library" | "dir" | "link" | "gone"
        )
    }

    /// The path of an entry.
    pub fn path(&self) -> Result<&'a str, DescriptionError> {
        match self.rest.split_whitespace().next() {
            // Directories above it are entries too.
            Some(path) if path.len() > MAX_PATH || path.matches('/').count() > MAX_DEPTH => {
                Err(self.error("the path is too long".to_owned()))
            }
            Some(path) if path.starts_with('/') && path.len() > 1 => Ok(path),
            Some(path) => Err(self.error(format!("`{path}` is not an absolute path"))),
            None => Err(self.error(format!("`{}` has no path", self.kind))),
        }
    }

    pub(super) fn error(&self, reason: String) -> DescriptionError {
        DescriptionError {
            line: self.number,
            reason,
        }
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
    line: usize,
    pub(super) path: String,
    pub(super) target: Option<&'a str>,
    pub(super) content: Vec<u8>,
    words: Vec<&'a str>,
}

impl<'a> Entry<'a> {
    pub(super) fn parse(line: &Line<'a>) -> Result<Self, DescriptionError> {
        let (head, quoted) = split_content(line.rest)
            .ok_or_else(|| line.error("content without a `\"` at the end".to_owned()))?;
        let (head, target) = match head.split_once(" -> ") {
            Some((head, target)) => (head, Some(target.trim())),
            None => (head, None),
        };
        let words: Vec<&str> = head.split_whitespace().skip(1).collect();
        for word in &words {
            if !is_known(word) {
                return Err(line.error(format!("`{word}` is not a word of an entry")));
            }
        }
        let mut content = unescaped(quoted).map_err(|reason| line.error(reason))?;
        content.push_str(&line.content);
        Ok(Self {
            line: line.number,
            path: line.path()?.to_owned(),
            target,
            content: content.into_bytes(),
            words,
        })
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

    /// The value of a word that is a number in this base.
    pub(super) fn number(&self, key: &str, base: u32) -> Result<Option<u32>, DescriptionError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match u32::from_str_radix(value, base) {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(self.error(format!("`{key}={value}` is not a number"))),
        }
    }

    pub(super) fn error(&self, reason: String) -> DescriptionError {
        DescriptionError {
            line: self.line,
            reason,
        }
    }
}

fn is_known(word: &str) -> bool {
    match word.split_once('=') {
        Some((key, _)) => KEYS.contains(&key),
        None => FLAGS.contains(&word),
    }
}

/// Splits off the quoted content at the end of a line; `None` if the closing quote is missing.
fn split_content(rest: &str) -> Option<(&str, &str)> {
    let Some((head, content)) = rest.split_once(" \"") else {
        return Some((rest, ""));
    };
    Some((head, content.trim_end().strip_suffix('"')?))
}

/// Replaces `\n`, `\t`, `\0`, `\"` and `\\`.
fn unescaped(text: &str) -> Result<String, String> {
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
            Some(other) => return Err(format!("`\\{other}` is not an escape")),
            None => return Err("`\\` at the end is not an escape".to_owned()),
        });
    }
    Ok(plain)
}
