//! The real ShellCheck, run by the real program. If it is not installed, these tests report that it
//! is missing; CI must have it.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use jettison::lint::{
    Applicability, Extras, Finding, SHELLCHECK, Selection, Settings, fix, lint_with,
};
use jettison::rules::registry;
use jettison::shellcheck::{self, Checker};
use jettison::source::Source;
use serde_json::Value;

#[allow(
    clippy::print_stderr,
    reason = "whoever runs the tests should know what was left out"
)]
fn program() -> Option<PathBuf> {
    let program = std::env::var_os("PATH").and_then(|path| shellcheck::find(&path));
    if program.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "`shellcheck` is not on PATH"
        );
        eprintln!("`shellcheck` is not on PATH: this test is left out");
    }
    program
}

fn settings() -> Settings {
    Settings {
        select: Selection::Only([SHELLCHECK].into()),
        ..Settings::default()
    }
}

fn extras(shellcheck: Option<Vec<Finding>>) -> Extras {
    Extras {
        shellcheck,
        ..Extras::default()
    }
}

/// `SC2086 4:7-4:9`, in the order of the text; none without ShellCheck.
fn places(text: &str) -> Option<Vec<String>> {
    let source = Source::new("Dockerfile", text);
    let answer = shellcheck::check(&program()?, [&source], &settings())
        .expect("it answers")
        .remove(0);
    let found = lint_with(&source, registry(), &settings(), extras(Some(answer))).findings;
    let place = |offset| {
        let place = source.position(offset);
        format!("{}:{}", place.line, place.column)
    };
    let row = |finding: &Finding| {
        let code = finding.code.expect("ShellCheck's findings have codes");
        let span = finding.span().expect("the file is a Dockerfile");
        format!("{code} {}-{}", place(span.start), place(span.end))
    };
    Some(found.iter().map(row).collect())
}

/// Asserts what is found, where ShellCheck is there.
fn assert_places(text: &str, expected: &[&str]) {
    if let Some(places) = places(text) {
        assert_eq!(places, expected, "{text}");
    }
}

#[test]
fn a_shellcheck_finding_has_its_position_in_a_multi_line_run() {
    assert_places(
        "FROM a\nRUN echo ü && \\\n    # comment\n    cat $X && \\\n\n\tcat $Y\n",
        &["SC2086 4:9-4:11", "SC2086 6:6-6:8"],
    );
    assert_places(
        "FROM a\r\nRUN true \\\r\n && cat $X\r\n",
        &["SC2086 3:9-3:11"],
    );
    assert_places("FROM a\nONBUILD RUN cat $X\n", &["SC2086 2:17-2:19"]);
    assert_places(
        "# escape=`\nFROM debian:12\nRUN true `\n && cat $X\n",
        &["SC2086 4:9-4:11"],
    );
    // The base image is one of Windows, whose shell is `cmd`.
    assert_places("# escape=`\nFROM a\nRUN true `\n && cat $X\n", &[]);
}

#[test]
fn a_heredoc_is_checked_as_a_separate_script() {
    assert_places(
        "FROM a\nRUN <<EOF\necho a\ncat $X\nEOF\nRUN cat $Y\n",
        &["SC2086 4:5-4:7", "SC2086 6:9-6:11"],
    );
    assert_places(
        "FROM a\nRUN <<EOF\n#!/bin/bash\n[[ -f x ]]\ncat $X\nEOF\n",
        &["SC2086 5:5-5:7"],
    );
    assert_places(
        "FROM a\nRUN <<EOF\n#!/usr/bin/python3\nprint($X)\nEOF\n",
        &[],
    );
    assert_places(
        "FROM a\nRUN <<EOF\n# shellcheck disable=SC2086\ncat $X\ncat $Y\nEOF\n",
        &["SC2086 5:5-5:7"],
    );
}

