//! Rewrites a Dockerfile as a multi-stage build: a builder stage, and a final stage that copies the
//! files that the program can reach.

use super::history_map::HistoryMap;
use crate::dockerfile::Kind;
use crate::image::{self, Image, NameId, Tree};
use crate::lint::dockerfile::Facts;
use crate::lint::dockerfile::facts::Stage;
use crate::lint::finding::{Edit, Fix};
use crate::slim::Plan;
use crate::source::{Source, Span};

/// Maximum number of `COPY` lines in a fix. If more are needed, there is no fix.
const MOST: usize = 16;
/// Programs that prepare the image for the user's program; a `RUN` that only calls these stays in
/// the final stage.
const STAY: [&str; 15] = [
    "addgroup", "adduser", "chgrp", "chmod", "chown", "groupadd", "install", "ln", "mkdir",
    "passwd", "rm", "setcap", "touch", "useradd", "usermod",
];
/// Paths that are never copied: caches and databases, which are useless without the packages, and
/// directories that container runtimes mount over.
const LEFT: [&str; 21] = [
    "/dev",
    "/etc/apk",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/mtab",
    "/etc/resolv.conf",
    "/lib/apk",
    "/proc",
    "/root/.cache",
    "/run",
    "/sys",
    "/tmp",
    "/usr/lib/apk",
    "/usr/lib/sysimage",
    "/var/cache",
    "/var/lib/apt",
    "/var/lib/dpkg",
    "/var/lib/rpm",
    "/var/log",
    "/var/tmp",
];
/// Directories shared by everything in an image; only entries inside them are copied.
const SHARED: [&str; 26] = [
    "/bin",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/mnt",
    "/opt",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/etc",
    "/usr/local/lib",
    "/usr/local/sbin",
    "/usr/local/share",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/lib",
    "/var/www",
];

/// Moves these `RUN`s of the final stage, and later ones that may depend on them, to a new stage
/// before it.
///
/// `None` if this cannot be automated: other stages are built on this one, or the reachable files
/// are spread over the image.
pub(super) fn fix(
    source: &Source,
    facts: &Facts<'_>,
    (image, plan, map): (&Image, &Plan, &HistoryMap),
    runs: &[usize],
) -> Option<Fix> {
    let stage = facts.final_stage()?;
    let is_last = stage.index + 1 == facts.stages.len();
    let is_plain = facts.steps_of(stage).iter().all(|step| !step.onbuild);
    let first = *runs.iter().min()?;
    // An `ONBUILD` would have to be moved too, but runs in other images.
    if !is_last || !is_plain || !runs.iter().all(|run| stage.steps.contains(run)) {
        return None;
    }
    let mut moved = Vec::new();
    for step in facts.steps_of(stage) {
        let is_later_run = step.index >= first && step.kind() == Kind::Run;
        if is_later_run && (runs.contains(&step.index) || !stays(facts, step.index)) {
            moved.push(step.index);
        }
    }
    let mut copies = Vec::new();
    for &run in &moved {
        copies.push(copied(&image.tree, plan, map.layer_of(run)?)?);
    }
    let lines: usize = copies.iter().map(Vec::len).sum();
    // If nothing is copied, the RUNs could simply be deleted, which is up to another rule.
    if lines == 0 || lines > MOST {
        return None;
    }
    let name = free_name(facts)?;
    let last = &facts.steps[*moved.last()?];
    let mut edits = vec![stage_before(source, stage, &name, last.span.end)];
    edits.extend(
        moved
            .iter()
            .zip(&copies)
            .map(|(&at, paths)| copy(source, facts.steps[at].span, &name, paths)),
    );
    Some(Fix::marked_unsafe(
        "build in a separate stage and copy only what the program needs",
        edits,
    ))
}

/// Whether a `RUN` does not depend on anything that was installed before it.
fn stays(facts: &Facts<'_>, step: usize) -> bool {
    let run = facts.run_of(&facts.steps[step]);
    run.is_some_and(|run| {
        !run.calls.is_empty()
            && run
                .calls
                .iter()
                .all(|call| STAY.contains(&call.name.as_str()))
    })
}

/// A name for a new stage: `builder`, with a number if it is taken.
fn free_name(facts: &Facts<'_>) -> Option<String> {
    let names = std::iter::once("builder".to_owned())
        .chain((2..).map(|number| format!("builder-{number}")));
    names
        .take(facts.stages.len() + 1)
        .find(|name| !facts.stages.iter().any(|stage| stage.is_named(name)))
}

/// Inserts a copy of the stage up to the end of an instruction, under another name.
fn stage_before(source: &Source, stage: &Stage<'_>, name: &str, end: usize) -> Edit {
    let start = stage.from.span.start;
    let from = source.slice(Span::new(start, stage.image.span.end));
    // Follow the case of the file's own keywords.
    let as_word = if stage.from.keyword.text.starts_with('f') {
        "as"
    } else {
        "AS"
    };
    let rest = source.slice(Span::new(stage.from.span.end, end));
    let gap = line_break(source).repeat(2);
    Edit::insert(start, format!("{from} {as_word} {name}{rest}{gap}"))
}

