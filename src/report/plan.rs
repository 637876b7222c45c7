//! A slimming plan as text: sizes, risky files that are kept, and everything that is unknown.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::level_changes::level_changes;
use super::missed::Missed;
use super::size::{counted, size};
use super::unused_features::unused_features;
use super::unused_packages::{UnusedPackage, unused_packages};
use crate::image::{NameId, ReadError, Tree};
use crate::packages::{Ecosystem, Packages};
use crate::printable::{Lines, escape, escape_bytes};
use crate::slim::{Note, PartLeftOut, Plan, Slimming, Totals, Unmet};

/// Maximum number of lines of each kind that are listed. The rest are only counted.
const SHOWN: usize = 12;

/// Number of packages or programs that are named in one line.
const NAMED: usize = 8;

/// A small table of sizes before and after, things that a user may miss, and then lists to review.
pub fn plan(slimming: &Slimming<'_>) -> Result<Lines, ReadError> {
    let (image, plan) = (slimming.image, &slimming.plan);
    let (tree, packages) = (&image.tree, slimming.packages()?);
    let mut out = Lines::new();
    for warning in plan.warnings() {
        out.line(format_args!("warning: {}", escape(warning)));
    }
    let totals = plan.totals();
    table(&mut out, totals);
    levels(&mut out, slimming, packages);
    list(
        &mut out,
        "used by no observed run, and dropped",
        &unused_features(image, packages, plan),
    );
    records(&mut out, plan);
    unused(&mut out, tree, &unused_packages(image, packages, plan));
    let missed = Missed::of(image, packages, plan);
    let unused = missed.packages.iter();
    let unused = unused.map(|(package, bytes)| format!("{} {}", package.name, size(*bytes)));
    in_one_line(
        &mut out,
        "installed by RUN, but not kept",
        &unused.collect::<Vec<_>>(),
    );
    in_one_line(
        &mut out,
        "companion programs, not kept (`--keep-companions` keeps them)",
        &missed.companions,
    );
    let left_out = plan.left_out().iter().map(left_out_line);
    list(
        &mut out,
        "left out on purpose",
        &left_out.collect::<Vec<_>>(),
    );
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
    list(
        &mut out,
        "unknown (`--keep` adds what is needed there)",
        &notes.collect::<Vec<_>>(),
    );
    Ok(out)
}

/// Names in one line, the first ones, and how many more there are.
fn in_one_line(out: &mut Lines, title: &str, names: &[String]) {
    if names.is_empty() {
        return;
    }
    let mut line = names
        .iter()
        .take(NAMED)
        .map(|name| escape(name))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > NAMED {
        let _ = write!(line, " and {} more", names.len() - NAMED);
    }
    out.line(format_args!("{title}: {line}"));
}

/// Packages of applications that nothing imports, and how to keep them.
fn unused(out: &mut Lines, tree: &Tree, packages: &[UnusedPackage<'_>]) {
    for ecosystem in [Ecosystem::Npm, Ecosystem::Python] {
        let mut bytes = 0;
        let (mut programs, mut others) = (Vec::new(), Vec::new());
        let mut of_ecosystem = Vec::new();
        for unused in packages {
            if unused.package.ecosystem == ecosystem {
                let names = if unused.has_program {
                    &mut programs
                } else {
                    &mut others
                };
                names.push(format!("{} {}", unused.package.name, size(unused.bytes)));
                bytes += unused.bytes;
                of_ecosystem.push(unused);
            }
        }
        let Some(first) = of_ecosystem.first() else {
            continue;
        };
        let kind = match ecosystem {
            Ecosystem::Npm => "npm package",
            _ => "Python distribution",
        };
        out.line(format_args!(
            "dropped {}, {}: nothing imports them; to keep them, `--modules off` or \
             `--keep '{}'`",
            counted(of_ecosystem.len(), kind),
            size(bytes),
            unused_pattern(tree, first)
        ));
        in_one_line(out, "  with programs", &programs);
        in_one_line(out, "  without", &others);
    }
}

/// A pattern that keeps a package.
fn unused_pattern(tree: &Tree, unused: &UnusedPackage<'_>) -> String {
    let record = unused.package.record;
    let mut directory = tree.parent(record);
    // The metadata of a distribution is beside its modules.
    if unused.package.ecosystem == Ecosystem::Python {
        let site = tree.parent(directory);
        let mut modules = Vec::new();
        for &file in &unused.package.files {
            let mut at = file;
            while at != NameId::ROOT && tree.parent(at) != site {
                at = tree.parent(at);
            }
            if at != NameId::ROOT && at != directory && !tree.file_name(at).starts_with(b"__") {
                modules.push(at);
            }
        }
        let Some(&module) = modules.first() else {
            return format!("{}/**", path(tree, directory));
        };
        if !tree.is_directory(module) {
            return path(tree, module);
        }
        directory = module;
    }
    format!("{}/**", path(tree, directory))
}

/// A part that is left out, its size, and how to keep it.
fn left_out_line(left_out: &PartLeftOut) -> String {
    let PartLeftOut {
        rule,
        part,
        pattern,
        bytes,
    } = left_out;
    format!(
        "{part}, {} plus dependencies (rule {rule}): `--keep '{pattern}'`",
        size(*bytes)
    )
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

/// The size of each level, and the changes that the other levels would make.
fn levels(out: &mut Lines, slimming: &Slimming<'_>, packages: &Packages) {
    let plan = &slimming.plan;
    out.line(format_args!(
        "  by confidence: {}",
        sizes_by_level(plan.totals())
    ));
    for change in level_changes(slimming.image, packages, plan) {
        out.line(format_args!("  {change}"));
    }
    if plan.exact_saves() > 0 {
        let bytes = size(plan.exact_saves());
        out.line(format_args!(
            "  `--modules exact` drops {bytes} of unused modules"
        ));
    }
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
            "scanner records: {} in {files}",
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
