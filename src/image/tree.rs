//! The file system of an image: names, inodes, and path resolution.
//!
//! Names and inodes are two tables: a hard link is two names of one inode. A name is bytes. Names
//! are never reused, so a [`NameId`] means the same entry for as long as the tree lives.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// An entry of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(u32);

/// The file that a name refers to; hard links are several names of one inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InodeId(u32);

impl NameId {
    pub const ROOT: Self = Self(0);

    /// The index in a table with one row per name.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl InodeId {
    /// The index in a table with one row per inode.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inode {
    pub kind: Kind,
    pub header: Header,
    /// The layer of the entry, counted from the lowest.
    pub layer: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    File(Content),
    Directory,
    Symlink { target: Vec<u8> },
    Character { major: u32, minor: u32 },
    Block { major: u32, minor: u32 },
    Fifo,
}

/// The location of a regular file's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// `length` bytes at `offset` of the layer's uncompressed archive.
    Archived { offset: u64, length: u64 },
    /// A sparse file of `length` bytes: pieces of (offset in the file, offset in the archive,
    /// length), with zeros between them.
    Sparse {
        pieces: Vec<(u64, u64, u64)>,
        length: u64,
    },
    /// A file of the host, under a `rootfs:` directory.
    Host {
        path: std::path::PathBuf,
        length: u64,
        /// The bytes that it takes on disk, without the holes of a sparse file.
        stored: u64,
    },
    /// Bytes that are not part of any layer.
    Bytes(Vec<u8>),
}

impl Content {
    /// The size of the file in bytes.
    pub fn length(&self) -> u64 {
        match self {
            Self::Archived { length, .. }
            | Self::Sparse { length, .. }
            | Self::Host { length, .. } => *length,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }
}

/// The metadata of an entry other than its name, kind and content. It is written back as read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Permission bits with setuid, setgid and sticky: `0o7777` at most.
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    pub user: Vec<u8>,
    pub group: Vec<u8>,
    /// Whole seconds; a fraction is in `pax`.
    pub mtime: i64,
    /// PAX records in order, except those with the entry's name, link target or size.
    pub pax: Vec<(String, Vec<u8>)>,
}

/// The prefix of PAX records that are extended attributes.
pub(super) const XATTR: &str = "SCHILY.xattr.";

impl Header {
    pub fn xattrs(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.pax
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(XATTR)?, value.as_slice())))
    }

    pub fn xattr(&self, name: &str) -> Option<&[u8]> {
        let (_, value) = self.xattrs().find(|(key, _)| *key == name)?;
        Some(value)
    }

    pub fn set_xattr(&mut self, name: &str, value: Vec<u8>) {
        let key = format!("{XATTR}{name}");
        match self.pax.iter_mut().find(|(known, _)| *known == key) {
            Some(record) => record.1 = value,
            None => self.pax.push((key, value)),
        }
    }
}

#[derive(Clone, Debug)]
struct Name {
    parent: NameId,
    text: Vec<u8>,
    inode: InodeId,
}

/// The merged file system.
#[derive(Clone, Debug)]
pub struct Tree {
    names: Vec<Name>,
    inodes: Vec<Inode>,
    /// The entries of each directory, indexed by the directory's name, which is unique.
    entries: Vec<BTreeMap<Vec<u8>, NameId>>,
    /// Bytes of the targets of all symlinks that were followed.
    followed: Counter,
    /// Components of all paths that were looked up.
    looked_up: Counter,
}

/// Work that was done on a tree. Paths are resolved on several threads, so the counter is atomic.
#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl Counter {
    fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Clone for Counter {
    fn clone(&self) -> Self {
        Self(AtomicU64::new(self.get()))
    }
}

/// The result of following a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    pub name: NameId,
    /// Every directory and symlink on the path, in order, without the root. If the file is kept,
    /// these must be kept too.
    pub crossed: Vec<NameId>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// `crossed` lists the directories and symlinks before the missing component; `missing` is the
    /// path that does not exist.
    #[error("`{}` does not exist", missing.escape_ascii())]
    NotFound {
        missing: Vec<u8>,
        crossed: Vec<NameId>,
    },
    #[error("`{}` is not a directory", path.escape_ascii())]
    NotADirectory { path: Vec<u8>, crossed: Vec<NameId> },
    /// One path, or all of an image together, lead through more than is followed.
    #[error(
        "more than {} symlinks, or symlinks whose targets are too long",
        MAX_LINKS
    )]
    TooManyLinks { crossed: Vec<NameId> },
}

