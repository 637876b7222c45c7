//! Starts programs so that they end with jettison, however it ends.
//!
//! A process that nothing can catch, such as SIGKILL, has ended leaves its children behind, and a
//! `git` that waits for a FIFO would wait for ever. The kernel kills a child whose parent dies only
//! if the child has asked for it. Between `fork` and `exec` only unsafe code could ask, so jettison
//! starts itself instead, asks, and becomes the program.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::process::{Pid, getpid, getppid};

use super::system::{OWN_PROGRAM, end_with_parent};

/// The first argument of a jettison that is to become a program.
const ARGUMENT: &str = "--become-program";

/// The start of the standard error of a jettison that could not become the program; the number of
/// the error follows.
const FAILED: &[u8] = b"\0jettison: ";

/// Set in the `jettison` program. Any other program that uses the library does not know the
/// argument.
static IS_JETTISON: OnceLock<()> = OnceLock::new();

/// Becomes the program that the arguments ask for. Returns, with an exit code, only if that fails;
/// `None` if the arguments ask for nothing of the kind.
pub fn become_program(arguments: &[OsString]) -> Option<u8> {
    let _ = IS_JETTISON.set(());
    let [_, first, parent, program, rest @ ..] = arguments else {
        return None;
    };
    if first != ARGUMENT {
        return None;
    }
    let error = run(parent, program, rest);
    let number = error.raw_os_error().unwrap_or_default();
    let _ = io::stderr().write_all(&[FAILED, number.to_string().as_bytes()].concat());
    Some(127)
}

fn run(parent: &OsStr, program: &OsStr, arguments: &[OsString]) -> io::Error {
    if let Err(error) = end_with_parent() {
        return error;
    }
    // It may have died before.
    let is_alive = getppid().map(Pid::as_raw_nonzero);
    if is_alive.map(|pid| pid.to_string()).as_deref() != parent.to_str() {
        return io::Error::from_raw_os_error(Errno::SRCH.raw_os_error());
    }
    // A user who may only start jettison must not be able to start other programs through it.
    if !is_itself(parent) {
        return io::Error::from_raw_os_error(Errno::PERM.raw_os_error());
    }
    Command::new(program).args(arguments).exec()
}

/// A command that starts this very program; none in any other program that uses the library.
pub fn itself() -> Option<Command> {
    own_program().map(Command::new)
}

/// The path of this very program, if it is the `jettison` program and the kernel has such a path.
fn own_program() -> Option<&'static Path> {
    IS_JETTISON.get()?;
    let program = Path::new(OWN_PROGRAM?);
    if program.exists() {
        Some(program)
    } else {
        None
    }
}

/// Whether the parent of this process is the same program.
pub fn is_started_by_itself() -> bool {
    let parent = getppid().map(|parent| parent.as_raw_nonzero().to_string());
    parent.is_some_and(|parent| is_itself(OsStr::new(&parent)))
}

/// Whether the program of a process is this one.
fn is_itself(process: &OsStr) -> bool {
    let program = Path::new("/proc").join(process).join("exe");
    let Some(itself) = OWN_PROGRAM else {
        return false;
    };
    let (Ok(other), Ok(itself)) = (fs::metadata(program), fs::metadata(itself)) else {
        return false;
    };
    (other.dev(), other.ino()) == (itself.dev(), itself.ino())
}

/// A command that starts a program, which is killed when jettison dies.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let Some(itself) = own_program() else {
        return Command::new(program);
    };
    let mut command = Command::new(itself);
    command
        .arg(ARGUMENT)
        .arg(getpid().as_raw_nonzero().to_string())
        .arg(program);
    command
}

/// The error with which a program of [`command`] could not be started, from its standard error.
pub(super) fn failure(stderr: &[u8]) -> Option<io::Error> {
    let number = str::from_utf8(stderr.strip_prefix(FAILED)?).ok()?;
    Some(io::Error::from_raw_os_error(number.parse().ok()?))
}
