//! Edits block mappings of YAML in place: comments, order and quoting of everything else stay.
//!
//! The text is edited line by line instead of being parsed and written again, which would lose its
//! form. What a line does not show, such as aliases and flow mappings, is left to a person. The
//! parser says where the mapping is, and the edited text is read again: it must have the old
//! values, with the same changes.

use std::collections::HashSet;
use std::ops::Range;

use super::place::Place;
use super::yaml::{self, Budget, Entry, Node, Room, Style, Value};
use crate::source::Span;

/// A text whose mappings are edited, any number of them before it is read again.
#[derive(Clone, Debug)]
pub struct BlockEditor {
    lines: Vec<Line>,
    /// Where the lines of the text begin, before anything is edited.
    starts: Vec<usize>,
    line_end: &'static str,
    /// The documents as the edited text must read.
    expected: Vec<Node>,
    /// The number of errors in the text.
    problems: usize,
    /// The places of keys and of mappings that aliases and merge keys repeat.
    repeated: HashSet<Place>,
}

#[derive(Clone, Debug)]
struct Line {
    /// With its line end.
    text: String,
    /// Whether the line continues a scalar, so that it contains neither keys nor comments.
    is_scalar: bool,
    /// The line of the text before anything was edited, counted from 0. An added line has that of
    /// the line above it.
    origin: usize,
}

/// A block mapping: its keys begin in the same column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The line of the first key in the text before anything was edited, counted from 0. `- ` may
    /// be before it.
    origin: usize,
    /// The column of the keys, in bytes.
    indent: usize,
    /// Indexes of the document and of the items and entries that lead to the mapping.
    path: Vec<usize>,
}

/// A block in the lines as they are now.
struct Lines {
    /// The line of the first key.
    first: usize,
    /// The column of the keys, in bytes.
    indent: usize,
    /// Indexes of the document and of the items and entries that lead to the mapping.
    path: Vec<usize>,
}

