//! `jettison why`.

use std::collections::BTreeSet;

use anyhow::Context as _;

use super::arguments::WhyArguments;
use super::progress::Bar;
use super::slim::plan;
use super::{Outcome, Output};
use crate::image::{NameId, Tree};
use crate::packages::GeneratedRecord;
use crate::printable::{Lines, escape_bytes};
use crate::slim::{Link, Plan, Reason};

pub(super) fn run(arguments: &WhyArguments, output: Output) -> anyhow::Result<Outcome> {
    let options = arguments.plan.options(&arguments.image)?;
    let bar = Bar::new(output);
    let mut image = arguments
        .source
        .open(&arguments.image, arguments.limits.options(), &bar)?;
    arguments
        .program
        .configure(&mut image, arguments.source.platform.as_ref())?;
    let tree = &image.tree;
    let resolved = tree.resolve_link(arguments.path.as_bytes());
    let plan = plan(&image, &options, &arguments.image)?;
    drop(bar);
    // A generated file exists only in the result, so its path cannot be resolved in the image.
    if let Some(record) = plan
        .records()
        .iter()
        .find(|record| is_at(&record.path, arguments.path.as_bytes()))
    {
        output.print(&generated(record))?;
        return Ok(Outcome::Clean);
    }
    let resolved = resolved.with_context(|| format!("in `{}`", arguments.image))?;
    let name = resolved.name;
    if !plan.is_kept(name) {
        let mut lines = Lines::new();
        lines.line(format_args!(
            "{} is not kept: no kept file requires it",
            shown(tree, name)
        ));
        output.print(&lines)?;
        return Ok(Outcome::Found);
    }
    output.print(&if arguments.all {
        inverse(tree, &plan, name)
    } else {
        chain(tree, &plan, name)
    })?;
    Ok(Outcome::Clean)
}

/// Whether a path as typed, possibly with `//` or `.` in it, is this path.
fn is_at(path: &[u8], typed: &[u8]) -> bool {
    components(path).eq(components(typed))
}

fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
}

fn generated(record: &GeneratedRecord) -> Lines {
    let packages = record.packages.join(" ");
    let noun = if record.packages.len() == 1 {
        "package"
    } else {
        "packages"
    };
    let mut lines = Lines::new();
    lines.line(format_args!(
        "{}: generated for scanners; lists {noun} {packages}",
        escape_bytes(&record.path)
    ));
    lines
}

/// The first chain of reasons from a root down to the name, one per line, followed by the other
/// reasons for the name.
fn chain(tree: &Tree, plan: &Plan, name: NameId) -> Lines {
    let mut out = links(tree, &plan.why(name));
    let others = plan.reasons(name).iter().skip(1);
    for (index, reason) in others.enumerate() {
        if index == 0 {
            out.line("also");
        }
        match reason.by {
            Some(by) => out.line(format_args!("  {}: {}", shown(tree, by), reason.why)),
            None => out.line(format_args!("  {}", reason.why)),
        }
    }
    // The root directory has no reasons: every image has one.
    if name == NameId::ROOT {
        out.line("/: the root directory of the image");
    }
    out
}

/// The links of a chain, one per line.
pub(super) fn links(tree: &Tree, links: &[Link<'_>]) -> Lines {
    let mut out = Lines::new();
    for (depth, link) in links.iter().enumerate() {
        let arrow = if depth == 0 {
            String::new()
        } else {
            format!("{}└ ", "  ".repeat(depth - 1))
        };
        out.line(format_args!(
            "{arrow}{}: {}",
            shown(tree, link.name),
            link.why
        ));
    }
    out
}

/// All reasons for a name and, below each, the reasons for the dependent file, up to the roots. A
/// file with several dependents is expanded once, because the tree could otherwise grow
/// exponentially.
fn inverse(tree: &Tree, plan: &Plan, name: NameId) -> Lines {
    let mut out = Lines::new();
    out.line(shown(tree, name));
    let mut seen = BTreeSet::from([name]);
    // The reasons still to be shown with their depths, the next one last. This is an explicit
    // stack, because an image could make recursion arbitrarily deep.
    let mut open: Vec<(usize, &Reason)> = plan
        .reasons(name)
        .iter()
        .rev()
        .map(|reason| (1, reason))
        .collect();
    while let Some((depth, reason)) = open.pop() {
        let indent = "  ".repeat(depth - 1);
        // A root has no dependent.
        let Some(by) = reason.by else {
            out.line(format_args!(
                "{indent}└ {}, {}",
                reason.why,
                reason.confidence()
            ));
            continue;
        };
        // `as above` instead of a second copy.
        let is_new = seen.insert(by);
        let again = if is_new { "" } else { ", as above" };
        out.line(format_args!(
            "{indent}└ for {}: {}, {}{again}",
            shown(tree, by),
            reason.why,
            reason.confidence()
        ));
        if is_new {
            open.extend(
                plan.reasons(by)
                    .iter()
                    .rev()
                    .map(|reason| (depth + 1, reason)),
            );
        }
    }
    out
}

pub(super) fn shown(tree: &Tree, name: NameId) -> String {
    escape_bytes(&tree.path(name))
}
