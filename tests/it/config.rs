//! Configuration: files, environment and options, and their precedence.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use jettison::config::{self, Config};
use jettison::lint::{Severity, ShellcheckCode};
use jettison::rules::registry;
use jettison::slim::Modules;
use serde_json::Value;

use crate::builders::elf_file::{GLIBC, library, program};

/// The program in a separate directory, isolated from this machine's settings.
fn jettison(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .current_dir(folder)
        .env_remove("CLICOLOR_FORCE")
        .env("NO_COLOR", "1")
        .env("JETTISON_NO_SHELLCHECK", "1");
    command
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (path, text) in files {
        fs::write(folder.path().join(path), text).expect("files can be written");
    }
    folder
}

/// Exit status, standard output and standard error.
fn run(command: &mut Command) -> (i32, String, String) {
    let output = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    (
        output.status.code().expect("it is not killed"),
        text(output.stdout),
        text(output.stderr),
    )
}

/// `rule:level` of every finding.
fn found(command: &mut Command) -> Vec<String> {
    let (_, out, err) = run(command.args(["--format", "json"]));
    let rows: Vec<Value> =
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {err}"));
    let field = |row: &Value, name: &str| row[name].as_str().map(str::to_owned).unwrap_or_default();
    rows.iter()
        .map(|row| format!("{}:{}", field(row, "rule"), field(row, "level")))
        .collect()
}

fn parsed(name: &str, text: &str) -> Result<Config, String> {
    config::parse(Path::new(name), text, registry()).map_err(|error| error.to_string())
}

const ROOT: &str = "FROM debian:12\nRUN apt-get install -y curl\nUSER root\n";

#[test]
fn the_pedantic_profile_reports_more_than_the_default() {
    let folder = folder(&[("Dockerfile", ROOT)]);
    let pins = |arguments: &[&str]| {
        let found = found(jettison(folder.path()).arg("lint").args(arguments));
        found.contains(&"unpinned-apt-package:warning".to_owned())
    };
    assert!(!pins(&[]));
    assert!(!pins(&["--profile", "default"]));
    assert!(pins(&["--profile", "pedantic"]));
    assert!(
        !pins(&["--profile", "pedantic", "--select", "root-user"]),
        "what is selected is all that speaks"
    );
    fs::write(
        folder.path().join(".jettison.toml"),
        "profile = \"pedantic\"\n",
    )
    .expect("it can be written");
    assert!(pins(&[]));
    assert!(!pins(&["--profile", "default"]));
    let (code, _, err) = run(jettison(folder.path()).args(["lint", "--profile", "strict"]));
    assert_eq!(code, 2);
    assert!(
        err.contains("unknown profile `strict`; use one of `default`, `minimal`, `pedantic`"),
        "{err}"
    );
}

#[test]
fn build_arguments_take_the_value_that_the_build_would_use() {
    let folder = folder(&[("Dockerfile", "ARG TAG=12\nFROM debian:${TAG}\n")]);
    let latest = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = jettison(folder.path());
        command
            .args(["lint", "--select", "latest-tag"])
            .args(arguments)
            .envs(environment.iter().copied());
        found(&mut command) == ["latest-tag:warning"]
    };
    assert!(!latest(&[], &[]));
    assert!(latest(&["--build-arg", "TAG=latest"], &[]));
    assert!(latest(
        &["--build-arg", "OTHER=1", "--build-arg", "TAG=latest"],
        &[]
    ));
    assert!(latest(&["--build-arg", "TAG"], &[("TAG", "latest")]));
    assert!(!latest(&["--build-arg", "TAG"], &[]));
    fs::write(
        folder.path().join(".jettison.toml"),
        "[build-args]\nTAG = \"latest\"\n",
    )
    .expect("it can be written");
    assert!(latest(&[], &[]));
    assert!(
        !latest(&["--build-arg", "TAG=11"], &[]),
        "the flag overrules the file"
    );
}

