//! Guarantees of every fix, on every Dockerfile in the tests and pages: it resolves its finding,
//! breaks nothing, and changes nothing else.
//!
//! `JETTISON_CORPUS` names a directory with additional `dockerfiles/*`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use jettison::dockerfile::{Dockerfile, parse};
use jettison::lint::{
    Applicability, Facts, Finding, Selection, Settings, Severity, examples, fix, lint,
};
use jettison::rules::registry;
use jettison::source::{Source, Span};
use rayon::prelude::*;

fn dockerfiles_in(folder: &Path) -> Vec<Source> {
    let entries = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").path());
    let mut paths: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_none_or(|end| end != "txt"))
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        Source::new(
            path.to_string_lossy(),
            fs::read(&path).expect("it can be read"),
        )
    };
    paths.into_iter().map(read).collect()
}

fn dockerfiles() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = dockerfiles_in(&root.join("testdata/dockerfiles"));
    for folder in ["rules/lint", "testdata/rules"] {
        for page in dockerfiles_in(&root.join(folder)) {
            let example = |example: jettison::lint::Example| {
                Source::new(format!("{}:{}", page.name(), example.line), example.text)
            };
            all.extend(examples(page.text()).into_iter().map(example));
        }
    }
    if let Some(corpus) = std::env::var_os("JETTISON_CORPUS") {
        all.extend(dockerfiles_in(&PathBuf::from(corpus).join("dockerfiles")));
    }
    all
}

fn all_rules() -> Settings {
    Settings {
        select: Selection::ALL,
        ..Settings::default()
    }
}

/// The problems of each file, in one report.
fn report(check: impl Fn(&Source) -> Vec<String> + Send + Sync) {
    let files = dockerfiles();
    let wrong: Vec<String> = files.par_iter().flat_map_iter(check).collect();
    let shown: Vec<_> = wrong.iter().take(40).map(String::as_str).collect();
    assert!(
        wrong.is_empty(),
        "{} in {} files:\n{}",
        wrong.len(),
        files.len(),
        shown.join("\n")
    );
}

#[test]
fn fixed_files_are_read_without_new_errors_and_have_nothing_left_to_fix() {
    report(|source| {
        let mut wrong = Vec::new();
        for max in [Applicability::Safe, Applicability::Unsafe] {
            let Some(fixed) = fix::apply_all(source, registry(), &all_rules(), max) else {
                continue;
            };
            let (before, after) = (parse(source).errors.len(), parse(&fixed).errors);
            if after.len() > before {
                wrong.push(format!(
                    "{}: {max} fixes bring {after:?}:\n{}",
                    source.name(),
                    fixed.text()
                ));
            }
            if let Some(again) = fix::apply(&fixed, &lint(&fixed, registry(), &all_rules()), max) {
                wrong.push(format!(
                    "{}: {max} fixes of {:?} never end",
                    source.name(),
                    again.rules
                ));
            }
        }
        wrong
    });
}

#[test]
fn each_fix_mends_its_finding_and_touches_nothing_else() {
    report(|source| {
        let before = parse(source);
        let findings = lint(source, registry(), &all_rules());
        let mut wrong = Vec::new();
        for finding in findings.iter().filter(|finding| finding.fix.is_some()) {
            let fixed = fix::apply(source, std::slice::from_ref(finding), Applicability::Unsafe);
            let fixed = Source::new(source.name(), fixed.expect("its own fix fits").bytes);
            let faults = faults(source, &before, &findings, finding, &fixed);
            wrong.extend(
                faults.map(|fault| format!("{}: {}: {fault}", source.name(), finding.rule)),
            );
        }
        wrong
    });
}

/// The problems of a fix.
fn faults(
    source: &Source,
    before: &Dockerfile,
    findings: &[Finding],
    finding: &Finding,
    fixed: &Source,
) -> impl Iterator<Item = String> {
    let after = parse(fixed);
    let only = Settings {
        select: Selection::Only(BTreeSet::from([finding.rule])),
        ..Settings::default()
    };
    let count = |findings: &[Finding]| {
        findings
            .iter()
            .filter(|other| other.rule == finding.rule)
            .count()
    };
    let is_left = count(&lint(fixed, registry(), &only)) >= count(findings);
    let edits = finding
        .fix
        .iter()
        .flat_map(|fix| &fix.edits)
        .map(|edit| edit.span);
    let edited = edits.reduce(Span::to).expect("a fix has an edit");
    let is_outside = keeps_the_others(source, before, edited, fixed, &after);
    [
        (after.errors.len() > before.errors.len()).then(|| format!("brings {:?}", after.errors)),
        is_left.then(|| format!("does not mend `{}`", finding.message)),
        (!is_outside).then(|| "changes other instructions".to_owned()),
    ]
    .into_iter()
    .flatten()
    .map(move |fault| format!("{fault}\n{}", around(fixed, edited)))
    .collect::<Vec<_>>()
    .into_iter()
}

