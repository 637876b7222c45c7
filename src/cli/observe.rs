//! `jettison observe`, and the files that it writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;

use super::arguments::{KeepLevel, PlanArguments};
use super::engine::EngineArguments;
use super::limits::LimitArguments;
use super::progress::Bar;
use super::source::{SourceArguments, finish};
use super::test::{load, ports};
use super::{Outcome, Output};
use crate::evidence::observation::{self, Act, Observation, Subject};
use crate::evidence::{Probe, Session, Test, Tests, Trial};
use crate::image::{Config, Image, Selection};
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
    /// observed is added as the last one, and is in `IMAGE`. `CONTAINER`, `HOST` and `PORT` tell
    /// the program about a container that runs the image, `ENGINE` is the program of the engine
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
    #[command(flatten)]
    engine: EngineArguments,
    /// Time limit of the test in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    test_timeout: u64,
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    limits: LimitArguments,
}

pub(super) fn run(arguments: &ObserveArguments, output: Output) -> anyhow::Result<Outcome> {
    let engine = arguments.engine.find()?;
    let bar = Bar::new(output);
    let name = &arguments.image;
    let options = arguments.limits.options();
    let (image, checks) = arguments.source.open_checked_later(name, options, &bar)?;
    finish(checks, name)?;
    let session = Session::start(engine)?;
    let mut observation = Observation::new(Subject::new(name, &image.config));
    let (trial, observed) = run_traced(arguments, &session, &image, &bar)?;
    observation.merge(&observed);
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
        "no container of `$IMAGE` was traced: the test must start it through `podman`, `docker` or \
         `$ENGINE`"
    );
    trust::write(&arguments.output, observation.to_json().as_bytes())
        .with_context(|| format!("cannot write `{}`", arguments.output.display()))?;
    output.print(&summary(&observation, &arguments.output))?;
    Ok(Outcome::Clean)
}

/// Runs the test with the image, whose programs are traced.
fn run_traced(
    arguments: &ObserveArguments,
    session: &Session,
    image: &Image,
    bar: &Bar,
) -> anyhow::Result<(Trial, Observation)> {
    const TAG: &str = "observed";
    let mut labelled = image.clone();
    labelled.config = session.labelled(&traced_config(session, image)?);
    let selection = Selection::all(&labelled.tree);
    load(session, &labelled, &selection, TAG, bar)?;
    observe(session, TAG, &arguments.tests(), image)
}

#[cfg(all(target_os = "linux", not(jettison_portable)))]
fn traced_config(session: &Session, image: &Image) -> anyhow::Result<Config> {
    Ok(session.traced(&image.config)?)
}

#[cfg(all(target_os = "linux", not(jettison_portable)))]
fn observe(
    session: &Session,
    tag: &str,
    tests: &Tests,
    image: &Image,
) -> anyhow::Result<(Trial, Observation)> {
    Ok(session.observe(tag, tests, &ports(image), &image.config)?)
}

#[cfg(not(all(target_os = "linux", not(jettison_portable))))]
fn observe(
    _session: &Session,
    _tag: &str,
    _tests: &Tests,
    _image: &Image,
) -> anyhow::Result<(Trial, Observation)> {
    anyhow::bail!("only Linux can trace containers");
}

#[cfg(not(all(target_os = "linux", not(jettison_portable))))]
fn traced_config(_session: &Session, image: &Image) -> anyhow::Result<Config> {
    Ok(image.config.clone())
}

impl ObserveArguments {
    fn tests(&self) -> Tests {
        let mut list: Vec<Test> = Vec::new();
        for probe in &self.http_probe {
            list.push(Test::Probe(probe.clone()));
        }
        if !self.test.is_empty() {
            let mut words: Vec<String> = self.test.iter().map(|word| quote(word)).collect();
            words.push("\"$IMAGE\"".to_owned());
            list.push(Test::Command(words.join(" ")));
        }
        Tests {
            list,
            timeout: Duration::from_secs(self.test_timeout),
            starts_container: !self.no_container,
            run_arguments: self.engine.run_arg.clone(),
            compares_output: false,
        }
    }
}

/// A word of the shell that stands for a text.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The number of paths by use.
fn summary(observation: &Observation, file: &Path) -> Lines {
    let mut lines = Lines::new();
    let mut parts = Vec::new();
    for act in Act::ALL {
        let count = observation.by(act).count();
        if count > 0 {
            parts.push(format!("{count} {act}"));
        }
    }
    let paths = counted(observation.paths().count(), "path");
    lines.line(format_args!("observed {paths}: {}", parts.join(", ")));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_word_is_one_word_of_the_shell() {
        assert_eq!(quote("a'b $c"), r"'a'\''b $c'");
    }
}
