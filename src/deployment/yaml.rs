//! YAML and JSON as a tree of nodes that know their places.
//!
//! Aliases are replaced with copies of what they refer to, and merge keys (`<<`) with the entries
//! of the merged mappings. All copies count towards one [`Budget`], which is shared by the files of
//! a deployment, so that a few hundred bytes cannot become gigabytes. All deployments of a run
//! share a [`Room`].

use std::cell::Cell;
use std::collections::HashMap;

use granit_parser::{
    Event, Parser, ScalarStyle, Span as ParserSpan, StrInput, StructureStyle, options,
};

use super::place::{Place, Problem, Spanned};

/// A value in a YAML document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
    /// A tag of Compose that determines how two files are merged.
    pub(super) merging: Merging,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key of a mapping and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: Spanned<String>,
    pub(super) value: Node,
}

/// A text, a number or a Boolean; YAML only tells them apart by their form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scalar {
    pub(super) text: String,
    pub(super) style: Style,
    pub(super) origin: Origin,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quoted,
    /// A literal block (`|`), whose lines are those of the value.
    Literal,
    /// A folded block (`>`), whose lines are joined.
    Folded,
}

/// Where the text of a scalar comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// The file itself.
    #[default]
    Written,
    /// Variables with known values are replaced.
    Variables,
    /// The text contains a variable whose value is only known when the file is used.
    Unknown,
}

/// The tags `!reset` and `!override` of Compose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Merging {
    #[default]
    Usual,
    Reset,
    Override,
}

/// Bytes that the deployments of a run may still take in memory.
#[derive(Debug)]
pub struct Room(Cell<usize>);

impl Default for Room {
    fn default() -> Self {
        // A thousand Compose files of usual size take a tenth of it.
        Self(Cell::new(128 << 20))
    }
}

/// Bytes that the nodes of a deployment may take in memory. The largest manifests of public
/// collections have some 30,000 nodes, which take 5 MB.
const MAX_NODES: usize = 32 << 20;
/// Bytes that a node takes in memory without its text, and as an entry of a mapping.
const NODE: usize = 160;
/// The same for a container, with the findings that there are in most.
pub(super) const WORKLOAD: usize = 4 << 10;

/// Bytes that the nodes of a deployment may still take.
#[derive(Debug)]
pub(super) struct Budget<'a> {
    left: usize,
    is_exceeded: bool,
    /// The limit for all deployments; only one of them is read at a time.
    room: &'a Room,
}

impl<'a> Budget<'a> {
    pub(super) fn of(room: &'a Room) -> Self {
        Self {
            left: MAX_NODES.min(room.0.get()),
            is_exceeded: false,
            room,
        }
    }

    /// Takes a number of bytes; false if there are not enough, now and for all that follows, so
    /// that what is left out does not depend on its size.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(rest) if !self.is_exceeded => {
                self.left = rest;
                self.room.0.set(self.room.0.get() - bytes);
            }
            _ => self.is_exceeded = true,
        }
        !self.is_exceeded
    }

    /// Takes the bytes of a tree. Once something was left out, no more trees are walked for it.
    pub(super) fn take_tree(&mut self, node: &Node) -> bool {
        !self.is_exceeded && self.take(node.size())
    }

    /// Whether anything was left out.
    pub(super) fn is_exceeded(&self) -> bool {
        self.is_exceeded
    }

    /// Adds a problem if anything was left out.
    pub(super) fn report(&self, problems: &mut Vec<Problem>) {
        let problem = too_many(Place::new(0, 0, 0));
        let is_known = problems
            .iter()
            .any(|other| other.message == problem.message);
        if self.is_exceeded && !is_known {
            problems.push(problem);
        }
    }
}

/// The deepest nesting of a document, with all aliases replaced.
const MAX_DEPTH: usize = 96;

/// The documents of a text, and the errors in it. After an error, reading continues with the next
/// document.
pub(super) fn parse(
    text: &str,
    file: usize,
    budget: &mut Budget<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<Node> {
    // An unknown alias ends only the value that it stands for.
    let options = options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut documents = Vec::new();
    loop {
        let mut builder = Builder {
            file,
            budget,
            problems,
            stack: Vec::new(),
            anchors: HashMap::new(),
            root: None,
        };
        match builder.document(&mut parser) {
            Ok(Some(document)) => documents.push(document),
            Ok(None) => return documents,
            Err(problem) => {
                problems.push(problem);
                // Only a text with further documents has more to read.
                if !matches!(parser.proceed_next_document(), Ok(true)) {
                    return documents;
                }
            }
        }
    }
}

/// Builds the tree of one document.
struct Builder<'a, 'room> {
    file: usize,
    budget: &'a mut Budget<'room>,
    problems: &'a mut Vec<Problem>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
}

/// A collection that is not closed yet.
struct Frame {
    start: Place,
    /// Whether it is written in brackets or braces.
    is_flow: bool,
    anchor: usize,
    merging: Merging,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        /// The key whose value comes next.
        key: Option<Spanned<String>>,
    },
}

