//! `--with`: the containers that deployments start from an image.

use std::path::Path;

use anyhow::{Context as _, bail};
use walkdir::WalkDir;

use super::{deployments, discover};
use crate::deployment::{
    self, CheckKind, Command, Deployment, MountSource, Place, Pod, Room, Spanned, Workload,
};
use crate::image::Reference;
use crate::image::name::Parts;
use crate::slim::{
    DeployedCommand, DeployedContainer, DeployedKey, DeployedMount, DeployedValue, Field,
};
use crate::source::Source;
use crate::trust::{HostFile, limits};

/// The containers that the deployments start from an image; an error for a deployment that starts
/// none.
pub(super) fn containers(with: &[String], image: &str) -> anyhow::Result<Vec<DeployedContainer>> {
    let mut containers = Vec::new();
    for option in with {
        let found = of_option(option, image).with_context(|| format!("`--with {option}`"))?;
        containers.extend(found);
    }
    Ok(containers)
}

fn of_option(option: &str, image: &str) -> anyhow::Result<Vec<DeployedContainer>> {
    let (path, selected) = split(option);
    let deployments = read(Path::new(path))?;
    let wanted = match selected {
        Some(name) => Wanted::Named(name),
        None => wanted_by_image(&deployments, image)?,
    };
    let mut containers = Vec::new();
    for deployment in &deployments {
        for (pod, workload) in deployment.workloads() {
            if wanted.includes(pod, workload) {
                containers.push(container(deployment, pod, workload));
            }
        }
    }
    if containers.is_empty() {
        let known = names(&deployments);
        bail!("no container of the image `{image}`; name one after a colon: {known}");
    }
    Ok(containers)
}

/// The file of an option.
pub(super) fn file(option: &str) -> anyhow::Result<Source> {
    let (path, _) = split(option);
    source(&HostFile::named(path)).with_context(|| format!("`{option}`"))
}

/// The deployment in a text, and the containers that an option selects in it: indices of pods, and
/// of containers in them.
pub(super) fn selected_in(
    source: Source,
    option: &str,
    image: &str,
) -> anyhow::Result<(Deployment, Vec<(usize, usize)>)> {
    let deployment = deployment(&Room::default(), source)
        .context("neither a Compose file nor a Kubernetes manifest")?;
    let deployments = [deployment];
    let wanted = match split(option) {
        (_, Some(name)) => Wanted::Named(name),
        (_, None) => wanted_by_image(&deployments, image)?,
    };
    let [deployment] = deployments;
    let mut selected = Vec::new();
    for (at, pod) in deployment.pods.iter().enumerate() {
        for (index, workload) in pod.workloads.iter().enumerate() {
            if wanted.includes(pod, workload) {
                selected.push((at, index));
            }
        }
    }
    Ok((deployment, selected))
}

/// Splits `compose.yaml:web`. A file whose own name has a colon comes first.
fn split(option: &str) -> (&str, Option<&str>) {
    if Path::new(option).exists() {
        return (option, None);
    }
    match option.rsplit_once(':') {
        Some((path, name)) if !name.is_empty() => (path, Some(name)),
        _ => (option, None),
    }
}

/// Reads the deployments of a file, or of the files below a directory.
fn read(path: &Path) -> anyhow::Result<Vec<Deployment>> {
    if !path.is_dir() {
        return Ok(vec![read_file(path)?]);
    }
    let mut deployments = Vec::new();
    let room = Room::default();
    for entry in WalkDir::new(path).sort_by_file_name() {
        let entry = entry.context("cannot search the directory")?;
        if !entry.file_type().is_file() || discover::is_dockerfile(entry.path()) {
            continue;
        }
        if discover::may_be_input(entry.path()) {
            let source = source(&HostFile::found(entry.path(), path))?;
            if discover::is_input(entry.path(), source.text().as_bytes()) {
                deployments.extend(deployment(&room, source));
            }
        }
    }
    Ok(deployments)
}

fn read_file(path: &Path) -> anyhow::Result<Deployment> {
    let source = source(&HostFile::named(path))?;
    deployment(&Room::default(), source).context("neither a Compose file nor a Kubernetes manifest")
}

fn source(file: &HostFile) -> anyhow::Result<Source> {
    let name = file.path().display().to_string();
    let bytes = file
        .read(limits::NAMED_DOCKERFILE)
        .with_context(|| format!("cannot read `{name}`"))?;
    Ok(Source::new(name, bytes))
}

/// The deployment of a file; `None` if it starts no containers.
fn deployment(room: &Room, source: Source) -> Option<Deployment> {
    let kind = deployments::kind_of(&source)?;
    if kind == deployment::Kind::Bake {
        return None;
    }
    Some(deployments::read(room, kind, source))
}

/// The containers that are wanted.
enum Wanted<'a> {
    /// Those of a service, a pod or a container with this name.
    Named(&'a str),
    /// Those of the image with this name.
    Image(String),
    /// Those of the only image of the deployments.
    All,
}

