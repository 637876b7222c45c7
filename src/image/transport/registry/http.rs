//! HTTP requests to a registry, with limits on time and response size.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{
    Certificate, Client, ClientBuilder, Method, RequestBuilder, Response, StatusCode, Url, redirect,
};
use serde::Deserialize;

use super::super::body::{BodyError, read_body};
use super::Connection;
use super::reach::{MAX_REDIRECTS, Reach, Refusal, is_link_local};
use crate::printable::escape;

/// Time limits for a registry.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// Maximum pause: before a connection is established, before a response starts, and within it.
    silence: Duration,
    /// Maximum time for a whole response other than a blob, which may take hours.
    whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            silence: Duration::from_mins(1),
            whole: Duration::from_mins(5),
        }
    }
}

/// Maximum number of bytes that are read of an error document.
const MAX_ERROR: u64 = 64 << 10;
/// Maximum number of characters of a registry's error message that are shown.
const SHOWN: usize = 500;

/// Errors of requests to a registry.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error(transparent)]
    Request(#[from] reqwest::Error),
    /// The response does not indicate success. `message` is the registry's explanation, escaped for
    /// a terminal.
    #[error("the registry returned status {status}")]
    Status {
        status: StatusCode,
        message: Option<String>,
    },
    /// The token server rejects the credentials. Its message is not shown, because it may repeat a
    /// secret.
    #[error("the token server returned status {status}")]
    NoToken { status: StatusCode },
    #[error("{what} is larger than {limit} bytes")]
    TooLong { what: &'static str, limit: u64 },
    #[error("the blob is larger than the {size} bytes in its descriptor")]
    BlobTooLong { digest: String, size: u64 },
    #[error("the registry refers to `{url}`: {refusal}")]
    Refused { url: String, refusal: Refusal },
    #[error("{0}")]
    Malformed(String),
    #[error("fewer than {} bytes received in {} seconds", Pace::LEAST, Pace::WINDOW.as_secs())]
    Slow,
    #[error("the connection closed early")]
    Short,
    #[error("cannot spool it into a temporary file")]
    Spool(#[source] io::Error),
}

impl HttpError {
    /// Whether a retry would fail in the same way.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Request(error) => {
                error.is_builder()
                    || error.is_redirect()
                    || refusal(error).is_some()
                    || is_about_trust(error)
            }
            Self::Status { status, .. } | Self::NoToken { status } => {
                // Rate limits and overload are temporary; a missing image stays missing.
                let is_passing = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
                !status.is_server_error() && !is_passing.contains(status)
            }
            // The next attempt continues where this one stopped.
            Self::Short | Self::Slow => false,
            _ => true,
        }
    }

    /// Whether the registry could not be reached at all.
    pub(super) fn is_unreachable(&self) -> bool {
        matches!(self, Self::Request(error) if !error.is_redirect())
    }
}

/// A client for one registry.
#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    /// A client that follows no redirects, because a request body with an identity token would be
    /// forwarded.
    unredirected: Client,
    patience: Patience,
    pub reach: Reach,
}

impl Http {
    pub(super) fn new(registry: &str, is_tls: bool, how: Connection) -> Result<Self, HttpError> {
        Self::patient(registry, is_tls, how, Patience::default())
    }

    fn patient(
        registry: &str,
        is_tls: bool,
        how: Connection,
        patience: Patience,
    ) -> Result<Self, HttpError> {
        let scheme = if is_tls { "https" } else { "http" };
        let url = Url::parse(&format!("{scheme}://{registry}/"));
        let reach = Reach {
            registry: url.map_err(|error| HttpError::Malformed(error.to_string()))?,
            is_unverified: how != Connection::Verified,
        };
        let (reach_of_redirects, certificates) = (reach.clone(), certificates(registry));
        // Registries redirect blob requests to storage servers, and a hostile one could redirect to
        // services on the local network, so each step is checked, not only the last.
        let policy = redirect::Policy::custom(move |attempt| {
            if attempt.previous().len() > MAX_REDIRECTS {
                return attempt.error(Refusal::TooManyRedirects);
            }
            match reach_of_redirects.check(attempt.url()) {
                Ok(()) => attempt.follow(),
                Err(refusal) => attempt.error(refusal),
            }
        });
        let builder = || {
            builder(patience)
                .danger_accept_invalid_certs(how == Connection::Unverified)
                .tls_certs_merge(certificates.iter().cloned())
                .dns_resolver(Resolver {
                    registry: reach.registry.host_str().unwrap_or_default().to_owned(),
                })
        };
        Ok(Self {
            client: builder().redirect(policy).build()?,
            unredirected: builder().redirect(redirect::Policy::none()).build()?,
            patience,
            reach,
        })
    }

