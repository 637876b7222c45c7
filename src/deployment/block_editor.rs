//! Edits block mappings of YAML in place: comments, order and quoting of everything else stay.
//!
//! The text is edited line by line instead of being parsed and written again, which would lose its
//! form. What a line does not show, such as aliases and flow mappings, is left to a person.

/// A text whose mappings are edited.
#[derive(Debug)]
pub struct BlockEditor {
    /// With their line ends.
    lines: Vec<String>,
    line_end: &'static str,
}

/// A block mapping: its keys begin in the same column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The line of the first key, counted from 0. `- ` may be before it.
    first: usize,
    /// The column of the keys.
    indent: usize,
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

/// A key that cannot be edited; the line is counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotEditable {
    pub key: String,
    pub line: usize,
}

impl BlockEditor {
    pub fn new(text: &str) -> Self {
        let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        if let Some(last) = lines.last_mut()
            && !last.ends_with('\n')
        {
            last.push_str(line_end);
        }
        Self { lines, line_end }
    }

    pub fn into_text(self) -> String {
        self.lines.concat()
    }

    /// The mapping below the key in a line, which is counted from 1.
    pub fn block_below(&self, line: usize) -> Option<Block> {
        let at = line.checked_sub(1)?;
        let (_, value) = split_entry(self.content(at)?.trim_start())?;
        if !without_comment(value).is_empty() {
            return None;
        }
        let indent = indent_of(self.content(at)?);
        let first = self.next_content(at + 1)?;
        let inner = indent_of(self.content(first)?);
        if inner <= indent || is_item(self.content(first)?) {
            return None;
        }
        Some(Block {
            first,
            indent: inner,
        })
    }

    /// The mapping that has a key in a line, which is counted from 1. It may be an item of a list.
    pub fn block_around(&self, line: usize, key: &str) -> Option<Block> {
        let mut first = line.checked_sub(1)?;
        let start = self.content(first)?;
        let indent = start.find(key)?;
        if !start[..indent]
            .chars()
            .all(|char| matches!(char, ' ' | '-'))
        {
            return None;
        }
        while !start_of_item(self.content(first)?, indent) {
            first = first.checked_sub(1)?;
            let content = self.content(first)?;
            if !is_blank(content) && indent_of(content) < indent && !start_of_item(content, indent)
            {
                return None;
            }
        }
        Some(Block { first, indent })
    }

    /// The mapping that has the list of which a block is an item, under a key.
    pub fn block_with_list(&self, item: Block, key: &str) -> Option<Block> {
        let at = (0..item.first).rev().find(|&at| {
            let content = self.content(at).unwrap_or_default();
            let is_outside = indent_of(content) < item.indent;
            is_outside && split_entry(content.trim_start()).is_some_and(|(found, _)| found == key)
        })?;
        let indent = indent_of(self.content(at)?);
        // The first key of the mapping is above, unless it is this one.
        let mut first = at;
        for above in (0..at).rev() {
            let content = self.content(above)?;
            if is_blank(content) {
                continue;
            }
            if indent_of(content) < indent {
                break;
            }
            if indent_of(content) == indent && !is_item(content) {
                first = above;
            }
        }
        Some(Block { first, indent })
    }

    /// Sets a key of a mapping, or adds to it.
    pub fn set(&mut self, block: Block, key: &str, value: &NewValue) -> Result<(), NotEditable> {
        let Some(at) = self.entry(block, key) else {
            let lines = self.rendered(key, value, block.indent);
            let end = self.end(block);
            self.lines.splice(end..end, lines);
            return Ok(());
        };
        let refused = NotEditable {
            key: key.to_owned(),
            line: at + 1,
        };
        let inline = self.inline(at, block);
        match value {
            NewValue::Scalar(text) => self.replace(at, &inline, text).ok_or(refused),
            NewValue::Map(entries) => {
                let inner = match self.block_below(at + 1) {
                    Some(inner) if inline.is_empty() => inner,
                    _ => return Err(refused),
                };
                for (key, value) in entries {
                    self.set(inner, key, value)?;
                }
                Ok(())
            }
            NewValue::List(items) => self.add_items(at, block, &inline, items).ok_or(refused),
            NewValue::Maps(items) => {
                let (end, indent) = self.list_end(at, block, &inline).ok_or(refused)?;
                let lines = self.rendered_maps(items, indent);
                self.lines.splice(end..end, lines);
                Ok(())
            }
        }
    }

    /// The line of a key of a mapping.
    fn entry(&self, block: Block, key: &str) -> Option<usize> {
        (block.first..self.end(block)).find(|&at| {
            let text = self.key_text(at, block).and_then(split_entry);
            text.is_some_and(|(found, _)| found == key)
        })
    }

    /// The text of a line from the column of the keys, if a key is there.
    fn key_text(&self, at: usize, block: Block) -> Option<&str> {
        let content = self.content(at)?;
        if at != block.first && (indent_of(content) != block.indent || is_item(content)) {
            return None;
        }
        content.get(block.indent..)
    }

    /// The value behind a key, without a comment.
    fn inline(&self, at: usize, block: Block) -> String {
        let text = self.key_text(at, block).and_then(split_entry);
        let value = text.map(|(_, value)| without_comment(value));
        value.unwrap_or_default().to_owned()
    }

    fn replace(&mut self, at: usize, old: &str, new: &str) -> Option<()> {
        if old.is_empty() || old.starts_with(['&', '*', '|', '>', '{', '[', '!']) {
            return None;
        }
        let start = self.lines[at].rfind(old)?;
        self.lines[at].replace_range(start..start + old.len(), new);
        Some(())
    }

