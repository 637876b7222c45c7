//! `jettison lint`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum as _;
use rayon::prelude::*;

use super::arguments::{Format, LintArguments};
use super::fix::{self, Mode};
use super::{Outcome, Output, discover};
use crate::config::{self, Config, FailOn, Shellcheck};
use crate::lint::{self, Besides, BuildContext, Finding, Named, Registry, SHELLCHECK, Selection, Severity};
use crate::report::{self, Linted, Report};
use crate::rules;
use crate::shellcheck;
use crate::source::Source;

/// Dockerfiles are written by people; what is longer is something else.
const MAX_BYTES: u64 = 16 << 20;
/// What standard input is called in findings.
pub(super) const STDIN: &str = "<stdin>";
/// Below this many files, threads cost more than they bring.
const FEW: usize = 8;

pub(super) fn run(arguments: &LintArguments, output: Output) -> anyhow::Result<Outcome> {
    let registry = rules::registry();
    let config = configuration(arguments, registry)?;
    let output = if config.no_color { output.without_color() } else { output };
    let format = format(arguments, &config)?;
    let paths = targets(&arguments.paths)?;
    if paths.is_empty() {
        output.note("no Dockerfile found");
    }
    let (sources, mut failed) = read_all(&paths, output);
    let mut linter = Linter { registry, config: &config, output, asked: false, failed: false };
    let files = linter.lint(sources);
    let fail_on = arguments.fail_on.or(config.fail_on).unwrap_or(FailOn::Severity(Severity::Info));
    let unfixed = outcome(&files, fail_on);
    let (files, mended) = match arguments.fix.mode() {
        None => (files, None),
        Some(mode) => {
            let mended = fix::mend(files, arguments.fix.applicability(), |sources| linter.lint(sources));
            failed |= !fix::deliver(&mended, mode, output)?;
            let summary = fix::summary(&mended, arguments.fix);
            (mended.into_iter().map(|file| file.after).collect(), Some((mode, summary)))
        }
    };
    failed |= linter.failed;
    let report = Report { files: &files, registry };
    let printed = match format {
        Format::Text => report::text(&report, output.style()),
        Format::Json => report::json(&report),
    };
    match &mended {
        // Standard output is the patch's.
        Some((Mode::Print, _)) => {}
        Some((Mode::Write, _)) if paths.iter().any(|path| path == Path::new("-")) => output.print_besides(&printed),
        _ => output.print(&printed)?,
    }
    if let Some((_, summary)) = &mended {
        summary.lines().for_each(|line| output.note(line));
    }
    if !linter.asked
        && !failed
        && config.shellcheck == Shellcheck::Found
        && format == Format::Text
        && !files.is_empty()
        && linter.wants_shellcheck()
    {
        output.note("`shellcheck` is not on PATH: scripts were checked without it");
    }
    Ok(match arguments.fix.mode() {
        _ if failed => Outcome::Failed,
        Some(Mode::Print) => unfixed,
        _ => outcome(&files, fail_on),
    })
}

/// Lints what it is given as a run wants it.
struct Linter<'a> {
    registry: &'static Registry,
    config: &'a Config,
    output: Output,
    /// Whether ShellCheck answered.
    asked: bool,
    /// Whether ShellCheck could not answer; that is said once.
    failed: bool,
}

impl Linter<'_> {
    fn lint(&mut self, sources: Vec<Source>) -> Vec<Linted> {
        let answers = self.ask_shellcheck(&sources);
        let lint_one = |(source, shellcheck): (Source, Option<Vec<Finding>>)| {
            let build = match source.name() {
                STDIN => BuildContext::default(),
                path => BuildContext::beside(Path::new(path)),
            };
            let besides = Besides { build, shellcheck };
            let findings = lint::lint_with(&source, self.registry, &self.config.settings, besides);
            Linted { source, findings }
        };
        let few = sources.len() <= FEW;
        let sources: Vec<_> = sources.into_iter().zip(answers).collect();
        if few { sources.into_iter().map(lint_one).collect() } else { sources.into_par_iter().map(lint_one).collect() }
    }

    /// What ShellCheck says of each file; nothing where it is not wanted, not there, or has failed.
    fn ask_shellcheck(&mut self, sources: &[Source]) -> Vec<Option<Vec<Finding>>> {
        let none = || vec![None; sources.len()];
        let program = match &self.config.shellcheck {
            Shellcheck::At(program) => Some(program.clone()),
            Shellcheck::Found => std::env::var_os("PATH").and_then(|path| shellcheck::find(&path)),
            Shellcheck::Off => None,
        };
        let Some(program) = program.filter(|_| self.wants_shellcheck() && !self.failed) else { return none() };
        match shellcheck::check(&program, sources, &self.config.settings) {
            Ok(answers) => {
                self.asked = true;
                answers.into_iter().map(Some).collect()
            }
            Err(error) => {
                self.failed = true;
                self.output.error(&error.into());
                none()
            }
        }
    }

    fn wants_shellcheck(&self) -> bool {
        self.registry.get(SHELLCHECK).is_some_and(|page| self.config.settings.selects(page))
    }
}