#[test]
fn the_target_option_selects_the_final_stage() {
    let text = "FROM debian:12 AS first\nUSER root\nFROM debian:12\nUSER 1\n";
    let folder = folder(&[("Dockerfile", text)]);
    let root = |arguments: &[&str]| {
        !found(
            jettison(folder.path())
                .args(["lint", "--select", "root-user"])
                .args(arguments),
        )
        .is_empty()
    };
    assert!(!root(&[]));
    assert!(root(&["--target", "first"]));
    fs::write(folder.path().join(".jettison.toml"), "target = \"first\"\n")
        .expect("it can be written");
    assert!(root(&[]));
}

#[test]
fn every_flag_can_be_set_by_an_environment_variable() {
    let folder = folder(&[(
        "Dockerfile",
        "# jettison global ignore=root-user\nFROM debian:12\nUSER root\n",
    )]);
    let found = |no_pragmas: &str| {
        let mut command = jettison(folder.path());
        found(
            command
                .arg("lint")
                .env("JETTISON_SELECT", "root-user,latest-tag")
                .env("JETTISON_NO_PRAGMAS", no_pragmas),
        )
    };
    assert_eq!(found("1"), ["root-user:warning"]);
    assert_eq!(found("0"), [""; 0]);
}

#[test]
fn a_flag_overrides_an_environment_variable() {
    let folder = folder(&[
        ("Dockerfile", "FROM debian:12\nUSER root\n"),
        ("other.toml", "ignore = [\"root-user\"]\n"),
    ]);
    let select = ["lint", "--select", "root-user"];
    let mut command = jettison(folder.path());
    assert_eq!(
        found(command.args(select).env("JETTISON_CONFIG", "other.toml")),
        [""; 0]
    );
    let mut command = jettison(folder.path());
    assert_eq!(
        found(
            command
                .args(select)
                .arg("--no-config")
                .env("JETTISON_CONFIG", "other.toml")
        )
        .len(),
        1
    );
}

#[test]
fn a_shellcheck_code_can_be_explained() {
    let folder = folder(&[]);
    let explained = |name: &str| run(jettison(folder.path()).args(["explain", name]));
    let (code, page, _) = explained("sc2086");
    assert_eq!(code, 0);
    for text in [
        "SC2086",
        "https://www.shellcheck.net/wiki/SC2086",
        "# jettison ignore=SC2086",
        "`jettison explain shellcheck`",
    ] {
        assert!(page.contains(text.trim_matches('`')), "{text}: {page}");
    }
    assert_ne!(page, explained("shellcheck").1);
    assert_ne!(page, explained("SC2046").1);
}

#[test]
fn pragmas_can_be_disabled_by_option_and_configuration() {
    let folder = folder(&[(
        "Dockerfile",
        "# jettison global ignore=root-user\nFROM debian:12\nUSER root\n",
    )]);
    let select = ["lint", "--select", "root-user"];
    assert_eq!(found(jettison(folder.path()).args(select)), [""; 0]);
    assert_eq!(
        found(jettison(folder.path()).args(select).arg("--no-pragmas")).len(),
        1
    );
    fs::write(folder.path().join(".jettison.toml"), "pragmas = false\n")
        .expect("it can be written");
    assert_eq!(found(jettison(folder.path()).args(select)).len(), 1);
}

#[test]
fn every_key_of_a_hadolint_file_is_read() {
    let text = "
# as hadolint has it
ignored:
  - DL3008
  - SC2086
  - DL3057
override:
  error: [DL3002]
  warning: []
  info: [SC2046]
  style:
    - DL3004
label-schema:
  maintainer: text
strict-labels: false
trustedRegistries: [docker.io, '*.example.com']
failure-threshold: warning
no-fail: false
format: tty
no-color: true
verbose: true
disable-ignore-pragma: true
";
    let config = parsed(".hadolint.yaml", text).expect("every key is known");
    assert!(config.settings.ignore.contains("unpinned-apt-package"));
    assert!(config.settings.codes.ignore.contains(&ShellcheckCode(2086)));
    assert_eq!(
        config.settings.severities.get("root-user"),
        Some(&Severity::Error)
    );
    assert_eq!(
        config.settings.severities.get("sudo"),
        Some(&Severity::Style)
    );
    assert_eq!(
        config.settings.codes.severities.get(&ShellcheckCode(2046)),
        Some(&Severity::Info)
    );
    assert_eq!(config.fail_on, "warning".parse().ok());
    assert_eq!(config.formats, ["text"]);
    assert!(config.no_color && !config.settings.pragmas);
    assert_eq!(
        parsed(".hadolint.yaml", "formats: [json, tty]\n")
            .expect("known")
            .formats,
        ["json"]
    );
    for empty in ["", "---\n# nothing\n", "ignored:\n", "{}"] {
        assert_eq!(
            parsed(".hadolint.yaml", empty),
            Ok(Config::default()),
            "{empty}"
        );
    }
}

