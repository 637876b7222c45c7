//! `rootfs:`, a directory of the host as the file system of an image.
//!
//! No symlink is followed. Mounts below the directory are not part of it: a mounted directory
//! becomes an empty one; a mounted file, such as a container's `/etc/resolv.conf`, is skipped.
//! (Device numbers alone do not identify mounts: on an overlay, a file has a different device
//! number than its directory, and a bind mount may have the same.) Sockets are skipped too, because
//! archives cannot contain them. Names of owners belong to the host and stay empty; so do `SELinux`
//! labels and the attributes that an overlay stores for itself.

mod write;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::{DirEntry, WalkDir};

use crate::image::error::{EntryError, Fault, ReadError};
use crate::image::limits::Limits;
use crate::image::tree::{Content, Header, Inode, Kind, NameId, Tree};

pub(in crate::image) use write::write;

/// Reads the headers of everything below a directory, except excluded paths: the output may be
/// inside the input.
#[expect(
    clippy::disallowed_methods,
    reason = "it is a path of the host, not one of an image"
)]
pub(in crate::image) fn open(
    root: &Path,
    left_out: &[PathBuf],
    limits: &Limits,
) -> Result<Tree, ReadError> {
    // Files are opened later with symlinks forbidden, so the path itself must not have any.
    let root = &std::fs::canonicalize(root).map_err(ReadError::io(root))?;
    let mut builder = TreeBuilder {
        root,
        limits,
        tree: Tree::new(),
        way: vec![NameId::ROOT],
        hard_links: HashMap::new(),
    };
    let device = std::fs::metadata(root).map_err(ReadError::io(root))?.dev();
    let mut walk = Walk {
        root,
        device,
        left_out: left_out.iter().filter_map(|path| identity(path)).collect(),
        entries: WalkDir::new(root).sort_by_file_name().into_iter(),
    };
    loop {
        let entries = walk.next_entries()?;
        if entries.is_empty() {
            return Ok(builder.tree);
        }
        // An entry takes three system calls or more, and they take most of the time.
        let found: Vec<_> = entries
            .into_par_iter()
            .map(|entry| walk.read(entry))
            .collect();
        for found in found {
            if let Some(found) = found? {
                builder.add(found)?;
            }
        }
    }
}

/// Entries whose headers are read together, in parallel.
const AT_ONCE: usize = 2048;

/// A walk through a directory that stays out of mounts and excluded directories.
struct Walk<'a> {
    root: &'a Path,
    device: u64,
    /// The excluded files and directories, by device and inode.
    left_out: Vec<(u64, u64)>,
    entries: walkdir::IntoIter,
}

/// An entry, its header and what it is.
struct Found {
    entry: DirEntry,
    metadata: Metadata,
    header: Header,
    kind: Kind,
}

impl Walk<'_> {
    /// The next entries, each directory before what is in it. None at the end.
    fn next_entries(&mut self) -> Result<Vec<DirEntry>, ReadError> {
        let mut entries = Vec::new();
        while entries.len() < AT_ONCE
            && let Some(entry) = self.entries.next()
        {
            let entry = entry.map_err(|error| walk_error(self.root, error))?;
            // Only a directory decides what is visited next, so other entries can wait.
            if entry.file_type().is_dir() && entry.depth() > 0 {
                let metadata = self.metadata(&entry)?;
                let is_left_out = self.left_out.contains(&identity_of(&metadata));
                // A mount is on another device or, for a bind mount, has the mount attribute.
                if is_left_out || metadata.dev() != self.device || is_mounted(entry.path()) {
                    self.entries.skip_current_dir();
                }
                // A mounted directory is kept as an empty one: it is the mount point in the image.
                if is_left_out {
                    continue;
                }
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Reads an entry. `None` if it does not belong to the image.
    fn read(&self, entry: DirEntry) -> Result<Option<Found>, ReadError> {
        let metadata = self.metadata(&entry)?;
        if metadata.file_type().is_socket() {
            return Ok(None);
        }
        if entry.depth() > 0 && !metadata.is_dir() {
            let is_left_out = self.left_out.contains(&identity_of(&metadata));
            if is_left_out || is_mounted(entry.path()) {
                return Ok(None);
            }
        }
        Ok(Some(Found {
            header: header(entry.path(), &metadata)?,
            kind: kind(&entry, &metadata)?,
            entry,
            metadata,
        }))
    }

    fn metadata(&self, entry: &DirEntry) -> Result<Metadata, ReadError> {
        entry
            .metadata()
            .map_err(|error| walk_error(self.root, error))
    }
}

/// A tree that grows while a directory is walked.
struct TreeBuilder<'a> {
    root: &'a Path,
    limits: &'a Limits,
    tree: Tree,
    /// The parent directories of the current entry; the root is at depth 0.
    way: Vec<NameId>,
    /// The first name of each file with several names, by device and inode.
    hard_links: HashMap<(u64, u64), NameId>,
}

impl TreeBuilder<'_> {
    /// Adds an entry. Its directory was added before.
    fn add(&mut self, found: Found) -> Result<(), ReadError> {
        let Found {
            entry,
            metadata,
            header,
            kind,
        } = found;
        // The directory may be as large as the host's disk.
        if self.tree.name_count() > self.limits.entries {
            return Err(self.too_many(entry.path()));
        }
        if entry.depth() == 0 {
            self.tree.inode_mut(NameId::ROOT).header = header;
            return Ok(());
        }
        self.way.truncate(entry.depth());
        // The walk visits a directory before its entries, so each level already has its row.
        let directory = self.way.last().copied().unwrap_or(NameId::ROOT);
        let name = entry.file_name().as_bytes();
        let identity = identity_of(&metadata);
        let is_linked = metadata.nlink() > 1 && !metadata.is_dir();
        if is_linked && let Some(&first) = self.hard_links.get(&identity) {
            self.tree.link(directory, name, first);
            return Ok(());
        }
        let inode = Inode {
            kind,
            header,
            layer: 0,
        };
        let added = self.tree.insert(directory, name, inode);
        // Other names of the file may be outside of the directory, in which case this one stays the
        // only name.
        if is_linked {
            self.hard_links.insert(identity, added);
        }
        if metadata.is_dir() {
            self.way.push(added);
        }
        Ok(())
    }

    fn too_many(&self, path: &Path) -> ReadError {
        ReadError::Entry {
            blob: self.root.display().to_string(),
            problem: EntryError {
                name: Some(path.as_os_str().as_bytes().to_vec()),
                place: 0,
                fault: Fault::TooManyEntries(self.limits.entries),
            },
        }
    }
}

