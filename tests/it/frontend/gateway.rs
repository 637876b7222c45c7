//! A BuildKit for one session: it answers the calls of `jettison frontend` and records them.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::server::SendResponse;
use http::{HeaderMap, Request, Response};
use jettison::frontend::graph::{Graph, Platform};
use jettison::frontend::messages::{
    BuildResult, Capability, Empty, FileStatus, InputsResponse, Pong, ReadFileRequest,
    ReadFileResponse, Reference, ReferenceMap, ReturnRequest, SolveRequest, SolveResponse,
    StatFileRequest, StatFileResponse, Status, WarnRequest,
};
use prost::Message;

/// Time after which a session counts as hanging.
const PATIENCE: Duration = Duration::from_mins(1);
/// What the built file system comes from.
pub(super) const BUILT: &str = "docker-image://docker.io/library/built:1";
const CAPABILITIES: [&str; 8] = [
    "solve.base",
    "return",
    "readfile",
    "statfile",
    "proto.refarray",
    "reference.output",
    "frontend.inputs",
    "gateway.warnings",
];

pub(super) fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// What a build results in.
pub(super) struct Fake {
    pub(super) capabilities: Vec<&'static str>,
    pub(super) options: BTreeMap<String, String>,
    pub(super) inputs: BTreeMap<String, Vec<u8>>,
    /// Texts by directory of the client and path.
    pub(super) files: BTreeMap<(&'static str, String), String>,
    /// The answer to `frontend.lint`; an error if there is none.
    pub(super) check: Option<BuildResult>,
    pub(super) result: BuildResult,
    pub(super) build_error: Option<(i32, &'static str, Vec<Vec<u8>>)>,
    /// What happens to the call with a number instead of its answer.
    pub(super) disturbance: Option<(usize, Disturbance)>,
}

/// Anything but a proper answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Disturbance {
    /// An error with a status.
    Refuse,
    /// The connection ends before the answer.
    Close,
    /// The connection ends within the answer.
    CloseWithin,
    /// The stream ends with an error of HTTP/2.
    Reset,
    /// These bytes instead of the answer and its prefix.
    Body(&'static [u8]),
    /// The answer, but trailers without a status.
    NoStatus,
    /// The answer, with this HTTP status.
    Http(u16),
}

/// The calls of a session, and its end.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) methods: Vec<String>,
    /// Calls of `Solve` with a frontend, except for those of a check.
    pub(super) builds: Vec<SolveRequest>,
    /// Calls of `Solve` with a graph.
    pub(super) graphs: Vec<SolveRequest>,
    pub(super) warnings: Vec<WarnRequest>,
    pub(super) returned: Option<ReturnRequest>,
    pub(super) code: Option<i32>,
    pub(super) stderr: String,
}

impl Session {
    pub(super) fn is_success(&self) -> bool {
        self.code == Some(0)
    }

    pub(super) fn result(&self) -> &BuildResult {
        let returned = self.returned.as_ref().expect("it was returned");
        returned.result.as_ref().expect("it is a result")
    }

    pub(super) fn error(&self) -> &Status {
        let returned = self.returned.as_ref().expect("it was returned");
        assert_eq!(self.code, Some(1), "{}", self.stderr);
        returned.error.as_ref().expect("it is an error")
    }

