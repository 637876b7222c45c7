//! A directory that is held open, for reading and writing files in it.
//!
//! To check a path and to open it afterwards is not enough: meanwhile, another process may exchange
//! a directory and a symlink. The checked path, which has no symlinks, is therefore opened one
//! directory after another without following any, and everything else happens relative to the open
//! directory. An exchange then leads to an error, or to nothing at all.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::system::{PASSING, descriptors};
use super::{Refusal, real_path};

/// An open directory of the host.
#[derive(Debug)]
pub struct RealDirectory {
    file: OwnedFd,
    /// The path by which it was opened, without symlinks.
    path: PathBuf,
}

impl RealDirectory {
    /// Opens a directory that a person named, for writing into it, by the rules of [`real_path`].
    pub fn open(path: &Path) -> Result<Self, Refusal> {
        Ok(Self::at(real_path(path)?)?)
    }

    /// Opens the directory at an absolute path without symlinks.
    pub(super) fn at(path: PathBuf) -> io::Result<Self> {
        let mut names = Vec::new();
        for component in path.components() {
            if let Component::Normal(name) = component {
                names.push(name);
            }
        }
        // Passing through a directory needs no permission to list it.
        let passing = PASSING | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = openat(rustix::fs::CWD, "/", passing, Mode::empty())?;
        let last = names.pop().unwrap_or(OsStr::new("."));
        for name in names {
            file = openat(&file, name, passing, Mode::empty())?;
        }
        let listing = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = match openat(&file, last, listing, Mode::empty()) {
            // A file can be created in a directory that cannot be listed.
            Err(Errno::ACCESS) => openat(&file, last, passing, Mode::empty())?,
            opened => opened?,
        };
        Ok(Self { file, path })
    }

    /// The path to a name in this very directory, even if another one has its path by now.
    pub(super) fn join(&self, name: &OsStr) -> PathBuf {
        // Calls of the standard library, such as `rename`, take paths only.
        match descriptors() {
            Some(descriptors) => descriptors
                .join(self.file.as_raw_fd().to_string())
                .join(name),
            None => self.path.join(name),
        }
    }

    /// The path by which it was opened.
    pub(super) fn real(&self) -> &Path {
        &self.path
    }

    /// Opens a regular file in it, for reading.
    pub(super) fn file(&self, name: &OsStr) -> Result<File, Refusal> {
        let metadata = fs::symlink_metadata(self.join(name))?;
        // Opening some devices does something, so they are not opened to find out.
        if !metadata.is_file() {
            return Err(Refusal::of_kind(metadata.file_type()));
        }
        // It may have become a symlink or a FIFO by now.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = openat(&self.file, name, flags | OFlags::CLOEXEC, Mode::empty());
        let file = File::from(file.map_err(io::Error::from)?);
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(Refusal::of_kind(metadata.file_type()));
        }
        Ok(file)
    }

    /// Opens whatever has a name in it, except a symlink. A FIFO waits for its other end.
    pub(super) fn stream(&self, name: &OsStr, access: OFlags) -> io::Result<File> {
        let flags = access | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = rustix::io::retry_on_intr(|| openat(&self.file, name, flags, Mode::empty()));
        Ok(File::from(opened?))
    }
}

impl From<RealDirectory> for OwnedFd {
    fn from(directory: RealDirectory) -> Self {
        directory.file
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn no_symlink_is_followed_on_the_way() {
        let guard = tempfile::tempdir().unwrap();
        let top = real_path(guard.path()).unwrap();
        fs::create_dir_all(top.join("a/b")).unwrap();
        fs::write(top.join("a/b/file"), "text").unwrap();
        symlink("a", top.join("link")).unwrap();
        symlink("b", top.join("a/last")).unwrap();
        symlink("file", top.join("a/b/name")).unwrap();
        let open = RealDirectory::at(top.join("a/b")).unwrap();
        assert!(open.file(OsStr::new("file")).is_ok());
        let error = open.file(OsStr::new("name")).unwrap_err();
        assert_eq!(error.to_string(), "it is a symlink, not a regular file");
        for path in ["link/b", "a/last", "a/b/file"] {
            assert!(RealDirectory::at(top.join(path)).is_err(), "{path}");
        }
        assert!(RealDirectory::at(PathBuf::from("/")).is_ok());
    }

    #[test]
    fn an_open_directory_stays_the_same_when_its_path_is_exchanged() {
        let guard = tempfile::tempdir().unwrap();
        let top = real_path(guard.path()).unwrap();
        for name in ["sub", "outside"] {
            fs::create_dir(top.join(name)).unwrap();
        }
        let open = RealDirectory::at(top.join("sub")).unwrap();
        fs::rename(top.join("sub"), top.join("moved")).unwrap();
        symlink("outside", top.join("sub")).unwrap();
        fs::write(open.join(OsStr::new("new")), "").unwrap();
        assert!(top.join("moved/new").exists() && !top.join("outside/new").exists());
    }

    #[test]
    fn a_directory_that_cannot_be_listed_can_be_written_to() {
        let guard = tempfile::tempdir().unwrap();
        let top = real_path(guard.path()).unwrap();
        fs::create_dir_all(top.join("passed/last")).unwrap();
        for name in ["passed/last", "passed"] {
            fs::set_permissions(top.join(name), fs::Permissions::from_mode(0o300)).unwrap();
        }
        let open = RealDirectory::at(top.join("passed/last")).unwrap();
        fs::write(open.join(OsStr::new("new")), "").unwrap();
        for name in ["passed", "passed/last"] {
            fs::set_permissions(top.join(name), fs::Permissions::from_mode(0o700)).unwrap();
        }
        assert!(top.join("passed/last/new").exists());
    }
}
