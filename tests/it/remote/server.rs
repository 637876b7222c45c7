//! A small HTTP server, which answers each request of a connection and closes it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    /// By name in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// How many bytes of the body are sent before the connection breaks.
    pub(crate) cut: Option<usize>,
    /// What is sent in place of all that, byte for byte.
    pub(crate) raw: Option<Raw>,
}

/// An answer of a server that does not keep to HTTP, or to anything.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) start: Vec<u8>,
    /// What follows without end, as long as somebody listens.
    pub(crate) endless: Option<Vec<u8>>,
}

impl Response {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            body: body.into(),
            ..Self::default()
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Serves on a free port until the test ends. Gives `127.0.0.1:PORT`.
pub(crate) fn serve(answer: impl Fn(&Request) -> Response + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || converse(&stream, &stream, &answer));
        }
    });
    address
}

/// The same on a socket of the file system.
pub(crate) fn serve_socket(
    path: &Path,
    answer: impl Fn(&Request) -> Response + Clone + Send + 'static,
) {
    let listener = UnixListener::bind(path).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || converse(&stream, &stream, &answer));
        }
    });
}

fn converse(
    input: impl Read,
    mut output: impl Write,
    answer: &impl Fn(&Request) -> Response,
) -> Option<()> {
    let request = read(&mut BufReader::new(input))?;
    let response = answer(&request);
    if let Some(Raw { start, endless }) = response.raw {
        output.write_all(&closing(start)).ok()?;
        while let Some(piece) = &endless {
            output.write_all(piece).ok()?;
        }
        return output.flush().ok();
    }
    let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", response.status);
    for (name, value) in &response.headers {
        write!(head, "{name}: {value}\r\n").ok()?;
    }
    write!(head, "Content-Length: {}\r\n\r\n", response.body.len()).ok()?;
    let body = if request.method == "HEAD" {
        &[][..]
    } else {
        &response.body
    };
    let sent = response
        .cut
        .map_or(body, |cut| &body[..cut.min(body.len())]);
    output.write_all(head.as_bytes()).ok()?;
    output.write_all(sent).ok()?;
    output.flush().ok()
}

/// The start of an answer with a header that the connection is closed after it: a client that uses
/// it again could meet the end of it.
fn closing(mut start: Vec<u8>) -> Vec<u8> {
    if let Some(line) = start.windows(2).position(|end| end == b"\r\n") {
        start.splice(line + 2..line + 2, *b"Connection: close\r\n");
    }
    start
}

fn read(input: &mut impl BufRead) -> Option<Request> {
    let first = line(input)?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let line = line(input)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = Vec::new();
    if let Some(length) = headers.get("content-length") {
        input
            .take(length.parse().ok()?)
            .read_to_end(&mut body)
            .ok()?;
    } else if headers
        .get("transfer-encoding")
        .is_some_and(|coding| coding == "chunked")
    {
        loop {
            let size = u64::from_str_radix(&line(input)?, 16).ok()?;
            input.take(size).read_to_end(&mut body).ok()?;
            line(input)?;
            if size == 0 {
                break;
            }
        }
    }
    Some(Request {
        method,
        path,
        headers,
        body,
    })
}

fn line(input: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let count = input.read_line(&mut line).ok()?;
    (count > 0).then(|| line.trim_end().to_owned())
}
