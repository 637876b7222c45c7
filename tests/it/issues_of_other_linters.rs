//! Features that users have requested from other linters, and known bugs of hadolint: one test for
//! each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use assert_cmd::Command;
use jettison::lint::{
    BuildContext, Extras, Finding, IgnoreFile, Profile, SHELLCHECK, Selection, Settings, Severity,
    lint, lint_with,
};
use jettison::rules::registry;
use jettison::shellcheck;
use jettison::source::Source;

/// Settings that only select these rules, by name or by another tool's code.
fn only(names: &[&str]) -> Settings {
    let found = registry()
        .resolve(names.iter().copied())
        .expect("the rules are there");
    Settings {
        select: Selection::Only(found.rules),
        ..Settings::default()
    }
}

fn findings(names: &[&str], text: &str) -> Vec<Finding> {
    lint(&Source::new("Dockerfile", text), registry(), &only(names))
}

/// The lines of the findings, counted from 1.
fn lines(name: &str, text: &str) -> Vec<usize> {
    let source = Source::new("Dockerfile", text);
    let found = lint(&source, registry(), &only(&[name]));
    found
        .iter()
        .map(|finding| {
            source
                .position(finding.span().expect("the file is a Dockerfile").start)
                .line
        })
        .collect()
}

#[track_caller]
fn assert_lines(name: &str, text: &str, expected: &[usize]) {
    assert_eq!(lines(name, text), expected, "{name}: {text}");
}

// Features that users have requested.

#[test]
fn the_user_is_inherited_through_stages_and_known_base_images() {
    assert_lines("missing-user", "FROM debian:12\nCMD [\"app\"]\n", &[1]);
    assert_lines(
        "missing-user",
        "FROM debian:12 AS base\nUSER 10001\nFROM base\nCMD [\"app\"]\n",
        &[],
    );
    assert_lines(
        "missing-user",
        "FROM debian:12 AS build\nUSER 10001\nFROM debian:12\nCMD [\"app\"]\n",
        &[3],
    );
    assert_lines(
        "missing-user",
        "FROM gcr.io/distroless/static-debian12:nonroot\nCMD [\"/app\"]\n",
        &[],
    );
}

#[test]
fn a_finding_in_a_multi_line_run_has_its_own_line_and_column() {
    let source = Source::new(
        "Dockerfile",
        "FROM debian:12\nRUN true \\\n    # why\n && cd /x \\\n  && sudo make\n",
    );
    let found = lint(&source, registry(), &only(&["DL3004"]));
    let place = source.position(found[0].span().expect("the file is a Dockerfile").start);
    assert_eq!((place.line, place.column), (5, 6));
    assert_eq!(
        source.slice(found[0].span().expect("the file is a Dockerfile")),
        "sudo"
    );
}

#[test]
fn heredocs_and_the_instructions_after_them_are_linted() {
    let text = "FROM debian:12\nRUN <<EOF\nsudo make\nEOF\n# comment\nCOPY <<-A <<B /etc/\n\tone\n\tA\ntwo\nB\nRUN sudo make\n";
    assert_lines("syntax-error", text, &[]);
    assert_lines("DL3004", text, &[3, 11]);
    assert_lines(
        "DL3004",
        "FROM debian:12\nRUN <<EOF cat > /x\nsudo is a word here\nEOF\n",
        &[],
    );
}

#[test]
fn build_arguments_in_from_are_expanded() {
    assert_lines("DL3006", "ARG BASE=debian\nFROM ${BASE}\n", &[2]);
    assert_lines("DL3006", "ARG BASE=debian:12\nFROM ${BASE}\n", &[]);
    assert_lines(
        "DL3006",
        "FROM debian:12 AS base-amd64\nFROM base-${TARGETARCH}\n",
        &[],
    );
    assert_lines("DL3007", "ARG TAG=latest\nFROM debian:${TAG}\n", &[2]);
    let mut settings = only(&["DL3007"]);
    settings.build_args = BTreeMap::from([("TAG".to_owned(), "12".to_owned())]);
    assert!(
        lint(
            &Source::new("Dockerfile", "ARG TAG=latest\nFROM debian:${TAG}\n"),
            registry(),
            &settings
        )
        .is_empty()
    );
}

