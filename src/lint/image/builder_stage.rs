//! The multi-stage form of a Dockerfile: a stage that builds, and copies of what the program
//! reaches of it.

use super::history_map::HistoryMap;
use crate::dockerfile::Kind;
use crate::image::{self, Image, NameId, Tree};
use crate::lint::dockerfile::Facts;
use crate::lint::dockerfile::facts::Stage;
use crate::lint::finding::{Applicability, Edit, Fix};
use crate::slim::Plan;
use crate::source::{Source, Span};

/// More lines of COPY than this are for a person to choose.
const MOST: usize = 16;
/// What a RUN calls that prepares the image for its program, and belongs where the program is.
const STAY: [&str; 15] = [
    "addgroup", "adduser", "chgrp", "chmod", "chown", "groupadd", "install", "ln", "mkdir",
    "passwd", "rm", "setcap", "touch", "useradd", "usermod",
];
/// What a build leaves behind that is of no use without the rest, caches and databases, and what
/// runtimes mount over.
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
/// Folders that are everybody's: what is copied is in them.
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

/// Moves these RUNs of the final stage, and those after the first that may need what it brings, to
/// a stage before it. None where it takes a person: other stages are built on this one, or what is
/// reached is all over the place.
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
    if !is_last || !is_plain || !runs.iter().all(|run| stage.steps.contains(run)) {
        return None;
    }
    let later = facts
        .steps_of(stage)
        .iter()
        .filter(|step| step.index >= first && step.kind() == Kind::Run);
    let moved: Vec<usize> = later
        .map(|step| step.index)
        .filter(|at| runs.contains(at) || !stays(facts, *at))
        .collect();
    let copies = moved
        .iter()
        .map(|&at| copied(&image.tree, plan, map.layer_of(at)?));
    let copies: Vec<Vec<String>> = copies.collect::<Option<_>>()?;
    let lines: usize = copies.iter().map(Vec::len).sum();
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
    Some(Fix::new(
        "build in a separate stage and copy what the program reaches",
        Applicability::Unsafe,
        edits,
    ))
}

/// Whether a RUN needs nothing that was installed before it.
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

/// A name that no stage has.
fn free_name(facts: &Facts<'_>) -> Option<String> {
    let names = std::iter::once("builder".to_owned())
        .chain((2..).map(|number| format!("builder-{number}")));
    names
        .take(facts.stages.len() + 1)
        .find(|name| !facts.stages.iter().any(|stage| stage.is_named(name)))
}

/// The stage as it is up to the end of an instruction, under another name.
fn stage_before(source: &Source, stage: &Stage<'_>, name: &str, end: usize) -> Edit {
    let start = stage.from.span.start;
    let from = source.slice(Span::new(start, stage.image.span.end));
    let as_word = if stage.from.keyword.text.starts_with('f') {
        "as"
    } else {
        "AS"
    };
    let rest = source.slice(Span::new(stage.from.span.end, end));
    let gap = line_break(source).repeat(2);
    Edit {
        span: Span::at(start),
        replacement: format!("{from} {as_word} {name}{rest}{gap}"),
    }
}

/// Puts copies in the place of a RUN; nothing, and no empty line, where nothing is to be copied.
fn copy(source: &Source, run: Span, name: &str, paths: &[String]) -> Edit {
    let gap = line_break(source);
    let lines: Vec<String> = paths
        .iter()
        .map(|path| format!("COPY --from={name} {path} {path}"))
        .collect();
    let rest = source.text().get(run.end..).unwrap_or_default();
    let end = if rest.starts_with(gap) && lines.is_empty() {
        run.end + gap.len()
    } else {
        run.end
    };
    Edit {
        span: Span::new(run.start, end),
        replacement: lines.join(gap),
    }
}

fn line_break(source: &Source) -> &'static str {
    if source.text().contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    }
}

/// What is below a folder, itself included.
#[derive(Clone, Copy, Default)]
struct Sum {
    bytes: u64,
    /// Those of them that the program reaches.
    reached: u64,
    /// Entries to copy.
    wanted: usize,
    /// Entries of other layers.
    foreign: usize,
}

/// The sums of all folders, in rows of names.
fn sums(tree: &Tree, plan: &Plan, layer: usize) -> Vec<Sum> {
    let mut sums = vec![Sum::default(); tree.name_count()];
    let names: Vec<NameId> = tree.walk().collect();
    // What is in a folder comes behind it.
    for &name in names.iter().rev() {
        let bytes = match &tree.inode(name).kind {
            image::Kind::File(content) => content.length(),
            _ => 0,
        };
        let own = &mut sums[name.index()];
        own.bytes += bytes;
        own.reached += if plan.is_kept(name) { bytes } else { 0 };
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

/// Whether an entry is reached, is of the layer, and means something without the rest of it.
fn is_wanted(tree: &Tree, plan: &Plan, layer: usize, name: NameId) -> bool {
    let is_meant = !tree.is_directory(name) || tree.children(name).next().is_none();
    is_meant && tree.inode(name).layer == layer && plan.is_kept(name) && {
        let path = tree.path(name);
        let is_below =
            |left: &str| matches!(path.strip_prefix(left.as_bytes()), Some([] | [b'/', ..]));
        !LEFT.iter().any(|left| is_below(left))
    }
}

/// The files and folders that hold what is reached of a layer; none where COPY would make something
/// else of one.
fn copied(tree: &Tree, plan: &Plan, layer: usize) -> Option<Vec<String>> {
    let sums = sums(tree, plan, layer);
    let mut paths = Vec::new();
    let mut open: Vec<NameId> = tree.children(NameId::ROOT).collect();
    while let Some(name) = open.pop() {
        let sum = sums[name.index()];
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

/// Whether a folder is of one layer alone, and little in it is not reached.
fn is_whole(tree: &Tree, folder: NameId, sum: Sum) -> bool {
    let is_shared = SHARED
        .iter()
        .any(|shared| shared.as_bytes() == tree.path(folder));
    !is_shared && sum.foreign == 0 && sum.bytes - sum.reached <= sum.bytes / 5
}

/// COPY follows a link, and takes some letters for patterns.
fn path_for_copy(tree: &Tree, name: NameId) -> Option<String> {
    let path = String::from_utf8(tree.path(name)).ok()?;
    let is_link = matches!(tree.inode(name).kind, image::Kind::Symlink { .. });
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._+-@:~=".contains(letter);
    (!is_link && path.chars().all(is_plain)).then_some(path)
}