#[test]
fn the_shell_of_the_image_is_assumed() {
    assert_places("FROM a\nRUN [[ -f x ]]\n", &["SC3010 2:5-2:15"]);
    assert_places(
        "FROM a\nSHELL [\"/bin/bash\", \"-c\"]\nRUN [[ -f x ]]\n",
        &[],
    );
    assert_places("FROM a\n# hadolint shell=/bin/bash\nRUN [[ -f x ]]\n", &[]);
    assert_places(
        "FROM a\nSHELL [\"pwsh\", \"-c\"]\nRUN Get-Variable X | Select-Object $Y\n",
        &[],
    );
    assert_places(
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN dir $X & echo %PATH%\n",
        &[],
    );
    assert_places(
        "FROM a\nSHELL [\"/bin/bash\", \"-ec\"]\nRUN cd /x; ls\n",
        &[],
    );
    assert_places("FROM a\nRUN cd /x; ls\n", &["SC2164 2:5-2:10"]);
}

#[test]
fn busybox_accepts_more_syntax_than_dash() {
    let script = "RUN set -o pipefail; [[ \"$HOME\" = /root ]] && echo -e 'a\\tb' && source ./x &> \"${HOME:0:4}\"\n";
    assert_places(
        &format!("FROM alpine:3.20\n{script}RUN declare x=1\n"),
        &["SC3044 3:5-3:14", "SC2034 3:13-3:14"],
    );
    let in_dash = [
        "SC3010 2:22-2:43",
        "SC3036 2:52-2:54",
        "SC3046 2:65-2:92",
        "SC3020 2:76-2:92",
        "SC3057 2:80-2:91",
    ];
    assert_places(&format!("FROM debian:12\n{script}"), &in_dash);
}

#[test]
fn variables_from_arg_and_env_are_defined() {
    assert_places("FROM a\nRUN echo \"$foo\"\n", &["SC2154 2:11-2:15"]);
    assert_places(
        "FROM a\nARG foo\nENV bar=1\nRUN echo \"$foo $bar $http_proxy\"\n",
        &[],
    );
    assert_places("FROM a AS b\nENV foo=1\nFROM b\nRUN echo \"$foo\"\n", &[]);
    assert_places(
        "ARG foo=1\nFROM a\nRUN echo \"$foo\"\nENV foo=1\n",
        &["SC2154 3:11-3:15"],
    );
    assert_places("FROM a\nARG bad-name\nARG 1x\nRUN true\n", &[]);
}

#[test]
fn scripts_of_other_instructions_are_read_and_exec_forms_are_not() {
    assert_places("FROM a\nCMD cat $X\n", &["SC2086 2:9-2:11"]);
    assert_places("FROM a\nENTRYPOINT cat $X\n", &["SC2086 2:16-2:18"]);
    assert_places(
        "FROM a\nHEALTHCHECK --interval=1s CMD cat $X\n",
        &["SC2086 2:35-2:37"],
    );
    assert_places("FROM a\nRUN [\"cat\", \"$X\"]\nHEALTHCHECK NONE\n", &[]);
}

#[test]
fn an_overlong_script_is_not_checked() {
    let long = "true; ".repeat(50_000);
    assert_places(
        &format!("FROM a\nRUN {long}\nRUN cat $X\n"),
        &["SC2086 3:9-3:11"],
    );
}

#[test]
fn comments_suppress_shellcheck_codes() {
    for comment in [
        "hadolint ignore=SC2086",
        "jettison ignore=SC2086 why not",
        "shellcheck disable=SC2086",
        "jettison ignore=shellcheck",
    ] {
        assert_places(
            &format!("FROM a\n# {comment}\nRUN cat $X\nRUN cat $Y\n"),
            &["SC2086 4:9-4:11"],
        );
        let inside =
            format!("FROM a\nRUN true && \\\n # {comment}\n cat $X \\\n $Z && \\\n cat $Y\n");
        assert_places(&inside, &["SC2086 6:6-6:8"]);
    }
    assert_places("# hadolint global ignore=SC2086\nFROM a\nRUN cat $X\n", &[]);
}

#[test]
fn unused_shellcheck_comments_are_reported_only_if_shellcheck_ran() {
    let Some(program) = program() else { return };
    let source = Source::new(
        "Dockerfile",
        "FROM scratch\n# shellcheck disable=SC2086\nRUN true\nUSER 1\n",
    );
    let settings = Settings {
        select: Selection::ALL,
        ..Settings::default()
    };
    let answer = shellcheck::check(&program, [&source], &settings)
        .expect("it answers")
        .remove(0);
    let idle = |answer| {
        let found = lint_with(&source, registry(), &settings, answer).findings;
        found
            .iter()
            .filter(|finding| finding.rule == "unused-pragma")
            .count()
    };
    assert_eq!((idle(extras(Some(answer))), idle(extras(None))), (1, 0));
}

