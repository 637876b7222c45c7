//! The destination of a slimmed image.

use std::io::IsTerminal as _;

use anyhow::bail;

use super::arguments::SlimArguments;
use crate::image::Reference;

/// The image of `-o`. Without it, an image from a registry or a daemon is written back there under
/// its new name. `None` for a dry run.
pub(super) fn destination(arguments: &SlimArguments) -> anyhow::Result<Option<Reference>> {
    if arguments.dry_run {
        return Ok(None);
    }
    let Some(output) = &arguments.output else {
        return by_name(arguments).map(Some);
    };
    let destination: Reference = output.parse()?;
    // An archive printed to a terminal would be noise or, worse, control sequences.
    if destination == Reference::Stream && std::io::stdout().is_terminal() {
        bail!("standard output is a terminal; write the image to a file or a pipe");
    }
    Ok(Some(destination))
}

fn by_name(arguments: &SlimArguments) -> anyhow::Result<Reference> {
    let source: Reference = arguments.image.parse()?;
    match arguments.tag.as_deref() {
        // A name without a host refers to Docker Hub. Pushing there requires `-o docker://`.
        Some(name) if matches!(source, Reference::Registry { .. }) && names_registry(name) => {
            Ok(Reference::Registry { name: name.into() })
        }
        Some(name) if source.is_remote() => Ok(Reference::DockerDaemon { name: name.into() }),
        // The name of an archive or directory does not determine the destination.
        _ => bail!("no destination: add `-o`, such as `-o docker-archive:slim.tar`"),
    }
}

/// Whether a name begins with a registry host. Docker uses the same rule to tell a host from a
/// Docker Hub user name.
fn names_registry(name: &str) -> bool {
    name.split_once('/')
        .is_some_and(|(first, _)| first.contains(['.', ':']) || first == "localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_a_dot_or_a_port_or_is_this_machine() {
        for name in ["r.example/app", "r:5000/app:1", "localhost/app"] {
            assert!(names_registry(name), "{name}");
        }
        for name in ["app", "app:1", "team/app"] {
            assert!(!names_registry(name), "{name}");
        }
    }
}
