//! Mounts of `RUN --mount`, and their fields: `type=cache,target=/x,ro`.

use super::Facts;
use super::steps::Step;
use crate::dockerfile::{Instruction, Joined, Kind, Word, word_of};
use crate::knowledge::MountKey;
use crate::paths::is_at_or_below;
use crate::source::Span;

/// Maximum number of fields of a mount that are read; BuildKit knows about 20 keys.
const MAX_FIELDS: usize = 1000;

/// A `--mount` as written.
#[derive(Debug)]
pub struct MountFlag<'a> {
    /// The location of the flag.
    pub span: Span,
    pub word: &'a Word,
    /// The fields; `None` if the value is not a line of CSV, which BuildKit refuses.
    pub fields: Option<Vec<MountField>>,
}

/// A field of a mount, `key=value` or `key`. Keys are case-insensitive, and some have several
/// names.
#[derive(Debug)]
pub struct MountField {
    pub span: Span,
    pub key: String,
    /// The value as written, without the quotes around it; `None` without a `=`.
    pub value: Option<String>,
    /// The value as a word, or the reason why BuildKit cannot expand it.
    pub word: Result<Word, &'static str>,
    pub value_span: Span,
}

/// A mount such as `--mount=type=cache,target=/var/cache/apt`, with its variables replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The location of the flag.
    pub span: Span,
    /// The type of the mount; `bind` is the default.
    pub kind: String,
    /// The directory at which it is mounted, as written if it depends on an unknown variable.
    pub target: Option<String>,
    /// Its permissions, as written if they depend on an unknown variable.
    pub mode: Option<String>,
}

/// The mounts of a RUN.
pub(super) fn read(instruction: &Instruction, escape: char) -> Vec<MountFlag<'_>> {
    let mut mounts = Vec::new();
    // Other instructions do not take the flag, which is an error already.
    if instruction.keyword.kind != Kind::Run {
        return mounts;
    }
    for flag in &instruction.flags {
        if flag.name == "mount"
            && let Some(word) = &flag.value
        {
            mounts.push(MountFlag {
                span: flag.span,
                word,
                fields: read_fields(word, escape),
            });
        }
    }
    mounts
}

impl MountFlag<'_> {
    /// The field that sets a key, by the key's canonical name. If there are several, the last one
    /// counts.
    pub fn field(&self, name: &str) -> Option<&MountField> {
        let fields = self.fields.as_deref().unwrap_or_default();
        fields.iter().rfind(|field| field.is(name))
    }
}

impl MountField {
    /// Reads a field; `place` is where it is if it is empty.
    fn new(text: &Joined, place: Span, escape: char) -> Self {
        let field = text.as_str();
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (field, None),
        };
        let value_start = field.len() - value.map_or(0, str::len);
        let (span, value_span) = if field.is_empty() {
            (place, place)
        } else {
            (
                text.source_span(0, field.len()),
                text.source_span(value_start, field.len()),
            )
        };
        Self {
            span,
            key: key.to_owned(),
            value: value.map(str::to_owned),
            word: word_of(&text.slice(value_start, field.len()), escape),
            value_span,
        }
    }

    /// Whether the key is the one with this canonical name.
    pub fn is(&self, name: &str) -> bool {
        MountKey::find(&self.key).is_some_and(|key| key.name() == name)
    }
}

impl Mount {
    /// The mount of a flag. A malformed one is an error of its own, so its fields do not count.
    pub(super) fn new(facts: &Facts<'_>, step: &Step<'_>, flag: &MountFlag<'_>) -> Self {
        let mut mount = Self {
            span: flag.span,
            kind: "bind".to_owned(),
            target: None,
            mode: None,
        };
        // The last field with a key counts.
        for field in flag.fields.iter().flatten() {
            let Some(written) = &field.value else {
                continue;
            };
            let known = match &field.word {
                Ok(word) => facts.expand(step, word),
                Err(_) => None,
            };
            let value = known.unwrap_or_else(|| written.clone());
            if field.is("type") {
                mount.kind = value.to_ascii_lowercase();
            } else if field.is("target") {
                mount.target = Some(value);
            } else if field.is("mode") {
                mount.mode = Some(value);
            }
        }
        mount
    }

    /// Whether files written below `path` go to a cache or to memory instead of the image.
    pub fn keeps_out(&self, path: &str) -> bool {
        // Bind mounts discard writes as well, but are not used to keep caches out of the image.
        if !matches!(self.kind.as_str(), "cache" | "tmpfs") {
            return false;
        }
        let Some(target) = &self.target else {
            return false;
        };
        is_at_or_below(path, target.trim_end_matches('/'))
    }
}

