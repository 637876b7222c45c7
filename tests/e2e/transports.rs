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
fn images_are_read_from_and_written_to_a_registry() {
    run("registry", &["open"]);
}

#[test]
fn a_registry_with_a_password_and_a_private_certificate_works() {
    run("registry", &["guarded"]);
}

#[test]
fn images_are_read_from_and_written_to_the_podman_service() {
    run("daemon", &["podman"]);
}

#[test]
fn images_are_read_from_and_written_to_the_docker_daemon() {
    run("daemon", &["docker"]);
}

#[test]
fn a_dockerfile_stage_slims_the_image_built_before_it() {
    run("stage", &[]);
}

#[test]
fn docker_build_uses_jettison_as_its_frontend() {
    run("frontend", &[]);
}
