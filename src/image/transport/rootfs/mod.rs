//! `rootfs:`, a directory of the host as the file system of an image.
//!
//! No symlink is followed. Mounts below the directory are not part of it: a mounted directory
//! becomes an empty one; a mounted file, such as a container's `/etc/resolv.conf`, is skipped.
//! (Device numbers alone do not identify mounts: on an overlay, a file has a different device
//! number than its directory, and a bind mount may have the same.) Sockets are skipped too, because
//! archives cannot contain them. Names of owners belong to the host and stay empty; so do `SELinux`
//! labels and the attributes that an overlay stores for itself.

mod walk;
mod write;

use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use self::walk::{Found, Identity, Walk};
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
    let mut walk = Walk::new(root, left_out, limits.entries)?;
    while let Some(found) = walk.next()? {
        for entry in found {
            builder.add(entry)?;
        }
    }
    Ok(builder.tree)
}

/// A tree that grows while a directory is walked.
struct TreeBuilder<'a> {
    root: &'a Path,
    limits: &'a Limits,
    tree: Tree,
    /// The parent directories of the current entry; the root is at depth 0.
    way: Vec<NameId>,
    /// The first name of each file with several names, by device and inode.
    hard_links: HashMap<Identity, NameId>,
}

impl TreeBuilder<'_> {
    /// Adds an entry. Its directory was added before.
    fn add(&mut self, found: Found) -> Result<(), ReadError> {
        // The directory may be as large as the host's disk.
        if self.tree.name_count() > self.limits.entries {
            return Err(self.too_many(&found.path));
        }
        let header = header(&found);
        if found.depth == 0 {
            self.tree.inode_mut(NameId::ROOT).header = header;
            return Ok(());
        }
        self.way.truncate(found.depth);
        // The walk visits a directory before its entries, so each level already has its row.
        let directory = self.way.last().copied().unwrap_or(NameId::ROOT);
        let name = found.path.file_name().unwrap_or_default().to_owned();
        let status = found.status;
        let is_directory = status.kind == FileType::Directory;
        let is_linked = status.links > 1 && !is_directory;
        if is_linked && let Some(&first) = self.hard_links.get(&status.identity) {
            self.tree.link(directory, name.as_bytes(), first);
            return Ok(());
        }
        let inode = Inode {
            kind: kind(found),
            header,
            layer: 0,
        };
        let added = self.tree.insert(directory, name.as_bytes(), inode);
        // Other names of the file may be outside of the directory, in which case this one stays the
        // only name.
        if is_linked {
            self.hard_links.insert(status.identity, added);
        }
        if is_directory {
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

fn kind(found: Found) -> Kind {
    let (major, minor) = found.status.device;
    match found.status.kind {
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink {
            target: found.target,
        },
        FileType::CharacterDevice => Kind::Character { major, minor },
        FileType::BlockDevice => Kind::Block { major, minor },
        FileType::Fifo => Kind::Fifo,
        _ => Kind::File(Content::Host {
            length: found.status.length,
            path: found.path,
        }),
    }
}

fn header(found: &Found) -> Header {
    let status = &found.status;
    let (seconds, nanoseconds) = status.mtime;
    let mut header = Header {
        mode: status.mode,
        uid: status.uid.into(),
        gid: status.gid.into(),
        mtime: seconds,
        ..Header::default()
    };
    // The header only has whole seconds.
    if nanoseconds != 0 {
        let time = fraction(seconds, nanoseconds);
        header.pax.push(("mtime".into(), time.into_bytes()));
    }
    for (name, value) in &found.xattrs {
        header.set_xattr(name, value.clone());
    }
    header
}

/// Seconds since the epoch as PAX writes them. Nanoseconds count forward even before the epoch.
fn fraction(seconds: i64, nanoseconds: u32) -> String {
    let all = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    let (sign, all) = (if all < 0 { "-" } else { "" }, all.unsigned_abs());
    let text = format!("{sign}{}.{:09}", all / 1_000_000_000, all % 1_000_000_000);
    text.trim_end_matches('0').to_owned()
}
