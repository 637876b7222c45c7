//! System calls that only Linux has, and what replaces them elsewhere.
//!
//! The replacements are weaker against another process that changes a repository at the same time,
//! and a program can outlive a jettison that was killed. `--cfg jettison_portable` compiles them on
//! Linux too, so that they can be tested there.

#[cfg(all(target_os = "linux", not(jettison_portable)))]
pub(super) use linux::{OWN_PROGRAM, PASSING, end_with_parent, limit};
#[cfg(all(target_os = "linux", not(jettison_portable)))]
pub use linux::{descriptors, open_without_symlinks};

#[cfg(not(all(target_os = "linux", not(jettison_portable))))]
pub(super) use portable::{OWN_PROGRAM, PASSING, end_with_parent, limit};
#[cfg(not(all(target_os = "linux", not(jettison_portable))))]
pub use portable::{descriptors, open_without_symlinks};

/// A limit of a program, in the unit of its resource.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    CoreFile(u64),
    ProcessorSeconds(u64),
    Memory(u64),
}

#[cfg(all(target_os = "linux", not(jettison_portable)))]
mod linux {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
    use rustix::io::Errno;
    use rustix::process::{
        Pid, Resource, Rlimit, Signal, prlimit, set_parent_process_death_signal,
    };

    use crate::trust::system::Limit;

    /// Opens a directory to pass through it, which needs no permission to list it.
    pub(crate) const PASSING: OFlags = OFlags::PATH;

    /// This very program, even if another version has been installed in its place.
    pub(crate) const OWN_PROGRAM: Option<&str> = Some("/proc/self/exe");

    /// The directory in which each descriptor of this process has a path; `None` if it is not
    /// mounted.
    pub fn descriptors() -> Option<&'static Path> {
        let directory = Path::new("/proc/self/fd");
        if directory.is_dir() {
            Some(directory)
        } else {
            None
        }
    }

    /// Opens a path of which no component is a symlink.
    pub fn open_without_symlinks(path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        match openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
            // Linux before 5.6, or a sandbox that does not support the call.
            Err(Errno::NOSYS | Errno::PERM) => Ok(rustix::fs::open(
                path,
                flags | OFlags::NOFOLLOW,
                Mode::empty(),
            )?),
            opened => Ok(opened?),
        }
    }

    /// Makes the kernel kill this process when its parent dies.
    pub(crate) fn end_with_parent() -> io::Result<()> {
        Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
    }

    /// Sets a limit of a program that runs. It fails for a program that has ended already.
    pub(crate) fn limit(program: Option<Pid>, limit: Limit) {
        let (resource, current, maximum) = match limit {
            Limit::CoreFile(bytes) => (Resource::Core, bytes, bytes),
            Limit::ProcessorSeconds(seconds) => (Resource::Cpu, seconds, seconds + 1),
            Limit::Memory(bytes) => (Resource::Data, bytes, bytes),
        };
        let limit = Rlimit {
            current: Some(current),
            maximum: Some(maximum),
        };
        let _ = prlimit(program, resource, limit);
    }
}

#[cfg(not(all(target_os = "linux", not(jettison_portable))))]
mod portable {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::{Mode, OFlags};
    use rustix::process::Pid;

    use crate::trust::system::Limit;

    /// Opens a directory to pass through it, which needs the permission to list it.
    pub(crate) const PASSING: OFlags = OFlags::RDONLY;

    /// No path stands for a program that was replaced, so no process of jettison becomes another
    /// program.
    pub(crate) const OWN_PROGRAM: Option<&str> = None;

    /// Descriptors have no paths below which there are files.
    pub fn descriptors() -> Option<&'static Path> {
        None
    }

    /// Opens a path whose last component is not a symlink.
    pub fn open_without_symlinks(path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        Ok(rustix::fs::open(
            path,
            flags | OFlags::NOFOLLOW,
            Mode::empty(),
        )?)
    }

    /// Never called, since there is no [`OWN_PROGRAM`].
    pub(crate) fn end_with_parent() -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The limits of another process cannot be set. Its time and its output are still limited.
    pub(crate) fn limit(_: Option<Pid>, _: Limit) {}
}
