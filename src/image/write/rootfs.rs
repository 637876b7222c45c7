//! `rootfs:`, the file system of an image as a directory of the host, exact to the last attribute.
//!
//! The directory grows beside its destination, closed to everybody else, and takes its place when
//! it is whole. Every step is relative to an open directory that was made here and follows no link,
//! so no name of an image leads out. What cannot be given as it should be (an owner, a device, an
//! attribute) is an error, not a near miss.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags};

use super::super::Image;
use super::super::directory::Directory;
use super::super::error::WriteError;
use super::super::progress::Progress;
use super::super::tree::{Content, Header, Inode, InodeId, Kind, NameId};
use super::division;
use super::layer::content_size;
use super::output::PREFIX;
use super::{Selection, parent};

/// Writes the selected names as a directory, in place of an empty one or of nothing. Gives the
/// bytes of all files.
pub(super) fn write(
    image: &Image,
    selection: &Selection,
    destination: &Path,
    progress: &dyn Progress,
) -> Result<u64, WriteError> {
    check_free(destination)?;
    let size = content_size(image, &[division::one(image, selection)]);
    progress.start("writing files", size);
    // Neither a trailing slash nor a dot may hide which directory it is in.
    let destination = &destination.components().collect::<std::path::PathBuf>();
    let io = |error: io::Error| WriteError::io(destination)(error);
    let place = Directory::open(parent(destination)).map_err(io)?;
    let temporary = tempfile::Builder::new()
        .prefix(PREFIX)
        .tempdir_in(place.path());
    let temporary = temporary.map_err(|error| io(error.kind().into()))?;
    let root =
        open_directory(rustix::fs::CWD, temporary.path()).map_err(|error| io(error.into()))?;
    Writer {
        image,
        destination,
        progress,
        written: vec![None; image.tree.inode_count()],
    }
    .tree(selection, root)?;
    // An empty directory is replaced in the same step.
    let name = destination.file_name().unwrap_or_default();
    fs::rename(temporary.path(), place.path().join(name)).map_err(io)?;
    let _ = temporary.keep();
    Ok(size)
}

