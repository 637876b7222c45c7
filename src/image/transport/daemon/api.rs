//! The few requests of the API of Docker and Podman that jettison makes. Every answer is read up to
//! a limit: a client made of `docker.sock` may speak to anything that listens there.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Body, Certificate, Client, ClientBuilder, Identity, RequestBuilder, Response};
use reqwest::{StatusCode, Url, redirect};
use serde::Deserialize;

use super::super::body::{BodyError, read_body};
use super::tunnel::Tunnel;
use crate::printable::escape;

/// The time in which a daemon must answer the first request.
const GREETING: Duration = Duration::from_secs(30);
/// The time until an answer must begin or go on: a daemon may pack or unpack a large image first.
const PATIENCE: Duration = Duration::from_hours(1);
/// Bytes of a JSON answer, as of a manifest.
const MAX_ANSWER: u64 = 4 << 20;
/// Bytes of an error.
const MAX_ERROR: u64 = 64 << 10;
/// Characters of a daemon's message that are shown.
const SHOWN: usize = 500;

/// Errors of requests to a daemon.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error(transparent)]
    Request(#[from] reqwest::Error),
    #[error("the daemon returned status {status}{}", shown(message))]
    Status { status: StatusCode, message: String },
    /// An error that a daemon reports in a successful answer.
    #[error("{0}")]
    Reported(String),
    #[error("its response has more than {MAX_ANSWER} bytes")]
    TooLong,
    #[error("its response has an encoding that was not requested")]
    Encoded,
    #[error("its response does not follow Docker's API")]
    Malformed,
    #[error("the address is not valid in Docker's API")]
    Address,
    #[error("cannot read `{}`", path.display())]
    Certificate { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Tunnel(#[from] io::Error),
}

fn shown(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Request(error) => Self::Request(error),
            BodyError::Encoded => Self::Encoded,
            BodyError::TooLong => Self::TooLong,
        }
    }
}

/// A daemon that answers, and the tunnel to it, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Daemon {
    client: Client,
    /// With the version of the API as its path.
    base: Url,
    _tunnel: Option<Tunnel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    api_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    #[serde(default)]
    size: i64,
}

/// A line of the answer to an archive that is loaded.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Loading {
    error: Option<String>,
    error_detail: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    message: String,
}

impl Daemon {
    /// Connects to a daemon and asks for the version of its API.
    pub(super) async fn connect(address: &str) -> Result<Self, ApiError> {
        super::super::install_cryptography();
        let mut tunnel = None;
        let (client, base) = if address.starts_with("ssh://") {
            let opened = Tunnel::open(address)?;
            let client = builder().unix_socket(opened.socket()).build()?;
            tunnel = Some(opened);
            (client, "http://localhost/".to_owned())
        } else if let Some(path) = address.strip_prefix("unix://") {
            let client = builder().unix_socket(Path::new(path)).build()?;
            (client, "http://localhost/".to_owned())
        } else {
            over_tcp(address)?
        };
        let mut base = Url::parse(&base).map_err(|_| ApiError::Address)?;
        base.set_path("/version");
        // The first answer must come soon, so that a dead daemon does not hold up the next one.
        let response = succeeded(client.get(base.clone()).timeout(GREETING)).await?;
        let version: Version = parse(response).await?;
        let number = version.api_version;
        // It becomes a part of the path.
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return Err(ApiError::Malformed);
        }
        base.set_path(&format!("/v{number}/"));
        Ok(Self {
            client,
            base,
            _tunnel: tunnel,
        })
    }

    /// The size of an image; none if the daemon has no such image.
    pub(super) async fn size_of(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let url = self.url(&format!("images/{name}/json"));
        match succeeded(self.client.get(url)).await {
            Ok(response) => {
                let image: Inspected = parse(response).await?;
                Ok(Some(u64::try_from(image.size).unwrap_or(0)))
            }
            Err(ApiError::Status { status, .. }) if status == StatusCode::NOT_FOUND => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The archive of an image, which has any length.
    pub(super) async fn export(&self, name: &str) -> Result<Response, ApiError> {
        succeeded(self.client.get(self.url(&format!("images/{name}/get")))).await
    }

    /// Loads an archive.
    pub(super) async fn load(&self, archive: Body) -> Result<(), ApiError> {
        let mut url = self.url("images/load");
        url.set_query(Some("quiet=true"));
        let request = self.client.post(url).body(archive);
        let request = request.header("Content-Type", "application/x-tar");
        let answer = read_body(succeeded(request).await?, MAX_ANSWER).await?;
        // Each line is a JSON document. The status is a success even if one of them reports an
        // error.
        for line in answer.split(|byte| *byte == b'\n') {
            let Ok(line) = serde_json::from_slice::<Loading>(line) else {
                continue;
            };
            let error = line
                .error_detail
                .map(|detail| detail.message)
                .or(line.error);
            if let Some(message) = error {
                return Err(ApiError::Reported(printable(&message)));
            }
        }
        Ok(())
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        url
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("jettison/", env!("CARGO_PKG_VERSION")))
        .http1_only()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .connect_timeout(GREETING)
        .read_timeout(PATIENCE)
}

/// A client for `tcp://HOST:PORT`, with TLS if `DOCKER_TLS_VERIFY` requires it.
fn over_tcp(address: &str) -> Result<(Client, String), ApiError> {
    let (scheme, host) = address.split_once("://").ok_or(ApiError::Address)?;
    let is_tls = match scheme {
        "https" => true,
        "tcp" | "http" => env::var_os("DOCKER_TLS_VERIFY").is_some(),
        _ => return Err(ApiError::Address),
    };
    if !is_tls {
        return Ok((builder().build()?, format!("http://{host}")));
    }
    let directory = certificates_directory().ok_or(ApiError::Address)?;
    let authorities = Certificate::from_pem_bundle(&read(&directory.join("ca.pem"))?)?;
    let mut identity = read(&directory.join("key.pem"))?;
    identity.push(b'\n');
    identity.extend(read(&directory.join("cert.pem"))?);
    let client = builder()
        .tls_certs_merge(authorities)
        .identity(Identity::from_pem(&identity)?)
        .build()?;
    Ok((client, format!("https://{host}")))
}

/// The directory with the certificates of Docker's client.
fn certificates_directory() -> Option<PathBuf> {
    let named = env::var_os("DOCKER_CERT_PATH").or_else(|| env::var_os("DOCKER_CONFIG"));
    match named {
        Some(directory) => Some(PathBuf::from(directory)),
        None => Some(Path::new(&env::var_os("HOME")?).join(".docker")),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ApiError> {
    fs::read(path).map_err(|source| ApiError::Certificate {
        path: path.to_owned(),
        source,
    })
}

/// Sends a request and returns its answer, if that is a success.
async fn succeeded(request: RequestBuilder) -> Result<Response, ApiError> {
    let response = request.send().await?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    // A proxy in between may answer with anything; then the status has to do.
    let text = read_body(response, MAX_ERROR).await.unwrap_or_default();
    let message = serde_json::from_slice::<Message>(&text).map(|answer| answer.message);
    Err(ApiError::Status {
        status,
        message: printable(&message.unwrap_or_default()),
    })
}

async fn parse<T: for<'de> Deserialize<'de>>(response: Response) -> Result<T, ApiError> {
    let bytes = read_body(response, MAX_ANSWER).await?;
    serde_json::from_slice(&bytes).map_err(|_| ApiError::Malformed)
}

fn printable(message: &str) -> String {
    escape(message).chars().take(SHOWN).collect()
}
