//! `jettison lint`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use rayon::prelude::*;

use super::arguments::LintArguments;
use super::config::located;
use super::exclude::Exclude;
use super::files::{self, FEW, STDIN};
use super::fix::{self, Mode};
use super::images::{self, ImageLinter, LintedImage};
use super::reports::{Place, Reports};
use super::{Outcome, Output, baseline, build_context, policy, shellcheck};
use crate::config::{self, Config, FailOn, Shellcheck};
use crate::lint::image::{DECIDED_BY_IMAGE, NEEDS_IMAGE};
use crate::lint::{
    self, AttackSurface, BuildContext, Extras, Finding, Named, Registry, Selection, Settings,
    Severity,
};
use crate::report::{Linted, Report};
use crate::rules;
use crate::source::Source;
use crate::trust::HostFile;

pub(super) fn run(arguments: &LintArguments, output: Output) -> anyhow::Result<Outcome> {
    let registry = rules::registry();
    let mut config = configuration(arguments, registry, output)?;
    if config.settings.max_base_age.is_some() {
        config.settings.now = Some(super::writing::now()?);
    }
    let output = if config.no_color {
        output.without_color()
    } else {
        output
    };
    let reports = Reports::new(&arguments.reports, &config.formats)?;
    let exclude = Exclude::of(&arguments.files.exclude, &config)?;
    let (paths, images) = inputs(arguments);
    let export = arguments.advisories.export().context("`--osv`")?;
    if export.is_some() && images.is_empty() {
        output.note("`--osv` is about packages of images, and no image is named");
    }
    let (sources, mut failed) = files::read(&paths, &arguments.files, &exclude, output)?;
    // A hook is started for every commit, and few of them are about Dockerfiles.
    if sources.is_empty() && images.is_empty() && !failed && !arguments.files.staged {
        output.note("no Dockerfile found");
    }
    let (source, limits, export) = (&arguments.source, &arguments.limits, export.as_ref());
    let (images, unread) = ImageLinter {
        config: &config,
        registry,
        source,
        limits,
        export,
        output,
    }
    .all(&images);
    failed |= unread;
    let mut linter = Linter {
        registry,
        config: &config,
        images: &images,
        output,
        asked: false,
        failed: false,
        warned: Mutex::default(),
    };
    let mut files = linter.lint(sources);
    let dockerfiles = files.len();
    for image in &images {
        files.push(image.linted(&files[..dockerfiles], &config.settings));
        image.removable().iter().for_each(|line| output.note(line));
    }
    if baseline::write(&arguments.baseline, &files, output)? {
        return Ok(if failed || linter.failed {
            Outcome::Failed
        } else {
            Outcome::Clean
        });
    }
    let known = baseline::known(arguments.baseline.baseline.as_deref(), &config);
    let mode = arguments.fix.mode();
    if mode != Some(Mode::Write) {
        baseline::apply(known.as_ref(), &mut files, output)?;
    }
    let fail_on = arguments
        .fail_on
        .or(config.fail_on)
        .unwrap_or(FailOn::Severity(Severity::Info));
    let unfixed = outcome(&files, fail_on);
    let mut summary = Vec::new();
    if let Some(mode) = mode {
        let of_images = files.split_off(dockerfiles);
        let mended = fix::mend(files, arguments.fix.applicability(), |sources| {
            linter.lint(sources)
        });
        failed |= !fix::deliver(&mended, mode, arguments.stdin_name(), output)?;
        summary = fix::summary(&mended, arguments.fix);
        files = mended
            .into_iter()
            .map(|file| file.after)
            .chain(of_images)
            .collect();
    }
    if mode == Some(Mode::Write) {
        baseline::apply(known.as_ref(), &mut files, output)?;
    }
    failed |= linter.failed;
    let place = report_place(arguments, mode);
    show_attack_surface(&mut files, &config.settings, output);
    let report = Report {
        files: &files,
        registry,
    };
    reports.write(&report, place, output)?;
    for line in &summary {
        output.note(line);
    }
    if !linter.asked && !failed && dockerfiles > 0 && reports.speaks_to_people() {
        note_missing_shellcheck(&config, registry, output);
    }
    Ok(match mode {
        _ if failed => Outcome::Failed,
        Some(Mode::Print) => unfixed,
        _ => outcome(&files, fail_on),
    })
}

