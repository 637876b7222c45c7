//! Where an image is written: an archive or a directory that grows beside its destination and takes its place at
//! the end. Dropped before, it takes itself away.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::{NamedTempFile, TempDir};

use super::super::error::WriteError;
use super::super::oci;
use super::parent;

pub(super) const PREFIX: &str = ".jettison-";

#[derive(Debug)]
pub(super) struct Output<'a> {
    destination: &'a Path,
    place: Place,
    bytes: u64,
}

#[derive(Debug)]
enum Place {
    Archive(NamedTempFile),
    Directory(TempDir),
}

/// An error without the random name of a temporary file in it.
#[allow(clippy::needless_pass_by_value, reason = "it takes the place of the error")]
fn nameless(error: io::Error) -> io::Error {
    error.kind().into()
}

impl<'a> Output<'a> {
    /// A tar archive, in place of a file or of nothing.
    pub(super) fn archive(destination: &'a Path) -> Result<Self, WriteError> {
        // A device such as `/dev/null` would be replaced by a file.
        if fs::metadata(destination).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(WriteError::NotAFile { path: destination.to_owned() });
        }
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix(PREFIX).permissions(Permissions::from_mode(0o666));
        let file = builder.tempfile_in(parent(destination)).map_err(nameless).map_err(WriteError::io(destination))?;
        Ok(Self { destination, place: Place::Archive(file), bytes: 0 })
    }

    /// An OCI layout, in place of one or of nothing.
    pub(super) fn directory(destination: &'a Path) -> Result<Self, WriteError> {
        check_replaceable(destination)?;
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix(PREFIX).permissions(Permissions::from_mode(0o777));
        let directory =
            builder.tempdir_in(parent(destination)).map_err(nameless).map_err(WriteError::io(destination))?;
        fs::create_dir_all(directory.path().join("blobs/sha256")).map_err(WriteError::io(destination))?;
        Ok(Self { destination, place: Place::Directory(directory), bytes: 0 })
    }

    /// Adds a blob whose name is known only when it is written: `write` puts it into its second argument.
    pub(super) fn blob<T>(
        &mut self,
        write: impl FnOnce(&mut dyn Write, &mut String) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        let io = |error| WriteError::io(self.destination)(error);
        let mut name = String::new();
        match &mut self.place {
            Place::Archive(file) => {
                let file = file.as_file_mut();
                let start = file.stream_position().map_err(io)?;
                // The header is written when the size is known.
                file.seek(SeekFrom::Start(start + 512)).map_err(io)?;
                let mut buffered = BufWriter::with_capacity(1 << 18, &mut *file);
                let result = write(&mut buffered, &mut name)?;
                buffered.flush().map_err(io)?;
                drop(buffered);
                let end = file.stream_position().map_err(io)?;
                finish_member(file, &name, start, end).map_err(io)?;
                Ok(result)
            }
            Place::Directory(directory) => {
                let path = directory.path().join("blob");
                let mut buffered = BufWriter::with_capacity(1 << 18, File::create(&path).map_err(io)?);
                let result = write(&mut buffered, &mut name)?;
                buffered.flush().map_err(io)?;
                let size = buffered.get_ref().metadata().map_err(io)?.len();
                fs::rename(&path, directory.path().join(&name)).map_err(io)?;
                self.bytes += size;
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

    /// Puts the output in its place. Gives its size in bytes.
    pub(super) fn finish(self) -> Result<u64, WriteError> {
        let io = |error| WriteError::io(self.destination)(error);
        match self.place {
            Place::Archive(mut file) => {
                file.write_all(&[0; 1024]).map_err(io)?;
                let bytes = file.stream_position().map_err(io)?;
                file.persist(self.destination).map_err(|error| io(error.error))?;
                Ok(bytes)
            }
            Place::Directory(directory) => {
                // Somebody may have put something else there meanwhile.
                check_replaceable(self.destination)?;
                replace(directory, self.destination).map_err(io)?;
                Ok(self.bytes)
            }
        }
    }
}

/// Fills the last block of a member that stands between `start` and `end`, and writes its header.
fn finish_member(file: &mut File, name: &str, start: u64, end: u64) -> io::Result<()> {
    let size = end - start - 512;
    let padding = usize::try_from(end.next_multiple_of(512) - end).map_err(io::Error::other)?;
    file.write_all(&[0; 512][..padding])?;
    let mut header = tar::Header::new_gnu();
    header.set_path(name)?;
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

/// Nothing, an empty directory or an OCI layout may be replaced, and nothing else.
fn check_replaceable(destination: &Path) -> Result<(), WriteError> {
    let foreign = || WriteError::Foreign { path: destination.to_owned() };
    match fs::symlink_metadata(destination) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(WriteError::io(destination)(error)),
        Ok(metadata) if !metadata.is_dir() => Err(foreign()),
        Ok(_) if destination.join(oci::LAYOUT).is_file() => Ok(()),
        Ok(_) => {
            let mut entries = fs::read_dir(destination).map_err(WriteError::io(destination))?;
            if entries.next().is_none() { Ok(()) } else { Err(foreign()) }
        }
    }
}

/// Puts a directory in the place of another, in one step where the file system can.
fn replace(directory: TempDir, destination: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    if !destination.exists() {
        fs::rename(directory.path(), destination)?;
        // Its old name is free: nothing of it shall be removed.
        let _ = directory.keep();
        return Ok(());
    }
    match renameat_with(CWD, directory.path(), CWD, destination, RenameFlags::EXCHANGE) {
        // The name now holds what was replaced.
        Ok(()) => directory.close(),
        Err(Errno::INVAL | Errno::NOSYS) => {
            let old = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent(destination))?;
            fs::rename(destination, old.path().join("old"))?;
            if let Err(error) = fs::rename(directory.path(), destination) {
                fs::rename(old.path().join("old"), destination)?;
                return Err(error);
            }
            let _ = directory.keep();
            old.close()
        }
        Err(error) => Err(error.into()),
    }
}
