//! What slimming comes to, for people: sizes, what stayed that is risky, what could not be known.

use std::fmt::Write as _;

use crate::image::{NameId, Tree};
use crate::slim::{Plan, Totals};

/// How many lines of one kind are shown before the rest is counted.
const SHOWN: usize = 12;

/// A small table of before and after, then what a person should look at.
pub fn plan(tree: &Tree, plan: &Plan) -> String {
    let mut out = String::new();
    table(&mut out, plan.totals());
    levels(&mut out, plan.totals());
    let path = |name| tree.path(name).escape_ascii().to_string();

    let because = |names: &[NameId]| -> Vec<String> { names.iter().map(|&name| because(tree, plan, name)).collect() };
    list(&mut out, "shells that stay", &because(&plan.totals().shells));
    list(&mut out, "parts of package managers that stay", &because(&plan.totals().package_managers));
    list(&mut out, "setuid, setgid and files with capabilities that stay", &because(&plan.totals().privileged));

    let unmet = plan.unmet().iter().map(|unmet| {
        let mut line = format!("{} needs {}", path(unmet.by), unmet.need);
        if !unmet.looked_in.is_empty() {
            let places: Vec<_> = unmet.looked_in.iter().map(|place| place.escape_ascii().to_string()).collect();
            let _ = write!(line, " (looked in {})", places.join(", "));
        }
        line
    });
    list(&mut out, "not in the image, before or after", &unmet.collect::<Vec<_>>());
    let notes = plan.notes().iter().map(|note| {
        let line = note.line.map(|line| format!(":{line}")).unwrap_or_default();
        let place = note.at.map_or_else(|| "the configuration".to_owned(), path);
        format!("{place}{line}: {}", note.text)
    });
    list(&mut out, "not known", &notes.collect::<Vec<_>>());
    out
}

fn table(out: &mut String, totals: &Totals) {
    let (before, after) = (totals.before, totals.after);
    let share = after.bytes.saturating_mul(100).checked_div(before.bytes).unwrap_or(100);
    let _ = writeln!(out, "         {:>12} {:>12}", "before", "after");
    let _ = writeln!(out, "  bytes  {:>12} {:>12}  {share}%", size(before.bytes), size(after.bytes));
    let _ = writeln!(out, "  files  {:>12} {:>12}", before.files, after.files);
    let _ = writeln!(out, "  names  {:>12} {:>12}", before.names, after.names);
}

/// What each level keeps: the first as it is, the others by what they add.
fn levels(out: &mut String, totals: &Totals) {
    let mut before = 0;
    let told = totals.levels.iter().map(|(level, count)| {
        let added = count.bytes - before;
        let plus = if before == 0 { "" } else { "+" };
        before = count.bytes;
        format!("{level} {plus}{}", size(added))
    });
    let told: Vec<String> = told.collect();
    let _ = writeln!(out, "  levels {}", told.join(", "));
}

/// A kept name and its first reason.
fn because(tree: &Tree, plan: &Plan, name: NameId) -> String {
    let path = |name| tree.path(name).escape_ascii().to_string();
    let Some(reason) = plan.reasons(name).first() else { return path(name) };
    match reason.by {
        Some(by) => format!("{}, for {}: {}", path(name), path(by), reason.why),
        None => format!("{}: {}", path(name), reason.why),
    }
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "{title}:");
    for line in lines.iter().take(SHOWN) {
        let _ = writeln!(out, "  {line}");
    }
    if lines.len() > SHOWN {
        let _ = writeln!(out, "  and {} more", lines.len() - SHOWN);
    }
}

/// Bytes in decimal units, as docker prints them.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    // Tenths of the unit, rounded down.
    let (mut tenths, mut unit) = (bytes / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_decimal_with_one_place() {
        let cases = [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_999, "999.9 kB"), (1_250_000, "1.2 MB")];
        for (bytes, shown) in cases {
            assert_eq!(size(bytes), shown);
        }
        assert_eq!(size(31_000_000_000), "31.0 GB");
    }
}