impl ResolveError {
    /// The directories and symlinks that were followed before the error.
    pub fn crossed(&self) -> &[NameId] {
        match self {
            Self::NotFound { crossed, .. }
            | Self::NotADirectory { crossed, .. }
            | Self::TooManyLinks { crossed } => crossed,
        }
    }
}

/// The number of symlinks that are followed, as in Linux.
const MAX_LINKS: usize = 40;
/// Bytes of the targets of all symlinks on one path: two of the longest. Forty targets of 4 KiB
/// would turn a path of a few letters into 80,000 steps.
const MAX_TARGETS: usize = 8 << 10;
/// Bytes of the targets of all symlinks that are followed in a tree, and more for each name:
/// several times as many as the largest images need. An entry of a few bytes, or a line of a
/// package's list, may cost as much as the longest path.
const MAX_FOLLOWED: u64 = 128 << 20;
const FOLLOWED_FOR_NAME: u64 = 1 << 10;
/// Components of all paths that are looked up in a tree, and more for each name. Whatever is
/// looked up for every entry of two lists, such as each package that a source loads in each
/// directory of a search path, ends here: a lookup takes about 50 nanoseconds for a component.
/// The largest images need a tenth.
const MAX_LOOKED_UP: u64 = 16 << 20;
const LOOKED_UP_FOR_NAME: u64 = 128;
/// Bytes of the path in an error that take as long as a lookup, for paths of hundreds of
/// directories.
const PATH_BYTES: usize = 64;

/// The symlinks on one path.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Followed {
    links: usize,
    bytes: usize,
}

impl Followed {
    /// Counts a symlink. Returns false if it must not be followed.
    pub(super) fn add(&mut self, tree: &Tree, target: &[u8]) -> bool {
        self.links += 1;
        self.bytes += target.len();
        // Each use counts, since each is followed anew.
        let bytes = target.len() as u64;
        let is_exhausted = tree.is_exhausted();
        tree.followed.add(bytes);
        !self.is_over() && !is_exhausted
    }

    /// Counts the symlinks of a part of the path that was followed before. Returns false if they
    /// are too many.
    pub(super) fn add_known(&mut self, part: Self) -> bool {
        self.links += part.links;
        self.bytes += part.bytes;
        !self.is_over()
    }

    /// The symlinks of the path without those of its first part.
    pub(super) fn after(self, first: Self) -> Self {
        Self {
            links: self.links - first.links,
            bytes: self.bytes - first.bytes,
        }
    }

    fn is_over(self) -> bool {
        self.links > MAX_LINKS || self.bytes > MAX_TARGETS
    }

    /// Whether the path led through a symlink.
    pub(super) fn any(&self) -> bool {
        self.links > 0
    }
}

/// The components of a path, the last one first. Empty ones and `.` mean nothing before another
/// component. At the end they mean that the path leads to a directory, so that one is kept there.
pub(super) fn components_reversed(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.rsplit(|&byte| byte == b'/')
        .enumerate()
        .filter(|(index, component)| *index == 0 || !matches!(*component, b"" | b"."))
        .map(|(_, component)| component)
}

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

impl Tree {
    /// A tree with one empty root directory, mode `0755`, owned by root.
    pub fn new() -> Self {
        let header = Header {
            mode: 0o755,
            ..Header::default()
        };
        let root = Inode {
            kind: Kind::Directory,
            header,
            layer: 0,
        };
        Self {
            names: vec![Name {
                parent: NameId::ROOT,
                text: Vec::new(),
                inode: InodeId(0),
            }],
            inodes: vec![root],
            entries: vec![BTreeMap::new()],
            followed: Counter::default(),
            looked_up: Counter::default(),
        }
    }

