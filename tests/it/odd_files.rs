//! Files and directories that are not what their names promise: each gets a clear message, the
//! others are still checked, and the exit status counts both.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const ROOT: &str = "FROM debian:12\nUSER root\n";
/// The finding in [`ROOT`], by which the tests see that the rest is checked.
const FINDING: &str = "Dockerfile:2:1: warning: the container runs as `root` [root-user]\n";

/// A directory with a Dockerfile and another file.
fn directory(name: &str, bytes: impl AsRef<[u8]>) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("Dockerfile"), ROOT).unwrap();
    fs::write(directory.path().join(name), bytes).unwrap();
    directory
}

/// The program without this machine's settings, which may belong to another user.
fn jettison(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .env("HOME", directory)
        .env("XDG_CONFIG_HOME", directory)
        .args(["lint", "--no-config", "--no-shellcheck"])
        .args(["--format", "compact"])
        .args(arguments)
        .stdin(Stdio::null());
    command
}

const SELECT: [&str; 2] = [
    "--select",
    "root-user,syntax-error,missing-from,unknown-instruction",
];

fn lint(directory: &Path, arguments: &[&str]) -> (i32, String, String) {
    texts(jettison(directory, &SELECT).args(arguments))
}

fn texts(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    (
        status.code().expect("it is not killed"),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

/// Lints with all rules and fixes, and returns the report and the bytes of a file afterwards.
fn fix(directory: &Path, name: &str) -> (String, Vec<u8>) {
    let arguments = ["--select", "all", "--fix", "--unsafe-fixes", name];
    let (_, out, _) = texts(&mut jettison(directory, &arguments));
    (out, fs::read(directory.join(name)).unwrap())
}

#[test]
fn a_directory_without_permission_hides_no_finding_elsewhere() {
    if rustix::process::geteuid().is_root() {
        // Root may read every directory; the next test is about one that root cannot read either.
        return;
    }
    let top = directory("a", "");
    let secret = top.path().join("secret");
    fs::create_dir(&secret).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    let (code, out, err) = lint(top.path(), &[]);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!((code, out.as_str()), (2, FINDING), "{err}");
    assert_eq!(
        err,
        "error: cannot search `secret`: Permission denied (os error 13)\n"
    );
}

/// Makes directories in each other until the path of the last one is longer than the system allows.
fn nest(top: &Path) {
    let mut inner = fs::File::open(top).unwrap();
    for _ in 0..25 {
        let name = "n".repeat(240);
        let mode = rustix::fs::Mode::from_raw_mode(0o755);
        rustix::fs::mkdirat(&inner, &name, mode).unwrap();
        let flags = rustix::fs::OFlags::DIRECTORY;
        inner = rustix::fs::openat(&inner, &name, flags, mode)
            .unwrap()
            .into();
    }
}

#[test]
fn a_directory_that_cannot_be_searched_hides_no_finding_elsewhere() {
    let top = directory("a", "");
    let (deep, good) = (top.path().join("deep"), top.path().join("good"));
    fs::create_dir(&deep).unwrap();
    fs::create_dir(&good).unwrap();
    fs::write(good.join("Dockerfile"), ROOT).unwrap();
    nest(&deep);
    for arguments in [&[][..], &["deep", "Dockerfile", "good"]] {
        let (code, out, err) = lint(top.path(), arguments);
        assert_eq!(code, 2, "{err}");
        assert_eq!(out, format!("{FINDING}good/{FINDING}"), "{err}");
        assert!(err.starts_with("error: cannot search `"), "{err}");
        assert!(err.contains("File name too long"), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

#[test]
fn files_that_are_no_dockerfiles_by_their_names_are_not_searched_for() {
    for (name, text) in [
        ("Dockerfile.md", "# Build\n"),
        ("Dockerfile.orig", ROOT),
        ("Dockerfile.rej", "--- Dockerfile\n"),
        ("Dockerfile~", ROOT),
        (".Dockerfile.swp", "b0VIM"),
        ("Dockerfile.png", "\u{89}PNG\r\n"),
        ("Dockerfile.py", "from re import sub\n"),
        ("dockerfile.go", "package dockerfile\n"),
        (
            "parse-dockerfile.ts",
            "export const a = `\nFROM debian\n`;\n",
        ),
        ("dockerfile_test.rs", "//! Tests.\n"),
    ] {
        let top = directory(name, text);
        let (code, out, err) = lint(top.path(), &[]);
        assert_eq!(
            (code, out.as_str(), err.as_str()),
            (1, FINDING, ""),
            "{name}"
        );
        // A file that is named is checked in any case.
        let (_, out, _) = lint(top.path(), &[name]);
        assert!(out.starts_with(name), "{name}: {out}");
    }
    let top = directory("Dockerfile.go", ROOT);
    let (_, out, _) = lint(top.path(), &[]);
    assert_eq!(out.lines().count(), 2, "{out}");
}

#[test]
fn a_staged_program_is_not_checked() {
    let top = directory("dockerfile.go", "package dockerfile\n");
    fs::write(top.path().join("Dockerfile.go"), ROOT).unwrap();
    for arguments in [&["init", "--quiet"][..], &["add", "."]] {
        let mut git = Command::new("git");
        let status = git.current_dir(top.path()).args(arguments).status();
        assert!(status.unwrap().success());
    }
    let (code, out, err) = lint(top.path(), &["--staged"]);
    assert_eq!(code, 1, "{err}");
    assert_eq!(out.lines().count(), 2, "{out}");
    assert!(!out.contains("dockerfile.go"), "{out}");
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn a_file_that_is_no_text_has_one_finding_and_no_fix() {
    let text = "FROM debian:12\r\nADD a b\r\n";
    let elf = b"\x7fELF\x02\x01\x01\0\0\0\nADD a b\nsudo \0\n\0apt-get update \n";
    for (bytes, message) in [
        (utf16(text, u16::to_le_bytes), "file is encoded in UTF-16"),
        (utf16(text, u16::to_be_bytes), "file is encoded in UTF-16"),
        (
            utf16(&format!("\u{feff}{text}"), u16::to_le_bytes),
            "file is encoded in UTF-16",
        ),
        (
            utf16(&format!("# build\r\n{text}"), u16::to_le_bytes),
            "file is encoded in UTF-16",
        ),
        (
            b"\xff\xfe\0\0F\0\0\0R\0\0\0".to_vec(),
            "file is encoded in UTF-32",
        ),
        (elf.to_vec(), "file is binary, not a Dockerfile"),
        (
            text.replace("\r\n", "\r").into_bytes(),
            "lines end only with carriage returns",
        ),
    ] {
        let top = directory("x.Dockerfile", &bytes);
        let (code, out, err) = lint(top.path(), &[]);
        assert_eq!((code, err.as_str()), (1, ""), "{out}");
        assert!(out.starts_with(FINDING), "{out}");
        assert!(
            out.contains(&format!("error: {message} [syntax-error]\n")),
            "{out}"
        );
        let (out, after) = fix(top.path(), "x.Dockerfile");
        assert_eq!(out.lines().count(), 1, "{out}");
        assert_eq!(after, bytes, "{message}");
    }
}

#[test]
fn a_byte_order_mark_and_nul_bytes_do_not_hide_a_finding() {
    for text in [
        "\u{feff}FROM debian:12\nUSER root\n",
        "FROM debian:12\nUSER root\n# \0\n",
        "FROM debian:12\nUSER root\nRUN echo a\0b\n",
    ] {
        let top = directory("x.Dockerfile", text);
        let (code, out, _) = lint(top.path(), &[]);
        assert_eq!(code, 1);
        assert_eq!(out, format!("{FINDING}x.{FINDING}"), "{text:?}");
    }
}

#[test]
fn a_file_without_instructions_is_one_error() {
    for text in ["", "\n", " \n\n", "# only a comment\n", "\u{feff}"] {
        let top = directory("x.Dockerfile", text);
        let (code, out, err) = lint(top.path(), &[]);
        assert_eq!((code, err.as_str()), (1, ""), "{text:?}");
        assert_eq!(out.lines().count(), 2, "{text:?}: {out}");
        assert!(
            out.contains("error: file has no instructions [syntax-error]\n"),
            "{out}"
        );
        let (_, after) = fix(top.path(), "x.Dockerfile");
        assert!(after.is_empty() || !text.is_empty(), "{after:?}");
    }
}

#[test]
fn a_missing_line_break_at_the_end_is_no_error() {
    let top = directory("x.Dockerfile", "FROM debian:12\nUSER root");
    let (code, out, _) = lint(top.path(), &[]);
    assert_eq!((code, out), (1, format!("{FINDING}x.{FINDING}")));
}

#[test]
fn a_file_of_100_megabytes_is_refused_and_the_others_are_checked() {
    let top = directory("x.Dockerfile", "");
    let large = fs::File::create(top.path().join("x.Dockerfile")).unwrap();
    large.set_len(100 << 20).unwrap();
    for (arguments, expected) in [
        (
            &[][..],
            "larger than 1 MiB; name it on the command line to allow up to 4 MiB",
        ),
        (&["x.Dockerfile", "Dockerfile"][..], "larger than 4 MiB"),
    ] {
        let (code, out, err) = lint(top.path(), arguments);
        assert_eq!((code, out.as_str()), (2, FINDING), "{err}");
        assert_eq!(
            err,
            format!("error: cannot read `x.Dockerfile`: it is {expected}\n")
        );
    }
}

#[test]
fn paths_that_lead_nowhere_are_named_and_the_others_are_checked() {
    let top = directory("a", "");
    symlink("b.Dockerfile", top.path().join("a.Dockerfile")).unwrap();
    symlink("a.Dockerfile", top.path().join("b.Dockerfile")).unwrap();
    symlink("missing", top.path().join("c.Dockerfile")).unwrap();
    fs::create_dir(top.path().join("d.Dockerfile")).unwrap();
    symlink("d.Dockerfile", top.path().join("e.Dockerfile")).unwrap();
    let expected = [
        "error: cannot read `a.Dockerfile`: Too many levels of symbolic links (os error 40)",
        "error: cannot read `b.Dockerfile`: Too many levels of symbolic links (os error 40)",
        "error: cannot read `c.Dockerfile`: No such file or directory (os error 2)",
    ];
    let (code, out, err) = lint(top.path(), &[]);
    assert_eq!((code, out.as_str()), (2, FINDING), "{err}");
    assert_eq!(err.lines().collect::<Vec<_>>(), expected);
    let (code, out, err) = lint(
        top.path(),
        &["no-such", "Dockerfile/", "e.Dockerfile", "Dockerfile"],
    );
    assert_eq!((code, out.as_str()), (2, FINDING), "{err}");
    let expected = [
        "error: cannot read `no-such`: No such file or directory (os error 2)",
        "error: cannot read `Dockerfile/`: Not a directory (os error 20)",
    ];
    assert_eq!(err.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn closed_streams_are_no_crash() {
    let top = directory("a", "");
    for (redirections, file, code) in [
        ("<&-", "Dockerfile", 1),
        (">&-", "Dockerfile", 1),
        ("2>&-", "Dockerfile no-such", 2),
        ("<&- >&- 2>&-", "Dockerfile", 1),
        // A closed standard input is an empty one.
        ("<&-", "-", 1),
        ("</dev/null", "-", 1),
    ] {
        let script = format!("exec \"$0\" lint --no-config --no-shellcheck {file} {redirections}");
        let mut shell = Command::new("sh");
        shell.current_dir(top.path()).env("NO_COLOR", "1");
        let (status, _, err) = texts(shell.args(["-c", &script, env!("CARGO_BIN_EXE_jettison")]));
        assert_eq!(status, code, "{redirections} {file}: {err}");
        assert!(!err.contains("panicked"), "{err}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let top = directory("a", "");
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = jettison(top.path(), &SELECT).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(
        err.starts_with("error: cannot write to standard output: "),
        "{err}"
    );
}

/// A pager or `head` may end before it has read the whole report.
#[test]
fn a_reader_that_leaves_early_changes_neither_status_nor_file() {
    let text = format!("FROM debian:12\n{}", "RUN cd /a && sudo b\n".repeat(5000));
    let top = directory("x.Dockerfile", &text);
    for arguments in [
        &["--select", "sudo", "x.Dockerfile"][..],
        &["--select", "sudo", "--diff", "x.Dockerfile"],
    ] {
        let mut command = jettison(top.path(), arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut start = [0; 10];
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut start).unwrap();
        drop(out);
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {err}");
        assert!(!err.contains("error"), "{err}");
    }
    assert_eq!(
        fs::read_to_string(top.path().join("x.Dockerfile")).unwrap(),
        text
    );
}
