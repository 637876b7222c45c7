//! Words: literal text, quotes, patterns with parentheses, and assignments.

use super::super::grammar::NodeKind;
use super::super::node::{NodeField, NodeId};
use super::{Perhaps, Reader, is_name_char};

/// Bytes that are searched for the end of `NAME[…]=`. A longer subscript is part of a word.
const MAX_SUBSCRIPT: usize = 256;

impl Reader<'_> {
    pub(super) fn word(&mut self) -> Option<NodeId> {
        self.pattern(false)
    }

    /// The expression after `=~`, in which parentheses and `|` are not operators.
    pub(super) fn regex(&mut self) -> Option<NodeId> {
        self.pattern(true)
    }

    fn pattern(&mut self, is_regex: bool) -> Option<NodeId> {
        let start = self.at;
        let mut literal = start;
        let mut pieces = Vec::new();
        // Parentheses that are open: of `@(a|b)` or of an expression.
        let mut groups = 0_usize;
        while let Some(byte) = self.byte() {
            match byte {
                b')' if groups > 0 => {
                    groups -= 1;
                    self.at += 1;
                    continue;
                }
                b'(' if groups > 0 || is_regex || self.is_after_pattern_sign(start) => {
                    groups += 1;
                    self.at += 1;
                    continue;
                }
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' if groups > 0 => {
                    self.at += 1;
                    continue;
                }
                b'|' if is_regex => {
                    self.at += 1;
                    continue;
                }
                _ if groups == 0 && self.ends_word(self.at) => break,
                _ => {}
            }
            let from = self.at;
            match self.piece(byte)? {
                Some(piece) => {
                    self.push_literal(literal, from, &mut pieces);
                    pieces.push(piece);
                    literal = self.at;
                }
                None => self.skip_literal(byte),
            }
        }
        self.push_literal(literal, self.at, &mut pieces);
        match pieces.as_slice() {
            _ if groups > 0 => None,
            [] => None,
            [piece] => Some(*piece),
            _ => Some(
                self.tree
                    .push(NodeKind::Concatenation, start..self.at, pieces),
            ),
        }
    }

    fn push_literal(&mut self, start: usize, end: usize, pieces: &mut Vec<NodeId>) {
        if start < end {
            pieces.push(self.tree.push(NodeKind::Word, start..end, Vec::new()));
        }
    }

    /// `@(…)`, `?(…)` and the like, inside a word.
    fn is_after_pattern_sign(&self, start: usize) -> bool {
        self.at > start && b"?*+@!".contains(&self.text.as_bytes()[self.at - 1])
    }

    /// A part of a word that is more than a character; `Some(None)` if there is none.
    fn piece(&mut self, byte: u8) -> Perhaps {
        let node = match byte {
            b'\'' => {
                let start = self.at;
                self.at += 1;
                self.skip_past(b'\'')?;
                self.tree
                    .push(NodeKind::RawString, start..self.at, Vec::new())
            }
            b'"' => self.string()?,
            b'`' => self.backticks(false)?,
            b'$' => return self.dollar(false),
            b'<' | b'>' if self.byte_at(self.at + 1) == Some(b'(') => {
                self.substitution(NodeKind::ProcessSubstitution)?
            }
            // At the end of a script, it would escape the text that a fix appends.
            b'\\' if self.at + 1 == self.text.len() => return None,
            b'\\' => return self.escaped(),
            _ => return Some(None),
        };
        Some(Some(node))
    }

    /// Between backticks a backslash may belong to the backticks, and not to the command.
    pub(super) fn escaped(&mut self) -> Perhaps {
        let node = match self.byte_at(self.at + 1) {
            Some(b'`') if self.in_backticks => self.escaped_backticks()?,
            Some(b'"') if self.has_escaped_quotes => self.escaped_string()?,
            _ => return Some(None),
        };
        Some(Some(node))
    }

    /// Moves past a character, or past a backslash and the character that it escapes.
    pub(super) fn skip_literal(&mut self, byte: u8) {
        let length = if byte == b'\\' { 2 } else { 1 };
        self.at = (self.at + length).min(self.end);
        // The character may have several bytes.
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    pub(super) fn skip_past(&mut self, byte: u8) -> Option<()> {
        let rest = &self.text.as_bytes()[self.at..self.end];
        self.at += memchr::memchr(byte, rest)? + 1;
        Some(())
    }

    /// `"…"`.
    pub(super) fn string(&mut self) -> Option<NodeId> {
        let start = self.at;
        self.at += 1;
        self.enter()?;
        let mut children = Vec::new();
        loop {
            let byte = self.byte()?;
            if byte == b'"' {
                break;
            }
            self.expansion_or_literal(byte, &mut children)?;
        }
        self.at += 1;
        self.level -= 1;
        Some(self.tree.push(NodeKind::String, start..self.at, children))
    }

    /// `\"…\"` between backticks inside a string. Its value is not followed, its commands are.
    fn escaped_string(&mut self) -> Option<NodeId> {
        let start = self.at;
        self.at += 2;
        let mut children = Vec::new();
        while !self.starts_with("\\\"") {
            let byte = self.byte()?;
            self.expansion_or_literal(byte, &mut children)?;
        }
        self.at += 2;
        Some(
            self.tree
                .push(NodeKind::Expansion, start..self.at, children),
        )
    }

    /// `NAME=value`, `NAME+=(a b)`, `NAME[i]=value`; `Some(None)` for any other word.
    pub(super) fn assignment(&mut self) -> Perhaps {
        let start = self.at;
        let rest = self.rest();
        let length = rest
            .find(|char: char| !is_name_char(char))
            .unwrap_or(rest.len());
        if length == 0 || rest.starts_with(|char: char| char.is_ascii_digit()) {
            return Some(None);
        }
        let subscript = subscript_length(&rest[length..]);
        let operator = &rest[length + subscript..];
        let operator = match operator.as_bytes() {
            [b'+', b'=', ..] => 2,
            [b'=', ..] => 1,
            _ => return Some(None),
        };
        let mut children = vec![self.token(NodeKind::Name, length)];
        if subscript > 0 {
            let end = self.at + subscript;
            children.extend(self.expansions(end)?);
        }
        self.at += operator;
        let value = if self.byte() == Some(b'(') {
            Some(self.array()?)
        } else if self.ends_word(self.at) {
            None
        } else {
            Some(self.word()?)
        };
        if let Some(value) = value {
            self.tree.set_field(value, NodeField::Value);
            children.push(value);
        }
        let range = start..self.at;
        let kind = NodeKind::VariableAssignment;
        Some(Some(self.tree.push(kind, range, children)))
    }

    /// `(a b)` of an assignment.
    fn array(&mut self) -> Option<NodeId> {
        let start = self.at;
        self.at += 1;
        let mut children = Vec::new();
        loop {
            self.skip_lines(&mut children)?;
            if self.byte()? == b')' {
                break;
            }
            children.push(self.word()?);
        }
        self.at += 1;
        Some(self.tree.push(NodeKind::Other, start..self.at, children))
    }
}

/// The length of `[…]` at the start of a text; 0 if there is none that ends soon.
fn subscript_length(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().take(MAX_SUBSCRIPT) {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b'\n' => return 0,
            _ => {}
        }
        if depth == 0 {
            return if at == 0 { 0 } else { at + 1 };
        }
    }
    0
}