#[test]
fn package_lists_in_variables_are_expanded() {
    let install = "RUN apt-get update && apt-get install -y $PACKAGES\n";
    assert_lines(
        "DL3008",
        &format!("FROM debian:12\nENV PACKAGES=\"curl=7.88.1-10 git=1:2.39.5-0\"\n{install}"),
        &[],
    );
    assert_lines(
        "DL3008",
        &format!("FROM debian:12\nENV PACKAGES=\"curl git\"\n{install}"),
        &[3],
    );
    assert_lines("DL3008", &format!("FROM debian:12\n{install}"), &[]);
    assert_lines(
        "DL3033",
        "FROM centos:7\nARG TOOL=curl-7.29.0\nRUN yum install -y $TOOL\n",
        &[],
    );
}

#[test]
fn a_version_past_its_end_of_life_is_less_severe_if_it_is_not_part_of_the_image() {
    for (text, severity) in [
        (
            "FROM python:3.8 AS build\nFROM debian:13\nCOPY --from=build /a /b\n",
            Severity::Info,
        ),
        (
            "FROM debian:13 AS build\nCOPY --from=alpine:3.10 /a /b\nFROM debian:13\n",
            Severity::Info,
        ),
        ("FROM python:3.8 AS build\nFROM build\n", Severity::Warning),
        (
            "FROM python:3.8 AS build\nFROM python:3.8-slim\n",
            Severity::Warning,
        ),
        (
            "FROM debian:13\nCOPY --from=alpine:3.10 /a /b\n",
            Severity::Warning,
        ),
    ] {
        let found = findings(&["end-of-life-base"], text);
        let severities: Vec<Severity> = found.iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, [severity], "{text}");
    }
}

#[test]
fn one_finding_for_what_a_single_change_fixes() {
    // A rule that leaves a defect to another rule reports it if the other rule is not selected.
    for (rules, text) in [
        (
            &["download-piped-to-shell", "pipe-without-pipefail"][..],
            "FROM debian:12\nRUN curl https://example.com/x | sh\n",
        ),
        (
            &["plain-http-download", "remote-add-without-checksum"],
            "FROM debian:12\nADD http://example.com/x /x\n",
        ),
        (
            &["missing-user", "user-never-used"],
            "FROM debian:12\nRUN useradd web\nCMD [\"run\"]\n",
        ),
    ] {
        assert_eq!(findings(rules, text).len(), 1, "{rules:?}");
        for rule in rules {
            assert_eq!(findings(&[*rule], text).len(), 1, "{rule}");
        }
    }
}

#[test]
fn only_the_pedantic_profile_requires_pinned_packages() {
    let source = Source::new(
        "Dockerfile",
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n",
    );
    let asks = |profile| {
        let settings = Settings {
            select: Selection::Profile(profile),
            ..Settings::default()
        };
        lint(&source, registry(), &settings)
            .iter()
            .any(|finding| finding.rule == "unpinned-apt-package")
    };
    assert!(asks(Profile::Pedantic));
    assert!(!asks(Profile::Default));
}

#[test]
fn a_directory_is_searched_for_dockerfiles() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for name in [
        "Dockerfile",
        "a/web.Dockerfile",
        "a/b/Dockerfile.dev",
        "a/b/main.c",
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("it is in the folder"))
            .expect("folders can be made");
        fs::write(path, "FROM debian:12\nRUN sudo make\n").expect("files can be written");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command.current_dir(folder.path()).env("NO_COLOR", "1");
    let assert = command
        .args([
            "lint",
            "--no-config",
            "--no-shellcheck",
            "--select",
            "DL3004",
            ".",
        ])
        .assert()
        .code(1);
    let out = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert_eq!(
        out.matches("warning[sudo]").count() + out.matches("error[sudo]").count(),
        3,
        "{out}"
    );
}

#[test]
fn digests_can_be_required_and_replace_a_version_tag() {
    let pinned = format!("FROM debian@sha256:{}\n", "a".repeat(64));
    assert_lines("image-without-digest", "FROM debian:12\n", &[1]);
    assert_lines("image-without-digest", &pinned, &[]);
    assert_lines("DL3006", &pinned, &[]);
    assert_lines("DL3007", &pinned.replace("debian@", "debian:latest@"), &[]);
}

