//! Uses of kept files, as rules of a profile that confines the container.

use std::collections::BTreeMap;

use super::paths::is_within;
use super::place::Place;
use super::settings::Hardening;
use crate::image::{Image, Kind, NameId, Tree};
use crate::slim::Plan;

/// The accesses that a rule allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each permission")]
pub struct Access {
    pub read: bool,
    pub map: bool,
    pub execute: bool,
    pub write: bool,
}

/// A rule for a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRule {
    pub path: Vec<u8>,
    /// The rule is for everything below the path, which is a directory.
    pub is_whole: bool,
    pub access: Access,
}

/// The rules for the kept files and the writable places, by path.
///
/// A directory whose regular files are all kept, and are all used in the same way, gets one rule: a
/// profile with a rule for each of 20,000 files takes minutes to compile.
pub fn file_rules(image: &Image, plan: &Plan, hardening: &Hardening) -> Vec<FileRule> {
    let tree = &image.tree;
    let uses = uses(tree, plan, &hardening.places);
    let mut rules = BTreeMap::new();
    let mut waiting = vec![NameId::ROOT];
    while let Some(directory) = waiting.pop() {
        for name in tree.children(directory) {
            if !plan.is_kept(name) {
                continue;
            }
            let path = tree.path(name);
            if hardening
                .places
                .iter()
                .any(|place| is_within(&path, &place.path))
            {
                continue;
            }
            match (uses[name.index()], tree.is_directory(name)) {
                (Use::Uniform(access), true) => {
                    rules.insert(path, (true, access));
                }
                (Use::Uniform(access), false) => {
                    rules.insert(path, (false, access));
                }
                (_, true) => waiting.push(name),
                _ => {}
            }
        }
    }
    for place in &hardening.places {
        let access = Access {
            read: true,
            write: true,
            ..Access::default()
        };
        rules.insert(place.path.clone(), (true, access));
    }
    let rules = rules.into_iter();
    rules
        .map(|(path, (is_whole, access))| FileRule {
            path,
            is_whole,
            access,
        })
        .collect()
}

/// The use of an entry with everything below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// There are no regular files.
    Nothing,
    /// All regular files are kept and used in the same way.
    Uniform(Access),
    Mixed,
}

/// A row a name.
fn uses(tree: &Tree, plan: &Plan, places: &[Place]) -> Vec<Use> {
    let mut rows = vec![Use::Nothing; tree.name_count()];
    let names: Vec<NameId> = tree.walk().collect();
    // In tree order, a directory comes before its entries; in the opposite order, after them.
    for &name in names.iter().rev() {
        if let Kind::File(_) = tree.inode(name).kind {
            rows[name.index()] = if plan.is_kept(name) {
                Use::Uniform(access(tree, name))
            } else {
                Use::Mixed
            };
        }
        if name == NameId::ROOT {
            continue;
        }
        let parent = tree.parent(name).index();
        rows[parent] = merged(rows[parent], rows[name.index()]);
    }
    // A rule for a directory must not include a mount.
    for place in places {
        if let Ok(resolved) = tree.resolve(&place.path) {
            let mut at = resolved.name;
            while at != NameId::ROOT {
                at = tree.parent(at);
                rows[at.index()] = Use::Mixed;
            }
        }
    }
    rows
}

fn merged(one: Use, other: Use) -> Use {
    match (one, other) {
        (Use::Nothing, known) | (known, Use::Nothing) => known,
        (Use::Uniform(one), Use::Uniform(other)) if one == other => Use::Uniform(one),
        _ => Use::Mixed,
    }
}

/// Programs are executed, libraries are mapped, and scripts are both executed and read. The loader
/// maps a library whatever its mode is, so the name decides.
fn access(tree: &Tree, name: NameId) -> Access {
    let mode = tree.inode(name).header.mode;
    let file_name = tree.file_name(name);
    let is_executable = mode & 0o111 != 0;
    let is_library =
        file_name.ends_with(b".so") || memchr::memmem::find(file_name, b".so.").is_some();
    Access {
        read: true,
        map: is_executable || is_library,
        execute: is_executable && !is_library || is_loader(file_name),
        write: false,
    }
}

/// The loader is a library that is also started: `ld-linux-x86-64.so.2`, `ld-musl-x86_64.so.1`.
fn is_loader(file_name: &[u8]) -> bool {
    file_name.starts_with(b"ld-") || file_name == b"ld.so"
}
