//! Tests that pass and fail, and what is reported about them.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use super::bench::{Bench, UNKNOWN};

const RUNS: &str = "\"$ENGINE\" run --rm \"$IMAGE\"";

#[test]
fn an_image_is_written_if_its_test_passes_with_both() {
    let bench = Bench::new(&[]);
    bench.program(
        "smoke.sh",
        "#!/bin/sh\nset -eu\n[ \"$1\" = \"$IMAGE\" ]\n\"$ENGINE\" run \"$1\"\n",
    );
    let ran = bench.slim(&[
        "--no-container",
        "--test",
        "smoke.sh",
        "--test-command",
        RUNS,
    ]);
    ran.assert(
        0,
        &["test `./smoke.sh` passed", "wrote docker-archive:slim.tar"],
    );
    assert!(bench.has_written());
    let calls = bench.read("calls");
    assert_eq!(calls.matches("run ").count(), 4, "{calls}");
}

#[test]
fn a_test_that_fails_with_the_original_is_an_error() {
    let bench = Bench::new(&[]);
    let ran = bench.slim(&["--no-container", "--test-command", "echo no server; exit 7"]);
    ran.assert(
        2,
        &[
            "failed with exit status 7 with the original image",
            "no server",
        ],
    );
    assert!(!bench.has_written());
}

#[test]
fn nothing_is_written_if_a_test_fails_with_the_slimmed_image() {
    let bench = Bench::new(&[UNKNOWN[0]]);
    let arguments = ["--no-container", "--no-heal", "--test-command", RUNS];
    let ran = bench.slim(&arguments);
    ran.assert(
        1,
        &[
            "failed with exit status 3",
            "  | cannot open /opt/data/1",
            "not written: a test fails with the result",
        ],
    );
    assert!(!bench.has_written());
    let ran = bench.slim(&[&arguments[..], &["--force"]].concat());
    ran.assert(
        1,
        &["failed with exit status 3", "wrote docker-archive:slim.tar"],
    );
    assert!(bench.has_written());
}

#[test]
fn the_log_of_a_container_that_ended_is_shown() {
    let bench = Bench::new(&[UNKNOWN[2]]);
    let command = "\"$ENGINE\" logs \"$CONTAINER\" | grep works";
    let ran = bench.slim(&["--no-heal", "--test-command", command]);
    ran.assert(
        1,
        &[
            "the container ended with exit status 3",
            "log of the container:\n  | cannot open /opt/data/3",
            "log with the original:\n  | works",
        ],
    );
}

#[test]
fn a_container_that_ends_by_itself_is_no_failure() {
    let bench = Bench::new(&[UNKNOWN[2]]);
    bench
        .slim(&["--test-command", "true"])
        .assert(0, &["test `true` passed"]);
}

#[test]
fn a_test_fails_if_it_prints_something_else_and_outputs_are_compared() {
    let bench = Bench::new(&[]);
    let command = "echo \"$IMAGE\"";
    let arguments = ["--no-container", "--no-heal", "--test-command", command];
    bench.slim(&arguments).assert(0, &[]);
    let ran = bench.slim(&[&arguments[..], &["--compare-output"]].concat());
    ran.assert(1, &["prints something else than with the original"]);
}

#[test]
fn a_test_is_stopped_at_its_time_limit() {
    let bench = Bench::new(&[]);
    let slow = "case $IMAGE in *original) ;; *) sleep 1000 ;; esac";
    let arguments = [
        "--no-container",
        "--no-heal",
        "--test-timeout",
        "1",
        "--test-command",
        slow,
    ];
    bench
        .slim(&arguments)
        .assert(1, &["did not finish within 1 seconds"]);
}

/// A server that answers every request with this status.
fn serve(status: &'static str) -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.try_clone().unwrap();
    thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 1000];
            let length = stream.read(&mut request).unwrap();
            assert!(request[..length].starts_with(b"GET /health HTTP/1.0\r\n"));
            write!(stream, "HTTP/1.0 {status}\r\n\r\n").unwrap();
        }
    });
    listener
}

#[test]
fn a_probe_asks_the_published_port_and_scripts_know_it() {
    let server = serve("204 No Content");
    let address = server.local_addr().unwrap();
    let bench = Bench::new(&[]).port(address);
    let command = format!(
        "[ \"$HOST:$PORT $PORT_8080\" = '{address} {}' ]",
        address.port()
    );
    let ran = bench.slim(&["--http-probe", "/health", "--test-command", &command]);
    ran.assert(0, &["test `GET /health` passed"]);
    assert!(bench.read("calls").contains("--publish 127.0.0.1::8080 "));
}

