//! `rootfs:`, writes the file system of an image to a directory of the host, including all
//! attributes.
//!
//! The directory is filled next to its destination, without access for others, and renamed when it
//! is complete. A mounted directory cannot be replaced: the files are written to a directory below
//! it, and move up when all are there. Every step is relative to an open directory that was created
//! here and follows no symlinks, so no name in an image can lead out of it. An owner, a device or
//! an attribute that cannot be set exactly is an error.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, StatxAttributes, StatxFlags, Timespec, Timestamps, Uid,
    XattrFlags,
};

use crate::image::directory::Directory;
use crate::image::error::WriteError;
use crate::image::progress::Progress;
use crate::image::tree::{Content, Header, Inode, InodeId, Kind, NameId};
use crate::image::write::layer::content_size;
use crate::image::write::layer_plan;
use crate::image::write::output::PREFIX;
use crate::image::write::{Selection, parent};
use crate::image::{Image, StreamError};

/// Writes the selected names to a directory, which must be empty or missing. Returns the bytes of
/// all files.
pub(in crate::image) fn write(
    image: &Image,
    selection: &Selection,
    destination: &Path,
    progress: &dyn Progress,
) -> Result<u64, WriteError> {
    check_free(destination)?;
    let size = content_size(image, [&layer_plan::one(image, selection)]);
    progress.start("writing files", size);
    // Without trailing slashes and dots, which would hide the name that is replaced.
    let destination = &destination.components().collect::<std::path::PathBuf>();
    let mounted = is_mount_point(destination);
    let place = if mounted {
        destination
    } else {
        parent(destination)
    };
    let place = Directory::for_writing(place).map_err(WriteError::io(destination))?;
    let temporary = tempfile::Builder::new()
        .prefix(PREFIX)
        .tempdir_in(place.path());
    // The error would name the temporary directory, which the user does not know.
    let temporary = temporary.map_err(|error| WriteError::io(destination)(error.kind().into()))?;
    let root = open_directory(rustix::fs::CWD, temporary.path())
        .map_err(|error| WriteError::io(destination)(error.into()))?;
    let mut writer = Writer {
        image,
        destination,
        progress,
        written: vec![None; image.tree.inode_count()],
    };
    writer.tree(selection, root)?;
    if mounted {
        writer.move_up(temporary.path(), &place.path())?;
        let removed = fs::remove_dir(temporary.keep());
        removed.map_err(WriteError::io(destination))?;
        // This comes last, because each step before changed the time of the directory. Its path may
        // be a link in `/proc`.
        let root = open_directory(rustix::fs::CWD, &place.path().join("."));
        let root = root.map_err(|error| WriteError::io(destination)(error.into()))?;
        writer.set_header(NameId::ROOT, &root)?;
        return Ok(size);
    }
    // An empty directory is replaced in the same step.
    let name = destination.file_name().unwrap_or_default();
    fs::rename(temporary.path(), place.path().join(name)).map_err(WriteError::io(destination))?;
    // Dropping it would remove any file that has its old name by then.
    let _ = temporary.keep();
    Ok(size)
}

/// Refuses a destination unless it is missing or an empty directory.
fn check_free(destination: &Path) -> Result<(), WriteError> {
    let reason = match fs::symlink_metadata(destination) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(WriteError::io(destination)(error)),
        // A symlink to an empty directory is refused too, because its target should not be
        // replaced.
        Ok(metadata) if !metadata.is_dir() => "is not a directory",
        // `/` and `..` cannot be the target of a rename.
        Ok(_) if destination.file_name().is_none() => "has no name, so it cannot be replaced",
        Ok(_) => {
            let mut entries = fs::read_dir(destination).map_err(WriteError::io(destination))?;
            if entries.next().is_none() {
                return Ok(());
            }
            "is not empty"
        }
    };
    Err(WriteError::Occupied {
        path: destination.to_owned(),
        reason,
    })
}

