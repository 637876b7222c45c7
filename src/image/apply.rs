//! A layer laid over the file system below it, as containerd and Podman would.
//!
//! Source: the OCI image layer specification ("Applying Changesets"); where it is silent, what the
//! engines do: the way to an entry is followed inside the root directory, links included, and what
//! is missing on it is made.
//!
//! Where engines make different trees of a layer, it is refused. There is one exception: an entry
//! whose way goes through a symlink of a lower layer. containerd and umoci follow the symlink, Docker
//! and Podman replace it on overlayfs; tools that append layers make such images, on top of
//! distributions in which `/lib` is a symlink, so they are read as containerd does.

use std::collections::{HashMap, HashSet};

use super::archive::{Entry, Node};
use super::changes::{Changes, Gone, How};
use super::error::{EntryError, Fault};
use super::limits::Limits;
use super::tree::{Header, Inode, Kind, MAX_LINKS, NameId, Tree};

/// How the name of a file begins that removes another.
pub(super) const WHITEOUT: &[u8] = b".wh.";
/// Aufs kept its own records under such names; they are no files of the image.
const AUFS: &[u8] = b".wh..wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// What a layer did to the tree.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    pub changes: Changes,
    /// It has an entry for the root directory.
    pub names_root: bool,
    /// An entry is what it is by what lower layers hold: it may stand elsewhere than where its name
    /// says, because a link is on the way, or it links to a file of theirs.
    pub leans: bool,
}

/// Lays the entries of one layer, counted from the lowest, over the tree.
pub(super) fn apply(
    tree: &mut Tree,
    layer: usize,
    entries: Vec<Entry>,
    limits: &Limits,
) -> Result<Applied, EntryError> {
    let first = tree.name_count();
    let mut layer = Layer {
        tree,
        index: layer,
        first,
        declared: HashSet::new(),
        parents: HashSet::new(),
        cleared: HashSet::new(),
        opaque: HashSet::new(),
        removed: Vec::new(),
        place: 0,
        directories: HashMap::new(),
        gone: Vec::new(),
        names_root: false,
        leans: false,
        limits,
    };
    for entry in entries {
        let (place, name) = (entry.place, entry.name.clone());
        layer.place = place;
        layer.entry(entry).map_err(|fault| EntryError {
            name: Some(name),
            place,
            fault,
        })?;
    }
    layer.check_recreated()?;
    let Layer {
        declared,
        gone,
        names_root,
        leans,
        ..
    } = layer;
    let mut declared: Vec<NameId> = declared
        .into_iter()
        .filter(|name| name.index() < first)
        .collect();
    declared.sort_unstable();
    Ok(Applied {
        changes: Changes {
            made: first..tree.name_count(),
            declared,
            gone,
        },
        names_root,
        leans,
    })
}

struct Layer<'a> {
    tree: &'a mut Tree,
    index: usize,
    /// Names from here on are this layer's.
    first: usize,
    /// Directories of lower layers that this layer names too.
    declared: HashSet<NameId>,
    /// Directories of lower layers below which this layer has entries.
    parents: HashSet<NameId>,
    /// Names that whiteouts have been through: nothing of lower layers is left there or below.
    cleared: HashSet<NameId>,
    /// Directories that are opaque.
    opaque: HashSet<NameId>,
    /// Directories with something in them that whiteouts hid: where each was, its name, and where the
    /// whiteout is.
    removed: Vec<(NameId, Vec<u8>, u64)>,
    /// Where the entry is that is being applied.
    place: u64,
    /// Where a directory as it is written leads, until something is replaced or removed.
    directories: HashMap<Vec<u8>, NameId>,
    gone: Vec<Gone>,
    names_root: bool,
    leans: bool,
    limits: &'a Limits,
}