#[test]
fn a_cache_mount_needs_no_cleanup() {
    let apt = "RUN --mount=type=cache,target=/var/lib/apt --mount=type=cache,target=/var/cache/apt \
               apt-get update && apt-get install -y curl\n";
    assert_lines("DL3009", &format!("FROM debian:12\n{apt}"), &[]);
    assert_lines(
        "DL3019",
        "FROM alpine:3.20\nRUN --mount=type=cache,target=/var/cache/apk apk add curl\n",
        &[],
    );
    assert_lines(
        "DL3042",
        "FROM python:3.13\nRUN --mount=type=cache,target=/root/.cache pip install a==1\n",
        &[],
    );
    assert_lines(
        "DL3042",
        "FROM python:3.13\nRUN --mount=type=cache,target=/srv pip install a==1\n",
        &[2],
    );
}

#[test]
fn builder_stages_are_exempt_from_rules_about_the_final_image() {
    let build = "RUN apt-get update\nRUN yarn install\nRUN pip install a==1\nUSER root\n";
    let rules = ["DL3002", "DL3009", "DL3042", "DL3059", "DL3060"];
    let rest = "FROM debian:12\nCOPY --from=build /x /x\nUSER 10001\n";
    assert!(findings(&rules, &format!("FROM debian:12 AS build\n{build}{rest}")).is_empty());
    let found: BTreeSet<_> = findings(&rules, &format!("FROM debian:12\n{build}"))
        .iter()
        .map(|f| f.rule)
        .collect();
    assert_eq!(found.len(), rules.len(), "{found:?}");
}

#[test]
fn pipefail_is_recognized_wherever_it_is_set() {
    let download = "curl -fsS https://example.com/x | tar -x";
    assert_lines("DL4006", &format!("FROM debian:12\nRUN {download}\n"), &[2]);
    for set in [
        format!(
            "FROM debian:12\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN {download}\n"
        ),
        format!(
            "FROM debian:12\nSHELL [\"/bin/bash\", \"-c\"]\nRUN set -euo pipefail; {download}\n"
        ),
        format!("FROM alpine:3.20\nRUN set -o pipefail && {download}\n"),
        format!(
            "FROM alpine:3.20\nSHELL [\"/bin/ash\", \"-eo\", \"pipefail\", \"-c\"]\nRUN {download}\n"
        ),
        format!("FROM debian:12\nRUN <<EOF\n#!/bin/bash -eo pipefail\n{download}\nEOF\n"),
        format!("FROM debian:12\nRUN bash -o pipefail -c '{download}'\n"),
        "FROM debian:12\nRUN echo x | tee /y\n".to_owned(),
    ] {
        assert_lines("DL4006", &set, &[]);
    }
}

#[test]
fn cd_is_accepted_where_workdir_could_not_replace_it() {
    assert_lines("DL3003", "FROM debian:12\nRUN cd /opt && make\n", &[2]);
    for fine in [
        "(cd /opt && make) && make",
        "cd /a && make && cd /b && make",
        "git clone x/tool && cd tool && make",
    ] {
        assert_lines("DL3003", &format!("FROM debian:12\nRUN {fine}\n"), &[]);
    }
}

#[test]
fn comments_inside_a_run_suppress_findings_in_the_next_command() {
    let text = |comment: &str| {
        format!("FROM debian:12\nRUN sudo a \\\n    # {comment}\n && sudo b \\\n && sudo c\n")
    };
    assert_lines("DL3004", &text("a comment"), &[2, 4, 5]);
    assert_lines("DL3004", &text("jettison ignore=sudo it is there"), &[2, 5]);
    assert_lines("DL3004", &text("hadolint ignore=DL3004"), &[2, 5]);
}

