//! `jettison lint`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use rayon::prelude::*;

use super::arguments::LintArguments;
use super::config::{current_directory, located, registry};
use super::deployments::{self, Invocations};
use super::exclude::Exclude;
use super::files::{self, FEW, STDIN};
use super::fix::{self, Mode, Pass};
use super::images::{self, ImageLinter, LintedImage};
use super::reports::{Place, Reports};
use super::{Outcome, Output, baseline, build_context, policy, shellcheck};
use crate::config::{self, Config, FailOn, Shellcheck};
use crate::deployment::{Build, Deployment, Room};
use crate::lint::image::{DECIDED_BY_IMAGE, NEEDS_IMAGE};
use crate::lint::{
    self, BuildContext, Compliance, DeployedImage, Extras, Finding, LintedFile, Named,
    NamedStandard, Registry, Selection, Settings, Severity, Veil,
};
use crate::report::{Baseline, Linted, Report};
use crate::rules;
use crate::shellcheck::{Checker, ShellcheckError};
use crate::source::Source;
use crate::trust::HostFile;

pub(super) fn run(arguments: &LintArguments, output: Output) -> anyhow::Result<Outcome> {
    let config = configuration(arguments, output)?;
    let output = colored(&config, output);
    // Conflicting reports are an error before the work starts, not after it.
    let reports = Reports::new(&arguments.reports, &config.formats)?;
    let inputs = read_inputs(arguments, &config, output)?;
    let (jobs, invocations) = jobs_and_invocations(inputs.sources, arguments, &config, output)?;
    let compliance = compliance(arguments, &jobs, &inputs.images);
    let mut failed = inputs.failed;
    let deployed: Vec<DeployedImage<'_>> =
        inputs.images.iter().map(LintedImage::deployed).collect();
    let mut linter = Linter {
        config: &config,
        images: &inputs.images,
        deployed: &deployed,
        invocations: &invocations,
        output,
        shellcheck: None,
        failed: false,
        others: Mutex::default(),
        warned: Mutex::default(),
        large: Mutex::default(),
    };
    let mut files = linter.open_shellcheck().lint(jobs);
    linter.add_others(&mut files);
    let dockerfiles = files.len();
    for image in &inputs.images {
        files.push(image.linted(&files[..dockerfiles], &config.settings));
        if let Some(line) = image.removable() {
            output.note(line);
        }
    }
    // All findings are written to a new baseline, so they are neither reported nor fail the run.
    if baseline::write(&arguments.baseline, &files, output)? {
        return Ok(if failed || linter.failed {
            Outcome::Failed
        } else {
            Outcome::Clean
        });
    }
    let known = baseline::known(arguments.baseline.baseline.as_deref(), &config);
    let mode = arguments.fix.mode();
    let accepted = accepted(mode, known.as_ref(), &files)?;
    // After `--fix`, the baseline is applied to the findings that remain.
    if mode != Some(Mode::Write) {
        baseline::apply(known.as_ref(), &mut files, output)?;
    }
    let fail_on = threshold(arguments, &config);
    let before_fixes = outcome(&files, fail_on);
    let mut summary = Vec::new();
    if let Some(mode) = mode {
        let applied = fix_files(arguments, mode, files, accepted.as_ref(), &mut linter)?;
        files = applied.files;
        summary = applied.summary;
        failed |= applied.failed;
    }
    if mode == Some(Mode::Write) {
        baseline::apply(known.as_ref(), &mut files, output)?;
    }
    failed |= linter.failed;
    limit_attack_surfaces(&mut files, output);
    let report = Report {
        files: &files,
        registry: registry(&config),
        compliance,
    };
    reports.write(&report, report_place(arguments, mode), output)?;
    for line in &summary {
        output.note(line);
    }
    if linter.shellcheck.is_none() && !failed && dockerfiles > 0 && reports.has_text_on_stdout() {
        note_missing_shellcheck(&config, output);
    }
    Ok(match mode {
        _ if failed => Outcome::Failed,
        // `--diff` changes nothing, so the findings that it would fix still count.
        Some(Mode::Print) => before_fixes,
        _ => outcome(&files, fail_on),
    })
}

