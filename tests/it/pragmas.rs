//! Comments that suppress findings, as interpreted by their tools.

use std::collections::BTreeSet;

use jettison::lint::{Selection, Settings, Severity, lint};
use jettison::rules::registry;
use jettison::source::Source;

fn settings(rules: &[&str]) -> Settings {
    let named = registry()
        .resolve(rules.iter().copied())
        .expect("these are rules");
    Settings {
        select: Selection::Only(named.rules),
        ..Settings::default()
    }
}

/// The lines on which one rule speaks.
fn lines(rule: &str, text: &str) -> Vec<usize> {
    let source = Source::new("Dockerfile", text);
    let found = lint(&source, registry(), &settings(&[rule]));
    found
        .iter()
        .map(|finding| source.line(finding.span().expect("the file is a Dockerfile").start))
        .collect()
}

/// What the rules on pragmas say when every rule is selected.
fn said(text: &str) -> Vec<(String, String)> {
    let source = Source::new("Dockerfile", text);
    let settings = Settings {
        select: Selection::ALL,
        ..Settings::default()
    };
    let found = lint(&source, registry(), &settings);
    let of_pragmas = found
        .into_iter()
        .filter(|finding| finding.rule.ends_with("pragma"));
    of_pragmas
        .map(|finding| {
            (
                source
                    .slice(finding.span().expect("the file is a Dockerfile"))
                    .to_owned(),
                finding.message,
            )
        })
        .collect()
}

#[test]
fn a_comment_applies_to_the_next_instruction_only() {
    for comment in [
        "jettison ignore=sudo",
        "hadolint ignore=DL3004",
        "jettison ignore=DS-0010,root-user why not",
    ] {
        let text = format!("FROM a\n# {comment}\n\nRUN sudo a\nRUN sudo b\n");
        assert_eq!(lines("sudo", &text), [5], "{comment}");
    }
}

#[test]
fn a_comment_inside_a_run_applies_to_the_next_command() {
    for comment in ["jettison ignore=sudo", "hadolint ignore=DL3004"] {
        let text = format!(
            "FROM a\nRUN sudo a && \\\n  # {comment}\n  sudo b && \\\n  sudo c\nRUN sudo d\n"
        );
        assert_eq!(lines("sudo", &text), [2, 5, 6], "{comment}");
    }
}

#[test]
fn a_comment_covers_all_lines_of_the_next_command() {
    let text = "FROM a\nRUN true && \\\n  # jettison ignore=DL3008\n  apt-get install -y \\\n  curl \\\n  wget && \\\n  \
                apt-get install -y vim\n";
    assert_eq!(lines("unpinned-apt-package", text), [7]);
    let text = "FROM a\nRUN apt-get install -y \\\n  curl \\\n  # jettison ignore=DL3008\n  wget\n";
    assert_eq!(
        lines("unpinned-apt-package", text),
        [3],
        "in the middle of a command it is for one line"
    );
}

#[test]
fn a_comment_can_cover_a_stage_or_the_whole_file() {
    let text =
        |comment: &str| format!("# {comment}\nFROM a AS b\nRUN sudo a\nFROM c\nRUN sudo b\n");
    assert_eq!(lines("sudo", &text("hadolint stage ignore=DL3004")), [5]);
    assert_eq!(lines("sudo", &text("jettison stage ignore=sudo")), [5]);
    assert_eq!(
        lines("sudo", &text("hadolint global ignore=DL3004")),
        [0; 0]
    );
    assert_eq!(lines("sudo", &text("jettison global ignore=sudo")), [0; 0]);
}

#[test]
fn a_buildkit_comment_must_directly_precede_its_instruction() {
    assert_eq!(
        lines(
            "relative-workdir",
            "FROM a\n# check=skip=WorkdirRelativePath\nWORKDIR b\n"
        ),
        [0; 0]
    );
    assert_eq!(
        lines(
            "relative-workdir",
            "FROM a\n# check=skip=all\n\nWORKDIR b\n"
        ),
        [4]
    );
    assert_eq!(
        lines("relative-workdir", "# check=skip=all\nFROM a\nWORKDIR b\n"),
        [0; 0]
    );
    assert_eq!(
        lines("sudo", "# check=skip=all\nFROM a\nRUN sudo b\n"),
        [3],
        "BuildKit has no such check"
    );
    assert_eq!(
        lines(
            "relative-workdir",
            "FROM a\n# check=skip=DL3000\nWORKDIR b\n"
        ),
        [3],
        "that is no name of BuildKit's"
    );
}

