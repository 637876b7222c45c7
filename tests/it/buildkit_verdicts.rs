//! What BuildKit says about a Dockerfile, and what jettison says.
//!
//! `testdata/buildkit/record.py` has recorded BuildKit's verdicts. What it refuses is an error
//! here, what it accepts has no error that says that the build fails, and each of its warnings is a
//! finding with the code of the warning; `testdata/buildkit/exceptions.toml` lists where that is
//! not so, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use jettison::lint::{
    BuildContext, Extras, Finding, IgnoreFile, Page, Selection, Settings, Severity, Tool, lint_with,
};
use jettison::rules::registry;
use jettison::source::{Source, Span};
use serde::Deserialize;

/// The rules whose errors say that BuildKit refuses the file.
const REFUSALS: [&str; 17] = [
    "circular-stages",
    "copy-from-own-stage",
    "copy-from-unknown-stage",
    "instruction-before-from",
    "invalid-flag-value",
    "invalid-git-url",
    "invalid-image-name",
    "invalid-onbuild",
    "invalid-pattern",
    "invalid-port",
    "invalid-stopsignal",
    "missing-from",
    "syntax-error",
    "undeclared-arg-in-from",
    "unknown-instruction",
    "unset-required-variable",
    "url-in-copy",
];

/// A check that BuildKit makes only if the file asks for it.
const EXPERIMENTAL: &str = "InvalidDefinitionDescription";

type Lines = RangeInclusive<usize>;

/// A line of `verdicts.jsonl`.
#[derive(Deserialize)]
struct Verdict {
    input: String,
    /// The message.
    refused: Option<String>,
    lines: Option<(usize, usize)>,
    /// The code of each warning, and its first and last line.
    #[serde(default)]
    warnings: Vec<(String, usize, usize)>,
}

/// A group of `exceptions.toml`.
#[derive(Deserialize)]
struct Exception {
    reason: String,
    inputs: BTreeSet<String>,
}

/// A Dockerfile, and the lines of the `.dockerignore` next to it.
struct Input {
    text: Vec<u8>,
    ignored: Option<String>,
}

#[test]
fn what_buildkit_refuses_is_an_error() {
    let mut wrong = BTreeMap::new();
    for (verdict, source, findings) in all() {
        let Some(message) = &verdict.refused else {
            continue;
        };
        if !findings.iter().any(is_refusal) {
            wrong.insert(
                verdict.input,
                format!("{message}: {}", told(&source, &findings)),
            );
        }
    }
    agree_with("missed", &wrong);
}

#[test]
fn an_error_is_at_the_lines_that_buildkit_names() {
    let mut wrong = BTreeMap::new();
    for (verdict, source, findings) in all() {
        let (Some(message), Some((first, last))) = (&verdict.refused, verdict.lines) else {
            continue;
        };
        let mut refusals = findings
            .iter()
            .filter(|finding| is_refusal(finding))
            .peekable();
        // The errors of some directives have no line.
        if refusals.peek().is_none() || last == 0 {
            continue;
        }
        if !refusals.any(|finding| overlaps(&lines(&source, finding), &(first..=last))) {
            let told = told(&source, &findings);
            wrong.insert(
                verdict.input,
                format!("{message} ({first} to {last}): {told}"),
            );
        }
    }
    agree_with("elsewhere", &wrong);
}

#[test]
fn what_buildkit_accepts_is_no_error() {
    let mut wrong = BTreeMap::new();
    for (verdict, source, findings) in all() {
        if verdict.refused.is_none() && findings.iter().any(is_refusal) {
            wrong.insert(verdict.input, told(&source, &findings));
        }
    }
    agree_with("stricter", &wrong);
}

#[test]
fn each_warning_of_buildkit_is_a_finding() {
    let mut wrong = BTreeMap::new();
    for (verdict, source, findings) in all() {
        for (code, first, last) in &verdict.warnings {
            let place = *first..=*last;
            let is_found = findings.iter().any(|finding| {
                let at = lines(&source, finding);
                // An error says more about the same lines.
                let is_error = verdict.refused.is_some() && is_refusal(finding);
                (has_code(finding, code) && is_near(&source, finding, &place))
                    || (is_error && overlaps(&at, &place))
            });
            if !is_found {
                wrong.insert(verdict.input.clone(), format!("{code} at line {first}"));
            }
        }
    }
    agree_with("unwarned", &wrong);
}

#[test]
fn a_finding_with_a_code_of_buildkit_is_a_warning_of_buildkit() {
    let mut wrong = BTreeMap::new();
    for (verdict, source, findings) in all() {
        // BuildKit stops at an error, before most of its checks.
        if verdict.refused.is_some() {
            continue;
        }
        for finding in &findings {
            let codes = codes(finding);
            if codes.is_empty() || codes.contains(&EXPERIMENTAL) {
                continue;
            }
            let is_warned = verdict.warnings.iter().any(|(code, first, last)| {
                codes.contains(&code.as_str()) && is_near(&source, finding, &(*first..=*last))
            });
            if !is_warned {
                wrong.insert(verdict.input.clone(), told(&source, &findings));
            }
        }
    }
    agree_with("extra", &wrong);
}

