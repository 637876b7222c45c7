//! Tests of the slimmed image, in containers, before it is written.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;

use super::engine::EngineArguments;
use super::heal;
use super::output::Output;
use super::progress::Bar;
use crate::evidence::observation::Observation;
use crate::evidence::{Engine, Probe, Record, Session, Test, Tests, Trial};
use crate::image::{self, Format, Image, Layers, Reference, Selection, Tree, WriteOptions};
use crate::printable::Lines;
use crate::report;
use crate::slim::{Failure, PlanOptions, Slimming};

/// Tests of the result, and healing.
#[derive(Args, Debug)]
#[command(next_help_heading = "Tests (run containers with Podman or Docker)")]
pub(super) struct TestArguments {
    /// Test the slimmed image before it is written: run this program on the host, with the name of
    /// a test image as its argument and in `IMAGE`. It must exit with status 0, also with the
    /// original image. May be repeated. `CONTAINER`, `HOST` and `PORT` tell it about a container
    /// that runs the image, `ENGINE` is the program of the engine
    #[arg(long, value_name = "PROGRAM")]
    test: Vec<PathBuf>,
    /// Test the slimmed image with this command line, which `/bin/sh` on the host runs, like --test
    #[arg(long, value_name = "COMMAND")]
    test_command: Vec<String>,
    /// Test that the container answers an HTTP request for this path with a status from 200 to 399
    /// within the time limit, on the first port of EXPOSE or the given port. Probes run before
    /// other tests
    #[arg(long, value_name = "[:PORT]/PATH")]
    http_probe: Vec<Probe>,
    /// Start no container for --test and --test-command: they start containers of `IMAGE`
    /// themselves
    #[arg(long, conflicts_with = "http_probe")]
    no_container: bool,
    #[command(flatten)]
    engine: EngineArguments,
    /// Time limit of each test in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    test_timeout: u64,
    /// Let a test fail if it prints something else to standard output than with the original image
    #[arg(long)]
    compare_output: bool,
    /// If a test fails with the slimmed image, do not search for the files that it needs
    #[arg(long)]
    no_heal: bool,
    /// Maximum number of times that files are added before the test is given up
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    pub(super) heal_rounds: usize,
    /// Maximum number of test runs to find the smallest set of files that the test needs
    #[arg(long, value_name = "NUMBER", default_value_t = 60)]
    pub(super) heal_runs: usize,
    /// Drop this path from the plan until a test asks for it
    // For tests of healing, which need a plan with a defect.
    #[arg(long, value_name = "PATH", hide = true)]
    plant_loss: Vec<String>,
}

/// Tests that can be run: the programs exist.
#[derive(Debug)]
pub(super) struct Prepared<'t> {
    arguments: &'t TestArguments,
    engine: Engine,
    tests: Tests,
}

/// A plan that was verified.
pub(super) type Verified<'a> = (Slimming<'a>, Vec<Failure>);

/// Plans the slimming of an image with some options, and verifies the plan.
pub(super) type Planner<'p, 'a> = dyn Fn(&PlanOptions) -> anyhow::Result<Verified<'a>> + 'p;

/// An image, and the way to plan its slimming.
pub(super) struct Planning<'p, 'a> {
    pub(super) image: &'a Image,
    pub(super) options: &'p PlanOptions,
    pub(super) planner: &'p Planner<'p, 'a>,
}

impl TestArguments {
    /// Checks the arguments before the work starts. `None` if no test was asked for.
    pub(super) fn prepare(&self) -> anyhow::Result<Option<Prepared<'_>>> {
        let mut list = Vec::new();
        for probe in &self.http_probe {
            list.push(Test::Probe(probe.clone()));
        }
        for path in &self.test {
            list.push(Test::Script(program(path)?));
        }
        for command in &self.test_command {
            list.push(Test::Command(command.clone()));
        }
        if list.is_empty() {
            return Ok(None);
        }
        Ok(Some(Prepared {
            arguments: self,
            engine: self.engine.find()?,
            tests: Tests {
                list,
                timeout: Duration::from_secs(self.test_timeout),
                starts_container: !self.no_container,
                run_arguments: self.engine.run_arg.clone(),
                compares_output: self.compare_output,
            },
        }))
    }

    /// The options of the plan, which drop planted losses until a test has asked for them.
    pub(super) fn options(&self, options: &PlanOptions, tree: &Tree) -> PlanOptions {
        let mut options = options.clone();
        for loss in &self.plant_loss {
            let is_asked_for = |path: &Vec<u8>| leads_through(tree, path, loss.as_bytes());
            if !options.asked_for.iter().any(is_asked_for) {
                options.drop.push(loss.clone());
            }
        }
        options
    }
}

