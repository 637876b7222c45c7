//! The watchdog: a process that removes the containers, images and files of a session, however
//! jettison ends.
//!
//! Containers outlive the process that has started them, and a process that is killed with SIGKILL
//! can remove nothing. So jettison starts itself a second time. That process waits until a pipe
//! from jettison is closed, which the kernel does in any case, and then removes everything. A
//! session that ends normally is cleaned up in the same way, so there is one way, and each test of
//! a session is a test of it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, setsid, test_kill_process};

use super::engine::{Engine, EngineKind, LABEL};
use crate::trust::{self, GroupWatcher, Unwatched};

/// The first argument of a jettison that is a watchdog.
const ARGUMENT: &str = "--clean-up-after";
/// The line with which it reports that it is ready.
const READY: &str = "ready";

/// A client that was killed may have sent its request to a daemon, which completes it a moment
/// later. So containers are listed until there are none in two lists.
const LISTS: u32 = 2;
const PAUSE: Duration = Duration::from_millis(200);
/// The number of lists after which a container that cannot be removed is given up.
const MOST_LISTS: u32 = 10;

/// The time that a test has to end by itself, with the containers that it is starting.
const GRACE: Duration = Duration::from_secs(2);
/// The time that an engine has to complete a command. Loading an image takes the longest.
const PATIENCE: Duration = Duration::from_mins(5);
/// The time between two looks at a process.
const LOOK: Duration = Duration::from_millis(20);

/// The connection to the watchdog of a session.
#[derive(Debug)]
pub(super) struct Watchdog {
    connection: Arc<Mutex<Option<Connection>>>,
}

#[derive(Debug)]
struct Connection {
    process: Child,
    pipe: ChildStdin,
}

impl Watchdog {
    /// Starts the watchdog of a session, which is known by `run` and has its files in `directory`.
    pub(super) fn start(engine: &Engine, run: &str, directory: &Path) -> io::Result<Self> {
        let mut command = trust::itself().ok_or(io::ErrorKind::Unsupported)?;
        command
            .arg(ARGUMENT)
            .arg(engine.kind().as_str())
            .arg(engine.program())
            .arg(run)
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command.spawn()?;
        let (Some(pipe), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        // Nothing is created before it is ready: until then, a signal from the terminal ends it.
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        if line.trim_end() != READY {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let connection = Arc::new(Mutex::new(Some(Connection { process, pipe })));
        let at_signal = Arc::clone(&connection);
        // After Ctrl-C, the prompt comes back when everything is removed.
        trust::before_signal_ends(Box::new(move || {
            let _ = end(&at_signal);
        }));
        Ok(Self { connection })
    }

    /// Announces an image that is about to be created.
    pub(super) fn image(&self, name: &str) {
        self.send(&format!("image {name}"));
    }

    /// Removes everything. Returns what could not be removed, and why.
    pub(super) fn finish(&self) -> Result<(), String> {
        end(&self.connection)
    }

    fn send(&self, line: &str) {
        if let Some(connection) = lock(&self.connection).as_mut() {
            // If it has ended, the end of the session reports that.
            let _ = writeln!(connection.pipe, "{line}");
        }
    }
}

impl GroupWatcher for Watchdog {
    fn started(&self, leader: Pid) {
        self.send(&format!("group {}", leader.as_raw_nonzero()));
    }

    fn ended(&self, leader: Pid) {
        self.send(&format!("ended {}", leader.as_raw_nonzero()));
    }
}

/// Watches commands of an engine. Podman leaves a layer that no image has, or a container that it
/// does not list, if it is killed while it loads an image or starts a container. So these commands
/// are left to finish, and what they have created is removed then.
#[derive(Debug)]
pub(super) struct Finishing<'w>(pub(super) &'w Watchdog);

impl GroupWatcher for Finishing<'_> {
    fn started(&self, leader: Pid) {
        self.0
            .send(&format!("finishing {}", leader.as_raw_nonzero()));
    }

    fn ended(&self, leader: Pid) {
        self.0.ended(leader);
    }

    fn lets_finish(&self) -> bool {
        true
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let _ = self.finish();
    }
}

