//! Features for hooks: staged files, exclusions, baselines.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

const ROOT: &str = "FROM debian:12\nUSER root\n";
const CLEAN: &str = "FROM debian:12\nUSER 1\n";

fn lint(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .current_dir(folder)
        .env_remove("CLICOLOR_FORCE")
        .env("NO_COLOR", "1");
    command
        .args([
            "lint",
            "--no-shellcheck",
            "--select",
            "root-user,sudo",
            "--format",
            "compact",
        ])
        .args(arguments);
    let output = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    (
        output.status.code().expect("it is not killed"),
        text(output.stdout),
        text(output.stderr),
    )
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().expect("it is in the folder")).expect("folders can be made");
    fs::write(path, text).expect("files can be written");
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.com",
        "-c",
        "init.defaultBranch=main",
    ];
    Command::new("git")
        .current_dir(folder)
        .args(identity)
        .args(arguments)
        .assert()
        .success();
}

/// The files named in the lines of a compact report.
fn files(report: &str) -> Vec<&str> {
    report
        .lines()
        .filter_map(|line| line.split(':').next())
        .collect()
}

#[test]
fn staged_files_are_checked_as_staged() {
    let files_before = [
        ("Dockerfile", CLEAN),
        ("sub/a b.Dockerfile", ROOT),
        ("old/Dockerfile", ROOT),
        ("notes", ROOT),
    ];
    let folder = folder(&files_before);
    let path = folder.path();
    git(path, &["init", "-q"]);
    git(path, &["add", "old"]);
    git(path, &["commit", "-qm", "old"]);
    git(path, &["add", "."]);
    write(path, "Dockerfile", ROOT);
    write(path, "sub/a b.Dockerfile", CLEAN);
    let (code, out, err) = lint(path, &["--staged"]);
    assert_eq!(
        (code, files(&out), err.as_str()),
        (1, vec!["sub/a b.Dockerfile"], ""),
        "the folder has other texts"
    );
    git(path, &["add", "."]);
    assert_eq!(files(&lint(path, &["--staged"]).1), ["Dockerfile"]);
    assert_eq!(lint(path, &["--staged", "sub"]).0, 0);
    assert_eq!(
        files(&lint(path, &["--staged", "notes"]).1),
        ["notes"],
        "what is named is checked"
    );
    assert_eq!(lint(path, &["--staged", "--exclude", "/Dockerfile"]).0, 0);
    assert_eq!(
        files(&lint(&path.join("sub"), &["--staged", "--exclude", "x"]).1),
        Vec::<&str>::new()
    );
    git(path, &["rm", "-q", "--cached", "Dockerfile"]);
    assert_eq!(lint(path, &["--staged"]), (0, String::new(), String::new()));
}

#[test]
fn two_files_whose_printed_names_look_alike_are_both_checked() {
    let folder = folder(&[
        ("Dockerfile", ROOT),
        ("sub/Dockerfile", ROOT),
        ("other/Dockerfile", ROOT),
        ("other/deep/x", ROOT),
    ]);
    let sub = folder.path().join("sub");
    let paths = ["../Dockerfile", "../sub/Dockerfile", "Dockerfile", "."];
    let (_, out, err) = lint(&sub, &paths);
    assert_eq!(files(&out), ["../Dockerfile", "../sub/Dockerfile"], "{err}");
    // The parent of a symlink is that of its target.
    std::os::unix::fs::symlink("../other/deep", sub.join("link")).expect("it can be made");
    let paths = ["Dockerfile", "link/../Dockerfile", "link/x"];
    let (_, out, err) = lint(&sub, &paths);
    assert_eq!(files(&out), paths, "{err}");
}

#[test]
fn staged_without_a_repository_is_an_error() {
    let folder = folder(&[("Dockerfile", ROOT)]);
    let (code, _, err) = lint(folder.path(), &["--staged"]);
    assert_eq!(
        (code, err.as_str()),
        (
            2,
            "error: `git` cannot list the staged files: not a Git repository\n"
        )
    );
}

#[test]
fn excludes_apply_to_directories_and_with_force_exclude_to_arguments() {
    let config = "exclude = ['/vendor/', '*.old']\n";
    let names = [
        ".jettison.toml",
        "Dockerfile",
        "vendor/Dockerfile",
        "sub/vendor/Dockerfile",
        "Dockerfile.old",
    ];
    let folder = folder(&names.map(|name| {
        (
            name,
            if name == ".jettison.toml" {
                config
            } else {
                ROOT
            },
        )
    }));
    let checked = |arguments: &[&str]| lint(folder.path(), arguments).1.lines().count();
    assert_eq!(
        files(&lint(folder.path(), &[]).1),
        ["Dockerfile", "sub/vendor/Dockerfile"]
    );
    assert_eq!(checked(&["--exclude", "sub"]), 1);
    assert_eq!(checked(&["Dockerfile", "vendor/Dockerfile"]), 2);
    assert_eq!(
        checked(&[
            "--force-exclude",
            "Dockerfile",
            "vendor/Dockerfile",
            "./Dockerfile.old"
        ]),
        1
    );
    assert_eq!(checked(&["--force-exclude", "vendor"]), 0);
    assert_eq!(
        checked(&["Dockerfile", "./Dockerfile", "."]),
        2,
        "each file once"
    );
}

