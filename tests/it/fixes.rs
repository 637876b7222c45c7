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
    Applicability, Facts, Finding, Selection, Settings, Severity, examples, fix, lint, pragma,
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

pub(crate) fn dockerfiles() -> Vec<Source> {
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

/// The sets of rules whose fixes are tried together on a file: all, each alone, and every pair.
fn selections(source: &Source) -> Vec<BTreeSet<&'static str>> {
    let findings = lint(source, registry(), &all_rules());
    let mut fixable: BTreeSet<&'static str> = findings
        .iter()
        .filter(|finding| finding.fix.is_some())
        .map(|finding| finding.rule)
        .collect();
    // Their fixes are not offered where all rules are selected.
    let opposed = registry()
        .iter()
        .map(|(_, page)| page)
        .filter(|page| !page.no_fix_with.is_empty());
    for page in opposed {
        let settings = Settings {
            select: Selection::Only(BTreeSet::from([page.name])),
            ..Settings::default()
        };
        let findings = lint(source, registry(), &settings);
        if findings.iter().any(|finding| finding.fix.is_some()) {
            fixable.insert(page.name);
        }
    }
    let rules: Vec<&'static str> = fixable.iter().copied().collect();
    let mut sets = Vec::new();
    for (index, &one) in rules.iter().enumerate() {
        sets.push(BTreeSet::from([one]));
        for &other in &rules[index + 1..] {
            sets.push(BTreeSet::from([one, other]));
        }
    }
    sets.push(fixable);
    sets
}

/// New findings that a fix may bring, and why.
const TRADES: [(&str, &str, &str); 11] = [
    (
        "shell-form-entrypoint",
        "unsuitable-stopsignal",
        "the program was hidden by its shell before",
    ),
    (
        "consecutive-run",
        "long-command-chain",
        "the chain has the commands of both RUNs",
    ),
    (
        "update-alone",
        "long-command-chain",
        "the chain has the commands of both RUNs",
    ),
    (
        "archive-fetched-then-unpacked",
        "remote-add-without-checksum",
        "the archive had no checksum before either",
    ),
    (
        "plain-http-download",
        "remote-add-without-checksum",
        "the file had no checksum before either, which one finding said",
    ),
    (
        "copy-then-chmod",
        "program-owned-by-its-user",
        "the owner was the same before",
    ),
    (
        "shell-form-entrypoint",
        "entrypoint-without-exec",
        "the shell was hidden by another one before",
    ),
    (
        "misplaced-epilogue",
        "consecutive-run",
        "an instruction between two RUNs has moved",
    ),
    (
        "ignored-cmd",
        "consecutive-run",
        "an instruction between two RUNs had no effect",
    ),
    (
        "add-instead-of-copy",
        "copy-to-relative-path",
        "the rule is about COPY",
    ),
    (
        "maintainer",
        "consecutive-label",
        "MAINTAINER set a label too",
    ),
];

/// Rules that report values which other rules cannot read until they are fixed.
const UNREADABLE: [&str; 10] = [
    "broken-json-form",
    "env-refers-to-itself",
    "escaped-blank",
    "exposed-host-port",
    "instruction-before-from",
    "swallowed-command",
    "trailing-comment",
    "undeclared-arg-in-from",
    "url-in-copy",
    "value-on-next-line",
];