#[test]
fn buildkit_error_true_raises_its_checks_to_errors() {
    let severity = |head: &str, rule: &str| {
        let source = Source::new(
            "Dockerfile",
            format!("{head}FROM a\nRUN sudo x\nWORKDIR b\n"),
        );
        let found = lint(&source, registry(), &settings(&[rule]));
        found.first().map(|finding| finding.severity)
    };
    assert_eq!(severity("", "relative-workdir"), Some(Severity::Warning));
    assert_eq!(
        severity("# check=error=true\n", "relative-workdir"),
        Some(Severity::Error)
    );
    assert_eq!(
        severity("# check=skip=Other;error=true\n", "relative-workdir"),
        Some(Severity::Error)
    );
    assert_eq!(
        severity("# check=error=true\n", "sudo"),
        Some(Severity::Warning),
        "BuildKit has no such check"
    );
}

#[test]
fn a_trivy_comment_applies_to_the_instruction_directly_below() {
    let text = |comment: &str| format!("FROM a\n{comment}\nRUN sudo a\nRUN sudo b\n");
    assert_eq!(lines("sudo", &text("#trivy:ignore:AVD-DS-0010")), [4]);
    assert_eq!(
        lines("sudo", &text("# trivy:ignore:DS010\n# another comment")),
        [5]
    );
    assert_eq!(lines("sudo", &text("# trivy:ignore:*")), [4]);
    assert_eq!(lines("sudo", &text("# trivy:ignore:DS-0010\n")), [4, 5]);
    assert_eq!(
        lines("sudo", &text("# trivy:ignore:DL3004")),
        [3, 4],
        "that is no code of Trivy's"
    );
}

#[test]
fn a_checkov_comment_applies_to_the_whole_file() {
    let text =
        "FROM a\nRUN sudo a\nUSER b\n#checkov:skip=CKV2_DOCKER_1:the base needs it\nRUN sudo b\n";
    assert_eq!(lines("sudo", text), [0; 0]);
}

#[test]
fn kics_comments_apply_to_a_line_a_block_or_the_file() {
    let id = "8ada6e80-0ade-439e-b176-0b28f6bce35a";
    let text = |top: &str, inner: &str| {
        format!("{top}\nFROM a\nRUN sudo a\n{inner}\nRUN sudo b\nFROM c\nRUN sudo d\n")
    };
    assert_eq!(lines("sudo", &text("", "# kics-scan ignore-line")), [3, 7]);
    assert_eq!(lines("sudo", &text("# kics-scan ignore-block", "")), [7]);
    assert_eq!(
        lines("sudo", &text("", &format!("# kics-scan disable={id}"))),
        [0; 0]
    );
    assert_eq!(lines("sudo", &text("# kics-scan ignore", "")), [0; 0]);
    assert_eq!(
        lines(
            "relative-workdir",
            "# kics-scan disable=DL3000\nFROM a\nWORKDIR b\n"
        ),
        [3],
        "no id of KICS's"
    );
}

#[test]
fn a_hadolint_shell_comment_applies_to_the_file_or_the_rest_of_a_stage() {
    let rule = "pipe-without-pipefail";
    let text = |top: &str, inner: &str| {
        format!(
            "{top}\nFROM debian:12\n{inner}\nRUN curl x | sh\nFROM debian:12\nRUN curl y | sh\n"
        )
    };
    assert_eq!(lines(rule, &text("", "")), [4, 6]);
    assert_eq!(
        lines(rule, &text("", "# hadolint shell=powershell.exe")),
        [6]
    );
    assert_eq!(
        lines(rule, &text("# hadolint shell = powershell.exe", "")),
        [0; 0]
    );
}

