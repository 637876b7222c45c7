//! gRPC over standard input and output, for calls with one request and one answer each.
//!
//! HTTP/2 comes from `h2`. What gRPC adds for such calls is small: a prefix of five bytes before a
//! message, and the status in the trailers. See
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.

use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use h2::RecvStream;
use h2::client::SendRequest;
use http::{HeaderMap, Request, StatusCode};
use percent_encoding::percent_decode_str;
use prost::Message;

use super::error::GatewayError;
use super::messages::Status;

const SERVICE: &str = "http://localhost/moby.buildkit.v1.frontend.LLBBridge";
/// Maximum number of bytes in an answer. It is BuildKit's own limit.
const MAX_MESSAGE: usize = 16 << 20;
/// Bytes that BuildKit may send before the first are processed.
const WINDOW: u32 = 1 << 20;
/// Length of the prefix of a message: a byte for compression, and the length as a big-endian
/// number.
const PREFIX: usize = 5;
/// The code for errors of a kind that gRPC does not know.
pub(super) const UNKNOWN: i32 = 2;

/// A connection to BuildKit. It only makes progress during a call.
pub(super) struct Connection {
    sender: SendRequest<Bytes>,
    /// `None` only while it is dropped.
    event_loop: Option<tokio::runtime::Runtime>,
}

impl Connection {
    pub(super) fn open() -> Result<Self, GatewayError> {
        let event_loop = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(GatewayError::Start)?;
        let stream = tokio::io::join(tokio::io::stdin(), tokio::io::stdout());
        let mut builder = h2::client::Builder::new();
        builder
            .enable_push(false)
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW);
        let (sender, connection) =
            event_loop
                .block_on(builder.handshake(stream))
                .map_err(|source| GatewayError::Broken {
                    method: "connect",
                    source,
                })?;
        // Its error is also that of the call that is under way.
        event_loop.spawn(async move {
            let _ = connection.await;
        });
        Ok(Self {
            sender,
            event_loop: Some(event_loop),
        })
    }

    /// Sends a request and waits for the answer, forever unless a time is given: a build may take
    /// hours, and the end of the connection ends the wait.
    pub(super) fn call<A: Message + Default>(
        &self,
        method: &'static str,
        request: &impl Message,
        patience: Option<Duration>,
    ) -> Result<A, GatewayError> {
        let call = Call { method };
        let answer = call.run(self.sender.clone(), framed(request));
        let event_loop = self.event_loop.as_ref().expect("it is not being dropped");
        let bytes = event_loop.block_on(async {
            let Some(patience) = patience else {
                return answer.await;
            };
            match tokio::time::timeout(patience, answer).await {
                Ok(answer) => answer,
                Err(_) => Err(GatewayError::Silent {
                    method,
                    seconds: patience.as_secs(),
                }),
            }
        })?;
        A::decode(bytes.as_slice()).map_err(|error| call.invalid(error))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The thread that reads standard input would otherwise be waited for, and BuildKit keeps it
        // open until this process ends.
        if let Some(event_loop) = self.event_loop.take() {
            event_loop.shutdown_background();
        }
    }
}

/// A message with its prefix.
fn framed(message: &impl Message) -> Bytes {
    let bytes = message.encode_to_vec();
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut frame = Vec::with_capacity(PREFIX + bytes.len());
    frame.push(0);
    frame.extend(length.to_be_bytes());
    frame.extend(bytes);
    frame.into()
}

/// A call under way.
#[derive(Clone, Copy)]
struct Call {
    method: &'static str,
}

impl Call {
    async fn run(
        self,
        sender: SendRequest<Bytes>,
        request: Bytes,
    ) -> Result<Vec<u8>, GatewayError> {
        let mut sender = sender.ready().await.map_err(self.broken())?;
        let head = Request::post(format!("{SERVICE}/{}", self.method))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header(
                "user-agent",
                concat!("jettison/", env!("CARGO_PKG_VERSION")),
            )
            .body(())
            .map_err(|error| self.invalid(error))?;
        let (response, mut body) = sender.send_request(head, false).map_err(self.broken())?;
        body.send_data(request, true).map_err(self.broken())?;
        let response = response.await.map_err(self.broken())?;
        if response.status() != StatusCode::OK {
            return Err(self.invalid(format_args!("HTTP status {}", response.status())));
        }
        let (head, mut body) = response.into_parts();
        // An error without a message has its status in the only headers.
        if head.headers.contains_key("grpc-status") {
            self.check(&head.headers)?;
        }
        let message = self.message(&mut body).await?;
        let trailers = body.trailers().await.map_err(self.broken())?;
        self.check(&trailers.unwrap_or_default())?;
        match message {
            Some(message) => Ok(message),
            None => Err(self.invalid("it has no message")),
        }
    }

    /// Reads the message of an answer, if there is one.
    async fn message(self, body: &mut RecvStream) -> Result<Option<Vec<u8>>, GatewayError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = body.data().await {
            let chunk = chunk.map_err(self.broken())?;
            let _ = body.flow_control().release_capacity(chunk.len());
            bytes.extend_from_slice(&chunk);
            // The length is refused before the message is there.
            let length = self.length(&bytes)?;
            if length.is_some_and(|length| bytes.len() - PREFIX > length) {
                return Err(self.invalid("it has more than one message"));
            }
        }
        let Some(length) = self.length(&bytes)? else {
            return match bytes.len() {
                0 => Ok(None),
                _ => Err(self.invalid("it is truncated")),
            };
        };
        let message = bytes.split_off(PREFIX);
        if message.len() < length {
            return Err(self.invalid("it is truncated"));
        }
        Ok(Some(message))
    }

    /// The length of the message according to its prefix, if that is complete.
    fn length(self, bytes: &[u8]) -> Result<Option<usize>, GatewayError> {
        let Some(&[compressed, a, b, c, d]) = bytes.first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        if compressed != 0 {
            return Err(self.invalid("it is compressed, which was not asked for"));
        }
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length > MAX_MESSAGE {
            return Err(self.invalid(format_args!(
                "it has {length} bytes, more than {} MiB",
                MAX_MESSAGE >> 20
            )));
        }
        Ok(Some(length))
    }

    /// Returns the error that trailers contain.
    fn check(self, trailers: &HeaderMap) -> Result<(), GatewayError> {
        let text = |name: &str| trailers.get(name).and_then(|value| value.to_str().ok());
        let Some(code) = text("grpc-status").and_then(|code| code.parse().ok()) else {
            return Err(self.invalid("it has no status"));
        };
        if code == 0 {
            return Ok(());
        }
        // The details contain the status once more. Without them, the headers must do.
        let details = text("grpc-status-details-bin").and_then(status_of_details);
        let status = details.unwrap_or_else(|| Status {
            code,
            message: percent_decode_str(text("grpc-message").unwrap_or_default())
                .decode_utf8_lossy()
                .into_owned(),
            details: Vec::new(),
        });
        Err(GatewayError::Refused {
            method: self.method,
            status,
        })
    }

    fn broken(self) -> impl FnOnce(h2::Error) -> GatewayError {
        let method = self.method;
        move |source| GatewayError::Broken { method, source }
    }

    fn invalid(self, reason: impl std::fmt::Display) -> GatewayError {
        GatewayError::Invalid {
            method: self.method,
            reason: reason.to_string(),
        }
    }
}

fn status_of_details(text: &str) -> Option<Status> {
    // gRPC says that readers must accept both, with and without padding.
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&STANDARD, config).decode(text).ok()?;
    let status = Status::decode(bytes.as_slice()).ok()?;
    // A status that says that all is well contradicts the header.
    (status.code != 0).then_some(status)
}