#[test]
fn no_fail_and_failure_threshold_decide_the_exit_code() {
    let cases = [
        ("", 1),
        ("failure-threshold: error", 0),
        ("no-fail: true", 0),
        ("failure-threshold: ignore", 0),
    ];
    for (config, expected) in cases {
        let folder = folder(&[
            (".hadolint.yaml", config),
            ("Dockerfile", "FROM debian:12\nUSER root\n"),
        ]);
        let select = ["lint", "--select", "DL3002"];
        assert_eq!(
            run(jettison(folder.path()).args(select)).0,
            expected,
            "{config}"
        );
        let strict = run(jettison(folder.path())
            .args(select)
            .args(["--fail-on", "warning"]))
        .0;
        assert_eq!(strict, 1, "the flag overrules `{config}`");
    }
}

#[test]
fn the_highest_of_several_severities_is_used() {
    let text = "override:\n  error: [DL3002]\n  info: [DL3002]\n  style: [DL3002]\n";
    let config = parsed(".hadolint.yaml", text).expect("it is right");
    assert_eq!(
        config.settings.severities.get("root-user"),
        Some(&Severity::Error)
    );
}

#[test]
fn the_format_in_the_configuration_is_used_and_must_exist() {
    let folder = folder(&[
        ("Dockerfile", "FROM debian:12\nUSER 1\n"),
        (".hadolint.yaml", "format: json"),
    ]);
    assert_eq!(run(jettison(folder.path()).arg("lint")).1, "[]\n");
    assert!(
        run(jettison(folder.path()).args(["lint", "--format", "text"]))
            .1
            .contains("1 file")
    );
    fs::write(folder.path().join(".hadolint.yaml"), "format: no-such").expect("it can be written");
    let (code, _, err) = run(jettison(folder.path()).arg("lint"));
    assert_eq!(code, 2);
    assert!(
        err.contains(
            "`format` in the configuration: unknown format `no-such`; use one of text, compact"
        ),
        "{err}"
    );
}

#[test]
fn only_the_color_flag_overrides_no_color_in_the_configuration() {
    let folder = folder(&[("Dockerfile", ROOT), (".hadolint.yaml", "no-color: true\n")]);
    let colored = |arguments: &[&str]| {
        let mut command = jettison(folder.path());
        command
            .env_remove("NO_COLOR")
            .env("CLICOLOR_FORCE", "1")
            .arg("lint")
            .args(arguments);
        run(&mut command).1.contains('\u{1b}')
    };
    assert!(!colored(&[]));
    assert!(colored(&["--no-config"]));
    assert!(colored(&["--color", "always"]));
}

