//! The tracer, on programs of the host: what it records, and that it changes nothing for them.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use jettison::evidence::observation::{Act, Observation};
use jettison::evidence::tracer;

/// A traced run, in an empty directory of its own.
struct Traced {
    output: Output,
    observation: Observation,
    /// The directory, without a symlink on its path.
    directory: String,
    _temporary: tempfile::TempDir,
}

impl Traced {
    /// Whether a program with this file name did something with a path in the directory.
    fn has(&self, act: Act, path: &str, program: &str) -> bool {
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("{}/{path}", self.directory)
        };
        let mut found = self.observation.by(act);
        found.any(|(used, programs)| {
            let mut names = programs
                .iter()
                .map(|program| program.rsplit(|&byte| byte == b'/').next());
            used == path.as_bytes() && names.any(|name| name == Some(program.as_bytes()))
        })
    }

    fn status(&self) -> i32 {
        self.output.status.code().unwrap()
    }

    fn stdout(&self) -> &str {
        str::from_utf8(&self.output.stdout).unwrap()
    }
}

fn jettison(results: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command.arg(tracer::ARGUMENT).arg(results);
    command
}

/// Traces a shell script.
fn sh(script: &str) -> Traced {
    run(&["sh", "-c", script], "")
}

fn python(script: &str) -> Traced {
    run(&["python3", "-S", "-c", script], "")
}

#[expect(clippy::disallowed_methods, reason = "it is a directory of the host")]
fn run(words: &[&str], input: &str) -> Traced {
    let temporary = tempfile::tempdir().unwrap();
    let directory = temporary.path().canonicalize().unwrap();
    let (results, work) = (directory.join("results"), directory.join("work"));
    std::fs::create_dir(&results).unwrap();
    std::fs::create_dir(&work).unwrap();
    let mut child = jettison(&results)
        .args(words)
        .current_dir(&work)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let mut observation = Observation::default();
    tracer::results(&results, &mut observation).unwrap();
    Traced {
        output,
        observation,
        directory: work.to_str().unwrap().to_owned(),
        _temporary: temporary,
    }
}

#[test]
fn each_kind_of_use_has_its_record() {
    let traced =
        sh("echo 1 >made; cat made; mkdir sub; ls sub; test -e sub; test -e absent; : >made");
    assert_eq!(traced.stdout(), "1\n");
    assert!(traced.has(Act::Created, "made", "dash") || traced.has(Act::Created, "made", "bash"));
    assert!(traced.has(Act::Opened, "made", "cat"));
    assert!(traced.has(Act::Created, "sub", "mkdir"));
    assert!(traced.has(Act::Listed, "sub", "ls"));
    assert!(
        traced
            .observation
            .failed()
            .any(|(path, _)| path.ends_with(b"/absent"))
    );
    let mut executed = traced.observation.by(Act::Executed);
    assert!(executed.any(|(path, _)| path.ends_with(b"/bin/cat")));
    assert!(!traced.observation.is_incomplete);
}

#[test]
fn relative_paths_start_at_the_directory_of_the_process_or_of_the_call() {
    let traced = python(
        "import os\n\
         os.mkdir('a'); open('a/one', 'w').close(); open('a/two', 'w').close()\n\
         d = os.open('a', os.O_RDONLY)\n\
         os.close(os.open('one', os.O_RDONLY, dir_fd=d))\n\
         os.chdir('a'); open('two').close(); os.stat('../a/one')",
    );
    assert_eq!(traced.status(), 0);
    assert!(
        traced
            .observation
            .by(Act::Opened)
            .any(|(path, _)| path.ends_with(b"/work/a/one"))
    );
    assert!(
        traced
            .observation
            .by(Act::Opened)
            .any(|(path, _)| path.ends_with(b"/work/a/two"))
    );
    assert!(
        traced
            .observation
            .by(Act::Listed)
            .any(|(path, _)| path.ends_with(b"/work/a"))
    );
    let mut looked_up = traced.observation.by(Act::LookedUp);
    assert!(looked_up.any(|(path, _)| path.ends_with(b"/work/a/../a/one")));
}

#[test]
fn a_symlink_is_missing_only_if_the_call_follows_it() {
    let traced = sh("ln -s nowhere link; cat link 2>/dev/null; readlink link; test -L link");
    assert_eq!((traced.status(), traced.stdout()), (0, "nowhere\n"));
    assert!(traced.has(Act::Missing, "link", "cat"));
    assert!(traced.has(Act::LookedUp, "link", "readlink"));
    assert!(traced.has(Act::Created, "link", "ln"));
}

