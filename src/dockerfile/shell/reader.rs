//! The parser of shell scripts: all that dash and bash accept.
//!
//! It gives up at the first text that it does not understand, and then tree-sitter's tree counts,
//! with its errors: a linter needs the commands around an error, too.
//!
//! Crates for shells were no alternative: brush-parser recurses without a limit, so that a hostile
//! script overflows the stack and ends the process, and it gives no places inside words.
//!
//! The time is linear in the length of the script, times the levels of its parentheses.

mod expansions;
mod words;

use std::collections::BTreeMap;
use std::ops::Range;

use super::grammar::NodeKind;
use super::node::{NodeField, NodeId, ReadTree};
use crate::dockerfile::unread::MAX_DEPTH;

/// Levels of lists and expansions. A substitution is both, and the walk over the tree has the limit
/// that is reported.
const MAX_LEVELS: usize = 2 * MAX_DEPTH + 8;

/// Commands whose arguments may be assignments.
const DECLARATIONS: &[&str] = &[
    "declare", "export", "local", "readonly", "typeset", "unset", "unsetenv",
];

/// Redirection operators, each before its own beginnings.
const OPERATORS: &[&str] = &[
    "&>>", "&>", "<<<", "<<-", "<<", "<&-", "<&", "<>", "<", ">>", ">&-", ">&", ">|", ">",
];

/// Reserved words that end a list of commands.
const CLOSERS: &[&str] = &["then", "elif", "else", "fi", "do", "done", "esac", "}"];

/// Reads a whole script; `None` if it is not a shell script or is nested too deeply.
pub(super) fn read(text: &str) -> Option<ReadTree> {
    let mut reader = Reader {
        text,
        at: 0,
        end: text.len(),
        tree: ReadTree::default(),
        heredocs: Vec::new(),
        comments: BTreeMap::new(),
        level: 0,
        in_backticks: false,
        has_escaped_quotes: false,
    };
    let mut children = reader.list()?;
    // Something is left that no command begins with, such as a `)`.
    if reader.at < text.len() {
        return None;
    }
    // The position of a comment among the commands does not matter.
    for (start, end) in std::mem::take(&mut reader.comments) {
        children.push(reader.tree.push(NodeKind::Comment, start..end, Vec::new()));
    }
    reader.tree.push(NodeKind::Other, 0..text.len(), children);
    Some(reader.tree)
}

/// A part that may be absent. If the outer option is `None`, the script cannot be read.
type Perhaps = Option<Option<NodeId>>;

/// A heredoc whose opener was read, and whose text begins after the line.
struct Heredoc {
    name: String,
    strips_tabs: bool,
    /// Nothing is expanded in the text.
    is_quoted: bool,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// End of the part that is read: of the script, or of the text between two backticks.
    end: usize,
    tree: ReadTree,
    /// The comments, by their starts, with their ends. A text that is read twice has them twice.
    comments: BTreeMap<usize, usize>,
    heredocs: Vec<Heredoc>,
    level: usize,
    /// An escaped backtick opens a substitution.
    in_backticks: bool,
    /// Between backticks inside a string, in which `\"` is a quote.
    has_escaped_quotes: bool,
}

