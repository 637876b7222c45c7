//! However jettison ends, it leaves no container, image, process or file behind.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::bench::Bench;

/// Waits until a condition holds; true if it does in time.
fn soon(condition: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_mins(1);
    while !condition() {
        if Instant::now() > end {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
    true
}

/// The processes that know of the directory: in the working directory or in the environment.
fn processes_of(directory: &Path) -> Vec<String> {
    let directory = directory.to_str().unwrap();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        if String::from_utf8_lossy(&environment).contains(directory) {
            let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            found.push(format!("{} {}", entry.path().display(), name.trim()));
        }
    }
    found
}

/// A run that waits in its test, with a container, a process in the background and a file.
fn waiting(bench: &Bench) -> Child {
    let wait = "(sleep 1000 & sleep 1000) & \"$ENGINE\" run --detach --name own \"$IMAGE\" && \
                touch \"$FAKE/waits\" && sleep 1000";
    let mut command = bench.command(&["--test-command", wait, "--test-timeout", "900"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let is_waiting = soon(|| bench.path("waits").exists());
    assert!(is_waiting, "{:?}", child.try_wait());
    // The container of jettison, that of the script, and the image.
    assert!(bench.remains().len() >= 4, "{:?}", bench.remains());
    child
}

fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Fails if a process that uses the directory of the bench goes on.
fn assert_no_processes(bench: &Bench) {
    let directory = bench.path("");
    assert!(
        soon(|| processes_of(&directory).is_empty()),
        "{:?}",
        processes_of(&directory)
    );
}

#[test]
fn everything_is_removed_when_a_signal_has_ended_jettison() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let bench = Bench::new(&[]);
        let mut child = waiting(&bench);
        send(&child, signal);
        assert_eq!(child.wait().unwrap().signal(), Some(signal.as_raw()));
        // It ends last.
        assert_eq!(bench.remains(), Vec::<String>::new(), "{signal:?}");
        assert_no_processes(&bench);
    }
}

#[test]
fn everything_is_removed_when_jettison_was_killed() {
    let bench = Bench::new(&[]);
    let mut child = waiting(&bench);
    send(&child, Signal::KILL);
    child.wait().unwrap();
    assert!(soon(|| bench.remains().is_empty()), "{:?}", bench.remains());
    assert_no_processes(&bench);
}

#[test]
fn an_image_that_is_being_loaded_is_complete_before_it_is_removed() {
    for signal in [Signal::INT, Signal::KILL] {
        let bench = Bench::new(&[]);
        let mut command = bench.command(&["--no-container", "--test-command", "true"]);
        command.env("FAKE_WAITS", "yes");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        assert!(soon(|| bench.path("loads").exists()), "{signal:?}");
        send(&child, signal);
        fs::write(bench.path("continue"), "").unwrap();
        child.wait().unwrap();
        assert!(
            soon(|| bench.remains().is_empty()),
            "{signal:?}: {:?}",
            bench.remains()
        );
        assert_no_processes(&bench);
    }
}

#[test]
fn only_jettison_can_start_the_process_that_removes_things() {
    let bench = Bench::new(&[]);
    let precious = bench.path("tmp/precious");
    fs::create_dir(&precious).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_jettison"))
        .args(["--clean-up-after", "podman", "/bin/true", "x"])
        .arg(&precious)
        .stdin(Stdio::null())
        .output();
    assert_eq!(output.unwrap().status.code(), Some(2));
    assert!(precious.exists());
}
