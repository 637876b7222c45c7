//! Compares a slimmed image with the original: the origin of every entry, and what was removed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use serde_json::Value;

use super::predicate::{Entry, EntryKind, Removed, RemovedFiles, RemovedPackage, Status, encoded};
use crate::image::{Config, Image, Inode, InodeId, Kind, NameId, ReadError, difference};
use crate::packages::Packages;

/// The result of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    pub files: Vec<Entry>,
    pub removed: Removed,
}

/// A name of the result, and the same path in the original.
struct Pair {
    path: Vec<u8>,
    name: NameId,
    original: Option<NameId>,
}

/// The digests of files by inode.
type Digests = HashMap<InodeId, String>;

/// Compares an image with the original, whose packages are given.
///
/// If `is_derived`, the result was made from the original in memory: what is stored at the same
/// place is not read twice.
pub fn compare(
    original: &Image,
    packages: &Packages,
    result: &Image,
    is_derived: bool,
) -> Result<Compared, ReadError> {
    let pairs = pairs(original, result);
    let after = digests(result, pairs.iter().map(|pair| pair.name))?;
    let is_same_place = |pair: &Pair, old: NameId| {
        let (old, new) = (original.tree.inode(old), result.tree.inode(pair.name));
        is_derived && old.layer == new.layer && old.kind == new.kind
    };
    let to_read = pairs.iter().filter_map(|pair| {
        let old = pair.original?;
        let is_file = matches!(result.tree.inode(pair.name).kind, Kind::File(_));
        if is_file && !is_same_place(pair, old) {
            Some(old)
        } else {
            None
        }
    });
    let before = digests(original, to_read)?;
    let mut files = Vec::with_capacity(pairs.len());
    for pair in &pairs {
        let inode = result.tree.inode(pair.name);
        let new = after.get(&result.tree.inode_id(pair.name));
        let mut entry = entry(inode, &pair.path, new);
        if let Some(name) = pair.original {
            let old = before.get(&original.tree.inode_id(name));
            let is_same = || Ok(is_same_place(pair, name) || old == new);
            let changed = difference(original.tree.inode(name), inode, is_same)?;
            if changed.is_some() {
                entry.status = Status::Rewritten;
                entry.original = old.map(|digest| hash(digest).to_owned());
            } else {
                entry.status = Status::Unchanged;
            }
        }
        files.push(entry);
    }
    Ok(Compared {
        files,
        removed: removed(original, packages, &pairs),
    })
}

/// The entries of an image without its original: all of them count as generated.
pub fn entries(image: &Image) -> Result<Vec<Entry>, ReadError> {
    let names = sorted_names(image);
    let digests = digests(image, names.iter().map(|(_, name)| *name))?;
    let entries = names.iter().map(|(path, name)| {
        let digest = digests.get(&image.tree.inode_id(*name));
        entry(image.tree.inode(*name), path, digest)
    });
    Ok(entries.collect())
}

/// The settings of a configuration that differ, by name.
pub fn changed_settings(before: &Config, after: &Config) -> Vec<String> {
    let [before, after] = [before, after].map(|config| config.json().get("config"));
    let [before, after] = [before, after].map(|settings| settings.and_then(Value::as_object));
    let mut names = BTreeSet::new();
    for settings in [before, after].into_iter().flatten() {
        names.extend(settings.keys());
    }
    let value = |settings: Option<&serde_json::Map<String, Value>>, name: &str| {
        settings.and_then(|settings| settings.get(name)).cloned()
    };
    names.retain(|name| value(before, name) != value(after, name));
    names.into_iter().cloned().collect()
}

fn pairs(original: &Image, result: &Image) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (path, name) in sorted_names(result) {
        let original = same_path(original, &path);
        pairs.push(Pair {
            path,
            name,
            original,
        });
    }
    pairs
}

