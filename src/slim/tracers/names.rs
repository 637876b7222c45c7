//! The names of libraries that an ELF file may open while it runs: those that a note in it
//! announces, and, if it takes `dlopen` from another, those among its strings.

use std::collections::BTreeSet;

use crate::elf::{Files, MayOpen, Priority, announced, library_names};
use crate::image::InodeId;
use crate::slim::keep_rules;
use crate::slim::view::View;

/// A name that may be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenName {
    pub(super) name: Vec<u8>,
    /// A note says so, and whether the file works without it; none where the name is only a string.
    pub(super) announced: Option<bool>,
}

/// The names in a file, announced ones first. Nothing for what is no ELF file.
pub(super) fn of(view: &View<'_>, file: InodeId) -> Vec<OpenName> {
    let (Ok(elf), Some(bytes)) = (view.elf(file), view.read(file)) else {
        return Vec::new();
    };
    let entries = announced(elf, &bytes);
    let mut names = from_notes(&entries);
    let calls_dlopen = elf
        .imports(&bytes)
        .any(|symbol| matches!(symbol, b"dlopen" | b"dlmopen"));
    if calls_dlopen {
        let told: BTreeSet<&[u8]> = entries
            .iter()
            .flat_map(|entry| &entry.soname)
            .map(String::as_bytes)
            .collect();
        let own = elf
            .needed
            .iter()
            .map(Vec::as_slice)
            .chain(elf.soname.as_deref())
            .collect::<BTreeSet<_>>();
        let holder = elf.soname.as_deref().unwrap_or_default();
        let is_new = |name: &&[u8]| {
            is_name(name)
                && !told.contains(name)
                && !own.contains(name)
                && !keep_rules::is_not_opened(holder, name)
        };
        let found = library_names(&bytes).into_iter().filter(is_new);
        names.extend(found.map(|name| OpenName {
            name: name.to_vec(),
            announced: None,
        }));
    }
    names
}

/// All names of an entry: which of them is taken is decided when it is opened. What is only
/// suggested is not waited for.
fn from_notes(entries: &[MayOpen]) -> Vec<OpenName> {
    let wanted = entries
        .iter()
        .filter(|entry| entry.priority > Priority::Suggested);
    let names = |entry: &MayOpen| {
        let required = entry.priority == Priority::Required;
        let open = move |name: &String| OpenName {
            name: name.clone().into_bytes(),
            announced: Some(required),
        };
        entry.soname.iter().map(open).collect::<Vec<_>>()
    };
    wanted.flat_map(names).collect()
}

/// Not a pattern, nor a path that goes on from somewhere.
fn is_name(name: &[u8]) -> bool {
    (name.starts_with(b"/") || !name.contains(&b'/'))
        && !name.iter().any(|byte| b"%${}".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_relative_paths_are_no_names() {
        assert!(is_name(b"libz.so.1") && is_name(b"/opt/x.so"));
        assert!(!is_name(b"lib%s.so") && !is_name(b"plugins/x.so") && !is_name(b"$ORIGIN/libx.so"));
    }

    #[test]
    fn what_is_only_suggested_is_not_opened() {
        let entry = |priority, name: &str| MayOpen {
            soname: vec![name.to_owned()],
            priority,
            ..MayOpen::default()
        };
        let entries = [
            entry(Priority::Suggested, "a"),
            entry(Priority::Recommended, "b"),
            entry(Priority::Required, "c"),
        ];
        let names = from_notes(&entries);
        assert_eq!(
            names[0],
            OpenName {
                name: b"b".to_vec(),
                announced: Some(false)
            }
        );
        assert_eq!(
            names[1],
            OpenName {
                name: b"c".to_vec(),
                announced: Some(true)
            }
        );
        assert_eq!(names.len(), 2);
    }
}
