//! Symlinks of a repository lead nowhere else: not when it is searched, fixed or reported on.

use std::fs;
use std::os::unix::net::UnixListener;

use super::ground::{DOCKERFILE, Ground, files, output_of};

/// The start of every compact report on a private file.
const PRIVATE: &str = "private";

fn compact<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let all = ["--format", "compact", "--select", "root-user,maintainer"];
    [&all, arguments].concat()
}

#[test]
fn a_dockerfile_symlink_out_of_the_searched_directory_is_not_read() {
    let ground = Ground::new();
    ground.write("repo/.git/config", "FROM private:1\nUSER root\n");
    ground.write("repo/base", DOCKERFILE);
    ground.write("repo/sub/.git/HEAD", "FROM private:1\nUSER root\n");
    let absolute = ground.path("outside/private").display().to_string();
    for (name, target) in [
        ("a.Dockerfile", "../outside/private"),
        ("b.Dockerfile", &absolute),
        ("c.Dockerfile", "a.Dockerfile"),
        ("d.Dockerfile", "sub/../../outside/private"),
        ("e.Dockerfile", "directory/private"),
        ("f.Dockerfile", "/proc/self/environ"),
        ("g.Dockerfile", "/dev/zero"),
        ("h.Dockerfile", ".git/config"),
        ("i.Dockerfile", "sub/.git/HEAD"),
        ("directory", "../outside"),
        ("Dockerfile.d", "../outside"),
    ] {
        ground.link(target, &format!("repo/{name}"));
    }
    ground.write("outside/Dockerfile", "FROM private:1\nUSER root\n");
    ground.link("base", "repo/z.Dockerfile");
    for arguments in [&[][..], &["."], &["--fix", "--unsafe-fixes"], &["--diff"]] {
        let run = ground.lint(&compact(arguments));
        assert!(!run.out.contains(PRIVATE), "{arguments:?}: {}", run.out);
        for (name, reason) in [
            ("a", "it is a symlink that points outside `.`"),
            ("b", "it is a symlink that points outside `.`"),
            ("c", "it is a symlink that points outside `.`"),
            ("d", "it is a symlink that points outside `.`"),
            ("e", "it is a symlink that points outside `.`"),
            ("f", "it is a symlink that points outside `.`"),
            ("g", "it is a symlink that points outside `.`"),
            ("h", "it is in `.git`"),
            ("i", "it is in `.git`"),
        ] {
            let warning = format!("warning: `{name}.Dockerfile` is not checked: {reason}\n");
            assert!(
                run.err.contains(&warning),
                "{arguments:?} {warning}: {}",
                run.err
            );
        }
        if !arguments.contains(&"--diff") {
            assert_eq!(
                files(&run.out),
                ["Dockerfile", "sub/Dockerfile", "z.Dockerfile"]
            );
            assert_eq!(run.code, 1);
        }
    }
    assert!(ground.read("outside/private").contains("ADD secret"));
}

#[test]
fn a_directory_search_cannot_leave_the_directory() {
    let ground = Ground::new();
    ground.write("repo/common", DOCKERFILE);
    ground.link("../common", "repo/sub/x.Dockerfile");
    let run = ground.lint(&compact(&["sub"]));
    assert_eq!(files(&run.out), ["sub/Dockerfile"]);
    let warning = "`sub/x.Dockerfile` is not checked: it is a symlink that points outside `sub`";
    assert!(run.err.contains(warning), "{}", run.err);
    let run = ground.lint(&compact(&["."]));
    assert_eq!(
        files(&run.out),
        ["Dockerfile", "sub/Dockerfile", "sub/x.Dockerfile"]
    );
    let named = ground.lint(&compact(&["sub/x.Dockerfile"]));
    assert_eq!(
        files(&named.out),
        ["sub/x.Dockerfile"],
        "who names it means it"
    );
    ground.link("sub", "repo/link");
    let named = ground.lint(&compact(&["link"]));
    assert_eq!(files(&named.out), ["link/Dockerfile"], "a directory too");
}

