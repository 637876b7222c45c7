//! The thread that makes a call: its memory, its directories and its program, from `/proc`.

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, openat2, statat};

/// Bytes of a path, with the final NUL.
const MAX_PATH: usize = 4096;

/// A thread that waits for the answer to a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tracee {
    thread: u32,
}

/// The state of a path before a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Directory,
    Other,
    Missing,
}

impl Tracee {
    pub(super) fn new(thread: u32) -> Self {
        Self { thread }
    }

    /// The text at an address, up to its NUL.
    pub(super) fn text(self, address: u64) -> io::Result<Vec<u8>> {
        let memory = self.memory()?;
        let mut bytes = vec![0; MAX_PATH];
        // Fewer bytes are read if the text is at the end of the mapped memory.
        let count = memory.read_at(&mut bytes, address)?;
        let Some(length) = bytes[..count].iter().position(|&byte| byte == 0) else {
            // The kernel refuses such a call as well.
            return Err(io::ErrorKind::InvalidFilename.into());
        };
        bytes.truncate(length);
        Ok(bytes)
    }

    /// The number of 64 bits at an address.
    pub(super) fn number(self, address: u64) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.memory()?.read_exact_at(&mut bytes, address)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn memory(self) -> io::Result<File> {
        File::open(self.proc("mem"))
    }

    /// The program that its process runs.
    pub(super) fn program(self) -> io::Result<Vec<u8>> {
        self.link("exe")
    }

    /// The absolute path of a path in a call; `None` if it is empty, or if its start is not a
    /// directory that has a path.
    pub(super) fn absolute(
        self,
        directory: Option<i32>,
        path: &[u8],
    ) -> io::Result<Option<Vec<u8>>> {
        // An empty path stands for the descriptor itself, which was opened before.
        if path.is_empty() {
            return Ok(None);
        }
        if path.starts_with(b"/") {
            return Ok(Some(path.to_vec()));
        }
        let start = match directory {
            None | Some(libc::AT_FDCWD) => self.link("cwd")?,
            Some(descriptor) => self.link(&format!("fd/{descriptor}"))?,
        };
        // `pipe:[1]`, or a directory that was removed.
        if !start.starts_with(b"/") || start.ends_with(b" (deleted)") {
            return Ok(None);
        }
        Ok(Some(joined(&start, path)))
    }

    /// The path of a path of the thread in the tracer's own root, and its state. The two paths
    /// differ only after a `chroot`.
    pub(super) fn look_up(self, path: &[u8], follow: bool) -> io::Result<(Vec<u8>, Target)> {
        let root = self.link("root")?;
        if root == b"/" {
            return Ok((path.to_vec(), state(path, follow)));
        }
        self.look_up_in(&root, path, follow)
    }

    fn look_up_in(self, root: &[u8], path: &[u8], follow: bool) -> io::Result<(Vec<u8>, Target)> {
        let directory = File::open(self.proc("root"))?;
        let mut flags = OFlags::PATH | OFlags::CLOEXEC;
        if !follow {
            flags |= OFlags::NOFOLLOW;
        }
        // Absolute symlinks start at the root of the thread.
        let found = openat2(directory, path, flags, Mode::empty(), ResolveFlags::IN_ROOT);
        let Ok(found) = found else {
            return Ok((joined(root, path), Target::Missing));
        };
        let descriptor = std::os::fd::AsRawFd::as_raw_fd(&found);
        let real = fs::read_link(format!("/proc/self/fd/{descriptor}"))?;
        let real = real.into_os_string().into_vec();
        let target = state(&real, false);
        Ok((real, target))
    }

    fn link(self, name: &str) -> io::Result<Vec<u8>> {
        let target = fs::read_link(self.proc(name))?;
        Ok(target.into_os_string().into_vec())
    }

    fn proc(self, name: &str) -> String {
        format!("/proc/{}/{name}", self.thread)
    }
}

fn joined(start: &[u8], path: &[u8]) -> Vec<u8> {
    let start = start.strip_suffix(b"/").unwrap_or(start);
    let path = path.strip_prefix(b"/").unwrap_or(path);
    [start, b"/", path].concat()
}

fn state(path: &[u8], follow: bool) -> Target {
    let flags = if follow {
        AtFlags::empty()
    } else {
        AtFlags::SYMLINK_NOFOLLOW
    };
    let path = Path::new(std::ffi::OsStr::from_bytes(path));
    match statat(CWD, path, flags) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => {
            Target::Directory
        }
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Target::Missing,
        // A path that the tracer may not look at exists for a program that may.
        _ => Target::Other,
    }
}
