//! `jettison frontend`: `docker build` with jettison as its frontend.
//!
//! BuildKit runs this command in a container of jettison's image, and answers its calls on standard
//! input and output. The Dockerfile is built by BuildKit's own frontend, `dockerfile.v0`, with the
//! same options; jettison adds findings to the build, and slims its result if that is asked for.

mod check;
mod files;
mod findings;
mod settings;
mod slimming;

use std::collections::BTreeMap;
use std::io::IsTerminal as _;

use anyhow::{Context as _, bail};
use clap::Args;

use self::files::{BuildFiles, ConfigFile};
use self::findings::Findings;
use self::settings::{Mode, Settings, check_slim_options};
use super::Outcome;
use crate::frontend::messages::{BuildResult, CacheImport, SolveRequest, Status};
use crate::frontend::{BuildOptions, Gateway, GatewayError};

/// The frontend that builds Dockerfiles, which is a part of BuildKit.
const DOCKERFILE: &str = "dockerfile.v0";
const CHECK: &str = "frontend.lint";
/// The option that asks for an SBOM.
const SBOM: &str = "attest:sbom";

/// Build Dockerfiles for BuildKit: `docker build` runs this command as a frontend
#[derive(Args, Debug)]
#[command(after_help = "\
BuildKit runs this command if a build names jettison's image:
  docker build --build-arg BUILDKIT_SYNTAX=IMAGE .
  docker build --build-arg BUILDKIT_SYNTAX=IMAGE --build-arg JETTISON=slim .
  docker build --build-arg BUILDKIT_SYNTAX=IMAGE --check .
or if the first line of the Dockerfile is:
  # syntax=IMAGE

Build arguments:
  JETTISON               `lint`, `slim` to slim the result as well, or `off`
                         [default: slim if `[build]` in .jettison.toml has `slim = true`, or lint]
  JETTISON_FAIL_ON       severity of findings that make the build fail: error, warning, info,
                         style or none
  JETTISON_SELECT        rules to check, as in `jettison lint --select`
  JETTISON_IGNORE        rules to ignore, as in `jettison lint --ignore`
  JETTISON_PROFILE       set of rules to check, as in `jettison lint --profile`
  JETTISON_SLIM_OPTIONS  options of `jettison slim`, separated by whitespace
  JETTISON_IMAGE         image to run `jettison slim` in [default: that of the frontend]")]
pub(super) struct FrontendArguments {}

pub(super) fn run() -> anyhow::Result<Outcome> {
    if std::io::stdin().is_terminal() {
        bail!("`jettison frontend` is run by BuildKit: see `jettison explain guide/docker-build`");
    }
    let options = BuildOptions::from_environment(std::env::vars_os())?;
    let gateway = Gateway::connect()?;
    let mut build = Build {
        gateway,
        options,
        inputs: BTreeMap::new(),
    };
    match build.run() {
        Ok(()) => Ok(Outcome::Clean),
        Err(Failure::Found) => Ok(Outcome::Found),
        Err(Failure::Other(error)) => Err(error),
    }
}

/// A build under way.
struct Build {
    gateway: Gateway,
    options: BuildOptions,
    /// The graphs of build contexts that are results of other builds, by name.
    inputs: BTreeMap<String, Vec<u8>>,
}

/// The end of a build that has no result.
enum Failure {
    /// BuildKit knows the reason.
    Found,
    /// The reason could not be sent.
    Other(anyhow::Error),
}

impl Build {
    fn run(&mut self) -> Result<(), Failure> {
        let error = match self.result() {
            Ok(result) => return Ok(self.gateway.return_result(result)?),
            Err(error) => error,
        };
        match self.gateway.return_error(status(&error)) {
            Ok(()) => Err(Failure::Found),
            // The connection is broken, and the first error says where.
            Err(_) => Err(Failure::Other(error)),
        }
    }

    fn result(&mut self) -> anyhow::Result<BuildResult> {
        self.inputs = self.gateway.inputs()?;
        let settings = Settings::of(&self.options)?;
        match self.options.get("requestid") {
            None => self.built(&settings),
            Some(CHECK) if settings.mode != Some(Mode::Off) => self.checked(&settings),
            // `frontend.outline`, `frontend.targets`, and those that are still unknown.
            Some(_) => Ok(self.of_dockerfile()?),
        }
    }

    fn built(&self, settings: &Settings) -> anyhow::Result<BuildResult> {
        if settings.mode == Some(Mode::Off) {
            return Ok(self.of_dockerfile()?);
        }
        // BuildKit's own findings come first: it reports them itself.
        let known = self.upstream_check()?;
        let files = BuildFiles::read(self, known.as_ref())?;
        if let Some(files) = &files {
            let findings = Findings::of(files, settings, &self.options, known.as_ref())?;
            findings.send(&self.gateway)?;
            findings.fail_if_found(settings.fail_on.or(findings.configured_fail_on))?;
        }
        let file = files.as_ref().and_then(|files| files.config.as_ref());
        let defaults = file.map(ConfigFile::build_defaults).unwrap_or_default();
        let is_slimmed = match settings.mode {
            Some(mode) => mode == Mode::Slim,
            None => defaults.slims,
        };
        if !is_slimmed {
            return Ok(self.of_dockerfile()?);
        }
        check_slim_options(&defaults.slim_options).context("`slim-options` in `.jettison.toml`")?;
        // The SBOM that the Dockerfile frontend makes is one of the file system before slimming.
        // Without it, BuildKit itself makes one of the result.
        let mut options = self.options.all.clone();
        options.remove(SBOM);
        let result = self.of_dockerfile_with(options)?;
        let options = [defaults.slim_options, settings.slim.clone()].concat();
        self.slimmed(result, settings, &options, file)
    }

    /// The result of BuildKit's own frontend for the same options.
    fn of_dockerfile(&self) -> Result<BuildResult, GatewayError> {
        self.of_dockerfile_with(self.options.all.clone())
    }

    fn of_dockerfile_with(
        &self,
        options: BTreeMap<String, String>,
    ) -> Result<BuildResult, GatewayError> {
        self.gateway.solve(SolveRequest {
            frontend: DOCKERFILE.to_owned(),
            frontend_options: options,
            frontend_inputs: self.inputs.clone(),
            ..SolveRequest::default()
        })
    }

    /// The places that the user wants to import cached results from.
    fn cache_imports(&self) -> Vec<CacheImport> {
        let Some(text) = self.options.get("cache-imports") else {
            return Vec::new();
        };
        // BuildKit's own frontend has parsed it by now, and reports if it cannot.
        serde_json::from_str(text).unwrap_or_default()
    }
}

impl From<GatewayError> for Failure {
    fn from(error: GatewayError) -> Self {
        Self::Other(error.into())
    }
}

/// The error to return to BuildKit. Its own errors go back as they came, with the lines of the
/// Dockerfile that they are about.
fn status(error: &anyhow::Error) -> Status {
    if let Some(status) = error.downcast_ref::<findings::TooSevere>() {
        return status.status.clone();
    }
    match error
        .downcast_ref::<GatewayError>()
        .and_then(GatewayError::status)
    {
        Some(status) => status.clone(),
        None => Status::of_message(format!("jettison: {error:#}")),
    }
}
