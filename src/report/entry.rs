//! What one path of an image is: its header, where it comes from, and what is below it.

use serde_json::{Value, json};

use super::inspect::{instruction, length, shown};
use super::inspect_json::{bytes, kind, path, pretty};
use super::size::{counted, size};
use crate::elf::{Elf, Relro, Type};
use crate::image::digest::hex;
use crate::image::{Header, Image, Kind, Tree};
use crate::inspect::{Entry, EntryFacts};
use crate::packages::Packages;
use crate::printable::{Lines, escape_bytes};

/// All that is told of a path.
#[derive(Clone, Copy, Debug)]
pub struct InspectedEntry<'a> {
    pub image: &'a Image,
    pub packages: &'a Packages,
    pub facts: &'a EntryFacts<'a>,
    pub usage: &'a Entry,
}

/// Lines of facts; of a directory, a tree with sizes below them.
pub fn entry_text(entry: &InspectedEntry<'_>) -> Lines {
    let (tree, facts) = (&entry.image.tree, entry.facts);
    let inode = tree.inode(facts.name);
    let header = &inode.header;
    let mut out = Lines::new();
    out.line(shown(tree, facts.name));
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            out.line(format_args!("  {name:<11}{value}"));
        }
    };
    field("kind", &kind_text(tree, facts));
    if matches!(inode.kind, Kind::File(_)) {
        field(
            "size",
            &format!(
                "{} ({} bytes)",
                size(length(tree, facts.name)),
                length(tree, facts.name)
            ),
        );
    }
    field("mode", &format!("{:04o}{}", header.mode, special(header)));
    field("owner", &owner(header));
    field("mtime", &format!("{} s after 1970", header.mtime));
    for (name, value) in header.xattrs() {
        field("xattr", &format!("{name}={}", value.escape_ascii()));
    }
    for &other in &facts.other_names {
        field("also", &shown(tree, other));
    }
    if let Some((index, layer)) = facts.layer {
        field("layer", &format!("{index}, {}", short(&layer.digest)));
        field("by", &instruction(layer));
    }
    for package in entry.packages.owners(facts.name) {
        let (name, version) = (&package.name, &package.version);
        field(
            "package",
            &format!("{name} {version} ({})", package.ecosystem),
        );
    }
    if let Some((elf, more)) = &facts.elf {
        elf_text(elf, more, &mut field);
    }
    if tree.is_directory(facts.name) {
        out.line(format_args!(
            "  holds      {}, {}",
            size(entry.usage.usage.bytes),
            names(entry.usage)
        ));
        branches(&mut out, tree, &entry.usage.children, "");
    }
    out
}

fn names(entry: &Entry) -> String {
    counted(entry.usage.names, "name")
}

fn kind_text(tree: &Tree, facts: &EntryFacts<'_>) -> String {
    match &tree.inode(facts.name).kind {
        Kind::Symlink { target } => {
            let end = facts
                .target
                .map_or("which leads nowhere".to_owned(), |end| {
                    format!("in the end {}", shown(tree, end))
                });
            format!("link to {}, {end}", escape_bytes(target))
        }
        Kind::Character { major, minor } => format!("character device {major}:{minor}"),
        Kind::Block { major, minor } => format!("block device {major}:{minor}"),
        other => kind(other).to_owned(),
    }
}

fn special(header: &Header) -> String {
    let bits = [
        (0o4000, ", setuid"),
        (0o2000, ", setgid"),
        (0o1000, ", sticky"),
    ];
    bits.into_iter()
        .filter(|(bit, _)| header.mode & bit != 0)
        .map(|(_, name)| name)
        .collect()
}

fn owner(header: &Header) -> String {
    let Header {
        uid,
        gid,
        user,
        group,
        ..
    } = header;
    let names = format!("{}:{}", escape_bytes(user), escape_bytes(group));
    if names == ":" {
        format!("{uid}:{gid}")
    } else {
        format!("{uid}:{gid} ({names})")
    }
}

fn elf_text(elf: &Elf, facts: &crate::elf::Facts, field: &mut dyn FnMut(&str, &str)) {
    let is_program = elf.interpreter.is_some() || elf.is_pie || elf.kind != Type::Shared;
    let bits = if elf.is_64 { 64 } else { 32 };
    let what = if is_program && elf.soname.is_none() {
        "program"
    } else {
        "library"
    };
    field(
        "elf",
        &format!("{bits} bit {what} for machine {}", elf.machine),
    );
    let text = |bytes: &Vec<u8>| escape_bytes(bytes);
    field("soname", &elf.soname.as_ref().map(text).unwrap_or_default());
    field(
        "loader",
        &elf.interpreter.as_ref().map(text).unwrap_or_default(),
    );
    field(
        "needs",
        &elf.needed.iter().map(text).collect::<Vec<_>>().join(" "),
    );
    field("rpath", &elf.rpath.as_ref().map(text).unwrap_or_default());
    field(
        "runpath",
        &elf.runpath.as_ref().map(text).unwrap_or_default(),
    );
    field(
        "build id",
        &facts.build_id.as_deref().map(hex).unwrap_or_default(),
    );
    field(
        "go",
        &facts
            .go
            .as_ref()
            .map(|go| go.version.clone())
            .unwrap_or_default(),
    );
    field("rustc", facts.rustc.as_deref().unwrap_or_default());
    let hardening = &facts.hardening;
    let relro = match hardening.relro {
        Relro::None => "",
        Relro::Partial => "partial relro",
        Relro::Full => "full relro",
    };
    let named = |is: bool, name: &'static str| if is { name } else { "" };
    let words = [
        named(hardening.is_pie, "pie"),
        relro,
        named(hardening.no_executable_stack, "nx"),
        named(hardening.stack_protector, "stack protector"),
        named(hardening.fortify, "fortify"),
        named(!facts.is_stripped, "not stripped"),
    ];
    field(
        "hardening",
        &words
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(", "),
    );
}