/// The inputs of a run: Dockerfiles to search and images.
fn inputs(arguments: &LintArguments) -> (Vec<PathBuf>, Vec<String>) {
    let (mut paths, mut images) = images::part(&arguments.paths);
    images.extend(arguments.image.iter().cloned());
    // Someone who names only an image means the image, not the files around it.
    if !arguments.image.is_empty() && arguments.paths == [PathBuf::from(".")] {
        paths.clear();
    }
    (paths, images)
}

/// The place of the report: with `--diff`, standard output is the patch's, and with `--fix -` it is
/// the fixed text's.
fn report_place(arguments: &LintArguments, mode: Option<Mode>) -> Place {
    match mode {
        Some(Mode::Print) => Place::Nowhere,
        Some(Mode::Write) if arguments.stdin_name().is_some() => Place::StandardError,
        _ => Place::StandardOutput,
    }
}

fn note_missing_shellcheck(config: &Config, registry: &Registry, output: Output) {
    if config.shellcheck == Shellcheck::Found && shellcheck::is_wanted(config, registry) {
        output.note("`shellcheck` is not on PATH: scripts were checked without it");
    }
}

/// The number of files up to which a text report ends with a line on each attack surface.
const MAX_ATTACK_SURFACES: usize = 3;

/// Computes the attack surfaces that a text report ends with, unless there are too many to read.
fn show_attack_surface(files: &mut [Linted], settings: &Settings, output: Output) {
    let is_shown = !output.is_quiet() && files.len() <= MAX_ATTACK_SURFACES;
    for file in files {
        if !is_shown {
            file.attack_surface = None;
        } else if let Some(source) = file.source() {
            file.attack_surface = AttackSurface::of_dockerfile(source, settings);
        }
    }
}

impl LintArguments {
    /// What standard input is called in findings, where it is read.
    fn stdin_name(&self) -> Option<&str> {
        let is_read = !self.files.staged && self.paths.iter().any(|path| path == Path::new("-"));
        let name = self.files.stdin_filename.as_deref().and_then(Path::to_str);
        is_read.then(|| name.unwrap_or(STDIN))
    }
}

/// Lints what it is given as a run wants it.
struct Linter<'a> {
    registry: &'static Registry,
    config: &'a Config,
    images: &'a [LintedImage],
    output: Output,
    /// Whether ShellCheck answered.
    asked: bool,
    /// Whether ShellCheck could not answer; that is said once.
    failed: bool,
    /// Warnings that were printed: files are linted again after a fix.
    warned: Mutex<BTreeSet<String>>,
}