/// The lowest severity that makes the run fail.
fn threshold(arguments: &LintArguments, config: &Config) -> FailOn {
    let fail_on = arguments.fail_on.or(config.fail_on);
    fail_on.unwrap_or(FailOn::Severity(Severity::Info))
}

/// The standard that the user names, with the kinds of inputs that there are to check.
fn compliance(
    arguments: &LintArguments,
    jobs: &[Job],
    images: &[LintedImage],
) -> Option<Compliance> {
    let NamedStandard(standard) = arguments.compliance?;
    Some(Compliance {
        standard,
        // A deployment may contain Dockerfiles, and those that it builds are added to the others.
        has_dockerfiles: jobs.iter().any(|job| job.deployment.is_none()),
        has_images: !images.is_empty(),
        has_deployments: jobs.iter().any(|job| job.deployment.is_some()),
    })
}

fn colored(config: &Config, output: Output) -> Output {
    if config.no_color {
        // hadolint's `no-color` has the same meaning.
        output.without_color()
    } else {
        output
    }
}

/// The entries of the baseline that fixes have to leave alone.
fn accepted(
    mode: Option<Mode>,
    known: Option<&HostFile>,
    files: &[Linted],
) -> anyhow::Result<Option<Baseline>> {
    // Without fixes, the baseline is read once, to suppress findings.
    match mode {
        Some(_) => baseline::accepted(known, files),
        None => Ok(None),
    }
}

/// The texts of a run, and the ways in which its Dockerfiles are built, as its deployments say.
/// Dockerfiles that were not passed are added.
fn jobs_and_invocations(
    sources: Vec<Source>,
    arguments: &LintArguments,
    config: &Config,
    output: Output,
) -> anyhow::Result<(Vec<Job>, Invocations)> {
    let room = Room::default();
    let mut jobs = jobs(&room, sources);
    let mut invocations = Invocations::default();
    for job in &jobs {
        if let Some(deployment) = &job.deployment {
            invocations.add(deployment);
        }
    }
    // The files of the working tree are not those of git's index.
    if !arguments.files.staged {
        let exclude = Exclude::of(&arguments.files.exclude, config)?;
        let known = jobs.iter().map(|job| &job.source);
        let unread = invocations.unread(known, &exclude, output);
        jobs.extend(self::jobs(&room, unread));
    }
    Ok((jobs, invocations))
}

/// Texts and images to check.
struct Inputs {
    sources: Vec<Source>,
    images: Vec<LintedImage>,
    /// Whether one could not be read.
    failed: bool,
}

fn read_inputs(
    arguments: &LintArguments,
    config: &Config,
    output: Output,
) -> anyhow::Result<Inputs> {
    let exclude = Exclude::of(&arguments.files.exclude, config)?;
    let (paths, images) = inputs(arguments);
    let export = arguments.advisories.export().context("`--osv`")?;
    if export.is_some() && images.is_empty() {
        output.note("`--osv` has no effect: it applies to image packages, but no image is given");
    }
    let (sources, failed) = files::read(&paths, &arguments.files, &exclude, output)?;
    // A hook runs on every commit, but few commits change a Dockerfile.
    if sources.is_empty() && images.is_empty() && !failed && !arguments.files.staged {
        output.note("no Dockerfile found");
    }
    let linter = ImageLinter {
        config,
        registry: registry(config),
        source: &arguments.source,
        limits: &arguments.limits,
        export: export.as_ref(),
        output,
    };
    let (images, unreadable) = linter.all(&images);
    Ok(Inputs {
        sources,
        images,
        failed: failed || unreadable,
    })
}

/// Paths to search for Dockerfiles, and names of images.
fn inputs(arguments: &LintArguments) -> (Vec<PathBuf>, Vec<String>) {
    let (mut paths, mut images) = images::split(&arguments.paths);
    images.extend(arguments.image.iter().cloned());
    // `--image` without a path checks only the image, not the Dockerfiles in the current directory.
    if !arguments.image.is_empty() && arguments.paths == [PathBuf::from(".")] {
        paths.clear();
    }
    (paths, images)
}

