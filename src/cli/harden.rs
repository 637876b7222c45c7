//! `jettison harden`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum};

use super::arguments::PlanArguments;
use super::limits::LimitArguments;
use super::program::ProgramArguments;
use super::progress::Bar;
use super::slim::slimming;
use super::source::SourceArguments;
use super::{Outcome, Output, with};
use crate::deployment::{Deployment, Spanned, Workload};
use crate::harden::{Hardening, file_rules};
use crate::image::{Name, Reference};
use crate::lint::Veil;
use crate::report::{self, Hardened, NotApplied, Rendered};
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

/// Maximum number of containers that `--apply` changes.
const MAX_APPLIED: usize = 64;
/// How many times containers that cannot be changed together are divided, and how many services a
/// chain of `extends` has.
const MAX_ATTEMPTS: usize = 16;

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

/// Adds the settings to the containers of a file.
fn apply(
    target: &str,
    image: &str,
    settings: &Hardening,
    output: Output,
) -> anyhow::Result<Outcome> {
    let old = with::file(target)?;
    let (deployment, selected) = with::selected_in(old.clone(), target, image)?;
    let count = selected.len();
    ensure!(
        count <= MAX_APPLIED,
        "`{target}` selects {count} containers, more than {MAX_APPLIED}: name one after a colon"
    );
    let mut rounds: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, (pod, workload)) in selected.into_iter().enumerate() {
        let workload = &deployment.pods[pod].workloads[workload];
        let round = extended_services(&deployment, workload);
        rounds.entry(round).or_default().push(index);
    }
    let mut edit = ContainerEdit {
        target,
        image,
        settings,
        name: old.name(),
        text: old.text().to_owned(),
        by_hand: Vec::new(),
        attempts: MAX_ATTEMPTS,
    };
    // A service that extends another one gets its settings, so it is read after that is changed.
    for indexes in rounds.values() {
        edit.apply(indexes)?;
    }
    let ContainerEdit { text, by_hand, .. } = edit;
    let veil = Veil::new(&deployment.hidden, old.text());
    for left in &by_hand {
        output.warning(veil.message(&format!("left to you: {left}"), ""));
    }
    if text == old.text() {
        if by_hand.is_empty() {
            output.note(format_args!("`{}` has the settings already", old.name()));
        }
        return Ok(Outcome::Clean);
    }
    ensure!(
        deployment.problems.len() == problems(&old, &text, target, image)?,
        "the settings cannot be added without breaking the file: add them by hand"
    );
    let path = Path::new(old.name());
    let is_written = trust::replace(path, old.text().as_bytes(), text.as_bytes())
        .with_context(|| format!("cannot write `{}`", old.name()))?;
    ensure!(is_written, "`{}` has just been changed", old.name());
    output.note(format_args!("changed `{}`", old.name()));
    Ok(Outcome::Clean)
}

/// The number of services that a service extends, directly and through others.
fn extended_services(deployment: &Deployment, workload: &Workload) -> usize {
    let (mut at, mut count) = (workload, 0);
    while let Some(name) = &at.extends
        && count < MAX_ATTEMPTS
    {
        count += 1;
        let mut workloads = deployment.workloads();
        match workloads.find(|(_, other)| *other.name.value == **name) {
            Some((_, other)) => at = other,
            None => break,
        }
    }
    count
}

/// The text of a file while settings are added to its containers.
struct ContainerEdit<'a> {
    target: &'a str,
    image: &'a str,
    settings: &'a Hardening,
    /// The name of the file.
    name: &'a str,
    text: String,
    by_hand: Vec<String>,
    /// How many times containers may still be divided.
    attempts: usize,
}

impl ContainerEdit<'_> {
    /// Adds the settings to some of the selected containers together. If that would change other
    /// values, the containers that are not to blame are found by halves.
    fn apply(&mut self, indexes: &[usize]) -> anyhow::Result<()> {
        if indexes.is_empty() {
            return Ok(());
        }
        let source = Source::new(self.name, self.text.as_str());
        let (deployment, selected) = with::selected_in(source, self.target, self.image)?;
        let mut containers = Vec::new();
        for (pod, workload) in indexes.iter().filter_map(|index| selected.get(*index)) {
            let pod = &deployment.pods[*pod];
            let workload = &pod.workloads[*workload];
            let Spanned { value: name, place } = &workload.name;
            let file = deployment.source(*place).name();
            ensure!(place.file == 0, "`{name}` is defined in `{file}`");
            containers.push((pod, workload));
        }
        match report::apply(self.image, self.settings, &self.text, &containers) {
            Ok(applied) => {
                self.text = applied.text;
                self.by_hand.extend(applied.by_hand);
            }
            Err(NotApplied::NoBlock(name)) => {
                bail!("`{name}` is not a block of keys, one on each line and used once");
            }
            Err(NotApplied::OtherValues) if indexes.len() == 1 || self.attempts == 0 => {
                let names = containers.iter().map(|(_, workload)| &workload.name);
                self.by_hand
                    .extend(names.map(|name| report::other_values(name)));
            }
            Err(NotApplied::OtherValues) => {
                self.attempts -= 1;
                let (left, right) = indexes.split_at(indexes.len() / 2);
                self.apply(left)?;
                self.apply(right)?;
            }
        }
        Ok(())
    }
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