/// The entries of an image except directories, in the order of their paths.
fn sorted_names(image: &Image) -> Vec<(Vec<u8>, NameId)> {
    let mut names = Vec::new();
    for name in image.tree.walk() {
        if !image.tree.is_directory(name) {
            names.push((image.tree.path(name), name));
        }
    }
    names.sort_unstable();
    names
}

/// The entry with exactly this path: no symlink leads to it.
fn same_path(image: &Image, path: &[u8]) -> Option<NameId> {
    let found = image.tree.resolve_link(path).ok()?;
    if image.tree.path(found.name) == path && !image.tree.is_directory(found.name) {
        Some(found.name)
    } else {
        None
    }
}

/// The digests of the regular files among these names, each content read once.
fn digests(image: &Image, names: impl Iterator<Item = NameId>) -> Result<Digests, ReadError> {
    let mut inodes = BTreeSet::new();
    for name in names {
        if matches!(image.tree.inode(name).kind, Kind::File(_)) {
            inodes.insert(image.tree.inode_id(name));
        }
    }
    let inodes: Vec<InodeId> = inodes.into_iter().collect();
    let digests = inodes.par_iter().map(|&inode| {
        let digest = image.file_digest(inode)?;
        Ok((inode, digest))
    });
    digests.collect()
}

/// An entry whose origin is not known yet.
fn entry(inode: &Inode, path: &[u8], digest: Option<&String>) -> Entry {
    let (kind, target) = match &inode.kind {
        // Directories are left out before.
        Kind::File(_) | Kind::Directory => (EntryKind::File, None),
        Kind::Symlink { target } => (EntryKind::Symlink, Some(encoded(target))),
        Kind::Character { .. } => (EntryKind::CharacterDevice, None),
        Kind::Block { .. } => (EntryKind::BlockDevice, None),
        Kind::Fifo => (EntryKind::Fifo, None),
    };
    Entry {
        path: encoded(path),
        kind,
        status: Status::Generated,
        sha256: digest.map(|digest| hash(digest).to_owned()),
        original: None,
        target,
    }
}

pub(super) fn hash(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}

/// Counts the entries of the original that the result does not have, by package.
fn removed(original: &Image, packages: &Packages, pairs: &[Pair]) -> Removed {
    let tree = &original.tree;
    let mut is_kept = vec![false; tree.name_count()];
    let mut is_content_kept = vec![false; tree.inode_count()];
    for name in pairs.iter().filter_map(|pair| pair.original) {
        is_kept[name.index()] = true;
        is_content_kept[tree.inode_id(name).index()] = true;
    }
    let size = |name: NameId, counted: &mut BTreeSet<InodeId>| {
        let inode = tree.inode_id(name);
        match &tree.inode(name).kind {
            Kind::File(content) if !is_content_kept[inode.index()] && counted.insert(inode) => {
                content.length()
            }
            _ => 0,
        }
    };
    // Node installs the same version of a package in several places.
    let mut by_purl: BTreeMap<&str, (RemovedPackage, BTreeSet<InodeId>)> = BTreeMap::new();
    for package in &packages.list {
        let (counts, counted) = by_purl.entry(&package.purl).or_insert_with(|| {
            let counts = RemovedPackage {
                purl: package.purl.clone(),
                files: 0,
                bytes: 0,
                kept: 0,
            };
            (counts, BTreeSet::new())
        });
        for &file in &package.files {
            if is_kept[file.index()] {
                counts.kept += 1;
            } else {
                counts.files += 1;
                counts.bytes = counts.bytes.saturating_add(size(file, counted));
            }
        }
    }
    let mut other = RemovedFiles::default();
    let mut counted = BTreeSet::new();
    for name in tree.walk() {
        let is_owned = !packages.owner_rows(name).is_empty();
        if !tree.is_directory(name) && !is_kept[name.index()] && !is_owned {
            other.files += 1;
            other.bytes = other.bytes.saturating_add(size(name, &mut counted));
        }
    }
    let packages = by_purl.into_values().map(|(counts, _)| counts);
    Removed {
        packages: packages.filter(|package| package.files > 0).collect(),
        other,
    }
}