/// Result of `--fix` or `--diff`.
struct Fixes {
    files: Vec<Linted>,
    /// Lines that count the fixes.
    summary: Vec<String>,
    /// Whether a file could not be written.
    failed: bool,
}

fn fix_files(
    arguments: &LintArguments,
    mode: Mode,
    mut files: Vec<Linted>,
    accepted: Option<&Baseline>,
    linter: &mut Linter<'_>,
) -> anyhow::Result<Fixes> {
    baseline::withhold_fixes(accepted, &mut files)?;
    // Images have no text to fix. They are the last, as they were linted after the Dockerfiles.
    let dockerfiles = files.partition_point(|file| file.source().is_some());
    let images = files.split_off(dockerfiles);
    let has_shellcheck = linter.shellcheck.is_some();
    let applicability = arguments.fix.applicability();
    let mut fixed = fix::fix_all(files, applicability, has_shellcheck, |sources, pass| {
        let jobs = jobs(&Room::default(), sources);
        let mut files = match pass {
            Pass::Full => linter.lint(jobs),
            Pass::OwnRules => linter.lint_answered(jobs),
        };
        baseline::withhold_fixes(accepted, &mut files)?;
        Ok(files)
    })?;
    let is_written = fix::write_all(&mut fixed, mode, arguments.stdin_name(), linter.output)?;
    let summary = fix::summary(&fixed, arguments.fix);
    let mut files: Vec<Linted> = fixed.into_iter().map(|file| file.after).collect();
    files.extend(images);
    Ok(Fixes {
        files,
        summary,
        failed: !is_written,
    })
}

/// The destination of the report. Standard output is taken by the patch with `--diff`, and by the
/// fixed text with `--fix -`.
fn report_place(arguments: &LintArguments, mode: Option<Mode>) -> Place {
    match mode {
        Some(Mode::Print) => Place::Nowhere,
        Some(Mode::Write) if arguments.stdin_name().is_some() => Place::StandardError,
        _ => Place::StandardOutput,
    }
}

/// Prints a note that scripts were not checked, unless ShellCheck was disabled or named: a named
/// program that is missing is already an error.
fn note_missing_shellcheck(config: &Config, output: Output) {
    if config.shellcheck == Shellcheck::Found && shellcheck::is_wanted(config, registry(config)) {
        output.note("`shellcheck` is not on PATH: scripts were checked without it");
    }
}

/// Number of files up to which a text report ends with a line about each attack surface.
const MAX_ATTACK_SURFACES: usize = 3;

/// Drops the attack surfaces that a text report would end with if there are too many to read.
fn limit_attack_surfaces(files: &mut [Linted], output: Output) {
    if output.is_quiet() || files.len() > MAX_ATTACK_SURFACES {
        for file in files {
            file.attack_surface = None;
        }
    }
}

impl LintArguments {
    /// The name of standard input in findings; `None` if it is not read.
    fn stdin_name(&self) -> Option<&str> {
        // With `--staged`, the texts come from git's index.
        if self.files.staged || !self.paths.iter().any(|path| path == Path::new("-")) {
            return None;
        }
        let name = self.files.stdin_filename.as_deref().and_then(Path::to_str);
        Some(name.unwrap_or(STDIN))
    }
}

/// Lints Dockerfiles with the settings of a run.
struct Linter<'a> {
    config: &'a Config,
    images: &'a [LintedImage],
    /// The same images, for the deployments that start them.
    deployed: &'a [DeployedImage<'a>],
    /// How deployments build the Dockerfiles.
    invocations: &'a Invocations,
    output: Output,
    /// `None` if it is disabled or not installed, and after it has failed: the error is reported
    /// once.
    shellcheck: Option<Checker>,
    /// Whether ShellCheck failed.
    failed: bool,
    /// Warnings that were printed: files are linted again after a fix.
    warned: Mutex<BTreeSet<String>>,
    /// Held while a large file is analyzed.
    large: Mutex<()>,
    /// Findings in files that deployments refer to, such as an included Compose file.
    others: Mutex<Vec<LintedFile>>,
}

