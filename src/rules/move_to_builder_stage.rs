//! `move-to-builder-stage`: the program can reach few of the files that a RUN adds.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::dockerfile;
use crate::image::{History, NameId};
use crate::lint::{Findings, ImageContext, Rule};
use crate::size::counted;
use crate::slim::Plan;

pub(super) const RULE: Rule = Rule {
    name: "move-to-builder-stage",
    page: include_str!("../../rules/lint/move-to-builder-stage.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

/// The smallest number of unreachable bytes that is reported. Less is not worth another stage.
const MIN_BYTES: u64 = 1_000_000;

/// The number of packages and directories that a note names.
const NAMED: usize = 3;

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // Without a program, nothing is known to be reachable.
    let Some(plan) = cx.plan else {
        return;
    };
    // Only a RUN mixes needed files with others; a COPY can be narrowed down.
    let bytes = bytes_of_layers(cx, plan);
    for (layer, bytes) in bytes.into_iter().enumerate() {
        let history = cx.image.layers[layer].history.as_ref();
        // A layer that is mostly reachable would have to be copied almost completely.
        let is_worthwhile = bytes.unreachable >= MIN_BYTES && bytes.unreachable >= bytes.added / 2;
        if !is_worthwhile || !history.is_some_and(is_run) {
            continue;
        }
        let mut report = findings.add(cx.at_layer(layer), message(cx, bytes));
        if let Some(reachable) = reachable_files(cx, plan, layer) {
            report = report.note(reachable);
        }
        let packages = largest_packages(cx, plan, layer);
        if !packages.is_empty() {
            report.note(format!("unreachable packages: {}", packages.join(", ")));
        }
    }
}

/// The size of a layer's files that are in the image.
#[derive(Clone, Copy, Default)]
struct Bytes {
    added: u64,
    /// The part that the program cannot reach.
    unreachable: u64,
}

/// The message, with the smaller of the two parts if it is easier to understand.
fn message(cx: &ImageContext<'_>, Bytes { added, unreachable }: Bytes) -> String {
    let (all, dead) = (cx.size(added), cx.size(unreachable));
    if added == unreachable {
        format!("none of the {all} that this `RUN` adds is reachable")
    } else if all == dead {
        // The two sizes are different, but look the same when they are rounded.
        let reachable = cx.size(added - unreachable);
        format!("only {reachable} of the {all} that this `RUN` adds are reachable")
    } else {
        format!("{dead} of the {all} that this `RUN` adds are unreachable")
    }
}

/// The sizes of all layers, in their order.
fn bytes_of_layers(cx: &ImageContext<'_>, plan: &Plan) -> Vec<Bytes> {
    let tree = cx.tree();
    let mut bytes = vec![Bytes::default(); cx.image.layers.len()];
    // A file with several hard links is reachable through any of them, and counts once.
    let mut is_reachable = vec![false; tree.inode_count()];
    for &name in plan.kept().iter().filter(|&&name| plan.is_reached(name)) {
        is_reachable[tree.inode_id(name).index()] = true;
    }
    let mut is_counted = vec![false; tree.inode_count()];
    for name in cx.files() {
        let inode = tree.inode_id(name).index();
        let Some(of_layer) = bytes.get_mut(tree.inode(name).layer) else {
            continue;
        };
        if !std::mem::replace(&mut is_counted[inode], true) {
            of_layer.added += cx.length(name);
            if !is_reachable[inode] {
                of_layer.unreachable += cx.length(name);
            }
        }
    }
    bytes
}

/// The number of reachable files in a layer and the directories they are in, if there are any.
fn reachable_files(cx: &ImageContext<'_>, plan: &Plan, layer: usize) -> Option<String> {
    let mut directories: BTreeMap<NameId, usize> = BTreeMap::new();
    for name in cx.files() {
        if cx.tree().inode(name).layer == layer && plan.is_reached(name) {
            *directories.entry(cx.tree().parent(name)).or_default() += 1;
        }
    }
    let files: usize = directories.values().sum();
    if files == 0 {
        return None;
    }
    let mut directories: Vec<(NameId, usize)> = directories.into_iter().collect();
    // The directories with most files first; equal ones in the order of the tree.
    directories.sort_by_key(|&(directory, files)| (Reverse(files), directory));
    let mut named = Vec::new();
    for (directory, _) in directories.iter().take(NAMED) {
        named.push(format!("`{}`", cx.path(*directory)));
    }
    if directories.len() > NAMED {
        named.push(format!("and {} more", directories.len() - NAMED));
    }
    let files = counted(files, "reachable file");
    Some(format!("{files} in {}", named.join(", ")))
}

/// Whether a step ran a command. The legacy builder records the command without the word RUN, as
/// `/bin/sh -c …` or `|1 ARG=x /bin/sh -c …`, and all other instructions with `#(nop)`.
fn is_run(step: &History) -> bool {
    let first = step.instruction().split_whitespace().next();
    let first = first.unwrap_or_default();
    match dockerfile::Kind::of_keyword(first) {
        dockerfile::Kind::Run => true,
        dockerfile::Kind::Unknown => {
            first.starts_with(['/', '|']) && !step.created_by.contains("#(nop)")
        }
        _ => false,
    }
}

/// The packages with the most unreachable bytes in a layer.
fn largest_packages(cx: &ImageContext<'_>, plan: &Plan, layer: usize) -> Vec<String> {
    let sizes = cx.packages.sizes(cx.tree(), |name| {
        cx.tree().inode(name).layer == layer && !plan.is_reached(name)
    });
    let names = cx.packages.list.iter().map(|package| package.name.as_str());
    let mut packages: Vec<(Reverse<u64>, &str)> =
        sizes.into_iter().map(Reverse).zip(names).collect();
    packages.retain(|&(Reverse(bytes), _)| bytes > 0);
    packages.sort_unstable();
    packages
        .into_iter()
        .take(NAMED)
        .map(|(Reverse(bytes), name)| format!("`{name}` ({})", cx.size(bytes)))
        .collect()
}
