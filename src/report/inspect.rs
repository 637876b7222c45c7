//! What is in an image, for people: configuration, layers, waste, files and packages, in 60 columns
//! where names allow.

use std::fmt::Write as _;

use super::size::{counted, size};
use crate::image::{Config, Image, Kind, Layer, NameId, Tree};
use crate::inspect::{Files, How, LayerFacts, Layers};
use crate::packages::{Package, Packages};

/// All that is told of an image.
#[derive(Clone, Copy, Debug)]
pub struct Inspected<'a> {
    pub image: &'a Image,
    pub packages: &'a Packages,
    pub layers: &'a Layers,
    pub files: &'a Files,
    /// How many of the biggest are listed.
    pub top: usize,
}

/// Instructions longer than this, in letters, are cut; the JSON has them whole.
const INSTRUCTION: usize = 56;
/// How many names of one kind are shown before the rest is counted.
const SHOWN: usize = 12;

/// The whole image on a page.
pub fn inspect_text(inspected: &Inspected<'_>) -> String {
    let mut out = String::new();
    configuration(&mut out, inspected);
    layers(&mut out, inspected.image, inspected.layers);
    wasted(&mut out, inspected.layers, inspected.top);
    files(&mut out, &inspected.image.tree, inspected.files);
    packages(&mut out, inspected);
    out
}

fn configuration(out: &mut String, inspected: &Inspected<'_>) {
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

fn labels(out: &mut String, config: &Config) {
    let labels: Vec<String> = config
        .labels()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    list(out, "labels", labels.iter().map(String::as_str));
}

fn field(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(out, "{name:<13}{}", plain(value));
    }
}

fn list<'a>(out: &mut String, name: &str, values: impl Iterator<Item = &'a str>) {
    for (index, value) in values.enumerate() {
        let _ = writeln!(
            out,
            "{:<13}{}",
            if index == 0 { name } else { "" },
            plain(value)
        );
    }
}

/// A table of layers, each with its instruction below it.
fn layers(out: &mut String, image: &Image, layers: &Layers) {
    if image.layers.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nlayer      size   added replaced removed    wasted");
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
        let _ = writeln!(
            out,
            "{index:>5}{bytes:>10}{added:>8}{replaced:>9}{removed:>8}{wasted:>10}"
        );
        let _ = writeln!(out, "      {}", cut(&instruction(layer), INSTRUCTION));
    }
    let (share, wasted) = (layers.efficiency(), size(layers.wasted_bytes()));
    let _ = writeln!(
        out,
        "of {} in layers {} are in the image\nefficiency {}.{}%, {wasted} wasted",
        size(layers.bytes),
        size(layers.visible),
        share / 10,
        share % 10
    );
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
    let text = plain(text);
    if text.chars().count() <= letters {
        return text;
    }
    text.chars().take(letters - 1).chain(['…']).collect()
}

fn wasted(out: &mut String, layers: &Layers, top: usize) {
    if layers.wasted.is_empty() || top == 0 {
        return;
    }
    out.push_str("\nwasted, by path\n");
    for wasted in layers.wasted.iter().take(top) {
        let how = match wasted.how {
            How::Replaced => "replaced",
            How::Removed => "removed",
        };
        let brought: Vec<String> = wasted.layers.iter().map(ToString::to_string).collect();
        let path = wasted.path.escape_ascii();
        let layers = if brought.len() == 1 {
            "layer"
        } else {
            "layers"
        };
        let _ = writeln!(out, "{:>10}  {path}", size(wasted.bytes));
        let _ = writeln!(
            out,
            "            of {layers} {}, {how} by {}",
            brought.join(", "),
            wasted.by
        );
    }
    more(out, layers.wasted.len(), top);
}

fn files(out: &mut String, tree: &Tree, files: &Files) {
    let _ = writeln!(
        out,
        "\n{}, {}, {}, {}",
        size(files.bytes),
        counted(files.files, "file"),
        counted(files.links, "link"),
        if files.directories == 1 {
            "1 directory".to_owned()
        } else {
            format!("{} directories", files.directories)
        }
    );
    if files.hard_links > 0 {
        let _ = writeln!(
            out,
            "{} beyond the first of a file",
            counted(files.hard_links, "name")
        );
    }
    let with_mode =
        |name: NameId| format!("{:04o} {}", tree.inode(name).header.mode, shown(tree, name));
    let with_target = |name: NameId| match &tree.inode(name).kind {
        Kind::Symlink { target } => format!("{} -> {}", shown(tree, name), target.escape_ascii()),
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
        out.push_str("\nbiggest files\n");
    }
    for &name in &files.biggest {
        let _ = writeln!(
            out,
            "{:>10}  {}",
            size(length(tree, name)),
            shown(tree, name)
        );
    }
}

fn names(out: &mut String, title: &str, names: &[NameId], line: impl Fn(NameId) -> String) {
    if names.is_empty() {
        return;
    }
    let _ = writeln!(out, "{title}: {}", names.len());
    for &name in names.iter().take(SHOWN) {
        let _ = writeln!(out, "  {}", line(name));
    }
    more(out, names.len(), SHOWN);
}

fn more(out: &mut String, count: usize, shown: usize) {
    if count > shown {
        let _ = writeln!(out, "  and {} more", count - shown);
    }
}

/// The packages that take the most room, and what is of no package.
fn packages(out: &mut String, inspected: &Inspected<'_>) {
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
    let _ = writeln!(
        out,
        "\n{count}, {}; {} are of none",
        size(of_packages),
        size(other)
    );
    let mut rows: Vec<(u64, &Package)> = sizes.into_iter().zip(&packages.list).collect();
    rows.sort_by_key(|&(size, _)| std::cmp::Reverse(size));
    for (bytes, package) in rows.into_iter().take(top) {
        let Package {
            ecosystem,
            name,
            version,
            ..
        } = package;
        let _ = writeln!(
            out,
            "{:>10}  {} {} ({ecosystem})",
            size(bytes),
            plain(name),
            plain(version)
        );
    }
    more(out, packages.list.len(), top);
    for note in &packages.notes {
        let _ = writeln!(
            out,
            "{}: {}",
            shown(&image.tree, note.at),
            plain(&note.text)
        );
    }
}

pub(super) fn shown(tree: &Tree, name: NameId) -> String {
    tree.path(name).escape_ascii().to_string()
}

pub(super) fn length(tree: &Tree, name: NameId) -> u64 {
    match &tree.inode(name).kind {
        Kind::File(content) => content.length(),
        _ => 0,
    }
}

/// What others wrote, unable to command a terminal.
pub(super) fn plain(text: &str) -> String {
    let escape = |letter: char| {
        if letter.is_control() {
            letter.escape_default().to_string()
        } else {
            letter.into()
        }
    };
    text.chars().map(escape).collect()
}