/// A text to lint, with the answers of ShellCheck about it and the Dockerfiles in it.
struct Job {
    source: Source,
    /// For a Dockerfile its own answer, for a deployment one for each Dockerfile in it.
    answers: Vec<Option<Vec<Finding>>>,
    deployment: Option<Deployment>,
}

impl Job {
    /// Its Dockerfiles, for ShellCheck.
    fn texts(&self) -> Vec<Source> {
        let Some(deployment) = &self.deployment else {
            return vec![self.source.clone()];
        };
        let mut texts = Vec::new();
        for (_, inline) in deployments::inline_builds(deployment) {
            texts.push(Source::new(self.source.name(), inline.text.as_str()));
        }
        texts
    }
}

/// Bytes from which a file is large. Analysis takes some hundreds of bytes of memory for each byte
/// of the worst files, so large ones are analyzed one at a time, on any number of cores.
const LARGE: usize = 64 << 10;
/// Bytes of a Dockerfile that are analyzed for all of its builds.
const MAX_BUILT: usize = 512 << 10;

impl Linter<'_> {
    fn lint(&mut self, mut jobs: Vec<Job>) -> Vec<Linted> {
        let texts: Vec<Vec<Source>> = jobs.iter().map(Job::texts).collect();
        // One process checks the scripts of all files, as it takes longer to start than to check.
        let mut answers = self.ask_shellcheck(&texts.concat()).into_iter();
        for (job, texts) in jobs.iter_mut().zip(&texts) {
            job.answers = answers.by_ref().take(texts.len()).collect();
        }
        self.lint_answered(jobs)
    }

    /// The same without ShellCheck, or with answers that are already there.
    fn lint_answered(&self, jobs: Vec<Job>) -> Vec<Linted> {
        if jobs.len() <= FEW {
            jobs.into_iter().map(|job| self.lint_job(job)).collect()
        } else {
            jobs.into_par_iter().map(|job| self.lint_job(job)).collect()
        }
    }

    fn lint_job(&self, job: Job) -> Linted {
        match job.deployment {
            Some(deployment) => self.lint_deployment(job.source, &deployment, job.answers),
            None => self.lint_one(job.source, job.answers.into_iter().next().flatten()),
        }
    }

    /// Lints what a deployment says, and the Dockerfiles that are written in it.
    fn lint_deployment(
        &self,
        source: Source,
        deployment: &Deployment,
        answers: Vec<Option<Vec<Finding>>>,
    ) -> Linted {
        let registry = registry(self.config);
        let mut files =
            lint::lint_deployment(deployment, self.deployed, registry, &self.config.settings);
        let inline = deployments::inline_builds(deployment);
        let unchecked = deployments::inline_count(deployment) - inline.len();
        if unchecked > 0 {
            self.output.warning(format_args!(
                "{unchecked} of the Dockerfiles in `{}` are not checked: they are too large together",
                source.name()
            ));
        }
        let mut findings = std::mem::take(&mut files[0].findings);
        let veil = Veil::new(&deployment.hidden, source.text());
        if let Ok(mut others) = self.others.lock() {
            others.extend(files.drain(1..));
        }
        // Without ShellCheck, there are no answers.
        let answers = answers.into_iter().chain(std::iter::repeat(None));
        for ((build, text), shellcheck) in inline.into_iter().zip(answers) {
            let mut settings = lint::invocation_settings(&self.config.settings, build);
            settings.ignore.extend(NEEDS_IMAGE);
            let dockerfile = Source::new(source.name(), text.text.as_str());
            let extras = Extras {
                build: match build.context_directory() {
                    Some(context) => self.context_of(Path::new(source.name()), &context),
                    None => BuildContext::default(),
                },
                shellcheck,
                from_image: Vec::new(),
            };
            let mut report = lint::lint_with(&dockerfile, registry, &settings, extras);
            veil.hide_in(&mut report.findings, registry);
            for finding in report.findings {
                findings.push(lint::in_file(finding, text, source.text()));
            }
        }
        lint::sort(&mut findings);
        Linted::dockerfile(source, findings)
    }

    /// Adds the findings in files that deployments refer to. Such a file may also be among the
    /// inputs.
    fn add_others(&self, files: &mut Vec<Linted>) {
        let others = match self.others.lock() {
            Ok(mut others) => std::mem::take(&mut *others),
            Err(_) => return,
        };
        for other in others {
            let known = files
                .iter_mut()
                .find(|file| file.name() == other.source.name());
            if let Some(file) = known {
                file.findings.extend(other.findings);
                lint::sort(&mut file.findings);
            } else {
                let source = Arc::unwrap_or_clone(other.source);
                files.push(Linted::dockerfile(source, other.findings));
            }
        }
    }

    fn lint_one(&self, source: Source, shellcheck: Option<Vec<Finding>>) -> Linted {
        let _turn = if source.text().len() > LARGE {
            // The mutex protects no data that a panic could have left broken.
            Some(self.large.lock().unwrap_or_else(PoisonError::into_inner))
        } else {
            None
        };
        let (settings, from_image) = self.findings_of_image(&source);
        let registry = registry(self.config);
        let builds = self.checked_builds(&source);
        // Build arguments have values of the deployments.
        let veil = Veil::new(self.invocations.hidden(), source.text());
        let mut reports = Vec::new();
        for build in builds {
            let settings = lint::invocation_settings(&settings, build);
            let extras = Extras {
                build: match build.context_directory() {
                    Some(context) => self.context_of(Path::new(source.name()), &context),
                    None => BuildContext::default(),
                },
                shellcheck: shellcheck.clone(),
                from_image: from_image.clone(),
            };
            let mut report = lint::lint_with(&source, registry, &settings, extras);
            veil.hide_in(&mut report.findings, registry);
            if let Some(surface) = &mut report.attack_surface {
                veil.hide_in_surface(surface);
            }
            reports.push(report);
        }
        if builds.is_empty() {
            let extras = Extras {
                build: self.build_context(&source),
                shellcheck,
                from_image,
            };
            reports.push(lint::lint_with(&source, registry, &settings, extras));
        }
        let report = lint::of_all_builds(reports);
        let mut linted = Linted::dockerfile(source, report.findings);
        linted.attack_surface = report.attack_surface;
        linted
    }

    /// The ways in which a Dockerfile is built, as many as its size allows to check.
    fn checked_builds(&self, source: &Source) -> &[Build] {
        let builds = self.invocations.of(source);
        let most = (MAX_BUILT / source.text().len().max(1)).max(1);
        if builds.len() > most {
            self.output.warning(format_args!(
                "`{}` is checked for {most} of {} builds: it is too large",
                source.name(),
                builds.len()
            ));
        }
        &builds[..builds.len().min(most)]
    }

    /// The directory of a file. Standard input without a name has none.
    fn build_context(&self, source: &Source) -> BuildContext {
        if source.name() == STDIN {
            return BuildContext::default();
        }
        let path = Path::new(source.name());
        self.context_of(path, &path.with_file_name(""))
    }

    /// The build context of a Dockerfile in a directory.
    fn context_of(&self, dockerfile: &Path, context: &Path) -> BuildContext {
        let (build, warning) = build_context::within(dockerfile, context);
        let hidden = self.invocations.hidden();
        let warning = warning.map(|warning| Veil::new(hidden, "").message(&warning, ""));
        if let Some(warning) = warning
            && let Ok(mut warned) = self.warned.lock()
            && warned.insert(warning.clone())
        {
            self.output.warning(&warning);
        }
        build
    }

    /// Findings of an image, at the lines of the Dockerfile that it was built from, and the
    /// settings without the rules that would guess the contents of the image.
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

    fn open_shellcheck(&mut self) -> &mut Self {
        match shellcheck::open(self.config, registry(self.config)) {
            Ok(checker) => self.shellcheck = checker,
            Err(error) => self.report_shellcheck(error),
        }
        self
    }

    fn report_shellcheck(&mut self, error: ShellcheckError) {
        self.failed = true;
        self.shellcheck = None;
        self.output.error(&error.into());
    }

    /// ShellCheck's findings in each file; `None` for all files without it.
    fn ask_shellcheck(&mut self, sources: &[Source]) -> Vec<Option<Vec<Finding>>> {
        let mut answers = Vec::new();
        if let Some(checker) = &mut self.shellcheck {
            match checker.check(sources, &self.config.settings) {
                Ok(checked) => answers.extend(checked.into_iter().map(Some)),
                Err(error) => self.report_shellcheck(error),
            }
        }
        answers.resize(sources.len(), None);
        answers
    }
}