#[test]
fn shellcheck_fixes_become_edits_of_the_dockerfile() {
    let Some(program) = program() else { return };
    let fixed = |text: &str| {
        let find = |source: &Source| {
            let answer = shellcheck::check(&program, [source], &settings())
                .expect("it answers")
                .remove(0);
            lint_with(source, registry(), &settings(), extras(Some(answer))).findings
        };
        let source = Source::new("Dockerfile", text);
        assert!(
            fix::apply_all_of(&source, Applicability::Safe, find).is_none(),
            "its fixes are not safe"
        );
        fix::apply_all_of(&source, Applicability::Unsafe, find)
            .map(|source| source.text().to_owned())
    };
    assert_eq!(
        fixed("FROM a\nRUN cat $X \\\n  $Y\n").as_deref(),
        Some("FROM a\nRUN cat \"$X\" \\\n  \"$Y\"\n")
    );
    assert_eq!(
        fixed("FROM a\nRUN cat $X\\\n && ls\n").as_deref(),
        Some("FROM a\nRUN cat \"$X\"\\\n && ls\n")
    );
    assert_eq!(
        fixed("FROM a\nRUN apk add $A && for x in $DEPS; do b $DEPS $x; done\n").as_deref(),
        Some("FROM a\nRUN apk add $A && for x in $DEPS; do b $DEPS \"$x\"; done\n")
    );
    for list in [
        "FROM a\nENV A='b c'\nRUN cat $A\n",
        "FROM a\nRUN A='b c' && cat $A\n",
        "FROM a\nRUN A=\"$(ls)\" && cat ${A}\n",
        "FROM php:8.3\nRUN apt-get install -y $PHPIZE_DEPS\n",
    ] {
        assert_eq!(fixed(list), None, "{list}");
    }
    assert_eq!(
        fixed("FROM a\nRUN set -e; ! grep b c; d\n").as_deref(),
        Some("FROM a\nRUN set -e; grep b c && exit 1; d\n"),
        "a word goes with its blank"
    );
    assert_eq!(
        fixed("FROM a\nRUN <<E\ncat `ls`\nE\n").as_deref(),
        Some("FROM a\nRUN <<E\ncat $(ls)\nE\n")
    );
}

/// Runs jettison in its own directory, with an empty PATH and all rules.
fn jettison(folder: &Path) -> Command {
    jettison_with(folder, "pedantic")
}

fn jettison_with(folder: &Path, profile: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .current_dir(folder)
        .env("PATH", folder)
        .env("NO_COLOR", "1")
        .env_remove("CLICOLOR_FORCE")
        .args(["lint", "--profile", profile]);
    command
}

fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("Dockerfile"), text).expect("files can be written");
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

#[test]
fn text_output_shows_the_shellcheck_code() {
    let Some(program) = program() else { return };
    let folder = folder("FROM a\nRUN cat $X\n");
    let mut command = jettison(folder.path());
    command.arg("--shellcheck").arg(program);
    let (_, out, _) = run(command.args(["--select", "SC2086"]));
    assert!(out.starts_with("info[SC2086]: double quote"), "{out}");
    assert!(
        out.contains("help: see `jettison explain SC2086`\n"),
        "{out}"
    );
}

#[test]
fn json_output_has_the_shellcheck_code() {
    let Some(program) = program() else { return };
    let folder = folder("FROM a\nRUN true \\\n && cat $X\n");
    let mut command = jettison(folder.path());
    command
        .arg("--shellcheck")
        .arg(program)
        .args(["--select", "SC2086", "--format", "json"]);
    let (code, out, _) = run(&mut command);
    let rows: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!((code, rows.as_array().map(Vec::len)), (1, Some(1)), "{out}");
    let fields = [
        "rule",
        "code",
        "level",
        "line",
        "column",
        "instruction_line",
        "message",
    ];
    let values: Vec<String> = fields
        .iter()
        .map(|field| rows[0][field].to_string())
        .collect();
    let message = "\"double quote to prevent globbing and word splitting\"";
    assert_eq!(
        values,
        [
            "\"shellcheck\"",
            "\"SC2086\"",
            "\"info\"",
            "3",
            "9",
            "2",
            message
        ]
    );
    assert_eq!(rows[0]["url"], "https://www.shellcheck.net/wiki/SC2086");
    assert_eq!(rows[0]["aliases"], serde_json::json!(["SC2086"]));
    assert_eq!(rows[0]["fix"]["applicability"], "unsafe");
}

