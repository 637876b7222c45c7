//! Markdown on a terminal: headings, wrapped paragraphs, lists, code.

use std::fmt::Write as _;

use super::highlight;
use anstyle::{AnsiColor, Style};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

const HEADING: Style = Style::new().bold().underline();
const STRONG: Style = Style::new().bold();
const EMPHASIS: Style = Style::new().italic();
const CODE: Style = AnsiColor::Cyan.on_default();
const BLOCK: Style = AnsiColor::Blue.on_default();

/// Renders Markdown for `width` columns. The text carries ANSI styles, which the stream strips
/// where nobody wants them; what the styles say is never the only sign of it.
pub(super) fn render(markdown: &str, width: usize) -> String {
    let mut page = Page {
        out: String::new(),
        line: Line::new(width),
        lists: Vec::new(),
        code: None,
        link: None,
    };
    for event in Parser::new(markdown) {
        page.event(event);
    }
    page.line.flush(&mut page.out);
    page.out.truncate(page.out.trim_end().len());
    page.out.push('\n');
    page.out
}

struct Page {
    out: String,
    line: Line,
    /// The number of the next item of each open list; `None` for a list without numbers.
    lists: Vec<Option<u64>>,
    /// The language and the text of the open code block.
    code: Option<(String, String)>,
    link: Option<String>,
}

impl Page {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some((_, code)) => code.push_str(&text),
                None => self.line.text(&text, &mut self.out),
            },
            Event::Code(code) => self.line.code(&code, &mut self.out),
            Event::SoftBreak => self.line.text(" ", &mut self.out),
            Event::HardBreak => self.line.flush(&mut self.out),
            Event::Rule => self.out.push('\n'),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => self.line.push_style(HEADING),
            Tag::Strong => self.line.push_style(STRONG),
            Tag::Emphasis => self.line.push_style(EMPHASIS),
            Tag::CodeBlock(kind) => {
                self.code = Some((language(&kind).to_owned(), String::new()));
                self.verdict(&kind);
            }
            Tag::List(first) => {
                self.line.flush(&mut self.out);
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Link { dest_url, .. } => self.link = Some(dest_url.into_string()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.line.pop_style();
                self.end_block();
            }
            TagEnd::Strong | TagEnd::Emphasis => self.line.pop_style(),
            TagEnd::CodeBlock => {
                if let Some((language, text)) = self.code.take() {
                    self.code_block(&language, &text);
                }
                self.out.push('\n');
            }
            TagEnd::Paragraph if self.lists.is_empty() => self.end_block(),
            TagEnd::Paragraph | TagEnd::Item => self.line.flush(&mut self.out),
            TagEnd::List(_) => {
                self.lists.pop();
                self.line.indent = self.lists.len() * 2;
                if self.lists.is_empty() {
                    self.end_block();
                }
            }
            TagEnd::Link => {
                // An autolink's text is the address already.
                if let Some(url) = self.link.take().filter(|url| !self.line.ends_with(url)) {
                    self.line.text(&format!(" ({url})"), &mut self.out);
                }
            }
            _ => {}
        }
    }

    fn item(&mut self) {
        self.line.indent = self.lists.len() * 2;
        let bullet = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}.", *number - 1)
            }
            _ => "-".to_owned(),
        };
        self.line.hang(&bullet);
    }

    /// Says what an example of a rule's page is for: the word after its language.
    fn verdict(&mut self, kind: &CodeBlockKind<'_>) {
        if let CodeBlockKind::Fenced(info) = kind
            && let Some(verdict) = info.split(' ').nth(1)
        {
            let style = if verdict == "bad" {
                AnsiColor::Red
            } else {
                AnsiColor::Green
            }
            .on_default()
            .bold();
            let _ = writeln!(self.out, "  {style}{verdict}{style:#}");
        }
    }

    fn code_block(&mut self, language: &str, text: &str) {
        let indent = " ".repeat(self.line.indent + 4);
        if language == "dockerfile" {
            for line in highlight::dockerfile(text).lines() {
                let _ = writeln!(self.out, "{}", format!("{indent}{line}").trim_end());
            }
            return;
        }
        for line in text.lines() {
            let _ = writeln!(self.out, "{indent}{BLOCK}{line}{BLOCK:#}");
        }
    }

    fn end_block(&mut self) {
        self.line.flush(&mut self.out);
        self.out.push('\n');
    }
}

