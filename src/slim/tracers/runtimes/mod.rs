//! Interpreters: language runtimes, and the modules that programs can load.
//!
//! Each language has a file. Given the program or library that runs the language, it keeps the
//! directories that are searched for modules: the standard library without its tests, and whole
//! packages, because names that are computed at run time are unknown. Tools that build or install
//! packages are skipped, unless a kept source file loads them.

mod application;
mod beside;
mod calls;
mod compiled;
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
mod python_modules;
mod ruby;
mod settings;
mod source;
mod state;
mod unrequested;

use crate::image::NameId;
use crate::knowledge::{Language, language_of_runtime};
use crate::packages::Packages;
use crate::slim::keep::Keep;
use crate::slim::modules::node::ModuleGraph;
use crate::slim::modules::python::PythonModules;
use crate::slim::options::Modules;
use crate::slim::tracer::Tracer;

pub(super) use calls::commands_in_package;
pub(in crate::slim) use calls::programs_in_code;
pub(in crate::slim) use leftovers::without_leftovers;
pub(super) use programs::{keep_libraries_of_archive, keep_program};
pub(super) use source::is_build_time;

use state::State;

/// Keeps the files that interpreters need to run programs.
#[derive(Debug)]
pub(super) struct RuntimeTracer<'a> {
    packages: &'a Packages,
    state: State,
    /// Programs and libraries that run a language, with its index in [`RUNTIMES`].
    found: Vec<(usize, NameId)>,
    /// The number of requested modules when their directories were last kept.
    settled: usize,
}

/// A language, and the function that keeps the files of its installation.
struct Runtime {
    language: Language,
    keep: fn(&mut State, &mut Keep<'_>, NameId),
}

const RUNTIMES: &[Runtime] = &[
    Runtime {
        language: Language::Java,
        keep: java::keep,
    },
    Runtime {
        language: Language::Lua,
        keep: lua::keep,
    },
    Runtime {
        language: Language::Node,
        keep: node::keep,
    },
    Runtime {
        language: Language::Perl,
        keep: perl::keep,
    },
    Runtime {
        language: Language::Php,
        keep: php::keep,
    },
    Runtime {
        language: Language::Ruby,
        keep: ruby::keep,
    },
];

impl<'a> RuntimeTracer<'a> {
    pub(super) fn new(packages: &'a Packages, modules: Modules) -> Self {
        let state = State {
            python_modules: PythonModules::new(modules),
            ..State::default()
        };
        Self {
            packages,
            state,
            found: Vec::new(),
            settled: 0,
        }
    }
}

impl Tracer for RuntimeTracer<'_> {
    /// An interpreter that runs code from outside the image may load any module of its standard
    /// library.
    fn start(&mut self, keep: &mut Keep<'_>) {
        for (&language, &program) in &keep.unknown_code {
            // The modules of the other languages are kept by rules, which do not select any.
            if matches!(language, Language::Perl | Language::Python | Language::Ruby) {
                let unrequested = &mut self.state.unrequested;
                unrequested.add(keep, self.packages, language, program);
            }
            match language {
                Language::Perl => self.state.perl.has_application = true,
                Language::Python => {
                    self.state.python_modules.open();
                    for module in python::without_display() {
                        self.state.want(language, module, program);
                    }
                }
                Language::Ruby => {
                    for gem in ruby::DEVELOPMENT {
                        self.state.want(language, gem, program);
                    }
                }
                _ => {}
            }
        }
    }

    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        let tree = keep.tree();
        let file_name = tree.file_name(name);
        // Python is also found through symlinks, because a virtual environment is next to the
        // symlink.
        if python::is_python(file_name) && !tree.is_directory(name) {
            self.state.python.names.insert(name);
        }
        if !keep.is_file(name) {
            return;
        }
        // The name is not enough: a shell script called `node` is not an interpreter.
        let language = language_of_runtime(file_name);
        let runtime = RUNTIMES
            .iter()
            .position(|runtime| Some(runtime.language) == language);
        if let Some(place) = runtime
            && keep.view.elf_of(name).is_ok()
        {
            self.found.push((place, name));
            (RUNTIMES[place].keep)(&mut self.state, keep, name);
        }
        node::keep_package_of(&mut self.state, keep, name);
        python_modules::trace(&mut self.state, keep, name);
        source::trace(&mut self.state, keep, name);
        settings::trace(&mut self.state, keep, name);
        compiled::trace(&mut self.state, keep, name);
    }

    /// Determines which Pythons are started directly, and keeps the modules that programs request.
    fn settle(&mut self, keep: &mut Keep<'_>) -> bool {
        let before = keep.graph.kept().len();
        source::trace_named(&mut self.state, keep);
        let is_changed = self.state.unrequested.update(keep, self.packages);
        // Python and Perl decide at the end, because their needs depend on all programs that use
        // them.
        python::settle(&mut self.state, keep);
        python_modules::settle(&mut self.state, keep, self.packages);
        perl::settle(&mut self.state, keep);
        node::settle(&mut self.state, keep);
        node::keep_types(&mut self.state, keep);
        let wanted = self.state.wanted.len();
        let is_new = std::mem::replace(&mut self.settled, wanted) != wanted;
        // The first pass skipped modules that no source file had requested at that time.
        if is_new || is_changed {
            for &(place, name) in &self.found {
                (RUNTIMES[place].keep)(&mut self.state, keep, name);
            }
        }
        keep.graph.kept().len() > before
    }

    fn finish(&mut self, keep: &mut Keep<'_>) {
        ModuleGraph::finish(keep);
        self.state.python_modules.finish(keep);
    }
}