/// The fields of a mount, which is one line of CSV; `None` if it is not.
fn read_fields(word: &Word, escape: char) -> Option<Vec<MountField>> {
    let line = unquoted(word, escape);
    let mut fields = Vec::new();
    let mut start = 0;
    loop {
        let rest = &line.as_str()[start..];
        let (field, end) = if rest.starts_with('"') {
            let (field, length) = quoted_field(&line, start)?;
            (field, start + length)
        } else {
            let end = start + rest.find(',').unwrap_or(rest.len());
            // The quote of a field must be its first character.
            if line.as_str()[start..end].contains('"') {
                return None;
            }
            (line.slice(start, end), end)
        };
        let place = line.source_span(start, start);
        fields.push(MountField::new(&field, place, escape));
        match line.as_str()[end..].chars().next() {
            Some(',') if fields.len() == MAX_FIELDS => return Some(fields),
            Some(',') => start = end + 1,
            Some(_) => return None,
            None => return Some(fields),
        }
    }
}

/// The text of the quoted field at `start`, and its length with the quotes; `None` without the
/// closing one.
fn quoted_field(line: &Joined, start: usize) -> Option<(Joined, usize)> {
    let text = &line.as_str()[start..];
    let mut field = Joined::default();
    let mut from = 1;
    loop {
        let end = from + text[from..].find('"')?;
        field.push_part(line, start + from..start + end);
        // Two quotes stand for one.
        if !text[end + 1..].starts_with('"') {
            return Some((field, end + 1));
        }
        field.push_part(line, start + end..start + end + 1);
        from = end + 2;
    }
}

/// The value of a flag without its quotes and escapes, as BuildKit's `extractBuilderFlags` removes
/// them.
fn unquoted(word: &Word, escape: char) -> Joined {
    let mut plain = Joined::default();
    let mut quote = None;
    let mut chars = word.text.as_str().char_indices();
    while let Some((mut at, mut char)) = chars.next() {
        if char == escape {
            // At the end, it is dropped.
            let Some(next) = chars.next() else { break };
            (at, char) = next;
        } else if quote == Some(char) {
            quote = None;
            continue;
        } else if quote.is_none() && matches!(char, '\'' | '"') {
            quote = Some(char);
            continue;
        }
        plain.push_part(&word.text, at..at + char.len_utf8());
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::parse;
    use crate::lint::settings::Settings;
    use crate::source::Source;

    fn mount(text: &str) -> Mount {
        let source = Source::new("Dockerfile", format!("FROM a\nRUN --mount={text} b\n"));
        let dockerfile = parse(&source);
        let facts = Facts::new(&dockerfile, &Settings::default());
        facts.runs()[0].mounts[0].clone()
    }

    #[test]
    fn a_mount_keeps_a_directory_and_everything_below_it_out() {
        let mount = mount("type=cache,id=x,target=/var/lib/apt/,sharing=locked");
        assert!(mount.keeps_out("/var/lib/apt") && mount.keeps_out("/var/lib/apt/lists"));
        assert!(!mount.keeps_out("/var/lib/apt2"));
    }

    #[test]
    fn a_bind_mount_keeps_nothing_out() {
        assert!(!mount("target=/var/lib/apt").keeps_out("/var/lib/apt"));
    }

    #[test]
    fn keys_have_several_names_in_any_case_and_the_last_one_counts() {
        let mount = mount("TYPE=Cache,dst=/a,target=/b,mode=0444,ro");
        assert_eq!(mount.kind, "cache");
        assert_eq!(mount.target.as_deref(), Some("/b"));
        assert_eq!(mount.mode.as_deref(), Some("0444"));
    }

    #[test]
    fn a_quoted_field_may_contain_a_comma() {
        let mount = mount(r#"'type=cache,"target=/a,b",id=x'"#);
        assert_eq!(mount.target.as_deref(), Some("/a,b"));
    }

    #[test]
    fn an_unknown_variable_hides_its_own_field_only() {
        let mount = mount("type=cache,id=$ID,target=/a");
        assert!(mount.keeps_out("/a"));
        assert_eq!(mount.kind, "cache");
    }

    #[test]
    fn fields_have_their_places_inside_quotes_too() {
        for value in ["type=bind,From=alpine,ro", "\"type=bind,From=alpine,ro\""] {
            let text = format!("FROM a\nRUN --mount={value} b\n");
            let source = Source::new("Dockerfile", text);
            let dockerfile = parse(&source);
            let mounts = read(&dockerfile.instructions[1], dockerfile.escape);
            let from = mounts[0].field("from").expect("a field");
            assert_eq!(from.value.as_deref(), Some("alpine"));
            assert_eq!(source.slice(from.span), "From=alpine");
            assert_eq!(source.slice(from.value_span), "alpine");
        }
    }
}
