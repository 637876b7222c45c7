//! Ruby gems: `specifications/NAME-VERSION.gemspec`.

use super::ecosystem::{Description, Reader};
use super::{Ecosystem, Facts, Order, Scan};
use crate::image::{NameId, ReadError};

/// Described for the list of ecosystems.
pub(super) const ECOSYSTEM: Description = Description {
    read: Reader::Record(read),
    purl_type: "gem",
    order: Order::Ruby,
    osv: Some("RubyGems"),
    ..Description::USUAL
};

pub(super) fn read(scan: &mut Scan<'_>, name: NameId) -> Result<(), ReadError> {
    let tree = scan.tree();
    let Some(full_name) = tree.file_name(name).strip_suffix(b".gemspec") else {
        return Ok(());
    };
    let directory = tree.parent(name);
    // The specifications of Ruby's default gems are one directory deeper.
    let specifications = if tree.file_name(directory) == b"default" {
        tree.parent(directory)
    } else {
        directory
    };
    // The source of a gem has a `.gemspec`, too, which is a program rather than a record.
    if tree.file_name(specifications) != b"specifications" {
        return Ok(());
    }
    let Some(bytes) = scan.text(name)? else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(&bytes);
    let facts = Facts {
        name: quoted(&text, "name").unwrap_or_default(),
        version: quoted(&text, "version").unwrap_or_default(),
        license: quoted(&text, "licenses").or_else(|| quoted(&text, "license")),
        ..Facts::default()
    };
    // Default gems have no such directory: their files are among Ruby's own.
    let home = tree.parent(specifications);
    let gem = tree
        .child(home, b"gems")
        .and_then(|gems| tree.child(gems, full_name));
    let mut files = gem
        .map(|gem| scan.files_below(gem, None))
        .unwrap_or_default();
    files.push(name);
    scan.add(Ecosystem::Gem, facts, name, files);
    Ok(())
}

/// The first quoted value that is assigned to a field. A specification is Ruby, but the ones that
/// RubyGems installs are generated, with one assignment on each line.
fn quoted(text: &str, field: &str) -> Option<String> {
    let value = text.lines().find_map(|line| assigned(line, field))?;
    first_quoted(value).map(str::to_owned)
}

/// The text after `s.FIELD =` on a line.
fn assigned<'a>(line: &'a str, field: &str) -> Option<&'a str> {
    let (target, value) = line.split_once('=')?;
    let (object, name) = target.trim().split_once('.')?;
    let is_variable = object
        .chars()
        .all(|letter| letter.is_alphanumeric() || letter == '_');
    if name == field && is_variable {
        Some(value)
    } else {
        None
    }
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