impl Layer<'_> {
    fn entry(&mut self, entry: Entry) -> Result<(), Fault> {
        let path = clean(&entry.name)?;
        let Some((name, directory)) = path.split_last() else {
            return self.root(entry);
        };
        // In the next layer that is made of it, it would be a whiteout.
        if directory.iter().any(|name| name.starts_with(WHITEOUT)) {
            return Err(Fault::WhiteoutDirectory);
        }
        if name.starts_with(WHITEOUT) {
            return self.whiteout(directory, name);
        }
        check_overlay(&entry)?;
        let directory = self.directory(directory)?;
        match entry.node {
            Node::HardLink { target } => self.hard_link(directory, name, target),
            Node::Inode(kind) => self.insert(directory, name, kind, entry.header),
        }
    }

    /// An entry without a name of its own, such as `./`, is the root directory.
    fn root(&mut self, entry: Entry) -> Result<(), Fault> {
        if entry.node != Node::Inode(Kind::Directory) {
            return Err(if entry.name.is_empty() {
                Fault::NoName
            } else {
                Fault::RootReplaced
            });
        }
        *self.tree.inode_mut(NameId::ROOT) = Inode {
            kind: Kind::Directory,
            header: entry.header,
            layer: self.index,
        };
        self.names_root = true;
        Ok(())
    }

    fn insert(
        &mut self,
        directory: NameId,
        name: &[u8],
        kind: Kind,
        header: Header,
    ) -> Result<(), Fault> {
        self.check_count()?;
        let inode = Inode {
            kind,
            header,
            layer: self.index,
        };
        match self.tree.child(directory, name) {
            // A directory that is there already keeps what is in it.
            Some(known) if inode.kind == Kind::Directory && self.tree.is_directory(known) => {
                *self.tree.inode_mut(known) = inode;
                self.declared.insert(known);
            }
            Some(known) => {
                self.check_lower(known)?;
                self.replaced(known);
                self.tree.insert(directory, name, inode);
            }
            None => drop(self.tree.insert(directory, name, inode)),
        }
        Ok(())
    }

    fn hard_link(&mut self, directory: NameId, name: &[u8], target: Vec<u8>) -> Result<(), Fault> {
        self.check_count()?;
        let components = clean(&target)?;
        let found = components.split_last().and_then(|(last, way)| {
            let way = self.tree.resolve(&way.join(&b'/')).ok()?;
            self.tree.child(way.name, last)
        });
        let Some(found) = found else {
            return Err(Fault::LinkTargetMissing(target));
        };
        if self.tree.is_directory(found) {
            return Err(Fault::LinkToDirectory(target));
        }
        self.leans |= self.tree.inode(found).layer != self.index;
        let known = self.tree.child(directory, name);
        if known != Some(found) {
            if let Some(known) = known {
                self.check_lower(known)?;
                self.replaced(known);
            }
            self.tree.link(directory, name, found);
        }
        Ok(())
    }

    fn whiteout(&mut self, directory: &[&[u8]], name: &[u8]) -> Result<(), Fault> {
        let hidden = &name[WHITEOUT.len()..];
        if matches!(hidden, b"" | b"." | b"..") {
            return Err(Fault::Whiteout);
        }
        // Where there is no such directory there is nothing to hide.
        let Ok(directory) = self.tree.resolve(&directory.join(&b'/')) else {
            return Ok(());
        };
        if name == OPAQUE && directory.name == NameId::ROOT {
            // umoci empties it, Docker and Podman take it for a record of Aufs.
            return Err(Fault::OpaqueRoot);
        }
        if name == OPAQUE {
            if self.opaque.insert(directory.name) {
                self.hide(self.tree.children(directory.name).collect());
            }
        } else if !name.starts_with(AUFS)
            && let Some(child) = self.tree.child(directory.name, hidden)
        {
            if self.tree.children(child).next().is_some() {
                let removed = (directory.name, hidden.to_vec(), self.place);
                self.removed.push(removed);
            }
            self.hide(vec![child]);
            // containerd and Podman remove what its own layer put there before it, umoci does not.
            if self.tree.child(directory.name, hidden).is_some() {
                return Err(Fault::OwnWhiteout);
            }
        }
        Ok(())
    }

    /// Refuses a directory that the layer creates again after a whiteout of it, unless it is opaque:
    /// on overlayfs Podman shows what was in it before.
    fn check_recreated(&self) -> Result<(), EntryError> {
        for (directory, name, place) in &self.removed {
            let Some(child) = self.tree.child(*directory, name) else {
                continue;
            };
            if self.tree.is_directory(child) && !self.opaque.contains(&child) {
                let whiteout = [WHITEOUT, name].concat();
                return Err(EntryError {
                    name: Some(whiteout),
                    place: *place,
                    fault: Fault::Recreated(self.tree.path(child)),
                });
            }
        }
        Ok(())
    }

    /// Refuses to replace what the layer itself has brought: Docker and Podman refuse two entries
    /// for one path, and Python writes through the first where that is a symlink.
    fn check_lower(&self, known: NameId) -> Result<(), Fault> {
        // A directory of this layer stays one for the rest of it, whatever the layers below have: a
        // layer must mean the same above others.
        let is_own = known.index() >= self.first
            || self.declared.contains(&known)
            || self.parents.contains(&known);
        if is_own {
            return Err(Fault::Duplicate);
        }
        Ok(())
    }

    /// Takes out what lower layers have at these names and below them. What this layer has put
    /// there stays, and the directories on the way to it. No name is looked at twice, however many
    /// whiteouts hide it.
    fn hide(&mut self, mut tops: Vec<NameId>) {
        let mut names = Vec::new();
        while let Some(name) = tops.pop() {
            if self.cleared.insert(name) {
                names.push(name);
                tops.extend(self.tree.children(name));
            }
        }
        // Backwards, a directory comes after what is in it.
        for name in names.into_iter().rev() {
            let own = name.index() >= self.first || self.declared.contains(&name);
            if !own && self.tree.children(name).next().is_none() {
                self.forget_ways_through(name);
                self.gone.push(Gone {
                    name,
                    how: How::Removed,
                });
                let file_name = self.tree.file_name(name).to_vec();
                self.tree.remove(self.tree.parent(name), &file_name);
            }
        }
    }

    /// Where the directory of an entry is; made, with those above it, where it is missing.
    fn directory(&mut self, path: &[&[u8]]) -> Result<NameId, Fault> {
        let key = path.join(&b'/');
        if let Some(&known) = self.directories.get(&key) {
            return Ok(known);
        }
        let found = self.follow(path)?;
        self.check_depth(found)?;
        let mut parent = found;
        while parent != NameId::ROOT && self.parents.insert(parent) {
            parent = self.tree.parent(parent);
        }
        self.directories.insert(key, found);
        Ok(found)
    }

    fn follow(&mut self, path: &[&[u8]]) -> Result<NameId, Fault> {
        let mut at = NameId::ROOT;
        let mut links = 0;
        // The components still to go, the next one last.
        let mut rest: Vec<Vec<u8>> = path
            .iter()
            .rev()
            .map(|component| component.to_vec())
            .collect();
        while let Some(component) = rest.pop() {
            match component.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    at = self.tree.parent(at);
                    continue;
                }
                _ => {}
            }
            let known = self.tree.child(at, &component);
            match known.map(|known| (known, &self.tree.inode(known).kind)) {
                Some((known, Kind::Directory)) => at = known,
                Some((_, Kind::Symlink { target })) => {
                    self.leans = true;
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Fault::TooManyLinks);
                    }
                    if target.starts_with(b"/") {
                        at = NameId::ROOT;
                    }
                    rest.extend(target.rsplit(|&byte| byte == b'/').map(<[u8]>::to_vec));
                }
                // containerd and Podman refuse it, umoci replaces it.
                Some((known, _)) => {
                    return Err(Fault::ParentNotADirectory(self.tree.path(known)));
                }
                None => {
                    self.check_count()?;
                    let header = Header {
                        mode: 0o755,
                        ..Header::default()
                    };
                    let inode = Inode {
                        kind: Kind::Directory,
                        header,
                        layer: self.index,
                    };
                    at = self.tree.insert(at, &component, inode);
                }
            }
        }
        Ok(at)
    }

    /// Another entry is about to take this name, and with it goes all that is below.
    fn replaced(&mut self, known: NameId) {
        self.forget_ways_through(known);
        self.gone.push(Gone {
            name: known,
            how: How::Replaced,
        });
        self.gone.extend(self.tree.below(known).map(|name| Gone {
            name,
            how: How::Removed,
        }));
    }

    /// Only a directory or a link can be on the way to something.
    fn forget_ways_through(&mut self, replaced: NameId) {
        if matches!(
            self.tree.inode(replaced).kind,
            Kind::Directory | Kind::Symlink { .. }
        ) {
            self.directories.clear();
        }
    }

    /// Links lead deeper than names can say.
    fn check_depth(&self, directory: NameId) -> Result<(), Fault> {
        let mut at = directory;
        for _ in 0..self.limits.depth {
            if at == NameId::ROOT {
                return Ok(());
            }
            at = self.tree.parent(at);
        }
        Err(Fault::TooDeep(self.limits.depth))
    }

    fn check_count(&self) -> Result<(), Fault> {
        if self.tree.name_count() > self.limits.entries {
            return Err(Fault::TooManyEntries(self.limits.entries));
        }
        Ok(())
    }
}

