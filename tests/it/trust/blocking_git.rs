//! A repository can make git wait forever: git reads whatever is at a path, and a FIFO has no end.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::ground::{Ground, output_of};

/// A repository in which something is a FIFO.
fn with_fifo(path: &str) -> Ground {
    let ground = Ground::new();
    ground.init();
    let _ = fs::remove_file(ground.path(path));
    ground.fifo(path);
    ground
}

/// The processes that run in a directory or below, other than jettison.
fn processes_in(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("it is there").flatten() {
        let program = entry.path();
        let is_there =
            fs::read_link(program.join("cwd")).is_ok_and(|cwd| cwd.starts_with(directory));
        let name = fs::read_to_string(program.join("comm")).unwrap_or_default();
        if is_there && name.trim() != "jettison" && !name.is_empty() {
            found.push(format!("{} {}", entry.path().display(), name.trim()));
        }
    }
    found
}

/// Waits until a condition holds; true if it does in time.
fn soon(condition: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(30);
    while !condition() {
        if Instant::now() > end {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
    true
}

#[test]
fn a_git_process_that_waits_for_a_fifo_is_stopped() {
    thread::scope(|scope| {
        for path in [
            "repo/.git/included",
            "repo/.git/index",
            "repo/.git/HEAD",
            "repo/.git/objects/info/alternates",
            "repo/.git/info/grafts",
            "repo/.git/commondir",
        ] {
            scope.spawn(move || {
                let ground = if path.ends_with("included") {
                    let ground = Ground::new();
                    ground.init();
                    ground.git(&["config", "include.path", "included"]);
                    ground.fifo(path);
                    ground
                } else {
                    with_fifo(path)
                };
                let start = Instant::now();
                let mut command = ground.command();
                let run = output_of(command.args(["lint", "--staged", "--no-shellcheck"]));
                assert!(start.elapsed() < Duration::from_mins(1), "{path}");
                // Some versions of git do not read some of these.
                if start.elapsed() > Duration::from_secs(15) {
                    let reason =
                        "cannot run `git` for `--staged`: it did not finish within 20 seconds";
                    assert_eq!(run.code, 2, "{path}");
                    assert!(run.err.contains(reason), "{path}: {}", run.err);
                } else {
                    assert!(
                        !path.ends_with("included") && !path.ends_with("index"),
                        "{path}"
                    );
                }
                assert_eq!(processes_in(&ground.top), [""; 0], "{path}");
            });
        }
    });
}

/// jettison that waits for git.
fn waiting(ground: &Ground) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command.current_dir(ground.path("repo")).env_clear();
    command
        .envs(ground.environment())
        .args(["lint", "--staged", "--no-shellcheck"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let child = command.spawn().expect("it starts");
    assert!(soon(|| !processes_in(&ground.top).is_empty()), "git runs");
    child
}

#[test]
fn a_signal_that_ends_jettison_also_ends_git() {
    // Nothing can catch the last one: the kernel ends the program.
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL] {
        let ground = with_fifo("repo/.git/index");
        let mut jettison = waiting(&ground);
        let pid = i32::try_from(jettison.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a number"), signal).expect("it runs");
        let status = jettison.wait().expect("it ends");
        assert_eq!(
            status.signal(),
            Some(signal.as_raw()),
            "as without a handler"
        );
        assert!(soon(|| processes_in(&ground.top).is_empty()), "{signal:?}");
    }
}
