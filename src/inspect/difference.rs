//! Differences between two images: by path, package, layer and configuration. File times are not
//! compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::image::{Image, Inode, Kind, NameId, ReadError, SameContents, Tree};
use crate::packages::{Ecosystem, Packages};

/// All differences, from the first image to the second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Changed paths, sorted.
    pub paths: Vec<Changed>,
    /// Changed packages, sorted by ecosystem, name and architecture.
    pub packages: Vec<PackageChange>,
    /// Changed configuration fields, such as `config.Env` and `architecture`, sorted; without those
    /// that only describe the layers and the build.
    pub configuration: Vec<String>,
    /// Number of lowest layers that are the same.
    pub shared_layers: usize,
}

impl Difference {
    /// Returns true if a container cannot tell the two images apart.
    pub fn is_empty(&self) -> bool {
        // The same files can be divided into different layers.
        self.paths.is_empty() && self.packages.is_empty() && self.configuration.is_empty()
    }
}

/// A path that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub path: Vec<u8>,
    /// Name in the first image; `None` if the path was added.
    pub before: Option<NameId>,
    /// Name in the second image; `None` if the path was removed.
    pub after: Option<NameId>,
    /// The changes, if it is in both; ordered.
    pub what: Vec<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// The kind of entry: a file has become a symlink, for example.
    Kind,
    Content,
    /// The target of a symlink, or the number of a device.
    Target,
    Mode,
    Owner,
    Attributes,
}

impl Change {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Content => "content",
            Self::Target => "target",
            Self::Mode => "mode",
            Self::Owner => "owner",
            Self::Attributes => "xattr",
        }
    }
}

/// A package whose versions differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageChange {
    pub ecosystem: Ecosystem,
    pub name: String,
    pub architecture: Option<String>,
    /// Versions in the first image that are not in the second, sorted.
    pub before: Vec<String>,
    /// Versions in the second image that are not in the first, sorted.
    pub after: Vec<String>,
}

/// Compares two images with their packages.
pub fn difference(
    before: (&Image, &Packages),
    after: (&Image, &Packages),
) -> Result<Difference, ReadError> {
    // Layers are only shared from the bottom, because registries and runtimes reuse them in order.
    let layers = before.0.layers.iter().zip(&after.0.layers);
    Ok(Difference {
        paths: paths(before.0, after.0)?,
        packages: packages(before.1, after.1),
        configuration: configuration(before.0.config.json(), after.0.config.json()),
        shared_layers: layers
            .take_while(|(one, other)| one.diff_id == other.diff_id)
            .count(),
    })
}

fn paths(before: &Image, after: &Image) -> Result<Vec<Changed>, ReadError> {
    let mut changed = Vec::new();
    let mut contents = SameContents::new(before, after);
    for (one, other) in names_by_path(&before.tree, &after.tree) {
        let what = match (one, other) {
            (Some(one), Some(other)) => changes((before, one), (after, other), &mut contents)?,
            _ => Vec::new(),
        };
        // A path in one image only has no changes to list, but is one itself.
        if what.is_empty() && one.is_some() && other.is_some() {
            continue;
        }
        let path = match (one, other) {
            (Some(name), _) => before.tree.path(name),
            (None, Some(name)) => after.tree.path(name),
            // Each pair has a name.
            (None, None) => continue,
        };
        changed.push(Changed {
            path,
            before: one,
            after: other,
            what,
        });
    }
    changed.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(changed)
}

/// The names that a path has in two trees, for each path that is in one of them. The root is the
/// first: its mode and owner can change, too.
///
/// The paths themselves are not built: below a deep directory all of them could be kilobytes long.
fn names_by_path(before: &Tree, after: &Tree) -> Vec<(Option<NameId>, Option<NameId>)> {
    let mut pairs = vec![(Some(NameId::ROOT), Some(NameId::ROOT))];
    let mut next = 0;
    // The list is also the queue of the directories whose entries are still to be added.
    while let Some(&(one, other)) = pairs.get(next) {
        next += 1;
        let mut entries: BTreeMap<&[u8], (Option<NameId>, Option<NameId>)> = BTreeMap::new();
        for name in one.into_iter().flat_map(|name| before.children(name)) {
            entries.entry(before.file_name(name)).or_default().0 = Some(name);
        }
        for name in other.into_iter().flat_map(|name| after.children(name)) {
            entries.entry(after.file_name(name)).or_default().1 = Some(name);
        }
        pairs.extend(entries.into_values());
    }
    pairs
}