/// Whether an entry is on the way of a path, or at its end. Symlinks may lead there.
fn leads_through(tree: &Tree, path: &[u8], entry: &[u8]) -> bool {
    let (Ok(resolved), Ok(entry)) = (tree.resolve(path), tree.resolve_link(entry)) else {
        return false;
    };
    resolved.name == entry.name || resolved.crossed.contains(&entry.name)
}

/// The program of a test: a file, even if its name has no slash.
fn program(path: &Path) -> anyhow::Result<PathBuf> {
    let path = if path.components().count() == 1 && !path.has_root() {
        Path::new(".").join(path)
    } else {
        path.to_owned()
    };
    let shown = path.display().to_string();
    if !path.is_file() {
        bail!("`--test {shown}` is not a file");
    }
    if rustix::fs::access(&path, rustix::fs::Access::EXEC_OK).is_err() {
        bail!("`--test {shown}` is not executable: `chmod +x {shown}`");
    }
    Ok(path)
}

/// The images of a run of tests.
pub(super) struct Bench<'r> {
    pub(super) session: Session,
    pub(super) tests: &'r Tests,
    pub(super) image: &'r Image,
    pub(super) original: Trial,
    bar: &'r Bar,
    ports: Vec<u16>,
    /// The number of images that were loaded.
    loaded: usize,
}

/// The tag of the original among the test images.
const ORIGINAL: &str = "original";

impl Prepared<'_> {
    /// Runs the tests with the original and the slimmed image, and heals the plan if they fail.
    pub(super) fn run<'a>(
        &self,
        planning: &Planning<'_, 'a>,
        planned: Verified<'a>,
        bar: &Bar,
        output: Output,
    ) -> anyhow::Result<(Verified<'a>, Record)> {
        let ports = ports(planning.image);
        self.check_ports(&ports)?;
        let mut bench = Bench {
            session: Session::start(self.engine.clone())?,
            tests: &self.tests,
            image: planning.image,
            original: Trial::default(),
            bar,
            ports,
            loaded: 0,
        };
        bench.test_original()?;
        let slimmed = bench.test(&planned.0)?;
        let mut record = Record {
            engine: self.engine.kind(),
            original: bench.original.clone(),
            slimmed,
            healing: None,
        };
        let mut result = planned;
        if !record.has_passed() && !self.arguments.no_heal {
            output.note("a test fails with the slimmed image: searching for the files it needs");
            match heal::heal(
                &mut bench,
                self.arguments,
                planning,
                &result.0,
                &record.slimmed,
            ) {
                Ok((healing, healed)) => {
                    record.healing = Some(healing);
                    result = healed.unwrap_or(result);
                }
                // The failure of the test is the more important message.
                Err(error) => output.warning(format_args!("cannot search: {error:#}")),
            }
        }
        if let Err(message) = bench.session.finish() {
            output.warning(format_args!("after the tests: {message}"));
        }
        Ok((result, record))
    }

    /// A probe without a port needs one of the image.
    fn check_ports(&self, ports: &[u16]) -> anyhow::Result<()> {
        for test in &self.tests.list {
            if let Test::Probe(Probe { port: None, path }) = test
                && ports.is_empty()
            {
                bail!(
                    "`--http-probe {path}`: the image has no EXPOSE; name the port: `:8080{path}`"
                );
            }
        }
        Ok(())
    }
}

