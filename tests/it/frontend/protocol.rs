//! What no proper BuildKit does: errors and broken connections at any call, and invalid answers.

use std::fs;
use std::process::Stdio;

use super::gateway::{Disturbance, Fake};

/// A build that makes each kind of call.
fn every_call() -> Fake {
    let mut fake = Fake::new("FROM debian:latest\nCMD [\"/app\"]\n");
    fake.option("build-arg:JETTISON", "slim");
    fake.option("source", "jettison:1");
    fake.file("context", ".dockerignore", "x\n");
    fake.file("context", ".jettison.toml", "select = ['latest-tag']\n");
    fake
}

#[test]
fn an_error_at_any_call_ends_the_build() {
    let fake = every_call();
    let calls = fake.run().methods;
    for name in ["Inputs", "Solve", "StatFile", "ReadFile", "Warn", "Return"] {
        assert!(calls.iter().any(|call| call == name), "{name} in {calls:?}");
    }
    for (number, call) in calls.iter().enumerate() {
        let mut fake = every_call();
        fake.disturbance = Some((number, Disturbance::Refuse));
        let session = fake.run();
        let is_optional = session.is_success();
        // A file that cannot be read is a warning. BuildKit's own findings are not there in old
        // engines.
        let may_fail = matches!(call.as_str(), "StatFile" | "ReadFile") || number == 2;
        assert_eq!(is_optional, may_fail, "{number}: {call}");
        match call.as_str() {
            // There is nobody to tell.
            "Ping" | "Return" => {
                assert_eq!(session.code, Some(2));
                assert!(session.stderr.contains("disturbed"), "{}", session.stderr);
            }
            _ if may_fail => {}
            _ => assert_eq!(session.error().message, "disturbed"),
        }
    }
}

#[test]
fn a_connection_that_ends_at_any_call_ends_the_program() {
    let calls = every_call().run().methods;
    for disturbance in [
        Disturbance::Close,
        Disturbance::CloseWithin,
        Disturbance::Reset,
    ] {
        for (number, call) in calls.iter().enumerate() {
            let mut fake = every_call();
            fake.disturbance = Some((number, disturbance));
            let session = fake.run();
            assert!(!session.is_success(), "{disturbance:?} at {number}: {call}");
            // After a reset, the connection still carries the error.
            if !matches!(disturbance, Disturbance::Reset) {
                assert_eq!(session.code, Some(2), "{disturbance:?} at {number}: {call}");
                let expected = format!("the connection to BuildKit failed in the call `{call}`");
                assert!(
                    session.stderr.contains(&expected) || session.stderr.contains("failed"),
                    "{disturbance:?} at {number}: {}",
                    session.stderr
                );
            }
        }
    }
}

#[test]
fn an_invalid_answer_is_an_error_that_says_why() {
    let calls = every_call().run().methods;
    let build = calls.iter().rposition(|call| call == "Solve").unwrap();
    for (disturbance, reason) in [
        (Disturbance::Body(b""), "it has no message"),
        (Disturbance::Body(b"\0\0\0"), "it is truncated"),
        (Disturbance::Body(b"\0\0\0\0\x09abc"), "it is truncated"),
        (
            Disturbance::Body(b"\0\0\0\0\x02\x1a\0\0\0\0\0\0"),
            "more than one message",
        ),
        (Disturbance::Body(b"\x01\0\0\0\x01a"), "it is compressed"),
        (
            Disturbance::Body(b"\0\x40\0\0\0"),
            "it has 1073741824 bytes, more than 16 MiB",
        ),
        (
            Disturbance::Body(b"\0\0\0\0\x02\xff\xff"),
            "failed to decode",
        ),
        (Disturbance::Body(b"\0\0\0\0\0"), "it has no result"),
        (Disturbance::NoStatus, "it has no status"),
        (Disturbance::Http(503), "HTTP status 503"),
    ] {
        let mut fake = every_call();
        fake.disturbance = Some((build, disturbance));
        let session = fake.run();
        let message = &session.error().message;
        assert!(
            message.contains("BuildKit's answer to the call `Solve` is invalid")
                && message.contains(reason),
            "{disturbance:?}: {message}"
        );
    }
}

#[test]
fn something_else_on_standard_input_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("input");
    for bytes in [
        &b""[..],
        b"GET / HTTP/1.1\r\n\r\n",
        &[0xff; 4096],
        &vec![0; 100_000],
    ] {
        fs::write(&file, bytes).unwrap();
        let output = Fake::new("FROM a\n")
            .command()
            .stdin(fs::File::open(&file).unwrap())
            .stdout(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            stderr.contains("the connection to BuildKit failed"),
            "{stderr}"
        );
    }
}

#[test]
fn an_engine_that_cannot_take_a_result_is_refused() {
    let mut fake = Fake::new("FROM a\n");
    fake.capabilities.retain(|name| *name != "return");
    let session = fake.run();
    assert_eq!(session.code, Some(2));
    assert!(
        session.stderr.contains("too old for jettison"),
        "{}",
        session.stderr
    );
}

#[test]
fn without_buildkit_the_command_says_who_runs_it() {
    let output = Fake::new("FROM a\n")
        .command()
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("only BuildKit runs this command"),
        "{stderr}"
    );
}

#[test]
fn an_image_whose_entrypoint_is_jettison_is_a_frontend() {
    let mut fake = Fake::new("FROM a\n");
    fake.option("target", "x");
    let mut command = fake.command();
    let envs: Vec<_> = command
        .get_envs()
        .map(|(name, value)| (name.to_owned(), value.unwrap().to_owned()))
        .collect();
    command = std::process::Command::new(env!("CARGO_BIN_EXE_jettison"));
    let output = command
        .env_clear()
        .envs(envs)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("the connection to BuildKit failed"),
        "{stderr}"
    );
}
