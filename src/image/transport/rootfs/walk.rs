//! A walk through a directory of the host that nobody can lead out of it.
//!
//! A root directory may belong to a container that is running, and its processes may exchange a
//! directory and a symlink at any moment. Every directory is therefore opened from the open
//! directory that it was listed in, without following a symlink, and everything about an entry is
//! asked of that directory too, never of a path.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use rustix::fs::{AtFlags, CWD, Dir, FileType, StatxAttributes, StatxFlags, readlinkat, statx};
use rustix::io::Errno;

use crate::image::directory::Directory;
use crate::image::error::ReadError;

/// Entries that are read together, in parallel.
const AT_ONCE: usize = 2048;

/// Directories of one path that stay open. The usual limit is 1,024 descriptors.
const OPEN: usize = 256;

/// The unit in which stat(2) counts what a file takes on disk, whatever the file system's own is.
const BLOCK: u64 = 512;

/// A walk that stays out of mounts and excluded directories.
pub(super) struct Walk {
    root: Arc<Directory>,
    path: PathBuf,
    /// The device of the root; entries on another one are mounts.
    device: (u32, u32),
    /// The excluded files and directories.
    left_out: Vec<Identity>,
    /// The directories from the root to the current one.
    levels: Vec<Level>,
    /// The most entries that one directory may have.
    most: usize,
    is_started: bool,
}

/// A directory that is being visited.
struct Level {
    /// `None` if it was closed, because too many were open.
    directory: Option<Arc<Directory>>,
    /// Its path from the root.
    path: PathBuf,
    /// The names to visit, each with a hint about its type.
    names: std::vec::IntoIter<(OsString, FileType)>,
}

/// An entry before it is read.
struct Listed {
    directory: Arc<Directory>,
    name: OsString,
    path: PathBuf,
    depth: usize,
    /// The status of a directory, so that one that was entered stays one.
    status: Option<Status>,
}

/// An entry of the directory.
#[derive(Debug)]
pub(super) struct Found {
    /// Its path on the host.
    pub(super) path: PathBuf,
    /// Zero for the root itself.
    pub(super) depth: usize,
    pub(super) status: Status,
    /// Extended attributes, sorted.
    pub(super) xattrs: Vec<(String, Vec<u8>)>,
    /// The target of a symlink, empty for anything else.
    pub(super) target: Vec<u8>,
}

/// The device and inode, which identify a file.
pub(super) type Identity = (u32, u32, u64);

/// The status of an entry in its file system.
#[derive(Clone, Copy, Debug)]
pub(super) struct Status {
    pub(super) kind: FileType,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) length: u64,
    /// The bytes that it takes on disk. Holes of a sparse file take none.
    pub(super) stored: u64,
    /// Seconds and nanoseconds since the epoch.
    pub(super) mtime: (i64, u32),
    pub(super) identity: Identity,
    pub(super) links: u32,
    /// The numbers of a device.
    pub(super) device: (u32, u32),
    /// Whether a file system, or a part of one, is mounted here. Linux reports it since 5.8.
    is_mount_point: bool,
}

impl Walk {
    /// Starts at a directory whose path has no symlinks. No directory may have more than `most`
    /// entries.
    pub(super) fn new(path: &Path, left_out: &[PathBuf], most: usize) -> Result<Self, ReadError> {
        let root = Directory::open(path).map_err(ReadError::io(path))?;
        let status = Status::read(root.as_fd(), OsStr::new("")).map_err(io(path))?;
        let mut excluded = Vec::new();
        for path in left_out {
            // A destination that does not exist yet cannot be in the way.
            if let Ok(status) = Status::read(CWD, path.as_os_str()) {
                excluded.push(status.identity);
            }
        }
        Ok(Self {
            root: Arc::new(root),
            path: path.to_owned(),
            device: device_of(status.identity),
            left_out: excluded,
            levels: Vec::new(),
            most,
            is_started: false,
        })
    }

