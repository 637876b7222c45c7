//! `jettison init`: the files that it writes, and those that it leaves alone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use assert_cmd::Command;

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .args(arguments)
        .assert()
        .success();
}

/// A new repository.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    git(folder.path(), &["init", "-q"]);
    // The templates of this machine may lack it.
    let _ = fs::create_dir(folder.path().join(".git/hooks"));
    folder
}

fn init(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .current_dir(folder)
        .env_remove("CLICOLOR_FORCE")
        .env("NO_COLOR", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("HOME", folder);
    let output = command
        .arg("init")
        .args(arguments)
        .output()
        .expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    (
        output.status.code().expect("it is not killed"),
        text(output.stdout),
        text(output.stderr),
    )
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect("the file exists")
}

#[test]
fn a_dry_run_prints_what_a_run_writes_and_writes_nothing() {
    let folder = repository();
    let path = folder.path();
    fs::write(path.join(".hadolint.yaml"), "ignored: [DL3008]\n").expect("it can be written");
    let (code, out, _) = init(path, &["--dry-run"]);
    assert_eq!(code, 0);
    assert!(!path.join(".jettison.toml").exists());
    let (code, nothing, err) = init(path, &[]);
    assert_eq!((code, nothing.as_str()), (0, ""));
    assert!(err.contains(".hadolint.yaml"), "{err}");
    let written = read(path, ".jettison.toml");
    assert_eq!(written, out);
    assert!(written.contains("\nignore = [\"DL3008\"]\n"), "{written}");
}

#[test]
fn existing_files_are_not_changed() {
    let folder = repository();
    let path = folder.path();
    let mine = [
        ".jettison.toml",
        ".pre-commit-config.yaml",
        ".git/hooks/pre-commit",
    ];
    for name in mine {
        fs::write(path.join(name), "mine").expect("it can be written");
    }
    let (code, out, _) = init(path, &["--hook", "git"]);
    assert_eq!((code, out.as_str()), (0, "jettison lint --staged\n"));
    let (code, out, _) = init(path, &["--hook", "pre-commit"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("  - repo: local\n"), "{out}");
    for name in mine {
        assert_eq!(read(path, name), "mine");
    }
}

#[test]
fn the_hook_of_git_stops_a_commit_with_findings() {
    let folder = repository();
    let path = folder.path();
    let (code, _, err) = init(path, &["--hook", "git"]);
    assert_eq!(code, 0, "{err}");
    let hook = fs::metadata(path.join(".git/hooks/pre-commit")).expect("it is written");
    assert_eq!(hook.permissions().mode() & 0o100, 0o100);
    // git runs the hook, which finds the program on PATH.
    let program = Path::new(env!("CARGO_BIN_EXE_jettison"));
    let directory = program.parent().expect("it is in a directory").display();
    let search = format!("{directory}:{}", std::env::var("PATH").expect("it is set"));
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    for (text, succeeds) in [
        ("FROM debian:12\nUSER root\n", false),
        (
            "FROM scratch\nCOPY a /a\nUSER 1\nENTRYPOINT [\"/a\"]\n",
            true,
        ),
    ] {
        fs::write(path.join("Dockerfile"), text).expect("it can be written");
        git(path, &["add", "."]);
        let mut commit = Command::new("git");
        commit.current_dir(path).env("PATH", &search);
        let commit = commit.args(identity).args(["commit", "-qm", "x"]).assert();
        assert_eq!(commit.get_output().status.success(), succeeds, "{text}");
    }
}

#[test]
fn a_repository_cannot_choose_where_the_hook_is_written() {
    let folder = repository();
    let path = folder.path();
    fs::create_dir(path.join("other")).expect("it can be made");
    git(path, &["config", "core.hooksPath", "other"]);
    let (code, _, err) = init(path, &["--hook", "git"]);
    assert_eq!(code, 2);
    assert!(err.contains("jettison lint --staged"), "{err}");
    assert!(!path.join("other/pre-commit").exists());
    assert!(!path.join(".git/hooks/pre-commit").exists());
    // Nothing is written before everything is known.
    assert!(!path.join(".jettison.toml").exists());
}

#[test]
fn the_hook_of_pre_commit_is_written_to_the_root_of_the_repository() {
    let folder = repository();
    let below = folder.path().join("sub");
    fs::create_dir(&below).expect("it can be made");
    let (code, _, err) = init(&below, &["--hook", "pre-commit"]);
    assert_eq!(code, 0, "{err}");
    let written = read(folder.path(), ".pre-commit-config.yaml");
    assert!(
        written.starts_with("repos:\n  - repo: local\n"),
        "{written}"
    );
    assert!(below.join(".jettison.toml").exists());
    let outside = tempfile::tempdir().expect("a temporary folder can be made");
    assert_eq!(init(outside.path(), &["--hook", "pre-commit"]).0, 2);
}
