//! One entry of an image: where it comes from and what it is; and what is below a directory.

use crate::elf::{self, Elf, ElfError};
use crate::image::{Image, Kind, Layer, NameId, ReadError, Tree};

/// What an image tells of one name.
#[derive(Debug)]
pub struct Facts<'a> {
    pub name: NameId,
    /// Where it, a link, leads in the end.
    pub target: Option<NameId>,
    /// The layer that its header and its bytes come from, counted from the lowest, where the image
    /// has layers.
    pub layer: Option<(usize, &'a Layer)>,
    /// The other names of the same inode.
    pub other_names: Vec<NameId>,
    /// What it is as an ELF file, and how it was built.
    pub elf: Option<(Elf, elf::Facts)>,
}

/// Looks at one name.
pub fn facts(image: &Image, name: NameId) -> Result<Facts<'_>, ReadError> {
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
    let is_other = |&other: &NameId| other != name && tree.inode_id(other) == tree.inode_id(name);
    let other_names = if tree.is_directory(name) {
        Vec::new()
    } else {
        tree.walk().filter(is_other).collect()
    };
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
    Ok(Facts {
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

/// An entry with all that is below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: NameId,
    pub usage: Usage,
    /// Below a directory, as deep as was asked for: the largest first, then by name.
    pub children: Vec<Entry>,
}

/// What an entry and all below it take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of regular files; one with several names counts at the first of them.
    pub bytes: u64,
    /// Names, the entry itself left out.
    pub names: usize,
}

/// Nobody reads deeper, and each level is a call.
const MAX_LEVELS: usize = 256;

/// Adds up what is below a name, and tells it for so many levels.
pub fn usage(tree: &Tree, name: NameId, levels: usize) -> Entry {
    let mut usages = vec![Usage::default(); tree.name_count()];
    let mut counted = vec![false; tree.inode_count()];
    let mut names = vec![name];
    names.extend(tree.below(name));
    for &at in &names {
        if let Kind::File(content) = &tree.inode(at).kind
            && !std::mem::replace(&mut counted[tree.inode_id(at).index()], true)
        {
            usages[at.index()].bytes = content.length();
        }
    }
    // Backwards, a directory comes after what is in it.
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
    // The sort is stable: names of one size stay in their order.
    children.sort_by_key(|child| std::cmp::Reverse(child.usage.bytes));
    Entry {
        name,
        usage: usages[name.index()],
        children,
    }
}
