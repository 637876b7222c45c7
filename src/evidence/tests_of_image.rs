//! Tests that an image must pass, as the user states them.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::probe::Probe;

/// A test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// A request to the container.
    Probe(Probe),
    /// A program on the host, with the name of the image as its argument.
    Script(PathBuf),
    /// A command line for `/bin/sh` on the host.
    Command(String),
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Probe(probe) => write!(f, "GET {probe}"),
            Self::Script(path) => write!(f, "{}", path.display()),
            Self::Command(command) => f.write_str(command),
        }
    }
}

/// Tests, and the way to run them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tests {
    /// In the order in which they run. Probes come first: they wait until the server is ready.
    pub list: Vec<Test>,
    /// Time limit of each test.
    pub timeout: Duration,
    /// Whether a container is started for the tests.
    pub starts_container: bool,
    /// Arguments of `podman run` and `docker run`.
    pub run_arguments: Vec<String>,
    /// Whether a script must print the same with both images.
    pub compares_output: bool,
}