    fn add_items(&mut self, at: usize, block: Block, inline: &str, items: &[String]) -> Option<()> {
        if inline.starts_with('[') && inline.ends_with(']') {
            let is_empty = inline[1..inline.len() - 1].trim().is_empty();
            let separator = if is_empty { "" } else { ", " };
            let start = self.lines[at].find(inline)? + inline.len() - 1;
            let added = format!("{separator}{}", items.join(", "));
            self.lines[at].insert_str(start, &added);
            return Some(());
        }
        let (end, indent) = self.list_end(at, block, inline)?;
        let mut lines = Vec::new();
        for item in items {
            lines.push(self.line(indent, &format!("- {item}")));
        }
        self.lines.splice(end..end, lines);
        Some(())
    }

    /// The line after the last item of a block list, and the column of its items.
    fn list_end(&self, at: usize, block: Block, inline: &str) -> Option<(usize, usize)> {
        if !inline.is_empty() {
            return None;
        }
        let first = self.next_content(at + 1)?;
        let content = self.content(first)?;
        let indent = indent_of(content);
        if !is_item(content) || indent < block.indent {
            return None;
        }
        let item = Block {
            first,
            indent: indent + 1,
        };
        let mut end = self.end(item);
        while let Some(next) = self.next_content(end)
            && let Some(content) = self.content(next)
            && indent_of(content) == indent
            && is_item(content)
        {
            end = self.end(Block {
                first: next,
                indent: indent + 1,
            });
        }
        Some((end, indent))
    }

    /// The line after the last one of a mapping. Comments and empty lines behind it do not belong
    /// to it.
    fn end(&self, block: Block) -> usize {
        let mut end = block.first + 1;
        for at in block.first + 1..self.lines.len() {
            let Some(content) = self.content(at) else {
                break;
            };
            if is_blank(content) {
                continue;
            }
            if indent_of(content) < block.indent {
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
        Some(self.lines.get(at)?.trim_end())
    }

    fn line(&self, indent: usize, text: &str) -> String {
        format!("{}{text}{}", " ".repeat(indent), self.line_end)
    }

    /// The lines of a new entry.
    fn rendered(&self, key: &str, value: &NewValue, indent: usize) -> Vec<String> {
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

    fn rendered_maps(&self, items: &[Vec<(&'static str, NewValue)>], indent: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for entries in items {
            let first = lines.len();
            for (key, value) in entries {
                lines.extend(self.rendered(key, value, indent + 2));
            }
            if let Some(line) = lines.get_mut(first) {
                line.replace_range(indent..=indent, "-");
            }
        }
        lines
    }
}

fn indent_of(content: &str) -> usize {
    content.len() - content.trim_start_matches(' ').len()
}

fn is_blank(content: &str) -> bool {
    let text = content.trim_start();
    text.is_empty() || text.starts_with('#')
}

fn is_item(content: &str) -> bool {
    let text = content.trim_start();
    text == "-" || text.starts_with("- ")
}

/// Whether an item of a list starts in a line, and its keys in a column.
fn start_of_item(content: &str, indent: usize) -> bool {
    let dash = indent_of(content);
    is_item(content) && content[dash + 1..].trim_start().len() + indent == content.len()
}

/// The key of `key: value`, without quotes, and the value.
fn split_entry(text: &str) -> Option<(&str, &str)> {
    let (key, value) = match text.split_once(": ") {
        Some((key, value)) => (key, value),
        None => (text.strip_suffix(':')?, ""),
    };
    let key = key.trim().trim_matches(['"', '\'']);
    if key.is_empty() || key.starts_with('#') {
        return None;
    }
    Some((key, value))
}

/// A value without the comment behind it, as long as neither has quotes.
fn without_comment(value: &str) -> &str {
    let text = value.trim();
    if text.starts_with('#') {
        return "";
    }
    let quoted = text.rfind(['"', '\'']).unwrap_or_default();
    match text[quoted..].find(" #") {
        Some(at) => text[..quoted + at].trim_end(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(text: &str) -> NewValue {
        NewValue::Scalar(text.to_owned())
    }

    fn list(items: &[&str]) -> NewValue {
        NewValue::List(items.iter().map(|item| (*item).to_owned()).collect())
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
        let block = editor.block_below(3).expect("it is a mapping");
        editor.set(block, "read_only", &scalar("true")).unwrap();
        editor.set(block, "user", &scalar("\"1000:1000\"")).unwrap();
        editor.set(block, "tmpfs", &list(&["/tmp"])).unwrap();
        editor.set(block, "cap_drop", &list(&["ALL"])).unwrap();
        assert_eq!(
            editor.into_text(),
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
        let first = editor.block_around(4, "name").expect("it is an item");
        let drop = NewValue::Map(vec![("drop", list(&["ALL"]))]);
        let context = NewValue::Map(vec![("capabilities", drop)]);
        editor.set(first, "securityContext", &context).unwrap();
        let spec = editor.block_with_list(first, "containers").unwrap();
        let volume = vec![("name", scalar("tmp")), ("emptyDir", scalar("{}"))];
        editor
            .set(spec, "volumes", &NewValue::Maps(vec![volume]))
            .unwrap();
        assert_eq!(
            editor.into_text().replace("\r\n", "\n"),
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
        let block = editor.block_below(1).unwrap();
        for (key, value) in [
            ("list", list(&["x"])),
            ("map", NewValue::Map(vec![("c", scalar("1"))])),
            ("text", scalar("y")),
        ] {
            let error = editor.set(block, key, &value).unwrap_err();
            assert_eq!(error.key, key);
        }
        assert_eq!(editor.into_text(), text);
        assert_eq!(BlockEditor::new("a: {b: 1}\n").block_below(1), None);
        assert_eq!(BlockEditor::new("").block_below(7), None);
    }
}