#[test]
fn threads_and_forked_and_vforked_children_are_traced() {
    let traced = python(
        "import os, subprocess, threading\n\
         threads = [threading.Thread(target=lambda n=n: open(f't{n}', 'w').close()) for n in range(20)]\n\
         [t.start() for t in threads]; [t.join() for t in threads]\n\
         if os.fork() == 0:\n    open('forked', 'w').close(); os._exit(0)\n\
         os.wait(); subprocess.run(['/bin/sh', '-c', ': >vforked'])",
    );
    assert_eq!(
        traced.status(),
        0,
        "{}",
        String::from_utf8_lossy(&traced.output.stderr)
    );
    let created: Vec<_> = traced
        .observation
        .by(Act::Created)
        .map(|(path, _)| path)
        .collect();
    let names = (0..20).map(|number| format!("/t{number}"));
    for name in names.chain(["/forked".to_owned(), "/vforked".to_owned()]) {
        assert!(
            created.iter().any(|path| path.ends_with(name.as_bytes())),
            "{name}"
        );
    }
}

#[test]
fn the_exit_status_is_that_of_the_program() {
    assert_eq!(sh("exit 7").status(), 7);
    assert_eq!(sh("exit 0").status(), 0);
    assert_eq!(sh("kill -TERM $$").status(), 128 + 15);
    assert_eq!(sh("kill -KILL $$").status(), 128 + 9);
    assert_eq!(run(&["/absent/program"], "").status(), 127);
    assert_eq!(run(&["/etc/passwd"], "").status(), 126);
    assert_eq!(run(&[], "").status(), 125);
}

#[test]
fn standard_streams_are_those_of_the_program() {
    let traced = run(&["sh", "-c", "cat; echo error >&2"], "text");
    assert_eq!(traced.stdout(), "text");
    assert_eq!(traced.output.stderr, b"error\n");
}

#[test]
fn signals_reach_the_program_and_not_the_tracer() {
    let temporary = tempfile::tempdir().unwrap();
    let mut child = jettison(temporary.path())
        .args([
            "sh",
            "-c",
            "trap 'echo caught; exit 3' TERM; echo ready; while :; do read -r _; done",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "caught");
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn real_time_signals_of_threads_are_delivered() {
    // glibc changes the user of all threads with one.
    let traced = python(
        "import os, signal, threading\n\
         e = threading.Event(); t = threading.Thread(target=e.wait); t.start()\n\
         os.setuid(os.getuid())\n\
         hits = []; signal.signal(signal.SIGRTMIN + 3, lambda *_: hits.append(1))\n\
         os.kill(os.getpid(), signal.SIGRTMIN + 3); e.set(); t.join(); print(hits)",
    );
    assert_eq!(traced.stdout(), "[1]\n");
}

#[test]
fn orphans_are_reaped_and_their_uses_recorded_while_the_program_runs() {
    let traced = sh("(sh -c ': >orphan' &) ; until test -e orphan; do :; done");
    assert_eq!(traced.status(), 0);
    let mut created = traced.observation.by(Act::Created);
    assert!(created.any(|(path, _)| path.ends_with(b"/orphan")));
}

#[test]
fn calls_with_bad_addresses_fail_as_without_a_tracer() {
    let traced = python(
        "import ctypes, os\n\
         libc = ctypes.CDLL(None, use_errno=True)\n\
         print(libc.open(ctypes.c_void_p(1), 0), ctypes.get_errno())\n\
         print(libc.access(b'', 0), ctypes.get_errno())\n\
         print(libc.open(b'a' * 5000, 0), ctypes.get_errno())",
    );
    assert_eq!(traced.stdout(), "-1 14\n-1 2\n-1 36\n");
    assert!(!traced.observation.is_incomplete);
}

#[test]
fn the_kernels_own_directories_are_not_recorded() {
    let traced = sh("cat /proc/self/stat /dev/null >/dev/null; test -e /sys/kernel");
    let mut paths = traced.observation.paths();
    assert!(paths.all(|(path, _)| {
        ![&b"/proc/"[..], b"/dev/", b"/sys/"]
            .iter()
            .any(|top| path.starts_with(top))
    }));
}

#[test]
fn a_directory_that_cannot_be_written_to_ends_the_run_before_it_starts() {
    let temporary = tempfile::tempdir().unwrap();
    let marker = temporary.path().join("marker");
    std::fs::set_permissions(temporary.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = jettison(&temporary.path().join("absent"))
        .arg("touch")
        .arg(&marker)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(125));
    assert!(!marker.exists());
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("cannot write records"), "{message}");
}
