//! `<<EOF program`: a heredoc before any command, which tree-sitter-bash cannot parse.
//!
//! The shell allows redirections anywhere in a command, and `RUN <<EOF cat > /file` is common in
//! examples. The heredoc is replaced with spaces before parsing and added to the result afterward.

use std::sync::Arc;

use super::Redirection;
use super::words;
use crate::dockerfile::heredoc::{self, Opener};
use crate::dockerfile::lines::{Lines, indentation};
use crate::dockerfile::syntax::Joined;

/// The script with such a heredoc replaced by spaces, so that all other offsets are unchanged.
pub(super) struct Masked {
    pub(super) text: String,
    opener: Opener,
}

impl Masked {
    pub(super) fn redirection(
        &self,
        script: &Joined,
        shared: &Arc<str>,
        command: Option<usize>,
    ) -> Redirection {
        let range = self.opener.range.clone();
        let raw = &script.as_str()[range.clone()];
        let after_fd = raw.trim_start_matches(|char: char| char.is_ascii_digit());
        let operator = if self.opener.strips_tabs { "<<-" } else { "<<" };
        // Blanks may follow the operator.
        let name = after_fd[operator.len()..].trim_start();
        let name = words::verbatim(script, shared, range.end - name.len()..range.end);
        // The opener has 0 if no digit is written; a redirection has none in that case.
        let fd = if after_fd.len() < raw.len() {
            Some(self.opener.fd)
        } else {
            None
        };
        Redirection {
            span: script.source_span(range.start, range.end),
            operator: operator.to_owned(),
            fd,
            target: Some(name),
            command,
        }
    }
}

/// Replaces the heredoc at the start of a script with spaces; `None` for any other script.
pub(super) fn mask(script: &Joined) -> Option<Masked> {
    let text = script.as_str();
    let start = indentation(text);
    // This check is cheap, and almost every script fails it.
    if !text[start..]
        .trim_start_matches(|char: char| char.is_ascii_digit())
        .starts_with("<<")
    {
        return None;
    }
    let mut lines = Lines::new(text, 0);
    let first = lines.next()?;
    let opener = heredoc::openers(&script.slice(0, first.end))
        .into_iter()
        .next()?;
    // The operator at the start may be a here-string, and the heredoc a later one.
    if opener.range.start != start {
        return None;
    }
    let last = lines.find(|line| opener.is_ended_by(&text[line.start..line.end]));
    let end = last.map_or(text.len(), |line| line.end);
    // Replaced instead of removed, so that offsets in the tree are offsets in the script.
    let mut bytes = text.as_bytes().to_vec();
    for range in [opener.range.clone(), first.next..end.max(first.next)] {
        for byte in &mut bytes[range] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    Some(Masked {
        text: String::from_utf8(bytes).ok()?,
        opener,
    })
}
