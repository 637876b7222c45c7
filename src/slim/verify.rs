//! Verification: what worked in the whole image works among the kept names alone.
//!
//! It asks the loader's rules once more, in a view where nothing but the kept names exists, and compares.

use std::fmt;

use super::graph::Need;
use super::plan::Plan;
use super::programs::Programs;
use super::tracers::elf::{self, Loading};
use super::tracers::shebang;
use super::view::View;
use crate::elf::{Files, Outcome, Request};
use crate::image::{Image, Kind, NameId, ReadError};

/// A kept name that no longer finds what it found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    pub at: NameId,
    pub lost: Lost,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// It would be another file, or none.
    Need(Need),
    /// What the link leads to.
    Target,
    /// The directory it is in.
    Directory,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Need(need) => write!(f, "it no longer finds {need}"),
            Self::Target => f.write_str("the link no longer leads to what it did"),
            Self::Directory => f.write_str("its directory is not kept"),
        }
    }
}

/// Compares the kept names with the image. Failures are in order; none is what there should be.
pub fn verify(image: &Image, plan: &Plan) -> Result<Vec<Failure>, ReadError> {
    let mut visible = vec![false; image.tree.name_count()];
    for name in plan.kept() {
        visible[name.index()] = true;
    }
    let before = View::new(image);
    let after = View::new(image).only(&visible);
    let mut failures = Vec::new();
    for &name in plan.kept() {
        verify_name(&before, &after, name, &visible, &mut failures);
    }
    verify_programs(&before, &after, plan, &mut failures);
    for view in [before, after] {
        if let Some(error) = view.failure() {
            return Err(error);
        }
    }
    failures.sort();
    failures.dedup();
    Ok(failures)
}

fn verify_name(before: &View<'_>, after: &View<'_>, name: NameId, visible: &[bool], failures: &mut Vec<Failure>) {
    let tree = before.tree();
    let parent = tree.parent(name);
    if parent != NameId::ROOT && !visible[parent.index()] {
        failures.push(Failure { at: name, lost: Lost::Directory });
    }
    let path = tree.path(name);
    match &tree.inode(name).kind {
        Kind::Symlink { .. } => {
            if before.resolve(&path).is_ok() && after.resolve(&path).is_err() {
                failures.push(Failure { at: name, lost: Lost::Target });
            }
        }
        Kind::File(_) if tree.inode(name).header.mode & 0o111 != 0 => {
            if let Some(lost) = lost_interpreter(before, after, name) {
                failures.push(Failure { at: name, lost: Lost::Need(lost) });
            }
        }
        _ => {}
    }
}

/// What the `#!` line of a script names and `env` there starts, if it is no longer the same.
fn lost_interpreter(before: &View<'_>, after: &View<'_>, name: NameId) -> Option<Need> {
    let bytes = before.bytes(name).filter(|bytes| bytes.starts_with(b"#!"))?;
    let shebang = shebang::parse(&bytes)?;
    let programs = Programs::of(&before.image.config);
    let is_lost = |word: &[u8]| programs.find(before, word) != programs.find(after, word);
    let words = [Some(shebang.interpreter.to_vec()), shebang.env_program()];
    words.into_iter().flatten().find(|word| is_lost(word)).map(Need::Shebang)
}

fn verify_programs(before: &View<'_>, after: &View<'_>, plan: &Plan, failures: &mut Vec<Failure>) {
    let mut loading = [Loading::new(before), Loading::new(after)];
    let environment = loading[0].environment.clone();
    for program in &plan.programs {
        let Ok(elf) = before.elf_of(program.name) else { continue };
        if after.look(&program.loader) != before.look(&program.loader) {
            let lost = Lost::Need(Need::Interpreter(program.loader.clone()));
            failures.push(Failure { at: program.name, lost });
            continue;
        }
        let [loading_before, loading_after] = &mut loading;
        let loader_before = loading_before.loader(before, &program.loader, elf);
        let loader_after = loading_after.loader(after, &program.loader, elf);
        let (process_before, _) = elf::start(before, loading_before, &loader_before, &environment, program.name);
        let (process_after, _) = elf::start(after, loading_after, &loader_after, &environment, program.name);
        let requests = process_before.requests().iter().zip(process_after.requests());
        // After the first difference the two processes are built differently.
        if let Some((request, _)) = requests.into_iter().find(|(before, after)| !same(before, after)) {
            let by = &process_before.objects()[request.by].path;
            let at = before.resolve(by).map_or(program.name, |resolved| resolved.name);
            failures.push(Failure { at, lost: Lost::Need(Need::Library(request.name.clone())) });
        }
    }
}

/// Whether a need found the same files, under the same names; where it looks in vain may differ.
fn same(before: &Request, after: &Request) -> bool {
    match (&before.outcome, &after.outcome) {
        (Outcome::Found(before), Outcome::Found(after)) => before == after,
        (Outcome::Missing(_), Outcome::Missing(_)) => true,
        _ => false,
    }
}
