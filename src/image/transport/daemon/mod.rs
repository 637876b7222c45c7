//! Images in Docker and Podman, read and written through the API that both implement.

mod api;
mod endpoint;
mod tunnel;

use std::fs::File;
use std::io::Write;

use futures_util::stream;
use reqwest::Body;

use super::{TransferError, chunks, event_loop};
use crate::image::blob::Blob;
use crate::image::name::Name;
use crate::image::progress::Progress;

use api::{ApiError, Daemon};
use endpoint::{Endpoint, endpoints};

/// Gets an image from the first daemon that has it. Returns an archive in the format of `docker
/// save`, in an unlinked temporary file.
pub(in crate::image) fn save(
    name: &Name,
    limit: u64,
    progress: &dyn Progress,
) -> Result<File, TransferError> {
    let event_loop = event_loop()?;
    let (mut tried, mut asked) = (Vec::new(), Vec::new());
    for endpoint in endpoints() {
        let daemon = match event_loop.block_on(Daemon::connect(&endpoint.address)) {
            Ok(daemon) => daemon,
            // Sockets of daemons that no longer run are common, so the next one is tried.
            Err(error) => {
                tried.push(format!("{}: {}", shown(&endpoint), cause(&error)));
                continue;
            }
        };
        match event_loop.block_on(fetch(&daemon, &endpoint, name, limit, progress)) {
            Ok(Some(file)) => return Ok(file),
            // A machine may have both Docker and Podman, each with its own images.
            Ok(None) => asked.push(shown(&endpoint)),
            Err(error) => return Err(error),
        }
    }
    let name = name.to_string();
    Err(if asked.is_empty() {
        no_daemon(name, tried)
    } else {
        TransferError::NoImage { name, asked }
    })
}

/// Loads an archive in the format of `docker save` into the first daemon that answers.
pub(in crate::image) fn load(
    name: &Name,
    archive: &File,
    progress: &dyn Progress,
) -> Result<(), TransferError> {
    let event_loop = event_loop()?;
    let mut tried = Vec::new();
    for endpoint in endpoints() {
        match event_loop.block_on(Daemon::connect(&endpoint.address)) {
            Ok(daemon) => {
                return event_loop.block_on(send(&daemon, &endpoint, name, archive, progress));
            }
            Err(error) => tried.push(format!("{}: {}", shown(&endpoint), cause(&error))),
        }
    }
    Err(no_daemon(name.to_string(), tried))
}

fn no_daemon(name: String, mut tried: Vec<String>) -> TransferError {
    if tried.is_empty() {
        tried.push("`DOCKER_HOST` is not set, and there is no Docker or Podman socket".to_owned());
    }
    TransferError::NoDaemon { name, tried }
}

/// An endpoint with its origin, for use in errors.
fn shown(endpoint: &Endpoint) -> String {
    let address = crate::printable::escape(&endpoint.address);
    match &endpoint.by {
        Some(by) => format!("`{address}` (from {by})"),
        None => format!("`{address}`"),
    }
}

/// Turns an error of a daemon into one that names the endpoint, the action and the image.
fn failed(
    endpoint: &Endpoint,
    act: &'static str,
    name: &str,
) -> impl Fn(ApiError) -> TransferError + use<> {
    let (endpoint, name) = (endpoint.address.clone(), name.to_owned());
    move |source| {
        let (endpoint, name) = (endpoint.clone(), name.clone());
        TransferError::Daemon {
            endpoint,
            act,
            name,
            source: Box::new(source),
        }
    }
}

/// Fetches the archive of an image; `None` if the daemon has no such image.
async fn fetch(
    daemon: &Daemon,
    endpoint: &Endpoint,
    image: &Name,
    limit: u64,
    progress: &dyn Progress,
) -> Result<Option<File>, TransferError> {
    let name = &*image.to_string();
    // The size is only for the bar: the archive is streamed, and its length is not known before.
    let size = daemon.size_of(name).await;
    let Some(size) = size.map_err(failed(endpoint, "find", name))? else {
        return Ok(None);
    };
    progress.start("fetching", size);
    let export = failed(endpoint, "export", name);
    let mut archive = daemon.export(name).await.map_err(&export)?;
    let mut file = tempfile::tempfile().map_err(TransferError::spool(name))?;
    let mut count = 0;
    while let Some(bytes) = archive
        .chunk()
        .await
        .map_err(|error| export(error.into()))?
    {
        count += bytes.len() as u64;
        // One that streams without end would fill the disk.
        if count > limit {
            return Err(TransferError::Limit {
                what: "the archive",
                place: name.to_owned(),
                limit,
            });
        }
        file.write_all(&bytes).map_err(TransferError::spool(name))?;
        progress.advance(bytes.len() as u64);
    }
    Ok(Some(file))
}

/// The innermost cause of an error; the outer ones only state that something failed.
fn cause(error: &ApiError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    crate::printable::escape(cause.to_string().trim()).into_owned()
}

/// Loads an archive into a daemon and checks that the image is there.
async fn send(
    daemon: &Daemon,
    endpoint: &Endpoint,
    image: &Name,
    archive: &File,
    progress: &dyn Progress,
) -> Result<(), TransferError> {
    let name = &*image.to_string();
    let archive = archive
        .try_clone()
        .and_then(Blob::foreign)
        .map_err(TransferError::spool(name))?;
    progress.start("loading", archive.size());
    let body = Body::wrap_stream(stream::iter(chunks(archive)));
    let failure = failed(endpoint, "load", name);
    daemon.load(body).await.map_err(&failure)?;
    // A daemon may report no error and still not have the image, so look for it.
    let stored = image.clone().with_default_tag().to_string();
    match daemon.size_of(&stored).await.map_err(&failure)? {
        Some(_) => Ok(()),
        None => Err(failure(ApiError::Reported(
            "the image was not stored".to_owned(),
        ))),
    }
}
