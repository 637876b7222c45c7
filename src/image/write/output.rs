//! Where an image is written: an archive or an OCI layout, which is there whole or not at all.
//!
//! All bytes go to files without a name
//! (`O_TMPFILE`) on the file system of the destination. At the end they are synced, get a name beside it and are renamed to it. Until then there is nothing to clean up: a process that fails, is interrupted or killed leaves what was there, without a handler of signals. Killed just between the two steps it also leaves the second name, `.jettison-`
//! and a hash of the first, which the next run that writes there takes away. Where a file system
//! knows no such files, a temporary file with a name takes their place, which is removed unless the
//! process is killed.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, flock};
use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempPath};

use super::super::digest::hex;
use super::super::directory::Directory;
use super::super::error::WriteError;
use super::layout;
use super::parent;

pub(super) const PREFIX: &str = ".jettison-";
const BUFFER: usize = 256 << 10;

#[derive(Debug)]
pub(super) struct Output<'a> {
    destination: &'a Path,
    place: Place,
    bytes: u64,
}

#[derive(Debug)]
enum Place {
    Archive {
        /// The directory that it is in.
        directory: Directory,
        hidden: Hidden,
    },
    Layout {
        target: layout::Target,
        members: Vec<layout::Member>,
    },
}

/// An error without the random name of a temporary file in it.
#[allow(
    clippy::needless_pass_by_value,
    reason = "it takes the place of the error"
)]
fn nameless(error: io::Error) -> io::Error {
    error.kind().into()
}

impl<'a> Output<'a> {
    /// A tar archive, in place of a file or of nothing.
    pub(super) fn archive(destination: &'a Path) -> Result<Self, WriteError> {
        // A device such as `/dev/null` would be replaced by a file.
        if fs::metadata(destination).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(WriteError::NotAFile {
                path: destination.to_owned(),
            });
        }
        let directory =
            Directory::open(parent(destination)).map_err(WriteError::io(destination))?;
        let hidden = Hidden::new(&directory.path()).map_err(WriteError::io(destination))?;
        Ok(Self {
            destination,
            place: Place::Archive { directory, hidden },
            bytes: 0,
        })
    }

    /// An OCI layout that is new, or in which other images may be.
    pub(super) fn layout(destination: &'a Path) -> Result<Self, WriteError> {
        let target = layout::Target::at(destination, destination)?;
        Ok(Self {
            destination,
            place: Place::Layout {
                target,
                members: Vec::new(),
            },
            bytes: 0,
        })
    }

    /// Adds a blob whose name is known only when it is written: `write` puts it into its second
    /// argument.
    pub(super) fn blob<T>(
        &mut self,
        write: impl FnOnce(&mut dyn Write, &mut String) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        let io = |error| WriteError::io(self.destination)(error);
        let mut name = String::new();
        let write_from = |file: &mut File, from: u64| {
            file.seek(SeekFrom::Start(from)).map_err(io)?;
            let mut buffered = BufWriter::with_capacity(BUFFER, &mut *file);
            let result = write(&mut buffered, &mut name)?;
            buffered.flush().map_err(io)?;
            drop(buffered);
            Ok::<_, WriteError>((result, file.stream_position().map_err(io)?))
        };
        match &mut self.place {
            Place::Archive { hidden, .. } => {
                let file = hidden.file_mut();
                let start = file.stream_position().map_err(io)?;
                // The header is written when the size is known.
                let (result, end) = write_from(file, start + 512)?;
                finish_member(file, &name, start, end).map_err(io)?;
                Ok(result)
            }
            Place::Layout { target, members } => {
                let mut file = Hidden::new(&target.directory().path()).map_err(io)?;
                let (result, size) = write_from(file.file_mut(), 0)?;
                self.bytes += size;
                members.push(layout::Member { name, file });
                Ok(result)
            }
        }
    }

    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let destination = self.destination;
        self.blob(|file, place| {
            name.clone_into(place);
            file.write_all(bytes).map_err(WriteError::io(destination))
        })
    }

    /// Puts an archive in its place. Gives its size in bytes.
    pub(super) fn finish(self) -> Result<u64, WriteError> {
        let io = |error| WriteError::io(self.destination)(error);
        match self.place {
            Place::Archive {
                directory,
                mut hidden,
            } => {
                let file = hidden.file_mut();
                file.write_all(&[0; 1024]).map_err(io)?;
                let bytes = file.stream_position().map_err(io)?;
                let name = self.destination.file_name().unwrap_or_default();
                let place = directory.path();
                hidden.publish(&place.join(name)).map_err(io)?;
                sync_directory(&place).map_err(io)?;
                Ok(bytes)
            }
            Place::Layout { target, members } => {
                target.publish(self.destination, members)?;
                Ok(self.bytes)
            }
        }
    }
}

/// A file that nobody sees yet.
#[derive(Debug)]
pub(super) enum Hidden {
    /// It has no name.
    Nameless(File),
    Named(NamedTempFile),
}