#[test]
fn comments_are_ignored_when_pragmas_are_disabled() {
    let source = Source::new(
        "Dockerfile",
        "# jettison global ignore=sudo\n# check=skip=all\nFROM a\nRUN sudo a\n",
    );
    let settings = Settings {
        pragmas: false,
        ..settings(&["sudo"])
    };
    assert_eq!(lint(&source, registry(), &settings).len(), 1);
}

#[test]
fn an_unused_suppression_comment_is_reported() {
    let text = "FROM scratch\n# jettison ignore=sudo,relative-workdir\nWORKDIR a\nUSER 1\n";
    let expected = (
        "sudo".to_owned(),
        "unused suppression: `sudo` is not reported here".to_owned(),
    );
    assert_eq!(said(text), [expected]);
    let text = "FROM scratch\nUSER 1\n# hadolint ignore=DL3004\n# checkov:skip=CKV2_DOCKER_1:x\nWORKDIR /a\n";
    let names: Vec<String> = said(text).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["DL3004", "CKV2_DOCKER_1"]);
}

#[test]
fn suppressions_of_unselected_rules_are_not_unused() {
    let source = Source::new(
        "Dockerfile",
        "# jettison global ignore=sudo,relative-workdir\nFROM a\nUSER 1\n",
    );
    let named: BTreeSet<_> = ["unused-pragma", "relative-workdir"].into();
    let settings = Settings {
        select: Selection::Only(named),
        ..Settings::default()
    };
    let found = lint(&source, registry(), &settings);
    let idle: Vec<_> = found
        .iter()
        .map(|finding| source.slice(finding.span().expect("the file is a Dockerfile")))
        .collect();
    assert_eq!(idle, ["relative-workdir"]);
    for comment in [
        "# hadolint ignore=DL9999",
        "# hadolint ignore=SC2086",
        "# check=skip=all",
        "# kics-scan ignore-line",
    ] {
        assert_eq!(
            said(&format!("FROM scratch\n{comment}\nUSER 1\n")),
            [],
            "{comment}"
        );
    }
}

#[test]
fn a_trivy_comment_can_expire() {
    let source = Source::new(
        "Dockerfile",
        "FROM scratch\n# trivy:ignore:DS-0010:exp:2020-01-31\nRUN sudo a\n",
    );
    for (now, expected) in [
        ("2020-01-31T23:00:00Z", vec![]),
        ("2020-02-01T00:00:00Z", vec!["ineffective-pragma", "sudo"]),
    ] {
        let settings = Settings {
            select: Selection::Only(["sudo", "ineffective-pragma"].into()),
            now: now.parse().ok(),
            ..Settings::default()
        };
        let found: Vec<&str> = lint(&source, registry(), &settings)
            .iter()
            .map(|finding| finding.rule)
            .collect();
        assert_eq!(found, expected, "{now}");
    }
}

#[test]
fn unknown_rule_names_are_reported_only_in_jettison_comments() {
    let text = "FROM scratch\n# jettison ignore=rot-user\nUSER 1\n";
    let expected = (
        "rot-user".to_owned(),
        "there is no rule `rot-user`; did you mean `root-user`?".to_owned(),
    );
    assert_eq!(said(text), [expected]);
    assert_eq!(
        said("FROM scratch\n# hadolint ignore=DL3999\n# check=skip=Nothing\nUSER 1\n"),
        []
    );
}

#[test]
fn findings_about_comments_can_be_suppressed_too() {
    let text =
        "# jettison global ignore=unused-pragma\nFROM scratch\n# jettison ignore=sudo\nUSER 1\n";
    assert_eq!(said(text), []);
}

#[test]
fn thousands_of_comments_are_processed_in_bounded_time() {
    let mut text = "FROM a\nRUN true".to_owned();
    for _ in 0..5_000 {
        text.push_str(" && \\\n# jettison ignore=sudo,DL3008,nothing\n a");
    }
    let time = crate::cpu_time::of(|| {
        said(&text);
    });
    assert!(time.as_secs() < 20, "{time:?}");
}
