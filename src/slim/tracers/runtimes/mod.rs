//! Interpreters: the runtime of a language, and the modules that a program in it can load.
//!
//! Each language has a file. It is shown the program or library that runs the language, and keeps
//! the directories that this one looks for modules in: the standard library without its tests, and
//! packages whole, because a name that is computed at run time is unknown here. What builds
//! or installs packages is left out, unless a kept source loads it.

mod application;
mod directories;
mod java;
mod leftovers;
mod literals;
mod lua;
mod node;
mod perl;
mod php;
mod programs;
mod python;
mod ruby;
mod source;
mod state;

use crate::image::NameId;
use crate::slim::keep::Keep;
use crate::slim::tracer::Tracer;

pub(in crate::slim) use leftovers::without_leftovers;
pub(super) use programs::keep_library_of_archive;

use state::State;

/// Keeps what interpreters run programs with.
#[derive(Debug, Default)]
pub(super) struct RuntimeTracer {
    state: State,
    /// Programs and libraries that run a language, and its place in [`RUNTIMES`].
    found: Vec<(usize, NameId)>,
    /// The number of modules that were wanted when their directories were last kept.
    settled: usize,
}

/// A runtime of a language: whether a program's or library's file name is its, and the function
/// that keeps its files.
struct Runtime {
    is_it: fn(&[u8]) -> bool,
    keep: fn(&mut State, &mut Keep<'_>, NameId),
}

const RUNTIMES: &[Runtime] = &[
    Runtime {
        is_it: java::is_java,
        keep: java::keep,
    },
    Runtime {
        is_it: lua::is_lua,
        keep: lua::keep,
    },
    Runtime {
        is_it: node::is_node,
        keep: node::keep,
    },
    Runtime {
        is_it: perl::is_perl,
        keep: perl::keep,
    },
    Runtime {
        is_it: php::is_php,
        keep: php::keep,
    },
    Runtime {
        is_it: ruby::is_ruby,
        keep: ruby::keep,
    },
];

impl Tracer for RuntimeTracer {
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        let tree = keep.tree();
        let file_name = tree.file_name(name);
        // Python is found through links too: a virtual environment is beside the link.
        if python::is_python(file_name) && !tree.is_directory(name) {
            self.state.python.names.insert(name);
        }
        if !keep.is_file(name) {
            return;
        }
        // A name is not enough: a shell script called `node` runs no JavaScript itself.
        let runtime = RUNTIMES
            .iter()
            .position(|runtime| (runtime.is_it)(file_name));
        if let Some(place) = runtime
            && keep.view.elf_of(name).is_ok()
        {
            self.found.push((place, name));
            (RUNTIMES[place].keep)(&mut self.state, keep, name);
        }
        node::keep_package_of(&mut self.state, keep, name);
        source::trace(&mut self.state, keep, name);
    }

    /// Decides which Python is started on its own, and keeps the modules that programs ask for.
    fn settle(&mut self, keep: &mut Keep<'_>) -> bool {
        let before = keep.graph.kept().len();
        source::trace_named(&mut self.state, keep);
        // Python and Perl decide at the end: what they need depends on all programs that use them.
        python::settle(&mut self.state, keep);
        perl::settle(&mut self.state, keep);
        node::keep_types(&self.state, keep);
        let wanted = self.state.wanted.len();
        // The first pass has left out modules that no source had requested by then.
        if std::mem::replace(&mut self.settled, wanted) != wanted {
            for &(place, name) in &self.found {
                (RUNTIMES[place].keep)(&mut self.state, keep, name);
            }
        }
        keep.graph.kept().len() > before
    }
}
