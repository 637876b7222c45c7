//! `move-to-builder-stage`: the program reaches little of what a RUN brings.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::audit::{Context, Findings, Rule};
use crate::dockerfile;
use crate::image::{History, Kind, NameId};
use crate::size::counted;
use crate::slim::Plan;

pub(super) const RULE: Rule = Rule {
    name: "move-to-builder-stage",
    page: Some(include_str!("../../../rules/lint/move-to-builder-stage.md")),
    check,
};

/// Below this, a stage of its own is not worth its lines.
const LEAST: u64 = 1_000_000;
/// So many packages and folders are named.
const NAMED: usize = 3;

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let Some(plan) = cx.plan else { return };
    let bytes = bytes_of_layers(cx, plan);
    for (at, layer) in cx.image.layers.iter().enumerate() {
        let Bytes { brought, unreached } = bytes[at];
        if !layer.history.as_ref().is_some_and(is_run)
            || unreached < LEAST
            || unreached < brought / 2
        {
            continue;
        }
        let mut report = findings.layer(at, said(cx, bytes[at]));
        let reached = reached(cx, plan, at);
        if !reached.is_empty() {
            report = report.note(reached);
        }
        let packages = packages(cx, plan, at);
        if !packages.is_empty() {
            report.note(format!("most of it is of {}", packages.join(", ")));
        }
    }
}

fn said(cx: &Context<'_>, Bytes { brought, unreached }: Bytes) -> String {
    let (of, not) = (cx.size(brought), cx.size(unreached));
    match brought - unreached {
        0 => format!("nothing of the {of} that this RUN brings is reached by the program"),
        rest if of == not => {
            format!(
                "all but {} of the {of} that this RUN brings are not reached by the program",
                cx.size(rest)
            )
        }
        _ => format!("{not} of the {of} that this RUN brings are not reached by the program"),
    }
}

#[derive(Clone, Copy, Default)]
struct Bytes {
    brought: u64,
    unreached: u64,
}

/// Of each layer, what of it is in the image.
fn bytes_of_layers(cx: &Context<'_>, plan: &Plan) -> Vec<Bytes> {
    let tree = cx.tree();
    let mut bytes = vec![Bytes::default(); cx.image.layers.len()];
    // A file with several names is reached by any of them.
    let mut reached = vec![false; tree.inode_count()];
    plan.kept()
        .iter()
        .for_each(|&name| reached[tree.inode_id(name).index()] = true);
    let mut counted = vec![false; tree.inode_count()];
    for name in tree
        .walk()
        .filter(|&name| matches!(tree.inode(name).kind, Kind::File(_)))
    {
        let inode = tree.inode_id(name).index();
        let Some(of_layer) = bytes.get_mut(tree.inode(name).layer) else {
            continue;
        };
        if !std::mem::replace(&mut counted[inode], true) {
            of_layer.brought += cx.length(name);
            of_layer.unreached += if reached[inode] { 0 } else { cx.length(name) };
        }
    }
    bytes
}

/// Where in a layer is what is reached; empty where nothing is.
fn reached(cx: &Context<'_>, plan: &Plan, layer: usize) -> String {
    let is_reached = |&name: &NameId| {
        matches!(cx.tree().inode(name).kind, Kind::File(_))
            && cx.tree().inode(name).layer == layer
            && plan.is_kept(name)
    };
    let mut folders: BTreeMap<NameId, usize> = BTreeMap::new();
    for name in cx.tree().walk().filter(is_reached) {
        *folders.entry(cx.tree().parent(name)).or_default() += 1;
    }
    let count: usize = folders.values().sum();
    let mut folders: Vec<(NameId, usize)> = folders.into_iter().collect();
    folders.sort_by_key(|&(folder, files)| (Reverse(files), folder));
    let path =
        |(folder, _): &(NameId, usize)| format!("`{}`", cx.tree().path(*folder).escape_ascii());
    let mut named: Vec<String> = folders.iter().take(NAMED).map(path).collect();
    if folders.len() > NAMED {
        named.push(counted(folders.len() - NAMED, "more folder"));
    }
    let verb = if count == 1 { "is" } else { "are" };
    if count == 0 {
        String::new()
    } else {
        format!(
            "{} of it {verb} reached, in {}",
            counted(count, "file"),
            named.join(", ")
        )
    }
}

/// Whether a step ran something. The classic builder leaves out the word.
fn is_run(step: &History) -> bool {
    let first = step
        .instruction()
        .split_whitespace()
        .next()
        .unwrap_or_default();
    let kind = dockerfile::Kind::of_keyword(first);
    kind == dockerfile::Kind::Run
        || kind == dockerfile::Kind::Unknown
            && first.starts_with(['/', '|'])
            && !step.created_by.contains("#(nop)")
}

/// The packages that have most of what is not reached of a layer, with their bytes.
fn packages(cx: &Context<'_>, plan: &Plan, layer: usize) -> Vec<String> {
    let is_counted = |name: NameId| cx.tree().inode(name).layer == layer && !plan.is_kept(name);
    let sizes = cx.packages.sizes(cx.tree(), is_counted);
    let mut packages: Vec<(u64, &str)> = sizes
        .into_iter()
        .zip(cx.packages.list.iter().map(|package| package.name.as_str()))
        .collect();
    packages.retain(|&(bytes, _)| bytes > 0);
    packages.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
    packages
        .iter()
        .take(NAMED)
        .map(|(bytes, name)| format!("`{name}` ({})", cx.size(*bytes)))
        .collect()
}