impl Builder<'_, '_> {
    /// The next document; `None` at the end of the text.
    fn document<'input>(
        &mut self,
        parser: &mut Parser<'input, StrInput<'input>>,
    ) -> Result<Option<Node>, Problem> {
        while let Some(next) = parser.next_event() {
            let (event, span) = next.map_err(|error| {
                let at = error.marker().byte_offset().unwrap_or_default();
                let place = Place::new(self.file, at, at);
                Problem::new(place, format!("invalid YAML: {}", error.info()))
            })?;
            let place = self.place(span);
            match event {
                Event::DocumentEnd => return Ok(Some(self.take_root(place))),
                Event::Scalar(text, style, anchor, tag) => {
                    let merging = merging(tag.as_deref());
                    let value = scalar(text.into_owned(), style, tag.as_deref());
                    let node = Node {
                        place,
                        value,
                        merging,
                    };
                    self.add(node, anchor)?;
                }
                Event::SequenceStart(style, anchor, tag) => self.open(Frame {
                    start: place,
                    is_flow: style == StructureStyle::Flow,
                    anchor,
                    merging: merging(tag.as_deref()),
                    content: Content::List(Vec::new()),
                })?,
                Event::MappingStart(style, anchor, tag) => self.open(Frame {
                    start: place,
                    is_flow: style == StructureStyle::Flow,
                    anchor,
                    merging: merging(tag.as_deref()),
                    content: Content::Map {
                        entries: Vec::new(),
                        key: None,
                    },
                })?,
                Event::SequenceEnd | Event::MappingEnd => self.close(place)?,
                Event::Alias(anchor) => self.add_alias(anchor, place)?,
                Event::UnresolvedAlias(name) => {
                    let message = format!("alias `*{name}` refers to no anchor");
                    self.problems.push(Problem::new(place, message));
                    self.add(null(place), 0)?;
                }
                _ => {}
            }
        }
        Ok(None)
    }

    fn place(&self, span: ParserSpan) -> Place {
        let range = span.byte_range().unwrap_or_default();
        Place::new(self.file, range.start, range.end)
    }

    fn take_root(&mut self, place: Place) -> Node {
        self.root.take().unwrap_or_else(|| null(place))
    }

    fn open(&mut self, frame: Frame) -> Result<(), Problem> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(too_deep(frame.start));
        }
        self.stack.push(frame);
        Ok(())
    }

    fn close(&mut self, end: Place) -> Result<(), Problem> {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        let value = match frame.content {
            Content::List(items) => Value::List(items),
            Content::Map { entries, .. } => Value::Map(self.merge_keys(entries, end)),
        };
        let last = match &value {
            Value::List(items) => items.last().map(|item| item.place),
            Value::Map(entries) => entries.last().map(|entry| entry.value.place),
            Value::Null | Value::Scalar(_) => None,
        };
        // The end of a block collection is only noticed at the next token, lines below.
        let end = match last {
            Some(last)
                if !frame.is_flow
                    && last.span.end <= end.span.end
                    && last.span.end >= frame.start.span.end =>
            {
                last.span.end
            }
            _ => end.span.end,
        };
        let node = Node {
            place: Place::new(self.file, frame.start.span.start, end),
            value,
            merging: frame.merging,
        };
        self.add(node, frame.anchor)
    }

    /// Adds a finished node to the collection that is open.
    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Problem> {
        if !self.budget.take(node.own_size()) {
            return Err(too_many(node.place));
        }
        if anchor != 0 {
            if !self.budget.take_tree(&node) {
                return Err(too_many(node.place));
            }
            self.anchors.insert(anchor, node.clone());
        }
        self.attach(node);
        Ok(())
    }

    fn attach(&mut self, node: Node) {
        match self.stack.last_mut().map(|frame| &mut frame.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, key }) => match key.take() {
                Some(key) => entries.push(Entry { key, value: node }),
                None => *key = Some(key_of(node)),
            },
        }
    }

    fn add_alias(&mut self, anchor: usize, place: Place) -> Result<(), Problem> {
        let Some(node) = self.anchors.get(&anchor) else {
            // A collection that contains an alias of itself is not finished yet.
            return Err(Problem::new(
                place,
                "alias refers to a value that contains it",
            ));
        };
        if !self.budget.take_tree(node) {
            return Err(too_many(place));
        }
        if self.stack.len() + node.depth() > MAX_DEPTH {
            return Err(too_deep(place));
        }
        let node = node.clone();
        self.attach(node);
        Ok(())
    }

    /// Replaces `<<` with the entries that it merges. Keys of the mapping itself win, and then
    /// those of earlier mappings.
    fn merge_keys(&mut self, entries: Vec<Entry>, place: Place) -> Vec<Entry> {
        if !entries.iter().any(|entry| *entry.key == "<<") {
            return entries;
        }
        let (merges, mut own): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| *entry.key == "<<");
        let mut known: std::collections::HashSet<String> =
            own.iter().map(|entry| entry.key.value.clone()).collect();
        for Entry { value, .. } in merges {
            let sources = match value.value {
                Value::List(nodes) => nodes,
                _ => vec![value],
            };
            for source in sources {
                let Value::Map(others) = source.value else {
                    let message = "`<<` merges something that is not a mapping";
                    self.problems.push(Problem::new(place, message));
                    continue;
                };
                for entry in others {
                    if known.insert(entry.key.value.clone()) {
                        own.push(entry);
                    }
                }
            }
        }
        own
    }
}

