//! Contents of an image as text: configuration, layers, wasted space, files and packages, in 60
//! columns if names are short enough.

use super::size::{counted, size};
use crate::image::{Config, Image, Kind, Layer, NameId, Tree};
use crate::inspect::{How, ImageFiles, ImageLayers, LayerFacts};
use crate::packages::{Package, Packages};
use crate::printable::{Lines, escape, escape_bytes};

/// An image with all data that a report about it shows.
#[derive(Clone, Copy, Debug)]
pub struct Inspected<'a> {
    pub image: &'a Image,
    pub packages: &'a Packages,
    pub layers: &'a ImageLayers,
    pub files: &'a ImageFiles,
    /// Number of the largest entries to list of each kind.
    pub top: usize,
}

/// Width to which instructions are truncated, in characters; the JSON format has them in full.
const INSTRUCTION: usize = 56;
/// Maximum number of paths of each kind that are listed. The rest are only counted.
const SHOWN: usize = 12;

/// The whole image on one page.
pub fn inspect_text(inspected: &Inspected<'_>) -> Lines {
    let mut out = Lines::new();
    // From general to specific, so that the first screen answers most questions.
    configuration(&mut out, inspected);
    layers(&mut out, inspected.image, inspected.layers);
    wasted(&mut out, inspected.layers, inspected.top);
    files(&mut out, &inspected.image.tree, inspected.files);
    packages(&mut out, inspected);
    out
}

fn configuration(out: &mut Lines, inspected: &Inspected<'_>) {
    let config = &inspected.image.config;
    // Such as `v8` of `linux/arm64/v8`; most images have none.
    let variant = config
        .variant()
        .map(|variant| format!("/{variant}"))
        .unwrap_or_default();
    field(
        out,
        "platform",
        &format!("{}/{}{variant}", config.os(), config.architecture()),
    );
    field(
        out,
        "distribution",
        &inspected.packages.distribution.pretty_name,
    );
    field(out, "created", config.created().unwrap_or_default());
    field(out, "entrypoint", &exec_form(&config.entrypoint()));
    field(out, "cmd", &exec_form(&config.cmd()));
    field(out, "user", config.user());
    field(out, "workdir", config.working_dir());
    list(out, "env", config.env().into_iter());
    list(out, "exposed", config.exposed_ports().into_iter());
    list(out, "volumes", config.volumes().into_iter());
    field(
        out,
        "healthcheck",
        &exec_form(&config.healthcheck().unwrap_or_default()),
    );
    field(out, "stop signal", config.stop_signal().unwrap_or_default());
    labels(out, config);
}

/// A command in exec form, which shows the word boundaries.
fn exec_form(words: &[&str]) -> String {
    if words.is_empty() {
        return String::new();
    }
    format!("{words:?}")
}

fn labels(out: &mut Lines, config: &Config) {
    let labels: Vec<String> = config
        .labels()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    list(out, "labels", labels.iter().map(String::as_str));
}

fn field(out: &mut Lines, name: &str, value: &str) {
    // Most fields are not set in most images.
    if !value.is_empty() {
        out.line(format_args!("{name:<13}{value}"));
    }
}

fn list<'a>(out: &mut Lines, name: &str, values: impl Iterator<Item = &'a str>) {
    for (index, value) in values.enumerate() {
        out.line(format_args!(
            "{:<13}{}",
            if index == 0 { name } else { "" },
            value
        ));
    }
}

/// A table of layers, each with its instruction below it.
fn layers(out: &mut Lines, image: &Image, layers: &ImageLayers) {
    // A root file system has none.
    if image.layers.is_empty() {
        return;
    }
    out.line("");
    out.line("layer      size   added replaced removed    wasted");
    for (index, (layer, facts)) in image.layers.iter().zip(&layers.layers).enumerate() {
        let LayerFacts {
            added,
            replaced,
            removed,
            bytes,
            wasted,
            ..
        } = facts;
        let (bytes, wasted) = (size(*bytes), size(*wasted));
        out.line(format_args!(
            "{index:>5}{bytes:>10}{added:>8}{replaced:>9}{removed:>8}{wasted:>10}"
        ));
        out.line(format_args!(
            "      {}",
            cut(&instruction(layer), INSTRUCTION)
        ));
    }
    // The efficiency is in thousandths.
    let (share, wasted) = (layers.efficiency(), size(layers.wasted_bytes()));
    out.line(format_args!(
        "{} of the {} in the layers is visible in the image",
        size(layers.visible),
        size(layers.bytes)
    ));
    out.line(format_args!(
        "efficiency {}.{}%, {wasted} wasted",
        share / 10,
        share % 10
    ));
}

/// The instruction of a layer, if the history contains it.
pub(super) fn instruction(layer: &Layer) -> String {
    let Some(step) = &layer.history else {
        return "no history".to_owned();
    };
    let text = step
        .created_by
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    // BuildKit adds the comment to every step. The older builder records each instruction as the
    // command of a shell, with `#(nop)` before those that run nothing.
    let text = text.trim_end_matches("# buildkit").trim_end();
    let text = text.strip_prefix("/bin/sh -c #(nop) ").unwrap_or(text);
    match text.strip_prefix("/bin/sh -c ") {
        Some(command) => format!("RUN {command}"),
        // `docker commit` and `docker import` leave only a comment.
        None if text.is_empty() && !step.comment.is_empty() => step.comment.clone(),
        None => text.to_owned(),
    }
}

