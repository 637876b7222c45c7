//! `jettison observe`, and the files that it writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;

use super::arguments::{KeepLevel, PlanArguments};
use super::limits::LimitArguments;
use super::progress::Bar;
use super::source::{SourceArguments, finish};
use super::test::{load, ports, unchanged_layers};
use super::{Outcome, Output};
use crate::elf::Environment;
use crate::evidence::observation::{self, Act, Observation, Subject};
use crate::evidence::tracer::{self, Setup, Tools};
use crate::evidence::{Engine, EngineKind, Probe, Session, Test, Tests, Trial};
use crate::image::{Image, Selection};
use crate::loading::{self, Host, Settings, Start};
use crate::printable::Lines;
use crate::report;
use crate::size::counted;
use crate::trust::{self, HostFile};

/// Record which files of an image its programs use while a test runs
///
/// Runs the image's own code in containers, with Podman or Docker. `jettison slim --observed FILE`
/// keeps the files in the record.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit status: 0 the record was written, 1 the test failed, 2 error.

Examples:
  jettison observe app.tar -o app.observed --http-probe /health
  jettison observe app.tar -o app.observed -- ./test.sh
  jettison observe app.tar -o app.observed -- sh -c 'curl -f http://$HOST:$PORT/'
  jettison observe app.tar -o app.observed --no-container -- ./starts-containers.sh
  jettison slim app.tar -o slim.tar --observed app.observed --keep-level observed"
)]
pub(super) struct ObserveArguments {
    /// Image to run
    image: String,
    /// File to write the record to
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Program on the host that uses the image, with its arguments; the name of the image that is
    /// observed is added as the last one, and is in `IMAGE`. `CONTAINER`, `HOST` and `PORT` tell the
    /// program about a container that runs the image, `ENGINE` is the program of the engine
    #[arg(
        last = true,
        value_name = "TEST",
        required_unless_present = "http_probe"
    )]
    test: Vec<String>,
    /// Send an HTTP request for this path until it is answered with a status from 200 to 399
    #[arg(long, value_name = "[:PORT]/PATH")]
    http_probe: Vec<Probe>,
    /// Start no container: the test starts containers of `IMAGE` itself
    #[arg(long, conflicts_with = "http_probe")]
    no_container: bool,
    /// Argument for `podman run` or `docker run`, such as `--run-arg=--network=host`; may be
    /// repeated
    #[arg(long, value_name = "ARGUMENT", allow_hyphen_values = true)]
    run_arg: Vec<String>,
    /// Engine that runs containers: `podman` or `docker` [default: the first of these in PATH]
    #[arg(long, value_name = "ENGINE")]
    engine: Option<EngineKind>,
    /// Time limit of the test in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    test_timeout: u64,
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    limits: LimitArguments,
}

pub(super) fn run(arguments: &ObserveArguments, output: Output) -> anyhow::Result<Outcome> {
    let engine = Engine::find(arguments.engine)?;
    let tools = tools()?;
    let bar = Bar::new(output);
    let name = &arguments.image;
    let (image, checks) =
        arguments
            .source
            .open_checked_later(name, arguments.limits.options(), &bar)?;
    finish(checks, name)?;
    let session = Session::start(engine)?;
    let directory = session.directory().join("trace");
    let setup = Setup::create(directory, &tools, session.engine(), session.run_id())
        .context("cannot prepare the directory of the tracer")?;
    let trial = run_traced(arguments, &session, &setup, &image, &bar)?;
    let mut observation = Observation::new(Subject::new(name, &image.config));
    let traced = tracer::results(&setup.results(), &mut observation)?;
    if let Err(message) = session.finish() {
        output.warning(format_args!("after the test: {message}"));
    }
    drop(bar);
    if !trial.has_passed() {
        // A failed test has not shown what a working one needs.
        let mut lines = Lines::new();
        report::test_failure(&mut lines, &Trial::default(), &trial);
        output.print_notes(lines);
        output.note("not written: the test failed");
        return Ok(Outcome::Found);
    }
    ensure!(
        !observation.is_empty(),
        "no container of `IMAGE` was started through `podman` or `docker`, or each was started \
         with `--entrypoint`"
    );
    trust::write(&arguments.output, observation.to_json().as_bytes())
        .with_context(|| format!("cannot write `{}`", arguments.output.display()))?;
    output.print(&summary(&observation, traced, &arguments.output))?;
    Ok(Outcome::Clean)
}