/// Whether the bytes before and after an edit are unchanged, and the instructions that it does not
/// touch are still at the start and the end of the file.
fn keeps_the_others(
    source: &Source,
    before: &Dockerfile,
    edited: Span,
    fixed: &Source,
    after: &Dockerfile,
) -> bool {
    let tail = source.bytes().len() - edited.end;
    let texts = |source: &Source, file: &Dockerfile, keep: &dyn Fn(Span) -> bool| {
        let spans = file
            .instructions
            .iter()
            .map(|instruction| instruction.span)
            .filter(|&span| keep(span));
        spans
            .map(|span| source.slice(span).to_owned())
            .collect::<Vec<_>>()
    };
    let all = texts(fixed, after, &|_| true);
    source.bytes()[edited.end..] == fixed.bytes()[fixed.bytes().len() - tail..]
        && source.bytes()[..edited.start] == fixed.bytes()[..edited.start]
        && all.starts_with(&texts(source, before, &|span| span.end < edited.start))
        && all.ends_with(&texts(source, before, &|span| span.start > edited.end))
}

fn around(fixed: &Source, edited: Span) -> String {
    let first = fixed.line(edited.start).saturating_sub(2).max(1);
    let last = (fixed.line(edited.end.min(fixed.bytes().len())) + 4).min(fixed.line_count());
    let lines: Vec<_> = (first..=last)
        .map(|line| format!("    | {}", fixed.slice(fixed.line_span(line))))
        .collect();
    lines.join("\n")
}

#[test]
fn safe_fixes_bring_no_new_error_or_warning() {
    report(|source| {
        let settings = Settings::default();
        let Some(fixed) = fix::apply_all(source, registry(), &settings, Applicability::Safe) else {
            return Vec::new();
        };
        let grave = |source: &Source| {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            let findings = lint(source, registry(), &settings).into_iter();
            findings
                .filter(|finding| finding.severity <= Severity::Warning)
                .for_each(|finding| *counts.entry(finding.rule).or_default() += 1);
            counts
        };
        let before = grave(source);
        let new = grave(&fixed)
            .into_iter()
            .filter(|(rule, count)| before.get(rule).is_none_or(|old| old < count));
        new.map(|(rule, count)| format!("{}: {count} of {rule}:\n{}", source.name(), fixed.text()))
            .collect()
    });
}

/// Prints the share of findings that can be fixed; `cargo test --test it share -- --nocapture`.
#[test]
fn share_of_findings_with_a_fix() {
    let counts: Mutex<[usize; 3]> = Mutex::default();
    dockerfiles().par_iter().for_each(|source| {
        for finding in lint(source, registry(), &Settings::default()) {
            let kind = finding.fix.map_or(2, |fix| {
                usize::from(fix.applicability == Applicability::Unsafe)
            });
            counts.lock().expect("nobody panics")[kind] += 1;
        }
    });
    let [safe, unsafely, without] = *counts.lock().expect("nobody panics");
    eprintln!(
        "findings with a safe fix: {safe}, with an unsafe one: {unsafely}, without: {without}"
    );
    assert!(safe > 0 && unsafely > 0, "some findings can be mended");
}

/// The programs that all scripts call, with their arguments.
fn calls(source: &Source) -> Vec<String> {
    let dockerfile = parse(source);
    let facts = Facts::new(&dockerfile, &all_rules());
    let calls = facts
        .runs()
        .iter()
        .flat_map(|run| &run.calls)
        .filter(|call| call.name != "set");
    let words = |call: &jettison::lint::facts::Call| {
        let arguments = call
            .arguments
            .iter()
            .map(|argument| argument.raw.to_string());
        std::iter::once(call.name.clone())
            .chain(arguments)
            .collect::<Vec<_>>()
            .join(" ")
    };
    calls.map(words).collect()
}

#[test]
fn scripts_that_are_written_anew_call_what_they_called() {
    let select = Selection::Only(BTreeSet::from([
        "consecutive-run",
        "long-command-chain",
        "update-alone",
    ]));
    let settings = Settings {
        select,
        ..Settings::default()
    };
    report(|source| {
        let fixed = fix::apply_all(source, registry(), &settings, Applicability::Unsafe);
        let (before, after) = (
            calls(source),
            fixed.as_ref().map_or_else(|| calls(source), calls),
        );
        let differs = before
            .iter()
            .zip(&after)
            .find(|(before, after)| before != after);
        let other = differs
            .map(|(before, after)| format!("{}: `{before}` is now `{after}`", source.name()));
        let count = (before.len() != after.len())
            .then(|| format!("{}: calls are lost or new", source.name()));
        other.into_iter().chain(count).collect()
    });
}
