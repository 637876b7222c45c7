//! Pulls images from registries: manifests, and blobs in parallel. Broken downloads are resumed.

mod challenge;
mod credentials;
mod helper;
mod http;
mod metadata;
mod proxied;
mod push;
mod reach;
mod referrers;
mod session;

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, RANGE};
use reqwest::{Method, Response, StatusCode};

use super::{Connection, TransferError, event_loop, install_cryptography};
use crate::image::digest::sha256;
use crate::image::name::Name;
use crate::image::progress::Progress;

use credentials::{Login, credentials};
use http::{HttpError, Pace, body, refusal, send, speaks_no_tls};
use session::{Operation, Session, host};

/// Blobs that are transferred at the same time.
const PARALLEL: usize = 6;
/// Attempts that may fail without a byte of progress.
const ATTEMPTS: u32 = 5;
/// Maximum number of times that the download of a blob is resumed.
const RESUMES: u32 = 50;
/// The first pause between attempts; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The accepted media types. Without this header, registries send manifests in the oldest format.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// A session with a registry, and the requested image in it.
#[derive(Debug)]
pub(in crate::image) struct Registry {
    event_loop: tokio::runtime::Runtime,
    session: Session,
    image: Name,
}

/// A manifest or an index.
#[derive(Debug)]
pub(in crate::image) struct Fetched {
    pub bytes: Vec<u8>,
    /// The digest with which it was requested; `None` for a tag.
    pub digest: Option<String>,
    /// The media type that the registry states.
    pub media_type: Option<String>,
}

impl Registry {
    /// Connects to pull an image.
    pub(in crate::image) fn pull(
        name: &Name,
        connection: Connection,
    ) -> Result<Self, TransferError> {
        Self::connect(name, connection, Operation::Pull)
    }

    fn connect(
        name: &Name,
        connection: Connection,
        operation: Operation,
    ) -> Result<Self, TransferError> {
        install_cryptography();
        let login = credentials(name)?;
        let event_loop = event_loop()?;
        let session = event_loop.block_on(log_in(name, &login, connection, operation))?;
        Ok(Self {
            event_loop,
            session,
            image: name.clone(),
        })
    }

    /// The full name of the image, with its tag or digest.
    pub(in crate::image) fn image_name(&self) -> String {
        self.image.full().to_string()
    }

    /// Fetches a manifest or an index of at most `limit` bytes.
    pub(in crate::image) fn manifest(
        &self,
        digest: Option<&str>,
        limit: u64,
    ) -> Result<Fetched, TransferError> {
        let digest = digest.or(self.image.digest());
        let name = digest.unwrap_or_else(|| self.image.version());
        let fetched = retried(|| self.fetch_manifest(name, limit));
        let fetched = self.event_loop.block_on(fetched);
        let (bytes, media_type) =
            fetched.map_err(failed("fetch the manifest of", &self.place(digest)))?;
        Ok(Fetched {
            bytes,
            digest: digest.map(str::to_owned),
            media_type,
        })
    }

    /// The name of the image, or of another one of the same repository, for errors.
    fn place(&self, digest: Option<&str>) -> String {
        match digest {
            Some(digest) => self.image.with_digest(digest).full().to_string(),
            None => self.image.full().to_string(),
        }
    }

    /// Fetches a manifest. Also returns its media type.
    async fn fetch_manifest(
        &self,
        name: &str,
        limit: u64,
    ) -> Result<(Vec<u8>, Option<String>), HttpError> {
        let url = self.session.url(&format!("manifests/{name}"))?;
        let request = self.session.brief(Method::GET, url).await?;
        let response = send(request.header(ACCEPT, MANIFESTS)).await?;
        let media_type = header(&response, CONTENT_TYPE);
        let stated = header(&response, CONTENT_DIGEST);
        let bytes = body(response, "the manifest", limit).await?;
        // Other clients trust this header, so they would see a different image.
        if let Some(stated) = stated
            && stated.starts_with("sha256:")
            && stated != sha256(&bytes)
        {
            return Err(HttpError::Malformed(format!(
                "the manifest does not have the digest `{}` that the registry reported",
                crate::printable::escape(&stated)
            )));
        }
        Ok((bytes, media_type))
    }

    /// Fetches blobs, given by digest and size, to unlinked temporary files in the same order.
    pub(in crate::image) fn blobs(
        &self,
        wanted: &[(String, u64)],
        progress: &dyn Progress,
    ) -> Result<Vec<File>, TransferError> {
        // `buffered` keeps the order, so that the files match the digests.
        let fetched = stream::iter(wanted).map(|(digest, size)| self.blob(digest, *size, progress));
        let fetched = self
            .event_loop
            .block_on(fetched.buffered(PARALLEL).try_collect());
        fetched.map_err(failed("fetch a blob from", &self.image_name()))
    }

    async fn blob(
        &self,
        digest: &str,
        size: u64,
        progress: &dyn Progress,
    ) -> Result<File, HttpError> {
        let mut download = Download {
            digest,
            size,
            file: tempfile::tempfile().map_err(HttpError::Spool)?,
            have: 0,
        };
        let (mut attempts, mut resumes) = (0, 0);
        loop {
            // Some registries and proxies interrupt long downloads, so an attempt that made
            // progress does not count as failed.
            let before = download.have;
            let broken = match self.part(digest, before).await {
                Ok((start, part)) => match download.take(start, part, progress).await {
                    Ok(()) => return Ok(download.file),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            attempts = if download.have > before {
                0
            } else {
                attempts + 1
            };
            // The limit guards against a server that sends one more byte each time.
            resumes += 1;
            // Retrying does not help with a wrong certificate or a missing blob.
            if broken.is_final() || attempts >= ATTEMPTS || resumes >= RESUMES {
                return Err(broken);
            }
            tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempts)).await;
        }
    }

