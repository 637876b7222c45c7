//! Details of one path of an image: its header, its origin, and the entries below it.

use serde_json::{Value, json};

use super::inspect::{instruction, shown};
use super::inspect_json::{bytes, kind, path, pretty};
use super::size::{counted, size};
use crate::elf::{Elf, Relro, Type};
use crate::hash::hex;
use crate::image::{Header, Image, Kind, Tree};
use crate::inspect::{Entry, EntryFacts};
use crate::packages::Packages;
use crate::printable::{Lines, escape_bytes};

/// A path with all data that a report about it shows.
#[derive(Clone, Copy, Debug)]
pub struct InspectedEntry<'a> {
    pub image: &'a Image,
    pub packages: &'a Packages,
    pub facts: &'a EntryFacts<'a>,
    pub usage: &'a Entry,
}

/// Lines of details and, for a directory, a tree with sizes.
pub fn entry_text(entry: &InspectedEntry<'_>) -> Lines {
    let (tree, facts) = (&entry.image.tree, entry.facts);
    let inode = tree.inode(facts.name);
    let header = &inode.header;
    let mut out = Lines::new();
    out.line(shown(tree, facts.name));
    field(&mut out, "kind", &kind_text(tree, facts));
    if let Kind::File(content) = &inode.kind {
        let bytes = content.length();
        field(
            &mut out,
            "size",
            &format!("{} ({bytes} bytes)", size(bytes)),
        );
    }
    let mode = format!("{:04o}{}", header.mode, special(header));
    field(&mut out, "mode", &mode);
    field(&mut out, "owner", &owner(header));
    let mtime = format!("{} seconds since 1970", header.mtime);
    field(&mut out, "mtime", &mtime);
    for (name, value) in header.xattrs() {
        // Values such as `security.capability` are binary.
        let value = format!("{name}={}", value.escape_ascii());
        field(&mut out, "xattr", &value);
    }
    // Other names of the same inode, which share its contents.
    for &other in &facts.other_names {
        field(&mut out, "hard link", &shown(tree, other));
    }
    // A directory without an entry in any layer was created implicitly and has no layer.
    if let Some((index, layer)) = facts.layer {
        let layer_text = format!("{index}, {}", short(&layer.digest));
        field(&mut out, "layer", &layer_text);
        field(&mut out, "added by", &instruction(layer));
    }
    for package in entry.packages.owners(facts.name) {
        let (name, version) = (&package.name, &package.version);
        let package = format!("{name} {version} ({})", package.ecosystem);
        field(&mut out, "package", &package);
    }
    if let Some((elf, more)) = &facts.elf {
        elf_text(&mut out, elf, more);
    }
    if tree.is_directory(facts.name) {
        let usage = &entry.usage.usage;
        let contents = format!("{}, {}", size(usage.bytes), counted(usage.names, "path"));
        field(&mut out, "contains", &contents);
        branches(&mut out, tree, &entry.usage.children, "");
    }
    out
}

/// A line for a detail; nothing if the value is empty.
fn field(out: &mut Lines, name: &str, value: &str) {
    if !value.is_empty() {
        out.line(format_args!("  {name:<11}{value}"));
    }
}

