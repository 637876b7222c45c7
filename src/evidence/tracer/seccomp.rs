//! The system calls of seccomp user notifications, which no crate offers without the C library
//! libseccomp: everything `unsafe` about the tracer is in this file.

use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use libc::{c_int, c_ulong, seccomp_data, sock_filter, sock_fprog};

/// A call that waits for an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Notification {
    pub(super) id: u64,
    /// The thread that makes it, in the tracer's PID namespace.
    pub(super) thread: u32,
    pub(super) number: i64,
    pub(super) arguments: [u64; 6],
}

/// Reports the given system calls of this thread, and of all that it starts, to the descriptor that
/// is returned. `refused` fails as if the kernel did not have it.
///
/// # Errors
///
/// Fails without `no_new_privs`, on kernels before 5.5, and if a filter with a listener is already
/// in place.
pub(super) fn install(reported: &[i64], refused: &[i64]) -> io::Result<OwnedFd> {
    let filter = program(reported, refused)?;
    // With the second flag (Linux 5.19), a signal does not interrupt a call that is being looked
    // at: Go's scheduler sends thousands a second.
    let plain = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    match load(
        &filter,
        plain | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
    ) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => load(&filter, plain),
        result => result,
    }
}

#[allow(unsafe_code, reason = "no crate has this call")]
fn load(filter: &[sock_filter], flags: c_ulong) -> io::Result<OwnedFd> {
    let program = sock_fprog {
        len: u16::try_from(filter.len()).map_err(io::Error::other)?,
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel reads `program` and the `len` instructions behind it, and writes nothing.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const program,
        )
    };
    let descriptor = c_int::try_from(result).map_err(io::Error::other)?;
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: with NEW_LISTENER, a result that is no error is a new descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Waits for the next call. `None` if its process was killed in the meantime.
#[allow(unsafe_code, reason = "no crate has this call")]
pub(super) fn receive(listener: &OwnedFd) -> io::Result<Option<Notification>> {
    // The kernel refuses a structure that is not zero.
    let mut raw = libc::seccomp_notif {
        id: 0,
        pid: 0,
        flags: 0,
        data: seccomp_data {
            nr: 0,
            arch: 0,
            instruction_pointer: 0,
            args: [0; 6],
        },
    };
    // SAFETY: the kernel writes one structure of this type.
    let result = unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_RECV,
            &raw mut raw,
        )
    };
    if result < 0 {
        let error = io::Error::last_os_error();
        return match error.raw_os_error() {
            Some(libc::ENOENT | libc::EINTR) => Ok(None),
            _ => Err(error),
        };
    }
    Ok(Some(Notification {
        id: raw.id,
        thread: raw.pid,
        number: raw.data.nr.into(),
        arguments: raw.data.args,
    }))
}

/// Whether the call still waits, so that what was read from its thread in the meantime was its own.
#[allow(unsafe_code, reason = "no crate has this call")]
pub(super) fn is_waiting(listener: &OwnedFd, id: u64) -> bool {
    // SAFETY: the kernel reads one number of 64 bits.
    let result = unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_ID_VALID,
            &raw const id,
        )
    };
    result == 0
}

/// Lets the kernel run the call. A process that was killed in the meantime needs no answer.
#[allow(unsafe_code, reason = "no crate has this call")]
pub(super) fn proceed(listener: &OwnedFd, id: u64) {
    let mut answer = libc::seccomp_notif_resp {
        id,
        val: 0,
        error: 0,
        // The constant has the type of an argument of `seccomp`, not that of the field.
        flags: 1,
    };
    // SAFETY: the kernel reads one structure of this type.
    unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_SEND,
            &raw mut answer,
        );
    }
}

/// The architecture whose calls are reported, as the audit system numbers it.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;
#[cfg(target_arch = "riscv64")]
const ARCHITECTURE: u32 = 0xc000_00f3;
/// Other architectures are not supported: a filter for this one never matches.
#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
)))]
const ARCHITECTURE: u32 = 0;

/// `BPF_LD | BPF_W | BPF_ABS`: loads a word of the call's data.
const LOAD: u16 = 0x20;
/// `BPF_JMP | BPF_JEQ | BPF_K`: skips instructions, depending on equality.
const JUMP_IF_EQUAL: u16 = 0x15;
/// `BPF_RET | BPF_K`.
const RETURN: u16 = 0x06;
/// Offsets of `nr` and `arch` in the call's data.
const NUMBER_AT: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;

/// An instruction that does not jump.
fn plain(code: u16, value: u32) -> sock_filter {
    sock_filter {
        code,
        jt: 0,
        jf: 0,
        k: value,
    }
}

/// Compares with a value, and skips instructions if it is equal, or if it is not.
fn jump(value: u32, if_equal: u8, if_not: u8) -> sock_filter {
    sock_filter {
        code: JUMP_IF_EQUAL,
        jt: if_equal,
        jf: if_not,
        k: value,
    }
}

/// A BPF program: a comparison a call, and the return values at the end.
fn program(reported: &[i64], refused: &[i64]) -> io::Result<Vec<sock_filter>> {
    let mut program = vec![
        plain(LOAD, ARCHITECTURE_AT),
        jump(ARCHITECTURE, 1, 0),
        // Calls of 32-bit programs have other numbers.
        plain(RETURN, libc::SECCOMP_RET_ALLOW),
        plain(LOAD, NUMBER_AT),
    ];
    let unsupported = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
    let answers = [
        (reported, libc::SECCOMP_RET_USER_NOTIF),
        (refused, unsupported),
    ];
    for (numbers, answer) in answers {
        for &number in numbers {
            let number = u32::try_from(number).map_err(io::Error::other)?;
            program.push(jump(number, 0, 1));
            program.push(plain(RETURN, answer));
        }
    }
    program.push(plain(RETURN, libc::SECCOMP_RET_ALLOW));
    Ok(program)
}