fn changes(
    before: (&Image, NameId),
    after: (&Image, NameId),
    contents: &mut SameContents<'_>,
) -> Result<Vec<Change>, ReadError> {
    let ids = [before, after].map(|(image, name)| image.tree.inode_id(name));
    let [one, other] = [before, after].map(|(image, name)| image.tree.inode(name));
    let mut changes = Vec::new();
    match (&one.kind, &other.kind) {
        (Kind::File(_), Kind::File(_)) => {
            let [one, other] = ids;
            if !contents.compare(one, other)? {
                changes.push(Change::Content);
            }
        }
        (one, other) if std::mem::discriminant(one) != std::mem::discriminant(other) => {
            changes.push(Change::Kind);
        }
        (one, other) if one != other => changes.push(Change::Target),
        _ => {}
    }
    if one.header.mode != other.header.mode {
        changes.push(Change::Mode);
    }
    if (one.header.uid, one.header.gid) != (other.header.uid, other.header.gid) {
        changes.push(Change::Owner);
    }
    if attributes(one) != attributes(other) {
        changes.push(Change::Attributes);
    }
    Ok(changes)
}

/// Returns the extended attributes of an inode. Their order in the archive means nothing.
fn attributes(inode: &Inode) -> BTreeMap<String, Vec<u8>> {
    inode
        .header
        .xattrs()
        .map(|(name, value)| (name.to_owned(), value.to_vec()))
        .collect()
}

type Key = (Ecosystem, String, Option<String>);

fn packages(before: &Packages, after: &Packages) -> Vec<PackageChange> {
    // Sets of versions: several versions of a Go module or an npm package are common in one image.
    let mut all: BTreeMap<Key, [BTreeSet<&str>; 2]> = BTreeMap::new();
    for (index, packages) in [before, after].into_iter().enumerate() {
        for package in &packages.list {
            let key = (
                package.ecosystem,
                package.name.clone(),
                package.architecture.clone(),
            );
            all.entry(key).or_default()[index].insert(&package.version);
        }
    }
    let mut changes = Vec::new();
    for ((ecosystem, name, architecture), [one, other]) in all {
        if one != other {
            changes.push(PackageChange {
                ecosystem,
                name,
                architecture,
                before: one
                    .difference(&other)
                    .map(|&text| text.to_owned())
                    .collect(),
                after: other
                    .difference(&one)
                    .map(|&text| text.to_owned())
                    .collect(),
            });
        }
    }
    changes
}

/// Fields that have no effect on how a container runs.
const DESCRIPTIVE: [&str; 6] = [
    "rootfs",
    "history",
    "created",
    "id",
    "parent",
    "container_config",
];

fn configuration(before: &Value, after: &Value) -> Vec<String> {
    let mut fields = BTreeSet::new();
    for key in differing_keys(before, after) {
        // The runtime's settings are one level deeper than the image's platform.
        if key == "config" {
            for field in differing_keys(&before[key], &after[key]) {
                fields.insert(format!("config.{field}"));
            }
        } else if !DESCRIPTIVE.contains(&key) {
            fields.insert(key.to_owned());
        }
    }
    fields.into_iter().collect()
}

/// Returns the keys of two objects whose values differ.
fn differing_keys<'v>(one: &'v Value, other: &'v Value) -> BTreeSet<&'v str> {
    let mut keys = BTreeSet::new();
    for object in [one, other].into_iter().filter_map(Value::as_object) {
        for key in object.keys() {
            if !is_same(&one[key.as_str()], &other[key.as_str()]) {
                keys.insert(key.as_str());
            }
        }
    }
    keys
}

/// Compares two fields. Builders write an empty field or null, or omit the field, all with the same
/// meaning.
fn is_same(one: &Value, other: &Value) -> bool {
    one == other || is_empty(one) && is_empty(other)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}