impl Bench<'_> {
    /// Loads the original and runs the tests with it. They must pass.
    fn test_original(&mut self) -> anyhow::Result<()> {
        let mut original = self.image.clone();
        original.config = self.session.labelled(&original.config);
        self.load(&original, &Selection::all(&original.tree), ORIGINAL)?;
        let trial = self.session.run(ORIGINAL, self.tests, &self.ports)?;
        if !trial.has_passed() {
            let mut lines = Lines::new();
            report::test_failure(&mut lines, &Trial::default(), &trial);
            let result = trial.results.last().context("no test was run")?;
            let hint = if self.tests.starts_container {
                "\n(`--no-container` starts no container before the tests)"
            } else {
                ""
            };
            bail!(
                "the test `{}` {} with the original image, so it says nothing about the slimmed \
                 one\n{}{hint}",
                result.test,
                result.ending,
                lines.as_str().trim_end()
            );
        }
        self.original = trial;
        Ok(())
    }

    /// Runs the tests with a slimmed image.
    pub(super) fn test(&mut self, slimming: &Slimming<'_>) -> anyhow::Result<Trial> {
        let (result, selection) = slimming.plan.result(self.image);
        let tag = self.load_next(result, &selection)?;
        let mut trial = self.session.run(&tag, self.tests, &self.ports)?;
        if self.tests.compares_output {
            trial.compare(&self.original);
        }
        self.session.unload(&tag)?;
        Ok(trial)
    }

    /// Runs the tests with the original and returns what they do with which paths.
    pub(super) fn observe_original(&mut self) -> anyhow::Result<Observation> {
        let config = self.session.traced(&self.image.config)?;
        // Only an image with a health check has to be loaded once more.
        if config == self.image.config {
            return self.observe_loaded(ORIGINAL);
        }
        let mut original = self.image.clone();
        original.config = config;
        self.observe_image(original, &Selection::all(&self.image.tree))
    }

    /// Runs the tests with a slimmed image and returns what they do with which paths.
    pub(super) fn observe(&mut self, slimming: &Slimming<'_>) -> anyhow::Result<Observation> {
        let (mut result, selection) = slimming.plan.result(self.image);
        result.config = self.session.traced(&result.config)?;
        self.observe_image(result, &selection)
    }

    fn observe_image(
        &mut self,
        image: Image,
        selection: &Selection,
    ) -> anyhow::Result<Observation> {
        let tag = self.load_next(image, selection)?;
        let observation = self.observe_loaded(&tag)?;
        self.session.unload(&tag)?;
        Ok(observation)
    }

    fn observe_loaded(&self, tag: &str) -> anyhow::Result<Observation> {
        let config = &self.image.config;
        let (_, observation) = self.session.observe(tag, self.tests, &self.ports, config)?;
        // Even a program that does not exist is recorded.
        ensure!(
            !observation.is_empty(),
            "no container of the test image was traced (`jettison explain guide/observe`)"
        );
        Ok(observation)
    }

    /// Loads another image and returns its tag.
    fn load_next(&mut self, mut image: Image, selection: &Selection) -> anyhow::Result<String> {
        image.config = self.session.labelled(&image.config);
        self.loaded += 1;
        let tag = format!("image{}", self.loaded);
        self.load(&image, selection, &tag)?;
        Ok(tag)
    }

    fn load(&self, image: &Image, selection: &Selection, tag: &str) -> anyhow::Result<()> {
        load(&self.session, image, selection, tag, self.bar)
    }
}

/// Loads an image into the engine as a test image with this tag.
pub(super) fn load(
    session: &Session,
    image: &Image,
    selection: &Selection,
    tag: &str,
    bar: &Bar,
) -> anyhow::Result<()> {
    let archive = Reference::File {
        format: Format::DockerArchive,
        path: session.archive(tag),
        name: None,
    };
    let options = WriteOptions {
        tag: Some(session.image_name(tag)),
        // A layer of its own, so that nothing of a test image belongs to another image too and its
        // removal cannot harm one.
        layers: Layers::One,
        ..WriteOptions::default()
    };
    image::write(image, selection, &archive, &options, bar).context("cannot write a test image")?;
    Ok(session.load(tag)?)
}

/// The TCP ports of EXPOSE, in ascending order.
pub(super) fn ports(image: &Image) -> Vec<u16> {
    let mut ports = Vec::new();
    for port in image.config.exposed_ports() {
        let number = match port.split_once('/') {
            Some((number, "tcp")) => number,
            Some(_) => continue,
            None => port,
        };
        ports.extend(number.parse::<u16>());
    }
    ports.sort_unstable();
    ports.dedup();
    ports
}
