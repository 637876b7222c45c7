//! Differences between two images, as text and as JSON.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::inspect::length;
use super::inspect_json::{bytes, kind, pretty};
use super::size::{counted, size};
use crate::image::{Image, Kind, NameId};
use crate::inspect::{Change, Changed, Difference, PackageChange};
use crate::printable::{Lines, escape_bytes};

/// Two images and their differences.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    pub before: &'a Image,
    pub after: &'a Image,
    pub difference: &'a Difference,
}

/// A line for each path: `+` added, `-` removed, `~` changed. A directory that was added or removed
/// is one line, with the number and size of the paths below it.
pub fn diff_text(compared: &Compared<'_>) -> Lines {
    let Compared {
        before,
        after,
        difference,
    } = *compared;
    let mut out = Lines::new();
    for (path, image, mark) in tops(compared) {
        match mark {
            Mark::Changed(changed) => changed_line(&mut out, compared, changed),
            Mark::Added(top) => top_line(&mut out, '+', image, path, &top),
            Mark::Removed(top) => top_line(&mut out, '-', image, path, &top),
        }
    }
    for package in &difference.packages {
        package_line(&mut out, package);
    }
    for field in &difference.configuration {
        out.line(format_args!("configuration: {field} differs"));
    }
    // Images with the same layers need no line about them.
    // A rebuilt image often shares its base with the old one, which need not be pulled again.
    let layers = [before, after].map(|image| image.layers.len());
    if layers != [difference.shared_layers; 2] {
        let shared = difference.shared_layers;
        out.line(format_args!(
            "layers: {} and {}; the lowest {shared} are shared",
            layers[0], layers[1]
        ));
    }
    let totals = [before, after].map(total);
    summary(&mut out, difference, totals);
    out
}

enum Mark<'a> {
    Added(Top),
    Removed(Top),
    Changed(&'a Changed),
}

/// A path that was added or removed and whose parent exists in both images, with all paths below
/// it.
struct Top {
    name: NameId,
    bytes: u64,
    names: usize,
}

fn tops<'a>(compared: &Compared<'a>) -> Vec<(&'a [u8], &'a Image, Mark<'a>)> {
    let mut lines: Vec<(&[u8], &Image, Mark<'_>)> = Vec::new();
    // For each added or removed path, the line that includes it. The two are separate, because a
    // directory may be removed and a file with the same name added.
    let mut told: [HashMap<&[u8], usize>; 2] = [HashMap::new(), HashMap::new()];
    for changed in &compared.difference.paths {
        let (image, name, is_added) = match (changed.before, changed.after) {
            (None, Some(name)) => (compared.after, name, true),
            (Some(name), None) => (compared.before, name, false),
            _ => {
                lines.push((&changed.path, compared.before, Mark::Changed(changed)));
                continue;
            }
        };
        let bytes = length(&image.tree, name);
        let told = &mut told[usize::from(is_added)];
        // Paths are sorted, so a directory comes before everything in it.
        let line = told
            .get(parent(&changed.path))
            .copied()
            .unwrap_or(lines.len());
        told.insert(&changed.path, line);
        if let Some((_, _, Mark::Added(top) | Mark::Removed(top))) = lines.get_mut(line) {
            // Sizes come from untrusted archive headers and must not overflow.
            top.bytes = top.bytes.saturating_add(bytes);
            top.names += 1;
        } else {
            let top = Top {
                name,
                bytes,
                names: 0,
            };
            lines.push((
                &changed.path,
                image,
                if is_added {
                    Mark::Added(top)
                } else {
                    Mark::Removed(top)
                },
            ));
        }
    }
    lines
}

fn parent(path: &[u8]) -> &[u8] {
    path.iter()
        // The parent of `/etc` is empty, which no path is.
        .rposition(|&byte| byte == b'/')
        .map_or(path, |slash| &path[..slash])
}

fn top_line(out: &mut Lines, mark: char, image: &Image, path: &[u8], top: &Top) {
    let slash = if image.tree.is_directory(top.name) {
        "/"
    } else {
        ""
    };
    let below = if top.names > 0 {
        format!(", {}", counted(top.names, "path"))
    } else {
        String::new()
    };
    out.line(format_args!(
        "{mark} {}{slash} ({}{below})",
        escape_bytes(path),
        size(top.bytes)
    ));
}

fn changed_line(out: &mut Lines, compared: &Compared<'_>, changed: &Changed) {
    let what: Vec<String> = changed
        .what
        .iter()
        .map(|&what| told(compared, changed, what))
        .collect();
    out.line(format_args!(
        "~ {} ({})",
        escape_bytes(&changed.path),
        what.join(", ")
    ));
}

/// A change with its values before and after, if both are short and differ.
fn told(compared: &Compared<'_>, changed: &Changed, what: Change) -> String {
    let (Some(before), Some(after)) = (changed.before, changed.after) else {
        return what.as_str().to_owned();
    };
    let sides = [(compared.before, before), (compared.after, after)];
    let [one, other] = sides.map(|(image, name)| {
        let inode = image.tree.inode(name);
        // Two files with the same size but different contents have equal values, which would be
        // confusing.
        match (what, &inode.kind) {
            (Change::Kind, other) => kind(other).to_owned(),
            (Change::Content, _) => size(length(&image.tree, name)),
            (Change::Mode, _) => format!("{:04o}", inode.header.mode),
            (Change::Owner, _) => format!("{}:{}", inode.header.uid, inode.header.gid),
            (Change::Target, Kind::Symlink { target }) => escape_bytes(target),
            _ => String::new(),
        }
    });
    // Different contents may have the same size, which would be shown twice.
    if one == other {
        what.as_str().to_owned()
    } else {
        format!("{} {one} → {other}", what.as_str())
    }
}

fn package_line(out: &mut Lines, package: &PackageChange) {
    let versions = |versions: &[String]| versions.join(" ");
    let (mark, what) = match (&package.before[..], &package.after[..]) {
        ([], after) => ('+', versions(after)),
        (before, []) => ('-', versions(before)),
        (before, after) => ('~', format!("{} → {}", versions(before), versions(after))),
    };
    out.line(format_args!(
        "package {mark} {} {what} ({})",
        package.name, package.ecosystem
    ));
}

fn total(image: &Image) -> u64 {
    let tree = &image.tree;
    let mut counted = vec![false; tree.inode_count()];
    let new = tree
        .walk()
        // Hard links share their bytes, which are counted once.
        .filter(|&name| !std::mem::replace(&mut counted[tree.inode_id(name).index()], true));
    new.map(|name| length(tree, name)).sum()
}

/// Numbers of added, removed and changed paths, and of such packages.
fn counts(difference: &Difference) -> [[usize; 3]; 2] {
    let mut counts = [[0; 3]; 2];
    for changed in &difference.paths {
        counts[0][row(changed.before.is_some(), changed.after.is_some())] += 1;
    }
    for package in &difference.packages {
        counts[1][row(!package.before.is_empty(), !package.after.is_empty())] += 1;
    }
    counts
}

/// The index of an added, removed or changed row.
fn row(before: bool, after: bool) -> usize {
    match (before, after) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => 2,
    }
}

