//! Starts the program under the filter, and is what the first process of a container has to be:
//! passes signals on, reaps orphans, and ends with the program's status.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, Sender};
use std::thread;

use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, kill_process, set_child_subreaper, wait,
};
use rustix::thread::{
    CapabilitySet, clear_ambient_capability_set, remove_capability_from_bounding_set,
    set_no_new_privs,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;

use super::observer::observe;
use super::recorder::Recorder;
use super::{seccomp, system_calls};

/// The first argument of a jettison that is to trace a program.
pub const ARGUMENT: &str = "--trace-program";

/// Traces the program that the arguments ask for, and returns its exit status. `None` if the
/// arguments ask for nothing of the kind.
pub fn trace_program(arguments: &[OsString]) -> Option<u8> {
    let [_, first, results, program @ ..] = arguments else {
        return None;
    };
    if first != ARGUMENT {
        return None;
    }
    Some(run(program, Path::new(results)).unwrap_or_else(|error| {
        let source = std::error::Error::source(&error);
        let cause = source.map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(io::stderr(), "jettison: {error}: {cause}");
        error.exit_status()
    }))
}

/// Signals that are passed on to the program.
const PASSED_ON: [i32; 7] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH];

/// Those that a terminal sends to the program itself.
const OF_TERMINAL: [i32; 3] = [SIGINT, SIGQUIT, SIGWINCH];

/// The reason why a program could not be traced.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error("there is no program to start")]
    NoProgram,
    #[error("cannot write records")]
    Results(#[source] io::Error),
    #[error("cannot install a seccomp filter that reports system calls (Linux 5.5)")]
    Filter(#[source] io::Error),
    #[error("cannot start `{0}`")]
    Start(String, #[source] io::Error),
    #[error("cannot wait for the program")]
    Wait(#[source] io::Error),
}

impl TraceError {
    /// The exit status by which shells and container engines tell these apart.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Start(_, error) if error.kind() == io::ErrorKind::NotFound => 127,
            Self::Start(..) => 126,
            _ => 125,
        }
    }
}

/// Runs a program to its end, with its own standard streams, and records what it and its
/// descendants use in a new file in `results`. Returns its exit status; for a program that a signal
/// ended, 128 and the number of the signal.
pub fn run(program: &[OsString], results: &Path) -> Result<u8, TraceError> {
    let Some((name, arguments)) = program.split_first() else {
        return Err(TraceError::NoProgram);
    };
    let mut recorder = Recorder::create(results).map_err(TraceError::Results)?;
    // Orphans stay descendants of the tracer even if another process is the container's first:
    // otherwise, Yama would not let it read them.
    let _ = set_child_subreaper(Some(rustix::process::getpid()));
    let signals = Signals::new(PASSED_ON).map_err(TraceError::Wait)?;
    let mut command = Command::new(name);
    command.args(arguments);
    let (sender, listener) = mpsc::channel();
    let launcher = thread::spawn(move || launch(&mut command, &sender));
    // The launcher's own calls wait for answers from here on.
    if let Ok(listener) = listener.recv() {
        thread::spawn(move || observe(&listener, &mut recorder));
    }
    let pid = match launcher.join() {
        Ok(result) => result.map_err(|error| error.named(name))?,
        Err(panic) => std::panic::resume_unwind(panic),
    };
    thread::spawn(move || pass_on(signals, pid));
    wait_for(pid).map_err(TraceError::Wait)
}

/// The step at which a program could not be started.
enum LaunchError {
    Filter(io::Error),
    Start(io::Error),
}

impl LaunchError {
    fn named(self, program: &OsString) -> TraceError {
        match self {
            Self::Filter(error) => TraceError::Filter(error),
            Self::Start(error) => TraceError::Start(program.to_string_lossy().into_owned(), error),
        }
    }
}

/// Puts this thread under the filter, which the program inherits. Filters belong to threads, so the
/// others of the tracer are not affected.
fn launch(command: &mut Command, listener: &Sender<OwnedFd>) -> Result<Pid, LaunchError> {
    give_up_capability();
    set_no_new_privs(true).map_err(|error| LaunchError::Filter(error.into()))?;
    let descriptor = seccomp::install(&system_calls::reported(), &system_calls::refused())
        .map_err(LaunchError::Filter)?;
    // The receiver waits for exactly this.
    let _ = listener.send(descriptor);
    let child = command.spawn().map_err(LaunchError::Start)?;
    let id =
        i32::try_from(child.id()).map_err(|error| LaunchError::Start(io::Error::other(error)))?;
    Pid::from_raw(id).ok_or_else(|| LaunchError::Start(io::ErrorKind::InvalidData.into()))
}

/// The container is started with the capability to read other users' processes, which is for the
/// tracer and not for the program. It is no loss if there is none.
fn give_up_capability() {
    let _ = clear_ambient_capability_set();
    let _ = remove_capability_from_bounding_set(CapabilitySet::SYS_PTRACE);
}

fn pass_on(mut signals: Signals, pid: Pid) {
    let has_terminal = io::stdin().is_terminal();
    for number in signals.forever() {
        if has_terminal && OF_TERMINAL.contains(&number) {
            continue;
        }
        if let Some(signal) = Signal::from_named_raw(number) {
            // A program that has just ended needs no signal.
            let _ = kill_process(pid, signal);
        }
    }
}

/// Reaps children, including orphans, until the program ends.
fn wait_for(program: Pid) -> io::Result<u8> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == program => return Ok(exit_status(status)),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn exit_status(status: WaitStatus) -> u8 {
    let number = match (status.exit_status(), status.terminating_signal()) {
        (Some(status), _) => status,
        (None, Some(signal)) => 128 + signal,
        (None, None) => 125,
    };
    u8::try_from(number).unwrap_or(u8::MAX)
}