    /// Requests a blob starting at an offset. Also returns the offset at which the response starts:
    /// registries without support for range requests send the whole blob.
    async fn part(&self, digest: &str, start: u64) -> Result<(u64, Response), HttpError> {
        let url = self.session.url(&format!("blobs/{digest}"))?;
        let mut request = self.session.long(Method::GET, url).await?;
        if start > 0 {
            request = request.header(RANGE, format!("bytes={start}-"));
        }
        let response = send(request).await?;
        let is_part = response.status() == StatusCode::PARTIAL_CONTENT;
        Ok((if is_part { start } else { 0 }, response))
    }
}

/// The value of a header without its parameters, such as the character set of a type.
fn header(response: &Response, name: HeaderName) -> Option<String> {
    let value = response.headers().get(name)?.to_str().ok()?;
    Some(value.split(';').next()?.trim().to_owned())
}

/// A blob that is being downloaded.
struct Download<'a> {
    digest: &'a str,
    size: u64,
    file: File,
    have: u64,
}

impl Download<'_> {
    /// Writes a part of the blob that starts at an offset, up to the size in the descriptor.
    async fn take(
        &mut self,
        start: u64,
        mut part: Response,
        progress: &dyn Progress,
    ) -> Result<(), HttpError> {
        let before = self.have;
        if start == 0 && self.have > 0 {
            // The registry does not support range requests and starts over.
            self.file = tempfile::tempfile().map_err(HttpError::Spool)?;
            self.have = 0;
        }
        let mut pace = Pace::new(Instant::now());
        while let Some(bytes) = part.chunk().await? {
            let count = bytes.len() as u64;
            self.have += count;
            if self.have > self.size {
                return Err(HttpError::BlobTooLong {
                    digest: self.digest.to_owned(),
                    size: self.size,
                });
            }
            self.file.write_all(&bytes).map_err(HttpError::Spool)?;
            // Bytes that are sent again were counted the first time.
            if self.have > before {
                progress.advance(count);
            }
            pace.advance(Instant::now(), count)?;
        }
        if self.have == self.size {
            Ok(())
        } else {
            Err(HttpError::Short)
        }
    }
}

/// Opens a session with a registry. TLS is tried first if both are allowed.
async fn log_in(
    image: &Name,
    login: &Login,
    connection: Connection,
    operation: Operation,
) -> Result<Session, TransferError> {
    let place = host(image);
    let transports: &[bool] = match connection {
        Connection::Verified => &[true],
        Connection::Unverified => &[true, false],
        Connection::Plain => &[false],
    };
    let mut first = None;
    for &is_tls in transports {
        let session =
            retried(|| Session::open(image, login.clone(), is_tls, connection, operation)).await;
        match session {
            Ok(session) => return Ok(session),
            // TLS is only given up if the user allowed it; the first error is more informative.
            Err(error) if connection == Connection::Unverified && error.is_unreachable() => {
                first.get_or_insert(error);
            }
            Err(error) => return Err(failed("log in to", place)(error)),
        }
    }
    let error = first.expect("at least one transport was tried and failed");
    Err(failed("connect to", place)(error))
}

/// Retries an action if that may help, after increasingly long pauses.
async fn retried<T, F>(act: impl Fn() -> F) -> Result<T, HttpError>
where
    F: Future<Output = Result<T, HttpError>>,
{
    let mut attempt = 1;
    loop {
        match act().await {
            Err(error) if attempt < ATTEMPTS && !error.is_final() => {
                tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt)).await;
                attempt += 1;
            }
            other => return other,
        }
    }
}

/// Turns an HTTP error into one that names the action and the image.
fn failed(act: &'static str, place: &str) -> impl Fn(HttpError) -> TransferError + use<> {
    let place = place.to_owned();
    move |error| {
        let place = place.clone();
        if let Some(reason) = explanation(&error) {
            return TransferError::Refused { act, place, reason };
        }
        match error {
            HttpError::TooLong { what, limit } => TransferError::Limit { what, place, limit },
            HttpError::BlobTooLong { digest, size } => TransferError::TooLong {
                digest,
                place,
                size,
            },
            // The chain of causes shows whether DNS, the connection or TLS failed.
            error => TransferError::Registry {
                act,
                place,
                source: Box::new(error),
            },
        }
    }
}

/// The explanation of a response, with the registry's own message if there is one; `None` for
/// errors with other causes.
fn explanation(error: &HttpError) -> Option<String> {
    let reason = match error {
        // The registry's message would be that authentication is required, even if credentials were
        // sent.
        HttpError::Status {
            status: StatusCode::UNAUTHORIZED,
            ..
        } => "the registry requires different credentials".to_owned(),
        HttpError::NoToken { .. } => "the credentials were rejected".to_owned(),
        HttpError::Status {
            message: Some(message),
            ..
        } => format!("the registry reports: {message}"),
        HttpError::Status { status, .. } if *status == StatusCode::NOT_FOUND => {
            "not found".to_owned()
        }
        HttpError::Request(error) if speaks_no_tls(error) => {
            "the registry does not use TLS; pass `--plain-http`".to_owned()
        }
        HttpError::Request(request) => {
            let refusal = refusal(request)?;
            let url = request.url().map(ToString::to_string).unwrap_or_default();
            let url = crate::printable::escape(&url);
            format!("redirect from `{url}` not followed: {refusal}")
        }
        HttpError::Status { .. } | HttpError::Refused { .. } | HttpError::Malformed(_) => {
            error.to_string()
        }
        HttpError::TooLong { .. }
        | HttpError::BlobTooLong { .. }
        | HttpError::Spool(_)
        | HttpError::Short
        | HttpError::Slow => return None,
    };
    Some(reason)
}
