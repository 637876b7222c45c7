//! Images in and out of Docker and Podman, over the API that both speak.

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

/// Seconds until a daemon says who it is.
const GREETING: u64 = 30;
/// How long until an answer begins: a daemon may pack or unpack a large image before it says a
/// word.
const PATIENCE: Duration = Duration::from_hours(1);

/// Asks the daemons for an image. Gives the archive, as `docker save` writes it, in an unlinked
/// temporary file.
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
            Err(error) => {
                tried.push(format!("{}: {}", shown(&endpoint), cause(&error)));
                continue;
            }
        };
        match event_loop.block_on(fetch(&daemon.docker, &endpoint, name, limit, progress)) {
            Ok(Some(file)) => return Ok(file),
            Ok(None) => asked.push(shown(&endpoint)),
            Err(error) => return Err(error),
        }
    }
    let name = name.to_owned();
    Err(if asked.is_empty() {
        nobody(name, tried)
    } else {
        TransferError::NoImage { name, asked }
    })
}

/// Gives an archive, as `docker save` writes it, to the first daemon that is there.
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
    Err(nobody(name.to_owned(), tried))
}

fn nobody(name: String, mut tried: Vec<String>) -> TransferError {
    if tried.is_empty() {
        tried.push(
            "`DOCKER_HOST` is not set, and none of the usual sockets of Docker and Podman is there"
                .to_owned(),
        );
    }
    TransferError::NoDaemon { name, tried }
}

fn shown(endpoint: &Endpoint) -> String {
    let address = crate::printable::escape(&endpoint.address);
    endpoint.by.as_ref().map_or_else(
        || format!("`{address}`"),
        |by| format!("`{address}`, which {by} says"),
    )
}

/// A daemon that answers, and the way to it.
struct Daemon {
    docker: Docker,
    _tunnel: Option<Tunnel>,
}

/// Finds out whether a daemon answers, and speaks to it in a version that it knows.
async fn connect(endpoint: &Endpoint) -> Result<Daemon, Error> {
    install_cryptography();
    let address = &endpoint.address;
    let tunnel = address
        .starts_with("ssh://")
        .then(|| Tunnel::open(address))
        .transpose()?;
    let socket = tunnel
        .as_ref()
        .map(|tunnel| tunnel.socket().display().to_string());
    let docker = if let Some(path) = socket
        .as_deref()
        .or_else(|| address.strip_prefix("unix://"))
    {
        Docker::connect_with_unix(path, GREETING, API_DEFAULT_VERSION)
    } else {
        // TCP, with TLS where `DOCKER_TLS_VERIFY` wants it.
        Docker::connect_with_host(address)
    }?;
    let docker = docker
        .with_timeout(Duration::from_secs(GREETING))
        .negotiate_version()
        .await?;
    Ok(Daemon {
        docker: docker.with_timeout(PATIENCE),
        _tunnel: tunnel,
    })
}

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

/// None where the daemon has no such image.
async fn fetch(
    docker: &Docker,
    endpoint: &Endpoint,
    name: &str,
    limit: u64,
    progress: &dyn Progress,
) -> Result<Option<File>, TransferError> {
    let spool = |source| TransferError::Spool {
        what: name.to_owned(),
        source,
    };
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
    let mut file = tempfile::tempfile().map_err(spool)?;
    let mut count = 0;
    while let Some(bytes) = archive.next().await {
        let bytes = bytes.map_err(failed(endpoint, "give", name))?;
        count += bytes.len() as u64;
        if count > limit {
            return Err(TransferError::Limit {
                what: "the archive",
                place: name.to_owned(),
                limit,
            });
        }
        file.write_all(&bytes).map_err(spool)?;
        progress.advance(bytes.len() as u64);
    }
    Ok(Some(file))
}

/// What is at the bottom of it; the errors around that only say that something failed.
fn cause(error: &Error) -> String {
    let all = std::iter::successors(Some(error as &dyn std::error::Error), |error| {
        error.source()
    });
    all.last()
        .map(|last| crate::printable::escape(last.to_string().trim()).into_owned())
        .unwrap_or_default()
}

async fn send(
    docker: &Docker,
    endpoint: &Endpoint,
    name: &str,
    archive: &File,
    progress: &dyn Progress,
) -> Result<(), TransferError> {
    let spool = |source| TransferError::Spool {
        what: name.to_owned(),
        source,
    };
    let archive = archive.try_clone().and_then(Blob::foreign).map_err(spool)?;
    progress.start("loading", archive.size());
    let chunks = chunks(archive);
    let options = ImportImageOptions {
        quiet: true,
        ..ImportImageOptions::default()
    };
    let mut answer =
        std::pin::pin!(docker.import_image_stream(options, stream::iter(chunks), None));
    while let Some(said) = answer.next().await {
        said.map_err(failed(endpoint, "load", name))?;
    }
    // It may have said nothing and taken nothing.
    docker
        .inspect_image(&with_tag(name))
        .await
        .map(drop)
        .map_err(failed(endpoint, "load", name))
}
