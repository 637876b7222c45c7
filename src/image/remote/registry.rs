//! Images out of registries: manifests, and blobs in parallel, each going on where its connection
//! broke.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use oci_spec::distribution::{ParseError, Reference};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, RANGE};
use reqwest::{Method, Response, StatusCode};

use super::credentials::{Login, credentials};
use super::http::{HttpError, Pace, body, refusal, send, speaks_no_tls};
use super::session::{Operation, Session};
use super::{Connection, TransferError, event_loop, install_cryptography};
use crate::image::digest::sha256;
use crate::image::progress::Progress;

/// How many blobs travel at once.
pub(super) const PARALLEL: usize = 6;
/// How often something may fail without a byte of progress.
const ATTEMPTS: u32 = 5;
/// How often a blob may be taken up again.
const RESUMES: u32 = 50;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// A registry that has let us in, and the image in it that is meant.
#[derive(Debug)]
pub(in crate::image) struct Registry {
    pub(super) event_loop: tokio::runtime::Runtime,
    pub(super) session: Session,
    pub(super) image: Reference,
}

/// A manifest or an index.
#[derive(Debug)]
pub(in crate::image) struct Fetched {
    pub bytes: Vec<u8>,
    /// Under which it was asked for; none where that was a tag.
    pub digest: Option<String>,
    /// What the registry calls it.
    pub media_type: Option<String>,
}

impl Registry {
    /// Connects to read an image.
    pub(in crate::image) fn pull(
        name: &str,
        connection: Connection,
    ) -> Result<Self, TransferError> {
        Self::connect(name, connection, Operation::Pull)
    }

    pub(super) fn connect(
        name: &str,
        connection: Connection,
        operation: Operation,
    ) -> Result<Self, TransferError> {
        install_cryptography();
        let image: Reference = name
            .parse()
            .map_err(|error: ParseError| TransferError::Name {
                name: name.into(),
                reason: error.to_string(),
            })?;
        let login = credentials(&image)?;
        let event_loop = event_loop()?;
        let session = event_loop.block_on(log_in(&image, &login, connection, operation))?;
        Ok(Self {
            event_loop,
            session,
            image,
        })
    }

    /// The image's name in full, with its tag or digest.
    pub(in crate::image) fn image_name(&self) -> String {
        self.image.whole()
    }

    /// A manifest or an index, of at most `limit` bytes.
    pub(in crate::image) fn manifest(
        &self,
        digest: Option<&str>,
        limit: u64,
    ) -> Result<Fetched, TransferError> {
        let digest = digest.or(self.image.digest());
        let name = digest.or(self.image.tag()).unwrap_or("latest");
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

    /// The image, or another one of the same repository, for errors.
    pub(super) fn place(&self, digest: Option<&str>) -> String {
        digest.map_or_else(
            || self.image.whole(),
            |digest| self.image.clone_with_digest(digest.to_owned()).whole(),
        )
    }

    /// Gives the media type too.
    async fn fetch_manifest(
        &self,
        name: &str,
        limit: u64,
    ) -> Result<(Vec<u8>, Option<String>), HttpError> {
        let url = self.session.url(&format!("manifests/{name}"))?;
        let request = self.session.brief(Method::GET, url).await?;
        let response = send(request.header(ACCEPT, MANIFESTS)).await?;
        let header = |name: HeaderName| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(value.split(';').next()?.trim().to_owned())
        };
        let (media_type, said) = (header(CONTENT_TYPE), header(CONTENT_DIGEST));
        let bytes = body(response, "the manifest", limit).await?;
        // Other readers take the image for what this header says.
        if let Some(said) = said
            && said.starts_with("sha256:")
            && said != sha256(&bytes)
        {
            return Err(HttpError::Malformed(format!(
                "the manifest is not the one with the digest `{}`, which the registry says it is",
                crate::printable::escape(&said).into_owned()
            )));
        }
        Ok((bytes, media_type))
    }