/// As much of a digest as people compare.
fn short(digest: &str) -> &str {
    let end = digest.find(':').map_or(0, |colon| colon + 1) + 12;
    digest.get(..end).unwrap_or(digest)
}

/// A line an entry, with the lines that tie it to its directory.
fn branches(out: &mut Lines, tree: &Tree, children: &[Entry], indent: &str) {
    for (index, child) in children.iter().enumerate() {
        let is_last = index + 1 == children.len();
        let branch = if is_last { "└ " } else { "├ " };
        let name = escape_bytes(tree.file_name(child.name));
        let mark = match &tree.inode(child.name).kind {
            Kind::Directory => "/".to_owned(),
            Kind::Symlink { target } => format!(" -> {}", escape_bytes(target)),
            _ => String::new(),
        };
        out.line(format_args!(
            "{:>10}  {indent}{branch}{name}{mark}",
            size(child.usage.bytes)
        ));
        branches(
            out,
            tree,
            &child.children,
            &format!("{indent}{}", if is_last { "  " } else { "│ " }),
        );
    }
}

/// One object, with the entries below a directory in it.
pub fn entry_json(entry: &InspectedEntry<'_>) -> String {
    let (tree, facts) = (&entry.image.tree, entry.facts);
    let header = &tree.inode(facts.name).header;
    let mut value = row(tree, entry.usage);
    value["header"] = json!({
        "mode": format!("{:04o}", header.mode),
        "uid": header.uid,
        "gid": header.gid,
        "user": bytes(&header.user),
        "group": bytes(&header.group),
        "mtime": header.mtime,
        "xattrs": header.xattrs().map(|(name, value)| (name.to_owned(), value.escape_ascii().to_string().into()))
            .collect::<serde_json::Map<_, _>>(),
    });
    value["target"] = facts
        .target
        .map_or(Value::Null, |target| path(tree, target));
    value["other_names"] = facts
        .other_names
        .iter()
        .map(|&name| path(tree, name))
        .collect();
    value["layer"] = facts.layer.map_or(Value::Null, |(index, layer)| {
        json!({
            "index": index,
            "digest": layer.digest,
            "instruction": instruction(layer),
            "created_by": layer.history.as_ref().map(|step| &step.created_by),
        })
    });
    let packages = entry.packages.owners(facts.name);
    value["packages"] = packages
        .map(|package| Value::from(package.purl.as_str()))
        .collect();
    value["elf"] = facts
        .elf
        .as_ref()
        .map_or(Value::Null, |(elf, facts)| elf_json(elf, facts));
    pretty(&value)
}

fn row(tree: &Tree, entry: &Entry) -> Value {
    let inode = tree.inode(entry.name);
    let mut row = json!({
        "path": path(tree, entry.name),
        "kind": kind(&inode.kind),
        "bytes": entry.usage.bytes,
    });
    if let Kind::Symlink { target } = &inode.kind {
        row["link"] = bytes(target);
    }
    if let Kind::Directory = inode.kind {
        row["names"] = entry.usage.names.into();
        row["entries"] = entry
            .children
            .iter()
            .map(|child| self::row(tree, child))
            .collect();
    }
    row
}

fn elf_json(elf: &Elf, facts: &crate::elf::Facts) -> Value {
    let text = |value: &Option<Vec<u8>>| value.as_ref().map(|value| bytes(value));
    json!({
        "bits": if elf.is_64 { 64 } else { 32 },
        "machine": elf.machine,
        "soname": text(&elf.soname),
        "interpreter": text(&elf.interpreter),
        "needed": elf.needed.iter().map(|name| bytes(name)).collect::<Vec<_>>(),
        "rpath": text(&elf.rpath),
        "runpath": text(&elf.runpath),
        "build_id": facts.build_id.as_deref().map(hex),
        "go": facts.go.as_ref().map(|go| &go.version),
        "rustc": facts.rustc,
        "pie": facts.hardening.is_pie,
        "relro": match facts.hardening.relro {
            Relro::None => "none",
            Relro::Partial => "partial",
            Relro::Full => "full",
        },
        "no_executable_stack": facts.hardening.no_executable_stack,
        "stack_protector": facts.hardening.stack_protector,
        "fortify": facts.hardening.fortify,
        "stripped": facts.is_stripped,
    })
}