#[test]
fn shellcheck_comments_inside_a_run_suppress_findings_in_the_next_command() {
    let Some(program) = std::env::var_os("PATH").and_then(|path| shellcheck::find(&path)) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "`shellcheck` is not on PATH"
        );
        return;
    };
    let text = "FROM debian:12\nRUN cat $A \\\n    # shellcheck disable=SC2086\n && cat $B\n";
    let source = Source::new("Dockerfile", text);
    let settings = only(&[SHELLCHECK]);
    let answer = shellcheck::check(&program, [&source], &settings)
        .expect("it answers")
        .remove(0);
    let extras = Extras {
        shellcheck: Some(answer),
        ..Extras::default()
    };
    let found = lint_with(&source, registry(), &settings, extras).findings;
    let found: Vec<_> = found
        .iter()
        .map(|finding| source.slice(finding.span().expect("the file is a Dockerfile")))
        .collect();
    assert_eq!(found, ["$A"]);
}

#[test]
fn a_heredoc_that_ignores_failures_is_reported() {
    let script =
        |first: &str| format!("FROM debian:12\nRUN <<EOF\n{first}make install\nmake clean\nEOF\n");
    assert_lines("heredoc-without-errexit", &script(""), &[3]);
    assert_lines("heredoc-without-errexit", &script("set -e\n"), &[]);
}

#[test]
fn downloads_without_a_checksum_are_reported() {
    let fetch = "curl -fsSLo tool https://example.com/tool";
    assert_lines(
        "unverified-download",
        &format!("FROM debian:12\nRUN {fetch} && chmod +x tool\n"),
        &[2],
    );
    let checked = format!(
        "FROM debian:12\nRUN {fetch} && echo \"$SUM  tool\" | sha256sum -c - && chmod +x tool\n"
    );
    assert_lines("unverified-download", &checked, &[]);
    assert_lines(
        "remote-add-without-checksum",
        "FROM debian:12\nADD https://example.com/tool /tool\n",
        &[2],
    );
    let sum = "a".repeat(64);
    let added =
        format!("FROM debian:12\nADD --checksum=sha256:{sum} https://example.com/tool /tool\n");
    assert_lines("remote-add-without-checksum", &added, &[]);
}

#[test]
fn copy_from_accepts_stages_in_any_case_images_and_variables() {
    let copy = |from: &str| {
        format!("FROM debian:12 AS build\nFROM debian:12\nARG IMAGE\nCOPY --from={from} /x /x\n")
    };
    for fine in [
        "build",
        "BUILD",
        "0",
        "ghcr.io/astral-sh/uv",
        "debian:12",
        "$IMAGE",
    ] {
        assert_lines("DL3022", &copy(fine), &[]);
    }
    assert_lines("DL3022", &copy("biuld"), &[4]);
}

#[test]
fn variables_that_hold_paths_or_public_keys_are_not_secrets() {
    let fine = "FROM debian:12\nENV GIT_KEY_FILE=/run/secrets/key SSH_AUTH_SOCK=/run/ssh.sock SIGNING_PUBLIC_KEY=abc\n";
    assert_lines("SecretsUsedInArgOrEnv", fine, &[]);
    let text =
        "FROM debian:12\nENV DB_PASSWORD=x\n# check=skip=SecretsUsedInArgOrEnv\nENV API_TOKEN=y\n";
    assert_lines("SecretsUsedInArgOrEnv", text, &[2]);
}

#[test]
fn an_argument_without_default_in_from_is_reported_at_info() {
    let text = "ARG TAG\nFROM debian:${TAG}\n";
    let found = findings(&["InvalidDefaultArgInFrom"], text);
    assert_eq!(found[0].severity, Severity::Info);
    assert_lines(
        "InvalidDefaultArgInFrom",
        "ARG VARIANT\nFROM debian:12${VARIANT}\n",
        &[],
    );
    let mut settings = only(&["InvalidDefaultArgInFrom"]);
    settings.build_args = BTreeMap::from([("TAG".to_owned(), "12".to_owned())]);
    assert!(lint(&Source::new("Dockerfile", text), registry(), &settings).is_empty());
}

#[test]
fn variables_the_base_image_may_set_are_not_undefined() {
    assert_lines(
        "UndefinedVar",
        "FROM example.com/app:1\nENV X=$SET_BY_BASE PATH=/x:$PATH\n",
        &[],
    );
    assert_lines(
        "UndefinedVar",
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nENV A=$path\n",
        &[],
    );
    assert_lines(
        "UndefinedVar",
        "FROM debian:12\nCOPY <<'EOF' /x\n$NOPE\nEOF\n",
        &[],
    );
    assert_lines("UndefinedVar", "FROM scratch\nENV A=$NOPE\n", &[2]);
}