    /// Blobs, by digest and size, as unlinked temporary files in the same order.
    pub(in crate::image) fn blobs(
        &self,
        wanted: &[(String, u64)],
        progress: &dyn Progress,
    ) -> Result<Vec<File>, TransferError> {
        let fetched = stream::iter(wanted).map(|(digest, size)| self.blob(digest, *size, progress));
        let fetched = self
            .event_loop
            .block_on(fetched.buffered(PARALLEL).try_collect());
        fetched.map_err(failed("fetch a blob of", &self.image.whole()))
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
            resumes += 1;
            if broken.is_final() || attempts >= ATTEMPTS || resumes >= RESUMES {
                return Err(broken);
            }
            tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempts)).await;
        }
    }

    /// A blob from a byte on, or from the first on where the registry cannot do better; tells
    /// which.
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

/// A blob as far as it has come.
struct Download<'a> {
    digest: &'a str,
    size: u64,
    file: File,
    have: u64,
}

impl Download<'_> {
    /// Takes a part that starts at a byte, up to the size that the descriptor says and no further.
    async fn take(
        &mut self,
        start: u64,
        mut part: Response,
        progress: &dyn Progress,
    ) -> Result<(), HttpError> {
        let before = self.have;
        if start == 0 && self.have > 0 {
            // The registry knows no parts and begins again.
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

/// A session with a registry, over TLS first.
async fn log_in(
    image: &Reference,
    login: &Login,
    connection: Connection,
    operation: Operation,
) -> Result<Session, TransferError> {
    let place = image.resolve_registry();
    let transports: &[bool] = match connection {
        Connection::Verified => &[true],
        Connection::Unverified => &[true, false],
        Connection::Plain => &[false],
    };
    let mut first = None;
    for &is_tls in transports {
        let open = || Session::open(image, login.clone(), is_tls, connection, operation);
        match retried(open).await {
            Ok(session) => return Ok(session),
            Err(error) if connection == Connection::Unverified && error.is_unreachable() => {
                first.get_or_insert(error);
            }
            Err(error) => return Err(failed("log in to", place)(error)),
        }
    }
    let error = first.expect("one transport was tried, and failed");
    Err(failed("connect to", place)(error))
}

/// Does something again where it may help, each time after a longer pause.
pub(super) async fn retried<T, F>(act: impl Fn() -> F) -> Result<T, HttpError>
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

/// What a registry says is shown as it is meant, the rest with its causes.
pub(super) fn failed(
    act: &'static str,
    place: &str,
) -> impl Fn(HttpError) -> TransferError + use<> {
    let place = place.to_owned();
    move |error| {
        let place = place.clone();
        let reason = match &error {
            HttpError::Status {
                status: StatusCode::UNAUTHORIZED,
                ..
            } => "the registry wants other credentials".to_owned(),
            HttpError::NoToken { .. } => "the credentials are not accepted".to_owned(),
            HttpError::Status {
                said: Some(said), ..
            } => format!("the registry says: {said}"),
            HttpError::Status { status, .. } if *status == StatusCode::NOT_FOUND => {
                "it is not there".to_owned()
            }
            HttpError::Request(error) if speaks_no_tls(error) => {
                "it does not speak TLS; `--plain-http` does without".to_owned()
            }
            HttpError::Request(request) => match refusal(request) {
                Some(refusal) => {
                    let url = request.url().map(ToString::to_string).unwrap_or_default();
                    let url = crate::printable::escape(&url).into_owned();
                    format!("the registry redirects from `{url}`, and not followed: {refusal}")
                }
                None => {
                    return TransferError::Registry {
                        act,
                        place,
                        source: Box::new(error),
                    };
                }
            },
            HttpError::TooLong { what, limit } => {
                let (what, limit) = (*what, *limit);
                return TransferError::Limit { what, place, limit };
            }
            HttpError::BlobTooLong { digest, size } => {
                let (digest, size) = (digest.clone(), *size);
                return TransferError::TooLong {
                    digest,
                    place,
                    size,
                };
            }
            HttpError::Spool(_) | HttpError::Short | HttpError::Slow => {
                return TransferError::Registry {
                    act,
                    place,
                    source: Box::new(error),
                };
            }
            HttpError::Status { .. } | HttpError::Refused { .. } | HttpError::Malformed(_) => {
                error.to_string()
            }
        };
        TransferError::Refused { act, place, reason }
    }
}
