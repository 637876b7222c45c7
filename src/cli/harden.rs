//! `jettison harden`.

use std::path::Path;

use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum};

use super::arguments::PlanArguments;
use super::limits::LimitArguments;
use super::program::ProgramArguments;
use super::progress::Bar;
use super::slim::slimming;
use super::source::SourceArguments;
use super::{Outcome, Output, with};
use crate::harden::{Hardening, file_rules};
use crate::image::{Name, Reference};
use crate::report::{self, Hardened, Rendered};
use crate::slim::PlanOptions;
use crate::source::Source;
use crate::trust;

/// Print the run-time settings with the fewest privileges that an image's program needs
#[derive(Args, Debug)]
#[command(
    after_help = "Nothing is run: the settings follow from the files that the program needs.

Examples:
  jettison harden app:latest > compose.yaml
  jettison harden app.tar --name app:1.2 --format kubernetes
  jettison harden app.tar --name app:1.2 --format docker-run
  jettison harden app.tar --apply compose.yaml:web
  jettison harden app.tar --format apparmor > /etc/apparmor.d/jettison-app"
)]
pub(super) struct HardenArguments {
    /// Image to read
    image: String,
    /// Output format
    #[arg(long, value_enum, default_value = "compose")]
    format: HardenFormat,
    /// Add the settings to this Compose file or Kubernetes manifest, in place; comments and the
    /// order of keys stay
    #[arg(long, value_name = "FILE[:SERVICE]", conflicts_with_all = ["format", "name"])]
    apply: Option<String>,
    /// Name of the image in the output [default: the name of IMAGE]
    #[arg(long, value_name = "NAME")]
    name: Option<Name>,
    #[command(flatten)]
    plan: PlanArguments,
    #[command(flatten)]
    program: ProgramArguments,
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    limits: LimitArguments,
}

/// Maximum number of containers that `--apply` changes: the file is read again after each.
const MAX_APPLIED: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HardenFormat {
    /// A Compose file
    Compose,
    /// A Deployment and a NetworkPolicy
    Kubernetes,
    /// A script that runs `docker run` or `podman run`
    DockerRun,
    /// A `.container` file, which Podman runs as a systemd service
    PodmanQuadlet,
    /// A profile for AppArmor
    Apparmor,
}

pub(super) fn run(arguments: &HardenArguments, output: Output) -> anyhow::Result<Outcome> {
    let bar = Bar::new(output);
    let mut image = arguments
        .source
        .open(&arguments.image, arguments.limits.options(), &bar)?;
    arguments
        .program
        .configure(&mut image, arguments.source.platform.as_ref())?;
    let options = plan_options(arguments)?;
    let slimming = slimming(&image, &options, &arguments.image)?;
    let settings = Hardening::of(&slimming);
    drop(bar);
    if let Some(target) = &arguments.apply {
        return apply(target, &arguments.image, &settings, output);
    }
    let name = image_name(arguments)?;
    let service = service_name(&name);
    let hardened = Hardened {
        image: &name,
        service: &service,
        settings: &settings,
    };
    let text = match arguments.format {
        HardenFormat::Compose => report::compose(&hardened),
        HardenFormat::Kubernetes => report::kubernetes(&hardened),
        HardenFormat::DockerRun => report::docker_run(&hardened),
        HardenFormat::PodmanQuadlet => report::podman_quadlet(&hardened),
        HardenFormat::Apparmor => {
            let rules = file_rules(&image, &slimming.plan, &settings);
            report::apparmor(&hardened, &rules)
        }
    };
    output.print_rendered(Rendered::whole(text))?;
    Ok(Outcome::Clean)
}

/// The options for the plan: the program must also do what the file asks for that is changed.
fn plan_options(arguments: &HardenArguments) -> anyhow::Result<PlanOptions> {
    let mut options = arguments.plan.options(&arguments.image)?;
    if let Some(target) = &arguments.apply {
        let target = std::slice::from_ref(target);
        let containers = with::containers(target, &arguments.image)?;
        options.deployed.extend(containers);
    }
    Ok(options)
}