fn summary(out: &mut Lines, difference: &Difference, [before, after]: [u64; 2]) {
    let [paths, packages] = counts(difference).map(|[added, removed, changed]| {
        format!("{added} added, {removed} removed, {changed} changed")
    });
    out.line(format_args!("paths: {paths}"));
    out.line(format_args!("packages: {packages}"));
    out.line(format_args!("size: {} → {}", size(before), size(after)));
}

/// One object, with every path listed separately.
pub fn diff_json(compared: &Compared<'_>) -> String {
    let Compared {
        before,
        after,
        difference,
    } = *compared;
    let layers = |image: &Image| -> Vec<Value> {
        image
            .layers
            .iter()
            .map(|layer| json!({"diff_id": layer.diff_id, "archive_bytes": layer.size}))
            .collect()
    };
    let value = json!({
        "paths": difference.paths.iter().map(|changed| {
            path_row(compared, changed)
        }).collect::<Vec<_>>(),
        "packages": difference.packages.iter().map(|package| json!({
            "ecosystem": package.ecosystem.as_str(),
            "name": package.name,
            "architecture": package.architecture,
            "before": package.before,
            "after": package.after,
        })).collect::<Vec<_>>(),
        "configuration": difference.configuration,
        "shared_layers": difference.shared_layers,
        // The digests of the layers in order, so that programs can compare them.
        "before": {"bytes": total(before), "layers": layers(before)},
        "after": {"bytes": total(after), "layers": layers(after)},
    });
    pretty(&value)
}

fn path_row(compared: &Compared<'_>, changed: &Changed) -> Value {
    let side = |image: &Image, name: Option<NameId>| {
        let Some(name) = name else { return Value::Null };
        let inode = image.tree.inode(name);
        let mut side = json!({
            "kind": kind(&inode.kind),
            "bytes": length(&image.tree, name),
            "mode": format!("{:04o}", inode.header.mode),
            "uid": inode.header.uid,
            "gid": inode.header.gid,
        });
        if let Kind::Symlink { target } = &inode.kind {
            side["link"] = bytes(target);
        }
        side
    };
    let change =
        // The same words as in the text.
        ["added", "removed", "changed"][row(changed.before.is_some(), changed.after.is_some())];
    json!({
        "path": bytes(&changed.path),
        "change": change,
        "what": changed.what.iter().map(|what| what.as_str()).collect::<Vec<_>>(),
        "before": side(compared.before, changed.before),
        "after": side(compared.after, changed.after),
    })
}