/// Reads the deployments among sources, one after the other, so that it does not depend on chance
/// which of them fit into the room.
fn jobs(room: &Room, sources: Vec<Source>) -> Vec<Job> {
    let mut jobs = Vec::new();
    for source in sources {
        let kind = deployments::kind_of(&source);
        jobs.push(Job {
            deployment: kind.map(|kind| deployments::read(room, kind, source.clone())),
            answers: Vec::new(),
            source,
        });
    }
    jobs
}

fn outcome(files: &[Linted], fail_on: FailOn) -> Outcome {
    let FailOn::Severity(threshold) = fail_on else {
        return Outcome::Clean;
    };
    // The highest severity compares as the lowest value.
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

/// The configuration of a run: that of the file, overridden by command-line options.
fn configuration(arguments: &LintArguments, output: Output) -> anyhow::Result<Config> {
    let file = match &arguments.config {
        // `JETTISON_CONFIG` may name a file for all runs; `--no-config` still ignores it.
        _ if arguments.no_config => None,
        Some(path) => Some(HostFile::named(path)),
        None => located(config::find(&start_directory(arguments)?), output),
    };
    let mut config = config::load(
        file.as_ref(),
        &|name| std::env::var(name).ok(),
        rules::registry(),
    )?;
    select(arguments, registry(&config), &mut config)?;
    // Later arguments win, so command-line arguments follow those of the file.
    let build_args = arguments.build_arg.iter();
    config
        .settings
        .build_args
        .extend(build_args.filter_map(|argument| build_arg(argument)));
    if arguments.target.is_some() {
        config.settings.target.clone_from(&arguments.target);
    }
    arguments.shellcheck.apply(&mut config);
    config.settings.pragmas &= !arguments.no_pragmas;
    // Only what has an expiry date, and the age of a base image, depend on the clock: all other
    // findings are the same on every day.
    config.policy = policy::dated(config.policy)?;
    config.settings.now = Some(super::writing::now()?);
    Ok(config)
}

/// Applies `--select`, `--profile` and `--ignore`.
pub(super) fn select(
    arguments: &LintArguments,
    registry: &Registry,
    config: &mut Config,
) -> anyhow::Result<()> {
    let settings = &mut config.settings;
    if arguments.select.iter().any(|name| name == config::ALL) {
        settings.select = Selection::ALL;
    } else if !arguments.select.is_empty() {
        settings.select(resolve(registry, &arguments.select, "--select")?);
    } else if let Some(NamedStandard(standard)) = arguments.compliance {
        settings.select(
            registry
                .resolve(standard.rules())
                .context("`--compliance`")?,
        );
    } else if let Some(profile) = arguments.profile {
        settings.select = Selection::Profile(profile);
    }
    // Applied after the selection, which replaces that of the file, so that an ignored rule stays
    // ignored.
    settings.ignore(resolve(registry, &arguments.ignore, "--ignore")?);
    Ok(())
}

/// Parses `NAME=VALUE`, or `NAME` with the value from the environment. As in `docker build`, a
/// variable that is not in the environment stays unset.
fn build_arg(argument: &str) -> Option<(String, String)> {
    if let Some((name, value)) = argument.split_once('=') {
        return Some((name.to_owned(), value.to_owned()));
    }
    let value = std::env::var(argument).ok()?;
    Some((argument.to_owned(), value))
}

/// The directory where the search for a configuration starts: that of the first path. For images,
/// which may be anywhere, it is the current directory.
fn start_directory(arguments: &LintArguments) -> anyhow::Result<PathBuf> {
    let here = current_directory()?;
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

fn resolve(registry: &Registry, names: &[String], flag: &str) -> anyhow::Result<Named> {
    registry
        .resolve(names.iter().map(String::as_str))
        .with_context(|| format!("`{flag}`"))
}