#[test]
fn a_finding_about_a_whole_stage_is_suppressed_above_its_from() {
    let text = "FROM debian:12 AS build\nUSER 10001\nFROM debian:12\nCMD [\"app\"]\n";
    assert_lines("DS-0002", text, &[3]);
    let silenced = text.replace(
        "FROM debian:12\nCMD",
        "# trivy:ignore:DS-0002\nFROM debian:12\nCMD",
    );
    assert_lines("DS-0002", &silenced, &[]);
}

#[test]
fn consecutive_runs_are_recognized_across_comments() {
    assert_lines(
        "DL3059",
        "FROM debian:12\nRUN one\n\n# why\nRUN two\n",
        &[5],
    );
    assert_lines(
        "DL3059",
        "FROM debian:12\nRUN one\nRUN \\\n # why\n two && three\n",
        &[],
    );
}

#[test]
fn an_escaped_dollar_is_not_a_variable() {
    assert_lines("DL3044", "FROM debian:12\nENV A=1 B=\\$A\n", &[]);
    assert_lines("DL3044", "FROM debian:12\nENV A=1 B=$A\n", &[2]);
}

#[test]
fn cleaning_a_cache_before_the_install_does_not_count() {
    assert_lines(
        "DL3032",
        "FROM centos:7\nRUN yum clean all && yum install -y curl-7.29.0\n",
        &[2],
    );
    assert_lines(
        "DL3009",
        "FROM debian:12\nRUN rm -rf /var/lib/apt/lists/* && apt-get update\n",
        &[2],
    );
}

#[test]
fn a_registry_port_after_a_variable_is_not_a_tag() {
    assert_lines(
        "DL3006",
        "ARG REGISTRY=r.example.com\nFROM $REGISTRY:8099/app\n",
        &[2],
    );
    assert_lines(
        "DL3006",
        "ARG REGISTRY=r.example.com\nFROM $REGISTRY:8099/app:1.2\n",
        &[],
    );
}

#[test]
fn copying_a_file_that_dockerignore_excludes_is_reported() {
    let source = Source::new(
        "Dockerfile",
        "FROM debian:12\nCOPY target /x\nCOPY src /x\n",
    );
    let extras = Extras {
        build: BuildContext {
            ignore: Some(IgnoreFile::parse("target\n")),
        },
        ..Extras::default()
    };
    let found = lint_with(&source, registry(), &only(&["CopyIgnoredFile"]), extras).findings;
    assert_eq!(
        found
            .iter()
            .map(|finding| source.slice(finding.span().expect("the file is a Dockerfile")))
            .collect::<Vec<_>>(),
        ["target"]
    );
}

// Known bugs of hadolint.

#[test]
fn cleaning_the_yum_cache_also_after_the_install_counts() {
    assert_lines(
        "DL3032",
        "FROM centos:7\nRUN yum clean all && yum install -y curl && yum clean all\n",
        &[],
    );
}

#[test]
fn add_is_right_for_git_repositories_and_zstd_archives() {
    assert_lines(
        "DL3020",
        "FROM debian:12\nADD git@github.com:a/b.git /b\nADD x.tar.zst /x\nADD y /y\n",
        &[4],
    );
}

#[test]
fn stage_names_are_compared_without_case() {
    assert_lines("DL3024", "FROM debian:12 AS a\nFROM debian:12 AS A\n", &[2]);
}

#[test]
fn names_that_merely_contain_a_secret_word_are_not_secrets() {
    let text = "FROM debian:12\nENV USERNAME=dev TOKENIZERS_PARALLELISM=false PRIVATE_REGISTRY=r.example.com\n";
    assert_lines("DL3064", text, &[]);
    assert_lines("DL3064", "FROM debian:12\nENV DB_PASSWORD=x\n", &[2]);
}

