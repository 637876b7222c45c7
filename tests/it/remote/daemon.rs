//! A daemon on a socket of the test's own.

use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::server::{Request, Response, serve_socket};
use crate::builders::images::{self, Directory, Tar};

#[derive(Debug, Default)]
struct State {
    archive: Vec<u8>,
    /// Bytes after which the archive breaks off.
    cut: Option<usize>,
    /// What the daemon says of an archive that it loads.
    says: String,
    loaded: Vec<Vec<u8>>,
}

struct FakeDaemon {
    directory: Directory,
    state: Arc<Mutex<State>>,
}

impl FakeDaemon {
    fn new() -> Self {
        let layer = Tar::new()
            .file("app", b"program")
            .file("junk", b"junk")
            .end();
        let archive = images::docker_archive(
            std::slice::from_ref(&layer),
            &images::config(std::slice::from_ref(&layer)),
            &["app:1"],
        );
        let state = Arc::new(Mutex::new(State {
            archive,
            ..State::default()
        }));
        let directory = Directory::new();
        let shared = Arc::clone(&state);
        serve_socket(&directory.path().join("socket"), move |request| {
            answer(&mut shared.lock().unwrap(), request)
        });
        Self { directory, state }
    }

    fn jettison(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
        command.args(arguments).env(
            "DOCKER_HOST",
            format!("unix://{}/socket", self.directory.path().display()),
        );
        command.output().unwrap()
    }

    fn error(&self, arguments: &[&str]) -> String {
        let output = self.jettison(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(self.state.lock().unwrap().loaded.is_empty() || arguments.contains(&"broken:1"));
        String::from_utf8(output.stderr).unwrap()
    }
}

fn answer(state: &mut State, request: &Request) -> Response {
    // Over a socket the version may be left out.
    let path = request.path.strip_prefix("/v1.41").unwrap_or(&request.path);
    match (request.method.as_str(), path.split('?').next().unwrap()) {
        ("GET", "/version") => Response::new(
            200,
            json!({"ApiVersion": "1.41", "Version": "x"}).to_string(),
        ),
        ("GET", "/images/app:1/json" | "/images/new:1/json" | "/images/broken:1/json") => {
            Response::new(200, json!({"Id": "sha256:1", "Size": 1000}).to_string())
        }
        ("GET", "/images/app:1/get") => Response {
            cut: state.cut,
            ..Response::new(200, state.archive.clone())
        },
        ("POST", "/images/load") => {
            state.loaded.push(request.body.clone());
            Response::new(200, state.says.clone())
        }
        _ => Response::new(404, json!({"message": "No such image"}).to_string()),
    }
}

#[test]
fn an_image_name_is_read_from_and_written_back_to_the_daemon() {
    let daemon = FakeDaemon::new();
    let output = daemon.jettison(&["slim", "app:1", "-t", "new:1"]);
    let (out, error) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{error}");
    assert!(
        out.contains("wrote docker-daemon:new:1, image sha256:"),
        "{out}"
    );
    let loaded = daemon.state.lock().unwrap().loaded.clone();
    let [archive] = &loaded[..] else {
        panic!("one image is loaded")
    };
    let path = daemon.directory.file("loaded.tar", archive);
    let image = images::open(&format!("docker-archive:{}:new:1", path.display())).unwrap();
    assert_eq!(images::listing(&image), ["/app = program"]);
}

#[test]
fn the_daemon_transport_can_be_given_explicitly() {
    let daemon = FakeDaemon::new();
    let path = daemon
        .directory
        .path()
        .join("out.tar")
        .display()
        .to_string();
    let output = daemon.jettison(&[
        "slim",
        "docker-daemon:app:1",
        "-o",
        &format!("docker-archive:{path}:new:1"),
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        images::listing(&images::open(&path).unwrap()),
        ["/app = program"]
    );
}

#[test]
fn a_missing_image_is_named_together_with_the_daemon() {
    let daemon = FakeDaemon::new();
    let error = daemon.error(&["slim", "nothing:1", "-t", "new:1"]);
    assert!(
        error.contains("no image `nothing:1` in `unix://")
            && error.contains("(from `DOCKER_HOST`)"),
        "{error}"
    );
}

#[test]
fn a_truncated_export_is_an_error() {
    let daemon = FakeDaemon::new();
    daemon.state.lock().unwrap().cut = Some(1500);
    let error = daemon.error(&["slim", "app:1", "-t", "new:1"]);
    assert!(error.contains("cannot export `app:1`"), "{error}");
}

#[test]
fn an_error_while_the_daemon_loads_an_image_is_reported() {
    let daemon = FakeDaemon::new();
    daemon.state.lock().unwrap().says =
        json!({"errorDetail": {"message": "no space left"}}).to_string();
    let error = daemon.error(&["slim", "app:1", "-t", "broken:1"]);
    assert!(
        error.contains("cannot load `broken:1`: ") && error.contains("no space left"),
        "{error}"
    );
}

#[test]
fn an_unreachable_daemon_is_named() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .args(["deps", "app:1"])
        .env("DOCKER_HOST", "unix:///no/such/socket");
    let error = String::from_utf8(command.output().unwrap().stderr).unwrap();
    assert!(
        error.contains("no daemon found to look up `app:1`: `unix:///no/such/socket`"),
        "{error}"
    );
}
