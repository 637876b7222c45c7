//! Images in Docker and Podman, read and written through the API that both implement.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::ImportImageOptions;
use bollard::{API_DEFAULT_VERSION, Docker};
use futures_util::{StreamExt, stream};

use super::endpoint::{Endpoint, endpoints};
use super::tunnel::Tunnel;
use super::{TransferError, chunks, event_loop, install_cryptography, with_tag};
use crate::image::blob::Blob;
use crate::image::progress::Progress;

/// Time within which a daemon must answer the first request, in seconds.
const GREETING: u64 = 30;
/// The time within which a response must begin: a daemon may have to pack or unpack a large image
/// first.
const PATIENCE: Duration = Duration::from_hours(1);

/// Gets an image from the first daemon that has it. Returns an archive in the format of `docker
/// save`, in an unlinked temporary file.
pub(in crate::image) fn save(
    name: &str,
    limit: u64,
    progress: &dyn Progress,
) -> Result<File, TransferError> {
    let event_loop = event_loop()?;
    let (mut tried, mut asked) = (Vec::new(), Vec::new());
    for endpoint in endpoints() {
        let daemon = match event_loop.block_on(connect(&endpoint)) {
            Ok(daemon) => daemon,
            // Sockets of daemons that no longer run are common, so the next one is tried.
            Err(error) => {
                tried.push(format!("{}: {}", shown(&endpoint), cause(&error)));
                continue;
            }
        };
        match event_loop.block_on(fetch(&daemon.docker, &endpoint, name, limit, progress)) {
            Ok(Some(file)) => return Ok(file),
            // A machine may have both Docker and Podman, each with its own images.
            Ok(None) => asked.push(shown(&endpoint)),
            Err(error) => return Err(error),
        }
    }
    let name = name.to_owned();
    Err(if asked.is_empty() {
        no_daemon(name, tried)
    } else {
        TransferError::NoImage { name, asked }
    })
}

/// Loads an archive in the format of `docker save` into the first daemon that answers.
pub(in crate::image) fn load(
    name: &str,
    archive: &File,
    progress: &dyn Progress,
) -> Result<(), TransferError> {
    let event_loop = event_loop()?;
    let mut tried = Vec::new();
    for endpoint in endpoints() {
        match event_loop.block_on(connect(&endpoint)) {
            Ok(daemon) => {
                return event_loop.block_on(send(
                    &daemon.docker,
                    &endpoint,
                    name,
                    archive,
                    progress,
                ));
            }
            Err(error) => tried.push(format!("{}: {}", shown(&endpoint), cause(&error))),
        }
    }
    Err(no_daemon(name.to_owned(), tried))
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

/// A daemon that responds, and the tunnel to it, which is closed when this is dropped.
struct Daemon {
    docker: Docker,
    _tunnel: Option<Tunnel>,
}

/// Connects to a daemon and negotiates the version of the API.
async fn connect(endpoint: &Endpoint) -> Result<Daemon, Error> {
    install_cryptography();
    let address = &endpoint.address;
    let mut tunnel = None;
    let docker = if address.starts_with("ssh://") {
        let opened = Tunnel::open(address)?;
        let path = opened.socket().display().to_string();
        tunnel = Some(opened);
        Docker::connect_with_unix(&path, GREETING, API_DEFAULT_VERSION)
    } else if let Some(path) = address.strip_prefix("unix://") {
        Docker::connect_with_unix(path, GREETING, API_DEFAULT_VERSION)
    } else {
        // TCP, with TLS if `DOCKER_TLS_VERIFY` is set.
        Docker::connect_with_host(address)
    }?;
    // The first response must arrive soon, so that a dead daemon does not delay the next one.
    let docker = docker
        .with_timeout(Duration::from_secs(GREETING))
        .negotiate_version()
        .await?;
    Ok(Daemon {
        docker: docker.with_timeout(PATIENCE),
        _tunnel: tunnel,
    })
}

/// Turns an error of a daemon into one that names the endpoint, the action and the image.
fn failed(
    endpoint: &Endpoint,
    act: &'static str,
    name: &str,
) -> impl Fn(Error) -> TransferError + use<> {
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
    docker: &Docker,
    endpoint: &Endpoint,
    name: &str,
    limit: u64,
    progress: &dyn Progress,
) -> Result<Option<File>, TransferError> {
    // The size is only used for the progress bar: the archive is streamed, and its length is not
    // known in advance.
    let size = match docker.inspect_image(name).await {
        Ok(image) => image
            .size
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or(0),
        Err(Error::DockerResponseServerError {
            status_code: 404, ..
        }) => return Ok(None),
        Err(error) => return Err(failed(endpoint, "find", name)(error)),
    };
    progress.start("fetching", size);
    let mut archive = std::pin::pin!(docker.export_image(name));
    let mut file = tempfile::tempfile().map_err(TransferError::spool(name))?;
    let mut count = 0;
    while let Some(bytes) = archive.next().await {
        let bytes = bytes.map_err(failed(endpoint, "export", name))?;
        count += bytes.len() as u64;
        // A daemon is trusted, but one that streams without end would fill the disk.
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

/// The innermost cause of an error; the outer ones only report that something failed.
fn cause(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    crate::printable::escape(cause.to_string().trim()).into_owned()
}

/// Loads an archive into a daemon and checks that the image is there.
async fn send(
    docker: &Docker,
    endpoint: &Endpoint,
    name: &str,
    archive: &File,
    progress: &dyn Progress,
) -> Result<(), TransferError> {
    let archive = archive
        .try_clone()
        .and_then(Blob::foreign)
        .map_err(TransferError::spool(name))?;
    progress.start("loading", archive.size());
    let chunks = chunks(archive);
    let options = ImportImageOptions {
        quiet: true,
        ..ImportImageOptions::default()
    };
    let mut answer =
        std::pin::pin!(docker.import_image_stream(options, stream::iter(chunks), None));
    while let Some(message) = answer.next().await {
        message.map_err(failed(endpoint, "load", name))?;
    }
    // A daemon may report no error and still not have the image, so look for it.
    docker
        .inspect_image(&with_tag(name))
        .await
        .map(drop)
        .map_err(failed(endpoint, "load", name))
}
