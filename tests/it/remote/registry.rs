//! An in-memory registry that can misbehave on request.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::server::{Raw, Request, Response, serve};
use crate::builders::images::sha256;

/// What a registry holds, what it does wrong, and what it was asked.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// By digest.
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    /// By tag and by digest, with the media type.
    pub(crate) manifests: BTreeMap<String, (String, Vec<u8>)>,
    /// Bytes after which every answer with a blob breaks off.
    pub(crate) cut: Option<usize>,
    /// How many answers break off; all, without.
    pub(crate) cuts_left: Option<usize>,
    pub(crate) knows_ranges: bool,
    /// How many requests are answered with 503 first.
    pub(crate) busy: usize,
    /// `Basic …` or `Bearer …`; no one is asked for it without.
    pub(crate) authorization: Option<String>,
    /// What `WWW-Authenticate` says.
    pub(crate) challenge: String,
    /// What `/token` gives to whom, who says so in a header or posts it.
    pub(crate) token: Option<(String, String)>,
    /// Repositories that blobs can be mounted from.
    pub(crate) mountable: Option<String>,
    /// Methods and paths, with the range where one is asked for.
    pub(crate) asked: Vec<String>,
    /// What was shown as `Authorization`, with every request that had one.
    pub(crate) shown: Vec<String>,
    /// How requests are answered whose paths contain a text.
    pub(crate) tricks: Vec<(String, Raw)>,
}

#[derive(Clone, Debug)]
pub(crate) struct FakeRegistry {
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
}

impl FakeRegistry {
    pub(crate) fn new() -> Self {
        let state = Arc::new(Mutex::new(State {
            knows_ranges: true,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        let address = serve(move |request| answer(&mut shared.lock().unwrap(), request));
        Self { address, state }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// `docker://ADDRESS/team/app:TAG`.
    pub(crate) fn reference(&self, tag: &str) -> String {
        format!("docker://{}/team/app:{tag}", self.address)
    }

    /// Adds an image of these layers as they are stored, and gives its digest.
    pub(crate) fn add(&self, tag: &str, config: &Value, layers: &[Vec<u8>]) -> String {
        let config = config.to_string().into_bytes();
        let descriptor = |media_type: &str, bytes: &[u8]| json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len()});
        let media_type = "application/vnd.oci.image.layer.v1.tar+gzip";
        let layers_said: Vec<_> = layers
            .iter()
            .map(|layer| descriptor(media_type, layer))
            .collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
            "layers": layers_said,
        });
        let mut state = self.state();
        for blob in layers.iter().chain([&config]) {
            state.blobs.insert(digest(blob), blob.clone());
        }
        state.put(
            "application/vnd.oci.image.manifest.v1+json",
            tag,
            manifest.to_string().into_bytes(),
        )
    }

    /// Answers requests whose paths contain a text with these bytes.
    pub(crate) fn trick(&self, part: &str, start: impl Into<Vec<u8>>, endless: Option<&[u8]>) {
        let raw = Raw {
            start: start.into(),
            endless: endless.map(<[u8]>::to_vec),
        };
        self.state().tricks.push((part.to_owned(), raw));
    }

    /// Redirects requests whose paths contain a text.
    pub(crate) fn redirect(&self, part: &str, location: &str) {
        let answer = format!("HTTP/1.1 307 X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        self.trick(part, answer, None);
    }

    /// How often a request that contains this was made.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.state()
            .asked
            .iter()
            .filter(|asked| asked.contains(part))
            .count()
    }
}

impl State {
    /// Gives the digest.
    pub(crate) fn put(&mut self, media_type: &str, tag: &str, bytes: Vec<u8>) -> String {
        let digest = digest(&bytes);
        self.manifests
            .insert(tag.to_owned(), (media_type.to_owned(), bytes.clone()));
        self.manifests
            .insert(digest.clone(), (media_type.to_owned(), bytes));
        digest
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256(bytes))
}