impl Hidden {
    /// On the file system of a directory.
    pub(super) fn new(directory: &Path) -> io::Result<Self> {
        let mode = Mode::from_raw_mode(0o666);
        let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
        match rustix::fs::open(directory, flags, mode) {
            // It gets its name through `/proc`.
            Ok(file) if Path::new("/proc/self/fd").is_dir() => Ok(Self::Nameless(file.into())),
            _ => {
                let mut builder = tempfile::Builder::new();
                let builder = builder
                    .prefix(PREFIX)
                    .permissions(Permissions::from_mode(0o666));
                builder
                    .tempfile_in(directory)
                    .map(Self::Named)
                    .map_err(nameless)
            }
        }
    }

    pub(super) fn file_mut(&mut self) -> &mut File {
        match self {
            Self::Nameless(file) => file,
            Self::Named(file) => file.as_file_mut(),
        }
    }

    /// Gives the file its name, in the place of what has it, once its bytes are safe.
    pub(super) fn publish(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Nameless(file) => {
                file.sync_data()?;
                match link(&file, path) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        replace(&file, path)
                    }
                    linked => linked,
                }
            }
            Self::Named(file) => {
                file.as_file().sync_data()?;
                file.persist(path).map(drop).map_err(|error| error.error)
            }
        }
    }
}

/// Gives a file without a name one that is free.
fn link(file: &File, path: &Path) -> io::Result<()> {
    let place = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(
        CWD,
        place,
        CWD,
        path,
        AtFlags::SYMLINK_FOLLOW,
    )?)
}

/// `rename` replaces a file in one step, `link` cannot; so for a moment the file has a name of its
/// own.
fn replace(file: &File, path: &Path) -> io::Result<()> {
    // Who lives has a lock. Where a file system has none, a name that was left stays, and there are
    // others.
    let _ = flock(file, FlockOperation::NonBlockingLockExclusive);
    let beside = name_beside(path);
    let _ = remove_left(&beside);
    let linked = match link(file, &beside) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mut builder = tempfile::Builder::new();
            let linked = builder
                .prefix(PREFIX)
                .make_in(parent(path), |path: &Path| link(file, path));
            linked.map_err(nameless)?.into_temp_path()
        }
        linked => linked.and_then(|()| TempPath::try_from_path(beside))?,
    };
    linked.persist(path).map_err(|error| error.error)
}

/// Removes a second name that a run which is no more left.
fn remove_left(beside: &Path) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let left = File::from(rustix::fs::open(beside, flags, Mode::empty())?);
    flock(&left, FlockOperation::NonBlockingLockExclusive)?;
    // Only with the lock of what has the name may it be removed; another may have been quicker.
    let (locked, named) = (left.metadata()?, fs::symlink_metadata(beside)?);
    if (locked.dev(), locked.ino()) == (named.dev(), named.ino()) {
        fs::remove_file(beside)
    } else {
        Ok(())
    }
}

/// It is always the same for a path, so that it is found again.
fn name_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    parent(path).join(format!("{PREFIX}{}", &hex(&Sha256::digest(name))[..16]))
}

/// Makes names in a directory survive a crash of the machine.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    match File::open(directory)?.sync_all() {
        // Some file systems cannot, and then there is nothing to be done.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// An empty directory beside a path, to be renamed to it.
pub(super) fn directory_beside(path: &Path) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    let builder = builder
        .prefix(PREFIX)
        .permissions(Permissions::from_mode(0o777));
    builder.tempdir_in(parent(path)).map_err(nameless)
}

/// Fills the last block of a member that stands between `start` and `end`, and writes its header.
fn finish_member(file: &mut File, name: &str, start: u64, end: u64) -> io::Result<()> {
    let size = end - start - 512;
    let padding = usize::try_from(end.next_multiple_of(512) - end).map_err(io::Error::other)?;
    file.write_all(&[0; 512][..padding])?;
    let mut header = tar::Header::new_gnu();
    header.set_path(PathBuf::from(name))?;
    header.set_mode(0o644);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    file.seek(SeekFrom::Start(start))?;
    file.write_all(header.as_bytes())?;
    file.seek(SeekFrom::End(0))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn write(path: &Path, content: &[u8]) {
        let mut hidden = Hidden::new(parent(path)).unwrap();
        hidden.file_mut().write_all(content).unwrap();
        hidden.publish(path).unwrap();
    }

    fn names(directory: &Path) -> Vec<std::ffi::OsString> {
        fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect()
    }

    #[test]
    fn a_run_takes_away_what_one_that_was_killed_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        write(&path, b"old");
        fs::write(name_beside(&path), "left").unwrap();
        write(&path, b"new");
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    fn of_many_who_write_at_once_one_is_last_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = &folder.path().join("out");
        thread::scope(|scope| {
            for content in 0..8u8 {
                scope.spawn(move || (0..20).for_each(|_| write(path, &[content; 4096])));
            }
        });
        let content = fs::read(path).unwrap();
        assert!(content.len() == 4096 && content.iter().all(|byte| *byte == content[0]));
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    fn what_cannot_be_replaced_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        fs::create_dir(&path).unwrap();
        assert!(Hidden::new(folder.path()).unwrap().publish(&path).is_err());
        assert_eq!(names(folder.path()), ["out"]);
    }
}