/// The files that can be read, and whether there were others: one of those does not lose what is found in the rest.
fn read_all(paths: &[PathBuf], output: Output) -> (Vec<Source>, bool) {
    let results: Vec<anyhow::Result<Source>> = if paths.len() <= FEW {
        paths.iter().map(|path| read(path)).collect()
    } else {
        paths.par_iter().map(|path| read(path)).collect()
    };
    let (mut sources, mut failed) = (Vec::new(), false);
    for result in results {
        match result {
            Ok(source) => sources.push(source),
            Err(error) => {
                failed = true;
                output.error(&error);
            }
        }
    }
    (sources, failed)
}

fn outcome(files: &[Linted], fail_on: FailOn) -> Outcome {
    let FailOn::Severity(threshold) = fail_on else { return Outcome::Clean };
    let fails = files.iter().flat_map(|file| &file.findings).any(|finding| finding.severity <= threshold);
    if fails { Outcome::Found } else { Outcome::Clean }
}

/// The configuration file's word, then the command line's over it.
fn configuration(arguments: &LintArguments, registry: &Registry) -> anyhow::Result<Config> {
    let path = match &arguments.config {
        _ if arguments.no_config => None,
        Some(path) => Some(path.clone()),
        None => config::find(&start_folder(&arguments.paths)?),
    };
    let mut config = config::load(path.as_deref(), &|name| std::env::var(name).ok(), registry)?;
    if arguments.select.iter().any(|name| name == config::ALL) {
        config.settings.select = Selection::ALL;
    } else if !arguments.select.is_empty() {
        config.settings.select(known(registry, &arguments.select, "--select")?);
    }
    if let (Some(profile), true) = (arguments.profile, arguments.select.is_empty()) {
        config.settings.select = Selection::Profile(profile);
    }
    config.settings.build_args.extend(arguments.build_arg.iter().filter_map(|argument| build_arg(argument)));
    if arguments.target.is_some() {
        config.settings.target.clone_from(&arguments.target);
    }
    if arguments.no_shellcheck {
        config.shellcheck = Shellcheck::Off;
    } else if let Some(program) = &arguments.shellcheck {
        config.shellcheck = Shellcheck::At(program.clone());
    }
    config.settings.ignore(known(registry, &arguments.ignore, "--ignore")?);
    config.settings.pragmas &= !arguments.no_pragmas;
    Ok(config)
}

/// `NAME=VALUE`, or `NAME` with the environment's value, where it has one.
fn build_arg(argument: &str) -> Option<(String, String)> {
    match argument.split_once('=') {
        Some((name, value)) => Some((name.to_owned(), value.to_owned())),
        None => std::env::var(argument).ok().map(|value| (argument.to_owned(), value)),
    }
}

fn format(arguments: &LintArguments, config: &Config) -> anyhow::Result<Format> {
    let Some(name) = config.format.as_deref().filter(|_| arguments.format.is_none()) else {
        return Ok(arguments.format.unwrap_or(Format::Text));
    };
    Format::from_str(name, true).map_err(|_| {
        let names = Format::value_variants().iter().filter_map(clap::ValueEnum::to_possible_value);
        let names: Vec<String> = names.map(|value| format!("`{}`", value.get_name())).collect();
        anyhow::anyhow!("the configuration wants the format `{name}`; there are {}", names.join(", "))
    })
}

/// The folder whose configuration counts: that of the first path.
fn start_folder(paths: &[PathBuf]) -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    let first = here.join(paths.first().map_or(Path::new("."), PathBuf::as_path));
    Ok(if first.is_dir() { first } else { first.parent().unwrap_or(&here).to_owned() })
}

fn known(registry: &Registry, names: &[String], flag: &str) -> anyhow::Result<Named> {
    registry.resolve(names.iter().map(String::as_str)).with_context(|| format!("`{flag}`"))
}

/// Every file that was named, and every Dockerfile below every folder that was.
fn targets(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut targets = Vec::new();
    for path in paths {
        if path.is_dir() {
            targets.extend(discover::dockerfiles(path)?);
        } else {
            targets.push(path.clone());
        }
    }
    Ok(targets)
}

fn read(path: &Path) -> anyhow::Result<Source> {
    let is_stdin = path == Path::new("-");
    let name = if is_stdin { STDIN.into() } else { path.to_string_lossy() };
    let mut bytes = Vec::new();
    let read = if is_stdin {
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("cannot read `{name}`"))?;
    anyhow::ensure!(
        bytes.len() as u64 <= MAX_BYTES,
        "`{name}` is larger than {} MiB: not a Dockerfile",
        MAX_BYTES >> 20
    );
    Ok(Source::new(name, bytes))
}
