//! The program as seen by a user: arguments in, output and exit status out.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use crate::builders::images::{Tar, config, docker_archive};

/// The program in a separate directory, isolated from this machine's settings.
fn jettison(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .current_dir(folder)
        .env_remove("CLICOLOR_FORCE")
        .env("NO_COLOR", "1");
    command
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it is in the folder"))
            .expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }
    folder
}

fn stdout(command: &mut Command) -> (i32, String) {
    let output = command.output().expect("the program starts");
    (
        output.status.code().expect("it is not killed"),
        String::from_utf8(output.stdout).expect("output is UTF-8"),
    )
}

fn stderr(command: &mut Command) -> (i32, String) {
    let output = command.output().expect("the program starts");
    (
        output.status.code().expect("it is not killed"),
        String::from_utf8(output.stderr).expect("output is UTF-8"),
    )
}

const ROOT: &str = "FROM debian:12\nUSER root\n";
const CLEAN: &str = "FROM scratch\nCOPY app /app\nUSER 1000\nENTRYPOINT [\"/app\"]\n";

#[test]
fn a_clean_file_exits_with_0_and_a_finding_with_1() {
    let folder = folder(&[("Dockerfile", ROOT), ("clean.Dockerfile", CLEAN)]);
    jettison(folder.path())
        .args(["lint", "clean.Dockerfile"])
        .assert()
        .code(0);
    jettison(folder.path())
        .args(["lint", "Dockerfile"])
        .assert()
        .code(1);
}

#[test]
fn the_fail_on_threshold_decides_the_exit_code() {
    let folder = folder(&[("Dockerfile", ROOT)]);
    for (threshold, code) in [("error", 0), ("none", 0), ("warning", 1), ("style", 1)] {
        let select = ["lint", "--select", "root-user", "--fail-on", threshold];
        jettison(folder.path()).args(select).assert().code(code);
    }
}

#[test]
fn json_output_has_the_fields_of_hadolint_and_exact_positions() {
    let text = "FROM debian:12\nRUN true \\\n && cd /x \\\n && sudo ls\nUSER 1000\n";
    let folder = folder(&[("Dockerfile", text)]);
    let (code, out) = stdout(jettison(folder.path()).args([
        "lint",
        "--select",
        "DL3004",
        "--format",
        "json",
        "Dockerfile",
    ]));
    assert_eq!(code, 1);
    let rows: Value = serde_json::from_str(&out).expect("it is JSON");
    let row = &rows[0];
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
    let fields = [
        "file",
        "line",
        "column",
        "level",
        "code",
        "rule",
        "instruction_line",
        "end_line",
        "end_column",
    ];
    let values: Vec<String> = fields.iter().map(|field| row[field].to_string()).collect();
    assert_eq!(
        values,
        [
            "\"Dockerfile\"",
            "4",
            "5",
            "\"warning\"",
            "\"DL3004\"",
            "\"sudo\"",
            "2",
            "4",
            "9"
        ],
        "sudo is on the fourth line, in the instruction of the second"
    );
    assert!(
        row["message"]
            .as_str()
            .is_some_and(|message| message.contains("`sudo`"))
    );
    assert!(
        row["aliases"]
            .as_array()
            .is_some_and(|aliases| aliases.contains(&"DL3004".into()))
    );
}

#[test]
fn json_output_without_findings_is_an_empty_array() {
    let folder = folder(&[("Dockerfile", CLEAN)]);
    assert_eq!(
        stdout(jettison(folder.path()).args(["lint", "--format", "json"])),
        (0, "[]\n".to_owned())
    );
}

#[test]
fn a_directory_search_respects_gitignore() {
    let files = [
        ("Dockerfile", ROOT),
        ("api/api.Dockerfile", ROOT),
        (".devcontainer/Containerfile", ROOT),
        ("vendor/Dockerfile", ROOT),
        ("Dockerfile.dockerignore", "*"),
        (".gitignore", "vendor/\n"),
    ];
    let folder = folder(&files);
    let (_, out) =
        stdout(jettison(folder.path()).args(["lint", "--select", "root-user", "--format", "json"]));
    let rows: Vec<Value> = serde_json::from_str(&out).expect("it is JSON");
    let names: Vec<_> = rows
        .iter()
        .map(|row| row["file"].as_str().expect("it is a string"))
        .collect();
    assert_eq!(
        names,
        [
            ".devcontainer/Containerfile",
            "Dockerfile",
            "api/api.Dockerfile"
        ]
    );
}

#[test]
fn a_dash_reads_standard_input() {
    let folder = folder(&[]);
    let mut command = jettison(folder.path());
    let (code, out) = stdout(
        command
            .args(["lint", "--select", "root-user", "-"])
            .write_stdin(ROOT),
    );
    assert_eq!(code, 1);
    assert!(out.contains("<stdin>:2:"), "{out}");
}