#[test]
fn a_file_found_under_two_names_is_checked_once() {
    let ground = Ground::new();
    ground.link("sub/Dockerfile", "repo/x.Dockerfile");
    ground.link("x.Dockerfile", "repo/y.Dockerfile");
    let run = ground.lint(&compact(&[]));
    assert_eq!(files(&run.out), ["Dockerfile", "sub/Dockerfile"]);
    let run = ground.lint(&["--fix", "--no-shellcheck"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(
        !run.err.contains("another program changed it"),
        "{}",
        run.err
    );
}

#[test]
fn fifos_sockets_and_directories_are_skipped_without_waiting() {
    let ground = Ground::new();
    ground.fifo("repo/a.Dockerfile");
    ground.fifo("repo/pipe");
    ground.link("pipe", "repo/b.Dockerfile");
    let _listener = UnixListener::bind(ground.path("repo/c.Dockerfile")).expect("it can be bound");
    fs::create_dir(ground.path("repo/d.Dockerfile")).expect("it can be made");
    ground.link("d.Dockerfile", "repo/e.Dockerfile");
    ground.link("no-such-file", "repo/f.Dockerfile");
    let run = ground.lint(&compact(&[]));
    assert_eq!(files(&run.out), ["Dockerfile", "sub/Dockerfile"]);
    for expected in [
        "warning: `a.Dockerfile` is not checked: it is a FIFO, not a regular file\n",
        "warning: `b.Dockerfile` is not checked: it is a FIFO, not a regular file\n",
        "warning: `c.Dockerfile` is not checked: it is a socket, not a regular file\n",
        "error: cannot read `f.Dockerfile`: No such file",
    ] {
        assert!(run.err.contains(expected), "{expected}: {}", run.err);
    }
    assert_eq!(run.code, 2, "one could not be read");
}

#[test]
fn a_fix_cannot_leave_the_repository() {
    let ground = Ground::new();
    ground.write(
        "outside/Dockerfile",
        "FROM private:1\nMAINTAINER secret\nUSER root\n",
    );
    ground.write("outside/other/.git/HEAD", "");
    ground.write(
        "outside/other/Dockerfile",
        "FROM private:1\nMAINTAINER secret\n",
    );
    let absolute = ground.path("outside/private").display().to_string();
    for (name, target) in [
        ("relative", "../outside/private"),
        ("absolute", &absolute),
        ("chain", "relative"),
        ("directory", "../outside"),
        ("repository", "../outside/other"),
        ("hooks", ".git"),
    ] {
        ground.link(target, &format!("repo/{name}"));
    }
    ground.write("repo/.git/Dockerfile", DOCKERFILE);
    let here = ground
        .path("repo/directory/Dockerfile")
        .display()
        .to_string();
    let before = ground.snapshot();
    for (path, reason) in [
        ("relative", "is a symlink that points outside"),
        ("absolute", "is a symlink that points outside"),
        ("chain", "is a symlink that points outside"),
        ("directory/Dockerfile", "is a symlink that points outside"),
        (
            "./sub/../directory/Dockerfile",
            "is a symlink that points outside",
        ),
        ("repository/Dockerfile", "is a symlink that points outside"),
        (&here, "is a symlink that points outside"),
        ("hooks/Dockerfile", "it is in `.git`"),
    ] {
        let run = ground.lint(&["--fix", "--unsafe-fixes", "--no-shellcheck", path]);
        assert_eq!(run.code, 2, "{path}: {}", run.err);
        // It is not even read.
        let start = format!("error: cannot read `{path}`: ");
        assert!(
            run.err.contains(&start) && run.err.contains(reason),
            "{path}: {}",
            run.err
        );
    }
    assert_eq!(ground.snapshot(), before);
    // From a directory of the repository, the repository is still what counts.
    ground.write("repo/real", DOCKERFILE);
    ground.link("../real", "repo/sub/link");
    let mut command = ground.command();
    command.current_dir(ground.path("repo/sub"));
    let run =
        output_of(command.args(["lint", "--fix", "--unsafe-fixes", "--no-shellcheck", "link"]));
    assert_ne!(run.code, 2, "{}", run.err);
    assert!(ground.read("repo/real").contains("COPY app"));
    assert!(ground.path("repo/sub/link").is_symlink());
}

#[test]
fn without_a_repository_a_fix_cannot_leave_the_current_directory() {
    let ground = Ground::new();
    fs::remove_dir(ground.path("repo/.git")).expect("it is there");
    ground.link("../Dockerfile", "repo/sub/up");
    ground.link("../outside/private", "repo/private");
    let before = ground.snapshot();
    let mut command = ground.command();
    command.current_dir(ground.path("repo/sub"));
    let up = output_of(command.args(["lint", "--fix", "--unsafe-fixes", "up"]));
    let private = ground.lint(&["--fix", "--unsafe-fixes", "private"]);
    for run in [up, private] {
        assert_eq!(run.code, 2);
        assert!(
            run.err.contains("is a symlink that points outside"),
            "{}",
            run.err
        );
        assert!(!run.err.contains("fixed 1 finding"), "{}", run.err);
    }
    assert_eq!(ground.snapshot(), before);
}

#[test]
fn a_report_replaces_a_symlink() {
    for target in [
        "../outside/private",
        "../outside/new",
        "/dev/null",
        "sub",
        "sub/Dockerfile",
    ] {
        for option in ["--output", "--format", "--write-baseline"] {
            let ground = Ground::new();
            ground.link(target, "repo/out");
            let outside = ground.read("outside/private");
            let value = if option == "--format" {
                "json=out"
            } else {
                "out"
            };
            let run = ground.lint(&[option, value]);
            assert_ne!(run.code, 2, "{option} {target}: {}", run.err);
            assert!(!ground.path("repo/out").is_symlink(), "{option} {target}");
            assert!(ground.path("repo/out").is_file());
            assert_eq!(ground.read("outside/private"), outside);
            assert!(!ground.path("outside/new").exists());
            assert_eq!(ground.read("repo/sub/Dockerfile"), DOCKERFILE);
        }
    }
}

#[test]
fn a_report_from_a_named_configuration_replaces_a_symlink() {
    let ground = Ground::new();
    ground.link("../outside/private", "repo/out");
    ground.write("outside/ours.toml", "format = ['text', 'json=out']\n");
    let before = ground.read("outside/private");
    assert_eq!(ground.lint(&["--config", "../outside/ours.toml"]).code, 1);
    assert_eq!(ground.read("outside/private"), before);
    assert!(ground.read("repo/out").starts_with('['));
}

#[test]
fn a_report_cannot_leave_the_repository_through_a_symlinked_directory() {
    let ground = Ground::new();
    ground.link("../outside", "repo/reports");
    ground.link(".git", "repo/hooks");
    ground.link("sub", "repo/inside");
    let before = ground.snapshot();
    for (path, reason) in [
        ("reports/new.json", "is a symlink that points outside"),
        ("reports/private", "is a symlink that points outside"),
        ("hooks/pre-commit", "it is in `.git`"),
    ] {
        for option in ["--output", "--write-baseline"] {
            let run = ground.lint(&[option, path]);
            assert_eq!(run.code, 2, "{path}: {}", run.err);
            assert!(
                run.err.contains(&format!("cannot write `{path}`")),
                "{}",
                run.err
            );
            assert!(run.err.contains(reason), "{}", run.err);
        }
    }
    assert_eq!(ground.snapshot(), before);
    assert_eq!(ground.lint(&["--output", "inside/new.json"]).code, 1);
    assert!(ground.path("repo/sub/new.json").is_file());
}

#[test]
fn streams_named_on_the_command_line_are_written_to() {
    let ground = Ground::new();
    for place in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let run = ground.lint(&["--format", "compact", "--output", place]);
        assert!(
            run.out.starts_with("Dockerfile:"),
            "{place}: {} {}",
            run.out,
            run.err
        );
    }
    let run = ground.lint(&["--format", "compact=/dev/stderr,json"]);
    assert!(run.err.contains("Dockerfile:2:1: "), "{}", run.err);
    assert_eq!(ground.lint(&["--output", "/dev/null"]).out, "");
    ground.fifo("outside/fifo");
    let fifo = ground.path("outside/fifo");
    let reader = std::thread::spawn(move || fs::read_to_string(fifo).expect("it can be read"));
    ground.lint(&["--format", "compact", "--output", "../outside/fifo"]);
    assert!(reader.join().expect("it ends").starts_with("Dockerfile:"));
    // What the shell redirects to is neither replaced nor cut.
    let mut shell = assert_cmd::Command::new("sh");
    shell
        .current_dir(ground.path("repo"))
        .env_clear()
        .envs(ground.environment());
    let script = format!(
        "echo first >../outside/log; '{}' lint --format compact --output /dev/stdout \
         >>../outside/log",
        env!("CARGO_BIN_EXE_jettison")
    );
    output_of(shell.args(["-c", &script]));
    let log = ground.read("outside/log");
    assert!(log.starts_with("first\nDockerfile:"), "{log}");
    assert!(
        fs::symlink_metadata("/dev/stdout")
            .expect("it is there")
            .is_symlink()
    );
}

#[test]
fn a_dockerfile_from_a_pipe_is_read() {
    let ground = Ground::new();
    ground.fifo("outside/fifo");
    let fifo = ground.path("outside/fifo");
    let writer = std::thread::spawn(move || fs::write(fifo, DOCKERFILE).expect("it is read"));
    let run = ground.lint(&compact(&["../outside/fifo"]));
    writer.join().expect("it ends");
    assert_eq!(files(&run.out), ["../outside/fifo"], "{}", run.err);
}

#[test]
fn a_named_symlink_is_not_read_outside_its_repository() {
    let ground = Ground::new();
    ground.write("repo/.git/config", "FROM private:1\nUSER root\n");
    let absolute = ground.path("outside/private").display().to_string();
    for (name, target) in [
        ("Dockerfile", "/proc/self/environ"),
        ("a", "../outside/private"),
        ("b", &absolute),
        ("chain", "a"),
        ("git", ".git/config"),
        ("archive", "../outside/app.tar"),
        ("directory", "../outside"),
        ("fd", "/proc/self/fd"),
    ] {
        ground.link(target, &format!("repo/{name}"));
    }
    fs::write(ground.path("outside/app.tar"), [b'x'; 1024]).expect("there is room");
    let by_absolute_path = ground.path("repo/a").display().to_string();
    for path in [
        "Dockerfile",
        "a",
        "b",
        "chain",
        "./sub/../a",
        "../repo/a",
        &by_absolute_path,
        "git",
        "archive",
        "directory/private",
        "fd/0",
    ] {
        let run = ground.lint(&["--format", "compact", path]);
        assert_eq!(run.code, 2, "{path}: {}", run.out);
        assert!(!run.out.contains(PRIVATE), "{path}: {}", run.out);
        let start = format!("error: cannot read `{path}`: ");
        assert!(run.err.starts_with(&start), "{path}: {}", run.err);
        let reason = if path == "git" {
            "it is in `.git`; "
        } else {
            "is a symlink that points outside"
        };
        assert!(run.err.contains(reason), "{path}: {}", run.err);
        assert!(run.err.contains("pass the target itself"), "{}", run.err);
    }
    ground.write("outside/Dockerfile", "FROM private:1\nUSER root\n");
    for path in ["directory", "directory/", "./sub/../directory/."] {
        let run = ground.lint(&["--format", "compact", path]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{path}");
        let start = format!("error: cannot search `{path}`: ");
        assert!(run.err.starts_with(&start), "{path}: {}", run.err);
    }
    // Configurations and baselines are named as well, and their errors print lines.
    for option in ["--config", "--baseline"] {
        let run = ground.lint(&[option, "a", "sub"]);
        assert_eq!(run.code, 2, "{option}");
        let reason = "is a symlink that points outside";
        assert!(run.err.contains(reason), "{option}: {}", run.err);
        assert!(!run.err.contains(PRIVATE), "{option}: {}", run.err);
    }
    let run = ground.lint(&compact(&["../outside/private"]));
    assert_eq!(files(&run.out), ["../outside/private"], "the target itself");
}

#[test]
fn without_a_repository_a_named_symlink_is_followed() {
    let ground = Ground::new();
    ground.link("../outside/private", "home/link");
    ground.link("../outside", "home/directory");
    ground.link("../repo", "home/repository");
    let mut command = ground.command();
    command.current_dir(ground.path("home")).arg("lint");
    let paths = ["directory/private", "link", "repository/Dockerfile"];
    let run = output_of(command.args(compact(&paths)));
    assert_eq!(files(&run.out), paths, "{}", run.err);
}

#[test]
fn file_descriptors_of_the_caller_can_be_read() {
    let ground = Ground::new();
    let all = compact(&[]).join(" ");
    let program = env!("CARGO_BIN_EXE_jettison");
    for (script, name) in [
        ("PROGRAM /dev/stdin <Dockerfile", "/dev/stdin"),
        ("PROGRAM /dev/fd/3 3<Dockerfile", "/dev/fd/3"),
        ("PROGRAM /proc/self/fd/0 <Dockerfile", "/proc/self/fd/0"),
        ("cat Dockerfile | PROGRAM /dev/stdin", "/dev/stdin"),
    ] {
        let script = script.replace("PROGRAM", &format!("'{program}' lint {all}"));
        let mut shell = assert_cmd::Command::new("sh");
        shell.current_dir(ground.path("repo")).env_clear();
        let run = output_of(shell.envs(ground.environment()).args(["-c", &script]));
        assert_eq!(files(&run.out), [name], "{script}: {}", run.err);
    }
}
