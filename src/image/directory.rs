//! A directory of the host that is opened once and below which no symlinks are followed.
//!
//! A layout is untrusted: a symlink in it must not lead out of it, and a FIFO or a device must not
//! block. Every step is relative to an open directory, so it does not matter if a directory is
//! replaced in the meantime.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, mkdirat, openat, statat};
use rustix::io::Errno;

use crate::trust::{RealDirectory, Refusal, descriptors};

/// An open directory of the host.
#[derive(Debug)]
pub(super) struct Directory {
    file: OwnedFd,
    /// The path with which it was opened, for systems without `/proc`.
    path: PathBuf,
}

impl Directory {
    /// Opens the directory at a path that the user named, for reading. Symlinks are followed.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            file: openat(CWD, path, flags, Mode::empty())?,
            path: path.to_owned(),
        })
    }

    /// Opens the directory at a path that the user named, for writing into it. A symlink of a
    /// repository is not followed out of it.
    pub(super) fn for_writing(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: RealDirectory::open(path)?.into(),
            path: path.to_owned(),
        })
    }

    /// Opens a directory in it.
    pub(super) fn below(&self, name: impl AsRef<OsStr>) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let name = name.as_ref();
        let path = self.path.join(name);
        match openat(&self.file, name, flags, Mode::empty()) {
            Ok(file) => Ok(Self { file, path }),
            // `O_NOFOLLOW` fails with these errors, which mean nothing to users, so the type is
            // determined.
            Err(Errno::LOOP | Errno::NOTDIR) => {
                let kind = self.kind(name)?;
                let name = Path::new(name).display();
                let reason = format!("`{name}` is {}, not a directory", word(kind));
                Err(io::Error::other(reason))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a directory in it, which is created if it does not exist.
    pub(super) fn make(&self, name: &str) -> io::Result<Self> {
        // The umask applies, as for any other program.
        match mkdirat(&self.file, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => self.below(name),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a regular file in it or in a directory below.
    pub(super) fn file(&self, name: &str) -> Result<File, Refusal> {
        if let Some((first, rest)) = name.split_once('/') {
            return self.below(first)?.file(rest);
        }
        // Opening a device can have effects, such as rewinding a tape, so the type is checked
        // first.
        let kind = self.kind(name)?;
        if kind != FileType::RegularFile {
            return Err(Refusal::NotRegular(word(kind)));
        }
        // It may have been replaced by a symlink or a FIFO since the check.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = openat(&self.file, name, flags | OFlags::CLOEXEC, Mode::empty());
        let file = File::from(file.map_err(io::Error::from)?);
        if !file.metadata()?.is_file() {
            return Err(Refusal::NotRegular("no longer a regular file"));
        }
        Ok(file)
    }

    /// The type of the file with a name, which must not be a path.
    pub(super) fn kind(&self, name: impl AsRef<OsStr>) -> io::Result<FileType> {
        let found = statat(&self.file, name.as_ref(), AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(FileType::from_raw_mode(found.st_mode))
    }

    /// A path to exactly this directory, even if its name now refers to another one.
    pub(super) fn path(&self) -> PathBuf {
        // Some functions, such as the standard library's `rename`, only take paths.
        match descriptors() {
            Some(descriptors) => descriptors.join(self.file.as_raw_fd().to_string()),
            None => self.path.clone(),
        }
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn word(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a regular file",
        FileType::Directory => "a directory",
        FileType::Symlink => "a symlink",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        _ => "a device",
    }
}