#[test]
fn alternative_install_commands_are_recognized() {
    assert_lines(
        "DL3016",
        "FROM node:22\nRUN npm i -g a\nRUN npm add -g b\n",
        &[2, 3],
    );
    assert_lines(
        "DL3013",
        "FROM python:3.13\nRUN uv pip install a\nRUN pip install -r r.txt b\n",
        &[2, 3],
    );
    assert_lines(
        "DL3008",
        "FROM debian:12\nRUN bash -c \"apt-get install -y curl\"\n",
        &[2],
    );
}

#[test]
fn shell_form_after_a_shell_instruction_is_accepted() {
    assert_lines(
        "DL3025",
        "FROM debian:12\nSHELL [\"/bin/bash\", \"-c\"]\nCMD app --x\n",
        &[],
    );
    assert_lines("DL3025", "FROM debian:12\nCMD app --x\n", &[2]);
}

#[test]
fn deleting_other_files_does_not_clean_the_apt_lists() {
    let update = "FROM debian:12\nRUN apt-get update && apt-get install -y curl";
    assert_lines("DL3009", &format!("{update} && rm -rf /tmp/x\n"), &[2]);
    assert_lines(
        "DL3009",
        &format!("{update} && find /var/lib/apt/lists -type f -delete\n"),
        &[],
    );
}

#[test]
fn a_dnf_cache_mount_is_recognized() {
    let mount = "--mount=type=cache,target=/var/cache/dnf";
    assert_lines(
        "DL3040",
        &format!("FROM almalinux:9\nRUN {mount} dnf install -y a-1\nRUN dnf install -y b-1\n"),
        &[3],
    );
}

#[test]
fn instructions_under_onbuild_are_linted() {
    assert_lines(
        "DL3003",
        "FROM debian:12\nONBUILD RUN cd /x && make\n",
        &[2],
    );
    assert_lines(
        "DL4006",
        "FROM debian:12\nONBUILD RUN curl -f https://example.com/x | tar -x\n",
        &[2],
    );
}

#[test]
fn a_large_uid_is_recognized_in_every_notation() {
    let add = |uid: &str| format!("FROM debian:12\nRUN useradd {uid} app\n");
    for large in ["-u 1000000", "--uid 1000000", "--uid=1000000"] {
        assert_lines("DL3046", &add(large), &[2]);
    }
    assert_lines(
        "DL3046",
        "FROM debian:12\nARG UID=1000\nRUN useradd -u ${UID} app\n",
        &[],
    );
    assert_lines("DL3046", &add("-l -u 1000000"), &[]);
}

// Builds that must fail.

/// The errors of all rules: the rule, and the text at the place.
fn errors(text: &str) -> Vec<(&'static str, String)> {
    let source = Source::new("Dockerfile", text);
    let settings = Settings {
        select: Selection::ALL,
        ..Settings::default()
    };
    let mut errors = Vec::new();
    for finding in lint(&source, registry(), &settings) {
        if finding.severity == Severity::Error {
            let span = finding.span().expect("the file is a Dockerfile");
            errors.push((finding.rule, source.slice(span).to_owned()));
        }
    }
    errors
}

#[track_caller]
fn assert_one_error(text: &str, rule: &'static str, place: &str) {
    assert_eq!(errors(text), [(rule, place.to_owned())], "{text}");
}

