//! `jettison lint`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rayon::prelude::*;

use super::arguments::LintArguments;
use super::exclude::Exclude;
use super::files::{self, FEW, STDIN};
use super::reports::Reports;
use super::{Outcome, Output, baseline};
use crate::config::{self, Config, FailOn, Shellcheck};
use crate::lint::{self, Besides, BuildContext, Finding, Named, Registry, SHELLCHECK, Selection, Severity};
use crate::report::{Linted, Report};
use crate::rules;
use crate::shellcheck;
use crate::source::Source;

pub(super) fn run(arguments: &LintArguments, output: Output) -> anyhow::Result<Outcome> {
    let registry = rules::registry();
    let config = configuration(arguments, registry)?;
    let output = if config.no_color { output.without_color() } else { output };
    let reports = Reports::new(&arguments.reports, &config.formats)?;
    let exclude = exclude(arguments, &config)?;
    let (sources, mut failed) = files::read(&arguments.paths, &arguments.files, &exclude, output)?;
    // A hook is started for every commit, and few of them are about Dockerfiles.
    if sources.is_empty() && !failed && !arguments.files.staged {
        output.note("no Dockerfile found");
    }
    let answers = ask_shellcheck(&config, registry, &sources).unwrap_or_else(|error| {
        failed = true;
        output.error(&error);
        None
    });
    let is_unasked = answers.is_none() && !failed && config.shellcheck == Shellcheck::Found;
    let answers = answers.map_or_else(|| vec![None; sources.len()], |all| all.into_iter().map(Some).collect());
    let lint_one = |(source, shellcheck): (Source, Option<Vec<Finding>>)| {
        let build = match source.name() {
            STDIN => BuildContext::default(),
            path => BuildContext::beside(Path::new(path)),
        };
        let findings = lint::lint_with(&source, registry, &config.settings, Besides { build, shellcheck });
        Linted::new(source, findings)
    };
    let few = sources.len() <= FEW;
    let sources: Vec<_> = sources.into_iter().zip(answers).collect();
    let mut files: Vec<Linted> =
        if few { sources.into_iter().map(lint_one).collect() } else { sources.into_par_iter().map(lint_one).collect() };

    if baseline::write(&arguments.baseline, &files, output)? {
        return Ok(if failed { Outcome::Failed } else { Outcome::Clean });
    }
    let known = arguments.baseline.baseline.as_deref().or(config.baseline.as_deref());
    baseline::apply(known, &mut files, output)?;
    reports.write(&Report { files: &files, registry }, output)?;
    if is_unasked && reports.speaks_to_people() && !files.is_empty() && wants_shellcheck(&config, registry) {
        output.note("`shellcheck` is not on PATH: scripts were checked without it");
    }
    let fail_on = arguments.fail_on.or(config.fail_on).unwrap_or(FailOn::Severity(Severity::Info));
    Ok(if failed { Outcome::Failed } else { outcome(&files, fail_on) })
}

/// What ShellCheck says of each file; none where it is not wanted or not there.
fn ask_shellcheck(
    config: &Config,
    registry: &Registry,
    sources: &[Source],
) -> anyhow::Result<Option<Vec<Vec<Finding>>>> {
    let program = match &config.shellcheck {
        Shellcheck::At(program) => Some(program.clone()),
        Shellcheck::Found => std::env::var_os("PATH").and_then(|path| shellcheck::find(&path)),
        Shellcheck::Off => None,
    };
    match program.filter(|_| wants_shellcheck(config, registry)) {
        Some(program) => Ok(Some(shellcheck::check(&program, sources, &config.settings)?)),
        None => Ok(None),
    }
}

fn wants_shellcheck(config: &Config, registry: &Registry) -> bool {
    registry.get(SHELLCHECK).is_some_and(|page| config.settings.selects(page))
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
        None => config::find(&start_folder(arguments)?),
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

/// What the command line and the configuration leave out, whose patterns start from its own folder.
fn exclude(arguments: &LintArguments, config: &Config) -> anyhow::Result<Exclude> {
    let mut exclude = Exclude::new(&std::env::current_dir().context("cannot tell the current folder")?);
    exclude.add(Path::new("."), &arguments.files.exclude).context("`--exclude`")?;
    exclude.add(&config.folder, &config.exclude).context("the configuration's `exclude`")?;
    Ok(exclude)
}

/// The folder whose configuration counts: that of the first path.
fn start_folder(arguments: &LintArguments) -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    let first = match (arguments.paths.first().map(PathBuf::as_path), &arguments.files.stdin_filename) {
        (Some(path), Some(name)) if path == Path::new("-") => name,
        (path, _) => path.unwrap_or(Path::new(".")),
    };
    let first = here.join(first);
    Ok(if first.is_dir() { first } else { first.parent().unwrap_or(&here).to_owned() })
}

fn known(registry: &Registry, names: &[String], flag: &str) -> anyhow::Result<Named> {
    registry.resolve(names.iter().map(String::as_str)).with_context(|| format!("`{flag}`"))
}
