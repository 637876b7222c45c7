//! Syntax highlighting of Dockerfiles, based on the parser's tokens.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::dockerfile::{TokenKind, parse};
use crate::source::Source;

/// The text with ANSI styles. Styles end at each line break, because pagers process lines one by
/// one.
pub(super) fn dockerfile(text: &str) -> String {
    let source = Source::new("example", text);
    // Styles roughly double the size of the text.
    let mut out = String::with_capacity(text.len() * 2);
    for token in parse(&source).tokens {
        let style = style(token.kind);
        // A heredoc is a single token of many lines.
        for line in source.slice(token.span).split_inclusive('\n') {
            let (content, end) = match line.strip_suffix('\n') {
                Some(content) => (content, "\n"),
                None => (line, ""),
            };
            let _ = if content.is_empty() {
                write!(out, "{end}")
            } else {
                write!(out, "{style}{content}{style:#}{end}")
            };
        }
    }
    out
}

fn style(kind: TokenKind) -> Style {
    match kind {
        TokenKind::Keyword => AnsiColor::Blue.on_default().bold(),
        TokenKind::Flag => AnsiColor::Cyan.on_default(),
        TokenKind::Comment | TokenKind::Directive | TokenKind::Continuation => {
            AnsiColor::BrightBlack.on_default()
        }
        TokenKind::JsonString => AnsiColor::Green.on_default(),
        TokenKind::HeredocOpener | TokenKind::HeredocEnd => AnsiColor::Magenta.on_default(),
        TokenKind::Error => AnsiColor::Red.on_default(),
        TokenKind::Bom
        | TokenKind::Blank
        | TokenKind::LineBreak
        | TokenKind::Text
        | TokenKind::Punctuation
        | TokenKind::HeredocBody => Style::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn highlighting_changes_no_text_and_is_reset_on_every_line() {
        let text = "# syntax=docker/dockerfile:1\nFROM a\nRUN --mount=type=cache,target=/x b \\\n\
            \x20 c\nCOPY <<EOF /x\ny\nEOF\nCMD [\"x\"]\n";
        let shown = dockerfile(text);
        assert_eq!(anstream::adapter::strip_str(&shown).to_string(), text);
        assert!(
            shown.contains("\u{1b}[1m\u{1b}[34mFROM\u{1b}[0m"),
            "{shown:?}"
        );
        for line in shown.lines().filter(|line| line.contains("\u{1b}[")) {
            assert!(line.matches("\u{1b}[0m").count() > 0, "{line:?}");
        }
    }
}
