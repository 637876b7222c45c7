//! Podman or Docker: the few commands of its client that jettison runs.
//!
//! Both clients accept all of these commands, so there is one list of arguments for both. The
//! client is used instead of the API, because only the client works without a service, as a normal
//! user, and with the options that users know from `docker run`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::time::Duration;

use crate::trust::{self, Bounds, ChildError, Finished, GroupWatcher, Unwatched};

/// The label by which the containers of a session are found. It is in the configuration of each
/// test image, so that containers have it which a test script starts.
pub(super) const LABEL: &str = "jettison.run";

/// Time limit of a command that only asks for something, or removes something.
const SHORT: Duration = Duration::from_mins(2);
/// Time limit of a command that copies an image.
const LONG: Duration = Duration::from_mins(30);
/// Bytes of the output of a command. The log of a container is the longest.
const MAX_OUTPUT: u64 = 64 << 20;
/// Lines of a client's error that are shown: the last ones name the cause.
const SHOWN: usize = 6;

/// A program that runs containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    Podman,
    Docker,
}

impl EngineKind {
    /// In the order in which they are looked for: Podman needs no daemon, so it works wherever it
    /// is installed.
    pub const ALL: [Self; 2] = [Self::Podman, Self::Docker];

    /// The name of the program.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Podman => "podman",
            Self::Docker => "docker",
        }
    }
}

impl FromStr for EngineKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or("expected `podman` or `docker`")
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An installed engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    kind: EngineKind,
    program: PathBuf,
}

/// A failure of the engine, not of a test.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(
        "`{0}` is not in PATH: install it, or leave out the options that start containers; \
         everything else works without it"
    )]
    NotInstalled(EngineKind),
    #[error(
        "neither `podman` nor `docker` is in PATH: install one, or leave out the options that \
         start containers; everything else works without them"
    )]
    NoneInstalled,
    #[error("`{engine} {act}`")]
    Command {
        engine: EngineKind,
        act: String,
        source: ChildError,
    },
    #[error("`{engine} {act}` failed{}", shown(message))]
    Status {
        engine: EngineKind,
        act: String,
        message: String,
    },
    #[error("cannot start the process that removes containers after jettison has ended")]
    Watchdog(#[source] std::io::Error),
    #[error("cannot write a temporary file")]
    Temporary(#[source] std::io::Error),
}

fn shown(message: &str) -> String {
    let lines: Vec<&str> = message
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = &lines[lines.len().saturating_sub(SHOWN)..];
    if last.is_empty() {
        String::new()
    } else {
        format!(":\n{}", last.join("\n"))
    }
}

/// State of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContainerState {
    pub is_running: bool,
    /// Only meaningful if it no longer runs.
    pub exit_code: i32,
}

impl Engine {
    /// Finds an engine in `PATH`: the given one, or else the first that is installed.
    pub fn find(kind: Option<EngineKind>) -> Result<Self, EngineError> {
        let path = env::var_os("PATH").unwrap_or_default();
        match kind {
            Some(kind) => Self::find_in(&path, kind).ok_or(EngineError::NotInstalled(kind)),
            None => EngineKind::ALL
                .into_iter()
                .find_map(|kind| Self::find_in(&path, kind))
                .ok_or(EngineError::NoneInstalled),
        }
    }

    fn find_in(path: &OsStr, kind: EngineKind) -> Option<Self> {
        let program = trust::find_program(kind.as_str(), path)?;
        Some(Self { kind, program })
    }

    /// The engine with this program, which was found before.
    pub(super) fn at(kind: EngineKind, program: PathBuf) -> Self {
        Self { kind, program }
    }

    pub fn kind(&self) -> EngineKind {
        self.kind
    }

    /// The absolute path of its program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Loads the images of an archive, under the names in it.
    pub(super) fn load(
        &self,
        archive: &Path,
        watcher: &dyn GroupWatcher,
    ) -> Result<(), EngineError> {
        // Without `--quiet`, it reports its progress to a pipe, which breaks and ends it if
        // jettison is killed.
        let arguments = [
            OsStr::new("load"),
            OsStr::new("--quiet"),
            OsStr::new("--input"),
            archive.as_os_str(),
        ];
        self.call(&arguments, LONG, watcher).map(|_| ())
    }

    /// Starts a container in the background.
    pub(super) fn start(
        &self,
        arguments: &[OsString],
        watcher: &dyn GroupWatcher,
    ) -> Result<(), EngineError> {
        let all: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
        self.call(&all, SHORT, watcher).map(|_| ())
    }

    pub(super) fn state(&self, container: &str) -> Result<ContainerState, EngineError> {
        let format = "{{.State.Running}} {{.State.ExitCode}}";
        let text = self.inspect(container, format)?;
        let (running, code) = text.trim().split_once(' ').unwrap_or_default();
        Ok(ContainerState {
            is_running: running == "true",
            exit_code: code.parse().unwrap_or(-1),
        })
    }

    /// The address of a container in its own network; none in that of the host.
    pub(super) fn address(&self, container: &str) -> Result<Option<String>, EngineError> {
        let format = "{{.NetworkSettings.IPAddress}}";
        let text = self.inspect(container, format)?;
        let address = text.trim();
        // Docker prints this for a container whose network has no such field.
        if address.is_empty() || address == "<no value>" {
            return Ok(None);
        }
        Ok(Some(address.to_owned()))
    }

    /// The published TCP ports of a container, by port in the container, each with an address on
    /// the host.
    pub(super) fn ports(&self, container: &str) -> Result<Vec<(u16, SocketAddr)>, EngineError> {
        Ok(published(&self.ask(&["port", container])?))
    }

