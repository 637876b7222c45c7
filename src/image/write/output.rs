//! The output of an image: an archive or an OCI layout, which is created atomically.
//!
//! All bytes go to files without a name (`O_TMPFILE`) on the file system of the destination. At the
//! end they are synced, get a name next to it and are renamed to it. Until then, there is nothing
//! to clean up: if the process fails, is interrupted or is killed, the old file is unchanged, even
//! without a signal handler. If it is killed exactly between the two steps, it also leaves the
//! second name, `.jettison-` and a hash of the first, which is removed by the next run that writes
//! there. If a file system does not support such files, a named temporary file is used, which is
//! removed unless the process is killed.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, flock};
use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempPath};

use super::super::directory::Directory;
use super::super::error::WriteError;
use super::super::transport::oci_layout::{Member, Target};
use super::parent;
use crate::hash::hex;
#[cfg(all(target_os = "linux", not(jettison_portable)))]
use crate::trust;

/// The prefix of temporary names beside a destination.
pub(in crate::image) const PREFIX: &str = ".jettison-";
const BUFFER: usize = 256 << 10;

/// An output to which blobs are added one at a time.
#[derive(Debug)]
pub(in crate::image) struct Output<'a> {
    destination: &'a Path,
    place: Place,
    bytes: u64,
}

#[derive(Debug)]
enum Place {
    Archive {
        /// The parent directory of the output.
        directory: Directory,
        hidden: Hidden,
    },
    Layout {
        target: Target,
        members: Vec<Member>,
    },
}

/// An error without the random name of a temporary file in it.
#[allow(clippy::needless_pass_by_value, reason = "used with `map_err`")]
fn nameless(error: io::Error) -> io::Error {
    error.kind().into()
}

impl<'a> Output<'a> {
    /// Starts a tar archive. A file at the destination will be replaced.
    pub(in crate::image) fn archive(destination: &'a Path) -> Result<Self, WriteError> {
        // A device such as `/dev/null` would be replaced by a file.
        if fs::metadata(destination).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(WriteError::NotAFile {
                path: destination.to_owned(),
            });
        }
        let directory =
            Directory::for_writing(parent(destination)).map_err(WriteError::io(destination))?;
        let hidden = Hidden::new(&directory.path()).map_err(WriteError::io(destination))?;
        Ok(Self {
            destination,
            place: Place::Archive { directory, hidden },
            bytes: 0,
        })
    }

    /// Starts an image in an OCI layout, which may exist and have other images.
    pub(in crate::image) fn layout(destination: &'a Path) -> Result<Self, WriteError> {
        let target = Target::at(destination, destination)?;
        Ok(Self {
            destination,
            place: Place::Layout {
                target,
                members: Vec::new(),
            },
            bytes: 0,
        })
    }

    /// Adds a blob whose name is only known after it is written: `write` stores it in its second
    /// argument.
    pub(in crate::image) fn blob<T>(
        &mut self,
        write: impl FnOnce(&mut dyn Write, &mut String) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        let destination = self.destination;
        let mut name = String::new();
        match &mut self.place {
            Place::Archive { hidden, .. } => {
                let file = hidden.file_mut();
                let start = file
                    .stream_position()
                    .map_err(WriteError::io(destination))?;
                // The header contains the size, which is not known yet, so its block is left blank.
                let (result, end) =
                    write_from(file, start + 512, destination, |out| write(out, &mut name))?;
                finish_member(file, &name, start, end).map_err(WriteError::io(destination))?;
                Ok(result)
            }
            Place::Layout { target, members } => {
                let hidden = Hidden::new(&target.directory().path());
                let mut file = hidden.map_err(WriteError::io(destination))?;
                let (result, size) =
                    write_from(file.file_mut(), 0, destination, |out| write(out, &mut name))?;
                self.bytes += size;
                members.push(Member { name, file });
                Ok(result)
            }
        }
    }

    /// Adds a blob with a name.
    pub(in crate::image) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let destination = self.destination;
        self.blob(|file, place| {
            name.clone_into(place);
            file.write_all(bytes).map_err(WriteError::io(destination))
        })
    }

    /// Puts the output in its place. Returns its size in bytes.
    pub(in crate::image) fn finish(self) -> Result<u64, WriteError> {
        match self.place {
            Place::Archive { directory, hidden } => {
                let name = self.destination.file_name().unwrap_or_default();
                finish_archive(hidden, &directory.path(), name)
                    .map_err(WriteError::io(self.destination))
            }
            Place::Layout { target, members } => {
                target.publish(self.destination, members)?;
                Ok(self.bytes)
            }
        }
    }
}

/// Writes a blob at an offset of a file. Returns the result of `write` and the offset of the end.
fn write_from<T>(
    file: &mut File,
    from: u64,
    destination: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<T, WriteError>,
) -> Result<(T, u64), WriteError> {
    file.seek(SeekFrom::Start(from))
        .map_err(WriteError::io(destination))?;
    let mut buffered = BufWriter::with_capacity(BUFFER, &mut *file);
    let result = write(&mut buffered)?;
    // Dropping the buffer would ignore an error, such as a full disk.
    buffered.flush().map_err(WriteError::io(destination))?;
    drop(buffered);
    let end = file
        .stream_position()
        .map_err(WriteError::io(destination))?;
    Ok((result, end))
}

