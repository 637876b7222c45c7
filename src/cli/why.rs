//! `jettison why`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::Context as _;

use super::arguments::WhyArguments;
use super::progress::Bar;
use super::slim::plan;
use super::{Outcome, Output};
use crate::image::{NameId, Tree};
use crate::packages::Record;
use crate::slim::{Link, Plan, Reason};

pub(super) fn run(arguments: &WhyArguments, output: Output) -> anyhow::Result<Outcome> {
    let bar = Bar::new(output);
    let mut image = arguments
        .source
        .open(&arguments.image, arguments.limits.options(), &bar)?;
    arguments
        .program
        .configure(&mut image, arguments.source.platform.as_ref())?;
    let tree = &image.tree;
    let resolved = tree.resolve_link(arguments.path.as_bytes());
    let plan = plan(&image, &arguments.plan, &arguments.image)?;
    drop(bar);
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
        output.print(&format!(
            "{} is not kept: nothing that is kept leads to it\n",
            shown(tree, name)
        ))?;
        return Ok(Outcome::Found);
    }
    output.print(&if arguments.all {
        inverse(tree, &plan, name)
    } else {
        chain(tree, &plan, name)
    })?;
    Ok(Outcome::Clean)
}

/// Whether a path as it was typed is this one.
fn is_at(path: &[u8], typed: &[u8]) -> bool {
    let components = |path: &[u8]| -> Vec<Vec<u8>> {
        let parts = path
            .split(|&byte| byte == b'/')
            .filter(|part| !part.is_empty() && *part != b".");
        parts.map(<[u8]>::to_vec).collect()
    };
    components(path) == components(typed)
}

fn generated(record: &Record) -> String {
    let packages = record.packages.join(" ");
    let noun = if record.packages.len() == 1 {
        "package"
    } else {
        "packages"
    };
    format!(
        "{}: generated, the record for scanners of {noun} {packages}\n",
        record.path.escape_ascii()
    )
}

/// From the root down to the name, a line each; below it the other reasons.
fn chain(tree: &Tree, plan: &Plan, name: NameId) -> String {
    let mut out = String::new();
    out.push_str(&links(tree, &plan.why(name)));
    let others = plan.reasons(name).iter().skip(1);
    for (index, reason) in others.enumerate() {
        if index == 0 {
            out.push_str("also\n");
        }
        let by = reason
            .by
            .map(|by| format!("{}: ", shown(tree, by)))
            .unwrap_or_default();
        let _ = writeln!(out, "  {by}{}", reason.why);
    }
    if name == NameId::ROOT {
        out.push_str("/: the root directory is the image\n");
    }
    out
}

/// The links of a chain, a line each.
pub(super) fn links(tree: &Tree, links: &[Link<'_>]) -> String {
    let mut out = String::new();
    for (depth, link) in links.iter().enumerate() {
        let arrow = if depth == 0 {
            String::new()
        } else {
            format!("{}└ ", "  ".repeat(depth - 1))
        };
        let _ = writeln!(out, "{arrow}{}: {}", shown(tree, link.name), link.why);
    }
    out
}

/// All reasons for a name, and below each those of its giver, up to the roots. What has been shown
/// is not shown again.
fn inverse(tree: &Tree, plan: &Plan, name: NameId) -> String {
    let mut out = format!("{}\n", shown(tree, name));
    let mut seen = BTreeSet::from([name]);
    // The reasons still to be shown, the next one last; and how deep they stand.
    let mut open: Vec<(usize, &Reason)> = plan
        .reasons(name)
        .iter()
        .rev()
        .map(|reason| (1, reason))
        .collect();
    while let Some((depth, reason)) = open.pop() {
        let indent = "  ".repeat(depth - 1);
        let Some(by) = reason.by else {
            let _ = writeln!(out, "{indent}└ {}, {}", reason.why, reason.confidence());
            continue;
        };
        let is_new = seen.insert(by);
        let again = if is_new { "" } else { ", as above" };
        let _ = writeln!(
            out,
            "{indent}└ for {}: {}, {}{again}",
            shown(tree, by),
            reason.why,
            reason.confidence()
        );
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
    tree.path(name).escape_ascii().to_string()
}