    /// A request for a blob, whose response may be long.
    pub(super) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// A request with a short response.
    pub(super) fn brief_request(&self, method: Method, url: Url) -> RequestBuilder {
        let whole = self.patience.whole;
        self.client.request(method, url).timeout(whole)
    }

    /// A request that follows no redirect.
    pub(super) fn unredirected_request(&self, method: Method, url: Url) -> RequestBuilder {
        let whole = self.patience.whole;
        self.unredirected.request(method, url).timeout(whole)
    }

    /// A URL on the registry.
    pub(super) fn url(&self, path: &str) -> Result<Url, HttpError> {
        let url = self.reach.registry.join(path);
        url.map_err(|error| HttpError::Malformed(error.to_string()))
    }
}

fn builder(patience: Patience) -> ClientBuilder {
    let mut headers = HeaderMap::new();
    // The bytes are hashed as they arrive, so the server must not compress them in transit.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Client::builder()
        .default_headers(headers)
        .user_agent(concat!("jettison/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .connect_timeout(patience.silence)
        .read_timeout(patience.silence)
}

/// Resolves the hosts that a registry refers to. No name may resolve to a link-local address,
/// because cloud metadata services have such addresses; the registry itself may be anywhere.
#[derive(Clone, Debug)]
struct Resolver {
    registry: String,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let is_registry = name.as_str() == self.registry;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses = reachable(found.collect(), is_registry)?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The addresses of a host, unless one of them is link-local.
fn reachable(found: Vec<SocketAddr>, is_registry: bool) -> Result<Vec<SocketAddr>, Refusal> {
    if is_registry {
        return Ok(found);
    }
    // One such address is enough to refuse the name, because it is uncertain which one the client
    // uses.
    for address in &found {
        if is_link_local(address.ip()) {
            return Err(Refusal::Internal);
        }
    }
    Ok(found)
}

/// Certificates that the machine trusts only for this registry, from the directories of Docker and
/// Podman.
fn certificates(registry: &str) -> Vec<Certificate> {
    let mut files: Vec<PathBuf> = Vec::new();
    for directory in ["/etc/containers/certs.d", "/etc/docker/certs.d"] {
        // Most machines have neither directory.
        let Ok(entries) = std::fs::read_dir(Path::new(directory).join(registry)) else {
            continue;
        };
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    // `.cert` and `.key` files are for client certificates.
    files.retain(|file| file.extension().is_some_and(|extension| extension == "crt"));
    files.sort();
    files
        .iter()
        .filter_map(|file| Certificate::from_pem(&std::fs::read(file).ok()?).ok())
        .collect()
}

/// Sends a request and returns the response if it is successful.
pub(super) async fn send(request: RequestBuilder) -> Result<Response, HttpError> {
    let response = request.send().await?;
    if response.status().is_success() {
        Ok(response)
    } else {
        Err(failure(response).await)
    }
}

/// The error for an unsuccessful response, with the registry's message.
pub(super) async fn failure(response: Response) -> HttpError {
    #[derive(Deserialize)]
    struct Envelope {
        errors: Vec<RegistryError>,
    }
    #[derive(Deserialize)]
    struct RegistryError {
        #[serde(default)]
        message: String,
    }
    let status = response.status();
    let mut message = None;
    // A proxy may respond with an HTML page, in which case only the status is shown.
    if let Ok(text) = body(response, "the error", MAX_ERROR).await
        && let Ok(envelope) = serde_json::from_slice::<Envelope>(&text)
    {
        let messages: Vec<_> = envelope
            .errors
            .into_iter()
            .map(|error| error.message)
            .collect();
        message = Some(escape(&messages.join(", ")).chars().take(SHOWN).collect());
    }
    HttpError::Status { status, message }
}

/// Reads a response body of at most `limit` bytes.
pub(super) async fn body(
    response: Response,
    what: &'static str,
    limit: u64,
) -> Result<Vec<u8>, HttpError> {
    read_body(response, limit)
        .await
        .map_err(|error| match error {
            BodyError::Request(error) => HttpError::Request(error),
            BodyError::TooLong => HttpError::TooLong { what, limit },
            BodyError::Encoded => {
                HttpError::Malformed(format!("{what} has an encoding that was not requested"))
            }
        })
}

/// The speed of a download: a server that sends a byte now and then could keep a connection open
/// forever.
#[derive(Debug)]
pub(super) struct Pace {
    since: Instant,
    bytes: u64,
}

impl Pace {
    const WINDOW: Duration = Duration::from_mins(5);
    /// Minimum number of bytes that must arrive within a window: one kilobyte per second.
    const LEAST: u64 = 300_000;

    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            bytes: 0,
        }
    }

    pub(super) fn advance(&mut self, now: Instant, bytes: u64) -> Result<(), HttpError> {
        self.bytes += bytes;
        if now.duration_since(self.since) < Self::WINDOW {
            return Ok(());
        }
        if self.bytes < Self::LEAST {
            return Err(HttpError::Slow);
        }
        *self = Self::new(now);
        Ok(())
    }
}

/// Whether the server answered in plain text, which rustls reports as a corrupt message.
pub(super) fn speaks_no_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .any(|error| error.to_string().contains("corrupt message"))
}

/// Whether an error is about a certificate or a closed port, so that a retry is pointless.
fn is_about_trust(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut at = Some(error);
    while let Some(error) = at {
        // reqwest wraps the errors of rustls several times, so their text is what can be compared.
        let text = error.to_string();
        if text.contains("certificate") || speaks_no_tls(error) {
            return true;
        }
        if let Some(error) = error.downcast_ref::<io::Error>()
            && error.kind() == io::ErrorKind::ConnectionRefused
        {
            return true;
        }
        at = error.source();
    }
    false
}

/// The reason why a redirect was not followed.
pub(super) fn refusal(error: &reqwest::Error) -> Option<&Refusal> {
    let error: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(error), |error| error.source())
        .find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    /// Starts a server that answers every connection with `answer`. Returns `127.0.0.1:PORT`.
    fn serve(answer: fn(&mut TcpStream) -> io::Result<()>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let _ = stream.read(&mut [0; 4096]);
                    let _ = answer(&mut stream);
                });
            }
        });
        address
    }

    /// Writes a byte now and then until the connection is closed.
    fn drip(stream: &mut TcpStream, byte: u8) -> io::Result<()> {
        loop {
            stream.write_all(&[byte])?;
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The result of a request for a manifest by an impatient client.
    fn error_of(answer: fn(&mut TcpStream) -> io::Result<()>) -> HttpError {
        super::super::install_cryptography();
        let patience = Patience {
            silence: Duration::from_millis(300),
            whole: Duration::from_millis(600),
        };
        let http = Http::patient(&serve(answer), false, Connection::Plain, patience).unwrap();
        let event_loop = super::super::event_loop().unwrap();
        event_loop.block_on(async {
            let url = http.url("v2/").unwrap();
            match send(http.brief_request(Method::GET, url)).await {
                Ok(response) => body(response, "the manifest", 1 << 20).await.unwrap_err(),
                Err(error) => error,
            }
        })
    }

    #[track_caller]
    fn times_out(answer: fn(&mut TcpStream) -> io::Result<()>) {
        let start = Instant::now();
        let error = error_of(answer);
        assert!(
            matches!(&error, HttpError::Request(error) if error.is_timeout()),
            "{error:?}"
        );
        assert!(!error.is_final(), "it may be better the next time");
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_registry_that_never_answers_times_out() {
        times_out(|_| {
            thread::sleep(Duration::from_mins(1));
            Ok(())
        });
    }

    #[test]
    fn headers_that_trickle_in_time_out() {
        times_out(|stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\nX: ")?;
            drip(stream, b'x')
        });
    }

    #[test]
    fn a_body_that_trickles_in_times_out() {
        times_out(|stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")?;
            drip(stream, b'x')
        });
    }

    #[test]
    fn a_body_that_stalls_times_out() {
        times_out(|stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nx")?;
            thread::sleep(Duration::from_mins(1));
            Ok(())
        });
    }

    #[test]
    fn endless_informational_responses_time_out() {
        times_out(|stream| {
            loop {
                stream.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")?;
                thread::sleep(Duration::from_millis(20));
            }
        });
    }

    #[test]
    fn only_the_registry_itself_may_have_a_link_local_address() {
        let at = |addresses: &[&str]| -> Vec<SocketAddr> {
            let sockets = addresses
                .iter()
                .map(|address| (address.parse::<std::net::IpAddr>().unwrap(), 0));
            sockets.map(SocketAddr::from).collect()
        };
        for near in ["169.254.169.254", "fe80::1", "fd00:ec2::254", "0.0.0.0"] {
            let found = at(&["192.0.2.1", near]);
            assert_eq!(reachable(found.clone(), false), Err(Refusal::Internal));
            assert_eq!(reachable(found.clone(), true), Ok(found));
        }
        let found = at(&["192.0.2.1", "10.0.0.1", "2001:db8::1"]);
        assert_eq!(reachable(found.clone(), false), Ok(found));
    }

    #[test]
    fn a_blob_that_trickles_in_times_out_but_a_slow_one_does_not() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::new(start);
        for second in 1..300 {
            pace.advance(at(second), 10).unwrap();
        }
        assert!(matches!(pace.advance(at(300), 10), Err(HttpError::Slow)));
        let mut pace = Pace::new(start);
        for second in 1..2000 {
            pace.advance(at(second), 1010).unwrap();
        }
    }
}