fn too_deep(place: Place) -> Problem {
    Problem::new(place, format!("nested more than {MAX_DEPTH} levels deep"))
}

fn too_many(place: Place) -> Problem {
    Problem::new(
        place,
        "too many values, including those that aliases, variables and inheritance repeat",
    )
}

fn null(place: Place) -> Node {
    Node {
        place,
        value: Value::Null,
        merging: Merging::Usual,
    }
}

/// A key, which is a scalar in all formats that are read.
fn key_of(node: Node) -> Spanned<String> {
    let text = match node.value {
        Value::Scalar(scalar) => scalar.text,
        // Kept as an entry that no reader asks for.
        Value::Null | Value::List(_) | Value::Map(_) => String::new(),
    };
    Spanned::new(text, node.place)
}

fn merging(tag: Option<&granit_parser::Tag>) -> Merging {
    match tag.map(granit_parser::Tag::original).as_deref() {
        Some("!reset") => Merging::Reset,
        Some("!override") => Merging::Override,
        _ => Merging::Usual,
    }
}

fn scalar(text: String, style: ScalarStyle, tag: Option<&granit_parser::Tag>) -> Value {
    let style = match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    };
    let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
    let is_null = matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL");
    if style == Style::Plain && is_null && !is_text {
        return Value::Null;
    }
    Value::Scalar(Scalar {
        text,
        style,
        origin: Origin::Written,
    })
}

impl Node {
    pub(super) fn text(place: Place, text: impl Into<String>, origin: Origin) -> Self {
        Self {
            place,
            value: Value::Scalar(Scalar {
                text: text.into(),
                style: Style::Plain,
                origin,
            }),
            merging: Merging::Usual,
        }
    }

    /// Bytes that this tree takes in memory.
    pub(super) fn size(&self) -> usize {
        let below: usize = match &self.value {
            Value::Null | Value::Scalar(_) => 0,
            Value::List(items) => items.iter().map(Self::size).sum(),
            Value::Map(entries) => entries
                .iter()
                .map(|entry| entry.key.len() + entry.value.size())
                .sum(),
        };
        self.own_size() + below
    }

    /// The same without the nodes below it. A key counts as a node while it is read.
    fn own_size(&self) -> usize {
        NODE + self.scalar().map_or(0, |scalar| scalar.text.len())
    }

    fn depth(&self) -> usize {
        let below = match &self.value {
            Value::Null | Value::Scalar(_) => None,
            Value::List(items) => items.iter().map(Self::depth).max(),
            Value::Map(entries) => entries.iter().map(|entry| entry.value.depth()).max(),
        };
        1 + below.unwrap_or_default()
    }

