//! Imports that tracing resolved. Verification resolves them again, with only the kept names.
//!
//! A language adds a variant to [`Request`] and a resolver to [`Resolvers`].

use std::collections::BTreeSet;

use super::node;
use super::python::resolve::{Requested, Resolver, SearchPath};
use crate::image::NameId;
use crate::slim::view::View;
use crate::slim::why::Import;

/// The number of imports that are recorded. Large applications have a hundred thousand.
pub(super) const MOST: usize = 256 << 10;
/// Bytes of their names together.
const MOST_BYTES: usize = 64 << 20;

/// An import of a source, with the files that it loaded in the whole image.
#[derive(Debug)]
pub(in crate::slim) struct ResolvedImport {
    pub(in crate::slim) by: NameId,
    pub(in crate::slim) import: Import,
    /// The source works without it: it catches the error.
    pub(in crate::slim) is_optional: bool,
    pub(in crate::slim) found: Vec<NameId>,
    pub(in crate::slim) request: Request,
}

/// The facts about an import that its language needs to resolve it.
#[derive(Debug)]
pub(in crate::slim) enum Request {
    Node(node::RequestKind),
    Python(Requested),
}

/// All imports that were resolved.
#[derive(Debug, Default)]
pub(in crate::slim) struct ResolvedImports {
    imports: Vec<ResolvedImport>,
    bytes: usize,
    /// Directories of packages that are only kept if something imports them.
    pub(in crate::slim) package_directories: BTreeSet<NameId>,
    /// Directories in which all sources of Node find packages.
    pub(super) node_directories: Vec<Vec<u8>>,
    /// The directories in which all sources of Python find modules.
    pub(super) python_path: SearchPath,
}

impl ResolvedImports {
    pub(super) fn add(&mut self, import: ResolvedImport) {
        self.bytes += import.import.module.len();
        if self.imports.len() < MOST && self.bytes <= MOST_BYTES {
            self.imports.push(import);
        }
    }

    /// The imports that load other files in a part of an image, or none.
    pub(in crate::slim) fn lost_in<'s>(
        &'s self,
        before: &View<'_>,
        view: &View<'_>,
        is_there: impl Fn(NameId) -> bool + 's,
    ) -> Vec<&'s ResolvedImport> {
        let node = node::Resolver::new(&self.node_directories);
        let python = Resolver::new(&self.python_path, before, view);
        let mut lost = Vec::new();
        for import in &self.imports {
            if !is_there(import.by) {
                continue;
            }
            let is_lost = match &import.request {
                Request::Node(kind) => {
                    let directory = view.tree().parent(import.by);
                    import.found != node.files(view, directory, &import.import.module, *kind)
                }
                Request::Python(requested) => python.is_lost(import.by, requested),
            };
            // A budget that is used up looks like a missing file.
            if view.tree().is_exhausted() {
                break;
            }
            if is_lost {
                lost.push(import);
            }
        }
        lost
    }
}
