//! Writes files that a person named.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::Path;

use rustix::fs::OFlags;
use tempfile::{Builder, NamedTempFile};

use super::descend::has_descriptors;
use super::directory::RealDirectory;
use super::host_file::read_open;
use super::{Refusal, limits, real_path};

/// Writes a file atomically, see [`write_with`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    write_with(path, |stream| stream.write_all(bytes))
}

/// Writes a file atomically with a function that writes its content: to a temporary file in the
/// same directory, which is then renamed. An existing symlink is replaced and its target left
/// unchanged, because a repository could contain one. A named device or FIFO is written to, and so
/// are
/// `/dev/stdout` and similar paths.
pub fn write_with(
    path: &Path,
    write_content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Refusal> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    };
    let directory = RealDirectory::open(directory)?;
    if let Some(mut stream) = stream(&directory, name)? {
        return Ok(write_content(&mut stream)?);
    }
    // The umask removes bits from it. With the default mode of a temporary file, 0600, other users
    // could not read a report.
    let mut file = beside(&directory, Permissions::from_mode(0o666))?;
    write_content(&mut file)?;
    file.persist(directory.join(name))
        .map_err(|error| error.error)?;
    Ok(())
}

/// Creates a file atomically, with this mode less the umask. Returns false if there is anything
/// with this name, even a broken symlink.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<bool, Refusal> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    };
    let directory = RealDirectory::open(directory)?;
    let mut file = beside(&directory, Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    match file.persist_noclobber(directory.join(name)) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error.into()),
    }
}

/// Opens a file that is written to instead of replaced. It must exist, so nothing is created if it
/// has just been removed, and a file that standard output was redirected to may already have
/// content.
fn stream(directory: &RealDirectory, name: &OsStr) -> io::Result<Option<File>> {
    let path = directory.join(name);
    // Such a name is a symlink of the kernel, which has to be followed.
    if has_descriptors(directory.real()) {
        return OpenOptions::new().append(true).open(path).map(Some);
    }
    let is_special = fs::symlink_metadata(path)
        .is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir() && !metadata.is_symlink());
    if !is_special {
        return Ok(None);
    }
    let access = OFlags::WRONLY | OFlags::APPEND;
    directory.stream(name, access).map(Some)
}

/// Creates a temporary file that is to be renamed.
fn beside(directory: &RealDirectory, permissions: Permissions) -> io::Result<NamedTempFile> {
    // The error's own message would name the temporary file.
    Builder::new()
        .prefix(".jettison-")
        .permissions(permissions)
        .tempfile_in(directory.join(OsStr::new("")))
        .map_err(|error| io::Error::from(error.kind()))
}

/// Atomically replaces the content `old` of a file with `new`, and keeps its mode and, if allowed,
/// its owner. A symlink that stays in the repository is kept, and its target is replaced.
///
/// Returns false if the content is not `old` any more.
pub fn replace(path: &Path, old: &[u8], new: &[u8]) -> Result<bool, Refusal> {
    let real = real_path(path)?;
    let (Some(directory), Some(name)) = (real.parent(), real.file_name()) else {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    };
    let directory = RealDirectory::at(directory.to_owned())?;
    let current = directory.file(name)?;
    let metadata = current.metadata()?;
    if read_open(current, limits::NAMED_DOCKERFILE)? != old {
        return Ok(false);
    }
    // No other user may open it before it has the mode of the old file.
    let mut file = beside(&directory, Permissions::from_mode(0o600))?;
    file.write_all(new)?;
    take_over(file.as_file(), &metadata)?;
    file.persist(directory.join(name))
        .map_err(|error| error.error)?;
    Ok(true)
}