    /// The value of a key; `None` for a missing one, a null, and anything but a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let entry = self.entry(key)?;
        match entry.value.value {
            Value::Null => None,
            _ => Some(&entry.value),
        }
    }

    /// The last entry with a key: of duplicate keys, the last one counts.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rev().find(|entry| *entry.key == key)
    }

    /// The same, to change it.
    pub(super) fn entry_mut(&mut self, key: &str) -> Option<&mut Entry> {
        match &mut self.value {
            Value::Map(entries) => entries.iter_mut().rev().find(|entry| *entry.key == key),
            _ => None,
        }
    }

    /// The value at the end of a path of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The entries of a mapping; none for other values.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for other values.
    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// The text of a scalar; `None` for other values and if the text is not known.
    pub(super) fn as_str(&self) -> Option<&str> {
        let scalar = self.scalar()?;
        match scalar.origin {
            Origin::Unknown => None,
            Origin::Written | Origin::Variables => Some(&scalar.text),
        }
    }

    /// The text of a scalar, with its place.
    pub(super) fn string(&self) -> Option<Spanned<String>> {
        Some(Spanned::new(self.as_str()?.to_owned(), self.place))
    }

    /// A Boolean, as YAML 1.1 and 1.2 write it.
    pub(super) fn boolean(&self) -> Option<Spanned<bool>> {
        let value = match self.as_str()? {
            "true" | "True" | "TRUE" | "yes" | "Yes" | "on" | "On" => true,
            "false" | "False" | "FALSE" | "no" | "No" | "off" | "Off" => false,
            _ => return None,
        };
        Some(Spanned::new(value, self.place))
    }

    /// The texts of a list, or the one text that stands in place of a list.
    pub(super) fn strings(&self) -> Vec<Spanned<String>> {
        match &self.value {
            Value::List(items) => items.iter().filter_map(Self::string).collect(),
            _ => self.string().into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn read(text: &str) -> (Vec<Node>, Vec<String>) {
        let mut problems = Vec::new();
        let room = Room::default();
        let documents = parse(text, 0, &mut Budget::of(&room), &mut problems);
        let messages = problems
            .into_iter()
            .map(|problem| problem.message)
            .collect();
        (documents, messages)
    }

    #[test]
    fn places_are_byte_ranges_of_the_text() {
        let text = "é: 1\na:\n  b: \"x y\"\n  c: [1, two]\nd: |\n  l1\n  l2\n";
        let (documents, _) = read(text);
        let slice = |node: &Node| &text[node.place.span.range()];
        let root = &documents[0];
        assert_eq!(slice(root.at(&["a", "b"]).unwrap()), "\"x y\"");
        assert_eq!(slice(root.at(&["a", "c"]).unwrap()), "[1, two]");
        assert_eq!(slice(&root.at(&["a", "c"]).unwrap().items()[1]), "two");
        assert_eq!(root.get("d").unwrap().as_str(), Some("l1\nl2\n"));
        assert!(slice(root.get("d").unwrap()).ends_with("l1\n  l2\n"));
        assert_eq!(slice(root.get("a").unwrap()), "b: \"x y\"\n  c: [1, two]");
    }

    #[test]
    fn merge_keys_add_what_is_missing() {
        let text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 0\n";
        let (documents, problems) = read(text);
        let z = documents[0].get("z").unwrap();
        let values: Vec<_> = ["a", "b", "c"]
            .map(|key| z.get(key).unwrap().as_str().unwrap())
            .into();
        assert_eq!((values, problems.len()), (vec!["0", "2", "4"], 0));
    }

    #[test]
    fn aliases_that_multiply_are_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let items = vec![format!("*a{}", level - 1); 10].join(", ");
            let _ = writeln!(text, "a{level}: &a{level} [{items}]");
        }
        let (_, problems) = read(&text);
        assert!(problems[0].contains("too many values"), "{problems:?}");
        let (_, problems) = read("a: &a [*a]\n");
        assert!(problems[0].contains("contains it"), "{problems:?}");
        let (_, problems) = read(&"[".repeat(10_000));
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn long_texts_count_as_often_as_aliases_repeat_them() {
        let long = "x".repeat(500_000);
        for text in [
            format!("a: &a {long}\nb: [{}]\n", "*a, ".repeat(1000)),
            format!(
                "a: &a {{{}: 1}}\nb: [{}]\n",
                "x".repeat(1000),
                "*a, ".repeat(40_000)
            ),
            format!("a: {}\n", "&a ".to_owned() + &long) + &"b: *a\n".repeat(1000),
        ] {
            let (_, problems) = read(&text);
            assert!(problems[0].contains("too many values"), "{problems:?}");
        }
    }

    #[test]
    fn all_deployments_of_a_run_share_a_room() {
        let room = Room(Cell::new(40 * NODE));
        let read = |text: &str| {
            let mut problems = Vec::new();
            let mut budget = Budget::of(&room);
            let documents = parse(text, 0, &mut budget, &mut problems);
            (documents.len(), problems.len())
        };
        assert_eq!(read("a: [1, 2, 3, 4, 5]\n"), (1, 0));
        assert_eq!(read(&"- a\n".repeat(40)), (0, 1));
        assert_eq!(read("a: 1\n"), (0, 1));
    }

    #[test]
    fn an_error_does_not_hide_the_next_document() {
        let (documents, problems) = read("a: 1\n---\nb: [\n---\nc: 3\n");
        assert_eq!((documents.len(), problems.len()), (2, 1), "{problems:?}");
        assert_eq!(documents[1].get("c").unwrap().as_str(), Some("3"));
    }
}