/// Replaces a `RUN` with `COPY` instructions; if there are none, its line is removed.
fn copy(source: &Source, run: Span, name: &str, paths: &[String]) -> Edit {
    let gap = line_break(source);
    let lines: Vec<String> = paths
        .iter()
        .map(|path| format!("COPY --from={name} {path} {path}"))
        .collect();
    let rest = source.text().get(run.end..).unwrap_or_default();
    // Without copies, the instruction's line is removed with it.
    let end = if rest.starts_with(gap) && lines.is_empty() {
        run.end + gap.len()
    } else {
        run.end
    };
    Edit::replace(Span::new(run.start, end), lines.join(gap))
}

fn line_break(source: &Source) -> &'static str {
    if source.text().contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    }
}

/// Totals of a directory and everything below it.
#[derive(Clone, Copy, Default)]
struct Sum {
    bytes: u64,
    /// Number of reachable bytes.
    reached: u64,
    /// Number of entries to copy.
    wanted: usize,
    /// Number of entries from other layers.
    foreign: usize,
}

/// The totals of all directories, indexed by name.
fn sums(tree: &Tree, plan: &Plan, layer: usize) -> Vec<Sum> {
    let mut sums = vec![Sum::default(); tree.name_count()];
    let names: Vec<NameId> = tree.walk().collect();
    // The walk visits a directory before its entries, so the reverse order sums from the leaves.
    for &name in names.iter().rev() {
        let bytes = match &tree.inode(name).kind {
            image::Kind::File(content) => content.length(),
            _ => 0,
        };
        let own = &mut sums[name.index()];
        own.bytes += bytes;
        own.reached += if plan.is_reached(name) { bytes } else { 0 };
        own.wanted += usize::from(is_wanted(tree, plan, layer, name));
        own.foreign += usize::from(tree.inode(name).layer != layer);
        let own = *own;
        let above = &mut sums[tree.parent(name).index()];
        above.bytes += own.bytes;
        above.reached += own.reached;
        above.wanted += own.wanted;
        above.foreign += own.foreign;
    }
    sums
}

/// Whether an entry is reachable, comes from the layer, and is useful without the rest of the
/// layer.
fn is_wanted(tree: &Tree, plan: &Plan, layer: usize, name: NameId) -> bool {
    // A directory that is not empty is copied with its entries.
    let is_leaf = !tree.is_directory(name) || tree.children(name).next().is_none();
    if !is_leaf || tree.inode(name).layer != layer || !plan.is_reached(name) {
        return false;
    }
    let path = tree.path(name);
    let mut never_copied = LEFT.iter().map(|left| left.as_bytes());
    !never_copied.any(|left| matches!(path.strip_prefix(left), Some([] | [b'/', ..])))
}

/// The files and directories that contain the reachable files of a layer; `None` if `COPY` would
/// change one of them.
fn copied(tree: &Tree, plan: &Plan, layer: usize) -> Option<Vec<String>> {
    let sums = sums(tree, plan, layer);
    let mut paths = Vec::new();
    let mut open: Vec<NameId> = tree.children(NameId::ROOT).collect();
    while let Some(name) = open.pop() {
        let sum = sums[name.index()];
        // There is nothing to copy at or below this entry.
        if sum.wanted == 0 {
            continue;
        }
        if !tree.is_directory(name)
            || tree.children(name).next().is_none()
            || is_whole(tree, name, sum)
        {
            paths.push(path_for_copy(tree, name)?);
        } else {
            open.extend(tree.children(name));
        }
        if paths.len() > MOST {
            return None;
        }
    }
    paths.sort();
    Some(paths)
}

/// Whether a directory can be copied as a whole: all of it comes from one layer, and at most a
/// fifth of its bytes are unreachable.
fn is_whole(tree: &Tree, directory: NameId, sum: Sum) -> bool {
    let is_shared = SHARED
        .iter()
        .any(|shared| shared.as_bytes() == tree.path(directory));
    !is_shared && sum.foreign == 0 && sum.bytes - sum.reached <= sum.bytes / 5
}

/// The path as an argument of `COPY`; `None` for a symlink, which `COPY` follows, and for a path
/// with characters of patterns or variables.
fn path_for_copy(tree: &Tree, name: NameId) -> Option<String> {
    let path = String::from_utf8(tree.path(name)).ok()?;
    if let image::Kind::Symlink { .. } = tree.inode(name).kind {
        return None;
    }
    if path.contains(|c: char| !c.is_ascii_alphanumeric() && !"/._+-@:~=".contains(c)) {
        return None;
    }
    Some(path)
}
