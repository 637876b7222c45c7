//! Words of a script, with quotes and escapes removed and expansions identified.

use std::ops::Range;
use std::sync::Arc;

use super::grammar::NodeKind;
use super::node::{Node, NodeField};
use super::{SharedText, ShellPart, ShellWord};
use crate::dockerfile::syntax::Joined;

/// A step through a word, by offsets in the script.
enum Piece<'a> {
    /// Literal text.
    Text(Range<usize>),
    /// A decoded escape.
    Decoded(char, Range<usize>),
    Variable {
        name: &'a str,
        range: Range<usize>,
        quoted: bool,
    },
    Other(Range<usize>),
}

/// Reads the word at a node; `shared` is the text of the script.
pub(super) fn word(script: &Joined, shared: &Arc<str>, node: Node<'_>) -> ShellWord {
    let text = script.as_str();
    let mut parts = Vec::new();
    pieces(text, node, &mut |piece| match piece {
        Piece::Text(range) => push_literal(&mut parts, &text[range]),
        Piece::Decoded(decoded, _) => push_literal(&mut parts, decoded.encode_utf8(&mut [0; 4])),
        Piece::Variable {
            name,
            range,
            quoted,
        } => parts.push(ShellPart::Variable {
            span: script.source_span(range.start, range.end),
            name: name.to_owned(),
            quoted,
            // According to its length, neither `$NAME` nor `${NAME}`.
            modified: range.len() != name.len() + 1 && range.len() != name.len() + 3,
        }),
        Piece::Other(range) => {
            parts.push(ShellPart::Other(script.source_span(range.start, range.end)));
        }
    });
    // A vector reserves space for four elements, but almost all words have one part.
    parts.shrink_to_fit();
    let range = node.byte_range();
    ShellWord {
        span: script.source_span(range.start, range.end),
        raw: SharedText::new(shared, range),
        parts,
    }
}

/// Returns the argument that the program receives, with its locations. Variables stay as written;
/// `None` if it has other expansions.
pub(super) fn value(script: &Joined, node: Node<'_>) -> Option<Joined> {
    let mut value = Joined::default();
    let mut known = true;
    pieces(script.as_str(), node, &mut |piece| match piece {
        Piece::Text(range) | Piece::Variable { range, .. } => value.push_part(script, range),
        Piece::Decoded(decoded, range) => {
            let start = script.source_offset(range.start);
            value.push(decoded.encode_utf8(&mut [0; 4]), start);
        }
        Piece::Other(_) => known = false,
    });
    if known { Some(value) } else { None }
}

/// Reads the name of a heredoc: only quotes are removed, because the shell expands nothing in it.
pub(super) fn verbatim(script: &Joined, shared: &Arc<str>, range: Range<usize>) -> ShellWord {
    let raw = SharedText::new(shared, range.clone());
    let literal: String = raw
        .chars()
        .filter(|char| !matches!(char, '\'' | '"' | '\\'))
        .collect();
    ShellWord {
        span: script.source_span(range.start, range.end),
        raw,
        parts: vec![ShellPart::Literal(literal)],
    }
}

fn push_literal(parts: &mut Vec<ShellPart>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(ShellPart::Literal(before)) => before.push_str(text),
        _ => parts.push(ShellPart::Literal(text.to_owned())),
    }
}

/// Passes the pieces of a word, or of `NAME=word`, to `sink`. A concatenation contains only atoms,
/// so this does not recurse further.
fn pieces<'a>(text: &'a str, node: Node<'_>, sink: &mut dyn FnMut(Piece<'a>)) {
    if node.kind() == NodeKind::VariableAssignment {
        let value = node.field(NodeField::Value);
        sink(Piece::Text(
            node.start_byte()..value.map_or(node.end_byte(), Node::start_byte),
        ));
        return value.map_or((), |value| value_pieces(text, value, sink));
    }
    value_pieces(text, node, sink);
}

fn value_pieces<'a>(text: &'a str, node: Node<'_>, sink: &mut dyn FnMut(Piece<'a>)) {
    if node.kind() != NodeKind::Concatenation {
        return atom(text, node, false, sink);
    }
    let mut at = node.start_byte();
    for child in node.named_children() {
        // Braces and commas are tokens without a name.
        unescape(text, at..child.start_byte(), |_| true, sink);
        atom(text, child, false, sink);
        at = child.end_byte();
    }
    unescape(text, at..node.end_byte(), |_| true, sink);
}