    /// Whether a graph contains a source.
    pub(super) fn solved(&self, source: &str) -> bool {
        let mut graphs = self.graphs.iter().filter_map(|it| it.definition.as_ref());
        graphs.any(|graph| memchr::memmem::find(graph, source.as_bytes()).is_some())
    }
}

/// The result of a build for several platforms.
pub(super) fn result_of(platforms: &[&str]) -> BuildResult {
    let mut result = BuildResult::default();
    let mut references = ReferenceMap::default();
    for platform in platforms {
        let key = format!("containerimage.config/{platform}");
        result.metadata.insert(key, image_config());
        references
            .references
            .insert((*platform).to_owned(), built_reference());
    }
    result.references = Some(references);
    result
}

fn image_config() -> Vec<u8> {
    let config = serde_json::json!({
        "created": "2026-01-01T00:00:00Z",
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["/app"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:1", "sha256:2"]},
        "history": [{"created_by": "a"}, {"created_by": "b"}],
    });
    config.to_string().into_bytes()
}

fn built_reference() -> Reference {
    let image = BUILT.trim_start_matches("docker-image://");
    Reference {
        id: "built".to_owned(),
        definition: Some(Graph::image(image, Platform::default(), "built").encode()),
    }
}

impl Fake {
    /// An engine whose client has this Dockerfile.
    pub(super) fn new(dockerfile: &str) -> Self {
        let mut result = BuildResult {
            reference: Some(built_reference()),
            ..BuildResult::default()
        };
        for (key, value) in [
            ("containerimage.config", image_config()),
            ("containerimage.base.config", b"{}".to_vec()),
            ("refs.platforms", b"{}".to_vec()),
        ] {
            result.metadata.insert(key.to_owned(), value);
        }
        let mut fake = Self {
            capabilities: CAPABILITIES.to_vec(),
            options: BTreeMap::new(),
            inputs: BTreeMap::new(),
            files: BTreeMap::new(),
            check: None,
            result,
            build_error: None,
            disturbance: None,
        };
        fake.file("dockerfile", "Dockerfile", dockerfile);
        fake
    }

    pub(super) fn option(&mut self, key: &str, value: &str) {
        self.options.insert(key.to_owned(), value.to_owned());
    }

    pub(super) fn file(&mut self, directory: &'static str, path: &str, text: &str) {
        self.files
            .insert((directory, path.to_owned()), text.to_owned());
    }

    /// The program, as BuildKit starts it.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
        command.env_clear().env("BUILDKIT_SESSION_ID", "session");
        for (number, (key, value)) in self.options.iter().enumerate() {
            let name = format!("BUILDKIT_FRONTEND_OPT_{number}");
            command.env(name, format!("{key}={value}"));
        }
        command
            .arg("frontend")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a session to its end, which must come soon.
    pub(super) fn run(&self) -> Session {
        let mut child = self.command().spawn().unwrap();
        let input: OwnedFd = child.stdin.take().unwrap().into();
        let output: OwnedFd = child.stdout.take().unwrap().into();
        let mut session = Session::default();
        let event_loop = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let served = event_loop.block_on(async {
            let input = tokio::net::unix::pipe::Sender::from_owned_fd(input).unwrap();
            let output = tokio::net::unix::pipe::Receiver::from_owned_fd(output).unwrap();
            let stream = tokio::io::join(output, input);
            tokio::time::timeout(PATIENCE, self.serve(stream, &mut session)).await
        });
        drop(event_loop);
        if served.is_err() {
            let _ = child.kill();
        }
        let started = Instant::now();
        session.code = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status.code();
            }
            assert!(started.elapsed() < PATIENCE, "it does not end: {session:?}");
            std::thread::sleep(Duration::from_millis(2));
        };
        let mut stderr = child.stderr.take().unwrap();
        stderr.read_to_string(&mut session.stderr).unwrap();
        assert!(served.is_ok(), "it hangs: {session:?}");
        session
    }

    async fn serve(
        &self,
        stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
        session: &mut Session,
    ) {
        let Ok(mut connection) = h2::server::handshake(stream).await else {
            return;
        };
        while let Some(Ok((request, respond))) = connection.accept().await {
            let number = session.methods.len();
            let method = request.uri().path().rsplit('/').next().unwrap().to_owned();
            session.methods.push(method.clone());
            let disturbance = match self.disturbance {
                Some((at, disturbance)) if at == number => Some(disturbance),
                _ => None,
            };
            if matches!(disturbance, Some(Disturbance::Close)) {
                return;
            }
            // A body arrives only while the connection is polled.
            let mut body = std::pin::pin!(body(request));
            let bytes = std::future::poll_fn(|cx| match body.as_mut().poll(cx) {
                Poll::Ready(bytes) => Poll::Ready(Some(bytes)),
                Poll::Pending => connection.poll_accept(cx).map(|next| {
                    assert!(!matches!(next, Some(Ok(_))), "one call at a time");
                    None
                }),
            });
            let Some(bytes) = bytes.await else {
                return;
            };
            let answer = self.answer(&method, &bytes, session);
            if !respond_with(respond, answer, disturbance) {
                // What was sent until now still goes out.
                let _ = tokio::time::timeout(Duration::from_millis(50), connection.accept()).await;
                return;
            }
        }
    }

    fn answer(
        &self,
        method: &str,
        request: &[u8],
        session: &mut Session,
    ) -> Result<Vec<u8>, Status> {
        Ok(match method {
            "Ping" => {
                let capability = |id: &&str| Capability {
                    id: (*id).to_owned(),
                    enabled: true,
                };
                let all = self.capabilities.iter().map(capability).collect();
                Pong {
                    frontend_capabilities: all,
                }
                .encode_to_vec()
            }
            "Inputs" => InputsResponse {
                definitions: self.inputs.clone(),
            }
            .encode_to_vec(),
            "Solve" => {
                let request = SolveRequest::decode(request).unwrap();
                let result = Some(self.solve(request, session)?);
                SolveResponse { result }.encode_to_vec()
            }
            "StatFile" => {
                let StatFileRequest { reference, path } = Message::decode(request).unwrap();
                let size = self.text(&reference, &path)?.len();
                let status = FileStatus {
                    mode: 0o644,
                    size: i64::try_from(size).unwrap(),
                };
                StatFileResponse {
                    status: Some(status),
                }
                .encode_to_vec()
            }
            "ReadFile" => {
                let request: ReadFileRequest = Message::decode(request).unwrap();
                let data = self.text(&request.reference, &request.path)?;
                ReadFileResponse {
                    data: data.as_bytes().to_vec(),
                }
                .encode_to_vec()
            }
            "Warn" => {
                session.warnings.push(Message::decode(request).unwrap());
                Empty {}.encode_to_vec()
            }
            "Return" => {
                session.returned = Some(Message::decode(request).unwrap());
                Empty {}.encode_to_vec()
            }
            other => panic!("BuildKit has no `{other}`"),
        })
    }

