//! The effect of another `--keep-level`: bytes, programs, and packages by name.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::size::{counted, size};
use crate::image::{Image, NameId};
use crate::packages::Packages;
use crate::printable::escape;
use crate::slim::Plan;

/// Number of packages that are named.
const NAMED: usize = 4;

/// A line for each level that keeps other files than the plan: `--keep-level likely` drops 1.2 MB
/// and 3 programs, including ffmpeg, sox.
pub(super) fn level_changes(image: &Image, packages: &Packages, plan: &Plan) -> Vec<String> {
    let levels = &plan.totals().levels;
    let Some((_, now)) = levels.iter().find(|(level, _)| *level == plan.level()) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for (level, other) in levels {
        if other.names == now.names {
            continue;
        }
        let is_less = *level < plan.level();
        let verb = if is_less { "drops" } else { "adds" };
        let mut line = format!(
            "`--keep-level {level}` {verb} {} and {}",
            size(now.bytes.abs_diff(other.bytes)),
            counted(now.programs.abs_diff(other.programs), "program")
        );
        let (asked_for, at_level) = (plan.kept_at(plan.level()), plan.kept_at(*level));
        let names = if is_less {
            only_in(image, packages, asked_for, at_level)
        } else {
            only_in(image, packages, at_level, asked_for)
        };
        append_names(&mut line, &names);
        lines.push(line);
    }
    lines
}

/// Appends the first names, and how many more there are.
fn append_names(text: &mut String, names: &[&str]) {
    if names.is_empty() {
        return;
    }
    let shown: Vec<_> = names.iter().take(NAMED).map(|name| escape(name)).collect();
    let _ = write!(text, ", including {}", shown.join(", "));
    if names.len() > NAMED {
        let _ = write!(text, " and {} more", names.len() - NAMED);
    }
}

/// The packages that have files among some names and none among others, the largest first.
fn only_in<'a>(
    image: &Image,
    packages: &'a Packages,
    more: &[NameId],
    fewer: &[NameId],
) -> Vec<&'a str> {
    let fewer = owners(packages, fewer);
    let mut sizes: Option<Vec<u64>> = None;
    let mut rows: Vec<usize> = owners(packages, more).difference(&fewer).copied().collect();
    rows.sort_by_key(|&row| {
        let sizes = sizes.get_or_insert_with(|| packages.sizes(&image.tree, |_| true));
        std::cmp::Reverse(sizes[row])
    });
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        let name = packages.list[row].name.as_str();
        // A library of two architectures is one package to people.
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn owners(packages: &Packages, names: &[NameId]) -> BTreeSet<usize> {
    let mut rows = BTreeSet::new();
    for &name in names {
        rows.extend(packages.owner_rows(name));
    }
    rows
}
