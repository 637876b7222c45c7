//! Verifies an image, created with any tool, against the original.

use std::collections::BTreeSet;

use super::failure::{Failure, Lost};
use super::kept::{Started, verify_names};
use super::missing::add_missing;
use crate::elf::{Loader, Type};
use crate::image::{Header, Image, Inode, Kind, NameId, ReadError, SameContents};
use crate::slim::binaries::Binaries;
use crate::slim::language_paths::is_library;
use crate::slim::plan::Plan;
use crate::slim::process::Program;
use crate::slim::view::View;

/// Compares an image with the original: files in both must be the same and still find their
/// dependencies, and files that a plan of the original keeps must be there. Entries that only exist
/// in the image are ignored. Failures refer to entries of the original, in order.
pub fn verify_against(
    original: &Image,
    image: &Image,
    plan: Option<&Plan>,
) -> Result<Vec<Failure>, ReadError> {
    let mut kept = Vec::new();
    let mut failures = Vec::new();
    let mut contents = SameContents::new(original, image);
    for name in original.tree.walk() {
        let path = original.tree.path(name);
        // A missing file only matters if another one needs it.
        let Ok(same) = image.tree.resolve_link(&path) else {
            continue;
        };
        // A name that is only reachable through another symlink is not this entry.
        if image.tree.path(same.name) != path {
            continue;
        }
        kept.push(name);
        if let Some(what) = difference((original, name), (image, same.name), &mut contents)? {
            failures.push(Failure {
                at: name,
                lost: Lost::Changed(what),
            });
        }
    }
    let view = View::new(original);
    let programs = programs(&view, &kept);
    let started = Started {
        programs: &programs,
        deployed: plan.map_or(&[], |plan| &plan.deployed.programs),
        // Another tool may have dropped libraries that are only opened by name for good reason.
        keeps_opened: false,
        is_run: &|name| !is_library(&original.tree, name),
    };
    let binaries = Binaries::for_loading(&view);
    failures.extend(verify_names(&view, &binaries, &kept, &started)?);
    if let Some(plan) = plan {
        add_missing(original, image, plan, &mut failures);
    }
    failures.sort();
    Ok(failures)
}

/// The first property of an entry that differs.
fn difference(
    before: (&Image, NameId),
    after: (&Image, NameId),
    contents: &mut SameContents<'_>,
) -> Result<Option<&'static str>, ReadError> {
    let [old, new] = [before, after].map(|(image, name)| image.tree.inode(name));
    // The kind is compared first, because the headers of a file and of a symlink always differ.
    if std::mem::discriminant(&old.kind) != std::mem::discriminant(&new.kind) {
        return Ok(Some("kind"));
    }
    if let Some(what) = difference_of_headers(&old.header, &new.header) {
        return Ok(Some(what));
    }
    Ok(match (&old.kind, &new.kind) {
        // Lengths are compared before any layer is decompressed.
        (Kind::File(old), Kind::File(new)) if old.length() != new.length() => {
            return Ok(Some("size"));
        }
        (Kind::File(_), Kind::File(_)) => {
            let [old, new] = [before, after].map(|(image, name)| image.tree.inode_id(name));
            if contents.compare(old, new)? {
                None
            } else {
                Some("content")
            }
        }
        (Kind::Symlink { target: old }, Kind::Symlink { target: new }) if old != new => {
            Some("target")
        }
        _ if numbers(old) != numbers(new) => Some("device number"),
        _ => None,
    })
}

fn difference_of_headers(old: &Header, new: &Header) -> Option<&'static str> {
    if old.mode != new.mode {
        Some("mode")
    } else if (old.uid, old.gid) != (new.uid, new.gid) {
        Some("owner")
    } else if xattrs(old) != xattrs(new) {
        Some("extended attributes")
    } else {
        None
    }
}

fn xattrs(header: &Header) -> BTreeSet<(String, Vec<u8>)> {
    header
        .xattrs()
        .map(|(name, value)| (name.to_owned(), value.to_vec()))
        .collect()
}

/// The kind and the numbers of a device.
fn numbers(inode: &Inode) -> Option<String> {
    match inode.kind {
        Kind::Character { .. } | Kind::Block { .. } => Some(format!("{:?}", inode.kind)),
        _ => None,
    }
}

/// Programs with their loaders, and libraries with the loaders that would map them.
fn programs(view: &View<'_>, kept: &[NameId]) -> Vec<Program> {
    let mut programs = Vec::new();
    for &name in kept {
        if !matches!(view.tree().inode(name).kind, Kind::File(_)) {
            continue;
        }
        let Ok(elf) = view.elf_of(name) else { continue };
        // A static program has no loader, regardless of its type.
        let is_library = elf.kind == Type::Shared && !elf.needed.is_empty();
        let loader = match &elf.interpreter {
            Some(interpreter) => Some(interpreter.clone()),
            None if is_library => Loader::conventional_paths(elf)
                .into_iter()
                .find(|path| view.resolve(path).is_ok()),
            None => None,
        };
        programs.extend(loader.map(|loader| Program { name, loader }));
    }
    programs
}
