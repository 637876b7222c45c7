//! Delivery to a registry, a daemon or standard output. The image is written to a temporary file
//! first and sent as a whole, so that nobody receives half an image.

use std::fs::File;
use std::io;
use std::path::Path;

use tempfile::TempDir;

use super::{Registry, load, stream};
use crate::image::Image;
use crate::image::error::WriteError;
use crate::image::name::Name;
use crate::image::progress::Progress;
use crate::image::reference::{Format, Reference};
use crate::image::write::{self, FileDestination, Selection, WriteOptions, Written};

/// Writes to a registry.
pub(in crate::image) fn to_registry(
    image: &Image,
    selection: &Selection,
    destination: &Reference,
    name: &Name,
    options: &WriteOptions,
    progress: &dyn Progress,
) -> Result<Written, WriteError> {
    let scratch = Scratch::new(destination)?;
    check_tag(name, options)?;
    // A registry takes blobs one by one.
    let path = scratch.path("layout");
    // In a registry the destination is the name, and the layout needs none.
    let nameless = WriteOptions {
        tag: None,
        ..options.clone()
    };
    let layout = FileDestination {
        format: Some(Format::OciLayout),
        path: &path,
        name: None,
    };
    let written = write::to_file(image, selection, &layout, &nameless, progress)?;
    send_layout(name, &path, options, progress)?;
    Ok(written)
}

/// Writes to a daemon.
pub(in crate::image) fn to_daemon(
    image: &Image,
    selection: &Selection,
    destination: &Reference,
    name: &Name,
    options: &WriteOptions,
    progress: &dyn Progress,
) -> Result<Written, WriteError> {
    let scratch = Scratch::new(destination)?;
    check_tag(name, options)?;
    let tag = name.to_string();
    let tag = Some(tag.as_str());
    let (written, archive) = scratch_archive(&scratch, image, selection, tag, options, progress)?;
    load(name, &archive, progress)?;
    Ok(written)
}

/// Writes to standard output.
pub(in crate::image) fn to_stream(
    image: &Image,
    selection: &Selection,
    options: &WriteOptions,
    progress: &dyn Progress,
) -> Result<Written, WriteError> {
    let scratch = Scratch::new(&Reference::Stream)?;
    let tag = options.tag.as_deref();
    let (written, archive) = scratch_archive(&scratch, image, selection, tag, options, progress)?;
    stream::to_standard_output(archive)?;
    Ok(written)
}

/// An archive for a daemon or a pipe, which take an image as a whole.
fn scratch_archive(
    scratch: &Scratch,
    image: &Image,
    selection: &Selection,
    name: Option<&str>,
    options: &WriteOptions,
    progress: &dyn Progress,
) -> Result<(Written, File), WriteError> {
    let path = scratch.path("image.tar");
    let archive = FileDestination {
        format: Some(Format::DockerArchive),
        path: &path,
        name,
    };
    let written = write::to_file(image, selection, &archive, options, progress)?;
    let file = File::open(&path).map_err(|error| scratch.error(error))?;
    Ok((written, file))
}

/// Sends a layout with one image or one index to a registry.
pub(in crate::image) fn send_layout(
    name: &Name,
    layout: &Path,
    options: &WriteOptions,
    progress: &dyn Progress,
) -> Result<(), WriteError> {
    check_tag(name, options)?;
    Registry::push(
        name,
        options.connection,
        layout,
        options.origin.as_ref(),
        progress,
    )?;
    Ok(())
}

/// Refuses a tag that contradicts the destination, which is a name itself.
fn check_tag(name: &Name, options: &WriteOptions) -> Result<(), WriteError> {
    match &options.tag {
        Some(tag) if *tag != name.to_string() => Err(WriteError::TwoNames {
            name: name.to_string(),
            tag: tag.clone(),
        }),
        _ => Ok(()),
    }
}

/// A temporary directory. Errors name the destination instead: the random name means nothing to the
/// user.
pub(in crate::image) struct Scratch {
    directory: TempDir,
    destination: std::path::PathBuf,
}

impl Scratch {
    pub(in crate::image) fn new(destination: &Reference) -> Result<Self, WriteError> {
        let destination = std::path::PathBuf::from(destination.to_string());
        let directory = tempfile::Builder::new()
            .prefix(write::output::PREFIX)
            .tempdir();
        let directory =
            directory.map_err(|error| WriteError::io(&destination)(error.kind().into()))?;
        Ok(Self {
            directory,
            destination,
        })
    }

    pub(in crate::image) fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    pub(in crate::image) fn write(&self, path: &Path, text: &str) -> Result<(), WriteError> {
        std::fs::write(path, text).map_err(|error| self.error(error))
    }

    pub(in crate::image) fn error(&self, error: io::Error) -> WriteError {
        WriteError::io(&self.destination)(error)
    }
}
