//! Programs that jettison starts, within limits: their input may come from a repository, and a
//! program that waits for a FIFO there would never end.

use std::collections::BTreeSet;
use std::io::{self, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::launcher;
use super::system::{self, Limit};

/// Limits of a program.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Time on a clock until it has ended.
    pub time: Duration,
    /// Seconds of processor time.
    pub processor: Option<u64>,
    /// Bytes of memory that it may write to.
    pub memory: Option<u64>,
    /// Bytes of its standard output.
    pub output: u64,
}

/// Bytes of standard error that are stored. Only a line of it is ever shown; the rest is read and
/// dropped.
const MAX_ERRORS: u64 = 64 << 10;
/// The time in which the pipes of a program that was killed must be closed.
const GRACE: Duration = Duration::from_secs(1);

/// A program that has ended within its limits.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    /// The first 64 KiB.
    pub stderr: Vec<u8>,
    /// Processor time of the program itself, as exact as the kernel counts it.
    pub processor: Duration,
}

/// The reason why a program was stopped, or could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    #[error("cannot start it: {0}")]
    Start(#[source] io::Error),
    #[error("cannot read its output: {0}")]
    Read(#[source] io::Error),
    #[error("it did not finish within {} seconds", .0.as_secs())]
    Late(Duration),
    #[error("its output has more than {0} bytes")]
    TooLong(u64),
}

/// Is told about the process groups of programs, so that it can kill them if jettison can not.
pub trait GroupWatcher {
    fn started(&self, leader: Pid);
    /// It has ended, or was killed. Afterwards, its number may belong to another group.
    fn ended(&self, leader: Pid);
    /// Whether the program is left to end by itself if a signal ends jettison, because it would
    /// leave its work half done.
    fn lets_finish(&self) -> bool {
        false
    }
}

/// For programs that start no others that could outlive them.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl GroupWatcher for Unwatched {
    fn started(&self, _: Pid) {}
    fn ended(&self, _: Pid) {}
}

/// Runs a program with the given standard input to its end. It gets a process group of its own,
/// which is killed, with all that the program has started, if the program exceeds a limit or a
/// signal ends jettison.
pub fn run_within(
    command: &mut Command,
    input: &[u8],
    bounds: &Bounds,
) -> Result<Finished, ChildError> {
    run_watched(command, input, bounds, &Unwatched)
}

/// Runs a program as [`run_within`] does, and tells a watcher about its process group.
pub fn run_watched(
    command: &mut Command,
    input: &[u8],
    bounds: &Bounds,
    watcher: &dyn GroupWatcher,
) -> Result<Finished, ChildError> {
    let end = Instant::now() + bounds.time;
    let stdin = if input.is_empty() {
        Stdio::null()
    } else {
        Stdio::piped()
    };
    command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut group = Group::start(command, watcher)?;
    group.limit(bounds);
    let events = group.watch(input, bounds);
    let outcome = wait(&events, bounds, end);
    if outcome.is_err() {
        group.kill();
        // The readers end with the pipes. A process that has left the group may keep them open.
        while let Ok(event) = events.recv_timeout(GRACE) {
            if matches!(event, Event::Ended) {
                break;
            }
        }
    }
    let processor = group.processor_time();
    // Until it is reaped, its number is its own.
    if let Some(leader) = group.leader {
        watcher.ended(leader);
    }
    let status = group.reap()?;
    let (stdout, stderr) = outcome?;
    if let Some(error) = launcher::failure(&stderr) {
        return Err(ChildError::Start(error));
    }
    Ok(Finished {
        status,
        stdout,
        stderr,
        processor,
    })
}

/// Reports of the threads around a program.
enum Event {
    Output(io::Result<Vec<u8>>),
    Errors(Vec<u8>),
    /// It has ended, and is not reaped yet.
    Ended,
}

/// Waits for the end of a program and of its outputs.
fn wait(
    events: &Receiver<Event>,
    bounds: &Bounds,
    end: Instant,
) -> Result<(Vec<u8>, Vec<u8>), ChildError> {
    let (mut output, mut errors, mut has_ended) = (None, None, false);
    while output.is_none() || errors.is_none() || !has_ended {
        let left = end.saturating_duration_since(Instant::now());
        match events.recv_timeout(left) {
            Ok(Event::Output(read)) => {
                let bytes = read.map_err(ChildError::Read)?;
                // It may still print output that nobody would read.
                if bytes.len() as u64 > bounds.output {
                    return Err(ChildError::TooLong(bounds.output));
                }
                output = Some(bytes);
            }
            Ok(Event::Errors(bytes)) => errors = Some(bytes),
            Ok(Event::Ended) => has_ended = true,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Err(ChildError::Late(bounds.time));
            }
        }
    }
    Ok((output.unwrap_or_default(), errors.unwrap_or_default()))
}