/// Whether another file system is mounted on a directory, or a part of one.
fn is_mount_point(path: &Path) -> bool {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    let status = |path: &Path| {
        let status = rustix::fs::statx(rustix::fs::CWD, path, flags, StatxFlags::BASIC_STATS);
        status.ok()
    };
    let Some(own) = status(path) else {
        return false;
    };
    // Linux reports it since 5.8. Before, only the device tells.
    let above = status(parent(path));
    let device = |of: rustix::fs::Statx| (of.stx_dev_major, of.stx_dev_minor);
    own.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)
        || above.is_some_and(|above| device(above) != device(own))
}

fn open_directory(at: impl AsFd, name: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(at, name, flags, Mode::empty())
}

struct Writer<'a> {
    image: &'a Image,
    destination: &'a Path,
    progress: &'a dyn Progress,
    /// The first name of each inode that was written, for the others to link to.
    written: Vec<Option<NameId>>,
}

/// A directory that is being filled.
struct Open {
    name: NameId,
    file: OwnedFd,
}

impl Writer<'_> {
    fn tree(&mut self, selection: &Selection, root: OwnedFd) -> Result<(), WriteError> {
        let tree = &self.image.tree;
        let mut way = vec![Open {
            name: NameId::ROOT,
            file: root,
        }];
        for name in tree.walk().filter(|&name| selection.contains(name)) {
            // The walk has left these directories.
            while way
                .last()
                .is_some_and(|open| open.name != tree.parent(name))
            {
                self.close(way.pop())?;
            }
            let directory = way.last().expect("the root is an ancestor of every path");
            if let Some(file) = self.entry(name, &directory.file, &way[0].file)? {
                way.push(Open { name, file });
            }
        }
        while let Some(open) = way.pop() {
            self.close(Some(open))?;
        }
        Ok(())
    }

    /// Moves the entries of a directory to the one above it.
    fn move_up(&self, from: &Path, to: &Path) -> Result<(), WriteError> {
        // The names are those that were written, so none of them is the directory's own unless the
        // image has a file with its random name, which stops the move.
        let failed = || WriteError::io(self.destination);
        for entry in fs::read_dir(from).map_err(failed())? {
            let entry = entry.map_err(failed())?;
            fs::rename(entry.path(), to.join(entry.file_name())).map_err(failed())?;
        }
        Ok(())
    }

    /// Sets the header of a directory when all its entries are there: adding one changes its time.
    fn close(&self, open: Option<Open>) -> Result<(), WriteError> {
        let Some(Open { name, file }) = open else {
            return Ok(());
        };
        self.set_header(name, &file)
    }

    /// Creates one entry. Returns the open directory, if it is one.
    fn entry(
        &mut self,
        name: NameId,
        at: &OwnedFd,
        root: &OwnedFd,
    ) -> Result<Option<OwnedFd>, WriteError> {
        let (tree, inode_id) = (&self.image.tree, self.image.tree.inode_id(name));
        let (inode, text) = (
            tree.inode(name),
            Path::new(OsStr::from_bytes(tree.file_name(name))),
        );
        if let Some(first) = self.written[inode_id.index()] {
            let first = tree.path(first).split_off(1);
            rustix::fs::linkat(root, OsStr::from_bytes(&first), at, text, AtFlags::empty())
                .map_err(self.failed(name, "create"))?;
            return Ok(None);
        }
        // The final mode comes with the header, after the owner.
        let private = Mode::from_raw_mode(0o600);
        match &inode.kind {
            Kind::Directory => {
                rustix::fs::mkdirat(at, text, Mode::from_raw_mode(0o700))
                    .map_err(self.failed(name, "create"))?;
                let opened = open_directory(at, text);
                return opened.map(Some).map_err(self.failed(name, "open"));
            }
            Kind::File(content) => self.file(name, content, at, text)?,
            Kind::Symlink { target } => {
                rustix::fs::symlinkat(OsStr::from_bytes(target), at, text)
                    .map_err(self.failed(name, "create"))?;
            }
            &Kind::Character { major, minor } => {
                let device = rustix::fs::makedev(major, minor);
                rustix::fs::mknodat(at, text, FileType::CharacterDevice, private, device)
                    .map_err(self.failed(name, "create"))?;
            }
            &Kind::Block { major, minor } => {
                let device = rustix::fs::makedev(major, minor);
                rustix::fs::mknodat(at, text, FileType::BlockDevice, private, device)
                    .map_err(self.failed(name, "create"))?;
            }
            Kind::Fifo => rustix::fs::mknodat(at, text, FileType::Fifo, private, 0)
                .map_err(self.failed(name, "create"))?,
        }
        // The header of a file has already been set while it was open.
        if !matches!(inode.kind, Kind::File(_)) {
            self.set_header_at(name, at, text)?;
        }
        self.remember(inode_id, name);
        Ok(None)
    }

    fn remember(&mut self, inode: InodeId, name: NameId) {
        self.written[inode.index()] = Some(name);
    }

    fn file(
        &self,
        name: NameId,
        content: &Content,
        at: &OwnedFd,
        text: &Path,
    ) -> Result<(), WriteError> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(at, text, flags, Mode::from_raw_mode(0o600));
        let file = File::from(opened.map_err(self.failed(name, "create"))?);
        let mut filling = Filling {
            file: &file,
            holes: matches!(content, Content::Sparse { .. }),
            at: 0,
            progress: self.progress,
        };
        let streamed = self.image.stream(name, &mut |bytes| filling.add(bytes));
        streamed.map_err(|error| match error {
            StreamError::Source(error) => error.into(),
            StreamError::Sink(error) => self.error(name, "write", error),
        })?;
        filling
            .finish()
            .map_err(|error| self.error(name, "write", error))?;
        self.set_header(name, &file)
    }

    /// Sets the header of an open file or directory. Changing the owner clears set-user-ID bits and
    /// capabilities, so it comes first.
    fn set_header(&self, name: NameId, file: &impl AsFd) -> Result<(), WriteError> {
        let header = &self.image.tree.inode(name).header;
        let (owner, group) = self.owner(name, header)?;
        rustix::fs::fchown(file, owner, group).map_err(self.failed(name, "set the owner of"))?;
        rustix::fs::fchmod(file, Mode::from_raw_mode(header.mode))
            .map_err(self.failed(name, "set the mode of"))?;
        for (attribute, value) in header.xattrs() {
            let set = rustix::fs::fsetxattr(file, attribute, value, XattrFlags::empty());
            set.map_err(|error| self.attribute_error(name, attribute, error))?;
        }
        rustix::fs::futimens(file, &times(header)).map_err(self.failed(name, "set the time of"))
    }

    /// Sets the header of a symlink, device or FIFO, which cannot be opened without side effects.
    fn set_header_at(&self, name: NameId, at: &OwnedFd, text: &Path) -> Result<(), WriteError> {
        let Inode { header, kind, .. } = self.image.tree.inode(name);
        let (owner, group) = self.owner(name, header)?;
        let no_follow = AtFlags::SYMLINK_NOFOLLOW;
        rustix::fs::chownat(at, text, owner, group, no_follow)
            .map_err(self.failed(name, "set the owner of"))?;
        // Symlinks have no mode on Linux.
        if !matches!(kind, Kind::Symlink { .. }) {
            let mode = Mode::from_raw_mode(header.mode);
            rustix::fs::chmodat(at, text, mode, AtFlags::empty())
                .map_err(self.failed(name, "set the mode of"))?;
        }
        for (attribute, value) in header.xattrs() {
            // Older kernels have no call that takes a directory and a name. The link in `/proc`
            // refers to the directory itself, even if it was renamed.
            let path = Path::new("/proc/self/fd")
                .join(at.as_raw_fd().to_string())
                .join(text);
            let set = rustix::fs::lsetxattr(path, attribute, value, XattrFlags::empty());
            set.map_err(|error| self.attribute_error(name, attribute, error))?;
        }
        rustix::fs::utimensat(at, text, &times(header), no_follow)
            .map_err(self.failed(name, "set the time of"))
    }

    fn owner(
        &self,
        name: NameId,
        header: &Header,
    ) -> Result<(Option<Uid>, Option<Gid>), WriteError> {
        match (owner_id(header.uid), owner_id(header.gid)) {
            (Some(uid), Some(gid)) => Ok((Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))),
            _ => Err(self.error(
                name,
                "set the owner of",
                io::Error::other("not a valid user or group ID"),
            )),
        }
    }

    /// The error of a system call on an entry.
    fn failed(
        &self,
        name: NameId,
        act: &'static str,
    ) -> impl FnOnce(rustix::io::Errno) -> WriteError {
        move |error| self.error(name, act, error.into())
    }

    fn error(&self, name: NameId, act: &'static str, source: io::Error) -> WriteError {
        let hint = if source.kind() == io::ErrorKind::PermissionDenied {
            "; only root can create all kinds of entries"
        } else {
            ""
        };
        let destination = self.destination.to_owned();
        WriteError::Entry {
            destination,
            path: self.image.tree.path(name),
            act: act.to_owned(),
            hint,
            source,
        }
    }

    fn attribute_error(
        &self,
        name: NameId,
        attribute: &str,
        error: rustix::io::Errno,
    ) -> WriteError {
        match self.error(name, "", error.into()) {
            WriteError::Entry {
                destination,
                path,
                hint,
                source,
                ..
            } => {
                let act = format!("set the attribute `{}` of", attribute.escape_debug());
                WriteError::Entry {
                    destination,
                    path,
                    act,
                    hint,
                    source,
                }
            }
            other => other,
        }
    }
}

