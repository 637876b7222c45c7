//! A trial: all tests, run with one image.

use std::ffi::OsString;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use super::engine::{EngineError, LABEL, start_arguments};
use super::probe::{self, Probe};
use super::session::Session;
use super::stand_ins::Traced;
use super::tests_of_image::{Test, Tests};
use super::watchdog::Finishing;
use crate::trust::{self, Bounds, ChildError};

/// Bytes of the standard output of a test.
const MAX_OUTPUT: u64 = 16 << 20;
/// The time between two requests to a server that does not answer yet.
const PAUSE: Duration = Duration::from_millis(250);
/// The number of failed requests after which the engine is asked whether the container still runs.
const UNTIL_ASKED: u32 = 4;

/// The result of all tests with one image.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Up to the first that failed.
    pub results: Vec<TestResult>,
    /// The container that was started for the tests; `None` if none was asked for.
    pub container: Option<ContainerEnd>,
}

/// The result of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    pub test: Test,
    pub ending: Ending,
    pub stdout: Vec<u8>,
    /// The first 64 KiB.
    pub stderr: Vec<u8>,
}

/// How a test ended. It is displayed as a phrase after the name of the test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Passed,
    Status(i32),
    Signal(i32),
    Late(Duration),
    CannotRun(String),
    /// The last answer, or the last error, of a server.
    Probe(String),
    /// The container could not be started, or has ended before the server answered.
    NoContainer,
    /// The test passed, but printed something else than with the original.
    Differs,
}

/// A container after the tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerEnd {
    /// `None` if it still ran, or never did.
    pub exit_code: Option<i32>,
    /// Its log, or the error of the engine that could not start it.
    pub log: Vec<u8>,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Status(code) => write!(f, "failed with exit status {code}"),
            Self::Signal(number) => write!(f, "was killed by signal {number}"),
            Self::Late(time) => write!(f, "did not finish within {} seconds", time.as_secs()),
            Self::CannotRun(reason) => write!(f, "could not be run: {reason}"),
            Self::Probe(reason) => write!(f, "failed: {reason}"),
            Self::NoContainer => f.write_str("failed: the container does not run"),
            Self::Differs => f.write_str("prints something else than with the original"),
        }
    }
}

impl Trial {
    pub fn has_passed(&self) -> bool {
        self.results
            .iter()
            .all(|result| result.ending == Ending::Passed)
    }

    /// Lets tests fail that print something else than with the original.
    pub fn compare(&mut self, original: &Self) {
        for (result, before) in self.results.iter_mut().zip(&original.results) {
            if result.ending == Ending::Passed && result.stdout != before.stdout {
                result.ending = Ending::Differs;
            }
        }
    }
}

/// Facts that a test knows about the image and its container.
struct Surroundings<'a> {
    image: &'a str,
    container: Option<Container>,
    traced: Option<&'a Traced>,
}

/// A container that was started.
struct Container {
    name: String,
    /// Ports in the container, each with an address at which it is reached.
    addresses: Vec<(u16, SocketAddr)>,
    /// The address without a port.
    host: String,
}

impl Container {
    fn address(&self, port: Option<u16>) -> Option<SocketAddr> {
        let known = self
            .addresses
            .iter()
            .find(|(inside, _)| port.is_none_or(|port| port == *inside));
        known.map(|&(_, address)| address)
    }
}

impl Session {
    /// Runs all tests with an image that was loaded. `ports` are those of EXPOSE.
    pub fn run(&self, tag: &str, tests: &Tests, ports: &[u16]) -> Result<Trial, EngineError> {
        self.run_traced(tag, tests, ports, None)
    }

    /// Runs all tests, and traces the containers of the image if there are settings for that.
    pub(super) fn run_traced(
        &self,
        tag: &str,
        tests: &Tests,
        ports: &[u16],
        traced: Option<&Traced>,
    ) -> Result<Trial, EngineError> {
        let image = self.image_name(tag);
        let mut surroundings = Surroundings {
            image: &image,
            container: None,
            traced,
        };
        if tests.starts_container {
            match self.start_container(tag, tests, ports, traced) {
                Ok(container) => surroundings.container = Some(container),
                // The program of the image may be missing, which is a failure of the test.
                Err(EngineError::Status { message, .. }) => {
                    self.remove_containers()?;
                    return Ok(not_started(tests, message));
                }
                Err(error) => return Err(error),
            }
        }
        let mut results = Vec::new();
        for test in &tests.list {
            let result = self.test(test, tests, &surroundings)?;
            let has_passed = result.ending == Ending::Passed;
            results.push(result);
            if !has_passed {
                break;
            }
        }
        let container = match &surroundings.container {
            Some(container) => Some(self.end_of(container)?),
            None => None,
        };
        self.remove_containers()?;
        Ok(Trial { results, container })
    }