/// A program that runs, as the leader of its process group.
struct Group {
    child: Child,
    leader: Option<Pid>,
}

impl Group {
    fn start(command: &mut Command, watcher: &dyn GroupWatcher) -> Result<Self, ChildError> {
        end_with_jettison();
        // A signal that arrives while the program starts waits until it is known.
        let mut running = running();
        let child = command.spawn().map_err(ChildError::Start)?;
        let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        if let Some(leader) = leader {
            watcher.started(leader);
            if !watcher.lets_finish() {
                running.insert(leader.as_raw_nonzero());
            }
        }
        drop(running);
        Ok(Self { child, leader })
    }

    /// Sets the limits that the kernel keeps, even if jettison is killed.
    fn limit(&self, bounds: &Bounds) {
        // A program that is killed for its size leaves no core file.
        system::limit(self.leader, Limit::CoreFile(0));
        if let Some(seconds) = bounds.processor {
            system::limit(self.leader, Limit::ProcessorSeconds(seconds));
        }
        if let Some(bytes) = bounds.memory {
            system::limit(self.leader, Limit::Memory(bytes));
        }
    }

    /// Starts the threads that write its input, read its outputs and wait for its end. Each call
    /// blocks, so each gets a thread.
    fn watch(&mut self, input: &[u8], bounds: &Bounds) -> Receiver<Event> {
        let (sender, receiver) = mpsc::channel();
        if let Some(mut stdin) = self.child.stdin.take() {
            let input = input.to_owned();
            // A program may answer without reading; then this fails, and that is fine.
            thread::spawn(move || stdin.write_all(&input));
        }
        if let Some(stdout) = self.child.stdout.take() {
            let limit = bounds.output + 1;
            report(&sender, move || {
                let mut bytes = Vec::new();
                let read = stdout.take(limit).read_to_end(&mut bytes);
                Event::Output(read.map(|_| bytes))
            });
        }
        if let Some(mut stderr) = self.child.stderr.take() {
            report(&sender, move || {
                let mut bytes = Vec::new();
                let _ = stderr.by_ref().take(MAX_ERRORS).read_to_end(&mut bytes);
                // A program whose messages are not read would wait forever.
                let _ = io::copy(&mut stderr, &mut io::sink());
                Event::Errors(bytes)
            });
        }
        if let Some(leader) = self.leader {
            report(&sender, move || {
                // It is not reaped, so that its number stays the number of its group.
                let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
                while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(leader), options) {}
                Event::Ended
            });
        }
        receiver
    }

    fn kill(&self) {
        if let Some(leader) = self.leader {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }

    /// The processor time of a program that has not been reaped. Zero if the kernel does not report
    /// it.
    fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.unwrap_or_default();
        // The name of the program, in parentheses, may contain anything. The times of the user and
        // the system are fields 14 and 15, in hundredths of a second on every machine.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let times = fields.split_whitespace().skip(11).take(2);
        Duration::from_millis(10 * times.flat_map(str::parse::<u64>).sum::<u64>())
    }

    /// Waits for a program that has ended or was killed.
    fn reap(mut self) -> Result<ExitStatus, ChildError> {
        self.forget();
        self.child.wait().map_err(ChildError::Read)
    }

    /// Its number may belong to another program once it is reaped.
    fn forget(&self) {
        if let Some(leader) = self.leader {
            running().remove(&leader.as_raw_nonzero());
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.forget();
    }
}

fn report(sender: &Sender<Event>, task: impl FnOnce() -> Event + Send + 'static) {
    let sender = sender.clone();
    // If the program was given up, the receiver no longer exists.
    thread::spawn(move || sender.send(task()));
}

/// The process groups of all programs that run.
static RUNNING: Mutex<BTreeSet<std::num::NonZeroI32>> = Mutex::new(BTreeSet::new());

fn running() -> MutexGuard<'static, BTreeSet<std::num::NonZeroI32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

type Task = Box<dyn FnOnce() + Send>;

/// The task to complete before a signal ends jettison.
static AT_SIGNAL: Mutex<Option<Task>> = Mutex::new(None);