fn kind_text(tree: &Tree, facts: &EntryFacts<'_>) -> String {
    match &tree.inode(facts.name).kind {
        Kind::Symlink { target } => {
            let target = escape_bytes(target);
            match facts.target {
                Some(end) => format!("symlink to {target}, resolves to {}", shown(tree, end)),
                None => format!("symlink to {target}, dangling"),
            }
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
    // BuildKit writes only numbers, not names, to layers.
    let names = format!("{}:{}", escape_bytes(user), escape_bytes(group));

    if names == ":" {
        format!("{uid}:{gid}")
    } else {
        format!("{uid}:{gid} ({names})")
    }
}

fn elf_text(out: &mut Lines, elf: &Elf, facts: &crate::elf::Facts) {
    // A position-independent program also has the type of a shared library. `libc.so.6` has an
    // interpreter so that it can be run, but also a soname.
    let is_program = elf.interpreter.is_some() || elf.is_pie || elf.kind != Type::Shared;
    let bits = if elf.is_64 { 64 } else { 32 };
    let kind = if is_program && elf.soname.is_none() {
        "program"
    } else {
        "library"
    };
    let kind = format!("{bits}-bit {kind} for {}", machine(elf.machine));
    field(out, "elf", &kind);
    field(out, "soname", &escaped(elf.soname.as_ref()));
    field(out, "loader", &escaped(elf.interpreter.as_ref()));
    let needed: Vec<String> = elf.needed.iter().map(|name| escape_bytes(name)).collect();
    field(out, "needs", &needed.join(" "));
    field(out, "rpath", &escaped(elf.rpath.as_ref()));
    field(out, "runpath", &escaped(elf.runpath.as_ref()));
    let build_id = facts.build_id.as_deref().map(hex).unwrap_or_default();
    field(out, "build ID", &build_id);
    let go = facts.go.as_ref().map_or("", |go| go.version.as_str());
    field(out, "go", go);
    field(out, "rustc", facts.rustc.as_deref().unwrap_or_default());
    field(out, "hardening", &hardening_text(facts));
}

/// The name of a processor architecture (`e_machine`), or its number if it is rare.
fn machine(number: u16) -> String {
    let name = match number {
        3 => "x86",
        8 => "MIPS",
        20 | 21 => "PowerPC",
        22 => "s390",
        40 => "ARM",
        62 => "x86-64",
        183 => "AArch64",
        243 => "RISC-V",
        258 => "LoongArch",
        _ => return format!("machine {number}"),
    };
    name.to_owned()
}

fn escaped(bytes: Option<&Vec<u8>>) -> String {
    match bytes {
        Some(bytes) => escape_bytes(bytes),
        None => String::new(),
    }
}

fn hardening_text(facts: &crate::elf::Facts) -> String {
    let hardening = &facts.hardening;
    let mut words = Vec::new();
    if hardening.is_pie {
        words.push("pie");
    }
    match hardening.relro {
        Relro::None => {}
        Relro::Partial => words.push("partial relro"),
        Relro::Full => words.push("full relro"),
    }
    for (is_set, word) in [
        (hardening.no_executable_stack, "nx"),
        (hardening.stack_protector, "stack protector"),
        (hardening.fortify, "fortify"),
        (!facts.is_stripped, "not stripped"),
    ] {
        if is_set {
            words.push(word);
        }
    }
    words.join(", ")
}

/// The start of a digest, with the length that Docker shows.
fn short(digest: &str) -> &str {
    // After the algorithm, as in `sha256:`.
    let end = digest.find(':').map_or(0, |colon| colon + 1) + 12;
    digest.get(..end).unwrap_or(digest)
}

/// A line for each entry, with connecting lines from its directory. The recursion depth is limited
/// by `--depth`.
fn branches(out: &mut Lines, tree: &Tree, children: &[Entry], indent: &str) {
    for (index, child) in children.iter().enumerate() {
        let is_last = index + 1 == children.len();
        let branch = if is_last { "└ " } else { "├ " };
        let name = escape_bytes(tree.file_name(child.name));
        // The same marks as in `ls -F` and `ls -l`.
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

/// One object, which contains the entries of a directory.
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
        "xattrs": header.xattrs().map(|(name, value)| {
            (name.to_owned(), value.escape_ascii().to_string().into())
        }).collect::<serde_json::Map<_, _>>(),
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
        // The target as stored; `target` is the path that it resolves to.
        row["link"] = bytes(target);
    }
    // Only the requested levels have entries, but the counts include everything below.
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
    json!({
        "bits": if elf.is_64 { 64 } else { 32 },
        "machine": elf.machine,
        "soname": elf.soname.as_deref().map(bytes),
        "interpreter": elf.interpreter.as_deref().map(bytes),
        "needed": elf.needed.iter().map(|name| bytes(name)).collect::<Vec<_>>(),
        "rpath": elf.rpath.as_deref().map(bytes),
        "runpath": elf.runpath.as_deref().map(bytes),
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
