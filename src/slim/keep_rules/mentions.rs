//! Paths in the bytes of an ELF file that exist in the image.
//!
//! A C string ends with a NUL; Go and Rust strings are stored without separators, so the end of a
//! path can only be determined from the files in the image. A program only counts as mentioned if
//! its path is a whole string.

use std::collections::BTreeMap;

use aho_corasick::AhoCorasick;

use super::page::Mentioned;
use crate::image::{Kind, NameId, Tree};
use crate::paths::is_library_name;

/// Maximum number of paths that are checked in a file.
const MAX_MENTIONS: usize = 1 << 14;
/// Maximum length of a path: `PATH_MAX` of Linux.
pub(super) const MAX_PATH: usize = 4096;
/// Directories of the root over which the container runtime mounts file systems, or that programs
/// fill while they run.
pub(super) const NOT_KEPT: [&[u8]; 5] = [b"proc", b"sys", b"dev", b"tmp", b"run"];
/// Shorter names come about by chance.
const SHORTEST_FILE_NAME: usize = 3;

/// Finds all texts and paths of an ELF file or a script in one pass.
#[derive(Debug)]
pub(super) struct Searcher {
    automaton: AhoCorasick,
    /// The first patterns are texts, the others are top-level directories.
    texts: usize,
}

/// The matches found in a pass.
#[derive(Debug, Default)]
pub(super) struct Spots {
    /// Indexes in the list of texts.
    pub(super) texts: Vec<usize>,
    /// Positions at which an absolute path starts.
    pub(super) paths: Vec<usize>,
}

impl Searcher {
    pub(super) fn new(tree: &Tree, texts: &[&str]) -> Option<Self> {
        // An existing path starts with a directory in the image, so only such paths are searched
        // for.
        let roots = tree.children(NameId::ROOT).map(|name| tree.file_name(name));
        let roots = roots
            .filter(|name| !NOT_KEPT.contains(name))
            .map(|name| [b"/", name, b"/"].concat());
        let patterns: Vec<Vec<u8>> = texts
            .iter()
            .map(|text| text.as_bytes().to_vec())
            .chain(roots)
            .collect();
        Some(Self {
            automaton: AhoCorasick::new(&patterns).ok()?,
            texts: texts.len(),
        })
    }

    pub(super) fn find(&self, bytes: &[u8]) -> Spots {
        let mut spots = Spots::default();
        let mut is_found = vec![false; self.texts];
        for found in self.automaton.find_iter(bytes) {
            let pattern = found.pattern().as_usize();
            if pattern >= self.texts {
                if spots.paths.len() < MAX_MENTIONS {
                    spots.paths.push(found.start());
                }
            } else if !std::mem::replace(&mut is_found[pattern], true) {
                // A text may be at any number of places.
                spots.texts.push(pattern);
            }
        }
        spots
    }
}

/// The existing paths that start at these positions, and the kind of file that they refer to.
pub(super) fn mentions(
    tree: &Tree,
    bytes: &[u8],
    places: &[usize],
) -> BTreeMap<Vec<u8>, Mentioned> {
    places
        .iter()
        .filter_map(|&at| mention(tree, bytes, at))
        .collect()
}

pub(super) fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+.-/@~,:=%".contains(&byte)
}

fn mention(tree: &Tree, bytes: &[u8], at: usize) -> Option<(Vec<u8>, Mentioned)> {
    let rest = &bytes[at..bytes.len().min(at + MAX_PATH)];
    // In C, the byte before a string is the NUL of the previous string.
    let is_alone = at.checked_sub(1).is_none_or(|before| bytes[before] == 0);
    let end = rest
        .iter()
        .position(|&byte| !is_path_byte(byte))
        .unwrap_or(rest.len());
    let ends_alone = matches!(rest.get(end), None | Some(0 | b' '));
    if let Some(what) = what_is(tree, &rest[..end]) {
        // A program is mentioned by a string that is its path, optionally followed by arguments.
        if what == Mentioned::Program && !(is_alone && ends_alone) {
            return None;
        }
        return Some((rest[..end].to_vec(), what));
    }
    // The text continues after the path.
    let length = longest_file(tree, &rest[..end])?;
    Some((rest[..length].to_vec(), Mentioned::File))
}