/// What the fixes of some rules did wrong, all applied.
pub(crate) fn breaches(source: &Source, settings: &Settings, max: Applicability) -> Vec<String> {
    let Some(fixed) = fix::apply_all(source, registry(), settings, max) else {
        return Vec::new();
    };
    let (before, after) = (parse(source), parse(&fixed));
    let mut wrong = Vec::new();
    if after.errors.len() > before.errors.len() {
        wrong.push(format!("new errors {:?}", after.errors));
    }
    let old = lint(source, registry(), settings);
    let left = lint(&fixed, registry(), settings);
    if let Some(again) = fix::apply(&fixed, &left, max) {
        wrong.push(format!("fixes of {:?} never end", again.rules));
    }
    let rules: BTreeSet<&str> = old.iter().map(|finding| finding.rule).collect();
    // A file or a value that could not be read has more to report once it can.
    if before.errors.is_empty() && UNREADABLE.iter().all(|rule| !rules.contains(rule)) {
        let new: BTreeSet<&str> = left.iter().map(|finding| finding.rule).collect();
        for rule in new.difference(&rules) {
            let is_traded = TRADES
                .iter()
                .any(|(old, new, _)| new == rule && rules.contains(old));
            // A comment may have nothing left to suppress.
            if !is_traded && *rule != pragma::UNUSED {
                wrong.push(format!("new findings of `{rule}`"));
            }
        }
    }
    if !keeps_line_ends(source.bytes(), fixed.bytes()) {
        wrong.push("other line ends".to_owned());
    }
    for comment in &before.comments {
        // The fix for a finding about a comment may change it.
        let is_subject = old
            .iter()
            .filter_map(Finding::span)
            .any(|span| comment.span.start <= span.start && span.start <= comment.span.end);
        let text = source.slice(comment.span).trim();
        let is_pragma = comment.text.starts_with("jettison");
        let is_kept = fixed.text().lines().any(|line| line.trim() == text);
        if !is_kept && !is_subject && !is_pragma {
            wrong.push(format!("the comment `{text}` is lost"));
        }
    }
    wrong
        .into_iter()
        .map(|fault| format!("{}: {max} fixes: {fault}:\n{}", source.name(), fixed.text()))
        .collect()
}

/// Whether a text has only the line ends that the other one had, if that has only one kind of them.
fn keeps_line_ends(before: &[u8], after: &[u8]) -> bool {
    match (line_ends(before), line_ends(after)) {
        ((0, _), (windows, _)) => windows == 0,
        ((windows, all), (windows_after, all_after)) if windows == all => {
            windows_after == all_after
        }
        _ => true,
    }
}

/// The number of `\r\n` in a text, and of all its line breaks.
fn line_ends(text: &[u8]) -> (usize, usize) {
    let windows = text.windows(2).filter(|pair| pair == b"\r\n").count();
    (windows, memchr::memchr_iter(b'\n', text).count())
}

#[test]
fn fixes_of_all_rules_together_converge_and_break_nothing() {
    report(|source| {
        [Applicability::Safe, Applicability::Unsafe]
            .into_iter()
            .flat_map(|max| breaches(source, &all_rules(), max))
            .collect()
    });
}

#[test]
fn fixes_of_every_pair_of_rules_converge_and_break_nothing() {
    report(|source| {
        let mut wrong = Vec::new();
        for rules in selections(source) {
            let settings = Settings {
                select: Selection::Only(rules.clone()),
                ..Settings::default()
            };
            let faults = breaches(source, &settings, Applicability::Unsafe);
            wrong.extend(
                faults
                    .into_iter()
                    .map(|fault| format!("{rules:?}: {fault}")),
            );
        }
        wrong
    });
}

