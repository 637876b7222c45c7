//! Verification of an image against the one it was made from, whoever made it.

use std::collections::BTreeSet;

use super::{Failure, Lost, verify_names};
use crate::elf::{Loader, Type};
use crate::image::{Header, Image, Inode, Kind, NameId, ReadError};
use crate::slim::tracers::elf::Program;
use crate::slim::tracers::runtimes;
use crate::slim::view::View;

/// Compares an image with the original: what is in both must be alike, and find there what it
/// found. What only the image has is its own business. Failures name entries of the original, in
/// order.
pub fn verify_against(original: &Image, image: &Image) -> Result<Vec<Failure>, ReadError> {
    let mut kept = Vec::new();
    let mut failures = Vec::new();
    for name in original.tree.walk() {
        let path = original.tree.path(name);
        let Ok(same) = image.tree.resolve_link(&path) else {
            continue;
        };
        // What is only met through another link is not this entry.
        if image.tree.path(same.name) != path {
            continue;
        }
        kept.push(name);
        if let Some(what) = difference((original, name), (image, same.name))? {
            failures.push(Failure {
                at: name,
                lost: Lost::Changed(what),
            });
        }
    }
    let programs = programs(original, &kept);
    let is_started = |name| !runtimes::is_library(&original.tree, name);
    failures.extend(verify_names(
        original,
        &kept,
        (&programs, false),
        &is_started,
    )?);
    failures.sort();
    Ok(failures)
}

/// What of an entry is another.
fn difference(
    before: (&Image, NameId),
    after: (&Image, NameId),
) -> Result<Option<&'static str>, ReadError> {
    let [old, new] = [before, after].map(|(image, name)| image.tree.inode(name));
    if std::mem::discriminant(&old.kind) != std::mem::discriminant(&new.kind) {
        return Ok(Some("kind"));
    }
    if let Some(what) = difference_of_headers(&old.header, &new.header) {
        return Ok(Some(what));
    }
    Ok(match (&old.kind, &new.kind) {
        (Kind::File(old), Kind::File(new)) if old.length() != new.length() => {
            return Ok(Some("size"));
        }
        (Kind::File(_), Kind::File(_)) => {
            let [old, new] =
                [before, after].map(|(image, name)| image.read_inode(image.tree.inode_id(name)));
            if *old? == *new? {
                None
            } else {
                Some("content")
            }
        }
        (Kind::Symlink { target: old }, Kind::Symlink { target: new }) if old != new => {
            Some("target")
        }
        _ => (numbers(old) != numbers(new)).then_some("device number"),
    })
}

fn difference_of_headers(old: &Header, new: &Header) -> Option<&'static str> {
    let xattrs = |header: &Header| -> BTreeSet<(String, Vec<u8>)> {
        header
            .xattrs()
            .map(|(name, value)| (name.to_owned(), value.to_vec()))
            .collect()
    };
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

/// What tells one device from another.
fn numbers(inode: &Inode) -> Option<String> {
    matches!(inode.kind, Kind::Character { .. } | Kind::Block { .. })
        .then(|| format!("{:?}", inode.kind))
}

/// Programs, each with the loader it names; and libraries, each with the loader that would map it.
fn programs(image: &Image, kept: &[NameId]) -> Vec<Program> {
    let view = View::new(image);
    let mut programs = Vec::new();
    for &name in kept
        .iter()
        .filter(|&&name| matches!(image.tree.inode(name).kind, Kind::File(_)))
    {
        let Ok(elf) = view.elf_of(name) else { continue };
        let conventional = || {
            Loader::conventional_paths(elf)
                .into_iter()
                .find(|path| view.resolve(path).is_ok())
        };
        let is_library = elf.kind == Type::Shared && !elf.needed.is_empty();
        let loader = elf
            .interpreter
            .clone()
            .or_else(|| if is_library { conventional() } else { None });
        programs.extend(loader.map(|loader| Program { name, loader }));
    }
    programs
}