fn lock(connection: &Mutex<Option<Connection>>) -> MutexGuard<'_, Option<Connection>> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closes the pipe and waits until everything is removed.
fn end(connection: &Mutex<Option<Connection>>) -> Result<(), String> {
    let Some(Connection { mut process, pipe }) = lock(connection).take() else {
        return Ok(());
    };
    drop(pipe);
    let mut message = String::new();
    if let Some(mut errors) = process.stderr.take() {
        let _ = errors.read_to_string(&mut message);
    }
    match process.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(message.trim_end().to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Becomes a watchdog if the arguments ask for one. Returns its exit code.
pub fn clean_up_after(arguments: &[OsString]) -> Option<u8> {
    let [_, first, kind, program, run, directory] = arguments else {
        return None;
    };
    // It starts a program that an argument names, and removes a directory. Only jettison itself may
    // ask for that.
    if first != ARGUMENT || !trust::is_started_by_itself() {
        return None;
    }
    let kind: EngineKind = kind.to_str()?.parse().ok()?;
    // Signals from a terminal go to the session of jettison, and this process has to survive them.
    let _ = setsid();
    let engine = Engine::at(kind, PathBuf::from(program));
    let mut output = io::stdout();
    let _ = writeln!(output, "{READY}").and_then(|()| output.flush());
    let left = Left::read();
    let failures = left.remove(&engine, run.to_str()?, Path::new(directory));
    for failure in &failures {
        let _ = writeln!(io::stderr(), "{failure}");
    }
    Some(u8::from(!failures.is_empty()))
}

/// Process groups and images that exist, or may exist.
#[derive(Debug, Default)]
struct Left {
    groups: BTreeSet<i32>,
    /// Those of commands that are not killed.
    finishing: BTreeSet<i32>,
    images: BTreeSet<String>,
}

impl Left {
    /// Reads announcements until jettison has ended the session, or has ended.
    fn read() -> Self {
        let mut left = Self::default();
        for line in io::stdin().lines().map_while(Result::ok) {
            left.note(&line);
        }
        left
    }

    fn note(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("group", number)) => self.groups.extend(number.parse::<i32>()),
            Some(("finishing", number)) => self.finishing.extend(number.parse::<i32>()),
            Some(("ended", number)) => {
                if let Ok(number) = number.parse::<i32>() {
                    self.groups.remove(&number);
                    self.finishing.remove(&number);
                }
            }
            Some(("image", name)) => {
                self.images.insert(name.to_owned());
            }
            _ => {}
        }
    }

    /// Removes everything. Returns messages about what remains.
    fn remove(&self, engine: &Engine, run: &str, directory: &Path) -> Vec<String> {
        // First the programs, because they could start containers. They may be starting one just
        // now, so they are asked to end before they are killed.
        end_groups(&self.groups, Some(Signal::TERM), GRACE);
        end_groups(&self.finishing, None, PATIENCE);
        let mut failures = Vec::new();
        if let Err(message) = remove_containers(engine, &format!("{LABEL}={run}")) {
            failures.push(message);
        }
        for image in &self.images {
            if engine.has_image(image)
                && let Err(error) = engine.remove_image(image, &Unwatched)
            {
                failures.push(format!("the image `{image}` remains: {error}"));
            }
        }
        if let Err(error) = fs::remove_dir_all(directory)
            && error.kind() != io::ErrorKind::NotFound
        {
            failures.push(format!("`{}` remains: {error}", directory.display()));
        }
        failures
    }
}

/// Sends a signal to process groups, waits until their leaders have ended, but not longer than
/// `time`, and kills what is left of them.
fn end_groups(groups: &BTreeSet<i32>, signal: Option<Signal>, time: Duration) {
    let leaders: Vec<Pid> = groups
        .iter()
        .filter_map(|&group| Pid::from_raw(group))
        .collect();
    if let Some(signal) = signal {
        for &leader in &leaders {
            let _ = kill_process_group(leader, signal);
        }
    }
    let end = Instant::now() + time;
    while leaders.iter().any(|&leader| is_running(leader)) && Instant::now() < end {
        thread::sleep(LOOK);
    }
    for &leader in &leaders {
        let _ = kill_process_group(leader, Signal::KILL);
    }
}

/// Whether a process has not ended. Jettison may have ended, or wait for this process, so that
/// nobody reaps those that have.
fn is_running(process: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    match stat {
        // The name of the program, in parentheses, may contain anything.
        Ok(stat) => !stat
            .rsplit_once(')')
            .is_some_and(|(_, rest)| rest.starts_with(" Z")),
        // Other systems than Linux have no such files.
        Err(_) => !Path::new("/proc/self/stat").exists() && test_kill_process(process).is_ok(),
    }
}

fn remove_containers(engine: &Engine, label: &str) -> Result<(), String> {
    let (mut empty, mut failure) = (0, None);
    for _ in 0..MOST_LISTS {
        let containers = engine
            .labelled(label)
            .map_err(|error| format!("containers may remain: {error}"))?;
        if containers.is_empty() {
            empty += 1;
        } else {
            empty = 0;
        }
        if empty == LISTS {
            return Ok(());
        }
        for container in containers {
            if let Err(error) = engine.remove(&container, &Unwatched) {
                failure = Some(format!("the container {container} remains: {error}"));
            }
        }
        thread::sleep(PAUSE);
    }
    Err(failure.unwrap_or_else(|| "containers may remain".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_has_ended_is_not_killed() {
        let mut left = Left::default();
        for line in [
            "group 12",
            "image a:1",
            "group 13",
            "finishing 14",
            "finishing 15",
            "ended 14",
            "ended 12",
            "ended x",
            "odd",
        ] {
            left.note(line);
        }
        assert_eq!(left.groups, BTreeSet::from([13]));
        assert_eq!(left.finishing, BTreeSet::from([15]));
        assert_eq!(left.images, BTreeSet::from(["a:1".to_owned()]));
    }
}