impl Linter<'_> {
    fn lint(&mut self, sources: Vec<Source>) -> Vec<Linted> {
        let answers = self.ask_shellcheck(&sources);
        let lint_one = |(source, shellcheck): (Source, Option<Vec<Finding>>)| {
            let build = self.build_context(&source);
            let (settings, from_image) = self.findings_of_image(&source);
            let extras = Extras {
                build,
                shellcheck,
                from_image,
            };
            let findings = lint::lint_with(&source, self.registry, &settings, extras);
            Linted::dockerfile(source, findings)
        };
        let few = sources.len() <= FEW;
        let sources: Vec<_> = sources.into_iter().zip(answers).collect();
        if few {
            sources.into_iter().map(lint_one).collect()
        } else {
            sources.into_par_iter().map(lint_one).collect()
        }
    }

    /// What lies around a file. A text without a name lies nowhere.
    fn build_context(&self, source: &Source) -> BuildContext {
        if source.name() == STDIN {
            return BuildContext::default();
        }
        let (build, warning) = build_context::beside(Path::new(source.name()));
        if let Some(warning) = warning
            && let Ok(mut warned) = self.warned.lock()
            && warned.insert(warning.clone())
        {
            self.output.warning(&warning);
        }
        build
    }

    /// The findings at lines of a Dockerfile from an image that was built from it, and the settings
    /// without the rules that would guess what is in the image.
    fn findings_of_image(&self, source: &Source) -> (Settings, Vec<Finding>) {
        let mut settings = self.config.settings.clone();
        let findings = self
            .images
            .iter()
            .find_map(|image| image.findings_at_lines(source, &settings));
        if let Some(findings) = findings {
            settings.ignore.extend(DECIDED_BY_IMAGE);
            (settings, findings)
        } else {
            settings.ignore.extend(NEEDS_IMAGE);
            (settings, Vec::new())
        }
    }

    /// What ShellCheck says of each file; nothing where it is not wanted, not there, or has failed.
    fn ask_shellcheck(&mut self, sources: &[Source]) -> Vec<Option<Vec<Finding>>> {
        let none = || vec![None; sources.len()];
        if self.failed {
            return none();
        }
        match shellcheck::ask(self.config, self.registry, sources) {
            Ok(None) => none(),
            Ok(Some(answers)) => {
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
}

fn outcome(files: &[Linted], fail_on: FailOn) -> Outcome {
    let FailOn::Severity(threshold) = fail_on else {
        return Outcome::Clean;
    };
    let fails = files
        .iter()
        .flat_map(|file| &file.findings)
        .any(|finding| finding.severity <= threshold);
    if fails {
        Outcome::Found
    } else {
        Outcome::Clean
    }
}

/// The configuration file's word, then the command line's over it.
fn configuration(
    arguments: &LintArguments,
    registry: &Registry,
    output: Output,
) -> anyhow::Result<Config> {
    let file = match &arguments.config {
        _ if arguments.no_config => None,
        Some(path) => Some(HostFile::named(path)),
        None => located(config::find(&start_folder(arguments)?), output),
    };
    let mut config = config::load(file.as_ref(), &|name| std::env::var(name).ok(), registry)?;
    if arguments.select.iter().any(|name| name == config::ALL) {
        config.settings.select = Selection::ALL;
    } else if !arguments.select.is_empty() {
        config
            .settings
            .select(known(registry, &arguments.select, "--select")?);
    }
    if let (Some(profile), true) = (arguments.profile, arguments.select.is_empty()) {
        config.settings.select = Selection::Profile(profile);
    }
    config.settings.build_args.extend(
        arguments
            .build_arg
            .iter()
            .filter_map(|argument| build_arg(argument)),
    );
    if arguments.target.is_some() {
        config.settings.target.clone_from(&arguments.target);
    }
    arguments.shellcheck.put_over(&mut config);
    config
        .settings
        .ignore(known(registry, &arguments.ignore, "--ignore")?);
    config.settings.pragmas &= !arguments.no_pragmas;
    config.policy = policy::dated(config.policy)?;
    Ok(config)
}

/// `NAME=VALUE`, or `NAME` with the environment's value, where it has one.
fn build_arg(argument: &str) -> Option<(String, String)> {
    match argument.split_once('=') {
        Some((name, value)) => Some((name.to_owned(), value.to_owned())),
        None => std::env::var(argument)
            .ok()
            .map(|value| (argument.to_owned(), value)),
    }
}

/// The folder whose configuration counts: that of the first path; of images, which may lie
/// anywhere, this one.
fn start_folder(arguments: &LintArguments) -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    let first = match (
        arguments.paths.first().map(PathBuf::as_path),
        &arguments.files.stdin_filename,
    ) {
        (Some(path), Some(name)) if path == Path::new("-") => name,
        (path, _) => path.unwrap_or(Path::new(".")),
    };
    if images::is_named(first) {
        return Ok(here);
    }
    let first = here.join(first);
    Ok(if first.is_dir() {
        first
    } else {
        first.parent().unwrap_or(&here).to_owned()
    })
}

fn known(registry: &Registry, names: &[String], flag: &str) -> anyhow::Result<Named> {
    registry
        .resolve(names.iter().map(String::as_str))
        .with_context(|| format!("`{flag}`"))
}
