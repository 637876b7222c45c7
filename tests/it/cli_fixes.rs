//! `lint --fix` and `--diff` as seen by a user.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

const OLD: &[u8] =
    b"\xef\xbb\xbfFROM debian:12\r\n# caf\xe9\r\nMAINTAINER Jo\r\nUSER 1000\r\nADD app.txt /\r\nCMD run it";
const NEW: &[u8] = b"\xef\xbb\xbfFROM debian:12\r\n# caf\xe9\r\nLABEL org.opencontainers.image.authors=\"Jo\"\r\nUSER 1000\r\nCOPY app.txt /\r\nCMD [\"run\", \"it\"]";

/// The rules that [`OLD`] violates.
const SELECT: [&str; 2] = [
    "--select",
    "add-instead-of-copy,maintainer,shell-form-entrypoint",
];

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it is in the folder"))
            .expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }
    folder
}

/// Runs `lint` without ShellCheck and without this machine's settings.
fn lint(folder: &Path, arguments: &[&str], stdin: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env_remove("CLICOLOR_FORCE")
        .env("COLUMNS", "100");
    command
        .args(["lint", "--no-config", "--no-shellcheck"])
        .args(arguments)
        .write_stdin(stdin);
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn read(folder: &tempfile::TempDir, path: &str) -> String {
    text(&fs::read(folder.path().join(path)).expect("it is there"))
}

#[test]
fn fixed_files_keep_every_other_byte_and_their_mode() {
    let folder = folder(&[("Dockerfile", OLD)]);
    let file = folder.path().join("Dockerfile");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o750)).expect("it is ours");
    let arguments = [&SELECT[..], &["--fix", "Dockerfile"]].concat();
    let output = lint(folder.path(), &arguments, b"");
    assert_eq!(read(&folder, "Dockerfile"), text(NEW));
    assert_eq!(
        fs::metadata(&file)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777,
        0o750
    );
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        err,
        "note: fixed 3 findings in Dockerfile: add-instead-of-copy 1, maintainer 1, shell-form-entrypoint 1\n"
    );
}

#[test]
fn the_exit_code_depends_on_the_findings_that_remain_after_fixing() {
    let clean = ["--select", "maintainer", "--fix", "Dockerfile"];
    let folder = folder(&[(
        "Dockerfile",
        b"FROM debian:12\nMAINTAINER Jo\nCMD [\"run\"]\n",
    )]);
    assert_eq!(
        lint(
            folder.path(),
            &["--select", "maintainer", "--diff", "Dockerfile"],
            b""
        )
        .status
        .code(),
        Some(1)
    );
    assert_eq!(lint(folder.path(), &clean, b"").status.code(), Some(0));
    let left = ["--select", "maintainer,missing-user", "--fix", "Dockerfile"];
    let output = lint(folder.path(), &left, b"");
    assert_eq!(output.status.code(), Some(1));
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        out.contains("\n1 can be fixed with `--fix --unsafe-fixes`\n"),
        "{out}"
    );
    let all = [
        "--select",
        "maintainer,missing-user",
        "--fix",
        "--unsafe-fixes",
        "Dockerfile",
    ];
    assert_eq!(lint(folder.path(), &all, b"").status.code(), Some(0));
    assert_eq!(
        read(&folder, "Dockerfile"),
        text(b"FROM debian:12\nUSER 10001\nLABEL org.opencontainers.image.authors=\"Jo\"\nCMD [\"run\"]\n")
    );
}

#[test]
fn a_patch_changes_nothing_until_git_applies_it() {
    let folder = folder(&[
        ("a/my Dockerfile", OLD),
        ("Dockerfile", b"FROM scratch\nMAINTAINER Jo\n"),
    ]);
    let output = lint(folder.path(), &[&SELECT[..], &["--diff"]].concat(), b"");
    assert_eq!(read(&folder, "a/my Dockerfile"), text(OLD));
    let mut git = Command::new("git");
    git.current_dir(folder.path())
        .args(["apply", "--whitespace=nowarn", "-"])
        .write_stdin(output.stdout);
    git.assert().success();
    assert_eq!(read(&folder, "a/my Dockerfile"), text(NEW));
    assert!(read(&folder, "Dockerfile").contains("LABEL"));
}

#[test]
fn fixed_standard_input_goes_to_stdout_and_findings_go_to_stderr() {
    let folder = folder(&[]);
    let fix = [&SELECT[..], &["--fix", "-"]].concat();
    let output = lint(folder.path(), &fix, OLD);
    assert_eq!(text(&output.stdout), text(NEW));
    let clean = lint(folder.path(), &fix, NEW);
    assert_eq!(
        text(&clean.stdout),
        text(NEW),
        "a text with nothing to fix comes back too"
    );
    let diff = [&SELECT[..], &["--diff", "-"]].concat();
    let patch = lint(folder.path(), &diff, OLD).stdout;
    assert!(patch.starts_with(b"--- a/"), "{}", text(&patch));
}

#[test]
fn fixing_a_symlink_fixes_its_target() {
    let folder = folder(&[("real/Dockerfile", OLD)]);
    std::os::unix::fs::symlink("real/Dockerfile", folder.path().join("Dockerfile"))
        .expect("links can be made");
    let arguments = [&SELECT[..], &["--fix", "Dockerfile"]].concat();
    lint(folder.path(), &arguments, b"");
    assert_eq!(read(&folder, "real/Dockerfile"), text(NEW));
    assert!(
        fs::symlink_metadata(folder.path().join("Dockerfile"))
            .expect("it is there")
            .is_symlink()
    );
}

#[test]
fn baseline_findings_are_not_fixed() {
    let file = "FROM debian:12\nMAINTAINER Jo\nCMD run it\n";
    let folder = folder(&[("Dockerfile", file.as_bytes())]);
    let only = ["--select", "maintainer", "--write-baseline", "known.json"];
    lint(folder.path(), &[&only[..], &["Dockerfile"]].concat(), b"");
    for mode in ["--diff", "--fix"] {
        let arguments = [
            "--select",
            "maintainer,shell-form-entrypoint,missing-user",
            "--baseline",
            "known.json",
            "--unsafe-fixes",
            mode,
            "Dockerfile",
        ];
        let output = lint(folder.path(), &arguments, b"");
        let patch = text(&output.stdout);
        assert!(!patch.contains("LABEL"), "{patch}");
    }
    let fixed = read(&folder, "Dockerfile");
    assert!(fixed.contains("MAINTAINER Jo"), "{fixed}");
    assert!(fixed.contains("[\\\"run\\\", \\\"it\\\"]"), "{fixed}");
}

/// A finding keeps its place in the baseline when the fix of another one changes its instruction.
#[test]
fn a_baseline_finding_is_not_fixed_in_a_later_pass_either() {
    let text = "FROM python:3.13\nRUN pip install flask && sudo make\nUSER 1\n";
    let folder = folder(&[("Dockerfile", text.as_bytes())]);
    let only = [
        "--select",
        "pip-cache-left",
        "--write-baseline",
        "known.json",
    ];
    lint(folder.path(), &[&only[..], &["Dockerfile"]].concat(), b"");
    let arguments = [
        "--select",
        "pip-cache-left,sudo",
        "--baseline",
        "known.json",
        "--fix",
        "Dockerfile",
    ];
    lint(folder.path(), &arguments, b"");
    assert_eq!(
        read(&folder, "Dockerfile"),
        "FROM python:3.13\\nRUN pip install flask && make\\nUSER 1\\n"
    );
}