    /// Reads the next entries, each directory before what is in it. Returns none at the end.
    ///
    /// Entries that do not belong to the image are skipped, so that `None` is the end, and an empty
    /// list is not.
    pub(super) fn next(&mut self) -> Result<Option<Vec<Found>>, ReadError> {
        let mut found = Vec::new();
        if !self.is_started {
            self.is_started = true;
            found.push(self.start()?);
        }
        let listed = self.next_listed()?;
        if listed.is_empty() && found.is_empty() {
            return Ok(None);
        }
        // An entry takes two system calls or more, and they take most of the time of a walk.
        let read: Vec<_> = listed
            .into_par_iter()
            .map(|listed| self.read(listed))
            .collect();
        for entry in read {
            found.extend(entry?);
        }
        Ok(Some(found))
    }

    fn start(&mut self) -> Result<Found, ReadError> {
        let root = Arc::clone(&self.root);
        self.descend(root, PathBuf::new())?;
        Ok(Found {
            path: self.path.clone(),
            depth: 0,
            status: Status::read(self.root.as_fd(), OsStr::new("")).map_err(io(&self.path))?,
            xattrs: xattrs(&self.root.path()).map_err(io(&self.path))?,
            target: Vec::new(),
        })
    }

    fn next_listed(&mut self) -> Result<Vec<Listed>, ReadError> {
        let mut listed = Vec::new();
        // The directories of entries are open until the entries have been read.
        let mut opened = 0;
        while listed.len() < AT_ONCE && opened < OPEN {
            let depth = self.levels.len();
            let Some(level) = self.levels.last_mut() else {
                break;
            };
            let Some((name, hint)) = level.names.next() else {
                self.levels.pop();
                continue;
            };
            let mut entry = Listed {
                directory: self.current()?,
                path: self.path_of(&name),
                name,
                depth,
                status: None,
            };
            // Only a directory decides what is visited next, so other entries can wait.
            if matches!(hint, FileType::Directory | FileType::Unknown) {
                let status = entry.read_status()?;
                entry.status = Some(status);
                if self.is_entered(&status) {
                    opened += 1;
                    self.enter(&entry)?;
                }
            }
            listed.push(entry);
        }
        Ok(listed)
    }

    /// Whether an entry is a directory whose entries belong to the image.
    fn is_entered(&self, status: &Status) -> bool {
        // A mount is on another device or, for a bind mount, has the mount attribute.
        let is_mount = status.is_mount_point || device_of(status.identity) != self.device;
        status.kind == FileType::Directory && !is_mount && !self.left_out.contains(&status.identity)
    }

    fn enter(&mut self, entry: &Listed) -> Result<(), ReadError> {
        let directory = entry.directory.below(&entry.name);
        let directory = directory.map_err(ReadError::io(&entry.path))?;
        let mut path = PathBuf::new();
        if let Some(level) = self.levels.last() {
            path.push(&level.path);
        }
        path.push(&entry.name);
        self.descend(Arc::new(directory), path)
    }

    /// The directory that is being visited, opened again if it was closed.
    fn current(&mut self) -> Result<Arc<Directory>, ReadError> {
        let root = Arc::clone(&self.root);
        let Some(level) = self.levels.last_mut() else {
            return Ok(root);
        };
        if let Some(directory) = &level.directory {
            return Ok(Arc::clone(directory));
        }
        let mut directory = root;
        for name in &level.path {
            let below = directory.below(name);
            directory = Arc::new(below.map_err(ReadError::io(&self.path.join(&level.path)))?);
        }
        level.directory = Some(Arc::clone(&directory));
        Ok(directory)
    }

    fn path_of(&self, name: &OsStr) -> PathBuf {
        match self.levels.last() {
            Some(level) => self.path.join(&level.path).join(name),
            None => self.path.join(name),
        }
    }

