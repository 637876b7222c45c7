//! The line being filled: words, their styles, and the indentation of lists.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use pulldown_cmark::{Event, Tag, TagEnd};

const STRONG: Style = Style::new().bold();
const EMPHASIS: Style = Style::new().italic();
const CODE: Style = AnsiColor::Cyan.on_default();

/// A line of at most `width` columns, unless a single word is longer.
pub(super) struct Line {
    width: usize,
    pub(super) indent: usize,
    text: String,
    /// Number of columns used, without styles.
    column: usize,
    /// Whether a space is needed before the next word.
    blank: bool,
    styles: Vec<Style>,
    /// The address of the open link.
    link: Option<String>,
}

impl Line {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            indent: 0,
            text: String::new(),
            column: 0,
            blank: false,
            styles: Vec::new(),
            link: None,
        }
    }

    /// Adds an inline element of a paragraph or table cell; full lines go to `out`.
    pub(super) fn inline(&mut self, event: Event<'_>, out: &mut String) {
        match event {
            Event::Text(text) => self.text(&text, out),
            Event::Code(code) => self.code(&code, out),
            Event::SoftBreak => self.text(" ", out),
            Event::HardBreak => self.flush(out),
            Event::Start(Tag::Strong) => self.push_style(STRONG),
            Event::Start(Tag::Emphasis) => self.push_style(EMPHASIS),
            Event::End(TagEnd::Strong | TagEnd::Emphasis) => self.pop_style(),
            Event::Start(Tag::Link { dest_url, .. }) => self.link = Some(dest_url.into_string()),
            Event::End(TagEnd::Link) => self.end_link(out),
            _ => {}
        }
    }

    pub(super) fn push_style(&mut self, style: Style) {
        self.styles.push(style);
    }

    pub(super) fn pop_style(&mut self) {
        self.styles.pop();
    }

    /// Starts a list item, with its bullet in the indentation.
    pub(super) fn hang(&mut self, bullet: &str) {
        let width = self.indent.max(bullet.len() + 1);
        self.text = format!("{bullet:>width$}", width = width - 1);
        self.column = width - 1;
        self.blank = true;
    }

    pub(super) fn flush(&mut self, out: &mut String) {
        if self.column > 0 {
            out.push_str(&self.text);
            out.push('\n');
        }
        self.text.clear();
        self.column = 0;
        self.blank = false;
    }

    /// Shows the address after the text of a link.
    fn end_link(&mut self, out: &mut String) {
        let Some(url) = self.link.take() else {
            return;
        };
        // The text of an autolink is already its address.
        if !self.ends_with(&url) {
            self.text(&format!(" ({url})"), out);
        }
    }

    fn ends_with(&self, text: &str) -> bool {
        anstream::adapter::strip_str(&self.text)
            .to_string()
            .ends_with(text)
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

    /// Adds code in backticks, because color may be off. It is never wrapped at its spaces.
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
}