impl Wanted<'_> {
    fn includes(&self, pod: &Pod, workload: &Workload) -> bool {
        match self {
            Self::Named(name) => *workload.name.value == **name || *pod.name.value == **name,
            Self::Image(name) => workload
                .image
                .as_ref()
                .is_some_and(|image| familiar(image) == *name),
            Self::All => true,
        }
    }
}

/// Selects containers by the name of the image. A file has none, but its deployment may start
/// containers of one image only.
fn wanted_by_image(deployments: &[Deployment], image: &str) -> anyhow::Result<Wanted<'static>> {
    let reference: Reference = image.parse()?;
    if let Some(name) = reference.image_name() {
        return Ok(Wanted::Image(familiar(&name).to_owned()));
    }
    let mut images: Vec<Option<&str>> = Vec::new();
    for (_, workload) in deployments.iter().flat_map(Deployment::workloads) {
        images.push(workload.image.as_ref().map(|image| familiar(image)));
    }
    images.sort_unstable();
    images.dedup();
    if images.len() > 1 {
        let known = names(deployments);
        bail!(
            "containers of several images, and `{image}` has no name; select with a colon: {known}"
        );
    }
    Ok(Wanted::All)
}

/// The name of an image without its tag, and without the usual registry.
fn familiar(name: &str) -> &str {
    Parts::of(name).familiar_name()
}

/// The names of containers, for a message.
fn names(deployments: &[Deployment]) -> String {
    const SHOWN: usize = 8;
    let mut names = Vec::new();
    for (_, workload) in deployments.iter().flat_map(Deployment::workloads) {
        names.push(format!("`{}`", workload.name.value));
    }
    names.dedup();
    if names.len() > SHOWN {
        names.truncate(SHOWN);
        names.push("…".to_owned());
    }
    names.join(", ")
}

/// The changes that a deployment makes to one container.
fn container(deployment: &Deployment, pod: &Pod, workload: &Workload) -> DeployedContainer {
    let is_kubernetes = pod.controller.is_kubernetes();
    let (entrypoint, command) = if is_kubernetes {
        ("command", "args")
    } else {
        ("entrypoint", "command")
    };
    let place = Places { deployment };
    let mut checks = Vec::new();
    for check in &workload.checks {
        if let Some(command) = &check.command
            && check.kind != CheckKind::NoHealth
        {
            checks.push(place.command(check.kind.key(), command));
        }
    }
    let mut variables = Vec::new();
    for variable in &workload.environment {
        if let Some(value) = &variable.value {
            let name = variable.name.value.clone();
            variables.push((name.clone(), place.value(&name, value)));
        }
    }
    let mut mounts = Vec::new();
    for mount in &workload.mounts {
        let key = if is_kubernetes {
            "volumeMounts"
        } else {
            "volumes"
        };
        mounts.push(DeployedMount {
            target: place.value(key, &mount.target),
            shows_image: !is_kubernetes && matches!(mount.source, MountSource::Volume(_)),
        });
    }
    let user_key = if is_kubernetes { "runAsUser" } else { "user" };
    let directory_key = if is_kubernetes {
        "workingDir"
    } else {
        "working_dir"
    };
    DeployedContainer {
        entrypoint: place.optional(entrypoint, workload.entrypoint.as_ref()),
        command: place.optional(command, workload.command.as_ref()),
        checks,
        variables,
        user: place.optional_value(user_key, workload.user.as_ref()),
        working_dir: place.optional_value(directory_key, workload.working_dir.as_ref()),
        mounts,
    }
}

/// Turns places of a deployment into names of files and lines.
struct Places<'a> {
    deployment: &'a Deployment,
}

impl Places<'_> {
    fn field(&self, key: &str, place: Place, words: &[Spanned<String>]) -> Field {
        let hidden = &self.deployment.hidden;
        let words = words.iter().map(|word| {
            let shown = hidden.shown_at(word.place).map(str::to_owned);
            (word.value.clone(), shown)
        });
        let source = self.deployment.source(place);
        // Reasons are copied all over the keep graph, and there are only a few keys in a run.
        Field::Deployed(Box::leak(Box::new(DeployedKey {
            key: key.to_owned(),
            file: source.name().to_owned(),
            line: source.line(place.span.start),
            words: words.collect(),
        })))
    }

    fn value(&self, key: &str, value: &Spanned<String>) -> DeployedValue {
        DeployedValue {
            field: self.field(key, value.place, &[]),
            value: value.value.clone(),
        }
    }

    fn optional_value(&self, key: &str, text: Option<&Spanned<String>>) -> Option<DeployedValue> {
        text.map(|text| self.value(key, text))
    }

    fn command(&self, key: &str, command: &Command) -> DeployedCommand {
        let mut words = Vec::new();
        for word in &command.words {
            words.push(word.value.clone());
        }
        DeployedCommand {
            field: self.field(key, command.place, &command.words),
            words,
            is_shell: command.is_shell,
        }
    }

    fn optional(&self, key: &str, command: Option<&Command>) -> Option<DeployedCommand> {
        command.map(|command| self.command(key, command))
    }
}