/// The device and inode of a path, which identify a file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    Some(identity_of(&metadata))
}

fn identity_of(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Whether a file system, or a part of one, is mounted here. Linux reports it since 5.8.
fn is_mounted(path: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags};

    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    let found = rustix::fs::statx(CWD, path, flags, StatxFlags::empty());
    found.is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

fn walk_error(root: &Path, error: walkdir::Error) -> ReadError {
    let path = error.path().unwrap_or(root).to_owned();
    ReadError::Io {
        path,
        source: error.into(),
    }
}

fn kind(entry: &DirEntry, metadata: &Metadata) -> Result<Kind, ReadError> {
    let kind = metadata.file_type();
    let (major, minor) = (
        rustix::fs::major(metadata.rdev()),
        rustix::fs::minor(metadata.rdev()),
    );
    Ok(if kind.is_dir() {
        Kind::Directory
    } else if kind.is_symlink() {
        let target = std::fs::read_link(entry.path()).map_err(ReadError::io(entry.path()))?;
        Kind::Symlink {
            target: target.into_os_string().into_vec(),
        }
    } else if kind.is_char_device() {
        Kind::Character { major, minor }
    } else if kind.is_block_device() {
        Kind::Block { major, minor }
    } else if kind.is_fifo() {
        Kind::Fifo
    } else {
        Kind::File(Content::Host {
            path: entry.path().to_owned(),
            length: metadata.len(),
        })
    })
}

fn header(path: &Path, metadata: &Metadata) -> Result<Header, ReadError> {
    let mut header = Header {
        mode: metadata.mode() & 0o7777,
        uid: metadata.uid().into(),
        gid: metadata.gid().into(),
        mtime: metadata.mtime(),
        ..Header::default()
    };
    // The header only has whole seconds.
    if metadata.mtime_nsec() != 0 {
        header.pax.push((
            "mtime".into(),
            fraction(metadata.mtime(), metadata.mtime_nsec()).into_bytes(),
        ));
    }
    for (name, value) in xattrs(path).map_err(|error| ReadError::io(path)(error.into()))? {
        header.set_xattr(&name, value);
    }
    Ok(header)
}

/// Seconds since the epoch as PAX writes them. Nanoseconds count forward even before the epoch.
fn fraction(seconds: i64, nanoseconds: i64) -> String {
    let all = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    let (sign, all) = (if all < 0 { "-" } else { "" }, all.unsigned_abs());
    let text = format!("{sign}{}.{:09}", all / 1_000_000_000, all % 1_000_000_000);
    text.trim_end_matches('0').to_owned()
}

fn xattrs(path: &Path) -> rustix::io::Result<Vec<(String, Vec<u8>)>> {
    use rustix::io::Errno;

    // The kernel limits a list and a value to this size (`XATTR_LIST_MAX`, `XATTR_SIZE_MAX`).
    let mut buffer = vec![0; 64 << 10];
    let listed = match rustix::fs::llistxattr(path, &mut buffer[..]) {
        Ok(listed) => buffer[..listed].to_vec(),
        // The file system does not support attributes, or a sandbox does not support the call.
        Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for name in listed
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty())
    {
        // PAX keys are UTF-8, so an attribute with another name could not be written.
        let Ok(text) = str::from_utf8(name) else {
            continue;
        };
        if text == "security.selinux"
            || text.starts_with("trusted.overlay.")
            || text.starts_with("user.overlay.")
        {
            continue;
        }
        match rustix::fs::lgetxattr(path, OsStr::from_bytes(name), &mut buffer[..]) {
            Ok(size) => found.push((text.to_owned(), buffer[..size].to_vec())),
            // It has been removed since it was listed.
            Err(Errno::NODATA) => {}
            Err(error) => return Err(error),
        }
    }
    // The kernel lists them in no particular order, and the output must not depend on it.
    found.sort();
    Ok(found)
}