/// The first word of a fence.
fn language<'k>(kind: &'k CodeBlockKind<'_>) -> &'k str {
    match kind {
        CodeBlockKind::Fenced(info) => info.split(' ').next().unwrap_or_default(),
        CodeBlockKind::Indented => "",
    }
}

/// The line being filled.
struct Line {
    width: usize,
    indent: usize,
    text: String,
    /// Columns used, styles not counted.
    column: usize,
    /// A blank is owed before the next word.
    blank: bool,
    styles: Vec<Style>,
}

impl Line {
    fn new(width: usize) -> Self {
        Self {
            width,
            indent: 0,
            text: String::new(),
            column: 0,
            blank: false,
            styles: Vec::new(),
        }
    }

    fn push_style(&mut self, style: Style) {
        self.styles.push(style);
    }

    fn pop_style(&mut self) {
        self.styles.pop();
    }

    fn ends_with(&self, text: &str) -> bool {
        anstream::adapter::strip_str(&self.text)
            .to_string()
            .ends_with(text)
    }

    /// Starts an item: its bullet stands in the indent.
    fn hang(&mut self, bullet: &str) {
        let width = self.indent.max(bullet.len() + 1);
        self.text = format!("{bullet:>width$}", width = width - 1);
        self.column = width - 1;
        self.blank = true;
    }

    fn text(&mut self, text: &str, out: &mut String) {
        let style = self.styles.last().copied().unwrap_or_default();
        self.blank |= text.starts_with(char::is_whitespace);
        for (index, word) in text.split_whitespace().enumerate() {
            self.blank |= index > 0;
            self.word(word, style, out);
        }
        self.blank |= text.ends_with(char::is_whitespace);
    }

    /// Code is marked with backticks as well: colour may be off. It is not torn at its blanks.
    fn code(&mut self, code: &str, out: &mut String) {
        self.word(&format!("`{code}`"), CODE, out);
    }

    fn word(&mut self, word: &str, style: Style, out: &mut String) {
        let columns = word.chars().count();
        let is_start = self.column <= self.indent;
        if !is_start && self.blank && self.column + 1 + columns > self.width {
            self.flush(out);
        }
        if self.column == 0 {
            self.text.push_str(&" ".repeat(self.indent));
            self.column = self.indent;
        } else if self.blank {
            self.text.push(' ');
            self.column += 1;
        }
        let _ = write!(self.text, "{style}{word}{style:#}");
        self.column += columns;
        self.blank = false;
    }

    fn flush(&mut self, out: &mut String) {
        if self.column > 0 {
            out.push_str(&self.text);
            out.push('\n');
        }
        self.text.clear();
        self.column = 0;
        self.blank = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(markdown: &str, width: usize) -> String {
        anstream::adapter::strip_str(&render(markdown, width)).to_string()
    }

    #[test]
    fn paragraphs_are_wrapped_and_punctuation_stays_with_its_word() {
        assert_eq!(
            plain("one two `three`, four\nfive six\n", 16),
            "one two `three`,\nfour five six\n"
        );
    }

    #[test]
    fn items_hang_under_their_bullets() {
        assert_eq!(
            plain("- one two three\n- four\n", 10),
            "- one two\n  three\n- four\n"
        );
    }

    #[test]
    fn code_blocks_are_named_and_not_wrapped() {
        assert_eq!(
            plain("# A\n\n```dockerfile bad\nRUN a b c d e f\n```\n", 8),
            "A\n\n  bad\n    RUN a b c d e f\n"
        );
    }

    #[test]
    fn links_show_their_address_once() {
        assert_eq!(
            plain("[a](http://b) <http://c>", 80),
            "a (http://b) http://c\n"
        );
    }
}