    /// Whether so many paths were looked up, or so many long symlinks followed, that some paths
    /// were not resolved. [`exhaustion`](Self::exhaustion) says which.
    pub fn is_exhausted(&self) -> bool {
        self.has_followed_too_much() || self.has_looked_up_too_much()
    }

    /// The reason why some paths were not resolved, for a report; `None` if all were.
    pub fn exhaustion(&self) -> Option<&'static str> {
        if self.has_followed_too_much() {
            Some("symlink targets are too long: not all paths were followed")
        } else if self.has_looked_up_too_much() {
            Some("too many paths were looked up: not all of them were followed")
        } else {
            None
        }
    }

    fn has_followed_too_much(&self) -> bool {
        self.followed.get() >= MAX_FOLLOWED + FOLLOWED_FOR_NAME * self.names.len() as u64
    }

    fn has_looked_up_too_much(&self) -> bool {
        self.looked_up.get() >= MAX_LOOKED_UP + LOOKED_UP_FOR_NAME * self.names.len() as u64
    }

    /// The inode in one row of the table.
    pub fn inode_at(&self, inode: InodeId) -> &Inode {
        &self.inodes[inode.index()]
    }

    /// The number of rows that a table indexed by [`NameId::index`] needs; removed names count.
    pub fn name_count(&self) -> usize {
        self.names.len()
    }

    /// The names of some rows of the table, removed ones included: their paths are still known.
    pub fn names(&self, rows: std::ops::Range<usize>) -> impl Iterator<Item = NameId> {
        let rows = rows.start..rows.end.min(self.names.len());
        rows.filter_map(|row| u32::try_from(row).ok()).map(NameId)
    }

    /// The number of rows that a table indexed by [`InodeId::index`] needs.
    pub fn inode_count(&self) -> usize {
        self.inodes.len()
    }

    pub fn inode_id(&self, name: NameId) -> InodeId {
        self.names[name.index()].inode
    }

    pub fn inode(&self, name: NameId) -> &Inode {
        &self.inodes[self.inode_id(name).index()]
    }

    pub fn inode_mut(&mut self, name: NameId) -> &mut Inode {
        let inode = self.inode_id(name).index();
        &mut self.inodes[inode]
    }

    pub fn is_directory(&self, name: NameId) -> bool {
        matches!(self.inode(name).kind, Kind::Directory)
    }

    /// The root is its own parent.
    pub fn parent(&self, name: NameId) -> NameId {
        self.names[name.index()].parent
    }

    /// The last component; empty for the root.
    pub fn file_name(&self, name: NameId) -> &[u8] {
        &self.names[name.index()].text
    }

    /// The path of a name in a directory, whether or not it exists.
    fn path_of_child(&self, directory: NameId, name: &[u8]) -> Vec<u8> {
        let mut path = self.path(directory);
        if directory != NameId::ROOT {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        path
    }

    /// The path from the root, with a leading `/`.
    pub fn path(&self, name: NameId) -> Vec<u8> {
        if name == NameId::ROOT {
            return b"/".to_vec();
        }
        // A name only refers to its parent, so the components are collected in reverse order.
        let mut components = Vec::new();
        let mut at = name;
        while at != NameId::ROOT {
            components.push(self.file_name(at));
            at = self.parent(at);
        }
        let mut path = Vec::new();
        for component in components.iter().rev() {
            path.push(b'/');
            path.extend_from_slice(component);
        }
        path
    }

    /// The entries of a directory, by name; empty for other files.
    pub fn children(&self, directory: NameId) -> impl Iterator<Item = NameId> {
        self.entries[directory.index()].values().copied()
    }

    pub fn child(&self, directory: NameId, name: &[u8]) -> Option<NameId> {
        self.entries[directory.index()].get(name).copied()
    }

    /// Every name except the root's; a directory comes before its entries, and siblings are sorted
    /// by name.
    pub fn walk(&self) -> impl Iterator<Item = NameId> {
        self.below(NameId::ROOT)
    }

    /// Whether a name is in a directory or deeper. Following parents costs less than comparing
    /// paths, which would have to be built.
    pub fn is_below(&self, name: NameId, directory: NameId) -> bool {
        let mut at = name;
        while at != NameId::ROOT {
            at = self.parent(at);
            if at == directory {
                return true;
            }
        }
        false
    }

    /// Every name below a directory, in the order of [`walk`](Self::walk).
    pub fn below(&self, directory: NameId) -> impl Iterator<Item = NameId> {
        // The stack has an iterator for each parent directory of the current name. A recursive walk
        // would overflow the call stack on the deep trees that an image may hold.
        let mut open = vec![self.entries[directory.index()].values()];
        std::iter::from_fn(move || {
            loop {
                match open.last_mut()?.next() {
                    Some(&name) => {
                        open.push(self.entries[name.index()].values());
                        return Some(name);
                    }
                    None => drop(open.pop()),
                }
            }
        })
    }

    /// Adds an entry. An existing entry with the same name is removed, with everything below it.
    pub fn insert(&mut self, directory: NameId, name: &[u8], inode: Inode) -> NameId {
        let inode_id =
            InodeId(u32::try_from(self.inodes.len()).expect("readers limit the entries"));
        // An inode that is replaced keeps its row: other names may still refer to it.
        self.inodes.push(inode);
        self.add_name(directory, name, inode_id)
    }

    /// Adds another name for the inode of `target`.
    pub fn link(&mut self, directory: NameId, name: &[u8], target: NameId) -> NameId {
        self.add_name(directory, name, self.inode_id(target))
    }

    /// Removes an entry and everything below it. Other names of its inode are kept.
    pub fn remove(&mut self, directory: NameId, name: &[u8]) -> Option<NameId> {
        // The name is only removed from the directory. Its row stays, because ids are indexes and
        // reports still show the names that a layer removed.
        self.entries[directory.index()].remove(name)
    }

    fn add_name(&mut self, directory: NameId, name: &[u8], inode: InodeId) -> NameId {
        let id = NameId(u32::try_from(self.names.len()).expect("readers limit the entries"));
        self.names.push(Name {
            parent: directory,
            text: name.to_vec(),
            inode,
        });
        // Every name gets a row here, even if it is not a directory, so that one index works for
        // both tables.
        self.entries.push(BTreeMap::new());
        self.entries[directory.index()].insert(name.to_vec(), id);
        id
    }

    /// Resolves a path from the root, like a process with this root directory: symlinks start at
    /// this root or in their directory, and `..` does not leave it.
    pub fn resolve(&self, path: &[u8]) -> Result<Resolved, ResolveError> {
        self.resolve_from(NameId::ROOT, path)
    }

    /// Like [`resolve`](Self::resolve), but a relative path starts at `directory`.
    pub fn resolve_from(&self, directory: NameId, path: &[u8]) -> Result<Resolved, ResolveError> {
        self.follow(directory, path, true)
    }

    /// Like [`resolve`](Self::resolve), but a symlink at the end of the path is not followed.
    pub fn resolve_link(&self, path: &[u8]) -> Result<Resolved, ResolveError> {
        self.follow(NameId::ROOT, path, false)
    }

    fn follow(
        &self,
        directory: NameId,
        path: &[u8],
        follow_last: bool,
    ) -> Result<Resolved, ResolveError> {
        let mut crossed = Vec::new();
        // A caller that tries many paths gets the same answer for the rest, at no cost.
        if self.has_looked_up_too_much() {
            return Err(ResolveError::TooManyLinks { crossed });
        }
        let mut followed = Followed::default();
        // As in `openat`, an absolute path ignores the directory.
        let mut at = if path.starts_with(b"/") {
            NameId::ROOT
        } else {
            directory
        };
        // The components still to go, the next one last.
        let mut rest: Vec<&[u8]> = components_reversed(path).collect();
        self.looked_up.add(rest.len() as u64);
        while let Some(component) = rest.pop() {
            // The kernel checks this before it looks at the component, so even `file/.` and
            // `file/..` fail with `ENOTDIR`.
            if !self.is_directory(at) {
                return Err(ResolveError::NotADirectory {
                    path: self.path(at),
                    crossed,
                });
            }
            match component {
                // Repeated slashes are equivalent to one, and the root is its own parent, so `..`
                // never leads out.
                b"" | b"." => continue,
                b".." => {
                    at = self.parent(at);
                    continue;
                }
                _ => {}
            }
            let Some(name) = self.child(at, component) else {
                let missing = self.path_of_child(at, component);
                self.looked_up.add((missing.len() / PATH_BYTES) as u64);
                return Err(ResolveError::NotFound { missing, crossed });
            };
            // A trailing slash leaves an empty component, and the one before it still counts as the
            // last.
            let last = rest.iter().all(|component| component.is_empty());
            match &self.inode(name).kind {
                // `lstat` of `link` refers to the symlink, `lstat` of `link/` to its target
                // directory: any remaining component, even an empty one, makes the kernel follow
                // it.
                Kind::Symlink { target } if follow_last || !last || !rest.is_empty() => {
                    crossed.push(name);
                    if !followed.add(self, target) {
                        return Err(ResolveError::TooManyLinks { crossed });
                    }
                    // A relative target continues in the directory of the symlink, which is the
                    // current directory.
                    if target.starts_with(b"/") {
                        at = NameId::ROOT;
                    }
                    let before = rest.len();
                    rest.extend(components_reversed(target));
                    self.looked_up.add((rest.len() - before) as u64);
                }
                _ => {
                    // If a file is kept, its parent directories must be kept too, so they are
                    // returned as well.
                    if self.is_directory(name) && !last {
                        crossed.push(name);
                    }
                    at = name;
                }
            }
        }
        Ok(Resolved { name: at, crossed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(tree: &mut Tree, path: &str, kind: Kind) -> NameId {
        let (directory, name) = path.rsplit_once('/').unwrap();
        let directory = tree.resolve(directory.as_bytes()).unwrap().name;
        tree.insert(
            directory,
            name.as_bytes(),
            Inode {
                kind,
                header: Header::default(),
                layer: 0,
            },
        )
    }

    fn file(content: &str) -> Kind {
        Kind::File(Content::Bytes(content.into()))
    }

    fn link(target: &str) -> Kind {
        Kind::Symlink {
            target: target.into(),
        }
    }

    /// `/usr/lib/x`, which is also reachable through relative and absolute symlinks, one of which
    /// has too many `..`.
    fn tree() -> Tree {
        let mut tree = Tree::new();
        for directory in ["/usr", "/usr/lib", "/etc"] {
            add(&mut tree, directory, Kind::Directory);
        }
        add(&mut tree, "/usr/lib/x", file("x"));
        add(&mut tree, "/lib", link("usr/lib"));
        add(&mut tree, "/etc/x", link("/lib/x"));
        add(&mut tree, "/etc/up", link("../../../usr"));
        add(&mut tree, "/etc/dangling", link("nowhere/x"));
        tree
    }

    /// The result of resolving a path and the names that it crosses, or how far it gets.
    fn way(path: &str) -> String {
        let tree = tree();
        let text = |name: &NameId| String::from_utf8(tree.path(*name)).unwrap();
        let list = |names: &[NameId]| names.iter().map(text).collect::<Vec<_>>().join(" ");
        match tree.resolve(path.as_bytes()) {
            Ok(found) => format!("{} | {}", text(&found.name), list(&found.crossed)),
            Err(error) => format!("{error} | {}", list(error.crossed())),
        }
    }

    #[test]
    fn resolving_a_path_returns_the_directories_it_crossed() {
        assert_eq!(way("/usr/lib/x"), "/usr/lib/x | /usr /usr/lib");
        assert_eq!(way("usr//./lib/x"), "/usr/lib/x | /usr /usr/lib");
        assert_eq!(way("/usr/lib"), "/usr/lib | /usr");
        assert_eq!(way("/"), "/ | ");
    }

    #[test]
    fn a_relative_symlink_is_resolved_from_its_own_directory() {
        assert_eq!(way("/lib/x"), "/usr/lib/x | /lib /usr /usr/lib");
    }

    #[test]
    fn an_absolute_symlink_is_resolved_from_the_root_of_the_tree() {
        assert_eq!(way("/etc/x"), "/usr/lib/x | /etc /etc/x /lib /usr /usr/lib");
    }

    #[test]
    fn dot_dot_cannot_leave_the_root() {
        assert_eq!(way("/../../usr"), "/usr | ");
        assert_eq!(
            way("/etc/up/lib/x"),
            "/usr/lib/x | /etc /etc/up /usr /usr/lib"
        );
        assert_eq!(
            way("/usr/lib/../lib/x"),
            "/usr/lib/x | /usr /usr/lib /usr/lib"
        );
    }

    #[test]
    fn the_error_of_a_broken_path_names_the_missing_part_and_what_it_crossed() {
        assert_eq!(
            way("/etc/dangling"),
            "`/etc/nowhere` does not exist | /etc /etc/dangling"
        );
        assert_eq!(
            way("/usr/lib/x/y"),
            "`/usr/lib/x` is not a directory | /usr /usr/lib"
        );
        assert_eq!(
            way("/usr/lib/x/"),
            "`/usr/lib/x` is not a directory | /usr /usr/lib"
        );
        assert_eq!(
            way("/usr/lib/x/.."),
            "`/usr/lib/x` is not a directory | /usr /usr/lib"
        );
    }

    #[test]
    fn at_most_40_symlinks_are_followed() {
        let mut tree = Tree::new();
        add(&mut tree, "/0", file(""));
        for index in 1..=41 {
            add(
                &mut tree,
                &format!("/{index}"),
                link(&format!("{}", index - 1)),
            );
        }
        assert_eq!(tree.resolve(b"/40").unwrap().crossed.len(), 40);
        let Err(ResolveError::TooManyLinks { crossed }) = tree.resolve(b"/41") else {
            panic!("the path has 41 links");
        };
        assert_eq!(crossed.len(), 41);
        add(&mut tree, "/a", link("b"));
        add(&mut tree, "/b", link("/a"));
        assert!(matches!(
            tree.resolve(b"/a/x"),
            Err(ResolveError::TooManyLinks { .. })
        ));
    }

    #[test]
    fn redundant_dots_and_slashes_are_dropped_but_a_trailing_one_demands_a_directory() {
        let components = |path: &str| {
            components_reversed(path.as_bytes())
                .map(|component| String::from_utf8_lossy(component).into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(components("/a//./b"), ["b", "a"]);
        assert_eq!(components("./././a/./"), ["", "a"]);
        assert_eq!(components("a/."), [".", "a"]);
        assert_eq!(components("/"), [""]);
        let mut tree = tree();
        add(&mut tree, "/slash", link("usr/lib/x/./"));
        add(&mut tree, "/dot", link("usr/lib/x/."));
        for path in ["/slash", "/dot"] {
            let error = tree.resolve(path.as_bytes()).unwrap_err();
            assert!(
                matches!(error, ResolveError::NotADirectory { .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn the_targets_of_the_symlinks_on_a_path_are_limited_together() {
        let mut tree = Tree::new();
        add(&mut tree, "/a", Kind::Directory);
        for index in 0..5 {
            let end = if index == 0 {
                "a".to_owned()
            } else {
                format!("l{}", index - 1)
            };
            let target = "a/../".repeat(400) + &end;
            add(&mut tree, &format!("/l{index}"), link(&target));
        }
        assert!(tree.resolve(b"/l3").is_ok());
        assert!(matches!(
            tree.resolve(b"/l4"),
            Err(ResolveError::TooManyLinks { .. })
        ));
    }

    #[test]
    fn the_symlinks_that_are_followed_in_a_tree_are_limited_together() {
        let tree = tree();
        let most = MAX_FOLLOWED + FOLLOWED_FOR_NAME * tree.name_count() as u64;
        tree.followed.add(most - 8);
        assert!(tree.resolve(b"/lib").is_ok() && !tree.is_exhausted());
        assert!(tree.resolve(b"/lib").is_ok() && tree.is_exhausted());
        assert!(matches!(
            tree.resolve(b"/lib"),
            Err(ResolveError::TooManyLinks { .. })
        ));
        assert!(tree.resolve(b"/usr/lib").is_ok());
    }

    #[test]
    fn the_paths_that_are_looked_up_in_a_tree_are_limited_together() {
        let tree = tree();
        let most = MAX_LOOKED_UP + LOOKED_UP_FOR_NAME * tree.name_count() as u64;
        let before = tree.looked_up.get();
        // Each component counts: the empty one before the first slash does not, those of a target
        // do.
        assert!(tree.resolve(b"/usr/lib/none").is_err());
        assert!(tree.resolve(b"/lib/x").is_ok());
        assert_eq!(tree.looked_up.get() - before, 3 + 2 + 2);
        tree.looked_up.add(most - tree.looked_up.get() - 1);
        assert_eq!(tree.exhaustion(), None);
        assert!(tree.resolve(b"/usr").is_ok());
        assert!(tree.is_exhausted() && tree.exhaustion().unwrap().contains("looked up"));
        assert!(matches!(
            tree.resolve(b"/usr"),
            Err(ResolveError::TooManyLinks { .. })
        ));
    }

    #[test]
    fn a_final_symlink_is_followed_only_on_request() {
        let tree = tree();
        let end = |path: &str| tree.path(tree.resolve_link(path.as_bytes()).unwrap().name);
        assert_eq!(end("/etc/x"), b"/etc/x");
        assert_eq!(end("/lib"), b"/lib");
        assert_eq!(end("/lib/"), b"/usr/lib");
        assert_eq!(end("/lib/x"), b"/usr/lib/x");
    }

    #[test]
    fn a_relative_path_starts_at_the_given_directory() {
        let tree = tree();
        let etc = tree.resolve(b"/etc").unwrap().name;
        assert_eq!(
            tree.path(tree.resolve_from(etc, b"../usr").unwrap().name),
            b"/usr"
        );
        assert_eq!(
            tree.path(tree.resolve_from(etc, b"/usr").unwrap().name),
            b"/usr"
        );
    }

    #[test]
    fn setting_an_extended_attribute_again_replaces_its_value() {
        let mut header = Header::default();
        header.set_xattr("user.a", b"1".to_vec());
        header.set_xattr("user.b", b"2".to_vec());
        header.set_xattr("user.a", b"3".to_vec());
        assert_eq!(
            header.xattrs().collect::<Vec<_>>(),
            [("user.a", &b"3"[..]), ("user.b", &b"2"[..])]
        );
    }

    #[test]
    fn an_inode_exists_until_its_last_hard_link_is_removed() {
        let mut tree = tree();
        let first = tree.resolve(b"/usr/lib/x").unwrap().name;
        let second = tree.link(NameId::ROOT, b"y", first);
        tree.inode_mut(second).header.mode = 0o600;
        assert_eq!(tree.inode(first).header.mode, 0o600);
        let directory = tree.parent(first);
        assert_eq!(tree.remove(directory, b"x"), Some(first));
        assert_eq!(tree.child(directory, b"x"), None);
        assert_eq!(tree.inode(second).kind, file("x"));
    }

    #[test]
    fn replacing_or_removing_a_directory_removes_everything_below_it() {
        let mut tree = tree();
        add(&mut tree, "/usr", file(""));
        assert!(tree.resolve(b"/usr/lib").is_err());
        assert_eq!(tree.remove(NameId::ROOT, b"never-there"), None);
        let walk: Vec<_> = tree
            .walk()
            .map(|name| String::from_utf8(tree.path(name)).unwrap())
            .collect();
        assert_eq!(
            walk,
            ["/etc", "/etc/dangling", "/etc/up", "/etc/x", "/lib", "/usr"]
        );
    }

    #[test]
    fn a_walk_visits_a_directory_before_its_contents() {
        let mut tree = Tree::new();
        for path in ["/a", "/a.b", "/a/c"] {
            add(&mut tree, path, Kind::Directory);
        }
        let walk: Vec<_> = tree
            .walk()
            .map(|name| String::from_utf8(tree.path(name)).unwrap())
            .collect();
        assert_eq!(walk, ["/a", "/a/c", "/a.b"]);
        let below = tree.below(tree.resolve(b"/a").unwrap().name);
        assert_eq!(
            below
                .map(|name| tree.file_name(name).to_vec())
                .collect::<Vec<_>>(),
            [b"c"]
        );
    }
}
