//! `jettison why`.

use std::fmt::Write as _;

use anyhow::Context as _;

use super::arguments::WhyArguments;
use super::progress::Bar;
use super::slim::{open, plan};
use super::{Outcome, Output};
use crate::image::{NameId, Tree};
use crate::packages::Record;
use crate::slim::Plan;

pub(super) fn run(arguments: &WhyArguments, output: Output) -> anyhow::Result<Outcome> {
    let bar = Bar::new(output);
    let image = open(&arguments.image, &bar)?;
    let tree = &image.tree;
    let resolved = tree.resolve_link(arguments.path.as_bytes());
    let plan = plan(&image, &arguments.plan, &arguments.image)?;
    drop(bar);
    if let Some(record) = plan.records().iter().find(|record| is_at(&record.path, arguments.path.as_bytes())) {
        output.print(&generated(record))?;
        return Ok(Outcome::Clean);
    }
    let resolved = resolved.with_context(|| format!("in `{}`", arguments.image))?;
    let name = resolved.name;
    if !plan.is_kept(name) {
        output.print(&format!("{} is not kept: nothing that is kept leads to it\n", shown(tree, name)))?;
        return Ok(Outcome::Found);
    }
    output.print(&chain(tree, &plan, name))?;
    Ok(Outcome::Clean)
}

/// Whether a path as it was typed is this one.
fn is_at(path: &[u8], typed: &[u8]) -> bool {
    let components = |path: &[u8]| -> Vec<Vec<u8>> {
        let parts = path.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".");
        parts.map(<[u8]>::to_vec).collect()
    };
    components(path) == components(typed)
}

fn generated(record: &Record) -> String {
    let packages = record.packages.join(" ");
    let noun = if record.packages.len() == 1 { "package" } else { "packages" };
    format!("{}: generated, the record for scanners of {noun} {packages}\n", record.path.escape_ascii())
}

/// From the root down to the name, a line each; below it the other reasons.
fn chain(tree: &Tree, plan: &Plan, name: NameId) -> String {
    let mut out = String::new();
    for (depth, link) in plan.why(name).iter().enumerate() {
        let arrow = if depth == 0 { String::new() } else { format!("{}└ ", "  ".repeat(depth - 1)) };
        let _ = writeln!(out, "{arrow}{}: {}", shown(tree, link.name), link.why);
    }
    let others = plan.reasons(name).iter().skip(1);
    for (index, reason) in others.enumerate() {
        if index == 0 {
            out.push_str("also\n");
        }
        let by = reason.by.map(|by| format!("{}: ", shown(tree, by))).unwrap_or_default();
        let _ = writeln!(out, "  {by}{}", reason.why);
    }
    if name == NameId::ROOT {
        out.push_str("/: the root directory is the image\n");
    }
    out
}

fn shown(tree: &Tree, name: NameId) -> String {
    tree.path(name).escape_ascii().to_string()
}