/// Gives a file the owner and the mode of another.
fn take_over(file: &File, metadata: &fs::Metadata) -> io::Result<()> {
    // Only root may change the owner of a file; other users own what they write.
    let _ = fchown(file, Some(metadata.uid()), Some(metadata.gid()));
    file.set_permissions(metadata.permissions())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::super::HostFile;
    use super::*;

    #[test]
    fn a_file_is_created_only_where_nothing_has_its_name() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("file");
        assert!(create(&path, b"new", 0o755).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o100, 0o100);
        assert!(!create(&path, b"newer", 0o644).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        for target in ["file", "no-such-file", "."] {
            let link = top.path().join(format!("to-{target}"));
            symlink(target, &link).unwrap();
            assert!(!create(&link, b"newer", 0o644).unwrap(), "{target}");
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        }
        assert_eq!(fs::read_dir(top.path()).unwrap().count(), 4);
    }

    #[test]
    fn a_symlink_is_replaced_and_its_target_is_unchanged() {
        let top = tempfile::tempdir().unwrap();
        let (file, link) = (top.path().join("file"), top.path().join("link"));
        for target in ["file", "no-such-file", "/dev/null", "."] {
            fs::write(&file, "old").unwrap();
            symlink(target, &link).unwrap();
            write(&link, b"new").unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_file(), "{target}");
            assert_eq!(fs::read(&link).unwrap(), b"new");
            assert_eq!(fs::read(&file).unwrap(), b"old");
            fs::remove_file(&link).unwrap();
        }
        assert_eq!(fs::read_dir(top.path()).unwrap().count(), 1);
    }

    #[test]
    fn named_devices_and_fifos_are_written_to() {
        let top = tempfile::tempdir().unwrap();
        let fifo = top.path().join("fifo");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let reader = thread::spawn({
            let fifo = fifo.clone();
            move || fs::read(fifo).unwrap()
        });
        write(&fifo, b"new").unwrap();
        assert_eq!(reader.join().unwrap(), b"new");
        write(Path::new("/dev/null"), b"new").unwrap();
        let file = tempfile::tempfile().unwrap();
        let descriptor = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
        write(Path::new(&descriptor), b"new").unwrap();
        assert_eq!(fs::read(descriptor).unwrap(), b"new");
    }

    #[test]
    fn writing_through_a_symlink_keeps_the_symlink_and_the_mode() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir(top.path().join(".git")).unwrap();
        let (file, link) = (top.path().join("file"), top.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        symlink("file", &link).unwrap();
        assert!(replace(&link, b"old", b"new").unwrap());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(fs::read_dir(top.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_file_changed_meanwhile_is_not_overwritten() {
        let top = tempfile::tempdir().unwrap();
        let file = top.path().join("file");
        fs::write(&file, "other").unwrap();
        assert!(!replace(&file, b"old", b"new").unwrap());
        assert_eq!(fs::read(&file).unwrap(), b"other");
    }

    /// Exchanges two names until the other thread is done.
    fn exchange(one: &Path, other: &Path, is_done: &AtomicBool) {
        let (here, flags) = (rustix::fs::CWD, rustix::fs::RenameFlags::EXCHANGE);
        while !is_done.load(Ordering::Relaxed) {
            // Some file systems cannot.
            if rustix::fs::renameat_with(here, one, here, other, flags).is_err() {
                return;
            }
        }
    }

    #[test]
    fn exchanging_a_directory_for_a_symlink_writes_nothing_outside() {
        let top = tempfile::tempdir().unwrap();
        let (repo, outside) = (top.path().join("repo"), top.path().join("outside"));
        for directory in ["repo/.git", "repo/sub", "outside"] {
            fs::create_dir_all(top.path().join(directory)).unwrap();
        }
        fs::write(outside.join("file"), "secret").unwrap();
        fs::write(repo.join("sub/file"), "old").unwrap();
        symlink(&outside, repo.join("link")).unwrap();
        let (is_done, file) = (AtomicBool::new(false), repo.join("sub/file"));
        let mut read = Vec::new();
        thread::scope(|scope| {
            scope.spawn(|| exchange(&repo.join("sub"), &repo.join("link"), &is_done));
            for _ in 0..2000 {
                // Each is refused or done in the repository, as chance has it.
                let _ = write(&repo.join("sub/new"), b"new");
                let _ = replace(&file, b"old", b"old");
                let _ = replace(&file, b"secret", b"written");
                for host in [HostFile::named(&file), HostFile::found(&file, &repo)] {
                    read.extend(host.read(limits::CONFIG));
                }
            }
            is_done.store(true, Ordering::Relaxed);
        });
        assert!(read.iter().all(|content| content == b"old"));
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
        assert_eq!(fs::read(outside.join("file")).unwrap(), b"secret");
    }

    #[test]
    fn a_file_outside_the_repository_is_not_replaced() {
        let top = tempfile::tempdir().unwrap();
        let (repo, outside) = (top.path().join("repo"), top.path().join("outside"));
        fs::create_dir_all(repo.join(".git")).unwrap();
        fs::write(&outside, "old").unwrap();
        symlink("../outside", repo.join("link")).unwrap();
        symlink("..", repo.join("up")).unwrap();
        for name in ["link", "up/outside"] {
            let error = replace(&repo.join(name), b"old", b"new").unwrap_err();
            assert!(error.to_string().contains("points outside"), "{error}");
        }
        let error = write(&repo.join("up/new"), b"new").unwrap_err();
        assert!(error.to_string().contains("points outside"), "{error}");
        assert_eq!(fs::read(&outside).unwrap(), b"old");
    }
}