/// A value to set. Scalars are written as they are, so the caller quotes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewValue {
    Scalar(String),
    /// Items to add to a list.
    List(Vec<String>),
    Map(Vec<(&'static str, NewValue)>),
    /// Mappings to add to a list.
    Maps(Vec<Vec<(&'static str, NewValue)>>),
}

impl NewValue {
    pub fn scalar(text: impl Into<String>) -> Self {
        Self::Scalar(text.into())
    }
}

/// A change of the lines.
enum LineEdit {
    Insert {
        at: usize,
        lines: Vec<Line>,
    },
    Replace {
        at: usize,
        range: Range<usize>,
        text: String,
    },
}

/// A key that cannot be edited; the line is counted from 1, before anything was edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotEditable {
    pub key: String,
    pub line: usize,
}

impl BlockEditor {
    pub fn new(text: &str) -> Self {
        let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let (mut lines, mut starts, mut start) = (Vec::new(), Vec::new(), 0);
        for line in text.split_inclusive('\n') {
            lines.push(Line {
                text: line.to_owned(),
                is_scalar: false,
                origin: starts.len(),
            });
            starts.push(start);
            start += line.len();
        }
        if let Some(last) = lines.last_mut()
            && !last.text.ends_with('\n')
        {
            last.text.push_str(line_end);
        }
        let (expected, problems) = documents(text, TEXT);
        let mut editor = Self {
            lines,
            starts,
            line_end,
            expected: Vec::new(),
            problems,
            repeated: HashSet::new(),
        };
        let mut known = HashSet::new();
        for document in &expected {
            editor.mark_scalars(document);
            editor.mark_repeated(document, &mut known);
        }
        editor.expected = expected;
        editor
    }

    /// The edited text, if it reads as the old one with the new values and nothing else.
    pub fn finish(self) -> Option<String> {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(&line.text);
        }
        let (found, problems) = documents(&text, TEXT);
        let is_same = problems == self.problems
            && found.len() == self.expected.len()
            && found
                .iter()
                .zip(&self.expected)
                .all(|(found, expected)| is_equal(found, expected));
        if is_same { Some(text) } else { None }
    }

    /// The mapping under the key at a place. `None` if it is not a block, or if an alias repeats
    /// it.
    pub fn block_under(&self, key: Place) -> Option<Block> {
        self.block(self.only_path(|entry| entry.key.place == key)?)
    }

    /// The mapping with the value at a place. `None` as above.
    pub fn block_with(&self, value: Place) -> Option<Block> {
        let mut path = self.only_path(|entry| entry.value.place == value)?;
        path.pop();
        self.block(path)
    }

    /// The mapping that has the list of which a block is an item.
    pub fn block_with_list_of(&self, item: &Block) -> Option<Block> {
        let length = item.path.len().checked_sub(2)?;
        self.block(item.path[..length].to_vec())
    }

    /// Whether a change of a mapping would also change another one.
    pub fn is_repeated(&self, block: &Block) -> bool {
        let Some(node) = self.node(&block.path) else {
            return false;
        };
        let mut keys = node.entries().iter().map(|entry| entry.key.place);
        // A key that comes from another mapping is repeated here.
        self.repeated.contains(&node.place)
            || keys.any(|key| node.place.span.contains(key.span) && self.repeated.contains(&key))
    }

    /// The path of the only entry with a property.
    fn only_path(&self, is_searched: impl Fn(&Entry) -> bool) -> Option<Vec<usize>> {
        let mut found = Vec::new();
        for (index, document) in self.expected.iter().enumerate() {
            find(document, &is_searched, &mut vec![index], &mut found);
        }
        match found.len() {
            1 => found.pop(),
            _ => None,
        }
    }

    fn block(&self, path: Vec<usize>) -> Option<Block> {
        let node = self.node(&path)?;
        if node.place.file != TEXT {
            return None;
        }
        let start = node.place.span.start;
        let origin = self
            .starts
            .partition_point(|at| *at <= start)
            .checked_sub(1)?;
        let indent = start - self.starts[origin];
        let content = self.content(self.line_of(origin))?;
        let before = content.get(..indent)?;
        let is_flow = content[indent..].starts_with(['{', '?']);
        if !node.is_map() || is_flow || !before.chars().all(|char| matches!(char, ' ' | '-')) {
            return None;
        }
        Some(Block {
            origin,
            indent,
            path,
        })
    }

    /// The line as which a line of the text is found now.
    fn line_of(&self, origin: usize) -> usize {
        self.lines.partition_point(|line| line.origin < origin)
    }

    fn node(&self, path: &[usize]) -> Option<&Node> {
        let (document, path) = path.split_first()?;
        let mut node = self.expected.get(*document)?;
        for index in path {
            node = match &node.value {
                Value::List(items) => items.get(*index)?,
                Value::Map(entries) => &entries.get(*index)?.value,
                Value::Null | Value::Scalar(_) => return None,
            };
        }
        Some(node)
    }

    fn node_mut(&mut self, path: &[usize]) -> Option<&mut Node> {
        let (document, path) = path.split_first()?;
        let mut node = self.expected.get_mut(*document)?;
        for index in path {
            node = match &mut node.value {
                Value::List(items) => items.get_mut(*index)?,
                Value::Map(entries) => &mut entries.get_mut(*index)?.value,
                Value::Null | Value::Scalar(_) => return None,
            };
        }
        Some(node)
    }

    /// Marks the lines that continue scalars: block scalars and quoted texts may contain anything.
    fn mark_scalars(&mut self, node: &Node) {
        match &node.value {
            Value::Null => {}
            Value::List(items) => {
                for item in items {
                    self.mark_scalars(item);
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    self.mark_lines(entry.key.place, false, false);
                    self.mark_scalars(&entry.value);
                }
            }
            Value::Scalar(scalar) => {
                let is_block = matches!(scalar.style, Style::Literal | Style::Folded);
                // Only `|+` and `>+` keep empty lines at the end.
                let text = &scalar.text;
                let keeps_end = text.ends_with("\n\n") || text == "\n";
                self.mark_lines(node.place, is_block, keeps_end);
            }
        }
    }

    /// Finds the places that occur several times.
    fn mark_repeated(&mut self, node: &Node, known: &mut HashSet<Place>) {
        let places = node.entries().iter().map(|entry| entry.key.place);
        // A scalar is changed where it is, and not where it is repeated.
        let own = if node.is_map() {
            Some(node.place)
        } else {
            None
        };
        for place in places.chain(own) {
            if !known.insert(place) {
                self.repeated.insert(place);
            }
        }
        for entry in node.entries() {
            self.mark_repeated(&entry.value, known);
        }
        for item in node.items() {
            self.mark_repeated(item, known);
        }
    }

    fn mark_lines(&mut self, place: Place, is_block: bool, keeps_end: bool) {
        let Span { start, end } = place.span;
        let mut first = self.starts.partition_point(|at| *at <= start);
        let mut last = self.starts.partition_point(|at| *at < end);
        // The place of a block scalar may begin with its first line instead of its indicator.
        if is_block && !self.has_indicator(first, start) {
            first -= 1;
        }
        // The place of a block scalar may also end after the indentation of the line that follows.
        if is_block && last > first && self.is_indentation(last - 1, end) {
            last -= 1;
        }
        while is_block
            && !keeps_end
            && last > first
            && self.content(last - 1).is_some_and(str::is_empty)
        {
            last -= 1;
        }
        for line in self.lines.get_mut(first..last).unwrap_or_default() {
            line.is_scalar = true;
        }
    }

    /// Whether a line has only blanks before an offset, and more after it.
    fn is_indentation(&self, line: usize, end: usize) -> bool {
        let text = &self.lines[line].text;
        let before = text.get(..end - self.starts[line]);
        before
            .is_some_and(|before| before.len() < text.len() && before.trim_matches(' ').is_empty())
    }

    /// Whether the indicator of a block scalar is at an offset in the line before another one.
    fn has_indicator(&self, next: usize, offset: usize) -> bool {
        let Some(at) = next.checked_sub(1) else {
            return true;
        };
        let column = offset - self.starts[at];
        let rest = self.lines[at].text.get(column..);
        rest.is_some_and(|rest| rest.starts_with(['|', '>']))
    }

    /// Sets a key of a mapping, or adds to it. Keys that cannot be edited are added to `refused`.
    pub fn set(
        &mut self,
        block: &Block,
        key: &'static str,
        value: &NewValue,
        refused: &mut Vec<NotEditable>,
    ) {
        self.set_in(&self.lines_of(block), key, value, refused);
    }

    /// Whether `set` would edit all that it is asked for.
    pub fn check(&self, block: &Block, key: &str, value: &NewValue) -> Result<(), NotEditable> {
        self.check_in(&self.lines_of(block), key, value)
    }

    fn lines_of(&self, block: &Block) -> Lines {
        Lines {
            first: self.line_of(block.origin),
            indent: block.indent,
            path: block.path.clone(),
        }
    }

    fn set_in(
        &mut self,
        block: &Lines,
        key: &'static str,
        value: &NewValue,
        refused: &mut Vec<NotEditable>,
    ) {
        if let NewValue::Map(entries) = value
            && let Some(inner) = self.block_of(block, key)
        {
            for (key, value) in entries {
                self.set_in(&inner, key, value, refused);
            }
            return;
        }
        match self.edit(block, key, value) {
            Ok(edit) => {
                self.apply(edit);
                self.expect(block, key, value);
            }
            Err(error) => refused.push(error),
        }
    }

    fn check_in(&self, block: &Lines, key: &str, value: &NewValue) -> Result<(), NotEditable> {
        if let NewValue::Map(entries) = value
            && let Some(inner) = self.block_of(block, key)
        {
            return entries
                .iter()
                .try_for_each(|(key, value)| self.check_in(&inner, key, value));
        }
        self.edit(block, key, value).map(drop)
    }

    /// The change of the lines that sets a key.
    fn edit(&self, block: &Lines, key: &str, value: &NewValue) -> Result<LineEdit, NotEditable> {
        let at = self.entry(block, key);
        let edit = match at {
            Some(at) => self.change(at, block, value),
            None => self.append(block, key, value),
        };
        edit.ok_or_else(|| NotEditable {
            key: key.to_owned(),
            line: self.lines[at.unwrap_or(block.first)].origin + 1,
        })
    }

    fn apply(&mut self, edit: LineEdit) {
        match edit {
            LineEdit::Insert { at, mut lines } => {
                let above = at
                    .checked_sub(1)
                    .map_or(0, |above| self.lines[above].origin);
                for line in &mut lines {
                    line.origin = above;
                }
                self.lines.splice(at..at, lines);
            }
            LineEdit::Replace { at, range, text } => {
                self.lines[at].text.replace_range(range, &text);
            }
        }
    }

    /// Adds a key to the end of a mapping.
    fn append(&self, block: &Lines, key: &str, value: &NewValue) -> Option<LineEdit> {
        let node = self.node(&block.path)?;
        if let Some(old) = node.entry(key) {
            // The key is in a form that a line does not show, or comes from a merge key. A new
            // value hides what is merged, which is only meant for a scalar.
            let is_own = node.place.span.contains(old.key.place.span);
            let is_scalar = matches!(value, NewValue::Scalar(_)) && old.value.scalar().is_some();
            if is_own || !is_scalar {
                return None;
            }
        }
        Some(LineEdit::Insert {
            at: self.end(block.first, block.indent),
            lines: self.rendered(key, value, block.indent),
        })
    }

    /// Changes the value of the key in a line.
    fn change(&self, at: usize, block: &Lines, value: &NewValue) -> Option<LineEdit> {
        let range = self.value_range(at, block)?;
        match value {
            NewValue::Scalar(text) => self.replace(at, range, text),
            NewValue::Map(_) => None,
            NewValue::List(items) => self.add_items(at, block, range, items),
            NewValue::Maps(items) => {
                let (end, indent) = self.list_end(at, block, &range)?;
                Some(LineEdit::Insert {
                    at: end,
                    lines: self.rendered_maps(items, indent),
                })
            }
        }
    }

    /// Makes the same change to the documents as to the text.
    fn expect(&mut self, block: &Lines, key: &str, value: &NewValue) {
        let mut text = String::new();
        for line in self.rendered(key, value, 0) {
            text.push_str(&line.text);
        }
        let (mut documents, _) = documents(&text, ADDED);
        let Some(Value::Map(mut entries)) = documents.pop().map(|document| document.value) else {
            return;
        };
        let (Some(new), Some(node)) = (entries.pop(), self.node_mut(&block.path)) else {
            return;
        };
        if let Some(old) = node.entry_mut(key) {
            match (&mut old.value.value, new.value.value) {
                (Value::List(items), Value::List(new)) => items.extend(new),
                (old, new) => *old = new,
            }
        } else if let Value::Map(entries) = &mut node.value {
            entries.push(new);
        }
    }

    /// The block mapping that a key of a mapping has as its value.
    fn block_of(&self, block: &Lines, key: &str) -> Option<Lines> {
        let at = self.entry(block, key)?;
        if !self.value_range(at, block)?.is_empty() {
            return None;
        }
        let first = self.next_content(at + 1)?;
        let content = self.content(first)?;
        let indent = indent_of(content);
        if indent <= block.indent || is_item(content) {
            return None;
        }
        let entries = self.node(&block.path)?.entries();
        let mut path = block.path.clone();
        path.push(entries.iter().rposition(|entry| *entry.key == key)?);
        if !self.node(&path)?.is_map() {
            return None;
        }
        Some(Lines {
            first,
            indent,
            path,
        })
    }

    /// The line of a key of a mapping.
    fn entry(&self, block: &Lines, key: &str) -> Option<usize> {
        (block.first..self.end(block.first, block.indent)).find(|&at| {
            let text = self.key_text(at, block).and_then(split_entry);
            text.is_some_and(|(found, _)| found == key)
        })
    }

    /// The text of a line from the column of the keys, if a key is there.
    fn key_text(&self, at: usize, block: &Lines) -> Option<&str> {
        let line = self.lines.get(at)?;
        let content = self.content(at)?;
        let is_key = indent_of(content) == block.indent && !is_item(content);
        if line.is_scalar || at != block.first && !is_key {
            return None;
        }
        content.get(block.indent..)
    }

    /// The columns of the value behind a key, without a comment. `None` if it goes on below.
    fn value_range(&self, at: usize, block: &Lines) -> Option<Range<usize>> {
        let (_, value) = split_entry(self.key_text(at, block)?)?;
        let content = self.content(at)?;
        let start = content.len() - value.trim_start_matches(BLANKS).len();
        let length = value_length(&content[start..])?;
        Some(start..start + length)
    }

    fn replace(&self, at: usize, range: Range<usize>, new: &str) -> Option<LineEdit> {
        let old = &self.lines[at].text[range.clone()];
        if old.is_empty() || old.starts_with(['&', '*', '|', '>', '{', '[', '!']) {
            return None;
        }
        Some(LineEdit::Replace {
            at,
            range,
            text: new.to_owned(),
        })
    }

    fn add_items(
        &self,
        at: usize,
        block: &Lines,
        range: Range<usize>,
        items: &[String],
    ) -> Option<LineEdit> {
        let inline = &self.lines[at].text[range.clone()];
        if let Some(inside) = inline.strip_prefix('[') {
            let inside = inside.strip_suffix(']')?.trim_end_matches(BLANKS);
            let separator = match inside.chars().next_back() {
                None => "",
                Some(',') => " ",
                Some(_) => ", ",
            };
            let start = range.start + 1 + inside.len();
            return Some(LineEdit::Replace {
                at,
                range: start..start,
                text: format!("{separator}{}", items.join(", ")),
            });
        }
        let (end, indent) = self.list_end(at, block, &range)?;
        let mut lines = Vec::new();
        for item in items {
            lines.push(self.line(indent, &format!("- {item}")));
        }
        Some(LineEdit::Insert { at: end, lines })
    }

    /// The line after the last item of a block list, and the column of its items.
    fn list_end(&self, at: usize, block: &Lines, range: &Range<usize>) -> Option<(usize, usize)> {
        if !range.is_empty() {
            return None;
        }
        let first = self.next_content(at + 1)?;
        let content = self.content(first)?;
        let indent = indent_of(content);
        if !is_item(content) || indent < block.indent {
            return None;
        }
        let mut end = self.end(first, indent + 1);
        while let Some(next) = self.next_content(end)
            && let Some(content) = self.content(next)
            && indent_of(content) == indent
            && is_item(content)
        {
            end = self.end(next, indent + 1);
        }
        Some((end, indent))
    }

    /// The line after the last one of a value that begins in a line and whose other lines are
    /// indented. Comments and empty lines behind it do not belong to it.
    fn end(&self, first: usize, indent: usize) -> usize {
        let mut end = first + 1;
        for (at, line) in self.lines.iter().enumerate().skip(first + 1) {
            let content = line.content();
            if !line.is_scalar && is_blank(content) {
                continue;
            }
            // A quoted text may be indented as it likes.
            if !line.is_scalar && indent_of(content) < indent {
                break;
            }
            end = at + 1;
        }
        end
    }

    /// The next line that is neither empty nor a comment.
    fn next_content(&self, from: usize) -> Option<usize> {
        (from..self.lines.len()).find(|&at| !self.content(at).is_none_or(is_blank))
    }

    fn content(&self, at: usize) -> Option<&str> {
        Some(self.lines.get(at)?.content())
    }

    fn line(&self, indent: usize, text: &str) -> Line {
        Line {
            text: format!("{}{text}{}", " ".repeat(indent), self.line_end),
            is_scalar: false,
            origin: 0,
        }
    }

    /// The lines of a new entry.
    fn rendered(&self, key: &str, value: &NewValue, indent: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        match value {
            NewValue::Scalar(text) => lines.push(self.line(indent, &format!("{key}: {text}"))),
            NewValue::List(items) => {
                lines.push(self.line(indent, &format!("{key}:")));
                for item in items {
                    lines.push(self.line(indent + 2, &format!("- {item}")));
                }
            }
            NewValue::Map(entries) => {
                lines.push(self.line(indent, &format!("{key}:")));
                for (key, value) in entries {
                    lines.extend(self.rendered(key, value, indent + 2));
                }
            }
            NewValue::Maps(items) => {
                lines.push(self.line(indent, &format!("{key}:")));
                lines.extend(self.rendered_maps(items, indent + 2));
            }
        }
        lines
    }

    fn rendered_maps(&self, items: &[Vec<(&'static str, NewValue)>], indent: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        for entries in items {
            let first = lines.len();
            for (key, value) in entries {
                lines.extend(self.rendered(key, value, indent + 2));
            }
            if let Some(line) = lines.get_mut(first) {
                line.text.replace_range(indent..=indent, "-");
            }
        }
        lines
    }
}

impl Line {
    fn content(&self) -> &str {
        self.text.trim_end_matches([' ', '\t', '\r', '\n'])
    }
}

/// Blanks of YAML, which are fewer than those of Unicode.
const BLANKS: [char; 2] = [' ', '\t'];

/// The numbers of files in places of the text, and of what is added to it.
const TEXT: usize = 0;
const ADDED: usize = 1;

fn documents(text: &str, file: usize) -> (Vec<Node>, usize) {
    let room = Room::default();
    let mut problems = Vec::new();
    let documents = yaml::parse(text, file, &mut Budget::of(&room), &mut problems);
    (documents, problems.len())
}

/// Adds the paths of the first entries with a property.
fn find(
    node: &Node,
    is_searched: &impl Fn(&Entry) -> bool,
    path: &mut Vec<usize>,
    found: &mut Vec<Vec<usize>>,
) {
    // Only one of them is of use; aliases can make thousands.
    if found.len() > 1 {
        return;
    }
    for (index, entry) in node.entries().iter().enumerate() {
        path.push(index);
        if is_searched(entry) {
            found.push(path.clone());
        }
        find(&entry.value, is_searched, path, found);
        path.pop();
    }
    for (index, item) in node.items().iter().enumerate() {
        path.push(index);
        find(item, is_searched, path, found);
        path.pop();
    }
}

/// Whether two values are the same, wherever they are written. The order of keys has no meaning.
fn is_equal(left: &Node, right: &Node) -> bool {
    if left.merging != right.merging {
        return false;
    }
    match (&left.value, &right.value) {
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| is_equal(left, right))
        }
        (Value::Map(left), Value::Map(right)) => {
            let (left, right) = (by_key(left), by_key(right));
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| {
                    *left.key == *right.key && is_equal(&left.value, &right.value)
                })
        }
        (left, right) => left == right,
    }
}

