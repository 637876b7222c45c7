//! Expansions: `$NAME`, `${…}`, `$(…)`, `$((…))` and backticks.

use super::super::grammar::NodeKind;
use super::super::node::NodeId;
use super::{Perhaps, Reader, is_name_char};

impl Reader<'_> {
    /// The expansion that a `$` starts; `Some(None)` if it is an ordinary character.
    pub(super) fn dollar(&mut self, is_quoted: bool) -> Perhaps {
        let start = self.at;
        let node = match self.byte_at(start + 1) {
            Some(b'(') => {
                if self.byte_at(start + 2) == Some(b'(')
                    && let Some(end) = self.arithmetic_end(start + 3)
                {
                    self.arithmetic(start, start + 3, end)?
                } else {
                    self.substitution(NodeKind::CommandSubstitution)?
                }
            }
            Some(b'{') => self.parameter(is_quoted)?,
            Some(b'\'') if !is_quoted => self.ansi_string()?,
            Some(b'"') if !is_quoted => {
                self.at += 1;
                let string = self.string()?;
                let range = start..self.at;
                self.tree
                    .push(NodeKind::TranslatedString, range, vec![string])
            }
            _ => {
                let Some(name) = self.variable_length(start + 1) else {
                    return Some(None);
                };
                self.at += 1;
                let name = self.token(NodeKind::Name, name);
                let range = start..self.at;
                self.tree.push(NodeKind::SimpleExpansion, range, vec![name])
            }
        };
        Some(Some(node))
    }

    /// The length of the name after a `$`: `name`, one digit or one special character.
    fn variable_length(&self, at: usize) -> Option<usize> {
        match self.byte_at(at)? {
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                let rest = &self.text[at..self.end];
                Some(
                    rest.find(|char: char| !is_name_char(char))
                        .unwrap_or(rest.len()),
                )
            }
            b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-' => Some(1),
            _ => None,
        }
    }

    /// A name from here on.
    pub(super) fn name(&mut self) -> Option<NodeId> {
        let length = self.variable_length(self.at)?;
        Some(self.token(NodeKind::Name, length))
    }

    /// `$(…)` and `<(…)`.
    pub(super) fn substitution(&mut self, kind: NodeKind) -> Option<NodeId> {
        let start = self.at;
        self.at += 2;
        // The heredocs of the line around it come after it.
        let outer = std::mem::take(&mut self.heredocs);
        let statements = self.list()?;
        self.expect(")")?;
        let inner = std::mem::replace(&mut self.heredocs, outer);
        self.heredocs.extend(inner);
        Some(self.tree.push(kind, start..self.at, statements))
    }

    /// `${…}`.
    fn parameter(&mut self, is_quoted: bool) -> Option<NodeId> {
        let start = self.at;
        self.at += 2;
        self.enter()?;
        let mut children = Vec::new();
        // `${#name}` is a length and `${!name}` a reference, but `${#}` and `${!}` are variables.
        if matches!(self.byte(), Some(b'#' | b'!')) && self.variable_length(self.at + 1).is_some() {
            self.at += 1;
        }
        if let Some(length) = self.parameter_length() {
            let name = self.token(NodeKind::Name, length);
            // The elements of an array are not its name's value.
            if self.byte() == Some(b'[') {
                let range = self.tree.range(name);
                children.push(self.tree.push(NodeKind::Other, range, vec![name]));
            } else {
                children.push(name);
            }
        }
        // In a string, single quotes quote only in patterns.
        let has_pattern = matches!(self.byte(), Some(b'#' | b'%' | b'/'));
        let quotes = !is_quoted || has_pattern;
        loop {
            match self.byte()? {
                b'}' => break,
                b'\'' if quotes => {
                    self.at += 1;
                    self.skip_past(b'\'')?;
                }
                b'"' => children.push(self.string()?),
                byte => self.expansion_or_literal(byte, &mut children)?,
            }
        }
        self.at += 1;
        self.level -= 1;
        Some(
            self.tree
                .push(NodeKind::Expansion, start..self.at, children),
        )
    }

    fn parameter_length(&self) -> Option<usize> {
        // `${10}` has two digits.
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            Some(digits)
        } else {
            self.variable_length(self.at)
        }
    }

    /// `$'…'`, in which a backslash may escape the quote.
    fn ansi_string(&mut self) -> Option<NodeId> {
        let start = self.at;
        self.at += 2;
        loop {
            let byte = self.byte()?;
            self.skip_literal(byte);
            if byte == b'\'' {
                break;
            }
        }
        Some(self.tree.push(NodeKind::Ansi, start..self.at, Vec::new()))
    }

    /// Passes over a character of a string, or reads the expansion that it begins.
    pub(super) fn expansion_or_literal(
        &mut self,
        byte: u8,
        children: &mut Vec<NodeId>,
    ) -> Option<()> {
        let node = match byte {
            b'$' => self.dollar(true)?,
            b'`' => Some(self.backticks(true)?),
            b'\\' => self.escaped()?,
            _ => None,
        };
        match node {
            Some(node) => children.push(node),
            None => self.skip_literal(byte),
        }
        Some(())
    }

    /// The expansions from here to `end`: in the text of a heredoc, or in arithmetic.
    pub(super) fn expansions(&mut self, end: usize) -> Option<Vec<NodeId>> {
        let outer = std::mem::replace(&mut self.end, end);
        self.enter()?;
        let mut children = Vec::new();
        while let Some(byte) = self.byte() {
            self.expansion_or_literal(byte, &mut children)?;
        }
        self.level -= 1;
        self.at = end;
        self.end = outer;
        Some(children)
    }

    /// `` `…` ``. Its end is the next backtick that no backslash escapes, whatever is quoted.
    pub(super) fn backticks(&mut self, is_quoted: bool) -> Option<NodeId> {
        let mut end = self.at + 1;
        while self.byte_at(end)? != b'`' {
            end += if self.byte_at(end) == Some(b'\\') {
                2
            } else {
                1
            };
        }
        let outer = (self.in_backticks, self.has_escaped_quotes);
        self.in_backticks = true;
        self.has_escaped_quotes = is_quoted;
        let node = self.between(end, 1);
        (self.in_backticks, self.has_escaped_quotes) = outer;
        node
    }

    /// `` \`…\` `` between backticks. A third level would need three backslashes and does not occur
    /// in practice.
    pub(super) fn escaped_backticks(&mut self) -> Option<NodeId> {
        let rest = self.rest().get(2..)?;
        let end = self.at + 2 + rest.find("\\`")?;
        let outer = std::mem::replace(&mut self.in_backticks, false);
        let node = self.between(end, 2);
        self.in_backticks = outer;
        node
    }

    /// The commands between two quotes of the given length. The second quote is at `end`.
    fn between(&mut self, end: usize, length: usize) -> Option<NodeId> {
        let start = self.at;
        self.at += length;
        let outer_end = std::mem::replace(&mut self.end, end);
        let outer = std::mem::take(&mut self.heredocs);
        let statements = self.list()?;
        if self.at < end {
            return None;
        }
        self.heredocs = outer;
        self.end = outer_end;
        self.at = end + length;
        let range = start..self.at;
        let kind = NodeKind::CommandSubstitution;
        Some(self.tree.push(kind, range, statements))
    }

    /// The position of the `))` that ends the arithmetic expression starting at `at`. `None` if
    /// these are two subshells, as in `$((a); (b))`.
    pub(super) fn arithmetic_end(&self, at: usize) -> Option<usize> {
        let mut at = at;
        let mut depth = 0_usize;
        loop {
            match self.byte_at(at)? {
                b'\\' => at += 1,
                b'(' => depth += 1,
                b')' if depth == 0 => {
                    return if self.byte_at(at + 1) == Some(b')') {
                        Some(at)
                    } else {
                        None
                    };
                }
                b')' => depth -= 1,
                quote @ (b'"' | b'\'') => {
                    let rest = &self.text.as_bytes()[at + 1..self.end];
                    at += memchr::memchr(quote, rest)? + 1;
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// `((…))`: only the expansions in it are read.
    pub(super) fn arithmetic(&mut self, start: usize, inner: usize, end: usize) -> Option<NodeId> {
        self.at = inner;
        let children = self.expansions(end)?;
        self.at = end + 2;
        // Not `Other`, which is literal text if it has no children.
        let kind = NodeKind::Expansion;
        Some(self.tree.push(kind, start..self.at, children))
    }
}
