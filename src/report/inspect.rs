//! What is in an image, for people: configuration, layers, waste, files and packages, in 60 columns
//! where names allow.

use super::size::{counted, size};
use crate::image::{Config, Image, Kind, Layer, NameId, Tree};
use crate::inspect::{How, ImageFiles, ImageLayers, LayerFacts};
use crate::packages::{Package, Packages};
use crate::printable::{Lines, escape, escape_bytes};

/// All that is told of an image.
#[derive(Clone, Copy, Debug)]
pub struct Inspected<'a> {
    pub image: &'a Image,
    pub packages: &'a Packages,
    pub layers: &'a ImageLayers,
    pub files: &'a ImageFiles,
    /// How many of the biggest are listed.
    pub top: usize,
}

/// Instructions longer than this, in letters, are cut; the JSON has them whole.
const INSTRUCTION: usize = 56;
/// How many names of one kind are shown before the rest is counted.
const SHOWN: usize = 12;

/// The whole image on a page.
pub fn inspect_text(inspected: &Inspected<'_>) -> Lines {
    let mut out = Lines::new();
    configuration(&mut out, inspected);
    layers(&mut out, inspected.image, inspected.layers);
    wasted(&mut out, inspected.layers, inspected.top);
    files(&mut out, &inspected.image.tree, inspected.files);
    packages(&mut out, inspected);
    out
}

fn configuration(out: &mut Lines, inspected: &Inspected<'_>) {
    let config = &inspected.image.config;
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
    let words = |words: Vec<&str>| {
        if words.is_empty() {
            String::new()
        } else {
            format!("{words:?}")
        }
    };
    field(out, "entrypoint", &words(config.entrypoint()));
    field(out, "cmd", &words(config.cmd()));
    field(out, "user", config.user());
    field(out, "workdir", config.working_dir());
    list(out, "env", config.env().into_iter());
    list(out, "exposed", config.exposed_ports().into_iter());
    list(out, "volumes", config.volumes().into_iter());
    field(
        out,
        "healthcheck",
        &words(config.healthcheck().unwrap_or_default()),
    );
    field(out, "stop signal", config.stop_signal().unwrap_or_default());
    labels(out, config);
}

fn labels(out: &mut Lines, config: &Config) {
    let labels: Vec<String> = config
        .labels()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    list(out, "labels", labels.iter().map(String::as_str));
}

fn field(out: &mut Lines, name: &str, value: &str) {
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
    let (share, wasted) = (layers.efficiency(), size(layers.wasted_bytes()));
    out.line(format_args!(
        "of {} in layers {} are in the image",
        size(layers.bytes),
        size(layers.visible)
    ));
    out.line(format_args!(
        "efficiency {}.{}%, {wasted} wasted",
        share / 10,
        share % 10
    ));
}

/// The instruction of a layer as it may have stood in a Dockerfile.
pub(super) fn instruction(layer: &Layer) -> String {
    let Some(step) = &layer.history else {
        return "no history".to_owned();
    };
    let text = step
        .created_by
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let text = text.trim_end_matches("# buildkit").trim_end();
    let text = text.strip_prefix("/bin/sh -c #(nop) ").unwrap_or(text);
    match text.strip_prefix("/bin/sh -c ") {
        Some(command) => format!("RUN {command}"),
        None if text.is_empty() && !step.comment.is_empty() => step.comment.clone(),
        None => text.to_owned(),
    }
}

fn cut(text: &str, letters: usize) -> String {
    let text = escape(text);
    if text.chars().count() <= letters {
        return text.into_owned();
    }
    text.chars().take(letters - 1).chain(['…']).collect()
}

fn wasted(out: &mut Lines, layers: &ImageLayers, top: usize) {
    if layers.wasted.is_empty() || top == 0 {
        return;
    }
    out.line("");
    out.line("wasted, by path");
    for wasted in layers.wasted.iter().take(top) {
        let how = match wasted.how {
            How::Replaced => "replaced",
            How::Removed => "removed",
        };
        let brought: Vec<String> = wasted.layers.iter().map(ToString::to_string).collect();
        let path = escape_bytes(&wasted.path);
        let layers = if brought.len() == 1 {
            "layer"
        } else {
            "layers"
        };
        out.line(format_args!("{:>10}  {path}", size(wasted.bytes)));
        out.line(format_args!(
            "            of {layers} {}, {how} by {}",
            brought.join(", "),
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
        counted(files.links, "link"),
        if files.directories == 1 {
            "1 directory".to_owned()
        } else {
            format!("{} directories", files.directories)
        }
    ));
    if files.hard_links > 0 {
        out.line(format_args!(
            "{} beyond the first of a file",
            counted(files.hard_links, "name")
        ));
    }
    let with_mode =
        |name: NameId| format!("{:04o} {}", tree.inode(name).header.mode, shown(tree, name));
    let with_target = |name: NameId| match &tree.inode(name).kind {
        Kind::Symlink { target } => format!("{} -> {}", shown(tree, name), escape_bytes(target)),
        _ => shown(tree, name),
    };
    names(out, "setuid or setgid", &files.setuid, with_mode);
    names(out, "with capabilities", &files.capabilities, |name| {
        shown(tree, name)
    });
    names(out, "world-writable", &files.world_writable, with_mode);
    names(out, "devices", &files.devices, |name| shown(tree, name));
    names(
        out,
        "links that lead nowhere",
        &files.broken_links,
        with_target,
    );
    if !files.biggest.is_empty() {
        out.line("");
        out.line("biggest files");
    }
    for &name in &files.biggest {
        out.line(format_args!(
            "{:>10}  {}",
            size(length(tree, name)),
            shown(tree, name)
        ));
    }
}

fn names(out: &mut Lines, title: &str, names: &[NameId], line: impl Fn(NameId) -> String) {
    if names.is_empty() {
        return;
    }
    out.line(format_args!("{title}: {}", names.len()));
    for &name in names.iter().take(SHOWN) {
        out.line(format_args!("  {}", line(name)));
    }
    more(out, names.len(), SHOWN);
}

fn more(out: &mut Lines, count: usize, shown: usize) {
    if count > shown {
        out.line(format_args!("  and {} more", count - shown));
    }
}

/// The packages that take the most room, and what is of no package.
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
    let sizes = packages.sizes(&image.tree, |_| true);
    let of_packages: u64 = sizes.iter().sum();
    let other = inspected.files.bytes.saturating_sub(of_packages);
    let count = counted(packages.list.len(), "package");
    out.line("");
    out.line(format_args!(
        "{count}, {}; {} are of none",
        size(of_packages),
        size(other)
    ));
    let mut rows: Vec<(u64, &Package)> = sizes.into_iter().zip(&packages.list).collect();
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