/// Sorted by key; of duplicate keys, the order counts.
fn by_key(entries: &[Entry]) -> Vec<&Entry> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|left, right| left.key.value.cmp(&right.key.value));
    sorted
}

fn indent_of(content: &str) -> usize {
    content.len() - content.trim_start_matches(' ').len()
}

fn is_blank(content: &str) -> bool {
    let text = content.trim_start_matches(BLANKS);
    text.is_empty() || text.starts_with('#')
}

fn is_item(content: &str) -> bool {
    let text = content.trim_start_matches(' ');
    text == "-" || text.starts_with("- ")
}

/// The key of `key: value`, without quotes, and the value.
fn split_entry(text: &str) -> Option<(&str, &str)> {
    let (key, value) = match text.split_once(": ") {
        Some((key, value)) => (key, value),
        None => (text.strip_suffix(':')?, ""),
    };
    let key = key.trim_matches(BLANKS).trim_matches(['"', '\'']);
    if key.is_empty() || key.starts_with('#') {
        return None;
    }
    Some((key, value))
}

/// The length of the value at the start of a text, without the comment behind it. `None` if it does
/// not end in this line.
fn value_length(text: &str) -> Option<usize> {
    if text.starts_with('#') {
        return Some(0);
    }
    let length = match text.chars().next() {
        None => return Some(0),
        Some('"' | '\'') => quoted_length(text)?,
        Some('[' | '{') => flow_length(text)?,
        Some(_) => plain_length(text),
    };
    let behind = &text[length..];
    let is_comment = behind.starts_with(BLANKS) && is_blank(behind);
    if behind.is_empty() || is_comment {
        Some(length)
    } else {
        None
    }
}

