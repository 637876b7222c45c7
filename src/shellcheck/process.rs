//! The ShellCheck process, with limits, because it takes hours for some short scripts.

use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};

/// Processor time in seconds for one script, which usually takes a few hundredths of a second.
const MIN_SECONDS: u64 = 5;
/// Number of scripts per additional second.
const SCRIPTS_PER_SECOND: usize = 4;
/// Maximum size of the output in bytes: a comment takes a few hundred.
const MAX_ANSWER: u64 = 256 << 20;
/// Maximum size of the error output in bytes; only its first line is shown.
const MAX_ERRORS: u64 = 64 << 10;

/// The reason why a process returned no output.
#[derive(Debug)]
pub(super) enum ProcessError {
    Io(io::Error),
    /// It used more than so many seconds of processor time.
    Late(u64),
    /// It printed more than so many bytes.
    TooLong(u64),
}

impl From<io::Error> for ProcessError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Runs ShellCheck on a number of scripts.
pub(super) fn run(command: &mut Command, scripts: usize) -> Result<Output, ProcessError> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let limit = MIN_SECONDS + (scripts / SCRIPTS_PER_SECOND) as u64;
    limit_time(&child, limit);
    let result = read(&mut child);
    if result.is_err() || result.as_ref().is_ok_and(|(stdout, _)| is_too_long(stdout)) {
        // It may still be running, but its further output is useless.
        let _ = child.kill();
    }
    let status = child.wait()?;
    let (stdout, stderr) = result?;
    if is_too_long(&stdout) {
        return Err(ProcessError::TooLong(MAX_ANSWER));
    }
    let late = [Signal::XCPU, Signal::KILL].map(Signal::as_raw);
    if status.signal().is_some_and(|signal| late.contains(&signal)) {
        return Err(ProcessError::Late(limit));
    }
    Ok(Output {
        status,
        stdout,
        stderr,
    })
}

/// Limits the processor time of a process, rather than the elapsed time, which depends on the load
/// of the machine. The kernel enforces the limit even if jettison is killed.
fn limit_time(child: &Child, seconds: u64) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let limit = Rlimit {
            current: Some(seconds),
            maximum: Some(seconds + 1),
        };
        // It fails for a process that has ended already.
        let _ = prlimit(Some(pid), Resource::Cpu, limit);
    }
}

/// Reads both outputs at the same time: a program that waits for one to be read would never close
/// the other.
fn read(child: &mut Child) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let errors = thread::spawn(move || at_most(stderr, MAX_ERRORS));
    let answer = at_most(stdout, MAX_ANSWER + 1)?;
    let errors = errors.join().unwrap_or_else(|_| Ok(Vec::new()))?;
    Ok((answer, errors))
}

fn at_most(output: Option<impl Read>, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(output) = output {
        output.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn is_too_long(answer: &[u8]) -> bool {
    answer.len() as u64 > MAX_ANSWER
}