#[test]
fn a_probe_of_a_server_that_reports_errors_fails() {
    let server = serve("503 Service Unavailable");
    let bench = Bench::new(&[]).port(server.local_addr().unwrap());
    let ran = bench.slim(&["--http-probe", "/health", "--test-timeout", "1"]);
    ran.assert(2, &["`GET /health` failed: status 503"]);
}

#[test]
fn the_engine_and_the_program_must_exist() {
    let bench = Bench::new(&[]);
    let ran = bench.slim(&["--test", "absent.sh"]);
    ran.assert(2, &["`--test ./absent.sh` is not a file"]);
    let ran = bench.slim(&["--test", "app.tar"]);
    ran.assert(2, &["`--test ./app.tar` is not executable"]);
    std::fs::rename(bench.path("bin"), bench.path("elsewhere")).unwrap();
    let output = bench
        .command(&["--test-command", "true"])
        .env("PATH", bench.path("bin"))
        .output();
    let ran = super::bench::Ran::of(&output.unwrap());
    ran.assert(2, &["neither `podman` nor `docker` is in PATH"]);
    bench
        .slim(&[])
        .assert(0, &["wrote docker-archive:slim.tar"]);
}

#[test]
fn the_reports_say_what_was_run_and_how_it_ended() {
    let bench = Bench::new(&[UNKNOWN[4]]);
    for file in ["report.json", "report.html"] {
        let report = ["--no-container", "--test-command", RUNS, "--report", file];
        bench.slim(&report).assert(0, &[]);
    }
    let page = bench.read("report.html");
    for part in [
        "<td>passed</td><td>failed with exit status 3</td><td>passed</td>",
        "Healed with 1 path that the plan lacks",
        "<p class=\"path\">/opt/data/5</p>",
    ] {
        assert!(page.contains(part), "no `{part}`");
    }
    let report: serde_json::Value = serde_json::from_str(&bench.read("report.json")).unwrap();
    let tests = &report["tests"];
    assert_eq!(tests["engine"], "podman");
    assert_eq!(tests["passed"], true);
    assert_eq!(tests["original"][0]["result"], "passed");
    assert_eq!(tests["slimmed"][0]["result"], "failed with exit status 3");
    assert_eq!(
        tests["healing"]["added"],
        serde_json::json!(["/opt/data/5"])
    );
    let kept = report["kept"].as_array().unwrap();
    let row = kept
        .iter()
        .find(|row| row["path"] == "/opt/data/5")
        .unwrap();
    assert_eq!(row["why"], "required by the test, absent from the plan");
}

#[test]
fn an_observation_of_other_layers_is_reported_and_one_of_the_same_layers_is_not() {
    let bench = Bench::new(&[]);
    let observed = |chain_id: &str, file: &str| {
        let text = format!(
            "{{\"version\":1,\"image\":{{\"name\":\"older:1\",\"chain_id\":\"{chain_id}\"}},\
             \"complete\":true,\"paths\":[]}}"
        );
        std::fs::write(bench.path(file), text).unwrap();
        bench.slim(&["--observed", file]).stdout
    };
    let warning = "`older:1` was observed with other layers";
    assert!(observed("sha256:other", "other").contains(warning));
    let archive = bench.path("app.tar").display().to_string();
    let image = crate::builders::images::open(&format!("docker-archive:{archive}")).unwrap();
    // The ChainID of a single layer is its diff ID.
    assert!(!observed(image.config.diff_ids()[0], "same").contains(warning));
    // A directory has none.
    assert!(!observed("", "directory").contains(warning));
}

#[test]
fn options_that_need_a_missing_file_are_refused_before_an_image_is_opened() {
    let missing = ["--keep-level", "observed"];
    for command in [
        &["slim", "absent.tar", "--dry-run"][..],
        &["why", "absent.tar", "/app"],
        &["why-not", "absent.tar", "/app"],
        &["verify", "absent.tar"],
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_jettison"))
            .args(command)
            .args(missing)
            .output()
            .unwrap();
        let ran = super::bench::Ran::of(&output);
        ran.assert(2, &["needs a file of `jettison observe`"]);
        assert!(!ran.stderr.contains("absent.tar"), "{}", ran.stderr);
    }
}
