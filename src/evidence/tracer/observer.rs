//! Answers notifications: notes what a call does with its paths, and lets it continue.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt as _;

use super::recorder::Recorder;
use super::seccomp::{self, Notification};
use super::system_calls::{PathArgument, Usage, paths_of};
use super::tracee::{Target, Tracee};
use crate::evidence::observation::Act;

/// Stands for the program that starts the first one.
const CONTAINER: &[u8] = b"container";

/// Answers until the listener fails. A call whose process cannot be read is a loss, but the program
/// goes on.
pub(super) fn observe(listener: &OwnedFd, recorder: &mut Recorder) -> io::Result<()> {
    // Until the child of the tracer becomes the program, its program is the tracer.
    let own = std::fs::read_link("/proc/self/exe")?;
    let own = own.into_os_string().into_vec();
    loop {
        let Some(notification) = seccomp::receive(listener)? else {
            continue;
        };
        let uses = read(&notification, &own);
        // If the thread was killed while it was read, another may have its number now.
        let is_its_own = seccomp::is_waiting(listener, notification.id);
        answer(listener, &notification, recorder, is_its_own, uses);
    }
}

/// Records before it answers: a program may end its container with the next call.
fn answer(
    listener: &OwnedFd,
    notification: &Notification,
    recorder: &mut Recorder,
    is_its_own: bool,
    uses: io::Result<Vec<PathUse>>,
) {
    if is_its_own {
        // If the disk is full, the program still has to go on.
        let _ = match uses {
            Ok(uses) => record(recorder, &uses),
            Err(_) => recorder.record_loss(),
        };
    }
    seccomp::proceed(listener, notification.id);
}

/// A path with what a program does with it.
#[derive(Debug)]
struct PathUse {
    act: Act,
    path: Vec<u8>,
    program: Vec<u8>,
}

fn record(recorder: &mut Recorder, uses: &[PathUse]) -> io::Result<()> {
    for PathUse { act, path, program } in uses {
        recorder.record(*act, path, program)?;
    }
    Ok(())
}

/// The uses of the paths of a call.
fn read(notification: &Notification, own: &[u8]) -> io::Result<Vec<PathUse>> {
    let tracee = Tracee::new(notification.thread);
    let mut uses = Vec::new();
    for argument in paths_of(notification.number) {
        match path_use(notification, argument, tracee, own) {
            Ok(found) => uses.extend(found),
            // A null pointer or an unmapped address: the kernel will refuse the call.
            Err(error) if is_of_the_call(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(uses)
}

fn is_of_the_call(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidFilename
        || matches!(
            error.raw_os_error(),
            Some(libc::EIO | libc::EFAULT | libc::ENOENT)
        )
}

fn path_use(
    notification: &Notification,
    argument: &PathArgument,
    tracee: Tracee,
    own: &[u8],
) -> io::Result<Option<PathUse>> {
    let arguments = &notification.arguments;
    let path = tracee.text(arguments[argument.path])?;
    // Descriptors are signed numbers of 32 bits.
    let directory = argument.directory.map(|index| low_bits(arguments[index]));
    let Some(path) = tracee.absolute(directory, &path)? else {
        return Ok(None);
    };
    let way = Way::of(argument.usage, arguments, tracee)?;
    let (path, target) = tracee.look_up(&path, way.follows)?;
    let program = tracee.program()?;
    let program = if program == own {
        CONTAINER.to_vec()
    } else {
        program
    };
    Ok(Some(PathUse {
        act: way.act(target),
        path,
        program,
    }))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "the kernel ignores the upper half of such an argument"
)]
fn low_bits(argument: u64) -> i32 {
    argument as u32 as i32
}

/// How a call uses its path.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// The use, if the path exists.
    act: Act,
    /// It creates the path if it does not exist.
    creates: bool,
    /// It follows a symlink in the last place.
    follows: bool,
}

impl Way {
    fn of(usage: Usage, arguments: &[u64; 6], tracee: Tracee) -> io::Result<Self> {
        let looked_up = Self {
            act: Act::LookedUp,
            creates: false,
            follows: true,
        };
        Ok(match usage {
            Usage::Execute => Self {
                act: Act::Executed,
                ..looked_up
            },
            Usage::Open(index) => Self::of_flags(low_bits(arguments[index])),
            Usage::OpenHow(index) => Self::of_flags(low_bits(tracee.number(arguments[index])?)),
            Usage::LookUp => looked_up,
            Usage::LookUpLink => Self {
                follows: false,
                ..looked_up
            },
            Usage::LookUpFlags(index) => Self {
                follows: low_bits(arguments[index]) & libc::AT_SYMLINK_NOFOLLOW == 0,
                ..looked_up
            },
            Usage::Create => Self {
                creates: true,
                follows: false,
                ..looked_up
            },
        })
    }

    fn of_flags(flags: i32) -> Self {
        Self {
            act: Act::Opened,
            creates: flags & libc::O_CREAT != 0,
            follows: flags & libc::O_NOFOLLOW == 0,
        }
    }

    fn act(self, target: Target) -> Act {
        match target {
            Target::Missing if self.creates => Act::Created,
            Target::Missing => Act::Missing,
            // Whatever a program does with an open directory, it needs its entries for.
            Target::Directory if self.act == Act::Opened => Act::Listed,
            _ => self.act,
        }
    }
}
