//! Trials whose containers are traced: which files does a test ask for?

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use super::engine::{EngineError, EngineKind};
use super::observation::Observation;
use super::session::Session;
use super::shim::{self, TracedRun};
use super::tests_of_image::Tests;
use super::tracer;
use super::tracer_files::TracerFiles;
use super::trial::{Trial, start_arguments};
use crate::image::Config;

/// Settings of a traced trial.
#[derive(Debug)]
pub(super) struct Traced {
    run: TracedRun,
    /// The directory with the stand-ins for engines.
    stand_ins: PathBuf,
}

impl Traced {
    pub(super) fn start_arguments(&self, arguments: &[OsString]) -> Vec<OsString> {
        self.run.change(&start_arguments(arguments))
    }

    pub(super) fn environment(&self, kind: EngineKind) -> Vec<(&'static str, OsString)> {
        shim::environment(&self.stand_ins, kind)
    }
}

impl Session {
    /// Runs all tests with an image that was loaded, and returns also what its programs did with
    /// which paths. `config` is the configuration of the image.
    pub fn observe(
        &self,
        tag: &str,
        tests: &Tests,
        ports: &[u16],
        config: &Config,
    ) -> Result<(Trial, Observation), EngineError> {
        let files = TracerFiles::create(self.directory(), tag).map_err(EngineError::Temporary)?;
        let image = self.image_name(tag);
        let results = files.results;
        let run = TracedRun::new(&image, &self.run_id, config, files.options, files.command);
        let stand_ins = self.directory().join(format!("engines-{tag}"));
        run.install(&stand_ins).map_err(EngineError::Temporary)?;
        let traced = Traced { run, stand_ins };
        let trial = self.run_traced(tag, tests, ports, Some(&traced))?;
        let mut observation = Observation::default();
        tracer::results(&results, &mut observation)
            .map_err(|error| EngineError::Temporary(io::Error::other(error)))?;
        Ok((trial, observation))
    }
}
