//! Daemons that mean harm: a socket of Docker may be anybody's, and nothing of it is read without
//! an end.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::json;

use super::server::{Raw, Request, Response, serve_socket};
use crate::builders::images::{self, Directory, Tar};

/// The request whose answer is hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Version,
    Inspect,
    Export,
    Load,
}

fn part_of(request: &Request) -> Part {
    match request.path.split('?').next().unwrap() {
        "/version" => Part::Version,
        path if path.ends_with("/json") => Part::Inspect,
        path if path.ends_with("/get") => Part::Export,
        _ => Part::Load,
    }
}

fn usual(part: Part, archive: &[u8]) -> Response {
    match part {
        Part::Version => Response::new(200, json!({"ApiVersion": "1.41"}).to_string()),
        Part::Inspect => Response::new(200, json!({"Id": "sha256:1", "Size": 1000}).to_string()),
        Part::Export => Response::new(200, archive),
        Part::Load => Response::new(200, r#"{"stream":"Loaded image: new:1"}"#),
    }
}

/// Runs jettison with a daemon that answers one request in its own way.
fn run(part: Part, answer: &Raw, arguments: &[&str]) -> Output {
    let layer = Tar::new()
        .file("app", b"program")
        .file("junk", b"junk")
        .end();
    let layers = std::slice::from_ref(&layer);
    let archive = images::docker_archive(layers, &images::config(layers), &["app:1"]);
    let directory = Directory::new();
    let socket = directory.path().join("socket");
    let answer = answer.clone();
    serve_socket(&socket, move |request| {
        let asked = part_of(request);
        let mut response = usual(asked, &archive);
        if asked == part {
            response.raw = Some(answer.clone());
        }
        response
    });
    let start = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .args(arguments)
        .env("DOCKER_HOST", format!("unix://{}", socket.display()));
    let output = command.env("TMPDIR", directory.path()).output().unwrap();
    assert!(start.elapsed() < Duration::from_mins(1), "{part:?}");
    output
}

const SLIM: [&str; 4] = ["slim", "app:1", "-t", "new:1"];

#[track_caller]
fn error(part: Part, answer: &Raw) -> String {
    let output = run(part, answer, &SLIM);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{part:?}: {error}");
    assert!(!error.trim_end().contains(char::is_control), "{error:?}");
    error
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// An answer without an end, in chunks and until the connection closes.
fn endless(status: &str) -> [Raw; 2] {
    let spaces = b" ".repeat(65536);
    [
        Raw {
            start: CHUNKED.replace("200 OK", status).into_bytes(),
            endless: Some([&b"10000\r\n"[..], &spaces, b"\r\n"].concat()),
        },
        Raw {
            start: format!("HTTP/1.1 {status}\r\n\r\n").into_bytes(),
            endless: Some(spaces),
        },
    ]
}

fn whole(status: &str, body: &str) -> Raw {
    let length = body.len();
    Raw {
        start: format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes(),
        endless: None,
    }
}

#[test]
fn an_endless_response_is_cut_off_at_the_limit() {
    for part in [Part::Version, Part::Inspect, Part::Load] {
        for answer in endless("200 OK") {
            let error = error(part, &answer);
            assert!(
                error.contains("more than 4194304 bytes"),
                "{part:?}: {error}"
            );
        }
    }
}

#[test]
fn a_response_has_at_most_4_mib() {
    for part in [Part::Version, Part::Inspect, Part::Load] {
        for (length, is_read) in [(4 << 20, true), ((4 << 20) + 1, false)] {
            let said = r#"{"ApiVersion": "1.41", "Size": 1}"#;
            let body = format!("{said}{}", " ".repeat(length - said.len()));
            let output = run(part, &whole("200 OK", &body), &SLIM);
            assert_eq!(
                output.status.success(),
                is_read,
                "{part:?} {length}: {output:?}"
            );
        }
    }
}

#[test]
fn an_endless_error_response_is_cut_off_at_the_limit() {
    for part in [Part::Version, Part::Inspect, Part::Export, Part::Load] {
        for answer in endless("500 X") {
            let error = error(part, &answer);
            assert!(error.contains("status 500"), "{part:?}: {error}");
        }
    }
}

#[test]
fn an_endless_export_is_cut_off_at_the_size_limit() {
    for answer in endless("200 OK") {
        let arguments = [&SLIM[..], &["--max-size", "4MB"]].concat();
        let output = run(Part::Export, &answer, &arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.contains("the archive of `app:1` is larger than"),
            "{error}"
        );
    }
}

#[test]
fn response_headers_are_limited() {
    let answer = Raw {
        start: b"HTTP/1.1 200 OK\r\n".to_vec(),
        endless: Some(b"X: y\r\n".to_vec()),
    };
    for part in [Part::Version, Part::Inspect, Part::Export, Part::Load] {
        error(part, &answer);
    }
}

#[test]
fn daemon_messages_print_no_control_sequences() {
    let said = r#"{"message": "\u001b[2J\u202e\r\n::error::x"}"#;
    for part in [Part::Version, Part::Inspect, Part::Export, Part::Load] {
        let error = error(part, &whole("500 X", said));
        let is_escaped = error.contains(r"\x1b[2J") && !error.contains('\u{202e}');
        // Of a daemon that does not greet, only the innermost reason is shown.
        assert!(is_escaped, "{part:?}: {error}");
    }
    let said = r#"{"errorDetail": {"message": "\u001b[2Jno"}}"#;
    let error = error(Part::Load, &whole("200 OK", said));
    assert!(error.contains(r"\x1b[2Jno"), "{error}");
}

#[test]
fn malformed_daemon_responses_are_errors() {
    for body in [
        "",
        "[]",
        "nothing",
        r#"{"ApiVersion": 1}"#,
        r#"{"ApiVersion": ""}"#,
        r#"{"ApiVersion": "../../x"}"#,
        r#"{"ApiVersion": "1.41?x"}"#,
    ] {
        let error = error(Part::Version, &whole("200 OK", body));
        assert!(
            error.contains("its response does not follow Docker's API"),
            "{body}: {error}"
        );
    }
    for body in ["", "[", "{\"Size\": \"x\"}"] {
        let error = error(Part::Inspect, &whole("200 OK", body));
        assert!(
            error.contains("its response does not follow Docker's API"),
            "{body}: {error}"
        );
    }
}

#[test]
fn a_redirect_of_a_daemon_is_not_followed() {
    let answer = Raw {
        start: b"HTTP/1.1 307 X\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
            .to_vec(),
        endless: None,
    };
    let error = error(Part::Inspect, &answer);
    assert!(error.contains("status 307"), "{error}");
}