    /// The text that a container has written to its standard output and standard error.
    pub(super) fn log(&self, container: &str) -> Result<Vec<u8>, EngineError> {
        let arguments = ["logs", container].map(OsStr::new);
        let finished = self.call(&arguments, SHORT, &Unwatched)?;
        Ok([finished.stdout, finished.stderr].concat())
    }

    /// The containers with a label, running or not.
    pub(super) fn labelled(&self, label: &str) -> Result<Vec<String>, EngineError> {
        let filter = format!("label={label}");
        let text = self.ask(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter])?;
        Ok(text.split_whitespace().map(str::to_owned).collect())
    }

    /// Removes a container, running or not, with its anonymous volumes.
    pub(super) fn remove(
        &self,
        container: &str,
        watcher: &dyn GroupWatcher,
    ) -> Result<(), EngineError> {
        // Podman would first wait for 10 seconds until the program has ended by itself. The command
        // fails if it has.
        let _ = self.ask(&["kill", container]);
        let arguments = ["rm", "--force", "--volumes", container].map(OsStr::new);
        self.call(&arguments, SHORT, watcher).map(|_| ())
    }

    pub(super) fn has_image(&self, name: &str) -> bool {
        self.ask(&["image", "inspect", "--format", "{{.Id}}", name])
            .is_ok()
    }

    pub(super) fn remove_image(
        &self,
        name: &str,
        watcher: &dyn GroupWatcher,
    ) -> Result<(), EngineError> {
        // Otherwise, Podman would also remove images without a name that share layers with it: the
        // build cache of the user.
        let arguments = ["rmi", "--force", "--no-prune", name].map(OsStr::new);
        self.call(&arguments, SHORT, watcher).map(|_| ())
    }

    /// The answer to a format about a container.
    fn inspect(&self, container: &str, format: &str) -> Result<String, EngineError> {
        self.ask(&[
            "inspect",
            "--type",
            "container",
            "--format",
            format,
            container,
        ])
    }

    fn ask(&self, arguments: &[&str]) -> Result<String, EngineError> {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        let finished = self.call(&arguments, SHORT, &Unwatched)?;
        Ok(String::from_utf8_lossy(&finished.stdout).into_owned())
    }

    fn call(
        &self,
        arguments: &[&OsStr],
        time: Duration,
        watcher: &dyn GroupWatcher,
    ) -> Result<Finished, EngineError> {
        let act = arguments.first().copied().unwrap_or_default();
        let act = act.to_string_lossy().into_owned();
        let bounds = Bounds {
            time,
            processor: None,
            memory: None,
            output: MAX_OUTPUT,
        };
        // A command that is left to finish survives a jettison that is killed: the watchdog waits
        // for it.
        let mut command = if watcher.lets_finish() {
            Command::new(&self.program)
        } else {
            trust::command(&self.program)
        };
        command.args(arguments);
        let finished = trust::run_watched(&mut command, b"", &bounds, watcher);
        let engine = self.kind;
        let finished = match finished {
            Ok(finished) => finished,
            Err(source) => {
                return Err(EngineError::Command {
                    engine,
                    act,
                    source,
                });
            }
        };
        if finished.status.success() {
            return Ok(finished);
        }
        Err(EngineError::Status {
            engine,
            act,
            message: String::from_utf8_lossy(&finished.stderr).into_owned(),
        })
    }
}

/// Parses the output of `podman port` and `docker port`: lines such as `80/tcp -> 0.0.0.0:8080`.
fn published(text: &str) -> Vec<(u16, SocketAddr)> {
    let mut ports = Vec::new();
    for line in text.lines() {
        let Some((inside, outside)) = line.split_once(" -> ") else {
            continue;
        };
        let Some(port) = inside.strip_suffix("/tcp") else {
            continue;
        };
        if let (Ok(port), Ok(mut address)) = (port.parse(), outside.trim().parse::<SocketAddr>()) {
            // A port that is published on all interfaces is reached through loopback.
            if address.ip().is_unspecified() {
                address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
            }
            ports.push((port, address));
        }
    }
    ports
}

/// The arguments that start a container in the background.
pub(super) fn start_arguments(arguments: &[OsString]) -> Vec<OsString> {
    // Without `--pull=never`, a name that the engine does not find is looked up in a registry.
    let mut all: Vec<OsString> = ["run", "--detach", "--pull=never"].map(Into::into).into();
    all.extend_from_slice(arguments);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_ports_are_reached_through_loopback() {
        let text = "53/udp -> 0.0.0.0:5353\n80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n\
                    443/tcp -> 127.0.0.1:8443\nodd\n99999/tcp -> 127.0.0.1:1\n";
        let expected = [
            (80, "127.0.0.1:8080"),
            (80, "127.0.0.1:8080"),
            (443, "127.0.0.1:8443"),
        ];
        let expected = expected.map(|(port, address)| (port, address.parse().unwrap()));
        assert_eq!(published(text), expected);
    }

    #[test]
    fn the_last_lines_of_an_error_are_shown() {
        assert_eq!(shown(" \n"), "");
        assert_eq!(shown("a\n\nb\n"), ":\na\nb");
        assert_eq!(shown("1\n2\n3\n4\n5\n6\n7\n8"), ":\n3\n4\n5\n6\n7\n8");
    }

    #[test]
    fn every_engine_is_parsed_from_its_own_name() {
        for kind in EngineKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert!("nerdctl".parse::<EngineKind>().is_err());
    }
}
