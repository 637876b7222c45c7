//! Real registries, daemons and builders on loopback, each with a script in `transports/`.

use crate::containers::output;
use std::path::PathBuf;
use std::process::Command;

fn run(script: &str, arguments: &[&str]) {
    let name = [&[script], arguments].concat().join("-");
    let work = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("e2e")
        .join(name);
    let mut command = Command::new("tests/e2e/sandbox.sh");
    command
        .arg(format!("tests/e2e/transports/{script}.sh"))
        .args(arguments);
    println!(
        "{}",
        output(
            command
                .env("JETTISON", env!("CARGO_BIN_EXE_jettison"))
                .env("WORK", work)
        )
    );
}

#[test]
fn a_registry_is_read_and_written() {
    run("registry", &["open"]);
}

#[test]
fn a_registry_with_a_password_and_a_private_certificate_is_read_and_written() {
    run("registry", &["guarded"]);
}

#[test]
fn podmans_service_gives_and_takes_images() {
    run("daemon", &["podman"]);
}

#[test]
fn dockers_daemon_gives_and_takes_images() {
    run("daemon", &["docker"]);
}

#[test]
fn a_stage_of_a_dockerfile_slims_what_was_built() {
    run("stage", &[]);
}