#[test]
fn an_unreadable_file_is_reported_and_the_others_are_linted() {
    let folder = folder(&[("Dockerfile", ROOT)]);
    let mut command = jettison(folder.path());
    let output = command
        .args(["lint", "missing", "Dockerfile"])
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(err.starts_with("error: cannot read `missing`: "), "{err}");
    assert!(out.contains("root-user"), "{out}");
}

#[test]
fn an_unknown_rule_is_an_error_with_a_suggestion() {
    let folder = folder(&[("Dockerfile", ROOT)]);
    let (code, err) = stderr(jettison(folder.path()).args(["lint", "--ignore", "root-usr"]));
    assert_eq!(code, 2);
    assert_eq!(
        err,
        "error: `--ignore`: there is no rule `root-usr`; did you mean `root-user`?\n"
    );
}

#[test]
fn flags_override_the_nearest_configuration_file() {
    let config = "ignore = [\"missing-user\"]\n[severity]\nDL3002 = \"info\"\n";
    let folder = folder(&[(".jettison.toml", config), ("deep/down/Dockerfile", ROOT)]);
    let level = |arguments: &[&str]| {
        let mut command = jettison(folder.path());
        let (_, out) = stdout(
            command
                .args(["lint", "--select", "DL3002", "--format", "json"])
                .args(arguments),
        );
        let rows: Value = serde_json::from_str(&out).expect("it is JSON");
        rows[0]["level"].as_str().map(str::to_owned)
    };
    assert_eq!(level(&["deep/down/Dockerfile"]).as_deref(), Some("info"));
    assert_eq!(
        level(&["--no-config", "deep/down/Dockerfile"]).as_deref(),
        Some("warning")
    );
    assert_eq!(level(&["--ignore", "root-user", "deep"]), None);
}

#[test]
fn a_hadolint_configuration_is_read_if_there_is_no_other() {
    let config =
        "ignored: [DL3002, DL9999]\noverride:\n  error: [DL3007]\nfailure-threshold: error\n";
    let text = "FROM debian:latest\nUSER root\n";
    let folder = folder(&[(".hadolint.yaml", config), ("Dockerfile", text)]);
    let (code, out) = stdout(jettison(folder.path()).args([
        "lint",
        "--select",
        "DL3002,DL3007",
        "--format",
        "json",
    ]));
    let rows: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!((code, rows.as_array().map(Vec::len)), (1, Some(1)));
    assert_eq!(
        (&rows[0]["code"], &rows[0]["level"]),
        (&"DL3007".into(), &"error".into())
    );
}

#[test]
fn a_configuration_error_names_its_line_and_column() {
    let cases = [
        (
            "ignore = [\"root-usr\"]\n",
            "line 1, column 11: there is no rule `root-usr`; did you mean `root-user`?",
        ),
        (
            "\nignored = []\n",
            "line 2, column 1: unknown field `ignored`",
        ),
        (
            "[severity]\nroot-user = \"bad\"\n",
            "line 2, column 13: `bad` is not a severity",
        ),
        ("select = [", "line 1"),
    ];
    for (config, reason) in cases {
        let folder = folder(&[(".jettison.toml", config), ("Dockerfile", ROOT)]);
        let (code, err) = stderr(jettison(folder.path()).arg("lint"));
        assert_eq!(code, 2, "{config}");
        assert!(
            err.contains(".jettison.toml`, ") && err.contains(reason),
            "{config}: {err}"
        );
    }
}

#[test]
fn every_rule_can_be_explained_by_name_and_by_code() {
    let folder = folder(&[]);
    let (_, rows) = stdout(jettison(folder.path()).args(["rules", "--format", "json"]));
    let rows: Vec<Value> = serde_json::from_str(&rows).expect("it is JSON");
    assert!(rows.len() > 10, "{}", rows.len());
    let (code, page) = stdout(jettison(folder.path()).args(["explain", "root-user"]));
    assert_eq!(code, 0);
    assert!(
        page.contains("Why is this bad?") && page.contains("hadolint DL3002"),
        "{page}"
    );
    let (code, by_code) = stdout(jettison(folder.path()).args(["explain", "dl3002"]));
    assert_eq!((code, by_code), (0, page));
    let (code, err) = stderr(jettison(folder.path()).args(["explain", "rot-user"]));
    assert_eq!(
        (code, err.as_str()),
        (
            2,
            "error: there is no rule `rot-user`; did you mean `root-user`?\n"
        )
    );
}