    fn solve(&self, request: SolveRequest, session: &mut Session) -> Result<BuildResult, Status> {
        assert!(request.allow_result_return);
        if let Some(definition) = &request.definition {
            Graph::decode(definition).expect("it is a graph");
            let id = ["dockerfile", "context"].into_iter().find(|directory| {
                let source = format!("local://{directory}");
                memchr::memmem::find(definition, source.as_bytes()).is_some()
            });
            let reference = Reference {
                id: id.unwrap_or("graph").to_owned(),
                definition: None,
            };
            session.graphs.push(request);
            return Ok(BuildResult {
                reference: Some(reference),
                ..BuildResult::default()
            });
        }
        if request
            .frontend_options
            .get("requestid")
            .map(String::as_str)
            == Some("frontend.lint")
        {
            let unsupported = || Status {
                code: 12,
                ..Status::of_message("unsupported request frontend.lint")
            };
            return self.check.clone().ok_or_else(unsupported);
        }
        session.builds.push(request);
        if let Some((code, message, details)) = self.build_error.clone() {
            return Err(Status {
                code,
                message: message.to_owned(),
                details,
            });
        }
        Ok(self.result.clone())
    }

    fn text(&self, directory: &str, path: &str) -> Result<&str, Status> {
        let mut files = self.files.iter();
        let found = files.find(|((at, name), _)| *at == directory && name == path);
        match found {
            Some((_, text)) => Ok(text),
            None => Err(Status::of_message(format!(
                "open /tmp/buildkit/{path}: no such file or directory"
            ))),
        }
    }
}

/// The message of a request.
async fn body(request: Request<h2::RecvStream>) -> Vec<u8> {
    let mut stream = request.into_body();
    let mut bytes = Vec::new();
    while let Some(Ok(chunk)) = stream.data().await {
        let _ = stream.flow_control().release_capacity(chunk.len());
        bytes.extend_from_slice(&chunk);
    }
    bytes.split_off(5)
}

/// Sends an answer, disturbed or not; returns whether the connection goes on.
fn respond_with(
    mut respond: SendResponse<Bytes>,
    answer: Result<Vec<u8>, Status>,
    disturbance: Option<Disturbance>,
) -> bool {
    let answer = match disturbance {
        Some(Disturbance::Refuse) => Err(Status::of_message("disturbed")),
        Some(Disturbance::Reset) => {
            respond.send_reset(h2::Reason::INTERNAL_ERROR);
            return true;
        }
        _ => answer,
    };
    let code = match disturbance {
        Some(Disturbance::Http(code)) => code,
        _ => 200,
    };
    let head = Response::builder()
        .status(code)
        .header("content-type", "application/grpc");
    let head = head.body(()).unwrap();
    let Ok(mut stream) = respond.send_response(head, false) else {
        return false;
    };
    let mut trailers = HeaderMap::new();
    match answer {
        Ok(message) => {
            let mut frame = vec![0];
            frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
            frame.extend(message);
            match disturbance {
                Some(Disturbance::Body(bytes)) => frame = bytes.to_vec(),
                Some(Disturbance::CloseWithin) => {
                    frame.pop();
                    let _ = stream.send_data(frame.into(), false);
                    return false;
                }
                _ => {}
            }
            if stream.send_data(frame.into(), false).is_err() {
                return false;
            }
            if !matches!(disturbance, Some(Disturbance::NoStatus)) {
                trailers.insert("grpc-status", "0".parse().unwrap());
            }
        }
        Err(_) if matches!(disturbance, Some(Disturbance::CloseWithin)) => return false,
        Err(status) => {
            let details = {
                use base64::Engine as _;
                // Go's gRPC leaves the padding out.
                base64::engine::general_purpose::STANDARD_NO_PAD.encode(status.encode_to_vec())
            };
            trailers.insert("grpc-status", status.code.to_string().parse().unwrap());
            trailers.insert("grpc-message", "in%20the%20details".parse().unwrap());
            trailers.insert("grpc-status-details-bin", details.parse().unwrap());
        }
    }
    stream.send_trailers(trailers).is_ok()
}
