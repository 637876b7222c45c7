//! A rule's page: front matter, a heading, text, and fenced examples whose tags are assertions.
//!
//! Rules of the linter and of the slimmer have pages alike. What the keys mean is theirs.

use std::str::FromStr;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// Why a page cannot be read; each names the page.
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
    #[error("page `{page}`: `{key}` stands twice in the front matter")]
    Repeated {
        page: &'static str,
        key: &'static str,
    },
    #[error("page `{page}`: the front matter lacks `{key}`")]
    Missing {
        page: &'static str,
        key: &'static str,
    },
    #[error("page `{page}`: `{value}` is no value for `{key}`")]
    Invalid {
        page: &'static str,
        key: &'static str,
        value: &'static str,
    },
    #[error("page `{page}` has no heading `# …` after its front matter")]
    NoHeading { page: &'static str },
}

/// A page taken apart.
#[derive(Debug)]
pub struct Parts {
    pub front: FrontMatter,
    /// The first heading, as a sentence without a full stop.
    pub title: &'static str,
    /// Markdown, from the heading on.
    pub body: &'static str,
}

/// Takes a page apart; of its text only the heading is looked at. The front matter may have these
/// keys.
pub fn parts(
    page: &'static str,
    text: &'static str,
    keys: &'static [&'static str],
) -> Result<Parts, PageError> {
    let (front, body) = text
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"))
        .ok_or(PageError::NoFrontMatter { page })?;
    let front = FrontMatter::parse(page, front, keys)?;
    let body = body.trim_start();
    let title = body.lines().next().and_then(|line| line.strip_prefix("# "));
    let title = title.ok_or(PageError::NoHeading { page })?.trim();
    Ok(Parts { front, title, body })
}

/// The `key: value` lines between the two `---`.
#[derive(Debug)]
pub struct FrontMatter {
    page: &'static str,
    keys: &'static [&'static str],
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
        for (at, line) in text.lines().enumerate() {
            let (key, value) = line
                .split_once(':')
                .ok_or(PageError::NotAPair { page, line: at + 1 })?;
            let key = key.trim();
            let place = keys
                .iter()
                .position(|known| *known == key)
                .ok_or(PageError::UnknownKey { page, key })?;
            if front.values[place].replace(value.trim()).is_some() {
                return Err(PageError::Repeated { page, key });
            }
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

    /// The members of `[a, b]`; none where the key is not there.
    pub fn list(&self, key: &'static str) -> Result<Vec<&'static str>, PageError> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let list = value
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let list = list.ok_or_else(|| self.invalid(key, value))?;
        Ok(list
            .split(',')
            .map(str::trim)
            .filter(|member| !member.is_empty())
            .collect())
    }

    pub fn invalid(&self, key: &'static str, value: &'static str) -> PageError {
        PageError::Invalid {
            page: self.page,
            key,
            value,
        }
    }
}

/// A fenced block of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The language, a blank, and what the block asserts: `dockerfile bad`.
    pub tag: String,
    pub text: String,
    /// The line, from 1, of the page's body on which the fence opens.
    pub line: usize,
}

/// The fenced blocks in a Markdown text, in its order.
pub fn fences(markdown: &str) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut open: Option<Fence> = None;
    for (event, range) in Parser::new(markdown).into_offset_iter() {
        match event {
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

/// A page without the images that the tests build, which are written in a notation of their own.
/// The sentence before each of them describes it.
pub fn without_images(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut lines = markdown.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        if !line.starts_with("```image ") {
            out.push_str(line);
            continue;
        }
        while lines.next().is_some_and(|line| line.trim_end() != "```") {}
        // There is a blank line before the block already.
        lines.next_if(|line| line.trim().is_empty());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[&str] = &["kind", "names"];

    #[test]
    fn a_list_stands_in_brackets() {
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
    fn fences_carry_their_tag_and_line() {
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
    fn images_are_left_out_with_the_blank_line_below_them() {
        let text = "# T\n\nReported: a.\n\n```image bad\nfile /a\n\nfile /b\n```\n\nNot reported: b.\n\n\
                    ```image good\nfile /b\n```\n";
        assert_eq!(
            without_images(text),
            "# T\n\nReported: a.\n\nNot reported: b.\n\n"
        );
        let text = "```dockerfile bad\nFROM image\n```\n";
        assert_eq!(without_images(text), text);
    }
}