fn quoted_length(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let (_, quote) = chars.next()?;
    while let Some((at, char)) = chars.next() {
        if char == '\\' && quote == '"' {
            chars.next();
        } else if char == quote {
            // `''` is a quote in a text that single quotes enclose.
            let is_doubled = quote == '\'' && text[at + 1..].starts_with('\'');
            if !is_doubled {
                return Some(at + 1);
            }
            chars.next();
        }
    }
    None
}

/// Brackets in plain texts are not allowed inside of brackets, and quotes are rare there: such a
/// value seems not to end.
fn flow_length(text: &str) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(char) = text[at..].chars().next() {
        match char {
            '"' | '\'' => {
                at += quoted_length(&text[at..])?;
                continue;
            }
            '#' if text[..at].ends_with(BLANKS) => return None,
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += char.len_utf8();
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn plain_length(text: &str) -> usize {
    let comment = [" #", "\t#"]
        .iter()
        .filter_map(|start| text.find(start))
        .min();
    let text = &text[..comment.unwrap_or(text.len())];
    text.trim_end_matches(BLANKS).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[&str]) -> NewValue {
        NewValue::List(items.iter().map(|item| (*item).to_owned()).collect())
    }

    fn under(editor: &BlockEditor, text: &str, key: &str) -> Block {
        let start = text.find(&format!("{key}:")).expect("it is a key");
        let place = Place::new(0, start, start + key.len());
        editor.block_under(place).expect("it is a mapping")
    }

    const COMPOSE: &str = "\
services:
  # The web server.
  web:
    image: app:1   # pinned elsewhere
    user: root # for now
    tmpfs:
    - /run

    cap_drop: [NET_RAW]
  # The database.
  db:
    image: db:1
";

    #[test]
    fn keys_are_added_behind_the_last_one() {
        let mut editor = BlockEditor::new(COMPOSE);
        let block = under(&editor, COMPOSE, "web");
        let mut refused = Vec::new();
        for (key, value) in [
            ("read_only", NewValue::scalar("true")),
            ("user", NewValue::scalar("\"1000:1000\"")),
            ("tmpfs", list(&["/tmp"])),
            ("cap_drop", list(&["ALL"])),
        ] {
            editor.set(&block, key, &value, &mut refused);
        }
        assert_eq!(refused, []);
        assert_eq!(
            editor.finish().expect("it reads as expected"),
            "\
services:
  # The web server.
  web:
    image: app:1   # pinned elsewhere
    user: \"1000:1000\" # for now
    tmpfs:
    - /run
    - /tmp

    cap_drop: [NET_RAW, ALL]
    read_only: true
  # The database.
  db:
    image: db:1
"
        );
    }

    #[test]
    fn items_of_lists_are_mappings_too() {
        let text = "spec:\r\n  containers:\r\n  - image: a\r\n    name: a\r\n    securityContext:\r\n      privileged: false\r\n  - name: b\r\n";
        let mut editor = BlockEditor::new(text);
        let at = text.find("name: a").unwrap() + "name: ".len();
        let first = editor
            .block_with(Place::new(0, at, at + 1))
            .expect("it is an item");
        let mut refused = Vec::new();
        let drop = NewValue::Map(vec![("drop", list(&["ALL"]))]);
        let context = NewValue::Map(vec![("capabilities", drop)]);
        editor.set(&first, "securityContext", &context, &mut refused);
        let spec = editor.block_with_list_of(&first).unwrap();
        let volume = vec![
            ("name", NewValue::scalar("tmp")),
            ("emptyDir", NewValue::scalar("{}")),
        ];
        editor.set(
            &spec,
            "volumes",
            &NewValue::Maps(vec![volume]),
            &mut refused,
        );
        assert_eq!(refused, []);
        let edited = editor.finish().expect("it reads as expected");
        assert_eq!(
            edited.replace("\r\n", "\n"),
            "\
spec:
  containers:
  - image: a
    name: a
    securityContext:
      privileged: false
      capabilities:
        drop:
          - ALL
  - name: b
  volumes:
    - name: tmp
      emptyDir: {}
"
        );
    }

    #[test]
    fn what_a_line_does_not_show_is_not_edited() {
        let text = "a:\n  list: *other\n  map: {b: 1}\n  text: |\n    x\n";
        let mut editor = BlockEditor::new(text);
        let block = under(&editor, text, "a");
        for (key, value) in [
            ("list", list(&["x"])),
            ("map", NewValue::Map(vec![("c", NewValue::scalar("1"))])),
            ("text", NewValue::scalar("y")),
        ] {
            let mut refused = Vec::new();
            editor.set(&block, key, &value, &mut refused);
            assert_eq!(refused[0].key, key);
        }
        assert_eq!(editor.finish().as_deref(), Some(text));
        let key = Place::new(0, 0, 1);
        assert_eq!(BlockEditor::new("a: {b: 1}\n").block_under(key), None);
        assert_eq!(BlockEditor::new("").block_under(key), None);
    }

    /// Sets a value of the mapping `a`, and returns the edited text if that is possible.
    fn edited(text: &str, key: &'static str, value: &NewValue) -> Option<String> {
        let mut editor = BlockEditor::new(text);
        let start = text.find("a:").expect("it is a key");
        let block = editor.block_under(Place::new(0, start, start + 1))?;
        let mut refused = Vec::new();
        editor.set(&block, key, value, &mut refused);
        let edited = editor.finish().expect("it reads as expected");
        if refused.is_empty() {
            Some(edited)
        } else {
            None
        }
    }

    #[test]
    fn values_are_changed_and_not_the_comments_behind_them() {
        for (old, new) in [
            ("root # not root", "7 # not root"),
            ("\"root\" # \"root\"", "7 # \"root\""),
            ("'it''s # root'   # it's root", "7   # it's root"),
            ("\"a \\\" # b\" # c", "7 # c"),
            ("a#b", "7"),
            (" k\t# k", " 7\t# k"),
        ] {
            let text = format!("a:\n  k: {old}\n");
            assert_eq!(
                edited(&text, "k", &NewValue::scalar("7")),
                Some(format!("a:\n  k: {new}\n"))
            );
        }
        for (old, new) in [
            ("[\"B\"] # it's [all]", "[\"B\", ALL] # it's [all]"),
            ("[B, ] # ]", "[B, ALL ] # ]"),
            ("[] # []", "[ALL] # []"),
            ("['#']", "['#', ALL]"),
        ] {
            let text = format!("a:\n  k: {old}\n");
            assert_eq!(
                edited(&text, "k", &list(&["ALL"])),
                Some(format!("a:\n  k: {new}\n"))
            );
        }
        for old in ["[b,\n    c]", "\"b\n    c\"", "b\n    c", "!x b", "&x b"] {
            let text = format!("a:\n  k: {old}\n");
            for value in [NewValue::scalar("7"), list(&["ALL"])] {
                let mut editor = BlockEditor::new(&text);
                let block = under(&editor, &text, "a");
                let mut refused = Vec::new();
                editor.set(&block, "k", &value, &mut refused);
                let edited = editor.finish();
                assert!(
                    !refused.is_empty() || edited.is_none(),
                    "{text}: {edited:?}"
                );
            }
        }
    }

    #[test]
    fn texts_of_several_lines_stay_whole() {
        for text in [
            "  t: |\n    x\n    # b\n    #define c\n",
            "  t: |\n    # b\n",
            "  t: >-\n    k: 1\n\n    # b\n",
            "  t: |+\n    b\n\n",
            "  t:\n    u: \"b\n  k: c\n # d\"\n",
            "  t: 'b\n   # c'\n",
            "  t:\n    - [b,\n    c]\n",
        ] {
            let (before, after) = ("a:\n", "# Comment.\nz: 1\n");
            assert_eq!(
                edited(
                    &format!("{before}{text}{after}"),
                    "k",
                    &NewValue::scalar("7")
                ),
                Some(format!("{before}{text}  k: 7\n{after}"))
            );
        }
        // The key that follows is indented.
        assert_eq!(
            edited(
                "s:\n  a:\n    t: |\n      x\n      # b\n  z:\n    y: 1\n",
                "k",
                &NewValue::scalar("7")
            ),
            Some("s:\n  a:\n    t: |\n      x\n      # b\n    k: 7\n  z:\n    y: 1\n".to_owned())
        );
        // Empty lines only belong to a text that keeps them.
        assert_eq!(
            edited("a:\n  t: |\n    b\n\nz: 1\n", "k", &NewValue::scalar("7")),
            Some("a:\n  t: |\n    b\n  k: 7\n\nz: 1\n".to_owned())
        );
    }

    #[test]
    fn merged_values_are_not_hidden() {
        let base = "b: &b\n  k: [x]\n  m: {n: 1}\n  s: x\na:\n  <<: *b\n";
        let map = NewValue::Map(vec![("c", NewValue::scalar("1"))]);
        assert_eq!(edited(base, "k", &list(&["y"])), None);
        assert_eq!(edited(base, "m", &map), None);
        assert_eq!(
            edited(base, "s", &NewValue::scalar("y")),
            Some(format!("{base}  s: y\n"))
        );
        let inner = "b: &b\n  c: [x]\na:\n  m:\n    <<: *b\n";
        let map = NewValue::Map(vec![("c", list(&["y"]))]);
        assert_eq!(edited(inner, "m", &map), None);
        // The key is there, but its line does not show it.
        for form in ["k:\tx", "? k\n  : x", "\"\\x6b\": x"] {
            let text = format!("a:\n  b: 1\n  {form}\n");
            assert_eq!(edited(&text, "k", &NewValue::scalar("7")), None, "{text}");
        }
    }

    #[test]
    fn mappings_that_aliases_repeat_are_not_edited() {
        let text = "x: &x\n  a:\n    b: 1\ny: *x\n";
        assert_eq!(edited(text, "k", &NewValue::scalar("7")), None);
        for anchor in ["&w", "!!map", "&w !!map"] {
            let text = format!("a: {anchor}\n  b: 1\nz: 1\n");
            let edited = edited(&text, "k", &NewValue::scalar("7"));
            assert_eq!(edited, Some(format!("a: {anchor}\n  b: 1\n  k: 7\nz: 1\n")));
        }
    }

    #[test]
    fn an_edit_that_changes_other_values_is_refused() {
        let text = "a: &a\n  b: 1\nz: *a\n";
        let mut editor = BlockEditor::new(text);
        let block = under(&editor, text, "a");
        editor.set(&block, "k", &NewValue::scalar("7"), &mut Vec::new());
        assert_eq!(editor.finish(), None);
    }
}