    fn start_container(
        &self,
        tag: &str,
        tests: &Tests,
        ports: &[u16],
        traced: Option<&Traced>,
    ) -> Result<Container, EngineError> {
        let name = self.container_name(tag);
        let network = Network::of(&tests.run_arguments);
        let ports = all_ports(tests, ports);
        let mut arguments: Vec<OsString> = vec!["--name".into(), name.clone().into()];
        if network == Network::Own {
            for port in &ports {
                arguments.push("--publish".into());
                // On loopback only, and on any free port.
                arguments.push(format!("127.0.0.1::{port}").into());
            }
        }
        arguments.extend(tests.run_arguments.iter().map(OsString::from));
        arguments.push(self.image_name(tag).into());
        let arguments = match traced {
            Some(traced) => traced.start_arguments(&arguments),
            None => start_arguments(&arguments),
        };
        self.engine.start(&arguments, &Finishing(&self.watchdog))?;
        self.container(name, network, &ports)
    }

    /// Finds the addresses of a container that was started.
    fn container(
        &self,
        name: String,
        network: Network,
        ports: &[u16],
    ) -> Result<Container, EngineError> {
        let loopback = Ipv4Addr::LOCALHOST;
        if network == Network::Host {
            let mut addresses = Vec::new();
            for &port in ports {
                addresses.push((port, SocketAddr::from((loopback, port))));
            }
            return Ok(Container {
                name,
                addresses,
                host: loopback.to_string(),
            });
        }
        // A container that has ended already has no ports, and the engine may report an error.
        let published = self.engine.ports(&name).unwrap_or_default();
        let mut addresses = Vec::new();
        // In the order of the image's ports, then others that the user has published.
        for port in ports {
            addresses.extend(published.iter().filter(|(inside, _)| inside == port));
        }
        let others = published
            .iter()
            .filter(|(inside, _)| !ports.contains(inside));
        addresses.extend(others);
        let host = match addresses.first() {
            Some((_, address)) => address.ip().to_string(),
            None => self.engine.address(&name)?.unwrap_or_default(),
        };
        Ok(Container {
            name,
            addresses,
            host,
        })
    }

    fn test(
        &self,
        test: &Test,
        tests: &Tests,
        surroundings: &Surroundings<'_>,
    ) -> Result<TestResult, EngineError> {
        let (stdout, stderr) = (Vec::new(), Vec::new());
        let ending = match test {
            Test::Probe(probe) => self.probe(probe, tests.timeout, surroundings)?,
            Test::Script(path) => {
                let mut command = trust::command(path);
                command.arg(surroundings.image);
                return Ok(self.run_command(test, command, tests.timeout, surroundings));
            }
            Test::Command(line) => {
                let mut command = trust::command("/bin/sh");
                command.arg("-c").arg(line);
                return Ok(self.run_command(test, command, tests.timeout, surroundings));
            }
        };
        Ok(TestResult {
            test: test.clone(),
            ending,
            stdout,
            stderr,
        })
    }

    /// Sends requests until one succeeds, the time is up, or the container has ended.
    fn probe(
        &self,
        probe: &Probe,
        timeout: Duration,
        surroundings: &Surroundings<'_>,
    ) -> Result<Ending, EngineError> {
        let Some(container) = &surroundings.container else {
            return Ok(Ending::NoContainer);
        };
        let end = Instant::now() + timeout;
        let mut tries = 0;
        loop {
            let Some(address) = container.address(probe.port) else {
                return Ok(Ending::NoContainer);
            };
            let problem = match probe::get(address, &probe.path, end) {
                Ok(status) if probe::is_success(status) => return Ok(Ending::Passed),
                Ok(status) => format!("status {status}"),
                Err(error) => error.to_string(),
            };
            tries += 1;
            if tries % UNTIL_ASKED == 0 && !self.engine.state(&container.name)?.is_running {
                return Ok(Ending::NoContainer);
            }
            if Instant::now() + PAUSE >= end {
                return Ok(Ending::Probe(problem));
            }
            thread::sleep(PAUSE);
        }
    }

    fn run_command(
        &self,
        test: &Test,
        mut command: Command,
        timeout: Duration,
        surroundings: &Surroundings<'_>,
    ) -> TestResult {
        let engine = self.engine.program();
        command
            .env("IMAGE", surroundings.image)
            .env("ENGINE", engine);
        if let Some(traced) = surroundings.traced {
            command.envs(traced.environment(self.engine.kind()));
        }
        if let Some(container) = &surroundings.container {
            command
                .env("CONTAINER", &container.name)
                .env("HOST", &container.host);
            if let Some(address) = container.address(None) {
                command.env("PORT", address.port().to_string());
            }
            for (inside, address) in &container.addresses {
                command.env(format!("PORT_{inside}"), address.port().to_string());
            }
        }
        let bounds = Bounds {
            time: timeout,
            processor: None,
            memory: None,
            output: MAX_OUTPUT,
        };
        let finished = trust::run_watched(&mut command, b"", &bounds, &self.watchdog);
        let (ending, stdout, stderr) = match finished {
            Ok(finished) => (ending(finished.status), finished.stdout, finished.stderr),
            Err(ChildError::Late(time)) => (Ending::Late(time), Vec::new(), Vec::new()),
            Err(error) => (Ending::CannotRun(error.to_string()), Vec::new(), Vec::new()),
        };
        TestResult {
            test: test.clone(),
            ending,
            stdout,
            stderr,
        }
    }

