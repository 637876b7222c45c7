//! Images through pipes.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::builders::images::{self, Directory, Tar, gzip, zstd};

fn archive() -> Vec<u8> {
    let layer = Tar::new()
        .file("app", b"program")
        .file("junk", b"junk")
        .end();
    images::docker_archive(
        std::slice::from_ref(&layer),
        &images::config(std::slice::from_ref(&layer)),
        &["app:1"],
    )
}

fn jettison(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It may stop reading, which is for the test to see in how it ends.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[test]
fn slim_reads_compressed_archives_from_stdin_and_writes_to_stdout() {
    let archive = archive();
    for input in [archive.clone(), gzip(&archive), zstd(&archive)] {
        let output = jettison(&["slim", "-", "-o", "-", "-t", "new:1"], &input);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.success() && said.contains("wrote -, image sha256:"),
            "{said}"
        );
        let directory = Directory::new();
        let path = directory.file("out.tar", &output.stdout);
        let image = images::open(&format!("docker-archive:{}:new:1", path.display())).unwrap();
        assert_eq!(images::listing(&image), ["/app = program"]);
    }
}

#[test]
fn a_named_pipe_is_read_like_standard_input() {
    let directory = Directory::new();
    let path = directory.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, 0o600.into()).unwrap();
    let pipe = path.clone();
    let writer = std::thread::spawn(move || std::fs::write(pipe, gzip(&archive())).unwrap());
    let output = jettison(&["slim", path.to_str().unwrap(), "--dry-run"], b"");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    writer.join().unwrap();
}

#[test]
fn standard_input_that_is_not_an_image_is_reported() {
    let output = jettison(&["deps", "-"], b"");
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        error.contains("`standard input` is not an image"),
        "{error}"
    );
    let output = jettison(&["deps", "-"], &archive()[..3000]);
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("blob `standard input`: entry")
    );
}

#[test]
fn the_entry_point_can_be_set_by_flags_or_a_configuration_file() {
    let directory = Directory::new();
    directory.file("root/bin/app", b"#!/bin/other\n");
    directory.file("root/bin/other", b"program");
    directory.file("root/junk", b"junk");
    for program in ["root/bin/app", "root/bin/other"] {
        let path = directory.path().join(program);
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
    }
    let root = format!("rootfs:{}", directory.path().join("root").display());
    let config = directory.file(
        "config.json",
        br#"[{"Config": {"Entrypoint": ["app"], "Env": ["PATH=/bin"]}}]"#,
    );
    let config = config.to_str().unwrap();
    for arguments in [
        &["--entrypoint", "/bin/app x"][..],
        &["--cmd", r#"["app"]"#, "--env", "PATH=/bin"],
        &[
            "--entrypoint",
            "app",
            "--workdir",
            "/bin",
            "--env",
            "PATH=/sbin:/bin",
        ],
        &["--config", config],
    ] {
        let output = jettison(&[&["slim", &root, "--dry-run"], arguments].concat(), b"");
        let (out, error) = (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        );
        assert!(output.status.success(), "{arguments:?} {error}");
        let kept = out.split("kept:\n").nth(1).unwrap();
        assert!(
            kept.contains("/bin/app") && kept.contains("/bin/other") && !kept.contains("junk"),
            "{kept}"
        );
    }
    let output = jettison(
        &["slim", &root, "--dry-run", "--config", "no-such.json"],
        b"",
    );
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("configuration `no-such.json`: cannot read it")
    );
}