/// Nothing or an empty directory may be replaced, and nothing else.
fn check_free(destination: &Path) -> Result<(), WriteError> {
    let occupied = |reason| {
        Err(WriteError::Occupied {
            path: destination.to_owned(),
            reason,
        })
    };
    match fs::symlink_metadata(destination) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(WriteError::io(destination)(error)),
        Ok(metadata) if !metadata.is_dir() => occupied("is no directory"),
        Ok(_) if destination.file_name().is_none() => {
            occupied("has no name of its own, so nothing can take its place")
        }
        Ok(_) => match fs::read_dir(destination)
            .map_err(WriteError::io(destination))?
            .next()
        {
            None => Ok(()),
            Some(_) => occupied("is not empty"),
        },
    }
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
            while way
                .last()
                .is_some_and(|open| open.name != tree.parent(name))
            {
                self.close(way.pop())?;
            }
            let directory = way.last().expect("the root is everybody's ancestor");
            if let Some(file) = self.entry(name, &directory.file, &way[0].file)? {
                way.push(Open { name, file });
            }
        }
        while let Some(open) = way.pop() {
            self.close(Some(open))?;
        }
        Ok(())
    }

    /// A directory gets its header when it is full: what is put into it changes its time.
    fn close(&self, open: Option<Open>) -> Result<(), WriteError> {
        let Some(Open { name, file }) = open else {
            return Ok(());
        };
        self.dress_open(name, &file)
    }

    /// Makes one entry. Gives the directory, if it is one.
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
        let made = |result: rustix::io::Result<()>| {
            result.map_err(|error| self.error(name, "make", error.into()))
        };
        if let Some(first) = self.written[inode_id.index()] {
            let first = tree.path(first).split_off(1);
            made(rustix::fs::linkat(
                root,
                OsStr::from_bytes(&first),
                at,
                text,
                AtFlags::empty(),
            ))?;
            return Ok(None);
        }
        let private = Mode::from_raw_mode(0o600);
        match &inode.kind {
            Kind::Directory => {
                made(rustix::fs::mkdirat(at, text, Mode::from_raw_mode(0o700)))?;
                let opened = open_directory(at, text);
                return opened
                    .map(Some)
                    .map_err(|error| self.error(name, "open", error.into()));
            }
            Kind::File(content) => self.file(name, content, at, text)?,
            Kind::Symlink { target } => {
                made(rustix::fs::symlinkat(OsStr::from_bytes(target), at, text))?;
            }
            &Kind::Character { major, minor } => {
                let device = rustix::fs::makedev(major, minor);
                made(rustix::fs::mknodat(
                    at,
                    text,
                    FileType::CharacterDevice,
                    private,
                    device,
                ))?;
            }
            &Kind::Block { major, minor } => {
                let device = rustix::fs::makedev(major, minor);
                made(rustix::fs::mknodat(
                    at,
                    text,
                    FileType::BlockDevice,
                    private,
                    device,
                ))?;
            }
            Kind::Fifo => made(rustix::fs::mknodat(at, text, FileType::Fifo, private, 0))?,
        }
        if !matches!(inode.kind, Kind::File(_)) {
            self.dress_closed(name, at, text)?;
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
        let mut file = File::from(opened.map_err(|error| self.error(name, "make", error.into()))?);
        let bytes = self.image.read(name)?;
        let holes = matches!(content, Content::Sparse { .. });
        fill(&mut file, &bytes, holes, self.progress)
            .map_err(|error| self.error(name, "write", error))?;
        self.dress_open(name, &file)
    }

    /// Gives an open file or directory its header. A new owner takes set-user-id bits and
    /// capabilities away, so it comes first.
    fn dress_open(&self, name: NameId, file: &impl AsFd) -> Result<(), WriteError> {
        let header = &self.image.tree.inode(name).header;
        let (owner, group) = self.owner(name, header)?;
        let failed =
            |act: &'static str| move |error: rustix::io::Errno| self.error(name, act, error.into());
        rustix::fs::fchown(file, owner, group).map_err(failed("give its owner to"))?;
        rustix::fs::fchmod(file, Mode::from_raw_mode(header.mode))
            .map_err(failed("give its mode to"))?;
        for (attribute, value) in header.xattrs() {
            let set = rustix::fs::fsetxattr(file, attribute, value, XattrFlags::empty());
            set.map_err(|error| self.attribute_error(name, attribute, error))?;
        }
        rustix::fs::futimens(file, &times(header)).map_err(failed("give its time to"))
    }

    /// The same for what cannot be opened without doing something: links, devices, FIFOs.
    fn dress_closed(&self, name: NameId, at: &OwnedFd, text: &Path) -> Result<(), WriteError> {
        let Inode { header, kind, .. } = self.image.tree.inode(name);
        let (owner, group) = self.owner(name, header)?;
        let failed =
            |act: &'static str| move |error: rustix::io::Errno| self.error(name, act, error.into());
        let no_follow = AtFlags::SYMLINK_NOFOLLOW;
        rustix::fs::chownat(at, text, owner, group, no_follow)
            .map_err(failed("give its owner to"))?;
        if !matches!(kind, Kind::Symlink { .. }) {
            let mode = Mode::from_raw_mode(header.mode);
            rustix::fs::chmodat(at, text, mode, AtFlags::empty())
                .map_err(failed("give its mode to"))?;
        }
        for (attribute, value) in header.xattrs() {
            // There is no call that takes a directory and a name. The link in /proc is the
            // directory itself.
            let path = Path::new("/proc/self/fd")
                .join(at.as_raw_fd().to_string())
                .join(text);
            let set = rustix::fs::lsetxattr(path, attribute, value, XattrFlags::empty());
            set.map_err(|error| self.attribute_error(name, attribute, error))?;
        }
        rustix::fs::utimensat(at, text, &times(header), no_follow)
            .map_err(failed("give its time to"))
    }

    fn owner(
        &self,
        name: NameId,
        header: &Header,
    ) -> Result<(Option<Uid>, Option<Gid>), WriteError> {
        let number = |id: u64| u32::try_from(id).ok().filter(|&id| id != u32::MAX);
        match (number(header.uid), number(header.gid)) {
            (Some(uid), Some(gid)) => Ok((Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))),
            _ => Err(self.error(
                name,
                "give its owner to",
                io::Error::other("Linux has no such user or group"),
            )),
        }
    }

    fn error(&self, name: NameId, act: &'static str, source: io::Error) -> WriteError {
        let hint = if source.kind() == io::ErrorKind::PermissionDenied {
            "; only root can write every file system exactly"
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
                let act = format!("give the attribute `{}` to", attribute.escape_debug());
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

const CHUNK: usize = 1 << 20;
/// What file systems keep no block for.
const HOLE: usize = 4096;

/// Writes a file; where it has holes, zeros become holes again.
fn fill(file: &mut File, bytes: &[u8], holes: bool, progress: &dyn Progress) -> io::Result<()> {
    for chunk in bytes.chunks(CHUNK) {
        if holes {
            for piece in chunk.chunks(HOLE) {
                if piece.iter().all(|&byte| byte == 0) {
                    file.seek(SeekFrom::Current(
                        i64::try_from(piece.len()).map_err(io::Error::other)?,
                    ))?;
                } else {
                    file.write_all(piece)?;
                }
            }
        } else {
            file.write_all(chunk)?;
        }
        progress.advance(chunk.len() as u64);
    }
    if holes {
        file.set_len(bytes.len() as u64)
    } else {
        Ok(())
    }
}

/// The time of the last change, which is that of the last access too: nothing of it comes from the
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

/// The fraction of a PAX time, counted forward from the whole second below it.
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
    fn a_fraction_counts_forward_also_before_the_epoch() {
        assert_eq!(nanoseconds(b"5"), 0);
        assert_eq!(nanoseconds(b"5.25"), 250_000_000);
        assert_eq!(nanoseconds(b"5.0000000019"), 1);
        assert_eq!(nanoseconds(b"-5.25"), 750_000_000);
        assert_eq!(nanoseconds(b"-5.0"), 0);
    }
}
