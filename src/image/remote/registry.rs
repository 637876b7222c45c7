//! Images out of registries: manifests, and blobs in parallel, each going on where its connection
//! broke.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use oci_client::client::{
    BlobResponse, Certificate, CertificateEncoding, ClientConfig, ClientProtocol, SizedStream,
};
use oci_client::errors::{OciDistributionError, OciErrorCode};
use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE,
};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference, RegistryOperation};

use super::credentials::{Login, credentials};
use super::identity;
use super::{Connection, TransferError, event_loop, install_cryptography};
use crate::image::progress::Progress;

/// How many blobs travel at once.
pub(super) const PARALLEL: usize = 6;
/// How often something may fail without a byte of progress.
const ATTEMPTS: u32 = 5;
/// How often a blob may be taken up again.
const RESUMES: u32 = 50;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long a registry may say nothing.
const PATIENCE: Duration = Duration::from_mins(1);
const MANIFESTS: [&str; 4] = [
    OCI_IMAGE_MEDIA_TYPE,
    OCI_IMAGE_INDEX_MEDIA_TYPE,
    IMAGE_MANIFEST_MEDIA_TYPE,
    IMAGE_MANIFEST_LIST_MEDIA_TYPE,
];

/// A registry that has let us in, and the image in it that is meant.
pub(in crate::image) struct Registry {
    pub(super) event_loop: tokio::runtime::Runtime,
    pub(super) client: Client,
    pub(super) image: Reference,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry")
            .field("image", &self.image.whole())
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// Connects to read an image.
    pub(in crate::image) fn pull(
        name: &str,
        connection: Connection,
    ) -> Result<Self, TransferError> {
        Self::connect(name, connection, RegistryOperation::Pull)
    }

    pub(super) fn connect(
        name: &str,
        connection: Connection,
        operation: RegistryOperation,
    ) -> Result<Self, TransferError> {
        install_cryptography();
        let parsed = name.parse();
        let image: Reference =
            parsed.map_err(|error: oci_client::ParseError| TransferError::Name {
                name: name.into(),
                reason: error.to_string(),
            })?;
        let login = credentials(&image)?;
        let event_loop = event_loop()?;
        let client = event_loop.block_on(log_in(&image, &login, connection, operation))?;
        Ok(Self {
            event_loop,
            client,
            image,
        })
    }

    /// The image's name in full, with its tag or digest.
    pub(in crate::image) fn image_name(&self) -> String {
        self.image.whole()
    }

    /// A manifest or an index, of at most `limit` bytes, and the digest under which it was asked
    /// for.
    pub(in crate::image) fn manifest(
        &self,
        digest: Option<&str>,
        limit: u64,
    ) -> Result<(Vec<u8>, Option<String>), TransferError> {
        let image = digest.map_or_else(
            || self.image.clone(),
            |digest| self.image.clone_with_digest(digest.to_owned()),
        );
        let place = image.whole();
        let fetched = self.event_loop.block_on(retried(|| async {
            // The registry has let us in, so the credentials are known.
            self.client
                .pull_manifest_raw(&image, &RegistryAuth::Anonymous, &MANIFESTS)
                .await
        }));
        let (bytes, _) = fetched.map_err(failed("fetch the manifest of", &place))?;
        if bytes.len() as u64 > limit {
            return Err(TransferError::Limit {
                what: "the manifest",
                place,
                limit,
            });
        }
        Ok((bytes.to_vec(), image.digest().map(str::to_owned)))
    }

    /// Blobs, by digest and size, as unlinked temporary files in the same order.
    pub(in crate::image) fn blobs(
        &self,
        wanted: &[(String, u64)],
        progress: &dyn Progress,
    ) -> Result<Vec<File>, TransferError> {
        let fetched = stream::iter(wanted).map(|(digest, size)| self.blob(digest, *size, progress));
        self.event_loop
            .block_on(fetched.buffered(PARALLEL).try_collect())
    }

