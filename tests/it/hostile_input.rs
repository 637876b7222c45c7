//! Inputs that are designed to exhaust time or memory. Each is so large that a quadratic algorithm
//! would take minutes.

use std::fs;

use assert_cmd::Command;
use jettison::dockerfile::{self, shell};
use jettison::image::{Fault, Limits, Options, ReadError};
use jettison::source::Source;
use serde_json::json;

use crate::builders::images::{Directory, Tar, config, docker_archive, gzip, open_with, zstd};
use crate::cpu_time;

/// The output of `jettison lint` for a Dockerfile with this text.
fn linted(text: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Dockerfile");
    fs::write(&path, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .current_dir(folder.path())
        .env("PATH", "")
        .env("NO_COLOR", "1")
        .args(["lint", "Dockerfile"])
        .args(arguments);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn thousands_of_findings_on_one_line_are_shown_in_bounded_excerpts() {
    let text = format!(
        "FROM debian:12\nRUN {}true\n",
        "cd /a && sudo b && ".repeat(4000)
    );
    let report = linted(&text, &["--select", "all", "--all"]);
    let longest = report.lines().map(str::len).max().unwrap();
    assert!(longest < 2000, "a line has {longest} bytes");
    assert!(
        report.contains("more findings, without excerpts:"),
        "{}",
        &report[report.len() - 500..]
    );
    assert!(report.len() < 20_000_000, "{} bytes", report.len());
}

#[test]
fn a_finding_in_a_long_line_has_its_own_column() {
    let blanks = " ".repeat(100_000);
    let report = linted(
        &format!("FROM debian:12\nRUN true{blanks}&& sudo ls\n"),
        &["--select", "sudo"],
    );
    assert!(report.contains("--> Dockerfile:2:100012"), "{report}");
}

#[test]
fn a_distant_label_is_shown_as_a_line_number() {
    let lines = "# x\n".repeat(3000);
    let text = format!("FROM debian:12 AS a\n{lines}FROM debian:12 AS a\nRUN true\n");
    let report = linted(&text, &["--select", "duplicate-stage-name"]);
    assert!(report.contains("note: line 1: "), "{report}");
    assert!(report.lines().count() < 60, "{report}");
}

#[test]
fn a_patch_with_thousands_of_edits_is_summarized() {
    let text = format!(
        "FROM debian:12\nRUN true \\\n{}  ls\n",
        "\n  a \\\n".repeat(5000)
    );
    let report = linted(&text, &["--select", "empty-continuation-line"]);
    assert!(report.contains("(5000 edits): see `--diff`"), "{report}");
    assert!(report.lines().count() < 40, "{report}");
}

#[test]
fn an_instruction_with_the_same_flag_many_times_is_read_in_one_pass() {
    let text = format!("FROM a\nCOPY {}a /a\n", "--link ".repeat(40_000));
    let source = Source::new("Dockerfile", text);
    let errors = dockerfile::parse(&source).errors;
    // One for each flag but the first, and one for the length of the line.
    assert_eq!(errors.len(), 40_000);
}

#[test]
fn a_copy_of_many_heredocs_is_read_in_one_pass() {
    let count = 40_000;
    let (openers, ends) = ("<<E ".repeat(count), "E\n".repeat(count));
    let source = Source::new("Dockerfile", format!("FROM a\nCOPY {openers}/a/\n{ends}"));
    let dockerfile = dockerfile::parse(&source);
    assert_eq!(dockerfile.instructions[1].heredocs.len(), count);
}

#[test]
fn labels_that_repeat_on_one_line_are_found_in_one_pass() {
    let text = format!("FROM a\nLABEL {}\n", "a=1 ".repeat(40_000));
    let report = linted(
        &text,
        &["--select", "duplicate-label", "--format", "compact"],
    );
    assert_eq!(report.lines().count(), 39_999);
}

/// What a run prints that may have so many megabytes of data.
fn linted_within(megabytes: u64, text: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Dockerfile"), text).unwrap();
    let script = format!("ulimit -d {} && exec \"$0\" lint \"$@\"", megabytes << 10);
    let mut command = Command::new("/bin/sh");
    command
        .current_dir(folder.path())
        .env("PATH", "")
        .env("NO_COLOR", "1")
        // Each thread has a heap of its own, which is reserved and not used.
        .env("RAYON_NUM_THREADS", "1")
        .args(["-c", &script, env!("CARGO_BIN_EXE_jettison"), "Dockerfile"])
        .args(arguments);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn labels_that_repeat_take_little_memory() {
    let text = format!("FROM debian:12\nLABEL {}\n", "a=1 ".repeat(49_000));
    let patch = linted_within(180, &text, &["--select", "duplicate-label", "--diff"]);
    assert!(patch.contains("+LABEL a=1"), "{} bytes", patch.len());
}

#[test]
fn a_fix_of_thousands_of_edits_takes_little_memory_in_sarif() {
    let run = "cd /a && sudo b && ".repeat(26_000);
    let text = format!("FROM debian:12\nRUN {run}true\n");
    let report = linted_within(120, &text, &["--select", "all", "--format", "sarif"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let results = report["runs"][0]["results"].as_array().unwrap();
    let edits = |result: &serde_json::Value| {
        let replacements = &result["fixes"][0]["artifactChanges"][0]["replacements"];
        replacements.as_array().map_or(0, Vec::len)
    };
    assert!(results.iter().map(edits).max() > Some(10_000));
}

#[test]
fn a_report_of_100_000_findings_takes_little_more_memory_than_the_findings() {
    let run = format!("RUN {}true\n", "sudo a;".repeat(40_000));
    let text = format!("FROM debian:12\n{}", run.repeat(3));
    for format in [
        "sarif",
        "sonarqube",
        "codeclimate",
        "gitlab",
        "json",
        "github",
    ] {
        let report = linted_within(300, &text, &["--select", "sudo", "--format", format]);
        // The pages of rules have examples, but the line itself would be repeated for each finding.
        assert_eq!(report.matches("sudo a;").count(), 0, "{format}");
        let count = report.matches("is used in the build").count();
        assert!(count >= 119_000, "{format}: {count}");
    }
}

#[test]
fn a_large_label_schema_is_checked_in_a_limited_number_of_stages() {
    let folder = tempfile::tempdir().unwrap();
    let labels = (0..1000)
        .map(|number| format!("a{number} = 'text'\n"))
        .collect::<Vec<_>>()
        .concat();
    let schema = format!("[label-schema]\n{labels}");
    fs::write(folder.path().join(".jettison.toml"), schema).unwrap();
    let stages = (0..1000)
        .map(|number| format!("FROM a AS s{number}\n"))
        .collect::<Vec<_>>()
        .concat();
    fs::write(folder.path().join("Dockerfile"), stages).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .current_dir(folder.path())
        .env("PATH", "")
        .args(["lint", "--format", "compact"])
        .args(["--select", "missing-label,analysis-limit"]);
    let report = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let count = |rule: &str| report.lines().filter(|line| line.contains(rule)).count();
    assert_eq!(count("[missing-label]"), 100_000);
    assert_eq!(count("[analysis-limit]"), 1);
    assert!(
        report.contains("Dockerfile:101:1: warning: too many stages and `label-schema` labels"),
        "{}",
        &report[..200]
    );
}

#[test]
fn only_the_first_unknown_names_of_a_comment_get_a_suggestion() {
    let names = vec!["latest-tug"; 20_000].join(",");
    let text = format!("FROM a:1\n# jettison ignore={names}\nRUN true\n");
    let report = linted(
        &text,
        &["--select", "unknown-rule-in-pragma", "--format", "compact"],
    );
    assert_eq!(report.lines().count(), 20_000);
    assert_eq!(report.matches("did you mean `latest-tag`?").count(), 100);
}

/// An archive whose manifest lists one member as this many layers.
fn repeated_member(layer: &[u8], count: usize) -> Vec<u8> {
    let mut config = config(&[layer.to_vec()]);
    let diff_id = config["rootfs"]["diff_ids"][0].clone();
    config["rootfs"]["diff_ids"] = json!(vec![diff_id; count]);
    config["history"] = json!([]);
    let manifest = json!([{"Config": "c.json", "RepoTags": [], "Layers": vec!["l.tar"; count]}]);
    Tar::new()
        .file("l.tar", layer)
        .file("c.json", config.to_string().as_bytes())
        .file("manifest.json", manifest.to_string().as_bytes())
        .end()
}

#[test]
fn an_archive_member_used_as_every_layer_is_read_once() {
    // Hashed for every layer, these would be 40 GB.
    let layer = Tar::new().file("app", &vec![7; 4_000_000]).end();
    let image = open_with(&repeated_member(&layer, 9_000), &Options::default()).unwrap();
    assert_eq!(image.layers.len(), 9_000);
    assert_eq!(image.tree.walk().count(), 1);
}

#[test]
fn the_entries_of_a_repeated_layer_are_limited_by_the_archive_size() {
    let many = (0..100).fold(Tar::new(), |tar, index| tar.file(&format!("a{index}"), b""));
    match open_with(&repeated_member(&many.end(), 2_000), &Options::default()) {
        Err(ReadError::Entry { problem, .. }) => {
            assert!(
                matches!(problem.fault, Fault::TooManyForSize(_)),
                "{problem}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn entries_of_a_repeated_layer_are_counted_each_time() {
    let layer = Tar::new().file("a", b"").file("b", b"").end();
    let limits = |entries| Options {
        limits: Limits {
            entries,
            ..Limits::default()
        },
        ..Options::default()
    };
    let archive = repeated_member(&layer, 10);
    assert!(open_with(&archive, &limits(20)).is_ok());
    match open_with(&archive, &limits(19)) {
        Err(ReadError::Entry { problem, .. }) => {
            assert_eq!(problem.fault, Fault::TooManyEntries(19));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_entry_limit_applies_to_all_layers_together() {
    let layers = ["a", "b", "c"].map(|name| Tar::new().file(name, b"").file("x", b"").end());
    let options = Options {
        limits: Limits {
            entries: 5,
            ..Limits::default()
        },
        ..Options::default()
    };
    let archive = docker_archive(&layers, &config(&layers), &[]);
    match open_with(&archive, &options) {
        Err(ReadError::Entry { problem, .. }) => {
            assert_eq!(problem.fault, Fault::TooManyEntries(5));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_entries_of_a_small_layer_are_limited_by_its_size() {
    let mut layer = Vec::new();
    let entry = Tar::new().file("a", b"").bytes;
    for _ in 0..110_000 {
        layer.extend_from_slice(&entry);
    }
    let archive = docker_archive(&[zstd(&layer)], &config(&[layer]), &[]);
    match open_with(&archive, &Options::default()) {
        Err(ReadError::Entry { problem, .. }) => {
            assert!(
                matches!(problem.fault, Fault::TooManyForSize(_)),
                "{problem}"
            );
            assert!(problem.to_string().contains("`--max-ratio`"), "{problem}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_that_rules_cannot_read_is_reported() {
    let folder = Directory::new();
    let passwd = "a:x:1:1::/:/a\n".repeat(150_000);
    let layer = Tar::new()
        .file("app", b"x")
        .file("etc/passwd", passwd.as_bytes())
        .end();
    let archive = docker_archive(&[gzip(&layer)], &config(std::slice::from_ref(&layer)), &[]);
    folder.file("app.tar", &archive);
    let output = Command::new(env!("CARGO_BIN_EXE_jettison"))
        .current_dir(folder.path())
        .args([
            "lint",
            "--select",
            "analysis-limit",
            "--format",
            "compact",
            "app.tar",
        ])
        .output()
        .unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    let expected = "`/etc/passwd` (2.1 MB) is too large to analyze";
    assert!(report.contains(expected), "{report}");
    assert_eq!(report.lines().count(), 1, "{report}");
}

#[test]
fn a_script_of_too_many_commands_is_read_up_to_the_limit() {
    let script = "a; ".repeat(60_000);
    let text = format!("FROM a\nRUN {script}b\n");
    let report = linted(
        &text,
        &["--select", "analysis-limit", "--format", "compact"],
    );
    let expected = "more than 50000 commands: this part of the script is not analyzed";
    assert!(report.contains(expected), "{report}");
}

#[test]
fn words_beyond_the_limit_are_reported_and_not_stored() {
    for line in [
        format!("ENV {}", "A=b ".repeat(250_000)),
        format!("COPY {}/d/", "a ".repeat(499_000)),
        format!("ARG {}", "a \\\n# comment\n".repeat(70_000)),
        format!("ONBUILD LABEL {}", "a=b ".repeat(240_000)),
        format!("CMD [{}\"a\"]", "\"a\",".repeat(240_000)),
        format!("RUN [{}\"a\"]", "\"a\",".repeat(240_000)),
        format!("RUN {}a", "--mount=a ".repeat(90_000)),
        format!("ENV A={}", "$A".repeat(400_000)),
        format!("COPY <<E /a\n{}\nE", "$A ".repeat(300_000)),
        "EXPOSE 80 81 82 83 84\n".repeat(9_000),
    ] {
        let text = format!("FROM a\n{line}\nUSER root\n");
        let source = Source::new("Dockerfile", text);
        let parsed = dockerfile::parse(&source);
        let unread = parsed.unread.expect("it is reported");
        assert_eq!(unread.reason.to_string(), "more than 50000 words");
        assert!(parsed.instructions.len() < 9_000);
        // Tokens still cover the whole text, once.
        let mut at = 0;
        for token in &parsed.tokens {
            assert_eq!(token.span.start, at);
            at = token.span.end;
        }
        assert_eq!(at, source.text().len());
    }
    // Scripts have a limit of their own.
    for line in [
        format!("RUN {}true\n", "a && ".repeat(60_000)),
        format!("RUN <<E\n{}E\n", "a\n".repeat(150_000)),
        format!("ONBUILD RUN <<A <<B\n{0}A\n{0}B\n", "a\n".repeat(75_000)),
        format!("CMD {}true\n", "a;".repeat(150_000)),
    ] {
        let text = format!("FROM a\n{}USER root\n", line.repeat(4));
        let source = Source::new("Dockerfile", text);
        let parsed = dockerfile::parse(&source);
        let unread = parsed.unread.expect("it is reported");
        assert_eq!(unread.reason.to_string(), "more than 1 MiB of scripts");
        assert_eq!(parsed.instructions.len(), 4, "{}", &source.text()[..20]);
        let covered: usize = parsed
            .tokens
            .iter()
            .map(|token| token.span.end - token.span.start)
            .sum();
        assert_eq!(covered, source.text().len());
    }
    // A script is no list of words.
    let text = format!("FROM a\nRUN {}\nUSER root\n", "a ".repeat(60_000));
    let parsed = dockerfile::parse(&Source::new("Dockerfile", text));
    assert_eq!((parsed.unread, parsed.instructions.len()), (None, 3));
}

/// A text of the largest size that is parsed, all of the same openers, and with their ends.
fn nested(opening: &str, closing: &str) -> [String; 2] {
    const SIZE: usize = 380_000;
    let open = opening.repeat(SIZE / opening.len());
    let count = SIZE / (opening.len() + closing.len());
    let closed = format!("{}a{}", opening.repeat(count), closing.repeat(count));
    [open, closed]
}

#[test]
fn a_script_of_openers_is_given_up_after_a_limited_processor_time() {
    for (opening, closing) in [
        ("a@(", ")"),
        ("a+(", ")"),
        ("@(", ")"),
        ("a=(", ")"),
        ("a $(", ")"),
        ("${a:-", "}"),
        ("((", "))"),
        ("[[ ", " ]]"),
        ("{ ", "; }"),
        ("if ", "; then a; fi"),
        ("case a in a) ", ";; esac"),
        ("`", "`"),
        ("a <(", ")"),
    ] {
        for text in nested(opening, closing) {
            let time = cpu_time::of(|| drop(shell::parse_text(&text)));
            // It takes a second in a release, and the rest of the time is for slow machines.
            assert!(time.as_secs() < 6, "{opening:?}: {time:?}");
        }
    }
}