    /// Lists a directory, whose entries come next.
    fn descend(&mut self, directory: Arc<Directory>, path: PathBuf) -> Result<(), ReadError> {
        let names = names(&directory, self.most).map_err(io(&self.path.join(&path)))?;
        if self.levels.len() >= OPEN {
            let closed = self.levels.len() - OPEN;
            self.levels[closed].directory = None;
        }
        self.levels.push(Level {
            directory: Some(directory),
            path,
            names: names.into_iter(),
        });
        Ok(())
    }

    /// Reads an entry. `None` if it does not belong to the image.
    fn read(&self, listed: Listed) -> Result<Option<Found>, ReadError> {
        let status = listed.read_status()?;
        let Listed {
            directory,
            name,
            path,
            depth,
            ..
        } = listed;
        // Archives cannot contain sockets. A mounted directory is the mount point in the image; a
        // mounted file is the host's.
        let is_mounted_file = status.kind != FileType::Directory && status.is_mount_point;
        if status.kind == FileType::Socket
            || is_mounted_file
            || self.left_out.contains(&status.identity)
        {
            return Ok(None);
        }
        let target = if status.kind == FileType::Symlink {
            let target = readlinkat(directory.as_fd(), &name, Vec::new()).map_err(io(&path))?;
            target.into_bytes()
        } else {
            Vec::new()
        };
        Ok(Some(Found {
            xattrs: xattrs(&directory.path().join(&name)).map_err(io(&path))?,
            path,
            depth,
            status,
            target,
        }))
    }
}

impl Listed {
    fn read_status(&self) -> Result<Status, ReadError> {
        match self.status {
            Some(status) => Ok(status),
            None => Status::read(self.directory.as_fd(), &self.name).map_err(io(&self.path)),
        }
    }
}

impl Status {
    /// The status of a name in a directory; an empty name means the directory.
    fn read(directory: BorrowedFd<'_>, name: &OsStr) -> rustix::io::Result<Self> {
        let mut flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        if name.is_empty() {
            flags |= AtFlags::EMPTY_PATH;
        }
        match statx(directory, name, flags, StatxFlags::BASIC_STATS) {
            Ok(status) => Ok(Self::from_statx(&status)),
            // Linux before 4.11, or a sandbox that does not support the call.
            Err(Errno::NOSYS | Errno::PERM) => {
                let status = rustix::fs::statat(directory, name, flags)?;
                Ok(Self::from_stat(&status))
            }
            Err(error) => Err(error),
        }
    }

    fn from_statx(status: &rustix::fs::Statx) -> Self {
        Self {
            kind: FileType::from_raw_mode(status.stx_mode.into()),
            mode: u32::from(status.stx_mode) & 0o7777,
            uid: status.stx_uid,
            gid: status.stx_gid,
            length: status.stx_size,
            stored: status.stx_blocks.saturating_mul(BLOCK),
            mtime: (status.stx_mtime.tv_sec, status.stx_mtime.tv_nsec),
            identity: (status.stx_dev_major, status.stx_dev_minor, status.stx_ino),
            links: status.stx_nlink,
            device: (status.stx_rdev_major, status.stx_rdev_minor),
            is_mount_point: status.stx_attributes.contains(StatxAttributes::MOUNT_ROOT),
        }
    }

    #[expect(
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        clippy::allow_attributes,
        reason = "sizes and nanoseconds are not negative, and 32 bits hold any number of links"
    )]
    #[allow(
        clippy::useless_conversion,
        clippy::unnecessary_cast,
        reason = "the types differ from one architecture to another"
    )]
    fn from_stat(status: &rustix::fs::Stat) -> Self {
        let (dev, rdev) = (status.st_dev, status.st_rdev);
        Self {
            kind: FileType::from_raw_mode(status.st_mode),
            mode: status.st_mode & 0o7777,
            uid: status.st_uid,
            gid: status.st_gid,
            length: status.st_size as u64,
            stored: (status.st_blocks as u64).saturating_mul(BLOCK),
            mtime: (status.st_mtime as i64, status.st_mtime_nsec as u32),
            identity: (
                rustix::fs::major(dev),
                rustix::fs::minor(dev),
                status.st_ino as u64,
            ),
            links: status.st_nlink as u32,
            device: (rustix::fs::major(rdev), rustix::fs::minor(rdev)),
            is_mount_point: false,
        }
    }
}