fn cut(text: &str, letters: usize) -> String {
    // Escaped first, because an escape takes several characters of the width.
    let text = escape(text);
    if text.chars().count() <= letters {
        return text.into_owned();
    }
    // One character less, to make room for the ellipsis.
    text.chars().take(letters - 1).chain(['…']).collect()
}

fn wasted(out: &mut Lines, layers: &ImageLayers, top: usize) {
    // `--top 0` disables the lists.
    if layers.wasted.is_empty() || top == 0 {
        return;
    }
    out.line("");
    out.line("wasted space by path");
    for wasted in layers.wasted.iter().take(top) {
        let how = match wasted.how {
            How::Replaced => "replaced",
            How::Removed => "removed",
        };
        let added: Vec<String> = wasted.layers.iter().map(ToString::to_string).collect();
        let path = escape_bytes(&wasted.path);
        let noun = if added.len() == 1 { "layer" } else { "layers" };
        out.line(format_args!("{:>10}  {path}", size(wasted.bytes)));
        out.line(format_args!(
            "            added in {noun} {}, {how} in {}",
            added.join(", "),
            wasted.by
        ));
    }
    more(out, layers.wasted.len(), top);
}

fn files(out: &mut Lines, tree: &Tree, files: &ImageFiles) {
    out.line("");
    out.line(format_args!(
        "{}, {}, {}, {}",
        size(files.bytes),
        counted(files.files, "file"),
        counted(files.links, "symlink"),
        if files.directories == 1 {
            "1 directory".to_owned()
        } else {
            format!("{} directories", files.directories)
        }
    ));
    // They explain why the image has fewer bytes than its names suggest.
    if files.hard_links > 0 {
        out.line(counted(files.hard_links, "additional hard link"));
    }
    list_paths(out, tree, "setuid or setgid", &files.setuid, with_mode);
    list_paths(out, tree, "with capabilities", &files.capabilities, shown);
    list_paths(
        out,
        tree,
        "world-writable",
        &files.world_writable,
        with_mode,
    );
    list_paths(out, tree, "devices", &files.devices, shown);
    list_paths(
        out,
        tree,
        "dangling symlinks",
        &files.broken_links,
        with_target,
    );
    if !files.biggest.is_empty() {
        out.line("");
        out.line("largest files");
    }
    for &name in &files.biggest {
        out.line(format_args!(
            "{:>10}  {}",
            size(length(tree, name)),
            shown(tree, name)
        ));
    }
}

fn list_paths(
    out: &mut Lines,
    tree: &Tree,
    title: &str,
    names: &[NameId],
    line: fn(&Tree, NameId) -> String,
) {
    if names.is_empty() {
        return;
    }
    out.line(format_args!("{title}: {}", names.len()));
    for &name in names.iter().take(SHOWN) {
        out.line(format_args!("  {}", line(tree, name)));
    }
    more(out, names.len(), SHOWN);
}

fn with_mode(tree: &Tree, name: NameId) -> String {
    format!("{:04o} {}", tree.inode(name).header.mode, shown(tree, name))
}

fn with_target(tree: &Tree, name: NameId) -> String {
    match &tree.inode(name).kind {
        Kind::Symlink { target } => format!("{} -> {}", shown(tree, name), escape_bytes(target)),
        _ => shown(tree, name),
    }
}

fn more(out: &mut Lines, count: usize, shown: usize) {
    if count > shown {
        out.line(format_args!("  and {} more", count - shown));
    }
}

/// The largest packages, and the size of files that belong to none.
fn packages(out: &mut Lines, inspected: &Inspected<'_>) {
    let Inspected {
        image,
        packages,
        top,
        ..
    } = *inspected;
    if packages.list.is_empty() && packages.notes.is_empty() {
        return;
    }
    // A file in two packages counts for the first, so that the sum is correct.
    let sizes = packages.sizes(&image.tree, |_| true);
    let of_packages: u64 = sizes.iter().sum();
    let other = inspected.files.bytes.saturating_sub(of_packages);
    let count = counted(packages.list.len(), "package");
    out.line("");
    out.line(format_args!(
        "{count}, {}; {} not in any package",
        size(of_packages),
        size(other)
    ));
    let mut rows: Vec<(u64, &Package)> = sizes.into_iter().zip(&packages.list).collect();
    // The sort is stable, so packages with equal sizes keep the order of their database.
    rows.sort_by_key(|&(size, _)| std::cmp::Reverse(size));
    for (bytes, package) in rows.into_iter().take(top) {
        let Package {
            ecosystem,
            name,
            version,
            ..
        } = package;
        out.line(format_args!(
            "{:>10}  {} {} ({ecosystem})",
            size(bytes),
            name,
            version
        ));
    }
    more(out, packages.list.len(), top);
    // Databases that cannot be read, because the list above is then incomplete.
    for note in &packages.notes {
        out.line(format_args!(
            "{}: {}",
            shown(&image.tree, note.at),
            note.text
        ));
    }
}

pub(super) fn shown(tree: &Tree, name: NameId) -> String {
    escape_bytes(&tree.path(name))
}

pub(super) fn length(tree: &Tree, name: NameId) -> u64 {
    match &tree.inode(name).kind {
        Kind::File(content) => content.length(),
        _ => 0,
    }
}
