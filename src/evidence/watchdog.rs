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
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, setsid};

use super::engine::{Engine, EngineKind, LABEL};
use crate::trust::{self, GroupWatcher};

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
            Some(("ended", number)) => {
                self.groups
                    .retain(|group| number.parse::<i32>().ok() != Some(*group));
            }
            Some(("image", name)) => {
                self.images.insert(name.to_owned());
            }
            _ => {}
        }
    }

    /// Removes everything. Returns messages about what remains.
    fn remove(&self, engine: &Engine, run: &str, directory: &Path) -> Vec<String> {
        // First the programs, because they could start containers.
        for group in &self.groups {
            if let Some(leader) = Pid::from_raw(*group) {
                let _ = kill_process_group(leader, Signal::KILL);
            }
        }
        let mut failures = Vec::new();
        if let Err(message) = remove_containers(engine, &format!("{LABEL}={run}")) {
            failures.push(message);
        }
        for image in &self.images {
            if engine.has_image(image)
                && let Err(error) = engine.remove_image(image)
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
            if let Err(error) = engine.remove(&container) {
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
            "ended 12",
            "ended x",
            "odd",
        ] {
            left.note(line);
        }
        assert_eq!(left.groups, BTreeSet::from([13]));
        assert_eq!(left.images, BTreeSet::from(["a:1".to_owned()]));
    }
}