/// Refuses what overlayfs takes for instructions: on such a file system an engine would show other
/// files than it applied.
fn check_overlay(entry: &Entry) -> Result<(), Fault> {
    const INSTRUCTIONS: [&str; 6] = [
        "opaque",
        "redirect",
        "metacopy",
        "whiteout",
        "whiteouts",
        "xwhiteouts",
    ];
    const PREFIXES: [&str; 3] = ["trusted.overlay.", "user.overlay.", "user.fuseoverlayfs."];
    if let Node::Inode(Kind::Character { major: 0, minor: 0 }) = entry.node {
        return Err(Fault::OverlayDevice);
    }
    for (attribute, _) in entry.header.xattrs() {
        let mut names = PREFIXES.iter().map(|prefix| attribute.strip_prefix(prefix));
        if names.any(|name| name.is_some_and(|name| INSTRUCTIONS.contains(&name))) {
            return Err(Fault::OverlayAttribute(attribute.to_owned()));
        }
    }
    Ok(())
}

/// The components of a name: without empty ones and `.`, and `..` takes back the one before it. An
/// absolute name starts at the image's root like any other.
fn clean(name: &[u8]) -> Result<Vec<&[u8]>, Fault> {
    let mut components = Vec::new();
    for component in name.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => drop(components.pop().ok_or(Fault::LeavesRoot)?),
            _ => components.push(component),
        }
    }
    Ok(components)
}