/// An owner for `chown`, for which the largest number means "leave it unchanged".
fn owner_id(id: u64) -> Option<u32> {
    match u32::try_from(id) {
        Ok(u32::MAX) | Err(_) => None,
        Ok(id) => Some(id),
    }
}

/// Size of the smallest hole in bytes: the block size of common file systems.
const HOLE: usize = 4096;

/// A file that is written piece by piece, because it may be larger than the memory.
struct Filling<'a> {
    file: &'a File,
    /// Whether blocks of zeros become holes, as in the original.
    holes: bool,
    /// The position of the next byte.
    at: u64,
    progress: &'a dyn Progress,
}

impl Filling<'_> {
    fn add(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.progress.advance(bytes.len() as u64);
        while self.holes && !bytes.is_empty() {
            // Pieces end where a block ends, so that each block is either written or a hole.
            let behind = usize::try_from(self.at % HOLE as u64).unwrap_or(0);
            let (block, rest) = bytes.split_at(bytes.len().min(HOLE - behind));
            if block.iter().any(|&byte| byte != 0) {
                self.file.write_all_at(block, self.at)?;
            }
            self.at += block.len() as u64;
            bytes = rest;
        }
        self.file.write_all_at(bytes, self.at)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// A hole at the end is after the last write, so the file would otherwise be too short.
    fn finish(self) -> io::Result<()> {
        self.file.set_len(self.at)
    }
}