fn atom<'a>(text: &'a str, node: Node<'_>, quoted: bool, sink: &mut dyn FnMut(Piece<'a>)) {
    let range = node.byte_range();
    match node.kind() {
        NodeKind::RawString => sink(Piece::Text(inside(text, &range, "'", '\''))),
        NodeKind::Ansi => ansi(text, range, sink),
        NodeKind::String => string(text, node, sink),
        // `$"…"` holds its string as a child.
        NodeKind::TranslatedString => string(
            text,
            node.named_children().first().copied().unwrap_or(node),
            sink,
        ),
        // `${!name}` and `${#name}` have a name, too; their length marks them as modified.
        NodeKind::SimpleExpansion | NodeKind::Expansion => match variable_name(text, node) {
            Some(name) => sink(Piece::Variable {
                name,
                range,
                quoted,
            }),
            None => sink(Piece::Other(range)),
        },
        // A number with a child is an arithmetic base, `16#$x`.
        NodeKind::Number if !node.has_named_children() => sink(Piece::Text(range)),
        NodeKind::Word
        | NodeKind::Name
        | NodeKind::CommandName
        | NodeKind::Token
        | NodeKind::Error => {
            unescape(text, range, |_| true, sink);
        }
        NodeKind::Other if !node.has_named_children() => unescape(text, range, |_| true, sink),
        _ => sink(Piece::Other(range)),
    }
}

/// Removes the quotes around a string; tree-sitter inserts a closing quote if it is missing in the
/// script.
fn inside(text: &str, range: &Range<usize>, open: &str, close: char) -> Range<usize> {
    let raw = &text[range.clone()];
    let inner = raw.strip_prefix(open).unwrap_or(raw);
    let start = range.end - inner.len();
    start..start + inner.strip_suffix(close).unwrap_or(inner).len()
}

fn string<'a>(text: &'a str, node: Node<'_>, sink: &mut dyn FnMut(Piece<'a>)) {
    let inside = inside(text, &node.byte_range(), "\"", '"');
    let mut at = inside.start;
    for child in node.named_children() {
        // Blanks between two expansions have no node.
        if child.kind() != NodeKind::StringContent && inside.start <= child.start_byte() {
            unescape(text, at..child.start_byte(), is_escaped_in_string, sink);
            atom(text, child, true, sink);
            at = child.end_byte();
        }
    }
    unescape(text, at..inside.end.max(at), is_escaped_in_string, sink);
}

/// Returns true for the characters that a backslash escapes between double quotes; before others,
/// it is literal.
fn is_escaped_in_string(char: char) -> bool {
    matches!(char, '$' | '`' | '"' | '\\')
}

/// Removes escaping backslashes and escaped line breaks.
fn unescape<'a>(
    text: &'a str,
    range: Range<usize>,
    escapes: fn(char) -> bool,
    sink: &mut dyn FnMut(Piece<'a>),
) {
    let mut start = range.start;
    let mut chars = text[range.clone()].char_indices();
    while let Some((offset, char)) = chars.next() {
        if char != '\\' {
            continue;
        }
        let at = range.start + offset;
        match chars.next() {
            // A backslash joins the lines, so both characters are removed.
            Some((_, '\n')) => {
                sink(Piece::Text(start..at));
                start = at + 2;
            }
            Some((_, next)) if escapes(next) => {
                sink(Piece::Text(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    sink(Piece::Text(start..range.end));
}

/// Decodes `$'…'` with common escapes; with others, its value is unknown.
fn ansi<'a>(text: &'a str, range: Range<usize>, sink: &mut dyn FnMut(Piece<'a>)) {
    let inside = inside(text, &range, "$'", '\'');
    let Some(escapes) = ansi_escapes(&text[inside.clone()]) else {
        return sink(Piece::Other(range));
    };
    // Each escape is a piece, so that all other characters keep their locations.
    let mut at = inside.start;
    for (offset, decoded) in escapes {
        let escape = inside.start + offset;
        sink(Piece::Text(at..escape));
        at = escape + 2;
        sink(Piece::Decoded(decoded, escape..at));
    }
    sink(Piece::Text(at..inside.end));
}

/// The positions of the escapes and their values; `None` if one is not supported.
fn ansi_escapes(text: &str) -> Option<Vec<(usize, char)>> {
    let mut escapes = Vec::new();
    let mut chars = text.char_indices();
    while let Some((offset, char)) = chars.next() {
        if char == '\\' {
            let decoded = match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                char @ ('\\' | '\'' | '"' | '?') => char,
                _ => return None,
            };
            escapes.push((offset, decoded));
        }
    }
    Some(escapes)
}

fn variable_name<'a>(text: &'a str, node: Node<'_>) -> Option<&'a str> {
    let children = node.named_children();
    let name = children
        .into_iter()
        .find(|child| child.kind() == NodeKind::Name)?;
    Some(&text[name.byte_range()])
}
