//! Compose files, Kubernetes manifests and Bake files among the inputs of `lint`: what they say,
//! and the Dockerfiles that they build.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::exclude::Exclude;
use super::files::STDIN;
use super::{Output, discover};
use crate::deployment::{
    self, Build, Deployment, Files, HiddenValues, InlineText, Kind, NoFiles, Recipe, Room,
    Unreadable,
};
use crate::lint::Veil;
use crate::source::Source;
use crate::trust::{HostFile, Refusal, limits, real_path, repository_root};

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
pub(super) fn read(room: &Room, kind: Kind, source: Source) -> Deployment {
    if source.name() == STDIN {
        return deployment::read_in(room, kind, source, &NoFiles);
    }
    let files = HostFiles {
        root: root_of(Path::new(source.name())),
    };
    deployment::read_in(room, kind, source, &files)
}

/// The directory that contains all files which a file may name: its repository or, outside of one,
/// its directory.
pub(super) fn root_of(path: &Path) -> PathBuf {
    let directory = directory_of(path);
    repository_root(&directory).unwrap_or(directory)
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
    by_path: BTreeMap<PathBuf, Invoked>,
    /// Values that are not shown.
    hidden: HiddenValues,
}

/// A Dockerfile that deployments build.
#[derive(Debug, Default)]
struct Invoked {
    builds: Vec<Build>,
    /// Hashes of the facts that distinguish the builds.
    known: HashSet<[u8; 32]>,
    /// For each deployment the directory in which it may name files.
    roots: BTreeSet<PathBuf>,
}

/// The number of invocations that are checked for a Dockerfile.
const MAX_INVOCATIONS: usize = 16;
/// Total size of the Dockerfiles that are only read because a deployment builds them, in bytes.
const MAX_UNREAD: usize = 16 << 20;
/// Total size of the Dockerfiles in a deployment that are checked, in bytes.
const MAX_INLINE: usize = 1 << 20;

impl Invocations {
    pub(super) fn add(&mut self, deployment: &Deployment) {
        self.hidden.extend(&deployment.hidden);
        for build in deployment.builds() {
            let Some(path) = build.dockerfile() else {
                continue;
            };
            let root = root_of(Path::new(deployment.source(build.place).name()));
            let invoked = self.by_path.entry(path).or_default();
            invoked.roots.insert(root);
            if invoked.builds.len() < MAX_INVOCATIONS && invoked.known.insert(distinction(build)) {
                invoked.builds.push(build.clone());
            }
        }
    }

    /// The invocations that build a Dockerfile; none if no deployment does.
    pub(super) fn of(&self, dockerfile: &Source) -> &[Build] {
        let path = Path::new(dockerfile.name());
        let path = path.strip_prefix(".").unwrap_or(path);
        self.by_path
            .get(path)
            .map(|invoked| invoked.builds.as_slice())
            .unwrap_or_default()
    }

    /// Values of the deployments that are not shown.
    pub(super) fn hidden(&self) -> &HiddenValues {
        &self.hidden
    }

    /// The Dockerfiles that are built and are not among the sources. One that is missing may be
    /// generated; one that is outside of the repository of the deployment is not read, nor one that
    /// is excluded or whose name is not that of a Dockerfile: findings would disclose lines of any
    /// file.
    pub(super) fn unread<'s>(
        &self,
        sources: impl Iterator<Item = &'s Source>,
        exclude: &Exclude,
        output: Output,
    ) -> Vec<Source> {
        let known: BTreeSet<&Path> = sources
            .map(|source| Path::new(source.name()))
            .map(|path| path.strip_prefix(".").unwrap_or(path))
            .collect();
        // Symlinks can give a file any number of names.
        let mut real: HashSet<PathBuf> = known
            .iter()
            .filter_map(|path| real_path(path).ok())
            .collect();
        let mut left = MAX_UNREAD;
        let mut unread = Vec::new();
        let veil = Veil::new(&self.hidden, "");
        for (path, invoked) in &self.by_path {
            if known.contains(path.as_path()) {
                continue;
            }
            if exclude.leaves_out(path, false)
                || real_path(path).is_ok_and(|path| !real.insert(path))
            {
                continue;
            }
            if !discover::is_dockerfile(path) {
                let message = format!(
                    "`{}` is not checked: its name is not that of a Dockerfile, so name it on the \
                     command line",
                    path.display()
                );
                output.warning(veil.message(&message, ""));
                continue;
            }
            match invoked.read(path) {
                Ok(bytes) => {
                    let Some(rest) = left.checked_sub(bytes.len()) else {
                        output.warning("not all Dockerfiles of the deployments are checked: they are too large together");
                        break;
                    };
                    left = rest;
                    if let Some(name) = path.to_str() {
                        unread.push(Source::new(name, bytes));
                    }
                }
                Err(reason) if reason.is_missing() => {}
                Err(reason) => {
                    let message = format!("`{}` is not checked: {reason}", path.display());
                    output.warning(veil.message(&message, ""));
                }
            }
        }
        unread
    }
}

