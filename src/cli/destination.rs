//! The destination of a slimmed image.

use std::io::IsTerminal as _;

use anyhow::bail;

use super::arguments::SlimArguments;
use crate::image::{Name, Reference};

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
    let source = arguments.image.parse::<Reference>()?.resolved();
    let (Some(tag), Some(_)) = (&arguments.tag, source.remote_name()) else {
        // The destination cannot be derived from the name of an archive or directory.
        bail!("no destination: add `-o`, such as `-o docker-archive:slim.tar`");
    };
    let name: Name = tag.parse()?;
    // Without a host, the name would be one of Docker Hub. Pushing there takes `-o docker://`.
    if matches!(source, Reference::Registry(_)) && name.has_registry() {
        Ok(Reference::Registry(name))
    } else {
        Ok(Reference::Daemon(name))
    }
}