/// Lists, pipelines and compound commands.
impl Reader<'_> {
    /// Commands up to something that ends a list. The text of a heredoc is a node among them, so
    /// that nodes come in the order of the text.
    fn list(&mut self) -> Option<Vec<NodeId>> {
        self.enter()?;
        let mut statements = Vec::new();
        loop {
            self.skip_lines(&mut statements)?;
            if self.is_at_list_end() {
                self.level -= 1;
                return Some(statements);
            }
            let statement = self.and_or()?;
            statements.push(statement);
            self.skip_blanks();
            match self.byte() {
                // What ends a list may follow a compound command directly: `( a ) then`.
                _ if self.is_at_list_end() => {}
                Some(b'\n') => {}
                Some(b';' | b'&') => self.at += 1,
                _ => return None,
            }
        }
    }

    /// A list that must have a command: `then fi` is an error.
    fn commands(&mut self) -> Option<Vec<NodeId>> {
        let statements = self.list()?;
        let mut kinds = statements.iter().map(|&id| self.tree.kind(id));
        if kinds.all(|kind| kind == NodeKind::HeredocBody) {
            return None;
        }
        Some(statements)
    }

    fn is_at_list_end(&self) -> bool {
        match self.byte() {
            None | Some(b')') => true,
            Some(b';') => self.starts_with(";;") || self.starts_with(";&"),
            Some(_) => CLOSERS.iter().any(|word| self.is_at_keyword(word)),
        }
    }

    /// `a && b || c`, in lists of two.
    fn and_or(&mut self) -> Option<NodeId> {
        let start = self.at;
        let mut left = self.pipeline()?;
        loop {
            let before = self.at;
            self.skip_blanks();
            let kind = if self.starts_with("&&") {
                NodeKind::AndOperator
            } else if self.starts_with("||") {
                NodeKind::OrOperator
            } else {
                self.at = before;
                return Some(left);
            };
            let mut children = vec![left, self.token(kind, 2)];
            self.skip_lines(&mut children)?;
            children.push(self.pipeline()?);
            left = self.tree.push(NodeKind::List, start..self.at, children);
        }
    }

    fn pipeline(&mut self) -> Option<NodeId> {
        let start = self.at;
        if self.byte() == Some(b'!') && self.ends_word(self.at + 1) {
            self.at += 1;
            self.skip_blanks();
            self.enter()?;
            let negated = self.pipeline()?;
            self.level -= 1;
            return Some(
                self.tree
                    .push(NodeKind::Negated, start..self.at, vec![negated]),
            );
        }
        let first = self.command()?;
        let mut children = vec![first];
        loop {
            let before = self.at;
            self.skip_blanks();
            if self.byte() != Some(b'|') || self.starts_with("||") {
                self.at = before;
                break;
            }
            let length = if self.starts_with("|&") { 2 } else { 1 };
            children.push(self.token(NodeKind::Pipe, length));
            self.skip_lines(&mut children)?;
            children.push(self.command()?);
        }
        if children.len() == 1 {
            return Some(first);
        }
        Some(self.tree.push(NodeKind::Pipeline, start..self.at, children))
    }

    fn command(&mut self) -> Option<NodeId> {
        self.skip_time();
        let start = self.at;
        let Some(compound) = self.compound()? else {
            return self.simple();
        };
        let mut children = vec![compound];
        loop {
            let before = self.at;
            self.skip_blanks();
            let Some(redirection) = self.redirection()? else {
                self.at = before;
                break;
            };
            children.push(redirection);
        }
        if children.len() == 1 {
            return Some(compound);
        }
        self.tree.set_field(compound, NodeField::Body);
        Some(
            self.tree
                .push(NodeKind::Redirected, start..self.at, children),
        )
    }

    /// Skips `time` before a compound command. Before any other it is a wrapper like `nice`.
    fn skip_time(&mut self) {
        let start = self.at;
        if !self.take_keyword("time") {
            return;
        }
        self.skip_blanks();
        if self.take_keyword("-p") {
            self.skip_blanks();
        }
        let compounds = ["{", "if", "while", "until", "for", "case", "[["];
        let is_compound = compounds.iter().any(|word| self.is_at_keyword(word));
        if self.byte() != Some(b'(') && !is_compound {
            self.at = start;
        }
    }

    /// A compound command or a function; `Some(None)` for any other command.
    fn compound(&mut self) -> Perhaps {
        let start = self.at;
        let node = if self.byte() == Some(b'(') {
            self.parenthesis()?
        } else if self.take_keyword("{") {
            let statements = self.commands()?;
            self.expect_keyword("}")?;
            self.tree.push(NodeKind::Group, start..self.at, statements)
        } else if self.take_keyword("if") {
            self.if_statement(start)?
        } else if self.take_keyword("while") || self.take_keyword("until") {
            let mut children = self.commands()?;
            children.push(self.do_group()?);
            self.tree.push(NodeKind::While, start..self.at, children)
        } else if self.take_keyword("for") || self.take_keyword("select") {
            self.for_statement(start)?
        } else if self.take_keyword("case") {
            self.case_statement(start)?
        } else if self.is_at_keyword("[[") {
            self.test()?
        } else {
            return self.function();
        };
        Some(Some(node))
    }

    /// `((…))` or `(…)`.
    fn parenthesis(&mut self) -> Option<NodeId> {
        let start = self.at;
        if self.starts_with("((")
            && let Some(end) = self.arithmetic_end(start + 2)
        {
            return self.arithmetic(start, start + 2, end);
        }
        self.at += 1;
        let statements = self.commands()?;
        self.expect(")")?;
        Some(
            self.tree
                .push(NodeKind::Subshell, start..self.at, statements),
        )
    }

    fn if_statement(&mut self, start: usize) -> Option<NodeId> {
        let mut children = self.commands()?;
        self.then_clause(&mut children)?;
        loop {
            let clause = self.at;
            if !self.take_keyword("elif") {
                break;
            }
            let mut inner = self.commands()?;
            self.then_clause(&mut inner)?;
            children.push(self.tree.push(NodeKind::Elif, clause..self.at, inner));
        }
        if self.take_keyword("else") {
            children.extend(self.commands()?);
        }
        self.expect_keyword("fi")?;
        Some(self.tree.push(NodeKind::If, start..self.at, children))
    }

    /// `then`, and the commands after it.
    fn then_clause(&mut self, nodes: &mut Vec<NodeId>) -> Option<()> {
        let then = self.at..self.at + 4;
        self.expect_keyword("then")?;
        nodes.push(self.tree.push(NodeKind::Then, then, Vec::new()));
        nodes.extend(self.commands()?);
        Some(())
    }

    fn do_group(&mut self) -> Option<NodeId> {
        let start = self.at;
        self.expect_keyword("do")?;
        let statements = self.commands()?;
        self.expect_keyword("done")?;
        Some(self.tree.push(NodeKind::Do, start..self.at, statements))
    }

    /// `for i in a b; do`, `for i do`, `for ((…)); do`.
    fn for_statement(&mut self, start: usize) -> Option<NodeId> {
        self.skip_blanks();
        let mut children = Vec::new();
        if self.starts_with("((") {
            let opening = self.at;
            let end = self.arithmetic_end(opening + 2)?;
            children.push(self.arithmetic(opening, opening + 2, end)?);
        } else {
            let variable = self.name()?;
            self.tree.set_field(variable, NodeField::Variable);
            children.push(variable);
            self.skip_lines(&mut children)?;
            if self.take_keyword("in") {
                self.loop_words(&mut children)?;
            }
        }
        self.skip_blanks();
        if self.byte() == Some(b';') {
            self.at += 1;
        }
        self.skip_lines(&mut children)?;
        // Bash takes braces for the body, too.
        let body = if self.is_at_keyword("{") {
            let opening = self.at;
            self.at += 1;
            let statements = self.commands()?;
            self.expect_keyword("}")?;
            self.tree.push(NodeKind::Do, opening..self.at, statements)
        } else {
            self.do_group()?
        };
        children.push(body);
        Some(self.tree.push(NodeKind::For, start..self.at, children))
    }

    fn loop_words(&mut self, children: &mut Vec<NodeId>) -> Option<()> {
        loop {
            self.skip_blanks();
            if matches!(self.byte(), Some(b';' | b'\n')) {
                return Some(());
            }
            let word = self.word()?;
            self.tree.set_field(word, NodeField::Value);
            children.push(word);
        }
    }

    fn case_statement(&mut self, start: usize) -> Option<NodeId> {
        self.skip_blanks();
        let mut children = vec![self.word()?];
        self.skip_lines(&mut children)?;
        self.expect_keyword("in")?;
        loop {
            self.skip_lines(&mut children)?;
            if self.take_keyword("esac") {
                return Some(self.tree.push(NodeKind::Case, start..self.at, children));
            }
            children.push(self.case_item()?);
            // The last item needs no `;;`.
            if !self.is_at_keyword("esac") {
                self.expect(";")?;
                // `;;`, `;&`, and `;;&` of bash.
                if self.starts_with(";&") {
                    self.at += 2;
                } else if matches!(self.byte(), Some(b';' | b'&')) {
                    self.at += 1;
                } else {
                    return None;
                }
            }
        }
    }

    fn case_item(&mut self) -> Option<NodeId> {
        let start = self.at;
        if self.byte() == Some(b'(') {
            self.at += 1;
        }
        let mut children = Vec::new();
        loop {
            self.skip_blanks();
            children.push(self.word()?);
            self.skip_blanks();
            match self.byte()? {
                b'|' => self.at += 1,
                b')' => break,
                _ => return None,
            }
        }
        self.at += 1;
        children.extend(self.list()?);
        Some(self.tree.push(NodeKind::CaseItem, start..self.at, children))
    }

    /// `[[ … ]]`: its operators are words, as those of `[` are.
    fn test(&mut self) -> Option<NodeId> {
        let start = self.at;
        let mut children = vec![self.token(NodeKind::Word, 2)];
        let mut is_regex = false;
        loop {
            self.skip_lines(&mut children)?;
            if self.is_at_keyword("]]") {
                children.push(self.token(NodeKind::Word, 2));
                return Some(self.tree.push(NodeKind::Test, start..self.at, children));
            }
            let operator = match self.byte()? {
                _ if is_regex => 0,
                b'&' | b'|' if self.starts_with("&&") || self.starts_with("||") => 2,
                // Bash takes a single one for an error.
                b'&' | b'|' => return None,
                b'(' | b')' | b'<' | b'>' => 1,
                _ => 0,
            };
            let from = self.at;
            let word = if operator > 0 {
                self.token(NodeKind::Word, operator)
            } else if is_regex {
                self.regex()?
            } else {
                self.word()?
            };
            is_regex = &self.text[from..self.at] == "=~";
            children.push(word);
        }
    }

    /// `name() { …; }` or `function name { …; }`; `Some(None)` for any other command.
    fn function(&mut self) -> Perhaps {
        let start = self.at;
        let has_keyword = self.take_keyword("function");
        self.skip_blanks();
        let name_start = self.at;
        let name = self.rest().find(is_no_function_name).unwrap_or(0);
        self.at += name;
        self.skip_blanks();
        let has_parentheses = self.take_parentheses();
        if name == 0 || !(has_keyword || has_parentheses) {
            self.at = start;
            return Some(None);
        }
        let name_range = name_start..name_start + name;
        let name = self.tree.push(NodeKind::Word, name_range, Vec::new());
        self.tree.set_field(name, NodeField::Name);
        let mut children = vec![name];
        self.skip_lines(&mut children)?;
        self.enter()?;
        children.push(self.command()?);
        self.level -= 1;
        let node = self.tree.push(NodeKind::Function, start..self.at, children);
        Some(Some(node))
    }

    fn take_parentheses(&mut self) -> bool {
        let start = self.at;
        if self.byte() == Some(b'(') {
            self.at += 1;
            self.skip_blanks();
            if self.byte() == Some(b')') {
                self.at += 1;
                return true;
            }
        }
        self.at = start;
        false
    }
}

