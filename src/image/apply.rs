//! Applies a layer to the file system below it, like containerd and Podman.
//!
//! Source: the OCI image layer specification ("Applying Changesets"). If it does not specify the
//! behavior, the engines' behavior applies: the path of an entry is followed inside the root
//! directory, including symlinks, and missing directories in it are created.
//!
//! A layer is refused if engines create different trees from it. There are two exceptions. A
//! whiteout in a missing directory creates the directory, as in every engine but umoci. And an
//! entry whose path goes through a symlink of a lower layer. containerd and umoci follow the
//! symlink, Docker and Podman replace it on overlayfs; tools that append layers create such images,
//! on top of distributions in which `/lib` is a symlink, so they are read as containerd does.

use std::collections::{HashMap, HashSet};

use super::archive::{Entry, Node};
use super::changes::{Changes, Gone, How};
use super::error::{EntryError, Fault};
use super::limits::Limits;
use super::tree::{Followed, Header, Inode, Kind, NameId, ResolveError, Tree, components_reversed};

/// The prefix in the name of a file that removes another.
pub(super) const WHITEOUT: &[u8] = b".wh.";
/// The prefix of Aufs metadata, which is not part of the image.
const AUFS: &[u8] = b".wh..wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// The effect of a layer on the tree.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    pub changes: Changes,
    /// Whether it has an entry for the root directory.
    pub names_root: bool,
    /// Whether the meaning of an entry depends on lower layers: its path goes through one of their
    /// symlinks, or it is a hard link to one of their files.
    pub needs_lower: bool,
}

/// Applies the entries of one layer, counted from the lowest, to the tree.
pub(super) fn apply(
    tree: &mut Tree,
    layer: usize,
    entries: Vec<Entry>,
    limits: &Limits,
) -> Result<Applied, EntryError> {
    let first = tree.name_count();
    let mut layer = Layer::new(tree, layer, limits);
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
        implied,
        gone,
        names_root,
        needs_lower,
        ..
    } = layer;
    // Directories that this layer first created implicitly and then declared are not changes of
    // lower layers.
    let mut declared = sorted(declared);
    declared.retain(|name| name.index() < first);
    Ok(Applied {
        changes: Changes {
            made: first..tree.name_count(),
            declared,
            implied: sorted(implied),
            gone,
        },
        names_root,
        needs_lower,
    })
}

/// The names in an unordered set.
fn sorted(names: HashSet<NameId>) -> Vec<NameId> {
    let mut names: Vec<NameId> = names.into_iter().collect();
    names.sort_unstable();
    names
}

struct Layer<'a> {
    tree: &'a mut Tree,
    index: usize,
    /// The first row of this layer.
    first: usize,
    /// Directories of lower layers for which this layer also has an entry.
    declared: HashSet<NameId>,
    /// Directories that exist only because of entries below them.
    implied: HashSet<NameId>,
    /// Directories of lower layers below which this layer has entries.
    parents: HashSet<NameId>,
    /// Names that whiteouts have visited: nothing from lower layers is left at or below them.
    cleared: HashSet<NameId>,
    /// Directories that are opaque.
    opaque: HashSet<NameId>,
    /// Directories with entries that whiteouts removed.
    removed: Vec<Removed>,
    /// The offset of the entry that is being applied.
    place: u64,
    /// The directory for each path as written. Cleared when a directory or symlink is replaced or
    /// removed.
    directories: HashMap<Vec<u8>, NameId>,
    /// The same for directories that are only looked up: those of whiteouts and of the targets of
    /// hard links.
    existing: HashMap<Vec<u8>, Existing>,
    /// The directory that each symlink leads to, and the symlinks on the way. Many entries may go
    /// through one symlink.
    links: HashMap<NameId, (NameId, Followed)>,
    /// Directories below which an entry of this layer is in a place that Docker and Podman do not
    /// expect: behind a symlink, or in a directory without its own entry. They would remove it
    /// together with the entries of lower layers if an opaque marker followed.
    misplaced: HashSet<NameId>,
    gone: Vec<Gone>,
    names_root: bool,
    needs_lower: bool,
    limits: &'a Limits,
}

