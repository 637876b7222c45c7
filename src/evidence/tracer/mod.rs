//! Recording the files that a program and its descendants use, from inside its container.
//!
//! The tracer is jettison itself, mounted into the container as its entry point. It starts the
//! image's own program as a child, under a seccomp filter that reports every system call with a
//! path to the tracer before the kernel runs it (a *user notification*, Linux 5.5). The tracer
//! records the path and whether it exists, and lets the call continue. Compared with ptrace,
//! signals, threads, debuggers and exit statuses are left alone, and there is one stop per call
//! instead of two.
//!
//! Limits, which the guide lists too: the kernel requires `no_new_privs`, so setuid programs do not
//! gain privileges for a user other than root; 32-bit programs and files that the kernel opens
//! itself (the interpreter of a script, the loader of a program) are not reported; and `io_uring`
//! is reported as unsupported, because its requests are not system calls.

mod observer;
mod recorder;
mod results;
mod seccomp;
mod supervisor;
mod system_calls;
mod tracee;

pub use results::{ResultsError, results};
pub use supervisor::{ARGUMENT, TraceError, run, trace_program};

/// The directory in the container under which everything of the tracer is mounted. What happens
/// below it, or in a directory whose name starts with it, is not recorded.
pub const DIRECTORY: &str = "/.jettison";

/// The directory in the container to which records are written.
pub const RESULTS: &str = "/.jettison-results";