/// Runs the test with the image, whose programs are traced.
fn run_traced(
    arguments: &ObserveArguments,
    session: &Session,
    setup: &Setup,
    image: &Image,
    bar: &Bar,
) -> anyhow::Result<Trial> {
    const TAG: &str = "observed";
    let ports = ports(image);
    let tests = tests(arguments, session.engine(), setup)?;
    let mut traced = image.clone();
    traced.config = session.labelled(&setup.traced(&image.config));
    let selection = Selection::all(&traced.tree);
    load(
        session,
        &traced,
        &selection,
        (TAG, unchanged_layers(image)),
        bar,
    )?;
    Ok(session.run(TAG, &tests, &ports)?)
}

fn tests(arguments: &ObserveArguments, engine: &Engine, setup: &Setup) -> anyhow::Result<Tests> {
    let mut list: Vec<Test> = Vec::new();
    for probe in &arguments.http_probe {
        list.push(Test::Probe(probe.clone()));
    }
    if !arguments.test.is_empty() {
        let mut words: Vec<String> = arguments
            .test
            .iter()
            .map(|word| tracer::quote(word))
            .collect();
        words.push("\"$IMAGE\"".to_owned());
        list.push(Test::Command(setup.command_line(engine, &words.join(" "))?));
    }
    let mut run_arguments = setup.run_arguments();
    run_arguments.extend(arguments.run_arg.iter().cloned());
    Ok(Tests {
        list,
        timeout: Duration::from_secs(arguments.test_timeout),
        starts_container: !arguments.no_container,
        run_arguments,
        compares_output: false,
    })
}

/// This program, with the libraries that it needs in a container that has none of them.
fn tools() -> anyhow::Result<Tools> {
    let program = std::env::current_exe().context("cannot find the program of jettison")?;
    let host = Host::open(Path::new("/")).context("cannot read `/`")?;
    let path = program.as_os_str().as_encoded_bytes().to_vec();
    let settings = Settings {
        environment: Environment {
            library_path: Vec::new(),
            directory: b"/".to_vec(),
            secure: false,
        },
        preload: Vec::new(),
        is_root: false,
        all_processors: false,
        level: None,
        symbols: false,
    };
    let mut tools = Tools {
        program,
        ..Tools::default()
    };
    for closure in loading::closures(&host, &settings, &[path]) {
        if let Start::Loaded(loaded) = &closure.start {
            tools.loader = Some(host_path(&loaded.loader));
            // The program and its loader come first.
            for object in loaded.objects.iter().skip(2) {
                tools.libraries.push(host_path(&object.path));
            }
        }
        if !closure.is_whole() {
            bail!("not all libraries of the program of jettison were found");
        }
    }
    Ok(tools)
}

fn host_path(path: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(path))
}

/// The number of paths by use.
fn summary(observation: &Observation, traced: usize, file: &Path) -> Lines {
    let mut lines = Lines::new();
    let mut parts = Vec::new();
    for act in Act::ALL {
        let count = observation.by(act).count();
        if count > 0 {
            parts.push(format!("{count} {act}"));
        }
    }
    let paths = counted(observation.paths().count(), "path");
    let programs = counted(traced, "program");
    lines.line(format_args!(
        "observed {paths} in {programs}: {}",
        parts.join(", ")
    ));
    if observation.is_incomplete {
        lines.line("warning: not everything was recorded: a program could not be read");
    }
    lines.line(format_args!("wrote {}", file.display()));
    lines
}

/// Bytes of a record, as its reader limits them.
const MAX_RECORD: u64 = 256 << 20;

/// The records that options of the plan name; none if they name none.
pub(super) fn read(arguments: &PlanArguments) -> anyhow::Result<Option<Arc<Observation>>> {
    let mut files = arguments.observed.iter();
    let Some(first) = files.next() else {
        ensure!(
            arguments.keep_level != KeepLevel::Observed,
            "`--keep-level observed` needs a file of `jettison observe`: `--observed FILE`"
        );
        return Ok(None);
    };
    let mut observation = read_one(first)?;
    for file in files {
        observation.merge(&read_one(file)?);
    }
    Ok(Some(Arc::new(observation)))
}

fn read_one(path: &Path) -> anyhow::Result<Observation> {
    let what = || format!("observation `{}`", path.display());
    let text = HostFile::named(path).read(MAX_RECORD).with_context(what)?;
    observation::read(&text).with_context(what)
}