    fn end_of(&self, container: &Container) -> Result<ContainerEnd, EngineError> {
        let state = self.engine.state(&container.name)?;
        Ok(ContainerEnd {
            exit_code: if state.is_running {
                None
            } else {
                Some(state.exit_code)
            },
            log: self.engine.log(&container.name)?,
        })
    }

    /// Removes the containers of a trial, including those that a script has left behind: the next
    /// trial may need their ports.
    fn remove_containers(&self) -> Result<(), EngineError> {
        let label = format!("{LABEL}={}", self.run_id);
        for container in self.engine.labelled(&label)? {
            self.engine.remove(&container, &Finishing(&self.watchdog))?;
        }
        Ok(())
    }
}

/// The trial of an image whose container could not be started.
fn not_started(tests: &Tests, message: String) -> Trial {
    let mut results = Vec::new();
    if let Some(test) = tests.list.first() {
        results.push(TestResult {
            test: test.clone(),
            ending: Ending::NoContainer,
            stdout: Vec::new(),
            stderr: Vec::new(),
        });
    }
    Trial {
        results,
        container: Some(ContainerEnd {
            exit_code: None,
            log: message.into_bytes(),
        }),
    }
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ending::Passed,
        (Some(code), _) => Ending::Status(code),
        (None, signal) => Ending::Signal(signal.unwrap_or_default()),
    }
}

/// The ports of the image, and those of probes.
fn all_ports(tests: &Tests, exposed: &[u16]) -> Vec<u16> {
    let mut ports = exposed.to_vec();
    for test in &tests.list {
        if let Test::Probe(Probe {
            port: Some(port), ..
        }) = test
            && !ports.contains(port)
        {
            ports.push(*port);
        }
    }
    ports
}

/// The network of a container, as the user's arguments choose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    /// One of its own, with ports that are published here.
    Own,
    /// That of the host.
    Host,
    /// The user publishes ports, or there is nothing to publish.
    Users,
}

impl Network {
    fn of(arguments: &[String]) -> Self {
        let mut before = "";
        for argument in arguments {
            let name = match argument.split_once('=') {
                Some(("--network" | "--net", name)) => Some(name),
                _ if matches!(before, "--network" | "--net") => Some(argument.as_str()),
                _ => None,
            };
            match name {
                Some("host") => return Self::Host,
                Some(name) if name == "none" || name.starts_with("container:") => {
                    return Self::Users;
                }
                _ => {}
            }
            if is_publishing(argument) {
                return Self::Users;
            }
            before = argument;
        }
        Self::Own
    }
}

/// Whether an argument publishes ports: `-P`, `-p 80:80`, `-p80:80`, `--publish=80:80`.
fn is_publishing(argument: &str) -> bool {
    let name = argument.split_once('=').map_or(argument, |(name, _)| name);
    let is_short = argument.starts_with("-p") && !argument.starts_with("--");
    matches!(name, "-P" | "--publish-all" | "--publish") || is_short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(arguments: &[&str]) -> Network {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Network::of(&arguments)
    }

    #[test]
    fn ports_are_published_unless_the_arguments_choose_otherwise() {
        for arguments in [
            &[][..],
            &["--network", "backend"],
            &["--env", "host"],
            &["--pids-limit=9"],
        ] {
            assert_eq!(network(arguments), Network::Own, "{arguments:?}");
        }
        for arguments in [
            &["--network=host"][..],
            &["--net", "host"],
            &["-e", "A=1", "--net=host"],
        ] {
            assert_eq!(network(arguments), Network::Host, "{arguments:?}");
        }
        for arguments in [
            &["--network=none"][..],
            &["--network", "container:db"],
            &["-P"],
            &["-p", "80:80"],
            &["-p80:80"],
            &["--publish=80:80"],
            &["--publish-all"],
        ] {
            assert_eq!(network(arguments), Network::Users, "{arguments:?}");
        }
    }

    fn result(ending: Ending, stdout: &str) -> TestResult {
        TestResult {
            test: Test::Command("true".to_owned()),
            ending,
            stdout: stdout.into(),
            stderr: Vec::new(),
        }
    }

    #[test]
    fn a_test_that_prints_something_else_fails_when_outputs_are_compared() {
        let trial = |stdout| Trial {
            results: vec![result(Ending::Passed, stdout)],
            container: None,
        };
        let mut same = trial("1");
        same.compare(&trial("1"));
        assert!(same.has_passed());
        let mut other = trial("2");
        other.compare(&trial("1"));
        assert!(!other.has_passed());
        assert_eq!(other.results[0].ending, Ending::Differs);
    }
}
