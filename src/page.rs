//! Rule pages: front matter, a heading, text, and fenced examples whose tags are assertions.
//!
//! Lint rules and keep rules share this format, but have different keys.

use std::str::FromStr;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use crate::knowledge::path_set;

/// An error in a page.
// Pages are compiled in, so only authors of rules see these errors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    #[error("page `{page}` does not start with `---`, front matter and `---`")]
    NoFrontMatter { page: &'static str },
    #[error("page `{page}`: line {line} of the front matter is not `key: value`")]
    NotAPair { page: &'static str, line: usize },
    #[error("page `{page}`: unknown key `{key}` in the front matter")]
    UnknownKey {
        page: &'static str,
        key: &'static str,
    },
    #[error("page `{page}`: duplicate key `{key}` in the front matter")]
    Repeated {
        page: &'static str,
        key: &'static str,
    },
    #[error("page `{page}`: missing key `{key}` in the front matter")]
    Missing {
        page: &'static str,
        key: &'static str,
    },
    #[error("page `{page}`: invalid value `{value}` for `{key}`")]
    Invalid {
        page: &'static str,
        key: &'static str,
        value: &'static str,
    },
    #[error("page `{page}` has no heading `# …` after its front matter")]
    NoHeading { page: &'static str },
}

/// The parts of a page.
#[derive(Debug)]
pub struct Parts {
    pub front: FrontMatter,
    /// The first heading, as a sentence without a full stop.
    pub title: &'static str,
    /// Markdown, starting with the heading.
    pub body: &'static str,
}

/// Splits a page into its parts. `keys` are the allowed keys of the front matter.
pub fn parts(
    page: &'static str,
    text: &'static str,
    keys: &'static [&'static str],
) -> Result<Parts, PageError> {
    let (front, body) = text
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"))
        .ok_or(PageError::NoFrontMatter { page })?;
    // The Markdown below the heading is only parsed when a page is shown.
    let front = FrontMatter::parse(page, front, keys)?;
    let body = body.trim_start();
    let title = body.lines().next().and_then(|line| line.strip_prefix("# "));
    let title = title.ok_or(PageError::NoHeading { page })?.trim();
    Ok(Parts { front, title, body })
}

/// The `key: value` lines between the two `---`.
// A subset of YAML, so that editors and GitHub highlight it. It is simple enough to be parsed
// without a YAML parser, and all pages are parsed when the first rule is needed.
#[derive(Debug)]
pub struct FrontMatter {
    page: &'static str,
    keys: &'static [&'static str],
    /// The value of each key in `keys`.
    values: Vec<Option<&'static str>>,
}

impl FrontMatter {
    fn parse(
        page: &'static str,
        text: &'static str,
        keys: &'static [&'static str],
    ) -> Result<Self, PageError> {
        let mut front = Self {
            page,
            keys,
            values: vec![None; keys.len()],
        };
        let mut rest = text;
        let mut line = 1;
        while !rest.is_empty() {
            // The colon must be on the first line: a later one belongs to another pair.
            let (key, after) = rest
                .split_once(':')
                .filter(|(key, _)| !key.contains('\n'))
                .ok_or(PageError::NotAPair { page, line })?;
            let end = end_of_value(after);
            let (value, next) = after.split_at(end);
            let key = key.trim();
            // A misspelled key would otherwise be ignored silently.
            let place = keys
                .iter()
                .position(|known| *known == key)
                .ok_or(PageError::UnknownKey { page, key })?;
            if front.values[place].replace(value.trim()).is_some() {
                return Err(PageError::Repeated { page, key });
            }
            line += 1 + value.matches('\n').count();
            rest = next.strip_prefix('\n').unwrap_or(next);
        }
        Ok(front)
    }

    pub fn get(&self, key: &'static str) -> Option<&'static str> {
        self.keys
            .iter()
            .position(|known| *known == key)
            .and_then(|place| self.values[place])
    }

    pub fn optional<T: FromStr>(&self, key: &'static str) -> Result<Option<T>, PageError> {
        self.get(key)
            .map(|value| value.parse().map_err(|_| self.invalid(key, value)))
            .transpose()
    }

    pub fn required<T: FromStr>(&self, key: &'static str) -> Result<T, PageError> {
        self.optional(key)?.ok_or(PageError::Missing {
            page: self.page,
            key,
        })
    }

    /// The members of `[a, b]`; empty if the key is missing. A member `@name` is replaced with the
    /// members of a named set of paths.
    pub fn list(&self, key: &'static str) -> Result<Vec<&'static str>, PageError> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let list = value
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let list = list.ok_or_else(|| self.invalid(key, value))?;
        let mut members = Vec::new();
        for member in list.split(',').map(str::trim) {
            match member.strip_prefix('@') {
                Some(name) => {
                    let set = path_set(name).ok_or_else(|| self.invalid(key, member))?;
                    members.extend(set.iter().map(String::as_str));
                }
                // A trailing comma, or an empty list.
                None if member.is_empty() => {}
                None => members.push(member),
            }
        }
        Ok(members)
    }

    pub fn invalid(&self, key: &'static str, value: &'static str) -> PageError {
        PageError::Invalid {
            page: self.page,
            key,
            value,
        }
    }
}

