//! Settings of a traced trial: the arguments and the environment that put the tracer into its
//! containers.

use std::ffi::OsString;
use std::path::PathBuf;

use super::engine::{EngineKind, start_arguments};
use super::shim::{self, TracedRun};

/// Settings of a traced trial.
#[derive(Debug)]
pub(super) struct Traced {
    pub(super) run: TracedRun,
    /// The directory with the stand-ins for engines.
    pub(super) stand_ins: PathBuf,
}

impl Traced {
    pub(super) fn start_arguments(&self, arguments: &[OsString]) -> Vec<OsString> {
        self.run.change(&start_arguments(arguments))
    }

    pub(super) fn environment(&self, kind: EngineKind) -> Vec<(&'static str, OsString)> {
        shim::environment(&self.stand_ins, kind)
    }
}