fn is_no_function_name(char: char) -> bool {
    char.is_ascii_whitespace() || "'\"`$\\;&|<>()=".contains(char)
}

/// Simple commands and redirections.
impl Reader<'_> {
    fn simple(&mut self) -> Option<NodeId> {
        let start = self.at;
        let mut end = start;
        let mut parts = Vec::new();
        let mut name = None;
        loop {
            self.skip_blanks();
            let part = if let Some(redirection) = self.redirection()? {
                redirection
            } else if self.ends_word(self.at) {
                break;
            } else {
                let takes_assignments = match &name {
                    None => true,
                    Some(name) => DECLARATIONS.contains(&&self.text[Range::clone(name)]),
                };
                let assignment = if takes_assignments {
                    self.assignment()?
                } else {
                    None
                };
                if let Some(assignment) = assignment {
                    assignment
                } else {
                    let word = self.word()?;
                    name.get_or_insert(self.tree.range(word));
                    word
                }
            };
            parts.push(part);
            end = self.at;
        }
        // A `(` would start a function, or an array in an invalid place.
        if parts.is_empty() || self.byte() == Some(b'(') {
            return None;
        }
        // A comment after the command was already skipped; it is skipped again.
        self.at = end;
        let name = name.map_or("", |name| &self.text[name]);
        Some(self.simple_node(start, name, parts))
    }

    /// Makes the node that tree-sitter has for such a command.
    fn simple_node(&mut self, start: usize, name: &str, parts: Vec<NodeId>) -> NodeId {
        let range = start..self.at;
        let is_redirection = |&id: &NodeId| {
            matches!(
                self.tree.kind(id),
                NodeKind::FileRedirect | NodeKind::HeredocRedirect | NodeKind::HerestringRedirect
            )
        };
        let is_declaration = DECLARATIONS.contains(&name)
            && self.tree.kind(parts[0]) != NodeKind::VariableAssignment;
        if !name.is_empty() && !is_declaration {
            return self.tree.push(NodeKind::Command, range, parts);
        }
        let (mut redirections, words): (Vec<_>, Vec<_>) =
            parts.into_iter().partition(is_redirection);
        let kind = if is_declaration {
            NodeKind::Declaration
        } else {
            NodeKind::VariableAssignments
        };
        let statement = match words.as_slice() {
            [] => None,
            [assignment] if !is_declaration => Some(*assignment),
            [first, .., last] | [first @ last] => {
                let words_range = self.tree.range(*first).start..self.tree.range(*last).end;
                Some(self.tree.push(kind, words_range, words))
            }
        };
        match statement {
            Some(statement) if redirections.is_empty() => statement,
            statement => {
                if let Some(statement) = statement {
                    self.tree.set_field(statement, NodeField::Body);
                    redirections.insert(0, statement);
                }
                self.tree.push(NodeKind::Redirected, range, redirections)
            }
        }
    }

    /// `2> file`, `<<EOF`, `{fd}>file`; `Some(None)` if there is none.
    fn redirection(&mut self) -> Perhaps {
        let start = self.at;
        let descriptor = self.descriptor_length();
        let rest = &self.rest()[descriptor..];
        let Some(operator) = OPERATORS.iter().find(|one| rest.starts_with(**one)) else {
            return Some(None);
        };
        // `<(…)` is a word.
        let is_plain = matches!(*operator, "<" | ">");
        if is_plain && descriptor == 0 && rest[1..].starts_with('(') {
            return Some(None);
        }
        let mut children = Vec::new();
        if descriptor > 0 {
            children.push(self.token(NodeKind::FileDescriptor, descriptor));
        }
        children.push(self.token(NodeKind::Token, operator.len()));
        let kind = match *operator {
            "<<" | "<<-" => NodeKind::HeredocRedirect,
            "<<<" => NodeKind::HerestringRedirect,
            _ => NodeKind::FileRedirect,
        };
        if kind == NodeKind::HeredocRedirect {
            children.push(self.heredoc_name(*operator == "<<-")?);
        } else if !operator.ends_with('-') {
            self.skip_blanks();
            children.push(self.word()?);
        }
        Some(Some(self.tree.push(kind, start..self.at, children)))
    }

    /// The length of `2` or `{fd}` before a redirection.
    fn descriptor_length(&self) -> usize {
        let rest = self.rest();
        let length = match rest.strip_prefix('{') {
            Some(name) => match name.find(|char: char| !is_name_char(char)) {
                Some(end) if end > 0 && name[end..].starts_with('}') => end + 2,
                _ => 0,
            },
            None => rest
                .find(|char: char| !char.is_ascii_digit())
                .unwrap_or(rest.len()),
        };
        if rest[length..].starts_with(['<', '>']) {
            length
        } else {
            0
        }
    }

    fn heredoc_name(&mut self, strips_tabs: bool) -> Option<NodeId> {
        self.skip_blanks();
        let start = self.at;
        // Nothing is expanded in the name, so it is read as a word only to find its end.
        self.word()?;
        let raw = &self.text[start..self.at];
        let name: String = raw
            .chars()
            .filter(|char| !matches!(char, '\'' | '"' | '\\'))
            .collect();
        let is_quoted = name.len() < raw.len();
        self.heredocs.push(Heredoc {
            name,
            strips_tabs,
            is_quoted,
        });
        let range = start..self.at;
        Some(self.tree.push(NodeKind::HeredocStart, range, Vec::new()))
    }

    /// Reads the texts of the heredocs that were opened in the line before.
    fn heredoc_bodies(&mut self, nodes: &mut Vec<NodeId>) -> Option<()> {
        for heredoc in std::mem::take(&mut self.heredocs) {
            let start = self.at;
            let mut end = start;
            while self.at < self.end {
                end = self.at;
                let line = self.rest().split('\n').next().unwrap_or_default();
                self.at = (self.at + line.len() + 1).min(self.end);
                let line = if heredoc.strips_tabs {
                    line.trim_start_matches('\t')
                } else {
                    line
                };
                if line == heredoc.name {
                    break;
                }
                // The end of the file ends a heredoc, too.
                end = self.at;
            }
            let after = self.at;
            let mut children = Vec::new();
            if !heredoc.is_quoted {
                self.at = start;
                children = self.expansions(end)?;
                self.at = after;
            }
            nodes.push(self.tree.push(NodeKind::HeredocBody, start..end, children));
        }
        Some(())
    }
}

