//! Tests of a slimmed image as text and JSON: what was run, how it ended, and what the test needs
//! although the plan lacks it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::inspect_json::bytes;
use super::size::counted;
use crate::evidence::{Ending, Healing, Record, TestResult, Trial};
use crate::image::Tree;
use crate::packages::Packages;
use crate::printable::{Lines, escape, escape_bytes};

/// Lines of an output that are shown: the last ones, because errors come last.
const SHOWN: usize = 20;

/// A line for each test, and the outputs of those that failed.
pub fn image_tests(record: &Record, tree: &Tree, packages: &Packages) -> Lines {
    let mut out = Lines::new();
    let shown = match &record.healing {
        Some(healing) if healing.trial.has_passed() => &healing.trial,
        _ => &record.slimmed,
    };
    for result in &shown.results {
        out.line(format_args!(
            "test `{}` {}",
            escape(&result.test.to_string()),
            result.ending
        ));
    }
    if !shown.has_passed() {
        failure(&mut out, &record.original, &record.slimmed);
    }
    if let Some(healing) = &record.healing {
        healed(&mut out, record, healing, tree, packages);
    }
    out
}

/// The outputs of a test that passed with the original and failed with the slimmed image.
pub fn failure(out: &mut Lines, original: &Trial, slimmed: &Trial) {
    for (at, result) in slimmed.results.iter().enumerate() {
        if result.ending == Ending::Passed {
            continue;
        }
        let before = original.results.get(at);
        output(out, "its output", &outputs(result));
        // Otherwise, the difference is the error in the output.
        if let Some(before) = before
            && result.ending == Ending::Differs
        {
            output(out, "its output with the original", &outputs(before));
        }
    }
    let Some(container) = &slimmed.container else {
        return;
    };
    match container.exit_code {
        Some(code) => out.line(format_args!("the container ended with exit status {code}")),
        None => out.line("the container still ran, or did not start"),
    }
    output(out, "log of the container", &container.log);
    if let Some(before) = &original.container
        && before.log != container.log
    {
        output(out, "log with the original", &before.log);
    }
}

fn outputs(result: &TestResult) -> Vec<u8> {
    [&result.stdout[..], &result.stderr[..]].concat()
}

fn output(out: &mut Lines, title: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return;
    }
    out.line(format_args!("{title}:"));
    let first = lines.len().saturating_sub(SHOWN);
    if first > 0 {
        out.line(format_args!("  | ({} before)", counted(first, "line")));
    }
    for line in &lines[first..] {
        out.line(format_args!("  | {}", escape(line)));
    }
}

/// The files that were added, as a defect of jettison and as options that prevent it.
fn healed(out: &mut Lines, record: &Record, healing: &Healing, tree: &Tree, packages: &Packages) {
    let runs = counted(healing.runs, "run");
    for path in &healing.excluded {
        out.line(format_args!(
            "`{}` is required by the test, but `--drop` excludes it",
            escape_bytes(path)
        ));
    }
    if !healing.trial.has_passed() {
        out.line(format_args!("not healed, after {runs}"));
        return;
    }
    let added = record.added();
    if added.is_empty() {
        out.line("the test passes sometimes and fails sometimes with the same image");
        return;
    }
    let precise = if healing.is_minimal {
        ""
    } else {
        ", perhaps more than it needs (`--heal-runs`)"
    };
    out.line(format_args!(
        "healed with {} that the plan lacks, after {runs}{precise}:",
        counted(added.len(), "path")
    ));
    for path in added {
        let owner = owner(path, tree, packages);
        out.line(format_args!("  {}{owner}", escape_bytes(path)));
    }
    out.line("this is a defect of jettison: please report these paths and the package versions");
    out.line("to keep them without a test:");
    for path in added {
        out.line(format_args!("  --keep '{}'", escape_bytes(path)));
    }
    out.line("a keep rule for jettison, `rules/keep/NAME.md`, to be completed:");
    for line in page(added).lines() {
        out.line(format_args!("  | {line}"));
    }
}

/// ` (package NAME VERSION)` for a file that a package owns.
fn owner(path: &[u8], tree: &Tree, packages: &Packages) -> String {
    let Ok(resolved) = tree.resolve_link(path) else {
        return String::new();
    };
    match packages.owner_rows(resolved.name).first() {
        Some(&row) => {
            let package = &packages.list[row];
            format!(
                " (package {} {})",
                escape(&package.name),
                escape(&package.version)
            )
        }
        None => String::new(),
    }
}

/// The skeleton of a keep rule.
fn page(added: &[Vec<u8>]) -> String {
    let mut paths = Vec::new();
    let mut entries = String::new();
    for path in added {
        let path = escape_bytes(path);
        let _ = writeln!(entries, "+ file {path}");
        paths.push(path);
    }
    format!(
        "---\npaths: [/path/of/the/program]\nlikely: [{}]\n---\n# Files that PROGRAM opens by \
         name\n\nKeeps …\n\n## Why it is needed\n\n…\n\n## Examples\n\n```image keeps\n  elf \
         /path/of/the/program\n{entries}  entrypoint /path/of/the/program\n```\n\n## Sources\n\n- …\n",
        paths.join(", ")
    )
}

/// The tests that were run and their endings, for the report.
pub(super) fn image_tests_json(record: &Record) -> Value {
    json!({
        "engine": record.engine.to_string(),
        "passed": record.has_passed(),
        "original": results(&record.original),
        "slimmed": results(&record.slimmed),
        "healing": record.healing.as_ref().map(|healing| json!({
            "added": healing.added.iter().map(|path| bytes(path)).collect::<Vec<_>>(),
            "excluded": healing.excluded.iter().map(|path| bytes(path)).collect::<Vec<_>>(),
            "minimal": healing.is_minimal,
            "runs": healing.runs,
            "results": results(&healing.trial),
        })),
    })
}

fn results(trial: &Trial) -> Vec<Value> {
    let mut rows = Vec::new();
    for result in &trial.results {
        rows.push(json!({
            "test": result.test.to_string(),
            "passed": result.ending == Ending::Passed,
            "result": result.ending.to_string(),
        }));
    }
    rows
}