/// Compares the disagreements, and a text about each, with a list of exceptions.
fn agree_with(list: &str, wrong: &BTreeMap<String, String>) {
    let text = read("exceptions.toml");
    let mut lists: BTreeMap<String, Vec<Exception>> =
        toml::from_str(&text).expect("the exceptions are TOML");
    let mut expected = BTreeSet::new();
    for exception in lists.remove(list).unwrap_or_default() {
        assert!(!exception.reason.is_empty(), "an exception has a reason");
        expected.extend(exception.inputs);
    }
    let mut problems = Vec::new();
    for (input, about) in wrong {
        if !expected.contains(input) {
            problems.push(format!("{input}: {about}"));
        }
    }
    for input in &expected {
        if !wrong.contains_key(input) {
            problems.push(format!("{input}: no exception any more"));
        }
    }
    assert!(problems.is_empty(), "{list}:\n{}", problems.join("\n"));
}

/// Every verdict with its text and all findings in it.
fn all() -> Vec<(Verdict, Source, Vec<Finding>)> {
    let verdicts = read("verdicts.jsonl");
    let mut inputs = inputs();
    let mut all = Vec::new();
    // The first line names the version of BuildKit.
    for line in verdicts.lines().skip(1) {
        let verdict: Verdict = serde_json::from_str(line).expect("a verdict is JSON");
        let input = inputs.remove(&verdict.input).unwrap_or_else(|| {
            let path = testdata().join(&verdict.input);
            let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", verdict.input));
            Input {
                text,
                ignored: None,
            }
        });
        let source = Source::new("Dockerfile", input.text);
        let findings = findings(&source, input.ignored.as_deref());
        all.push((verdict, source, findings));
    }
    let left: Vec<&String> = inputs.keys().collect();
    assert!(left.is_empty(), "not recorded: {left:?}");
    assert!(all.len() > 1000, "only {} verdicts", all.len());
    all
}

/// The cases of all files of inputs, by name: after each line `=== NAME [ignoring PATTERN …]`, a
/// Dockerfile.
fn inputs() -> BTreeMap<String, Input> {
    let mut inputs = BTreeMap::new();
    let entries = fs::read_dir(testdata().join("buildkit/inputs")).expect("the inputs are there");
    for entry in entries {
        let path = entry.expect("it can be read").path();
        let text = fs::read_to_string(&path).expect("the inputs are UTF-8");
        let file = path.file_stem().expect("it has a name").to_string_lossy();
        let text = text.strip_suffix('\n').unwrap_or(&text);
        for case in format!("\n{text}").split("\n=== ").skip(1) {
            let (title, text) = case.split_once('\n').unwrap_or((case, ""));
            let (name, ignored) = match title.split_once(" ignoring ") {
                Some((name, patterns)) => (name, Some(patterns.replace(' ', "\n"))),
                None => (title, None),
            };
            // The last line break was cut off, or belonged to the next title.
            let input = Input {
                text: format!("{text}\n").into_bytes(),
                ignored,
            };
            let before = inputs.insert(format!("{file}/{name}"), input);
            assert!(before.is_none(), "two inputs are named {file}/{name}");
        }
    }
    inputs
}

fn testdata() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata"))
}

fn read(name: &str) -> String {
    let path = testdata().join("buildkit").join(name);
    fs::read_to_string(&path).expect("it is part of the project")
}

fn findings(source: &Source, ignored: Option<&str>) -> Vec<Finding> {
    let settings = Settings {
        select: Selection::ALL,
        ..Settings::default()
    };
    let extras = Extras {
        build: BuildContext {
            ignore: ignored.map(IgnoreFile::parse),
        },
        ..Extras::default()
    };
    lint_with(source, registry(), &settings, extras).findings
}

fn is_refusal(finding: &Finding) -> bool {
    finding.severity == Severity::Error && REFUSALS.contains(&finding.rule)
}

fn page(finding: &Finding) -> &'static Page {
    registry().get(finding.rule).expect("a rule has a page")
}

/// The codes that BuildKit has for what a finding reports.
fn codes(finding: &Finding) -> Vec<&'static str> {
    let aliases = page(finding).aliases.iter();
    aliases
        .filter(|alias| alias.tool == Tool::Buildkit)
        .map(|alias| alias.code)
        .collect()
}

fn has_code(finding: &Finding, code: &str) -> bool {
    codes(finding).contains(&code)
}

/// The lines of the instruction that a finding is in, or of the finding itself.
fn lines(source: &Source, finding: &Finding) -> Lines {
    let text = finding.text().expect("the file is a Dockerfile");
    lines_of(source, text.instruction.unwrap_or(text.span))
}

fn lines_of(source: &Source, span: Span) -> Lines {
    source.line(span.start)..=source.line(span.end)
}

/// Whether a finding or one of its labels is at a place. Both tools place a comment differently:
/// BuildKit at the instruction below it.
fn is_near(source: &Source, finding: &Finding, place: &Lines) -> bool {
    let at = lines(source, finding);
    let below = *at.start()..=at.end() + 1;
    let is_description = has_code(finding, EXPERIMENTAL);
    let mut labels = finding.labels.iter().filter(|label| label.file.is_none());
    overlaps(&at, place)
        || (is_description && overlaps(&below, place))
        || labels.any(|label| overlaps(&lines_of(source, label.span), place))
}

fn overlaps(one: &Lines, other: &Lines) -> bool {
    one.start() <= other.end() && other.start() <= one.end()
}

/// The errors and the findings with codes of BuildKit, for the message of a test.
fn told(source: &Source, findings: &[Finding]) -> String {
    let mut told = Vec::new();
    for finding in findings {
        if is_refusal(finding) || !codes(finding).is_empty() {
            let line = lines(source, finding).start().to_string();
            told.push(format!(
                "{} at line {line}: {}",
                finding.rule, finding.message
            ));
        }
    }
    told.join("; ")
}
