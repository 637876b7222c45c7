//! How two images differ: by path, by package, by layer and by configuration. Times of files are
//! not compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::image::{Image, Inode, Kind, NameId, ReadError, Tree};
use crate::packages::{Ecosystem, Packages};

/// All differences, from the first image to the second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// By path.
    pub paths: Vec<Changed>,
    /// By ecosystem, name and architecture.
    pub packages: Vec<PackageChange>,
    /// Fields of the configuration, such as `config.Env` and `architecture`, sorted; without what
    /// only describes the layers and when they were made.
    pub configuration: Vec<String>,
    /// How many layers are the same, from the lowest on.
    pub shared_layers: usize,
}

impl Difference {
    /// Whether a container of the one could tell that it is not the other.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.packages.is_empty() && self.configuration.is_empty()
    }
}

/// A path that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub path: Vec<u8>,
    /// In the first image; none where it is added.
    pub before: Option<NameId>,
    /// In the second image; none where it is removed.
    pub after: Option<NameId>,
    /// What changed, where it is in both; ordered.
    pub what: Vec<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A file has become a link, and the like.
    Kind,
    Content,
    /// Where a link points, or which device it is.
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

/// A package that is not there in the same versions.
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
    let mut all: BTreeMap<Vec<u8>, (Option<NameId>, Option<NameId>)> = BTreeMap::new();
    let names = |tree: &Tree| {
        std::iter::once(NameId::ROOT)
            .chain(tree.walk())
            .collect::<Vec<_>>()
    };
    for name in names(&before.tree) {
        all.entry(before.tree.path(name)).or_default().0 = Some(name);
    }
    for name in names(&after.tree) {
        all.entry(after.tree.path(name)).or_default().1 = Some(name);
    }
    let mut changed = Vec::new();
    for (path, (one, other)) in all {
        let what = match (one, other) {
            (Some(one), Some(other)) => changes((before, one), (after, other))?,
            _ => Vec::new(),
        };
        if !what.is_empty() || one.is_none() || other.is_none() {
            changed.push(Changed {
                path,
                before: one,
                after: other,
                what,
            });
        }
    }
    Ok(changed)
}

fn changes(before: (&Image, NameId), after: (&Image, NameId)) -> Result<Vec<Change>, ReadError> {
    let [one, other] = [before, after].map(|(image, name)| image.tree.inode(name));
    let mut changes = Vec::new();
    match (&one.kind, &other.kind) {
        (Kind::File(content), Kind::File(other_content)) => {
            let is_same = content.length() == other_content.length()
                && *before.0.read(before.1)? == *after.0.read(after.1)?;
            changes.extend((!is_same).then_some(Change::Content));
        }
        (one, other) if std::mem::discriminant(one) != std::mem::discriminant(other) => {
            changes.push(Change::Kind);
        }
        (one, other) => changes.extend((one != other).then_some(Change::Target)),
    }
    let owner = |inode: &Inode| (inode.header.uid, inode.header.gid);
    let attributes = |inode: &Inode| -> BTreeMap<String, Vec<u8>> {
        inode
            .header
            .xattrs()
            .map(|(name, value)| (name.to_owned(), value.to_vec()))
            .collect()
    };
    changes.extend((one.header.mode != other.header.mode).then_some(Change::Mode));
    changes.extend((owner(one) != owner(other)).then_some(Change::Owner));
    changes.extend((attributes(one) != attributes(other)).then_some(Change::Attributes));
    Ok(changes)
}

type Key = (Ecosystem, String, Option<String>);

fn packages(before: &Packages, after: &Packages) -> Vec<PackageChange> {
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
    let versions = |one: &BTreeSet<&str>, other: &BTreeSet<&str>| -> Vec<String> {
        one.difference(other)
            .map(|&version| version.to_owned())
            .collect()
    };
    let change = |((ecosystem, name, architecture), [one, other]): (Key, [BTreeSet<&str>; 2])| {
        let (before, after) = (versions(&one, &other), versions(&other, &one));
        let differs = !before.is_empty() || !after.is_empty();
        differs.then_some(PackageChange {
            ecosystem,
            name,
            architecture,
            before,
            after,
        })
    };
    all.into_iter().filter_map(change).collect()
}

/// Fields that say nothing about how a container runs.
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
    let differing = |one: &Value, other: &Value| -> BTreeSet<String> {
        let keys = [one, other]
            .into_iter()
            .filter_map(Value::as_object)
            .flat_map(|object| object.keys());
        keys.filter(|key| !is_same(&one[key.as_str()], &other[key.as_str()]))
            .cloned()
            .collect()
    };
    for key in differing(before, after) {
        if key == "config" {
            fields.extend(
                differing(&before[&key], &after[&key])
                    .into_iter()
                    .map(|field| format!("config.{field}")),
            );
        } else if !DESCRIPTIVE.contains(&key.as_str()) {
            fields.insert(key);
        }
    }
    fields.into_iter().collect()
}

/// A field that is empty means what one that is missing does.
fn is_same(one: &Value, other: &Value) -> bool {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    one == other || is_empty(one) && is_empty(other)
}