#[test]
fn hadolint_variables_rank_below_its_file_and_are_ignored_with_a_jettison_file() {
    let folder = folder(&[("Dockerfile", "FROM debian:latest\nUSER root\n")]);
    let lint = |environment: &[(&str, &str)]| {
        let mut command = jettison(folder.path());
        command
            .args(["lint", "--select", "DL3002,DL3007"])
            .envs(environment.iter().copied());
        found(&mut command)
    };
    let both = ["latest-tag:warning", "root-user:warning"];
    assert_eq!(lint(&[]), both);
    assert_eq!(
        lint(&[("HADOLINT_IGNORE", "DL3007, DL9999")]),
        ["root-user:warning"]
    );
    assert_eq!(
        lint(&[("HADOLINT_OVERRIDE_ERROR", "DL3002")]),
        ["latest-tag:warning", "root-user:error"]
    );
    fs::write(folder.path().join(".hadolint.yaml"), "ignored: [DL3002]\n")
        .expect("it can be written");
    assert_eq!(
        lint(&[("HADOLINT_IGNORE", "DL3007")]),
        [""; 0],
        "lists are put together"
    );
    fs::write(folder.path().join(".jettison.toml"), "").expect("it can be written");
    assert_eq!(
        lint(&[("HADOLINT_IGNORE", "DL3007")]),
        both,
        "jettison's file stands alone"
    );
}

#[test]
fn the_hadolint_file_overrides_the_hadolint_threshold_variable() {
    let status = |config: &str, environment: &[(&str, &str)]| {
        let folder = folder(&[
            ("Dockerfile", "FROM debian:12\nUSER root\n"),
            (".hadolint.yaml", config),
        ]);
        let mut command = jettison(folder.path());
        run(command
            .args(["lint", "--select", "DL3002"])
            .envs(environment.iter().copied()))
        .0
    };
    assert_eq!(status("", &[("HADOLINT_FAILURE_THRESHOLD", "error")]), 0);
    assert_eq!(
        status(
            "failure-threshold: warning",
            &[("HADOLINT_FAILURE_THRESHOLD", "error")]
        ),
        1
    );
    assert_eq!(
        status("failure-threshold: warning", &[("HADOLINT_NOFAIL", "1")]),
        0
    );
    assert_eq!(status("no-fail: false", &[("HADOLINT_NOFAIL", "true")]), 1);
}