fn answer(state: &mut State, request: &Request) -> Response {
    let range = request
        .headers
        .get("range")
        .map(|range| format!(" {range}"))
        .unwrap_or_default();
    state
        .asked
        .push(format!("{} {}{range}", request.method, request.path));
    state
        .shown
        .extend(request.headers.get("authorization").cloned());
    if let Some((_, raw)) = state
        .tricks
        .iter()
        .find(|(part, _)| request.path.contains(part))
    {
        return Response {
            raw: Some(raw.clone()),
            ..Response::default()
        };
    }
    if state.busy > 0 {
        state.busy -= 1;
        return Response::new(503, "");
    }
    let given = request.headers.get("authorization");
    if request.path.starts_with("/token") {
        let posted = String::from_utf8(request.body.clone()).unwrap();
        let token = state
            .token
            .as_ref()
            .filter(|(wanted, _)| given == Some(wanted) || posted == *wanted);
        let name = if posted.is_empty() {
            "token"
        } else {
            "access_token"
        };
        return token.map_or(Response::new(401, ""), |(_, token)| {
            Response::new(200, json!({name: token, "expires_in": 300}).to_string())
        });
    }
    if state.authorization.is_some() && state.authorization.as_ref() != given {
        return Response::new(401, "").header("WWW-Authenticate", state.challenge.clone());
    }
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let last = path.rsplit('/').next().unwrap();
    let is = |part: &str| path.contains(part);
    match request.method.as_str() {
        _ if path == "/v2/" => Response::new(200, "{}"),
        "POST" if is("/blobs/uploads/") && !query.is_empty() => mount(state, query),
        "POST" if is("/blobs/uploads/") => {
            Response::new(202, "").header("Location", "/v2/team/app/blobs/uploads/1")
        }
        "PUT" if is("/blobs/uploads/") => {
            let digest = query.rsplit("digest=").next().unwrap().replace("%3A", ":");
            assert_eq!(
                digest,
                self::digest(&request.body),
                "the blob is the one that was said"
            );
            state.blobs.insert(digest.clone(), request.body.clone());
            Response::new(201, "").header("Location", format!("/v2/team/app/blobs/{digest}"))
        }
        "PUT" if is("/manifests/") => {
            let media_type = request.headers["content-type"].clone();
            state.put(&media_type, last, request.body.clone());
            Response::new(201, "").header("Location", path)
        }
        "GET" | "HEAD" if is("/manifests/") => {
            state
                .manifests
                .get(last)
                .map_or_else(missing, |(media_type, bytes)| {
                    Response::new(200, bytes.clone()).header("Content-Type", media_type.clone())
                })
        }
        "GET" | "HEAD" if is("/blobs/") => blob(state, request, last),
        _ => missing(),
    }
}

fn mount(state: &State, query: &str) -> Response {
    if state
        .mountable
        .as_ref()
        .is_some_and(|from| query.contains(&from.replace('/', "%2F")))
    {
        return Response::new(201, "").header("Location", "/v2/team/app/blobs/mounted");
    }
    Response::new(202, "").header("Location", "/v2/team/app/blobs/uploads/1")
}

fn missing() -> Response {
    Response::new(
        404,
        r#"{"errors": [{"code": "NAME_UNKNOWN", "message": "nothing here"}]}"#,
    )
}

fn blob(state: &mut State, request: &Request, digest: &str) -> Response {
    let Some(bytes) = state.blobs.get(digest) else {
        return missing();
    };
    let start = request.headers.get("range").filter(|_| state.knows_ranges);
    let start = start.map(|range| {
        range["bytes=".len()..]
            .trim_end_matches('-')
            .parse::<usize>()
            .unwrap()
    });
    let part = bytes[start.unwrap_or(0)..].to_vec();
    let mut response = Response::new(if start.is_some() { 206 } else { 200 }, part);
    let breaks = state.cuts_left != Some(0) && state.cut.is_some() && request.method == "GET";
    if breaks {
        state.cuts_left = state.cuts_left.map(|left| left - 1);
        response.cut = state.cut;
    }
    response
}