/// Sets a task that is completed if a signal ends jettison, before its programs are killed.
pub fn before_signal_ends(task: Task) {
    end_with_jettison();
    *AT_SIGNAL.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
}

/// Makes the signals that end jettison end its programs too: a terminal sends them to the
/// foreground group only, which the programs are not in.
fn end_with_jettison() {
    static START: Once = Once::new();
    START.call_once(|| {
        let mut caught = vec![SIGHUP, SIGINT, SIGTERM];
        // `nohup` and shells make their jobs ignore some of these, and jettison continues to ignore
        // them.
        caught.retain(|signal| !is_ignored(*signal));
        // Without the handler, the limits of each program still end it.
        if let Ok(mut signals) = Signals::new(caught) {
            thread::spawn(move || {
                for signal in &mut signals {
                    // No program starts from here on, as the list stays locked.
                    let running = running();
                    let task = AT_SIGNAL
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .take();
                    if let Some(task) = task {
                        task();
                    }
                    for leader in running.iter() {
                        if let Some(leader) = Pid::from_raw(leader.get()) {
                            let _ = kill_process_group(leader, Signal::KILL);
                        }
                    }
                    let _ = emulate_default_handler(signal);
                }
            });
        }
    });
}

/// Whether this process ignores a signal, as the kernel reports it.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        time: Duration::from_mins(1),
        processor: None,
        memory: None,
        output: 1000,
    };

    fn shell(script: &str, input: &[u8], bounds: &Bounds) -> Result<Finished, ChildError> {
        run_within(Command::new("/bin/sh").args(["-c", script]), input, bounds)
    }

    #[test]
    fn a_program_gets_its_input_and_both_outputs_are_read() {
        let finished = shell("cat; echo no >&2; exit 3", b"yes", &BOUNDS).unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert_eq!(
            (&finished.stdout[..], &finished.stderr[..]),
            (&b"yes"[..], &b"no\n"[..])
        );
        let finished = shell("cat", b"", &BOUNDS).unwrap();
        assert_eq!(finished.stdout, b"");
        // More than a pipe can hold; the program never reads it.
        assert!(shell("exit 0", &vec![b'x'; 1 << 20], &BOUNDS).is_ok());
    }

    #[test]
    fn program_outputs_are_limited() {
        let error = shell("yes", b"", &BOUNDS).unwrap_err();
        assert!(matches!(error, ChildError::TooLong(1000)), "{error}");
        assert!(shell("printf %1000d 1", b"", &BOUNDS).is_ok());
        assert!(shell("printf %1001d 1", b"", &BOUNDS).is_err());
        let noisy = "i=0; while [ $i -lt 3000 ]; do printf %100d 1 >&2; i=$((i + 1)); done";
        let finished = shell(noisy, b"", &BOUNDS).unwrap();
        assert_eq!(finished.stderr.len() as u64, MAX_ERRORS);
    }

    #[test]
    fn a_program_that_times_out_is_killed_with_its_children() {
        let directory = tempfile::tempdir().unwrap();
        let alive = directory.path().join("alive");
        // The outputs stay open in the process in the background.
        let script = format!(
            "(trap '' TERM INT HUP; sleep 2; echo >'{}') & sleep 1000",
            alive.display()
        );
        let bounds = Bounds {
            time: Duration::from_millis(300),
            ..BOUNDS
        };
        for script in [&script, &script.replace("sleep 1000", "exit 0")] {
            let start = Instant::now();
            let error = shell(script, b"", &bounds).unwrap_err();
            assert!(matches!(error, ChildError::Late(_)), "{error}");
            assert!(start.elapsed() < Duration::from_mins(1));
        }
        thread::sleep(Duration::from_secs(3));
        assert!(!alive.exists());
    }

    #[test]
    fn the_kernel_enforces_processor_and_memory_limits() {
        use std::os::unix::process::ExitStatusExt as _;
        let bounds = Bounds {
            processor: Some(1),
            ..BOUNDS
        };
        let finished = shell("while :; do :; done", b"", &bounds).unwrap();
        assert_eq!(finished.status.signal(), Some(Signal::XCPU.as_raw()));
        let bounds = Bounds {
            memory: Some(16 << 20),
            ..BOUNDS
        };
        let script = "sleep 1; x=x; while :; do x=$x$x; done";
        let finished = shell(script, b"", &bounds).unwrap();
        assert!(!finished.status.success());
    }
}