#[test]
fn a_configuration_error_has_its_position_and_a_suggestion() {
    let cases = [
        (
            ".hadolint.yaml",
            "ignored: []\nignore: [DL3008]\n",
            "line 2, column 1: unknown field `ignore`; did you mean `ignored`?",
        ),
        (
            ".hadolint.yaml",
            "ignored:\n  - DL3008\n  - rot-user\n",
            "line 3, column 5: there is no rule `rot-user`; did you mean `root-user`?",
        ),
        (
            ".hadolint.yaml",
            "override:\n  warnings: [DL3008]\n",
            "line 2, column 3: unknown field `warnings`; did you mean `warning`?",
        ),
        (
            ".hadolint.yaml",
            "failure-threshold: bad\n",
            "line 1, column 20: `failure-threshold`: expected",
        ),
        (".hadolint.yaml", "no-fail: [1\n", "line "),
        (
            ".jettison.toml",
            "[severity]\nSC2086 = \"info\"\nSC208 = \"info\"\n",
            "line 3, column 1: there is no rule `SC208`",
        ),
        (
            ".jettison.toml",
            "ignored = []\n",
            "line 1, column 1: unknown field `ignored`; did you mean `ignore`?",
        ),
        (
            ".jettison.toml",
            "profile = \"strict\"\n",
            "line 1, column 11: unknown profile `strict`; use one of `default`, `minimal`, `pedantic`",
        ),
        (
            ".jettison.toml",
            "shellcheck = 1\n",
            "line 1, column 14: expected `true`, `false` or a path",
        ),
    ];
    for (name, text, expected) in cases {
        let error = parsed(name, text).expect_err(text);
        assert!(
            error.starts_with(&format!("`{name}`, ")) && error.contains(expected),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_migrated_configuration_has_the_same_settings() {
    let cases = [
        "",
        "ignored: [DL3008, SC2086, DL3057]\n",
        "override: {error: [DL3002, SC2046], info: [DL3002, DL3004]}\nfailure-threshold: warning\n",
        "no-fail: true\nformat: tty\nno-color: true\ndisable-ignore-pragma: true\n",
        "failure-threshold: ignore\nverbose: true\n",
    ];
    for text in cases {
        let migrated =
            config::migrate(Path::new(".hadolint.yaml"), text, registry()).expect("it is right");
        let mut own = parsed(".jettison.toml", &migrated)
            .unwrap_or_else(|error| panic!("{error}\n{migrated}"));
        let theirs = parsed(".hadolint.yaml", text).expect("it is right");
        // The same setting in another location.
        own.settings.origins.clone_from(&theirs.settings.origins);
        assert_eq!(own, theirs, "{text}\n{migrated}");
    }
}

#[test]
fn migrate_reads_the_nearest_file_and_lists_unknown_rules() {
    let folder = folder(&[(".hadolint.yaml", "ignored: [DL3002, DL9999]\n")]);
    let (code, out, _) = run(jettison(folder.path()).args(["config", "migrate"]));
    assert_eq!(
        (code, out.as_str()),
        (
            0,
            "# DL9999 is ignored: jettison has no such rule\nignore = [\"DL3002\"]\n"
        )
    );
    let empty = tempfile::tempdir().expect("a temporary folder can be made");
    let (code, _, err) = run(jettison(empty.path()).args(["config", "migrate"]));
    assert_eq!(code, 2);
    assert!(
        err.contains("no `.hadolint.yaml` in this directory or any parent directory"),
        "{err}"
    );
}

#[test]
fn config_schema_prints_the_json_schema() {
    let folder = folder(&[]);
    let (code, out, _) = run(jettison(folder.path()).args(["config", "schema"]));
    let schema: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(code, 0);
    assert_eq!(schema["additionalProperties"], Value::Bool(false));
    assert_eq!(
        schema["properties"]["profile"]["enum"],
        serde_json::json!(["default", "minimal", "pedantic"])
    );
}

/// The labels in other files of all findings: `file:line:column: the text there: message`.
fn words(folder: &Path, config: &str, arguments: &[&str]) -> Vec<String> {
    let (_, out, err) = run(jettison(folder)
        .args(["lint", "Dockerfile", "--format", "json"])
        .args(arguments));
    let rows: Vec<Value> =
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {err}"));
    let labels = rows
        .iter()
        .flat_map(|row| row["labels"].as_array().into_iter().flatten());
    let number = |label: &Value, name: &str| {
        label[name]
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
    };
    let told = labels.filter_map(|label| {
        let (line, column, end) = (
            number(label, "line")?,
            number(label, "column")?,
            number(label, "end_column")?,
        );
        let there = config
            .lines()
            .nth(line - 1)?
            .chars()
            .skip(column - 1)
            .take(end - column)
            .collect::<String>();
        Some(format!(
            "{}:{line}:{column}: {there}: {}",
            label["file"].as_str()?,
            label["message"].as_str()?
        ))
    });
    told.collect()
}

const ASKED_FOR: &str = "FROM ghcr.io/a/b:1\nLABEL a=b author=x\nUSER root\n";

#[test]
fn a_finding_shows_the_configuration_value_it_is_based_on() {
    let own = "# Ünser\ntrusted-registries = ['docker.io', 'quay.io']\nstrict-labels = true\n\
               severity = { DL3002 = \"error\" }\n[label-schema]\nauthor = 'email'\nversion = 'semver'\n";
    let hadolint = "# Ünser\ntrustedRegistries:\n  - docker.io\noverride:\n  info: [DL3002, DL3059]\n  error: [\"DL3002\"]\n\
                    label-schema: {author: email, version: semver}\n";
    let folder = folder(&[
        ("Dockerfile", ASKED_FOR),
        (".jettison.toml", own),
        ("hadolint.yaml", hadolint),
    ]);
    let expected = [
        ".jettison.toml:7:11: 'semver': label required here",
        ".jettison.toml:2:23: 'docker.io': trusted registries set here",
        ".jettison.toml:3:17: true: other labels are forbidden here",
        ".jettison.toml:6:10: 'email': label required here",
        ".jettison.toml:4:23: \"error\": severity set here",
    ];
    assert_eq!(words(folder.path(), own, &[]), expected);
    let expected = [
        "hadolint.yaml:7:40: semver: label required here",
        "hadolint.yaml:3:5: docker.io: trusted registries set here",
        "hadolint.yaml:7:24: email: label required here",
        "hadolint.yaml:6:11: \"DL3002\": severity set here",
    ];
    assert_eq!(
        words(folder.path(), hadolint, &["--config", "hadolint.yaml"]),
        expected
    );
}

#[test]
fn settings_from_the_environment_have_no_excerpt() {
    let folder = folder(&[("Dockerfile", ASKED_FOR)]);
    let mut command = jettison(folder.path());
    command
        .env("HADOLINT_OVERRIDE_ERROR", "DL3002")
        .env("HADOLINT_TRUSTED_REGISTRIES", "docker.io");
    let (_, out, _) = run(command.args(["lint", "Dockerfile"]));
    assert!(
        out.contains("error[root-user]") && out.contains("untrusted-registry"),
        "{out}"
    );
    assert!(!out.contains(":::"), "{out}");
}

#[test]
fn the_configuration_excerpt_follows_the_dockerfile_excerpt() {
    let config = "[severity]\nroot-user = \"error\"\n";
    let folder = folder(&[
        ("Dockerfile", "FROM debian:12\nUSER root\n"),
        (".jettison.toml", config),
    ]);
    let (_, out, _) = run(jettison(folder.path()).arg("lint"));
    let expected = "\
error[root-user]: the container runs as `root`
 --> Dockerfile:2:1
  |
2 | USER root
  | ^^^^^^^^^
  |
 ::: .jettison.toml:2:13
  |
2 | root-user = \"error\"
  |             ------- severity set here
";
    assert!(out.starts_with(expected), "{out}");
}

#[test]
fn the_modules_to_keep_are_read_and_the_option_takes_precedence() {
    for level in Modules::ALL {
        let config = parsed(".jettison.toml", &format!("modules = '{}'", level.as_str()));
        assert_eq!(config.unwrap().modules, Some(level));
    }
    let error = parsed(".jettison.toml", "modules = 'few'").unwrap_err();
    assert!(
        error.contains("expected `off`, `packages` or `exact`"),
        "{error}"
    );

    let folder = folder(&[(".jettison.toml", "modules = 'off'\n")]);
    let root = folder.path().join("root");
    for (path, bytes) in [
        ("usr/bin/node", program(GLIBC).bytes()),
        ("app/main.js", Vec::new()),
        ("app/node_modules/unused/index.js", Vec::new()),
        (&GLIBC[1..], library("ld-linux-x86-64.so.2").bytes()),
    ] {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), bytes).unwrap();
    }
    for (option, is_kept) in [
        (None, true),
        (Some("packages"), false),
        (Some("exact"), false),
    ] {
        let mut command = jettison(folder.path());
        command.args(["why", "rootfs:root", "/app/node_modules/unused/index.js"]);
        command.args(["--entrypoint", r#"["/usr/bin/node", "/app/main.js"]"#]);
        if let Some(level) = option {
            command.args(["--modules", level]);
        }
        let (code, out, err) = run(&mut command);
        assert_eq!(code == 0, is_kept, "{option:?}: {out}{err}");
    }
}

#[test]
fn limits_on_licenses_fixes_and_labels_are_part_of_a_policy() {
    let text = "[policy]\ndeny-licenses = [\"GPL-*\"]\ndeny-fixable = \"high\"\n\
                require-labels = [\"owner\"]\nrequire-attestations = [\"https://slsa.dev/*\"]\n";
    let policy = parsed(".jettison.toml", text).expect("it is valid").policy;
    assert!(!policy.is_empty() && policy.deny_fixable.is_some());
    assert_eq!(policy.required_labels, ["owner"]);
    assert_eq!(policy.required_attestations.len(), 1);
    for (text, expected) in [
        (
            "deny-fixable = \"severe\"",
            "line 2, column 16: expected `low`",
        ),
        ("deny-licenses = [\"[\"]", "line 2, column 18: invalid glob"),
    ] {
        let error = parsed(".jettison.toml", &format!("[policy]\n{text}\n"));
        let error = error.expect_err("it is wrong");
        assert!(error.contains(expected), "{error}");
    }
}