/// The kind of file that a path refers to; `None` if nothing exists there that a text would name.
pub(super) fn what_is(tree: &Tree, path: &[u8]) -> Option<Mentioned> {
    let name = tree.resolve(path).ok()?.name;
    let inode = tree.inode(name);
    match inode.kind {
        Kind::Directory => Some(Mentioned::Directory),
        // Many distributions mark libraries as executable.
        Kind::File(_)
            if inode.header.mode & 0o111 != 0 && !is_library_name(tree.file_name(name)) =>
        {
            Some(Mentioned::Program)
        }
        Kind::File(_) => Some(Mentioned::File),
        _ => None,
    }
}

/// The length of the longest prefix of a text that is the path of a file other than a program.
fn longest_file(tree: &Tree, text: &[u8]) -> Option<usize> {
    let mut at = NameId::ROOT;
    let mut start = 1;
    loop {
        let rest = text.get(start..)?;
        let end = rest
            .iter()
            .position(|&byte| byte == b'/')
            .unwrap_or(rest.len());
        // An empty component would be the directory itself.
        let entered = match end {
            0 => None,
            _ => tree.resolve_from(at, &rest[..end]).ok(),
        };
        match entered.map(|resolved| resolved.name) {
            Some(directory) if tree.is_directory(directory) => {
                at = directory;
                start += end + 1;
            }
            Some(_) if is_plain(tree, &text[..start + end]) => return Some(start + end),
            // The path is a program or a device, which is not mentioned if the text continues after
            // it.
            Some(_) => return None,
            None => return longest_child(tree, at, &text[..start + end], start),
        }
    }
}

/// The same if the text continues after the name of a file in `directory`, which begins at `start`.
fn longest_child(tree: &Tree, directory: NameId, text: &[u8], start: usize) -> Option<usize> {
    // Go and Rust strings follow each other without a terminator: the path is the longest prefix
    // that exists, and very short names are ignored as coincidences.
    for end in (start + SHORTEST_FILE_NAME..text.len()).rev() {
        if tree.child(directory, &text[start..end]).is_some() && is_plain(tree, &text[..end]) {
            return Some(end);
        }
    }
    None
}

fn is_plain(tree: &Tree, path: &[u8]) -> bool {
    what_is(tree, path) == Some(Mentioned::File)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Content, Header, Inode};

    fn tree() -> Tree {
        let mut tree = Tree::new();
        for (path, mode) in [
            ("/etc/app.conf", 0o644),
            ("/etc/mime.types", 0o644),
            ("/usr/bin/sh", 0o755),
        ] {
            let (directory, name) = path.rsplit_once('/').unwrap();
            let mut at = NameId::ROOT;
            for component in directory
                .split('/')
                .filter(|component| !component.is_empty())
            {
                let directory = Inode {
                    kind: Kind::Directory,
                    header: Header::default(),
                    layer: 0,
                };
                at = tree
                    .child(at, component.as_bytes())
                    .unwrap_or_else(|| tree.insert(at, component.as_bytes(), directory));
            }
            let header = Header {
                mode,
                ..Header::default()
            };
            tree.insert(
                at,
                name.as_bytes(),
                Inode {
                    kind: Kind::File(Content::Bytes(Vec::new())),
                    header,
                    layer: 0,
                },
            );
        }
        tree
    }

    fn found(bytes: &[u8]) -> Vec<String> {
        let tree = tree();
        let spots = Searcher::new(&tree, &["magic"]).unwrap().find(bytes);
        mentions(&tree, bytes, &spots.paths)
            .iter()
            .map(|(path, what)| format!("{what:?} {}", path.escape_ascii()))
            .collect()
    }

    #[test]
    fn a_c_string_ends_at_a_null_byte() {
        assert_eq!(
            found(b"\0/etc/app.conf\0/usr/bin\0/etc/none\0"),
            ["File /etc/app.conf", "Directory /usr/bin"]
        );
    }

    #[test]
    fn go_strings_are_found_without_separators() {
        assert_eq!(
            found(b"x/etc/mime.typesbad/etc/app.conf/etc/apache"),
            ["File /etc/app.conf", "File /etc/mime.types"]
        );
    }

    #[test]
    fn a_program_path_must_start_its_string() {
        assert_eq!(found(b"\0/usr/bin/sh\0"), ["Program /usr/bin/sh"]);
        assert_eq!(found(b"\0/usr/bin/sh -c x\0"), ["Program /usr/bin/sh"]);
        assert_eq!(found(b"x/usr/bin/sh\0/usr/bin/shy\0"), Vec::<String>::new());
    }

    #[test]
    fn matched_texts_are_reported_by_index() {
        let tree = tree();
        assert_eq!(
            Searcher::new(&tree, &["none", "magic"])
                .unwrap()
                .find(b"a magic b")
                .texts,
            [1]
        );
    }
}
