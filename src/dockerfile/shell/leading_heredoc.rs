//! `<<EOF program`: a heredoc before any command, which tree-sitter-bash does not know.

use std::sync::Arc;

use super::words;
use super::{Redirection, ShellWord};
use crate::dockerfile::heredoc::{self, Opener};
use crate::dockerfile::lines::{Lines, indentation};
use crate::dockerfile::syntax::Joined;

/// The script with such a heredoc blanked out, every other byte at its place.
pub(super) struct Masked {
    pub(super) text: String,
    opener: Opener,
}

impl Masked {
    pub(super) fn redirection(
        self,
        script: &Joined,
        shared: &Arc<str>,
        command: Option<usize>,
    ) -> Redirection {
        let range = self.opener.range;
        let raw = &script.as_str()[range.clone()];
        let name_start = range.end
            - raw
                .trim_start_matches(|char: char| char.is_ascii_digit())
                .len()
            + 2;
        let operator = if self.opener.strips_tabs { "<<-" } else { "<<" };
        let target: ShellWord =
            words::verbatim(script, shared, name_start + (operator.len() - 2)..range.end);
        let fd = raw
            .starts_with(|char: char| char.is_ascii_digit())
            .then_some(self.opener.fd);
        let span = script.source_span(range.start, range.end);
        Redirection {
            span,
            operator: operator.to_owned(),
            fd,
            target: Some(target),
            command,
        }
    }
}

/// `None` for a script that does not start with a heredoc.
pub(super) fn mask(script: &Joined) -> Option<Masked> {
    let text = script.as_str();
    let start = indentation(text);
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
    if opener.range.start != start {
        return None;
    }
    let last = lines.find(|line| {
        let text = &text[line.start..line.end];
        opener.name
            == if opener.strips_tabs {
                text.trim_start_matches('\t')
            } else {
                text
            }
    });
    let end = last.map_or(text.len(), |line| line.end);
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