/// Returns the end of the value that `text` starts with: the end of the line or, for a list, of the
/// line that closes it.
fn end_of_value(text: &str) -> usize {
    // An unclosed list ends with its first line, so that the error is about this key.
    let from = if text.trim_start_matches(' ').starts_with('[') {
        text.find(']').unwrap_or(0)
    } else {
        0
    };
    text[from..]
        .find('\n')
        .map_or(text.len(), |offset| from + offset)
}

/// A fenced block of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The language, a space, and the assertion: `dockerfile bad`.
    pub tag: String,
    pub text: String,
    /// The line, from 1, of the page's body on which the fence opens.
    pub line: usize,
}

/// Returns the fenced blocks in a Markdown text, in order.
pub fn fences(markdown: &str) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut open: Option<Fence> = None;
    for (event, range) in Parser::new(markdown).into_offset_iter() {
        match event {
            // Indented blocks have no tag and are not assertions.
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(tag))) => {
                let line = 1 + markdown[..range.start].matches('\n').count();
                open = Some(Fence {
                    tag: tag.to_string(),
                    text: String::new(),
                    line,
                });
            }
            Event::Text(text) => {
                if let Some(fence) = &mut open {
                    fence.text.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => fences.extend(open.take()),
            _ => {}
        }
    }
    fences
}

/// Removes the image descriptions from a page, because their notation is only for the tests. The
/// sentence before each of them is for readers.
pub fn without_images(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut lines = markdown.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        if !line.starts_with("```image ") {
            out.push_str(line);
            continue;
        }
        while lines.next().is_some_and(|line| line.trim_end() != "```") {}
        // There is already a blank line before the block.
        lines.next_if(|line| line.trim().is_empty());
    }
    out
}

/// Whether a text has control characters other than those of lines and tabs. It may be printed, and
/// its author may be a stranger.
pub fn has_control_characters(text: &str) -> bool {
    // Lines of a file from Windows end with both.
    text.split("\r\n").any(|part| {
        part.contains(|letter: char| letter.is_control() && !matches!(letter, '\n' | '\t'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[&str] = &["kind", "names"];

    #[test]
    fn lists_in_front_matter_are_written_in_brackets() {
        let parts =
            parts("p", "---\nkind: x\nnames: [a, b ,]\n---\n\n# T\n", KEYS).expect("it is right");
        assert_eq!(parts.front.list("names"), Ok(vec!["a", "b"]));
        assert_eq!(
            (parts.front.get("kind"), parts.title, parts.body),
            (Some("x"), "T", "# T\n")
        );
        let error = parts.front.list("kind");
        assert_eq!(
            error,
            Err(PageError::Invalid {
                page: "p",
                key: "kind",
                value: "x"
            })
        );
    }

    #[test]
    fn a_list_may_span_lines_and_name_a_set() {
        let text = "---\nnames: [a,\n  @records, b]\nkind: x\n---\n\n# T\n";
        let parts = parts("p", text, KEYS).expect("the page is well-formed");
        assert_eq!(
            parts.front.list("names"),
            Ok(vec![
                "a",
                "/var/log",
                "/var/cache",
                "/var/backups",
                "/var/mail",
                "b"
            ])
        );
        assert_eq!(parts.front.get("kind"), Some("x"));
    }

    #[test]
    fn unknown_sets_and_lines_without_a_key_are_refused() {
        let text = "---\nnames: [@no-such-set]\n---\n\n# T\n";
        let page = parts("p", text, KEYS).expect("the page is well-formed");
        assert_eq!(
            page.front.list("names"),
            Err(PageError::Invalid {
                page: "p",
                key: "names",
                value: "@no-such-set"
            })
        );
        let text = "---\nnames: [a,\n  b]\n  c\n---\n\n# T\n";
        assert_eq!(
            parts("p", text, KEYS).map(|page| page.title),
            Err(PageError::NotAPair { page: "p", line: 3 })
        );
    }

    #[test]
    fn a_fence_has_its_tag_and_line() {
        let text = "# T\n\n```a b\nx\n\ny\n```\n\n    code\n\n```\nz\n```\n";
        let found = fences(text);
        assert_eq!(
            found[0],
            Fence {
                tag: "a b".into(),
                text: "x\n\ny\n".into(),
                line: 3
            }
        );
        assert_eq!((found.len(), found[1].tag.as_str()), (2, ""));
    }

    #[test]
    fn image_examples_are_removed_with_the_blank_line_below_them() {
        let text = "# T\n\nReported: a.\n\n```image bad\nfile /a\n\nfile /b\n```\n\n\
            Not reported: b.\n\n\
                    ```image good\nfile /b\n```\n";
        assert_eq!(
            without_images(text),
            "# T\n\nReported: a.\n\nNot reported: b.\n\n"
        );
        let text = "```dockerfile bad\nFROM image\n```\n";
        assert_eq!(without_images(text), text);
    }
}