    async fn blob(
        &self,
        digest: &str,
        size: u64,
        progress: &dyn Progress,
    ) -> Result<File, TransferError> {
        let spool = |source| TransferError::Spool {
            what: digest.to_owned(),
            source,
        };
        let failed = failed("fetch a blob of", &self.image.whole());
        let mut file = tempfile::tempfile().map_err(spool)?;
        let (mut have, mut attempts, mut resumes) = (0, 0, 0);
        loop {
            let before = have;
            let broken = match self.part(digest, have).await {
                Ok((start, mut part)) => {
                    if start == 0 && have > 0 {
                        // The registry knows no parts and begins again.
                        file = tempfile::tempfile().map_err(spool)?;
                        have = 0;
                    }
                    loop {
                        match part.next().await {
                            Some(Ok(bytes)) => {
                                have += bytes.len() as u64;
                                if have > size {
                                    let (digest, place) = (digest.to_owned(), self.image.whole());
                                    return Err(TransferError::TooLong {
                                        digest,
                                        place,
                                        size,
                                    });
                                }
                                file.write_all(&bytes).map_err(spool)?;
                                if have > before {
                                    progress.advance(bytes.len() as u64);
                                }
                            }
                            Some(Err(error)) => break OciDistributionError::IoError(error),
                            None if have == size => return Ok(file),
                            None => {
                                break OciDistributionError::IoError(
                                    std::io::ErrorKind::UnexpectedEof.into(),
                                );
                            }
                        }
                    }
                }
                Err(error) => error,
            };
            attempts = if have > before { 0 } else { attempts + 1 };
            resumes += 1;
            if is_final(&broken) || attempts >= ATTEMPTS || resumes >= RESUMES {
                return Err(failed(broken));
            }
            tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempts)).await;
        }
    }

    /// A blob from a byte on, or from the first on where the registry cannot do better; tells
    /// which.
    async fn part(
        &self,
        digest: &str,
        start: u64,
    ) -> Result<(u64, SizedStream), OciDistributionError> {
        let descriptor = oci_client::manifest::OciDescriptor {
            digest: digest.to_owned(),
            ..Default::default()
        };
        if start == 0 {
            return Ok((
                0,
                self.client
                    .pull_blob_stream(&self.image, &descriptor)
                    .await?,
            ));
        }
        match self
            .client
            .pull_blob_stream_partial(&self.image, &descriptor, start, None)
            .await?
        {
            BlobResponse::Full(whole) => Ok((0, whole)),
            BlobResponse::Partial(part) => Ok((start, part)),
        }
    }
}

/// A client that the registry accepts.
async fn log_in(
    image: &Reference,
    login: &Login,
    connection: Connection,
    operation: RegistryOperation,
) -> Result<Client, TransferError> {
    let place = image.resolve_registry();
    let protocols = match connection {
        Connection::Verified => &[ClientProtocol::Https][..],
        Connection::Unverified => &[ClientProtocol::Https, ClientProtocol::Http],
        Connection::Plain => &[ClientProtocol::Http],
    };
    let mut error = None;
    for protocol in protocols {
        let config = || ClientConfig {
            protocol: protocol.clone(),
            accept_invalid_certificates: connection == Connection::Unverified,
            extra_root_certificates: certificates(place),
            use_monolithic_push: true,
            connect_timeout: Some(PATIENCE),
            read_timeout: Some(PATIENCE),
            user_agent: concat!("jettison/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let client = Client::try_from(config()).map_err(failed("connect to", place))?;
        let let_in = || async {
            let auth = match login {
                Login::As(auth) => auth,
                Login::Identity(token) => {
                    &identity::exchange(&config(), image, token, operation).await?
                }
            };
            client.auth(image, auth, operation).await
        };
        match retried(let_in).await {
            Ok(_) => return Ok(client),
            Err(OciDistributionError::RequestError(broken))
                if connection == Connection::Unverified =>
            {
                error.get_or_insert(OciDistributionError::RequestError(broken));
            }
            Err(other) => return Err(failed("log in to", place)(other)),
        }
    }
    Err(failed("connect to", place)(
        error.unwrap_or(OciDistributionError::GenericError(None)),
    ))
}

/// Certificates that the machine trusts for this registry alone, where Docker and Podman look for
/// them.
fn certificates(registry: &str) -> Vec<Certificate> {
    let directories = ["/etc/containers/certs.d", "/etc/docker/certs.d"];
    let files = directories
        .iter()
        .flat_map(|directory| std::fs::read_dir(Path::new(directory).join(registry)));
    let mut files: Vec<_> = files
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "crt"));
    files.sort();
    let certificate = |data| Certificate {
        encoding: CertificateEncoding::Pem,
        data,
    };
    files
        .iter()
        .filter_map(|file| std::fs::read(file).ok())
        .map(certificate)
        .collect()
}

