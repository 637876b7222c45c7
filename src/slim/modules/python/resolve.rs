//! Imports that are resolved again, with only some of the names of an image.

use std::rc::Rc;

pub(in crate::slim) use super::index::SearchPath;
use super::index::{Index, Module};
use super::source::Request;
use crate::image::NameId;
use crate::slim::view::View;

/// The name of a module, as a source imports it.
#[derive(Clone, Debug)]
pub(in crate::slim) struct Requested {
    /// Leading dots: the package that the name is relative to.
    level: u32,
    name: Box<str>,
}

impl Requested {
    pub(super) fn of(request: &Request) -> Self {
        Self {
            level: request.level,
            name: request.name.as_str().into(),
        }
    }
}

/// Resolves imports in a whole image and in a part of it.
pub(in crate::slim::modules) struct Resolver<'v, 'a> {
    before: (&'v View<'a>, Index),
    after: (&'v View<'a>, Index),
}

impl<'v, 'a> Resolver<'v, 'a> {
    pub(in crate::slim::modules) fn new(
        path: &SearchPath,
        before: &'v View<'a>,
        after: &'v View<'a>,
    ) -> Self {
        let names = before.tree().name_count();
        Self {
            before: (before, Index::of_path(path.clone(), names)),
            after: (after, Index::of_path(path.clone(), names)),
        }
    }

    /// Whether an import of a source finds none of the modules that it found in the whole image.
    /// The order of directories is that of `sys.path` of the program, which is not known.
    pub(in crate::slim::modules) fn is_lost(&self, by: NameId, requested: &Requested) -> bool {
        let before = find(&self.before, by, requested);
        let after = find(&self.after, by, requested);
        // Steps that are used up look like modules that are not there.
        if self.before.1.work.is_used_up() || self.after.1.work.is_used_up() {
            return false;
        }
        let mut before = before.iter().filter(|module| module.is_whole);
        before.all(|module| !after.contains(module))
    }
}

fn find((view, index): &(&View<'_>, Index), by: NameId, requested: &Requested) -> Rc<Vec<Module>> {
    if requested.level == 0 {
        return index.find(view, &requested.name);
    }
    let found = index.find_relative(view, by, requested.level, &requested.name);
    Rc::new(found.into_iter().collect())
}