#[test]
fn stdin_filename_sets_the_name_and_the_configuration() {
    let folder = folder(&[("sub/.jettison.toml", "[severity]\nroot-user = 'error'\n")]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .write_stdin(ROOT);
    command.args([
        "lint",
        "-",
        "--stdin-filename",
        "sub/x.Dockerfile",
        "--select",
        "root-user",
        "--format",
        "compact",
    ]);
    let output = command.output().expect("the program starts");
    assert!(
        String::from_utf8_lossy(&output.stdout).starts_with("sub/x.Dockerfile:2:1: error: "),
        "{output:?}"
    );
}

#[test]
fn a_baseline_suppresses_known_findings_and_nothing_else() {
    let folder = folder(&[
        ("Dockerfile", ROOT),
        ("sub/Dockerfile", "FROM a\nRUN sudo a\nUSER 1\n"),
    ]);
    let path = folder.path();
    let (code, out, err) = lint(path, &["--write-baseline", "known.json"]);
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (0, "", "note: 2 findings written to `known.json`\n")
    );
    let (code, out, err) = lint(path, &["--baseline", "known.json"]);
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (0, "", "note: 2 findings suppressed by `known.json`\n")
    );
    write(
        path,
        "sub/Dockerfile",
        "# moved\n\nFROM a\nRUN true\nRUN sudo b\nRUN  sudo a\nUSER 1\n",
    );
    let (code, out, _) = lint(&path.join("sub"), &["--baseline", "../known.json"]);
    assert_eq!((code, out.lines().count()), (1, 1));
    assert!(out.starts_with("Dockerfile:5:5: "), "{out}");
    write(path, "sub/Dockerfile", CLEAN);
    let (code, _, err) = lint(path, &["--baseline", "known.json"]);
    assert_eq!(code, 0);
    assert!(
        err.contains("note: 1 entry in `known.json` not found"),
        "{err}"
    );
    assert!(err.contains("\n  sub/Dockerfile: sudo: "), "{err}");
    for (name, reason) in [
        ("Dockerfile", "cannot use `Dockerfile`: not a baseline"),
        ("no", "cannot read `no`"),
    ] {
        let (code, _, err) = lint(path, &["--baseline", name]);
        assert_eq!((code, err.contains(reason)), (2, true), "{err}");
    }
}

#[test]
fn every_shell_has_completions_and_every_command_a_man_page() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_jettison"))
            .args(arguments)
            .output()
            .expect("it starts");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("output is UTF-8")
    };
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]);
        assert!(script.contains("write-baseline"), "{shell}: {script}");
    }
    assert!(run(&["man"]).contains(".TH jettison 1"));
    let folder = folder(&[]);
    run(&["man", &folder.path().to_string_lossy()]);
    let page = fs::read_to_string(folder.path().join("jettison-lint.1")).expect("it is written");
    assert!(page.contains("\\-\\-staged"), "{page}");
}

/// The command line of each hook, as built by pre-commit: `entry`, `args`, then names.
fn hooks() -> Vec<Vec<String>> {
    let yaml = fs::read_to_string(".pre-commit-hooks.yaml").expect("it is there");
    let mut hooks: Vec<Vec<String>> = Vec::new();
    for line in yaml.lines() {
        if let Some(entry) = line.strip_prefix("  entry: jettison ") {
            hooks.push(entry.split(' ').map(str::to_owned).collect());
        } else if let Some(args) = line.strip_prefix("  args: [") {
            let args = args.trim_end_matches(']').split(", ").map(str::to_owned);
            hooks.last_mut().expect("`entry` comes first").extend(args);
        }
    }
    hooks
}

const OPTIONS: [&str; 5] = [
    "--fix",
    "--config=evil.Dockerfile",
    "-h.Dockerfile",
    "--write-baseline=stolen",
    "-d/Dockerfile",
];

fn run_hook(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command.current_dir(folder).env("NO_COLOR", "1");
    command.env("PRE_COMMIT", "1").args(arguments);
    let output = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    (
        output.status.code().expect("it is not killed"),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn no_file_name_is_taken_for_an_option_by_a_hook() {
    assert_eq!(hooks().len(), 4);
    for hook in hooks() {
        for name in OPTIONS {
            let folder = folder(&[(name, ROOT)]);
            let mut arguments: Vec<&str> = hook.iter().map(String::as_str).collect();
            arguments.push(name);
            let (code, out, err) = run_hook(folder.path(), &arguments);
            assert_eq!(code, 1, "{arguments:?}: {out}{err}");
            assert!(out.contains(&format!("{name}:2")), "{arguments:?}: {out}");
            assert!(!folder.path().join("stolen").exists());
        }
    }
}

#[test]
fn a_hook_without_the_separator_fails_on_a_file_named_like_an_option() {
    for name in OPTIONS {
        let folder = folder(&[(name, ROOT)]);
        let (code, out, err) = run_hook(folder.path(), &["lint", "--force-exclude", name]);
        assert_eq!((code, out.as_str()), (2, ""), "{name}: {err}");
        let expected = format!("error: `{name}` is a file, but would be parsed as an option");
        assert!(err.starts_with(&expected), "{err}");
        assert_eq!(
            fs::read_to_string(folder.path().join(name)).expect("it is there"),
            ROOT
        );
        assert!(!folder.path().join("stolen").exists());
    }
}

#[test]
fn a_file_named_like_a_transport_is_read_as_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let name = "docker-daemon:evil/x.dockerfile";
    fs::create_dir(directory.path().join("docker-daemon:evil")).unwrap();
    fs::write(directory.path().join(name), "FROM a:1\nUSER root\n").unwrap();
    let output = Command::cargo_bin("jettison")
        .unwrap()
        .current_dir(directory.path())
        .env("DOCKER_HOST", "unix:///nonexistent.sock")
        .args([
            "lint",
            "--force-exclude",
            "--no-shellcheck",
            "--format",
            "compact",
            "--",
            name,
        ])
        .output()
        .unwrap();
    let findings = String::from_utf8(output.stdout).unwrap();
    assert!(findings.contains("[root-user]"), "{findings}");
}
