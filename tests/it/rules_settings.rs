//! Effects of settings on a run.

use std::collections::{BTreeMap, BTreeSet};

use jettison::lint::{Applicability, Selection, Settings, Severity, fix, lint};
use jettison::rules::registry;
use jettison::source::Source;

fn only(names: &[&str]) -> Settings {
    let names = registry()
        .resolve(names.iter().copied())
        .expect("the rules are there");
    Settings {
        select: Selection::Only(names.rules),
        ..Settings::default()
    }
}

fn rules(text: &str, settings: &Settings) -> Vec<&'static str> {
    lint(&Source::new("Dockerfile", text), registry(), settings)
        .into_iter()
        .map(|finding| finding.rule)
        .collect()
}

#[test]
fn a_build_arg_overrides_the_default() {
    let text = "ARG TAG=latest\nFROM debian:${TAG}\n";
    let mut settings = only(&["DL3007"]);
    assert_eq!(rules(text, &settings), ["latest-tag"]);
    settings.build_args = BTreeMap::from([("TAG".to_owned(), "12".to_owned())]);
    assert!(rules(text, &settings).is_empty());
}

#[test]
fn the_target_stage_counts_as_the_final_stage() {
    let text = "FROM debian:12 AS tool\nUSER root\nFROM debian:12\nUSER app\n";
    let mut settings = only(&["root-user"]);
    assert!(rules(text, &settings).is_empty());
    settings.target = Some("Tool".to_owned());
    assert_eq!(rules(text, &settings), ["root-user"]);
}

#[test]
fn ignored_rules_are_removed_from_the_selected_ones() {
    let text = "FROM debian:latest\nUSER root\n";
    let mut settings = only(&["DL3007", "root-user"]);
    assert_eq!(rules(text, &settings), ["latest-tag", "root-user"]);
    settings.ignore = BTreeSet::from(["latest-tag"]);
    assert_eq!(rules(text, &settings), ["root-user"]);
}

#[test]
fn an_alias_of_several_rules_selects_them_all() {
    let text = "FROM debian:12\nHEALTHCHECK CMD true\nCMD true\n";
    assert_eq!(
        rules(text, &only(&["dl3025"])),
        ["shell-form-healthcheck", "shell-form-entrypoint"]
    );
}

#[test]
fn a_severity_can_be_set() {
    let mut settings = only(&["root-user"]);
    settings.severities = BTreeMap::from([("root-user", Severity::Error)]);
    let findings = lint(
        &Source::new("Dockerfile", "FROM debian:12\nUSER 0\n"),
        registry(),
        &settings,
    );
    assert_eq!(findings[0].severity, Severity::Error);
}

#[test]
fn pragmas_can_be_disabled_in_the_settings() {
    let text = "FROM debian:12\n# jettison ignore=root-user\nUSER root\n";
    let mut settings = only(&["root-user"]);
    assert!(rules(text, &settings).is_empty());
    settings.pragmas = false;
    assert_eq!(rules(text, &settings), ["root-user"]);
}

#[test]
fn spans_are_exact_inside_a_multi_line_run() {
    let source = Source::new(
        "Dockerfile",
        "FROM debian:12\nRUN true \\\n  && \\\n  apt-get install \\\n    curl\n",
    );
    let findings = lint(&source, registry(), &only(&["DL3008"]));
    assert_eq!(
        source.slice(findings[0].span().expect("the file is a Dockerfile")),
        "curl"
    );
    assert_eq!(
        source.line(findings[0].span().expect("the file is a Dockerfile").start),
        5
    );
    assert_eq!(
        findings[0]
            .text()
            .and_then(|text| text.instruction)
            .map(|span| source.line(span.start)),
        Some(2)
    );
}

#[test]
fn a_fix_preserves_line_endings() {
    let source = Source::new(
        "Dockerfile",
        "FROM debian:12\r\nRUN curl a | sh\r\nADD a.txt /\r\n",
    );
    let fixed = fix::apply_all(
        &source,
        registry(),
        &only(&["DL4006", "DL3020"]),
        Applicability::Unsafe,
    );
    let text = "FROM debian:12\r\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\r\nRUN curl a | sh\r\nCOPY a.txt /\r\n";
    assert_eq!(fixed.expect("there is a fix").text(), text);
}

#[test]
fn an_unsafe_fix_is_not_applied_by_default() {
    let source = Source::new("Dockerfile", "FROM debian:12\nCMD [\"run\"]\n");
    let settings = only(&["missing-user"]);
    assert!(fix::apply_all(&source, registry(), &settings, Applicability::Safe).is_none());
    assert!(fix::apply_all(&source, registry(), &settings, Applicability::Unsafe).is_some());
}

#[test]
fn values_that_double_on_every_line_are_limited() {
    let text = format!(
        "FROM scratch\nENV A=xxxxxxxx\n{}USER $A\n",
        "ENV A=$A$A\n".repeat(64)
    );
    assert!(rules(&text, &only(&["root-user"])).is_empty());
}