/// The times of a file. The last access is set to the last change, so that nothing comes from the
/// clock.
fn times(header: &Header) -> Timestamps {
    let record = header.pax.iter().find(|(key, _)| key == "mtime");
    let nanoseconds = record.map_or(0, |(_, value)| nanoseconds(value));
    let time = Timespec {
        tv_sec: header.mtime,
        tv_nsec: nanoseconds,
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

/// The nanoseconds of a PAX time, counted forward from the whole second below it.
fn nanoseconds(record: &[u8]) -> i64 {
    let Some(point) = record.iter().position(|&byte| byte == b'.') else {
        return 0;
    };
    let digits = record[point + 1..]
        .iter()
        .take(9)
        .chain(std::iter::repeat(&b'0'))
        .take(9);
    let fraction = digits.fold(0, |sum, digit| {
        sum * 10 + i64::from(digit.saturating_sub(b'0').min(9))
    });
    // `-5.25` is 0.75 seconds after -6.
    if record.starts_with(b"-") && fraction > 0 {
        1_000_000_000 - fraction
    } else {
        fraction
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_a_second_count_forward_even_before_the_epoch() {
        assert_eq!(nanoseconds(b"5"), 0);
        assert_eq!(nanoseconds(b"5.25"), 250_000_000);
        assert_eq!(nanoseconds(b"5.0000000019"), 1);
        assert_eq!(nanoseconds(b"-5.25"), 750_000_000);
        assert_eq!(nanoseconds(b"-5.0"), 0);
    }
}