#[test]
fn a_page_in_a_terminal_describes_its_images_in_words() {
    let folder = folder(&[]);
    let (code, page) = stdout(jettison(folder.path()).args(["explain", "setuid-file"]));
    assert_eq!(code, 0);
    assert!(
        page.contains("\nReported: `su` with mode 4755.\n"),
        "{page}"
    );
    assert!(!page.contains("file /usr/bin/su"), "{page}");

    let (code, page) = stdout(jettison(folder.path()).args(["explain", "keep/alsa"]));
    assert_eq!(code, 0);
    assert!(!page.contains("elf /usr/bin/app"), "{page}");
    let sections: Vec<&str> = ["Why it is needed", "Examples", "Kept files", "Sources"]
        .into_iter()
        .filter(|section| page.contains(&format!("\n{section}\n")))
        .collect();
    assert_eq!(sections.len(), 4, "{sections:?}\n{page}");
    assert!(page.contains("- `/usr/share/alsa/**` (likely)"), "{page}");
}

#[test]
fn a_missing_image_is_named_once_in_the_error() {
    let folder = folder(&[]);
    let (code, err) =
        stderr(jettison(folder.path()).args(["slim", "missing.tar", "-o", "docker-archive:x.tar"]));
    assert_eq!(code, 2);
    assert_eq!(err.matches("No such file").count(), 1, "{err}");
    assert!(err.contains("`missing.tar`"), "{err}");
}

#[test]
fn an_unknown_transport_is_an_error_before_any_work() {
    let folder = folder(&[]);
    let (code, err) =
        stderr(jettison(folder.path()).args(["slim", "missing.tar", "-o", "docker-archiv:x.tar"]));
    assert_eq!(code, 2);
    assert!(
        err.contains("docker-archiv") && err.contains("did you mean `docker-archive`?"),
        "{err}"
    );
}

#[test]
fn a_missing_output_directory_gives_the_same_error_each_time() {
    let folder = folder(&[("root/bin/app", "#!/bin/app\n")]);
    let slim = [
        "slim",
        "rootfs:root",
        "--keep",
        "/bin/app",
        "-o",
        "docker-archive:missing/x.tar",
    ];
    let (code, err) = stderr(jettison(folder.path()).args(slim));
    assert_eq!(
        (code, err.as_str()),
        (
            2,
            "error: cannot write `missing/x.tar`: No such file or directory (os error 2)\n"
        )
    );
}

#[test]
fn write_options_are_validated_before_any_work() {
    let folder = folder(&[]);
    let slim = |more: &[&str]| {
        let slim = ["slim", "missing.tar", "-o", "docker-archive:x.tar"];
        stderr(
            jettison(folder.path())
                .args(slim)
                .args(more)
                .env_remove("SOURCE_DATE_EPOCH"),
        )
    };
    for (argument, value, said) in [
        (
            "--compression",
            "xz",
            "expected `none`, `gzip` or `zstd`, optionally with a level, as in `zstd:19`",
        ),
        (
            "--compression",
            "gzip:11",
            "the `gzip` level must be a number from 1 to 9",
        ),
        ("--layers", "two", "possible values: one, keep"),
        (
            "--max-size",
            "much",
            "expected a size such as `500MB` or `64GiB`",
        ),
        ("--max-entries", "0", "0 is not in 1..=4000000000"),
    ] {
        let (code, err) = slim(&[argument, value]);
        assert!(
            code == 2 && err.contains(said) && err.contains(argument),
            "{err}"
        );
    }
    let mut command = jettison(folder.path());
    command
        .args(["slim", "missing.tar", "-o", "docker-archive:x.tar"])
        .env("SOURCE_DATE_EPOCH", "today");
    let (code, err) = stderr(&mut command);
    assert!(
        code == 2 && err.contains("SOURCE_DATE_EPOCH must be a Unix timestamp, not `today`"),
        "{err}"
    );
}

#[test]
fn colors_are_printed_only_on_request() {
    let folder = folder(&[("Dockerfile", ROOT)]);
    let colored = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
        command
            .current_dir(folder.path())
            .env_remove("CLICOLOR_FORCE")
            .env_remove("NO_COLOR")
            .arg("lint");
        stdout(command.args(arguments)).1.contains('\u{1b}')
    };
    assert!(!colored(&[]), "the output is a pipe");
    assert!(colored(&["--color", "always"]));
    assert!(!colored(&["--color", "never"]));
}

#[test]
fn digests_are_checked_before_anything_is_reported_or_written() {
    let meant = Tar::new().file("a", b"").end();
    let is = Tar::new().file("app", b"").end();
    let folder = folder(&[]);
    let archive = docker_archive(&[is], &config(&[meant]), &[]);
    fs::write(folder.path().join("image.tar"), archive).expect("files can be written");
    // The image also has no program, but that error would be based on wrong bytes.
    let (code, text) = stderr(jettison(folder.path()).args([
        "slim",
        "image.tar",
        "-o",
        "docker-archive:out.tar",
        "--report",
        "report.json",
    ]));
    assert_eq!(code, 2);
    assert!(
        text.contains("image `image.tar`") && text.contains("sha256:"),
        "{text}"
    );
    assert!(!folder.path().join("out.tar").exists());
    assert!(!folder.path().join("report.json").exists());
}
