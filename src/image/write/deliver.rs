//! Delivery to a registry, a daemon or standard output. The image is written to a temporary file
//! first and sent as a whole, so that the receiver never gets a partial image.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use tempfile::TempDir;

use super::super::Image;
use super::super::error::WriteError;
use super::super::progress::Progress;
use super::super::reference::Reference;
use super::super::remote::{self, Registry};
use super::{Selection, WriteOptions, Written};

/// Writes to a registry, a daemon or standard output.
pub(super) fn write(
    image: &Image,
    selection: &Selection,
    destination: &Reference,
    options: &WriteOptions,
    progress: &dyn Progress,
) -> Result<Written, WriteError> {
    let scratch = Scratch::new(destination)?;
    let name = name(destination, options)?;
    // A registry takes blobs one by one, a daemon and a pipe take an archive.
    if let Reference::Registry { .. } = destination {
        let path = scratch.path("layout");
        // For a registry, the destination is the name, and the layout needs none.
        let nameless = WriteOptions {
            tag: None,
            ..options.clone()
        };
        let layout = Reference::Oci {
            path: path.clone(),
            name: None,
        };
        let written = super::write(image, selection, &layout, &nameless, progress)?;
        send_layout(destination, &path, options, progress)?;
        return Ok(written);
    }
    let path = scratch.path("image.tar");
    let archive = Reference::DockerArchive {
        path: path.clone(),
        name: name.map(str::to_owned),
    };
    let written = super::write(image, selection, &archive, options, progress)?;
    let file = File::open(&path).map_err(|error| scratch.error(error))?;
    match name {
        Some(name) if *destination != Reference::Stream => remote::load(name, &file, progress)?,
        _ => to_standard_output(file)?,
    }
    Ok(written)
}

/// Sends a layout with one image or one index to a registry.
pub(super) fn send_layout(
    destination: &Reference,
    layout: &Path,
    options: &WriteOptions,
    progress: &dyn Progress,
) -> Result<(), WriteError> {
    let name = name(destination, options)?.unwrap_or_default();
    Registry::push(
        name,
        options.connection,
        layout,
        options.origin.as_deref(),
        progress,
    )?;
    Ok(())
}

/// The name of the image, from the destination or from the options, which must not contradict each
/// other.
fn name<'a>(
    destination: &'a Reference,
    options: &'a WriteOptions,
) -> Result<Option<&'a str>, WriteError> {
    match (destination.name(), options.tag.as_deref()) {
        (Some(name), Some(tag)) if name != tag => Err(WriteError::TwoNames {
            name: name.to_owned(),
            tag: tag.to_owned(),
        }),
        (name, tag) => Ok(name.or(tag)),
    }
}

fn to_standard_output(mut file: File) -> Result<(), WriteError> {
    let path = Path::new("standard output");
    let mut stdout = io::stdout().lock();
    // An archive would garble the terminal, so this must be a mistake.
    if stdout.is_terminal() {
        return Err(WriteError::NotAFile {
            path: path.to_owned(),
        });
    }
    io::copy(&mut file, &mut stdout)
        .and_then(|_| stdout.flush())
        .map_err(WriteError::io(path))
}

/// A temporary directory. Errors name the destination instead, because its random name means
/// nothing to the user.
pub(super) struct Scratch {
    directory: TempDir,
    destination: std::path::PathBuf,
}

impl Scratch {
    pub(super) fn new(destination: &Reference) -> Result<Self, WriteError> {
        let destination = std::path::PathBuf::from(destination.to_string());
        let directory = tempfile::Builder::new()
            .prefix(super::output::PREFIX)
            .tempdir();
        let directory =
            directory.map_err(|error| WriteError::io(&destination)(error.kind().into()))?;
        Ok(Self {
            directory,
            destination,
        })
    }

    pub(super) fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn write(&self, path: &Path, text: &str) -> Result<(), WriteError> {
        std::fs::write(path, text).map_err(|error| self.error(error))
    }

    pub(super) fn error(&self, error: io::Error) -> WriteError {
        WriteError::io(&self.destination)(error)
    }
}
