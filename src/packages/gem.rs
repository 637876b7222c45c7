//! Ruby's gems: `specifications/NAME-VERSION.gemspec`.

use super::{Ecosystem, Facts, Found, files_below};
use crate::image::{NameId, ReadError};

pub(super) fn read(found: &mut Found<'_>, name: NameId) -> Result<(), ReadError> {
    let tree = found.tree();
    let Some(full_name) = tree.file_name(name).strip_suffix(b".gemspec") else {
        return Ok(());
    };
    let folder = tree.parent(name);
    // Gems that come with Ruby have theirs one folder deeper.
    let specifications = if tree.file_name(folder) == b"default" {
        tree.parent(folder)
    } else {
        folder
    };
    if tree.file_name(specifications) != b"specifications" {
        return Ok(());
    }
    let Some(bytes) = found.text(name)? else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(&bytes);
    let value = |field: &str| text.lines().find_map(|line| assigned(line, field));
    let quoted =
        |field: &str| value(field).and_then(|value| first_quoted(value).map(str::to_owned));
    let facts = Facts {
        name: quoted("name").unwrap_or_default(),
        version: quoted("version").unwrap_or_default(),
        licence: quoted("licenses").or(quoted("license")),
        ..Facts::default()
    };
    let home = tree.parent(specifications);
    let gem = tree
        .child(home, b"gems")
        .and_then(|gems| tree.child(gems, full_name));
    let mut files = gem
        .map(|gem| files_below(tree, gem, None))
        .unwrap_or_default();
    files.push(name);
    found.add(Ecosystem::Gem, facts, name, files);
    Ok(())
}

/// What follows `s.FIELD =` on a line.
fn assigned<'a>(line: &'a str, field: &str) -> Option<&'a str> {
    let (target, value) = line.split_once('=')?;
    let (object, name) = target.trim().split_once('.')?;
    (name == field
        && object
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '_'))
    .then_some(value)
}

fn first_quoted(value: &str) -> Option<&str> {
    let start = value.find(['"', '\''])?;
    let mark = value[start..].chars().next()?;
    let rest = &value[start + 1..];
    Some(&rest[..rest.find(mark)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_first_text_in_quotes() {
        let value = |line, field| assigned(line, field).and_then(first_quoted);
        assert_eq!(value("  s.name = \"rake\".freeze", "name"), Some("rake"));
        assert_eq!(
            value("  s.licenses = [\"MIT\".freeze]", "licenses"),
            Some("MIT")
        );
        assert_eq!(
            value("  s.version = Gem::Version.new '13.0'", "version"),
            Some("13.0")
        );
        assert_eq!(value("  s.name = \"rake\"", "version"), None);
    }
}