#[test]
fn each_fix_removes_its_finding_and_changes_nothing_else() {
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
        is_left.then(|| format!("does not fix `{}`", finding.message)),
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
fn safe_fixes_cause_no_new_error_or_warning() {
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
fn the_share_of_findings_with_a_fix_is_printed() {
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
    assert!(safe > 0 && unsafely > 0, "some findings can be fixed");
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

/// The programs that all scripts call, without their arguments.
fn programs(source: &Source) -> Vec<String> {
    let calls = calls(source);
    let names = calls
        .iter()
        .map(|call| call.split(' ').next().unwrap_or_default());
    // A fix may write `apt-get` for `apt`, and another one removes a file of apt in place of its
    // lists.
    names
        .filter(|name| *name != "rm")
        .map(|name| match name {
            "apt" => "apt-get".to_owned(),
            name => name.to_owned(),
        })
        .collect()
}

/// Whether some of the words are those of a list, in its order.
fn contains_in_order(words: &[String], list: &[String]) -> bool {
    let mut words = words.iter();
    list.iter().all(|word| words.any(|other| other == word))
}

/// Rules whose fixes make the builder read a text in another way: as JSON, or with another escape
/// character.
const READ_ANEW: [&str; 3] = ["broken-json-form", "escaped-blank", "misspelled-directive"];

/// A fix adds commands or removes some; it does not do both, and leaves the others in their order.
#[test]
fn programs_are_called_in_the_same_order_after_each_fix() {
    report(|source| {
        let before = programs(source);
        let findings = lint(source, registry(), &all_rules());
        let mut wrong = Vec::new();
        for finding in findings.iter().filter(|finding| finding.fix.is_some()) {
            let fixed = fix::apply(source, std::slice::from_ref(finding), Applicability::Unsafe);
            let fixed = Source::new(source.name(), fixed.expect("its own fix fits").bytes);
            let after = programs(&fixed);
            let is_in_order =
                contains_in_order(&after, &before) || contains_in_order(&before, &after);
            if !is_in_order && !READ_ANEW.contains(&finding.rule) {
                let (name, rule) = (source.name(), finding.rule);
                wrong.push(format!("{name}: {rule}: {before:?} became {after:?}"));
            }
        }
        wrong
    });
}

/// The caches of package managers, which a fix may put into mounts.
const CACHES: [&str; 4] = ["/var/cache/", "/var/lib/apt", "/root/.", "/go/"];

/// The paths that all scripts delete with `rm`.
fn deleted(source: &Source) -> Vec<String> {
    let mut paths = Vec::new();
    for call in calls(source) {
        let mut words = call.split(' ');
        if words.next() == Some("rm") {
            paths.extend(
                words
                    .filter(|word| !word.starts_with('-'))
                    .map(str::to_owned),
            );
        }
    }
    paths
}

#[test]
fn what_was_deleted_besides_caches_is_deleted_after_each_fix() {
    report(|source| {
        let before = deleted(source);
        let findings = lint(source, registry(), &all_rules());
        let mut wrong = Vec::new();
        for finding in findings.iter().filter(|finding| finding.fix.is_some()) {
            let fixed = fix::apply(source, std::slice::from_ref(finding), Applicability::Unsafe);
            let fixed = Source::new(source.name(), fixed.expect("its own fix fits").bytes);
            let mut after = deleted(&fixed);
            for path in &before {
                if let Some(at) = after.iter().position(|other| other == path) {
                    after.swap_remove(at);
                } else if !CACHES.iter().any(|cache| path.starts_with(cache))
                    && !READ_ANEW.contains(&finding.rule)
                {
                    let (name, rule) = (source.name(), finding.rule);
                    wrong.push(format!("{name}: {rule}: {path} is not deleted any more"));
                }
            }
        }
        wrong
    });
}

#[test]
fn rewritten_scripts_call_the_same_programs() {
    let select = Selection::Only(BTreeSet::from([
        "commands-in-long-line",
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

/// The text after the fixes of some rules; `None` if there is nothing to fix.
fn fixed(text: &str, rules: &[&'static str], max: Applicability) -> Option<String> {
    let settings = Settings {
        select: Selection::Only(rules.iter().copied().collect()),
        ..Settings::default()
    };
    let source = Source::new("Dockerfile", text);
    fix::apply_all(&source, registry(), &settings, max).map(|fixed| fixed.text().to_owned())
}

#[test]
fn fixes_of_several_rules_do_not_contradict_each_other() {
    let shell = "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]";
    for (rules, before, after) in [
        (
            &["pip-cache-left", "uncached-downloads"][..],
            "FROM python:3.12\nRUN pip install x\n".to_owned(),
            "FROM python:3.12\n\
             RUN --mount=type=cache,target=/root/.cache/pip pip install x\n"
                .to_owned(),
        ),
        (
            &["apt-lists-left", "uncached-downloads"][..],
            "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n".to_owned(),
            "FROM debian:12\n\
             RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    \
             --mount=type=cache,target=/var/lib/apt,sharing=locked \\\n    \
             rm -f /etc/apt/apt.conf.d/docker-clean && apt-get update && apt-get install -y curl\n"
                .to_owned(),
        ),
        (
            &["apt-lists-left", "update-alone"][..],
            "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\n".to_owned(),
            "FROM debian:12\nRUN apt-get update \\\n    && apt-get install -y curl \\\n    \
             && rm -rf /var/lib/apt/lists/*\n"
                .to_owned(),
        ),
        (
            &["missing-user", "user-never-used"][..],
            "FROM debian:12\nRUN useradd web\nCMD [\"run\"]\n".to_owned(),
            "FROM debian:12\nRUN useradd web\nUSER web\nCMD [\"run\"]\n".to_owned(),
        ),
        (
            &["copy-owned-by-root", "user-without-passwd"][..],
            "FROM scratch\nUSER app\nCOPY a /a\n".to_owned(),
            "FROM scratch\nUSER 65532\nCOPY --chown=65532 a /a\n".to_owned(),
        ),
        (
            &["pipe-without-pipefail"][..],
            "FROM debian:12\nRUN a | b\n# why\nRUN c | d\nFROM debian:12\nRUN e | f\n".to_owned(),
            format!(
                "FROM debian:12\n{shell}\nRUN a | b\n# why\nRUN c | d\n\
                 FROM debian:12\n{shell}\nRUN e | f\n"
            ),
        ),
    ] {
        assert_eq!(
            fixed(&before, rules, Applicability::Unsafe),
            Some(after),
            "{rules:?}"
        );
    }
}

#[test]
fn no_safe_fix_is_offered_that_would_change_the_image() {
    for (rule, text) in [
        // The shell form ignores CMD, which the exec form would get.
        (
            "shell-form-entrypoint",
            "FROM a\nENTRYPOINT b\nCMD [\"-c\"]\n",
        ),
        (
            "shell-form-entrypoint",
            "FROM a AS b\nENTRYPOINT b\nFROM b\nCMD [\"-c\"]\n",
        ),
        // `sudo` drops variables and sets these two itself.
        (
            "sudo",
            "FROM debian:12\nENV HOME=/b\nRUN sudo -EH c\nRUN sudo c\n",
        ),
        ("sudo", "FROM debian:12\nENV PATH=/b:$PATH\nRUN sudo -E c\n"),
        ("sudo", "FROM debian:12\nARG B=1\nRUN sudo c\n"),
        // The lists are for a later RUN.
        (
            "apt-lists-left",
            "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\n",
        ),
        (
            "apt-lists-left",
            "FROM debian:12\nRUN apt-get update && apt-get clean\nRUN /i.sh\n",
        ),
        (
            "apt-lists-left",
            "FROM debian:12\nRUN apt-get update && /i.sh\nRUN apt-get download curl\n",
        ),
        // The comments belong to these instructions.
        ("ignored-cmd", "FROM a\n# why\nCMD [\"b\"]\nCMD [\"c\"]\n"),
        (
            "copy-then-chmod",
            "FROM a\nCOPY b.sh /b.sh\n# why\nRUN chmod 755 /b.sh\n",
        ),
    ] {
        assert_eq!(fixed(text, &[rule], Applicability::Safe), None, "{text}");
    }
    let inherited = "FROM a AS b\nCMD [\"-c\"]\nFROM b\nENTRYPOINT d\n";
    assert!(fixed(inherited, &["shell-form-entrypoint"], Applicability::Safe).is_some());
}

#[test]
fn fixes_use_only_syntax_that_the_frontend_of_the_file_supports() {
    let rules = [
        "archive-fetched-then-unpacked",
        "copy-then-chmod",
        "file-written-in-run",
        "git-clone-in-run",
        "long-command-chain",
        "uncached-downloads",
    ];
    let file = |version: &str| {
        format!(
            "# syntax=docker/dockerfile:{version}\nFROM python:3.12\nCOPY a.sh /a.sh\n\
             RUN chmod 755 /a.sh\nRUN echo hello > /etc/x\nRUN a && b && c && d && e\n\
             RUN git clone https://github.com/a/b.git\n\
             RUN curl -sSL https://a.b/x.tar.gz | tar xz -C /opt\nRUN pip install x\n"
        )
    };
    assert_eq!(fixed(&file("1.0"), &rules, Applicability::Unsafe), None);
    let newest = fixed(&file("1"), &rules, Applicability::Unsafe).expect("all can be fixed");
    for text in [
        "--chmod=",
        "<<EOF",
        "--keep-git-dir",
        "--unpack",
        "--mount=",
    ] {
        assert!(newest.contains(text), "{text}: {newest}");
    }
    let old = fixed(&file("1.5"), &rules, Applicability::Unsafe).expect("some can be fixed");
    assert!(old.contains("<<EOF") && !old.contains("--unpack"), "{old}");
}

#[test]
fn a_heredoc_that_no_command_reads_is_not_fixed() {
    let text = "FROM a\nRUN . /env && <<EOF\nmake\nmake install\nEOF\n";
    let rules = ["heredoc-without-errexit"];
    assert_eq!(fixed(text, &rules, Applicability::Unsafe), None);
}