/// Ends an archive and gives it its name. Returns its size in bytes.
fn finish_archive(mut hidden: Hidden, directory: &Path, name: &OsStr) -> io::Result<u64> {
    let file = hidden.file_mut();
    // Two blocks of zeros end an archive.
    file.write_all(&[0; 1024])?;
    let bytes = file.stream_position()?;
    hidden.publish(&directory.join(name))?;
    sync_directory(directory)?;
    Ok(bytes)
}

/// A file that is not visible yet.
#[derive(Debug)]
pub(in crate::image) enum Hidden {
    /// A file without a name.
    Nameless(File),
    Named(NamedTempFile),
}

impl Hidden {
    /// Creates a file on the file system of a directory.
    pub(in crate::image) fn new(directory: &Path) -> io::Result<Self> {
        if let Some(file) = without_name(directory) {
            return Ok(Self::Nameless(file));
        }
        let mut builder = tempfile::Builder::new();
        let builder = builder
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o666));
        builder
            .tempfile_in(directory)
            .map(Self::Named)
            .map_err(nameless)
    }

    pub(in crate::image) fn file_mut(&mut self) -> &mut File {
        match self {
            Self::Nameless(file) => file,
            Self::Named(file) => file.as_file_mut(),
        }
    }

    /// Syncs the file and gives it its name. An existing file with that name is replaced.
    pub(in crate::image) fn publish(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Nameless(file) => {
                file.sync_data()?;
                match link(&file, path) {
                    // `linkat` never replaces a file.
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

/// A file that has no name yet; `None` if the system or the file system has no such files.
#[cfg(all(target_os = "linux", not(jettison_portable)))]
fn without_name(directory: &Path) -> Option<File> {
    // Without `/proc`, such a file could never be given a name, because `AT_EMPTY_PATH` requires a
    // privilege.
    trust::descriptors()?;
    let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
    let file = rustix::fs::open(directory, flags, Mode::from_raw_mode(0o666));
    file.map(File::from).ok()
}

#[cfg(not(all(target_os = "linux", not(jettison_portable))))]
fn without_name(_: &Path) -> Option<File> {
    None
}

/// Gives an unnamed file a name that is not in use.
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

/// Replaces a file atomically. Only `rename` can do that, so the new file briefly has a second
/// name.
fn replace(file: &File, path: &Path) -> io::Result<()> {
    // A running process holds a lock on its file, so an unlocked file is left over from an earlier
    // run. On a file system without locks, it stays, and another name is used.
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

/// Removes the second name that was left by a killed run.
fn remove_left(beside: &Path) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let left = File::from(rustix::fs::open(beside, flags, Mode::empty())?);
    flock(&left, FlockOperation::NonBlockingLockExclusive)?;
    // Another process may have replaced the file since it was opened, and the lock is on the old
    // one.
    let (locked, named) = (left.metadata()?, fs::symlink_metadata(beside)?);
    if (locked.dev(), locked.ino()) == (named.dev(), named.ino()) {
        fs::remove_file(beside)
    } else {
        Ok(())
    }
}

/// The second name for a path. It is deterministic, so that the next run finds it.
fn name_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    parent(path).join(format!("{PREFIX}{}", &hex(&Sha256::digest(name))[..16]))
}

/// Makes the names in a directory survive a crash of the machine.
pub(in crate::image) fn sync_directory(directory: &Path) -> io::Result<()> {
    match File::open(directory)?.sync_all() {
        // Some file systems do not support it, and there is no other way.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// An empty directory beside a path, to be renamed to it.
pub(in crate::image) fn directory_beside(path: &Path) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    let builder = builder
        .prefix(PREFIX)
        .permissions(Permissions::from_mode(0o777));
    builder.tempdir_in(parent(path)).map_err(nameless)
}

/// Pads the last block of a member between `start` and `end`, and writes its header.
fn finish_member(file: &mut File, name: &str, start: u64, end: u64) -> io::Result<()> {
    let size = end - start - 512;
    let padding = usize::try_from(end.next_multiple_of(512) - end).map_err(io::Error::other)?;
    file.write_all(&[0; 512][..padding])?;
    // Fixed values, so that the same image results in the same archive.
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
    fn a_run_removes_temporary_files_of_a_killed_run() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        write(&path, b"old");
        fs::write(name_beside(&path), "left").unwrap();
        write(&path, b"new");
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(directory.path()), ["out"]);
    }

    #[test]
    fn concurrent_writers_leave_one_complete_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = &directory.path().join("out");
        thread::scope(|scope| {
            for content in 0..8u8 {
                scope.spawn(move || (0..20).for_each(|_| write(path, &[content; 4096])));
            }
        });
        let content = fs::read(path).unwrap();
        assert!(content.len() == 4096 && content.iter().all(|byte| *byte == content[0]));
        assert_eq!(names(directory.path()), ["out"]);
    }

    #[test]
    fn a_failed_replacement_leaves_no_temporary_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        fs::create_dir(&path).unwrap();
        assert!(
            Hidden::new(directory.path())
                .unwrap()
                .publish(&path)
                .is_err()
        );
        assert_eq!(names(directory.path()), ["out"]);
    }
}
