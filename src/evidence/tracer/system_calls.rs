//! The system calls with paths: where in their arguments the path is, and what is done with it.

use libc::c_long;

/// A path in the arguments of a system call.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathArgument {
    pub(super) number: c_long,
    /// The argument with the descriptor of the directory that a relative path starts at; `None` for
    /// the working directory.
    pub(super) directory: Option<usize>,
    pub(super) path: usize,
    pub(super) usage: Usage,
}

/// The use that a call makes of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    Execute,
    /// Opens it with the flags in this argument.
    Open(usize),
    /// Opens it with the flags at the address in this argument (`openat2`).
    OpenHow(usize),
    /// Asks for it, or changes it.
    LookUp,
    /// The same without following a last symlink.
    LookUpLink,
    /// The same, depending on `AT_SYMLINK_NOFOLLOW` in this argument.
    LookUpFlags(usize),
    /// Creates it, so that its directory must exist.
    Create,
}

const fn call(number: c_long, path: usize, usage: Usage) -> PathArgument {
    PathArgument {
        number,
        directory: None,
        path,
        usage,
    }
}

const fn call_at(number: c_long, directory: usize, usage: Usage) -> PathArgument {
    PathArgument {
        number,
        directory: Some(directory),
        // In every call of this family, the path follows its directory.
        path: directory + 1,
        usage,
    }
}

/// The calls of all architectures.
const COMMON: &[PathArgument] = &[
    call(libc::SYS_execve, 0, Usage::Execute),
    call_at(libc::SYS_execveat, 0, Usage::Execute),
    call_at(libc::SYS_openat, 0, Usage::Open(2)),
    call_at(libc::SYS_openat2, 0, Usage::OpenHow(2)),
    call_at(libc::SYS_statx, 0, Usage::LookUpFlags(2)),
    call_at(libc::SYS_newfstatat, 0, Usage::LookUpFlags(3)),
    call_at(libc::SYS_faccessat, 0, Usage::LookUp),
    call_at(libc::SYS_faccessat2, 0, Usage::LookUpFlags(3)),
    call_at(libc::SYS_readlinkat, 0, Usage::LookUpLink),
    call_at(libc::SYS_fchmodat, 0, Usage::LookUp),
    call_at(libc::SYS_fchownat, 0, Usage::LookUpFlags(4)),
    call_at(libc::SYS_utimensat, 0, Usage::LookUpFlags(3)),
    call_at(libc::SYS_unlinkat, 0, Usage::LookUpLink),
    call_at(libc::SYS_mkdirat, 0, Usage::Create),
    call_at(libc::SYS_mknodat, 0, Usage::Create),
    call_at(libc::SYS_symlinkat, 1, Usage::Create),
    call_at(libc::SYS_linkat, 0, Usage::LookUpLink),
    call_at(libc::SYS_linkat, 2, Usage::Create),
    call_at(libc::SYS_renameat2, 0, Usage::LookUpLink),
    call_at(libc::SYS_renameat2, 2, Usage::Create),
    call_at(libc::SYS_inotify_add_watch, 0, Usage::LookUp),
    call(libc::SYS_chdir, 0, Usage::LookUp),
    call(libc::SYS_chroot, 0, Usage::LookUp),
    call(libc::SYS_statfs, 0, Usage::LookUp),
    call(libc::SYS_truncate, 0, Usage::LookUp),
    call(libc::SYS_setxattr, 0, Usage::LookUp),
    call(libc::SYS_getxattr, 0, Usage::LookUp),
    call(libc::SYS_lgetxattr, 0, Usage::LookUpLink),
    call(libc::SYS_listxattr, 0, Usage::LookUp),
];

/// The calls that newer architectures do not have: each has a successor above.
#[cfg(target_arch = "x86_64")]
const OLDER: &[PathArgument] = &[
    call(libc::SYS_open, 0, Usage::Open(1)),
    call(libc::SYS_creat, 0, Usage::Create),
    call(libc::SYS_stat, 0, Usage::LookUp),
    call(libc::SYS_lstat, 0, Usage::LookUpLink),
    call(libc::SYS_access, 0, Usage::LookUp),
    call(libc::SYS_readlink, 0, Usage::LookUpLink),
    call(libc::SYS_chmod, 0, Usage::LookUp),
    call(libc::SYS_chown, 0, Usage::LookUp),
    call(libc::SYS_lchown, 0, Usage::LookUpLink),
    call(libc::SYS_utime, 0, Usage::LookUp),
    call(libc::SYS_utimes, 0, Usage::LookUp),
    call_at(libc::SYS_futimesat, 0, Usage::LookUp),
    call(libc::SYS_unlink, 0, Usage::LookUpLink),
    call(libc::SYS_rmdir, 0, Usage::LookUpLink),
    call(libc::SYS_mkdir, 0, Usage::Create),
    call(libc::SYS_mknod, 0, Usage::Create),
    call(libc::SYS_symlink, 1, Usage::Create),
    call(libc::SYS_link, 0, Usage::LookUpLink),
    call(libc::SYS_link, 1, Usage::Create),
    call(libc::SYS_rename, 0, Usage::LookUpLink),
    call(libc::SYS_rename, 1, Usage::Create),
    call_at(libc::SYS_renameat, 0, Usage::LookUpLink),
    call_at(libc::SYS_renameat, 2, Usage::Create),
];
#[cfg(target_arch = "aarch64")]
const OLDER: &[PathArgument] = &[
    call_at(libc::SYS_renameat, 0, Usage::LookUpLink),
    call_at(libc::SYS_renameat, 2, Usage::Create),
];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const OLDER: &[PathArgument] = &[];

/// The paths in the arguments of a call.
pub(super) fn paths_of(number: i64) -> impl Iterator<Item = &'static PathArgument> {
    COMMON
        .iter()
        .chain(OLDER)
        .filter(move |argument| argument.number == number)
}

/// All calls with paths. The most frequent ones come first, because the filter compares one after
/// another.
pub(super) fn reported() -> Vec<i64> {
    let mut numbers: Vec<i64> = Vec::new();
    for argument in COMMON.iter().chain(OLDER) {
        let number = argument.number;
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    numbers
}

/// Calls that open files without one of the calls above. Programs that use them fall back to those.
pub(super) fn refused() -> Vec<i64> {
    vec![libc::SYS_io_uring_setup]
}