/// A directory that was looked up.
#[derive(Clone, Copy)]
struct Existing {
    directory: NameId,
    /// A symlink is on its path.
    is_linked: bool,
}

/// A step on the path of an entry.
enum Step {
    Component(Vec<u8>),
    /// All components of the symlink's target were followed. Before them the path had led through
    /// these symlinks.
    LinkEnd(NameId, Followed),
}

/// A directory with entries that a whiteout removed.
struct Removed {
    parent: NameId,
    name: Vec<u8>,
    /// The offset of the whiteout.
    place: u64,
}

impl<'a> Layer<'a> {
    fn new(tree: &'a mut Tree, index: usize, limits: &'a Limits) -> Self {
        Self {
            index,
            first: tree.name_count(),
            tree,
            declared: HashSet::new(),
            implied: HashSet::new(),
            parents: HashSet::new(),
            cleared: HashSet::new(),
            opaque: HashSet::new(),
            removed: Vec::new(),
            place: 0,
            directories: HashMap::new(),
            existing: HashMap::new(),
            links: HashMap::new(),
            misplaced: HashSet::new(),
            gone: Vec::new(),
            names_root: false,
            needs_lower: false,
            limits,
        }
    }
}

impl Layer<'_> {
    fn entry(&mut self, entry: Entry) -> Result<(), Fault> {
        let path = clean(&entry.name)?;
        let Some((name, directory)) = path.split_last() else {
            return self.root(entry);
        };
        // When an engine commits a container, a directory of this name becomes a whiteout in the
        // new layer.
        if directory.iter().any(|name| name.starts_with(WHITEOUT)) {
            return Err(Fault::WhiteoutDirectory);
        }
        if name.starts_with(WHITEOUT) {
            return self.whiteout(directory, name);
        }
        check_overlay(&entry)?;
        let directory = self.directory(directory)?;
        match entry.node {
            Node::HardLink { target } => self.hard_link(directory, name, target, &entry.header),
            Node::Inode(kind) => self.insert(directory, name, kind, entry.header),
        }
    }

    /// Handles an entry such as `./`, which is the root directory.
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
            // An existing directory keeps its entries.
            Some(known) if inode.kind == Kind::Directory && self.tree.is_directory(known) => {
                *self.tree.inode_mut(known) = inode;
                self.declared.insert(known);
                self.implied.remove(&known);
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

    fn hard_link(
        &mut self,
        directory: NameId,
        name: &[u8],
        target: Vec<u8>,
        header: &Header,
    ) -> Result<(), Fault> {
        self.check_count()?;
        let components = clean(&target)?;
        let Some(found) = self.link_target(&components)? else {
            return Err(Fault::LinkTargetMissing(target));
        };
        // On some POSIX systems, root can hard-link directories; Linux does not allow it, and it
        // would turn the tree into a graph.
        if self.tree.is_directory(found) {
            return Err(Fault::LinkToDirectory(target));
        }
        check_link_header(header, self.tree.inode(found))?;
        self.needs_lower |= self.tree.inode(found).layer != self.index;
        if let Some(known) = self.tree.child(directory, name) {
            // Engines remove what has the name of the link before they look for its target.
            if known == found {
                return Err(Fault::LinkToItself);
            }
            self.check_lower(known)?;
            self.replaced(known);
        }
        self.tree.link(directory, name, found);
        Ok(())
    }

    /// The file that a hard link names. Its directory is followed, a symlink at the end is not: the
    /// link is to the symlink itself, as `link` makes it.
    fn link_target(&mut self, components: &[&[u8]]) -> Result<Option<NameId>, Fault> {
        let Some((last, directory)) = components.split_last() else {
            return Ok(None);
        };
        let Some(found) = self.existing(directory)? else {
            return Ok(None);
        };
        Ok(self.tree.child(found.directory, last))
    }

    /// The directory at a path, symlinks followed; none if it does not exist.
    fn existing(&mut self, path: &[&[u8]]) -> Result<Option<Existing>, Fault> {
        let key = path.join(&b'/');
        if let Some(&known) = self.existing.get(&key) {
            return Ok(Some(known));
        }
        let resolved = match self.tree.resolve(&key) {
            Ok(resolved) => resolved,
            Err(ResolveError::TooManyLinks { .. }) => return Err(Fault::TooManyLinks),
            Err(_) => return Ok(None),
        };
        // A file in its place may still be replaced by a directory.
        if !self.tree.is_directory(resolved.name) {
            return Ok(None);
        }
        let mut crossed = resolved.crossed.into_iter();
        let found = Existing {
            directory: resolved.name,
            is_linked: crossed.any(|name| !self.tree.is_directory(name)),
        };
        self.existing.insert(key, found);
        Ok(Some(found))
    }

    fn whiteout(&mut self, directory: &[&[u8]], name: &[u8]) -> Result<(), Fault> {
        let hidden = &name[WHITEOUT.len()..];
        if matches!(hidden, b"" | b"." | b"..") {
            return Err(Fault::Whiteout);
        }
        let Some(found) = self.directory_of_whiteout(directory)? else {
            return Ok(());
        };
        let parent = found.directory;
        // Engines create the directory if it is missing, so the whiteout has a different meaning
        // above layers without the directory.
        let is_own = parent.index() >= self.first || self.declared.contains(&parent);
        self.needs_lower |= found.is_linked || (!is_own && parent != NameId::ROOT);
        if name == OPAQUE && parent == NameId::ROOT {
            // umoci empties the root directory, Docker and Podman take the file for a record of
            // Aufs.
            return Err(Fault::OpaqueRoot);
        }
        if name == OPAQUE {
            self.opaque(found)
        } else if name.starts_with(AUFS) {
            Ok(())
        } else {
            self.remove(parent, hidden)
        }
    }

    /// The directory of a whiteout. containerd, Docker and Podman create it if it is missing.
    fn directory_of_whiteout(&mut self, path: &[&[u8]]) -> Result<Option<Existing>, Fault> {
        if let Some(found) = self.existing(path)? {
            return Ok(Some(found));
        }
        // If the path contains a dangling symlink, none of them creates its target.
        if let Err(error) = self.tree.resolve(&path.join(&b'/')) {
            let mut crossed = error.crossed().iter();
            if crossed.any(|&name| !self.tree.is_directory(name)) {
                self.needs_lower = true;
                return Ok(None);
            }
        }
        match self.directory(path) {
            // Podman fails if the path contains a file; umoci ignores the whiteout.
            Err(Fault::ParentNotADirectory(_)) => {
                self.needs_lower = true;
                Ok(None)
            }
            Err(fault) => Err(fault),
            Ok(_) => self.existing(path),
        }
    }

    /// Applies an opaque marker: hides everything in its directory that is of lower layers.
    fn opaque(&mut self, found: Existing) -> Result<(), Fault> {
        // umoci empties the directory that the symlink leads to, Docker and Podman do not follow
        // it.
        if found.is_linked {
            return Err(Fault::OpaqueLinked);
        }
        if self.misplaced.contains(&found.directory) {
            return Err(Fault::OpaqueLate);
        }
        // A second opaque marker hides nothing new; without the check, many of them would make the
        // walk quadratic.
        if self.opaque.insert(found.directory) {
            self.hide(self.tree.children(found.directory).collect());
        }
        Ok(())
    }

    /// Applies a whiteout of one name.
    fn remove(&mut self, parent: NameId, hidden: &[u8]) -> Result<(), Fault> {
        let Some(child) = self.tree.child(parent, hidden) else {
            return Ok(());
        };
        if self.tree.children(child).next().is_some() {
            self.removed.push(Removed {
                parent,
                name: hidden.to_vec(),
                place: self.place,
            });
        }
        self.hide(vec![child]);
        // containerd and Podman remove what its own layer put there before it, umoci does not.
        if self.tree.child(parent, hidden).is_some() {
            return Err(Fault::OwnWhiteout);
        }
        Ok(())
    }

    /// Refuses a directory that the layer creates again after a whiteout of it, unless it is
    /// opaque: on overlayfs, Podman shows its previous entries.
    fn check_recreated(&self) -> Result<(), EntryError> {
        for Removed {
            parent,
            name,
            place,
        } in &self.removed
        {
            let Some(child) = self.tree.child(*parent, name) else {
                continue;
            };
            if self.tree.is_directory(child) && !self.opaque.contains(&child) {
                // The error names the whiteout, because the directory itself is legitimate.
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

    /// Refuses to replace an entry of the same layer: Docker and Podman refuse two entries for one
    /// path, and Python writes through the first one if it is a symlink.
    fn check_lower(&self, known: NameId) -> Result<(), Fault> {
        // A directory of this layer stays one for the rest of the layer, regardless of lower
        // layers: a layer must have the same meaning on top of other layers.
        let is_own = known.index() >= self.first
            || self.declared.contains(&known)
            || self.parents.contains(&known);
        if is_own {
            return Err(Fault::Duplicate);
        }
        Ok(())
    }

    /// Removes the entries of lower layers at and below these names. Entries of this layer and
    /// their parent directories stay. No name is visited twice, no matter how many whiteouts hide
    /// it.
    fn hide(&mut self, mut tops: Vec<NameId>) {
        let mut names = Vec::new();
        while let Some(name) = tops.pop() {
            if self.cleared.insert(name) {
                names.push(name);
                tops.extend(self.tree.children(name));
            }
        }
        // In reverse order, a directory comes after its entries.
        for name in names.into_iter().rev() {
            // A whiteout only hides lower layers: a directory that contains entries of this layer
            // stays.
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

    /// Finds the directory of an entry. Creates it and its parents if they are missing.
    fn directory(&mut self, path: &[&[u8]]) -> Result<NameId, Fault> {
        let key = path.join(&b'/');
        // Archives list thousands of files of one directory in a row, so its path is followed once.
        if let Some(&known) = self.directories.get(&key) {
            return Ok(known);
        }
        let (found, is_linked) = self.follow(path)?;
        self.check_depth(found)?;
        let mut parent = found;
        while parent != NameId::ROOT && self.parents.insert(parent) {
            parent = self.tree.parent(parent);
        }
        self.mark_misplaced(found, is_linked);
        self.directories.insert(key, found);
        Ok(found)
    }

    /// Marks the directories from which Docker and Podman would remove an entry of `directory` if
    /// an opaque marker followed: they go by the paths as they are written.
    fn mark_misplaced(&mut self, directory: NameId, is_linked: bool) {
        let mut is_misplaced = is_linked;
        let mut at = directory;
        while at != NameId::ROOT {
            // Those above a marked directory are marked too.
            if is_misplaced && !self.misplaced.insert(at) {
                return;
            }
            let has_entry = self.declared.contains(&at)
                || (at.index() >= self.first && !self.implied.contains(&at));
            is_misplaced |= !has_entry;
            at = self.tree.parent(at);
        }
    }

    /// Follows the path of an entry and creates missing directories in it. Also returns whether a
    /// symlink is on it.
    fn follow(&mut self, path: &[&[u8]]) -> Result<(NameId, bool), Fault> {
        let mut at = NameId::ROOT;
        let mut followed = Followed::default();
        // The steps still to go, the next one last.
        let steps = path.iter().rev();
        let mut rest: Vec<Step> = steps.map(|step| Step::Component(step.to_vec())).collect();
        while let Some(step) = rest.pop() {
            let component = match step {
                Step::Component(component) => component,
                Step::LinkEnd(link, before) => {
                    self.links.insert(link, (at, followed.after(before)));
                    continue;
                }
            };
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
                Some((link, Kind::Symlink { target })) => {
                    self.needs_lower = true;
                    if let Some(&(directory, known)) = self.links.get(&link) {
                        if !followed.add_known(known) {
                            return Err(Fault::TooManyLinks);
                        }
                        at = directory;
                        continue;
                    }
                    rest.push(Step::LinkEnd(link, followed));
                    // Without the limit a symlink to itself would never end.
                    if !followed.add(self.tree, target) {
                        return Err(Fault::TooManyLinks);
                    }
                    if target.starts_with(b"/") {
                        // Inside the image's root, as a process in a container would see it.
                        at = NameId::ROOT;
                    }
                    let components = components_reversed(target).map(<[u8]>::to_vec);
                    rest.extend(components.map(Step::Component));
                }
                // A parent directory is a file: containerd and Podman refuse the layer, umoci
                // replaces the file.
                Some((known, _)) => {
                    return Err(Fault::ParentNotADirectory(self.tree.path(known)));
                }
                None => at = self.create_directory(at, &component)?,
            }
        }
        Ok((at, followed.any()))
    }

    /// Creates a directory on the way to an entry. Archives need not have entries for them. Engines
    /// create them with these permissions, owned by root.
    fn create_directory(&mut self, parent: NameId, name: &[u8]) -> Result<NameId, Fault> {
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
        let directory = self.tree.insert(parent, name, inode);
        self.implied.insert(directory);
        Ok(directory)
    }

    /// Records that another entry takes this name, and that everything below it is removed.
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

    /// Clears the cached directories if a path may have gone through this name, which must be a
    /// directory or a symlink.
    fn forget_ways_through(&mut self, replaced: NameId) {
        if matches!(
            self.tree.inode(replaced).kind,
            Kind::Directory | Kind::Symlink { .. }
        ) {
            self.directories.clear();
            self.existing.clear();
            self.links.clear();
        }
    }

    /// Refuses a directory that is too deep: through symlinks, paths can become deeper than the
    /// limit on names allows.
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
        // Removed names count too, because they keep their rows and the purpose of the limit is to
        // save memory.
        if self.tree.name_count() > self.limits.entries {
            return Err(Fault::TooManyEntries(self.limits.entries));
        }
        Ok(())
    }
}

/// Refuses a hard link whose header differs from that of its file: containerd, Docker and Podman
/// give the file the owner, the mode and the attributes of the last of its entries, umoci leaves
/// those of the first.
///
/// Writers of layers repeat the header of the file. Some leave out its attributes, which changes
/// nothing, and times do not matter.
fn check_link_header(link: &Header, inode: &Inode) -> Result<(), Fault> {
    let file = &inode.header;
    if (link.uid, link.gid) != (file.uid, file.gid) {
        return Err(Fault::LinkHeader("owner differs"));
    }
    // The mode of a symlink means nothing, and engines do not set it.
    if link.mode != file.mode && !matches!(inode.kind, Kind::Symlink { .. }) {
        return Err(Fault::LinkHeader("mode differs"));
    }
    if link.xattrs().next().is_none() {
        return Ok(());
    }
    let attributes: HashMap<&str, &[u8]> = file.xattrs().collect();
    for (name, value) in link.xattrs() {
        if attributes.get(name) != Some(&value) {
            return Err(Fault::LinkHeader("extended attributes differ"));
        }
    }
    Ok(())
}

/// Refuses entries that overlayfs treats as instructions: on such a file system an engine would
/// show other files than it applied.
fn check_overlay(entry: &Entry) -> Result<(), Fault> {
    const INSTRUCTIONS: [&str; 6] = [
        "opaque",
        "redirect",
        "metacopy",
        "whiteout",
        "whiteouts",
        "xwhiteouts",
    ];
    // Used by root, by users (`userxattr`), and by fuse-overlayfs, which rootless Podman uses.
    const PREFIXES: [&str; 3] = ["trusted.overlay.", "user.overlay.", "user.fuseoverlayfs."];
    // A character device 0:0 in an upper directory is how overlayfs itself stores a whiteout.
    if let Node::Inode(Kind::Character { major: 0, minor: 0 }) = entry.node {
        return Err(Fault::OverlayDevice);
    }
    for (attribute, _) in entry.header.xattrs() {
        for prefix in PREFIXES {
            let instruction = attribute.strip_prefix(prefix);
            if instruction.is_some_and(|name| INSTRUCTIONS.contains(&name)) {
                return Err(Fault::OverlayAttribute(attribute.to_owned()));
            }
        }
    }
    Ok(())
}

/// The components of a name, without empty ones and `.`; `..` removes the previous one. An absolute
/// name starts at the image's root like any other.
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