#[test]
fn an_argument_that_buildkit_refuses_is_one_error_at_that_argument() {
    for (instruction, rule, place) in [
        ("STOPSIGNAL FOO", "invalid-stopsignal", "FOO"),
        ("STOPSIGNAL $", "invalid-stopsignal", "$"),
        (
            "STOPSIGNAL SIGTERM # x",
            "invalid-stopsignal",
            "SIGTERM # x",
        ),
        (
            "STOPSIGNAL [\"SIGTERM\"]",
            "invalid-stopsignal",
            "[\"SIGTERM\"]",
        ),
        ("EXPOSE 70000", "invalid-port", "70000"),
        ("EXPOSE 80 # x", "invalid-port", "# x"),
        ("RUN --mount=type=foo true", "invalid-flag-value", "foo"),
        (
            "RUN --mount=type=bind,target=/a,rww true",
            "invalid-flag-value",
            "rww",
        ),
        (
            "RUN --mount=type=cache,target=/a,sharing=foo true",
            "invalid-flag-value",
            "foo",
        ),
        (
            "RUN --mount=type=secret true",
            "invalid-flag-value",
            "type=secret",
        ),
        (
            "RUN --mount=type=cache,target=/a,mode=9 true",
            "invalid-flag-value",
            "9",
        ),
        ("COPY --chmod=999 a /b", "invalid-flag-value", "999"),
        ("COPY --chmod=rwx a /b", "invalid-flag-value", "rwx"),
        ("COPY --from=$X a /b", "invalid-flag-value", "$X"),
        (
            "ADD --checksum=md5:1 https://example.com/a /b",
            "invalid-flag-value",
            "md5:1",
        ),
        (
            "COPY --from=Busybox:1 a /b",
            "invalid-image-name",
            "Busybox",
        ),
        (
            "COPY https://example.com/a /b",
            "url-in-copy",
            "https://example.com/a",
        ),
        ("COPY --link=x a /b", "syntax-error", "x"),
        ("RUN --network=x true", "syntax-error", "x"),
        ("RUN --security=x true", "syntax-error", "x"),
        ("ADD --from=x a /b", "syntax-error", "from"),
        ("COPY --chown=a --chown=b c /d", "syntax-error", "chown"),
        ("HEALTHCHECK --interval=1 CMD true", "syntax-error", "1"),
        ("SHELL /bin/bash -c", "syntax-error", "/bin/bash -c"),
        ("ENV A=1 b", "syntax-error", "b"),
        ("ONBUILD FROM a:1", "invalid-onbuild", "FROM"),
    ] {
        assert_one_error(&format!("FROM debian:12\n{instruction}\n"), rule, place);
    }
}

#[test]
fn a_from_that_buildkit_refuses_is_one_error_at_the_wrong_part() {
    for (text, rule, place) in [
        ("FROM Debian:12\n", "invalid-image-name", "Debian"),
        ("FROM debian:\n", "invalid-image-name", ":"),
        (
            "FROM debian@sha256:123\n",
            "invalid-image-name",
            "sha256:123",
        ),
        (
            "FROM --platform=abc debian:12\n",
            "invalid-flag-value",
            "abc",
        ),
        (
            "ARG X=\nFROM debian:${X:?}\n",
            "unset-required-variable",
            "${X:?}",
        ),
        ("FROM debian:12 # x\n", "syntax-error", "# x"),
    ] {
        assert_one_error(text, rule, place);
    }
}

#[test]
fn arguments_that_buildkit_accepts_are_not_errors() {
    for instruction in [
        "EXPOSE 0",
        "USER app # x",
        "WORKDIR /app # x",
        "VOLUME /d # x",
        "ARG A=1 # x",
        "STOPSIGNAL rtmin+3",
        "STOPSIGNAL --x SIGTERM",
        "HEALTHCHECK --x NONE",
        "RUN --mount=type=cache,dst=/a,ro true",
        "RUN echo $((1<<4))",
        "COPY --chmod=u=rwX,go=rX a /b",
        "ADD --chown=$X a /b",
    ] {
        let found = errors(&format!("FROM debian:12\n{instruction}\n"));
        assert!(found.is_empty(), "{instruction}: {found:?}");
    }
}

#[test]
fn a_heredoc_on_an_instruction_that_takes_none_is_one_error() {
    for text in [
        "FROM debian:12\nCMD <<EOF\nenv\nset -x\nEOF\n",
        "FROM debian:12\nENTRYPOINT sh <<EOF\nenv\nset -x\nEOF\n",
        "FROM debian:12\nENV A=<<EOF\nenv\nset -x\nEOF\n",
    ] {
        assert_one_error(text, "syntax-error", "<<EOF");
    }
}

#[test]
fn a_file_in_an_unsupported_encoding_has_one_finding_and_no_fix() {
    let text = "\u{feff}FROM debian:12\nRUN sudo ls \n\n\n";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let lines = text.trim_start_matches('\u{feff}').replace('\n', "\r");
    for bytes in [wide, lines.into_bytes()] {
        let source = Source::new("Dockerfile", bytes);
        let settings = Settings {
            select: Selection::ALL,
            ..Settings::default()
        };
        let found = lint(&source, registry(), &settings);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].rule, "syntax-error");
        assert!(found[0].fix.is_none());
    }
}
