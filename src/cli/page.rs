//! Markdown on a terminal: headings, wrapped paragraphs, lists, tables, code.

mod line;
mod table;

use std::fmt::Write as _;

use super::highlight;
use anstyle::{AnsiColor, Style};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use line::Line;
use table::Table;

const HEADING: Style = Style::new().bold().underline();
const BLOCK: Style = AnsiColor::Blue.on_default();

/// Renders Markdown for `width` columns. The text contains ANSI styles, which the stream strips if
/// color is off; no information is conveyed by style alone.
pub(super) fn render(markdown: &str, width: usize) -> String {
    let mut page = Page {
        out: String::new(),
        width,
        line: Line::new(width),
        lists: Vec::new(),
        code: None,
        table: None,
    };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        page.event(event);
    }
    page.line.flush(&mut page.out);
    page.out.truncate(page.out.trim_end().len());
    page.out.push('\n');
    page.out
}

struct Page {
    out: String,
    width: usize,
    line: Line,
    /// The number of the next item of each open list; `None` for a list without numbers.
    lists: Vec<Option<u64>>,
    /// The language and the text of the open code block.
    code: Option<(String, String)>,
    /// The open table.
    table: Option<Table>,
}

impl Page {
    fn event(&mut self, event: Event<'_>) {
        if let Some(table) = &mut self.table {
            match event {
                Event::End(TagEnd::Table) => self.end_table(),
                event => table.event(event),
            }
            return;
        }
        if let Some((_, code)) = &mut self.code
            && let Event::Text(text) = &event
        {
            code.push_str(text);
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Rule => self.out.push('\n'),
            event => self.line.inline(event, &mut self.out),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => self.line.push_style(HEADING),
            Tag::CodeBlock(kind) => {
                self.code = Some((language(&kind).to_owned(), String::new()));
                self.verdict(&kind);
            }
            Tag::List(first) => {
                self.line.flush(&mut self.out);
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Table(alignments) => self.table = Some(Table::new(alignments)),
            tag => self.line.inline(Event::Start(tag), &mut self.out),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.line.pop_style();
                self.end_block();
            }
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
            tag => self.line.inline(Event::End(tag), &mut self.out),
        }
    }

    /// Tables use the full width: no page has a table inside a list.
    fn end_table(&mut self) {
        if let Some(table) = self.table.take() {
            self.out.push_str(&table.render(self.width));
            self.out.push('\n');
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

    /// Labels an example on a rule page as good or bad, from the word after its language.
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

/// The first word of a fence's info string.
fn language<'k>(kind: &'k CodeBlockKind<'_>) -> &'k str {
    match kind {
        CodeBlockKind::Fenced(info) => info.split(' ').next().unwrap_or_default(),
        CodeBlockKind::Indented => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(markdown: &str, width: usize) -> String {
        anstream::adapter::strip_str(&render(markdown, width)).to_string()
    }

    #[test]
    fn paragraphs_are_wrapped_without_separating_punctuation() {
        assert_eq!(
            plain("one two `three`, four\nfive six\n", 16),
            "one two `three`,\nfour five six\n"
        );
    }

    #[test]
    fn wrapped_list_items_are_indented_below_their_bullets() {
        assert_eq!(
            plain("- one two three\n- four\n", 10),
            "- one two\n  three\n- four\n"
        );
    }

    #[test]
    fn code_blocks_show_their_label_and_are_not_wrapped() {
        assert_eq!(
            plain("# A\n\n```dockerfile bad\nRUN a b c d e f\n```\n", 8),
            "A\n\n  bad\n    RUN a b c d e f\n"
        );
    }

    #[test]
    fn a_link_whose_text_is_its_address_shows_it_once() {
        assert_eq!(
            plain("[a](http://b) <http://c>", 80),
            "a (http://b) http://c\n"
        );
    }
}