/// The text and the place in it.
impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        // Every position is at an ASCII character or directly after one.
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    fn byte(&self) -> Option<u8> {
        self.byte_at(self.at)
    }

    fn byte_at(&self, at: usize) -> Option<u8> {
        if at < self.end {
            self.text.as_bytes().get(at).copied()
        } else {
            None
        }
    }

    fn starts_with(&self, text: &str) -> bool {
        let rest = self.text.as_bytes().get(self.at..self.end);
        rest.is_some_and(|rest| rest.starts_with(text.as_bytes()))
    }

    fn expect(&mut self, text: &str) -> Option<()> {
        if !self.starts_with(text) {
            return None;
        }
        self.at += text.len();
        Some(())
    }

    fn token(&mut self, kind: NodeKind, length: usize) -> NodeId {
        let start = self.at;
        self.at += length;
        self.tree.push(kind, start..self.at, Vec::new())
    }

    /// Returns true at a position that ends a word: an operator, a blank or the end.
    fn ends_word(&self, at: usize) -> bool {
        match self.byte_at(at) {
            None => true,
            // `<(…)` is part of a word.
            Some(b'<' | b'>') => self.byte_at(at + 1) != Some(b'('),
            Some(byte) => b" \t\n;&|()".contains(&byte),
        }
    }

    fn is_at_keyword(&self, word: &str) -> bool {
        let end = self.at + word.len();
        self.starts_with(word)
            && (self.ends_word(end) || matches!(self.byte_at(end), Some(b'<' | b'>')))
    }

    fn take_keyword(&mut self, word: &str) -> bool {
        let is_there = self.is_at_keyword(word);
        if is_there {
            self.at += word.len();
        }
        is_there
    }

    fn expect_keyword(&mut self, word: &str) -> Option<()> {
        if self.take_keyword(word) {
            Some(())
        } else {
            None
        }
    }

    /// Skips blanks, escaped line breaks, and a comment, which starts where a word could start.
    fn skip_blanks(&mut self) {
        loop {
            match self.byte() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.starts_with("\\\n") => self.at += 2,
                Some(b'#') => {
                    let rest = self.rest();
                    let start = self.at;
                    self.at += memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
                    self.comments.insert(start, self.at);
                    return;
                }
                _ => return,
            }
        }
    }

    /// Skips blanks and line breaks, and adds the bodies of heredocs after them to `nodes`.
    fn skip_lines(&mut self, nodes: &mut Vec<NodeId>) -> Option<()> {
        loop {
            self.skip_blanks();
            if self.byte() != Some(b'\n') {
                return Some(());
            }
            self.at += 1;
            self.heredoc_bodies(nodes)?;
        }
    }

    /// Counts a level of nesting; `None` if there are too many.
    fn enter(&mut self) -> Option<()> {
        self.level += 1;
        if self.level > MAX_LEVELS {
            None
        } else {
            Some(())
        }
    }
}

fn is_name_char(char: char) -> bool {
    char == '_' || char.is_ascii_alphanumeric()
}
