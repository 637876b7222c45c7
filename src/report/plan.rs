//! A slimming plan as text: sizes, risky files that are kept, and everything that is unknown.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::size::{counted, size};
use crate::image::{NameId, Tree};
use crate::printable::{Lines, escape_bytes};
use crate::slim::{Note, Plan, Totals, Unmet};

/// Maximum number of lines of one kind that are listed. The others are only counted.
const SHOWN: usize = 12;

/// A small table of sizes before and after, followed by lists to review.
pub fn plan(tree: &Tree, plan: &Plan) -> Lines {
    let mut out = Lines::new();
    let totals = plan.totals();
    table(&mut out, totals);
    levels(&mut out, totals);
    records(&mut out, plan);
    for (title, names) in [
        ("shells kept", &totals.shells),
        ("package manager files kept", &totals.package_managers),
        (
            "setuid, setgid and capability files kept",
            &totals.privileged,
        ),
    ] {
        let lines: Vec<String> = names
            .iter()
            .map(|&name| with_reason(tree, plan, name))
            .collect();
        list(&mut out, title, &lines);
    }
    let unmet = plan.unmet().iter().map(|unmet| unmet_line(tree, unmet));
    // Slimming did not remove them, so they are not failures of the plan.
    list(
        &mut out,
        "also missing in the original",
        &unmet.collect::<Vec<_>>(),
    );
    let notes = plan.notes().iter().map(|note| note_line(tree, note));
    list(&mut out, "unknown", &notes.collect::<Vec<_>>());
    out
}

fn unmet_line(tree: &Tree, unmet: &Unmet) -> String {
    let mut line = format!("{} needs {}", path(tree, unmet.by), unmet.need);
    if !unmet.looked_in.is_empty() {
        let places: Vec<_> = unmet
            .looked_in
            .iter()
            .map(|place| escape_bytes(place))
            .collect();
        let _ = write!(line, " (searched {})", places.join(", "));
    }
    line
}

fn note_line(tree: &Tree, note: &Note) -> String {
    let place = match note.at {
        Some(name) => path(tree, name),
        None => "image configuration".to_owned(),
    };
    match note.line {
        Some(line) => format!("{place}:{line}: {}", note.text),
        None => format!("{place}: {}", note.text),
    }
}

fn path(tree: &Tree, name: NameId) -> String {
    escape_bytes(&tree.path(name))
}

fn table(out: &mut Lines, totals: &Totals) {
    let (before, after) = (totals.before, totals.after);
    // An image may be empty, or contain only directories.
    let share = after
        .bytes
        .saturating_mul(100)
        .checked_div(before.bytes)
        .unwrap_or(100);
    out.line(format_args!("         {:>12} {:>12}", "before", "after"));
    out.line(format_args!(
        "  bytes  {:>12} {:>12}  {share}%",
        size(before.bytes),
        size(after.bytes)
    ));
    out.line(format_args!(
        "  files  {:>12} {:>12}",
        before.files, after.files
    ));
    out.line(format_args!(
        "  paths  {:>12} {:>12}",
        before.names, after.names
    ));
    out.line(format_args!(
        "  programs {:>10} {:>12}",
        before.programs, after.programs
    ));
    out.line(format_args!(
        "  setuid {:>12} {:>12}",
        before.privileged, after.privileged
    ));
}

fn levels(out: &mut Lines, totals: &Totals) {
    out.line(format_args!("  levels {}", sizes_by_level(totals)));
}

/// The size of the files that each confidence level adds: `certain 12.0 MB, likely +1.2 MB`.
pub(super) fn sizes_by_level(totals: &Totals) -> String {
    let mut parts = Vec::new();
    let mut before = 0;
    // The counts of a level include those of the previous levels.
    for (level, count) in &totals.levels {
        let plus = if before == 0 { "" } else { "+" };
        parts.push(format!("{level} {plus}{}", size(count.bytes - before)));
        before = count.bytes;
    }
    parts.join(", ")
}

/// Number of packages in the records that are generated for scanners.
fn records(out: &mut Lines, plan: &Plan) {
    let packages: BTreeSet<&String> = plan
        .records()
        .iter()
        .flat_map(|record| &record.packages)
        .collect();
    if !packages.is_empty() {
        let files = counted(plan.records().len(), "file");
        out.line(format_args!(
            "records for scanners: {} in {files}",
            counted(packages.len(), "package")
        ));
    }
}

/// A kept path with its first reason.
fn with_reason(tree: &Tree, plan: &Plan, name: NameId) -> String {
    let path_of_name = path(tree, name);
    let Some(reason) = plan.reasons(name).first() else {
        return path_of_name;
    };
    match reason.by {
        Some(by) => format!("{path_of_name}, for {}: {}", path(tree, by), reason.why),
        None => format!("{path_of_name}: {}", reason.why),
    }
}

fn list(out: &mut Lines, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    out.line(format_args!("{title}:"));
    for line in lines.iter().take(SHOWN) {
        out.line(format_args!("  {line}"));
    }
    if lines.len() > SHOWN {
        out.line(format_args!("  and {} more", lines.len() - SHOWN));
    }
}
