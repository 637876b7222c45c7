//! Verifies an image, created with any tool, against the original.

use super::failure::{Failure, Lost};
use super::kept::{Started, verify_names};
use super::missing::add_missing;
use crate::elf::{Loader, Type};
use crate::image::{Image, Kind, NameId, ReadError, SameContents, difference};
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
        let [old, new] = [(original, name), (image, same.name)]
            .map(|(image, name)| (image.tree.inode_id(name), image.tree.inode(name)));
        let is_same = || contents.compare(old.0, new.0);
        if let Some(what) = difference(old.1, new.1, is_same)? {
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