#[test]
fn shellcheck_codes_can_be_selected_ignored_and_given_a_severity() {
    let Some(program) = program() else { return };
    let text = "FROM a\nRUN cat $(ls) $X\n";
    let codes = |arguments: &[&str], config: &str| {
        let folder = folder(text);
        fs::write(folder.path().join(".jettison.toml"), config).expect("it can be written");
        let mut command = jettison(folder.path());
        let (_, out, err) = run(command
            .arg("--shellcheck")
            .arg(&program)
            .args(["--format", "json"])
            .args(arguments));
        let rows: Vec<Value> =
            serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {err}"));
        let of_shellcheck = rows.iter().filter(|row| row["rule"] == "shellcheck");
        of_shellcheck
            .map(|row| format!("{} {}", row["code"], row["level"]).replace('"', ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(&[], ""), ["SC2046 warning", "SC2086 info"]);
    assert_eq!(codes(&["--ignore", "SC2086"], ""), ["SC2046 warning"]);
    assert_eq!(
        codes(&["--select", "SC2086,root-user"], ""),
        ["SC2086 info"]
    );
    assert_eq!(codes(&["--ignore", "shellcheck"], ""), [""; 0]);
    assert_eq!(
        codes(
            &[],
            "ignore = [\"SC2046\"]\n[severity]\nSC2086 = \"error\"\n"
        ),
        ["SC2086 error"]
    );
    assert_eq!(
        codes(
            &[],
            "[severity]\nshellcheck = \"style\"\nSC2046 = \"error\"\n"
        ),
        ["SC2046 error", "SC2086 style"]
    );
}

#[test]
fn suggestions_and_habits_are_pedantic_unless_they_are_requested() {
    let folder = folder("FROM a\nRUN cat $X\n");
    let mut comments = Vec::new();
    for (code, level) in [
        (2002, "style"),
        (2068, "error"),
        (2086, "info"),
        (2155, "warning"),
        (2164, "warning"),
    ] {
        comments.push(format!(
            "{{\"file\":\"0\",\"line\":3,\"endLine\":3,\"column\":1,\"endColumn\":4,\
             \"level\":\"{level}\",\"code\":{code},\"message\":\"{code}.\",\"fix\":null}}"
        ));
    }
    let answer = format!("{{\"comments\":[{}]}}", comments.join(","));
    let program = script(folder.path(), &format!("#!/bin/sh\necho '{answer}'\n"));
    let codes = |profile: &str, arguments: &[&str], config: &str| {
        fs::write(folder.path().join(".jettison.toml"), config).unwrap();
        let mut command = jettison_with(folder.path(), profile);
        command.args(["--no-cache", "--format", "json", "--shellcheck"]);
        let (_, out, err) = run(command.arg(&program).args(arguments));
        let rows: Vec<Value> =
            serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {err}"));
        let of_shellcheck = rows.iter().filter(|row| row["rule"] == "shellcheck");
        let mut codes: Vec<String> = of_shellcheck
            .map(|row| row["code"].to_string().replace('"', ""))
            .collect();
        codes.sort();
        codes
    };
    for profile in ["default", "minimal"] {
        assert_eq!(codes(profile, &[], ""), ["SC2068", "SC2164"]);
    }
    let all = ["SC2002", "SC2068", "SC2086", "SC2155", "SC2164"];
    assert_eq!(codes("pedantic", &[], ""), all);
    assert_eq!(codes("default", &["--select", "shellcheck"], ""), all);
    assert_eq!(codes("default", &["--select", "SC2086"], ""), ["SC2086"]);
    let config = "[severity]\nSC2155 = \"info\"\n";
    assert_eq!(
        codes("default", &[], config),
        ["SC2068", "SC2155", "SC2164"]
    );
}

#[test]
fn one_shellcheck_process_checks_all_files() {
    let Some(program) = program() else { return };
    let sources: Vec<Source> = (0..40)
        .map(|number| Source::new("Dockerfile", format!("FROM a\nRUN cat $X{}\n", number / 2)))
        .collect();
    let answers = shellcheck::check(&program, &sources, &settings()).expect("it answers");
    assert!(answers.len() == 40 && answers.iter().all(|answer| answer.len() == 1));
}

#[test]
fn a_missing_shellcheck_is_noted_once() {
    let folder = folder("FROM debian:12\nRUN cat $X\nUSER 1\n");
    let note = "note: `shellcheck` is not on PATH: scripts were checked without it\n";
    assert_eq!(run(&mut jettison(folder.path())).2, note);
    for arguments in [
        &["--quiet"][..],
        &["--no-shellcheck"],
        &["--format", "json"],
        &["--select", "root-user"],
    ] {
        assert_eq!(
            run(jettison(folder.path()).args(arguments)).2,
            "",
            "{arguments:?}"
        );
    }
    fs::write(folder.path().join(".jettison.toml"), "shellcheck = false\n")
        .expect("it can be written");
    assert_eq!(run(&mut jettison(folder.path())).2, "");
}

#[test]
fn a_shellcheck_that_cannot_start_is_an_error_and_other_findings_remain() {
    let folder = folder("FROM debian:12\nRUN cat $X\nUSER root\n");
    let (code, out, err) = run(jettison(folder.path()).args(["--shellcheck", "missing"]));
    assert_eq!(code, 2);
    assert!(err.starts_with("error: cannot run `missing`: "), "{err}");
    assert!(out.contains("root-user"), "{out}");
}

/// A program in the folder that takes ShellCheck's place.
fn script(folder: &Path, text: &str) -> PathBuf {
    let program = folder.join("other-shellcheck");
    fs::write(&program, text).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&program, mode).unwrap();
    program
}

/// Lines of a compact report of one rule, without the file.
fn limits(out: &str) -> Vec<&str> {
    out.lines()
        .filter(|line| line.contains("analysis-limit"))
        .filter_map(|line| Some(line.split_once(':')?.1))
        .collect()
}

#[test]
fn a_shellcheck_that_never_ends_is_stopped() {
    let folder = folder("FROM debian:12\nRUN cat $X\nUSER root\n");
    let program = script(folder.path(), "#!/bin/sh\nwhile :; do :; done\n");
    let mut command = jettison(folder.path());
    command.args(["--no-cache", "--format", "compact", "--shellcheck"]);
    let (code, out, err) = run(command.arg(&program));
    assert_eq!((code, err.as_str()), (1, ""));
    assert!(out.contains("root-user"), "{out}");
    let [line] = &limits(&out)[..] else {
        panic!("{out}")
    };
    assert!(
        line.contains("ShellCheck needs more than 5 seconds: this script is not checked"),
        "{line}"
    );
    let mut command = jettison(folder.path());
    command.env("HOME", folder.path()).arg("--shellcheck");
    let (code, out, err) = run(command.arg(&program));
    assert_eq!(code, 2, "its version is needed for the cache");
    assert!(
        err.contains("`--version` used more than 5 seconds"),
        "{err}"
    );
    assert!(out.contains("root-user"), "{out}");
}

#[test]
fn a_script_that_breaks_shellcheck_is_one_note() {
    let folder =
        folder("FROM a\nRUN one $A\nRUN endless\nRUN two $B\nRUN full\nRUN crash\nRUN talk\n");
    // It has trouble with whatever contains a word.
    let program = script(
        folder.path(),
        "#!/bin/sh\ncase \"$(/bin/cat [0-9]*)\" in\n\
         *talk*) exec /bin/head -c 20000000 /dev/zero;;\n\
         *endless*) while :; do :; done;;\n\
         *full*) exit 251;;\n\
         *crash*) kill -ABRT $$;;\nesac\n\
         echo '{\"comments\":[{\"file\":\"0\",\"line\":3,\"endLine\":3,\"column\":1,\"endColumn\":4,\
         \"level\":\"info\",\"code\":2086,\"message\":\"Quote.\",\"fix\":null}]}'\n",
    );
    let mut command = jettison(folder.path());
    command.args(["--no-cache", "--format", "compact", "--shellcheck"]);
    let (code, out, err) = run(command.arg(&program));
    assert_eq!((code, err.as_str()), (1, ""));
    let of_shellcheck = out.lines().filter(|line| line.contains("SC2086")).count();
    assert_eq!(of_shellcheck, 2, "{out}");
    let limits = limits(&out);
    assert_eq!(limits.len(), 4, "{out}");
    for (line, reason) in limits.iter().zip([
        "3:5: warning: ShellCheck needs more than 5 seconds",
        "5:5: warning: ShellCheck needs more than 256 MiB of memory",
        "6:5: warning: ShellCheck needs more than 256 MiB of memory",
        "7:5: warning: ShellCheck reported more than 16 MiB of comments",
    ]) {
        assert!(line.starts_with(reason), "{line}");
    }
}

#[test]
fn each_file_has_its_own_time_budget_for_shellcheck() {
    let scripts = (0..400)
        .map(|number| format!("RUN endless {number}\n"))
        .collect::<Vec<_>>()
        .concat();
    let folder = folder(&format!("FROM a\n{scripts}"));
    fs::write(folder.path().join("x.Dockerfile"), "FROM a\nRUN good\n").unwrap();
    let program = script(
        folder.path(),
        "#!/bin/sh\ncase \"$(/bin/cat [0-9]*)\" in *endless*) while :; do :; done;; esac\n\
         echo '{\"comments\":[{\"file\":\"0\",\"line\":3,\"endLine\":3,\"column\":1,\"endColumn\":4,\
         \"level\":\"info\",\"code\":2086,\"message\":\"Quote.\",\"fix\":null}]}'\n",
    );
    let start = std::time::Instant::now();
    let mut command = jettison(folder.path());
    command.args(["--no-cache", "--format", "compact", "--shellcheck"]);
    let (_, out, err) = run(command.arg(&program));
    assert_eq!(err, "");
    assert!(
        start.elapsed() < std::time::Duration::from_secs(100),
        "{:?}",
        start.elapsed()
    );
    let checked: Vec<&str> = out.lines().filter(|line| line.contains("SC2086")).collect();
    assert!(
        checked.len() == 1 && checked[0].starts_with("x.Dockerfile:2:5"),
        "{out}"
    );
    let limits = limits(&out);
    let of_file = limits
        .iter()
        .filter(|line| line.contains("ShellCheck needs more than 8 seconds for this file"));
    assert_eq!(of_file.count(), 1, "{out}");
}

#[test]
fn an_overlong_script_is_noted() {
    let folder = folder(&format!("FROM a\nRUN echo {}\n", "a".repeat(300_000)));
    let program = script(folder.path(), "#!/bin/sh\necho '{\"comments\":[]}'\n");
    let mut command = jettison(folder.path());
    command.args(["--format", "compact", "--no-cache", "--shellcheck"]);
    let (_, out, _) = run(command.arg(program));
    let [line] = &limits(&out)[..] else {
        panic!("{out}")
    };
    assert!(
        line.contains("script longer than 256 KiB: not checked by ShellCheck"),
        "{line}"
    );
}

#[test]
fn a_second_run_checks_only_new_scripts() {
    let folder = folder("FROM a\nRUN cat $X\nRUN cat $X\nRUN cat $Y\n");
    let trace = folder.path().join("trace");
    let program = script(
        folder.path(),
        &format!(
            "#!/bin/sh\n[ \"$1\" = --version ] && echo \"$VERSION\" && exit\n\
             /bin/cat [0-9]* | /bin/grep ^cat >>'{}'\n\
             echo '{{\"comments\":[{{\"file\":\"0\",\"line\":3,\"endLine\":3,\"column\":5,\
             \"endColumn\":7,\"level\":\"info\",\"code\":2086,\"message\":\"Quote.\",\"fix\":null}}]}}'\n",
            trace.display()
        ),
    );
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    let ask = |arguments: &[&str], version: &str| {
        let _ = fs::remove_file(&trace);
        let mut command = jettison(folder.path());
        command.env("HOME", &home).env_remove("XDG_CACHE_HOME");
        command
            .env("VERSION", version)
            .arg("--shellcheck")
            .arg(&program);
        let (_, out, err) = run(command.args(["--format", "compact"]).args(arguments));
        assert_eq!(err, "");
        let found = out.lines().filter(|line| line.contains("SC2086")).count();
        (fs::read_to_string(&trace).unwrap_or_default(), found)
    };
    let all = "cat $X\ncat $Y\n".to_owned();
    assert_eq!(ask(&["--no-cache"], "1"), (all.clone(), 2));
    assert!(!home.join(".cache").exists());
    assert_eq!(ask(&[], "1"), (all.clone(), 2));
    assert_eq!(ask(&[], "1"), (String::new(), 2));
    assert_eq!(ask(&["--no-cache"], "1"), (all.clone(), 2));
    assert_eq!(
        ask(&[], "2"),
        (all, 2),
        "another version answers differently"
    );
    fs::write(
        folder.path().join("Dockerfile"),
        "FROM a\nRUN cat $Z\nRUN cat $X\n",
    )
    .unwrap();
    assert_eq!(ask(&[], "1"), ("cat $Z\n".to_owned(), 2));
    let entries = home.join(".cache/jettison/shellcheck");
    for entry in fs::read_dir(entries).unwrap() {
        fs::write(entry.unwrap().path(), "[]").unwrap();
    }
    assert_eq!(
        ask(&[], "1"),
        ("cat $Z\ncat $X\n".to_owned(), 1),
        "damaged entries are ignored"
    );
}

#[test]
fn each_script_is_checked_once_and_none_that_is_still_being_fixed() {
    let text = "FROM debian:12\nRUN apt-get install a\nRUN sudo b $X\nRUN same $X\n";
    let folder = folder(text);
    let seen = folder.path().join("seen");
    let program = script(
        folder.path(),
        &format!(
            "#!/bin/sh\n/bin/cat [0-9]* >>'{}'\necho '{{\"comments\":[]}}'\n",
            seen.display()
        ),
    );
    let mut command = jettison(folder.path());
    command.args(["--no-cache", "--fix", "--unsafe-fixes"]);
    let rules = "apt-without-yes,apt-recommended-packages,sudo,shellcheck";
    command.args(["--select", rules, "--shellcheck"]);
    run(command.arg(&program));
    let fixed = fs::read_to_string(folder.path().join("Dockerfile")).unwrap();
    let checked = fs::read_to_string(&seen).unwrap();
    let is_script = |line: &&str| !line.starts_with("#!") && !line.starts_with("export");
    let mut scripts: Vec<&str> = checked.lines().filter(is_script).collect();
    scripts.sort_unstable();
    let count = scripts.len();
    scripts.dedup();
    assert_eq!(scripts.len(), count, "{checked}");
    for line in scripts {
        assert!(
            text.contains(line) || fixed.contains(line),
            "`{line}`: {fixed}"
        );
    }
    assert!(
        checked.contains("apt-get install -y --no-install-recommends a"),
        "{checked}"
    );
    assert!(!checked.contains("apt-get install -y a"), "{checked}");
}

#[test]
fn all_passes_over_a_file_share_its_time_budget() {
    let folder = folder("");
    let seen = folder.path().join("seen");
    let text = format!(
        "#!/bin/sh\necho x >>'{}'\nwhile :; do :; done\n",
        seen.display()
    );
    let program = script(folder.path(), &text);
    let mut checker = Checker::new(program, None);
    let mut starts = Vec::new();
    for pass in ["one", "two"] {
        let scripts: Vec<String> = (0..200)
            .map(|number| format!("RUN {pass} {number}\n"))
            .collect();
        let source = Source::new("Dockerfile", format!("FROM a\n{}", scripts.concat()));
        let findings = checker.check([&source], &settings()).expect("it runs");
        assert!(
            findings[0]
                .iter()
                .any(|finding| finding.message.contains("8 seconds for this file")),
            "{findings:?}"
        );
        starts.push(fs::read_to_string(&seen).unwrap().len());
    }
    assert_eq!(starts[0], starts[1], "no process is started for the second");
}