impl Invoked {
    /// The content, if one of the deployments may name the file.
    fn read(&self, path: &Path) -> Result<Vec<u8>, Refusal> {
        let mut refusal = None;
        for root in &self.roots {
            let file = HostFile::found(path, root.clone());
            match file.read(limits::FOUND_DOCKERFILE) {
                Ok(bytes) => return Ok(bytes),
                Err(reason) => refusal = Some(reason),
            }
        }
        Err(refusal.unwrap_or_else(|| io::Error::from(io::ErrorKind::NotFound).into()))
    }
}

/// A hash of what distinguishes two invocations of a Dockerfile, which is not their names.
fn distinction(build: &Build) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    };
    for (name, value) in build.known_args() {
        add(&name);
        add(&value);
    }
    add("");
    for name in build.contexts.keys() {
        add(name);
    }
    add("");
    add(build.target.as_ref().map_or("", |target| &target.value));
    if let Some(directory) = build.context_directory() {
        add(&directory.to_string_lossy());
    }
    hash.finalize().into()
}

/// The Dockerfiles that are written in the first file of a deployment, each once for all services
/// that build it in the same way.
pub(super) fn inline_builds(deployment: &Deployment) -> Vec<(&Build, &InlineText)> {
    let mut left = MAX_INLINE;
    let mut inline = Vec::new();
    for (build, text) in different_inline(deployment) {
        let Some(rest) = left.checked_sub(text.text.len()) else {
            break;
        };
        left = rest;
        inline.push((build, text));
    }
    inline
}

/// The number of Dockerfiles in a deployment, those beyond the limit included.
pub(super) fn inline_count(deployment: &Deployment) -> usize {
    different_inline(deployment).count()
}

fn different_inline(deployment: &Deployment) -> impl Iterator<Item = (&Build, &InlineText)> {
    // Aliases and defaults repeat a text.
    let mut known = HashSet::new();
    deployment.builds().filter_map(move |build| {
        let Recipe::Inline(text) = &build.recipe else {
            return None;
        };
        let is_new = text.place.file == 0 && known.insert((text.place, distinction(build)));
        is_new.then_some((build, text))
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn inline_dockerfiles_that_aliases_repeat_are_checked_once_and_up_to_a_limit() {
        let read = |text: &str| {
            let source = Source::new("compose.yaml", text);
            let deployment = deployment::read(Kind::Compose, source, &NoFiles);
            inline_builds(&deployment).len()
        };
        let mut aliases = String::new();
        for at in 0..50 {
            let _ = writeln!(aliases, "  s{at}: {{build: {{dockerfile_inline: *d}}}}");
        }
        let text = "x-d: &d \"FROM a\\n\"\nservices:\n".to_owned() + &aliases;
        assert_eq!(read(&text), 1);
        let other = "  o: {build: {dockerfile_inline: *d, target: x}}\n";
        let with_args = "  p: {build: {dockerfile_inline: *d, args: {A: 1}}}\n";
        assert_eq!(read(&(text + other + with_args)), 3);
        let long = "#".repeat(100_000);
        let mut texts = String::new();
        for at in 0..20 {
            let _ = writeln!(
                texts,
                "  s{at}: {{build: {{dockerfile_inline: \"{long}\"}}}}"
            );
        }
        assert_eq!(read(&format!("services:\n{texts}")), 10);
    }

    #[test]
    fn invocations_that_differ_only_in_their_names_are_one() {
        let text = "services:\n  a: {build: .}\n  b: {build: {context: .}}\n  \
                    c: {build: {context: ., args: {A: 1}}}\n  d: {build: {context: ., args: {A: 2}}}\n";
        let source = Source::new("compose.yaml", text);
        let mut invocations = Invocations::default();
        invocations.add(&deployment::read(Kind::Compose, source, &NoFiles));
        let dockerfile = Source::new("Dockerfile", "");
        assert_eq!(invocations.of(&dockerfile).len(), 3);
    }
}