/// Adds the settings to the containers of a file, one after the other: each changes the lines of
/// those after it.
fn apply(
    target: &str,
    image: &str,
    settings: &Hardening,
    output: Output,
) -> anyhow::Result<Outcome> {
    let (old, count) = with::file(target, image)?;
    ensure!(
        count <= MAX_APPLIED,
        "`{target}` selects {count} containers, more than {MAX_APPLIED}: name one after a colon"
    );
    let mut text = old.text().to_owned();
    let mut by_hand = Vec::new();
    for index in 0..count {
        let source = Source::new(old.name(), text.as_str());
        let (deployment, selected) = with::selected_in(source, target, image)?;
        let Some(&(pod, workload)) = selected.get(index) else {
            break;
        };
        let pod = &deployment.pods[pod];
        let workload = &pod.workloads[workload];
        let place = workload.name.place;
        let name = &workload.name.value;
        ensure!(
            place.file == 0,
            "`{name}` is defined in `{}`",
            deployment.source(place).name()
        );
        let hardened = Hardened {
            image,
            service: name,
            settings,
        };
        let applied = report::apply(&hardened, &text, pod, workload).with_context(|| {
            format!("`{name}` is not a block of keys, one on each line and used once")
        })?;
        text = applied.text;
        by_hand.extend(applied.by_hand);
    }
    for left in &by_hand {
        output.warning(format_args!("left to you: {left}"));
    }
    if text == old.text() {
        if by_hand.is_empty() {
            output.note(format_args!("`{}` has the settings already", old.name()));
        }
        return Ok(Outcome::Clean);
    }
    ensure!(
        problems(&old, old.text(), target, image)? == problems(&old, &text, target, image)?,
        "the settings cannot be added without breaking the file: add them by hand"
    );
    let path = Path::new(old.name());
    let is_written = trust::replace(path, old.text().as_bytes(), text.as_bytes())
        .with_context(|| format!("cannot write `{}`", old.name()))?;
    ensure!(is_written, "`{}` has just been changed", old.name());
    output.note(format_args!("changed `{}`", old.name()));
    Ok(Outcome::Clean)
}

/// The number of defects that keep parts of a text from being read.
fn problems(file: &Source, text: &str, target: &str, image: &str) -> anyhow::Result<usize> {
    let source = Source::new(file.name(), text);
    let (deployment, _) = with::selected_in(source, target, image)?;
    Ok(deployment.problems.len())
}

/// The name of the image in the output: that of the option, of a registry or a daemon, or of a
/// file.
fn image_name(arguments: &HardenArguments) -> anyhow::Result<String> {
    if let Some(name) = &arguments.name {
        return Ok(name.to_string());
    }
    let reference: Reference = arguments.image.parse()?;
    if let Some(name) = reference.image_name() {
        return Ok(name);
    }
    let stem = reference.path().and_then(Path::file_stem);
    let stem = stem.map(|stem| stem.to_string_lossy().to_lowercase());
    // A file may have any name.
    let is_name = stem
        .as_ref()
        .is_some_and(|stem| stem.parse::<Name>().is_ok());
    Ok(match stem {
        Some(stem) if is_name => stem,
        _ => "app".to_owned(),
    })
}

/// The last part of an image name, as a label of DNS, which Kubernetes requires.
fn service_name(image: &str) -> String {
    const LONGEST: usize = 40;
    let without_digest = image.split('@').next().unwrap_or(image);
    let last = without_digest.rsplit('/').next().unwrap_or(without_digest);
    let last = last.split(':').next().unwrap_or(last);
    let mut name = String::new();
    for char in last.chars().take(LONGEST) {
        name.push(if char.is_ascii_alphanumeric() {
            char
        } else {
            '-'
        });
    }
    let name = name.trim_matches('-').to_ascii_lowercase();
    if name.is_empty() {
        "app".to_owned()
    } else if report::is_plain_name(&name) {
        name
    } else {
        format!("app-{name}")
    }
}
