//! What slimming comes to, for people: sizes, what stayed that is risky, what could not be known.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::size::{counted, size};
use crate::image::{NameId, Tree};
use crate::printable::{Lines, escape_bytes};
use crate::slim::{Plan, Totals};

/// How many lines of one kind are shown before the rest is counted.
const SHOWN: usize = 12;

/// A small table of before and after, then what a person should look at.
pub fn plan(tree: &Tree, plan: &Plan) -> Lines {
    let mut out = Lines::new();
    table(&mut out, plan.totals());
    levels(&mut out, plan.totals());
    let path = |name| escape_bytes(&tree.path(name));
    records(&mut out, plan);

    let because = |names: &[NameId]| -> Vec<String> {
        names
            .iter()
            .map(|&name| because(tree, plan, name))
            .collect()
    };
    list(
        &mut out,
        "shells that stay",
        &because(&plan.totals().shells),
    );
    list(
        &mut out,
        "parts of package managers that stay",
        &because(&plan.totals().package_managers),
    );
    list(
        &mut out,
        "setuid, setgid and files with capabilities that stay",
        &because(&plan.totals().privileged),
    );

    let unmet = plan.unmet().iter().map(|unmet| {
        let mut line = format!("{} needs {}", path(unmet.by), unmet.need);
        if !unmet.looked_in.is_empty() {
            let places: Vec<_> = unmet
                .looked_in
                .iter()
                .map(|place| escape_bytes(place))
                .collect();
            let _ = write!(line, " (looked in {})", places.join(", "));
        }
        line
    });
    list(
        &mut out,
        "not in the image, before or after",
        &unmet.collect::<Vec<_>>(),
    );
    let notes = plan.notes().iter().map(|note| {
        let line = note.line.map(|line| format!(":{line}")).unwrap_or_default();
        let place = note.at.map_or_else(|| "the configuration".to_owned(), path);
        format!("{place}{line}: {}", note.text)
    });
    list(&mut out, "not known", &notes.collect::<Vec<_>>());
    out
}

fn table(out: &mut Lines, totals: &Totals) {
    let (before, after) = (totals.before, totals.after);
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
        "  names  {:>12} {:>12}",
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
    out.line(format_args!("  levels {}", levels_told(totals)));
}

/// What each level keeps: the first as it is, the others by what they add.
pub(super) fn levels_told(totals: &Totals) -> String {
    let mut before = 0;
    let told = totals.levels.iter().map(|(level, count)| {
        let added = count.bytes - before;
        let plus = if before == 0 { "" } else { "+" };
        before = count.bytes;
        format!("{level} {plus}{}", size(added))
    });
    told.collect::<Vec<String>>().join(", ")
}

/// How many packages are recorded, in files that are made.
fn records(out: &mut Lines, plan: &Plan) {
    let packages: BTreeSet<&String> = plan
        .records()
        .iter()
        .flat_map(|record| &record.packages)
        .collect();
    if !packages.is_empty() {
        let files = counted(plan.records().len(), "file");
        out.line(format_args!(
            "for scanners, {files} record {}",
            counted(packages.len(), "package")
        ));
    }
}

/// A kept name and its first reason.
fn because(tree: &Tree, plan: &Plan, name: NameId) -> String {
    let path = |name| escape_bytes(&tree.path(name));
    let Some(reason) = plan.reasons(name).first() else {
        return path(name);
    };
    match reason.by {
        Some(by) => format!("{}, for {}: {}", path(name), path(by), reason.why),
        None => format!("{}: {}", path(name), reason.why),
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
