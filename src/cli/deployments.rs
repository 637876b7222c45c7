//! Compose files, Kubernetes manifests and Bake files among the inputs of `lint`: what they say, and
//! the Dockerfiles that they build.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Output;
use super::files::STDIN;
use crate::deployment::{self, Build, Deployment, Files, Kind, NoFiles, Recipe, Unreadable};
use crate::source::Source;
use crate::trust::{HostFile, limits, repository_root};

/// The kind of deployment that a text describes; `None` for a Dockerfile. The name decides, and for
/// other YAML and JSON the content.
pub(super) fn kind_of(source: &Source) -> Option<Kind> {
    let name = Path::new(source.name())
        .file_name()?
        .to_string_lossy()
        .into_owned();
    if let Some(kind) = Kind::of_name(&name) {
        return Some(kind);
    }
    // Manifests are often piped in, for example from `helm template`.
    if Kind::may_be_manifest(&name) || source.name() == STDIN {
        return Kind::of_content(source.text());
    }
    None
}

/// Reads a deployment, with the files of its repository that it refers to.
pub(super) fn read(kind: Kind, source: Source) -> Deployment {
    if source.name() == STDIN {
        return deployment::read(kind, source, &NoFiles);
    }
    let directory = directory_of(Path::new(source.name()));
    let root = repository_root(&directory).unwrap_or(directory);
    deployment::read(kind, source, &HostFiles { root })
}

fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Files of a repository. Others are refused: findings would disclose their lines.
struct HostFiles {
    root: PathBuf,
}

impl Files for HostFiles {
    fn read(&self, path: &Path) -> Result<Source, Unreadable> {
        let file = HostFile::found(path, self.root.clone());
        match file.read(limits::FOUND_DOCKERFILE) {
            Ok(bytes) => Ok(Source::new(path.to_string_lossy(), bytes)),
            Err(reason) if reason.is_missing() => Err(Unreadable::Missing),
            Err(reason) => Err(Unreadable::Refused(reason.to_string())),
        }
    }
}

/// The ways in which Dockerfiles are built.
#[derive(Debug, Default)]
pub(super) struct Invocations {
    by_path: BTreeMap<PathBuf, Vec<Build>>,
}

/// The number of invocations that are checked for a Dockerfile.
const MAX_INVOCATIONS: usize = 16;

impl Invocations {
    pub(super) fn add(&mut self, deployment: &Deployment) {
        for build in deployment.builds() {
            let Some(path) = build.dockerfile() else {
                continue;
            };
            let known = self.by_path.entry(path).or_default();
            let is_new = !known.iter().any(|other| is_same(other, build));
            if is_new && known.len() < MAX_INVOCATIONS {
                known.push(build.clone());
            }
        }
    }

    /// The invocations that build a Dockerfile; none if no deployment does.
    pub(super) fn of(&self, dockerfile: &Source) -> &[Build] {
        let path = Path::new(dockerfile.name());
        let path = path.strip_prefix(".").unwrap_or(path);
        self.by_path
            .get(path)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The Dockerfiles that are built and are not among the sources. One that is missing may be
    /// generated; one that is outside of the repository is not read.
    pub(super) fn unread(&self, sources: &[Source], output: Output) -> Vec<Source> {
        let known: BTreeSet<&Path> = sources
            .iter()
            .map(|source| Path::new(source.name()))
            .map(|path| path.strip_prefix(".").unwrap_or(path))
            .collect();
        let mut unread = Vec::new();
        for path in self.by_path.keys() {
            if known.contains(path.as_path()) {
                continue;
            }
            let directory = directory_of(path);
            let root = repository_root(&directory).or_else(|| repository_root(Path::new(".")));
            let file = HostFile::found(path.clone(), root.unwrap_or_else(|| PathBuf::from(".")));
            match file.read(limits::FOUND_DOCKERFILE) {
                Ok(bytes) => {
                    if let Some(name) = path.to_str() {
                        unread.push(Source::new(name, bytes));
                    }
                }
                Err(reason) if reason.is_missing() => {}
                Err(reason) => {
                    output.warning(format_args!(
                        "`{}` is not checked: {reason}",
                        path.display()
                    ));
                }
            }
        }
        unread
    }
}

/// Whether two invocations differ only in their names.
fn is_same(a: &Build, b: &Build) -> bool {
    let target = |build: &Build| build.target.as_ref().map(|target| target.value.clone());
    a.known_args() == b.known_args()
        && target(a) == target(b)
        && a.contexts.keys().eq(b.contexts.keys())
        && a.context_directory() == b.context_directory()
}

/// The Dockerfiles that are written in the first file of a deployment.
pub(super) fn inline_builds(deployment: &Deployment) -> Vec<(&Build, &deployment::InlineText)> {
    let mut inline = Vec::new();
    for build in deployment.builds() {
        if let Recipe::Inline(text) = &build.recipe
            && text.place.file == 0
        {
            inline.push((build, text));
        }
    }
    inline
}