/// Does something again where it may help, each time after a longer pause.
pub(super) async fn retried<T, F>(act: impl Fn() -> F) -> Result<T, OciDistributionError>
where
    F: Future<Output = Result<T, OciDistributionError>>,
{
    let mut attempt = 1;
    loop {
        match act().await {
            Err(error) if attempt < ATTEMPTS && !is_final(&error) => {
                tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt)).await;
                attempt += 1;
            }
            other => return other,
        }
    }
}

/// Whether asking again gives the same answer.
fn is_final(error: &OciDistributionError) -> bool {
    match error {
        OciDistributionError::ServerError { code, .. } => *code < 500 && !matches!(code, 408 | 429),
        OciDistributionError::RegistryError { envelope, .. } => envelope
            .errors
            .iter()
            .all(|error| error.code != OciErrorCode::Toomanyrequests),
        OciDistributionError::RequestError(error) => {
            error.is_builder() || error.is_redirect() || is_about_trust(error)
        }
        OciDistributionError::IoError(error) => error.to_string().contains("digest"),
        _ => true,
    }
}

/// What rustls says of an answer in plain text.
fn speaks_no_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .any(|error| error.to_string().contains("corrupt message"))
}

/// A certificate does not become better by asking again, nor does a port open at which nobody
/// listens.
fn is_about_trust(error: &(dyn std::error::Error + 'static)) -> bool {
    let refused = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionRefused;
    let mut at = Some(error);
    while let Some(error) = at {
        let text = error.to_string();
        if text.contains("certificate") || speaks_no_tls(error) {
            return true;
        }
        if error.downcast_ref::<std::io::Error>().is_some_and(refused) {
            return true;
        }
        at = error.source();
    }
    false
}

/// What a registry says is shown as it is meant, the rest with its causes.
pub(super) fn failed(
    act: &'static str,
    place: &str,
) -> impl Fn(OciDistributionError) -> TransferError + use<> {
    let place = place.to_owned();
    move |error| {
        let place = place.clone();
        let reason = match &error {
            OciDistributionError::RegistryError { envelope, .. } => {
                let said: Vec<_> = envelope
                    .errors
                    .iter()
                    .map(|error| error.message.clone())
                    .collect();
                Some(format!("the registry says: {}", said.join(", ")))
            }
            OciDistributionError::UnauthorizedError { .. } => {
                Some("the registry wants other credentials".to_owned())
            }
            OciDistributionError::AuthenticationFailure(_) => {
                Some("the credentials are not accepted".to_owned())
            }
            OciDistributionError::ImageManifestNotFoundError(_) => {
                Some("there is no such image".to_owned())
            }
            OciDistributionError::RequestError(error) if speaks_no_tls(error) => {
                Some("it does not speak TLS; `--plain-http` does without".to_owned())
            }
            OciDistributionError::ServerError { code: 404, .. } => {
                Some("it is not there".to_owned())
            }
            OciDistributionError::ServerError { code, .. } => {
                Some(format!("the registry answers with status {code}"))
            }
            _ => None,
        };
        match reason {
            Some(reason) => TransferError::Refused {
                act,
                place,
                reason: crate::printable::escape(&reason).into_owned(),
            },
            None => TransferError::Registry {
                act,
                place,
                source: Box::new(error),
            },
        }
    }
}
