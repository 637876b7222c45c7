//! Facts about an entry of an image, such as its kind and layer, and the sizes below a directory.

use crate::elf::{self, Elf, ElfError};
use crate::image::{Image, Kind, Layer, NameId, ReadError, Tree};

/// Facts about one name in an image.
#[derive(Debug)]
pub struct EntryFacts<'a> {
    pub name: NameId,
    /// The final target of a symlink.
    pub target: Option<NameId>,
    /// The layer that its header and bytes come from, counted from the lowest, if the image has
    /// layers.
    pub layer: Option<(usize, &'a Layer)>,
    /// The other names of the same inode.
    pub other_names: Vec<NameId>,
    /// The headers of an ELF file, and how it was built.
    pub elf: Option<(Elf, elf::Facts)>,
}

/// Collects the facts about one name.
pub fn facts(image: &Image, name: NameId) -> Result<EntryFacts<'_>, ReadError> {
    let tree = &image.tree;
    let inode = tree.inode(name);
    let is_link = matches!(inode.kind, Kind::Symlink { .. });
    let target = if is_link {
        tree.resolve(&tree.path(name))
            .ok()
            .map(|resolved| resolved.name)
    } else {
        None
    };
    let mut other_names = Vec::new();
    // A directory has only one name, so there is no need to search the tree.
    if !tree.is_directory(name) {
        for other in tree.walk() {
            if other != name && tree.inode_id(other) == tree.inode_id(name) {
                other_names.push(other);
            }
        }
    }
    // A broken ELF file is shown like any other file.
    let elf = match inode.kind {
        Kind::File(ref content)
            if !image.is_implausible(content)
                && elf::is_elf(&image.head(tree.inode_id(name), 4)?) =>
        {
            elf_facts(&image.read(name)?).ok()
        }
        _ => None,
    };
    let layer = image
        .layers
        .get(inode.layer)
        .map(|layer| (inode.layer, layer));
    Ok(EntryFacts {
        name,
        target,
        layer,
        other_names,
        elf,
    })
}

fn elf_facts(bytes: &[u8]) -> Result<(Elf, elf::Facts), ElfError> {
    let elf = elf::parse(bytes)?;
    let facts = elf::facts(&elf, bytes)?;
    Ok((elf, facts))
}

/// An entry with everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: NameId,
    pub usage: Usage,
    /// Entries of a directory, down to the requested depth, the largest first, then by name.
    pub children: Vec<Entry>,
}

/// Size of an entry with everything below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of regular files; a file with several names counts at its first name.
    pub bytes: u64,
    /// Number of names, without the entry itself.
    pub names: usize,
}

/// Maximum number of levels that are returned. Deeper levels are of no use to a reader, and each
/// level is a recursive call.
const MAX_LEVELS: usize = 256;

/// Adds up the sizes below a name, and returns them for `levels` levels.
pub fn usage(tree: &Tree, name: NameId, levels: usize) -> Entry {
    let mut usages = vec![Usage::default(); tree.name_count()];
    let mut counted = vec![false; tree.inode_count()];
    let mut names = vec![name];
    names.extend(tree.below(name));
    // First, the bytes of each file are added at its first name, so that hard links do not count
    // twice.
    for &at in &names {
        if let Kind::File(content) = &tree.inode(at).kind
            && !std::mem::replace(&mut counted[tree.inode_id(at).index()], true)
        {
            usages[at.index()].bytes = content.length();
        }
    }
    // In reverse order, a directory comes after its entries, so their sums are complete.
    for &at in names.iter().skip(1).rev() {
        let usage = usages[at.index()];
        let above = &mut usages[tree.parent(at).index()];
        above.bytes = above.bytes.saturating_add(usage.bytes);
        above.names += usage.names + 1;
    }
    entry(tree, &usages, name, levels.min(MAX_LEVELS))
}

fn entry(tree: &Tree, usages: &[Usage], name: NameId, levels: usize) -> Entry {
    let mut children: Vec<Entry> = match levels.checked_sub(1) {
        Some(levels) => tree
            .children(name)
            .map(|child| entry(tree, usages, child, levels))
            .collect(),
        None => Vec::new(),
    };
    // The sort is stable: names with equal sizes keep their order.
    children.sort_by_key(|child| std::cmp::Reverse(child.usage.bytes));
    Entry {
        name,
        usage: usages[name.index()],
        children,
    }
}