fn device_of((major, minor, _): Identity) -> (u32, u32) {
    (major, minor)
}

/// The names in a directory in the order of their bytes, each with its type if the file system
/// records it there.
fn names(directory: &Directory, most: usize) -> rustix::io::Result<Vec<(OsString, FileType)>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory.as_fd())? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        names.push((name.to_owned(), entry.file_type()));
        // One more than allowed, so that the caller reports the limit.
        if names.len() > most {
            break;
        }
    }
    names.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(names)
}

/// The extended attributes of a path whose directory is open.
fn xattrs(path: &Path) -> rustix::io::Result<Vec<(String, Vec<u8>)>> {
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

fn io(path: &Path) -> impl FnOnce(Errno) -> ReadError {
    let path = path.to_owned();
    move |error| ReadError::Io {
        path,
        source: error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// A root with a directory `sub` in it, and a directory of the host beside it.
    fn directories() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("root/sub/deeper")).unwrap();
        fs::create_dir_all(directory.path().join("host/deeper")).unwrap();
        fs::write(directory.path().join("host/secret"), "x").unwrap();
        symlink("../host", directory.path().join("root/link")).unwrap();
        let root = directory.path().join("root");
        (directory, root)
    }

    fn exchange(root: &Path) {
        fs::rename(root.join("sub"), root.join("other")).unwrap();
        fs::rename(root.join("link"), root.join("sub")).unwrap();
    }

    #[test]
    fn a_directory_that_becomes_a_symlink_after_it_was_listed_is_not_entered() {
        let (_kept, root) = directories();
        let mut walk = Walk::new(&root, &[], 100).unwrap();
        // The root is listed, with `sub` as a directory.
        walk.start().unwrap();
        exchange(&root);
        let listed = walk.next_listed().unwrap();
        let paths: Vec<_> = listed.iter().map(|entry| entry.path.clone()).collect();
        assert!(
            paths.iter().all(|path| !path.ends_with("secret")),
            "{paths:?}"
        );
    }

    #[test]
    fn entries_are_read_in_the_directory_in_which_they_were_listed() {
        let (_kept, root) = directories();
        fs::write(root.join("sub/secret"), "longer").unwrap();
        let mut walk = Walk::new(&root, &[], 100).unwrap();
        walk.start().unwrap();
        let listed = walk.next_listed().unwrap();
        exchange(&root);
        let mut lengths = Vec::new();
        for entry in listed.into_iter().filter(|entry| entry.name == "secret") {
            lengths.push(walk.read(entry).unwrap().unwrap().status.length);
        }
        assert_eq!(lengths, ["longer".len() as u64]);
    }

    #[test]
    fn directories_deeper_than_the_open_ones_are_walked_to_the_end() {
        let (_kept, root) = directories();
        let mut deep = root.join("sub");
        for _ in 0..OPEN + 20 {
            deep.push("d");
        }
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("last"), "").unwrap();
        // Visited after the way back up, when the upper directories have been closed.
        fs::write(root.join("sub/z"), "").unwrap();
        let mut walk = Walk::new(&root, &[], 100).unwrap();
        let mut paths = Vec::new();
        while let Some(found) = walk.next().unwrap() {
            paths.extend(found.into_iter().map(|entry| entry.path));
        }
        assert!(paths.contains(&deep.join("last")) && paths.contains(&root.join("sub/z")));
        assert_eq!(paths.len(), 1 + 3 + OPEN + 20 + 2);
    }
}
