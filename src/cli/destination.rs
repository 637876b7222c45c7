//! The destinations of a slimmed image and of its rest.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::arguments::SlimArguments;
use crate::image::{Format, Name, Reference};

/// The image of `-o`. Without it, an image from a registry or a daemon is written back there under
/// its new name. `None` for a dry run.
pub(super) fn destination(arguments: &SlimArguments) -> anyhow::Result<Option<Reference>> {
    if arguments.dry_run {
        return Ok(None);
    }
    match &arguments.output {
        Some(output) => parsed(output).map(Some),
        None => by_name(arguments).map(Some),
    }
}

/// The image of an option that names a destination.
pub(super) fn parsed(output: &str) -> anyhow::Result<Reference> {
    let destination: Reference = output.parse()?;
    // An archive printed to a terminal would be noise or, worse, control sequences.
    if destination == Reference::Stream && std::io::stdout().is_terminal() {
        bail!("standard output is a terminal; write the image to a file or a pipe");
    }
    Ok(destination)
}

fn by_name(arguments: &SlimArguments) -> anyhow::Result<Reference> {
    let source = arguments.image.parse::<Reference>()?.resolved();
    let (Some(tag), Some(_)) = (arguments.tag.first(), source.remote_name()) else {
        // The destination cannot be derived from the name of an archive or directory.
        bail!("no destination: add `-o`, such as `-o docker-archive:slim.tar`");
    };
    Ok(written_back(&source, tag.parse()?))
}

/// The place of a name next to an image of a registry or a daemon.
fn written_back(source: &Reference, name: Name) -> Reference {
    // Without a host, the name would be one of Docker Hub. Pushing there takes `-o docker://`.
    if matches!(source, Reference::Registry(_)) && name.has_registry() {
        Reference::Registry(name)
    } else {
        Reference::Daemon(name)
    }
}

/// The image of `--rest`, next to the slimmed one.
pub(super) fn rest(
    arguments: &SlimArguments,
    slimmed: Option<&Reference>,
) -> anyhow::Result<Option<Reference>> {
    let (Some(name), Some(slimmed)) = (&arguments.rest, slimmed) else {
        return Ok(None);
    };
    let mut rest = parsed(name)?;
    // As with `--tag`, a plain name is one in the same daemon or registry.
    if arguments.output.is_none()
        && let Reference::PathOrDaemon { name, .. } = rest
    {
        rest = written_back(slimmed, name);
    }
    if let Reference::Rootfs(_) = rest {
        bail!("`--rest {name}`: a directory has no layers; `jettison restore` writes directories");
    }
    if is_same_place(slimmed, arguments.tag.first(), &rest) {
        bail!("`--rest {name}` would replace the slimmed image: choose another name");
    }
    Ok(Some(rest))
}

/// Whether the rest would replace the slimmed image.
fn is_same_place(slimmed: &Reference, tag: Option<&String>, rest: &Reference) -> bool {
    let (Some(one), Some(other)) = (slimmed.path(), rest.path()) else {
        return slimmed == rest;
    };
    // A layout can contain both, under different names.
    let is_layout = match slimmed {
        Reference::File { format, .. } => *format == Format::OciLayout,
        _ => one.is_dir(),
    };
    let name = tag.map(String::as_str).or(slimmed.stored_name());
    real(one) == real(other) && !(is_layout && name != rest.stored_name())
}

/// A path that is the same for all spellings of a file that may not exist yet.
#[expect(
    clippy::disallowed_methods,
    reason = "these are paths of the host, which the user named"
)]
fn real(path: &Path) -> PathBuf {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return path.to_owned();
    };
    // The parent of a bare file name is the empty path.
    let parent = if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        parent
    };
    match (path.canonicalize(), parent.canonicalize()) {
        (Ok(real), _) => real,
        (Err(_), Ok(parent)) => parent.join(name),
        _ => path.to_owned(),
    }
}
