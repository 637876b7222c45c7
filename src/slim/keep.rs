//! The kept names under construction: through this type, tracers read the image and keep names.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use super::binaries::Binaries;
use super::build_history::BuildHistory;
use super::effort::Effort;
use super::file_names::FileNames;
use super::globs;
use super::graph::{Graph, Need, Note, Unmet};
use super::interpreters::{self, PythonStart};
use super::language_paths::site_of;
use super::library_files::LibraryFiles;
use super::modules::imports::ResolvedImports;
use super::modules::node::Installed;
use super::options::Modules;
use super::process::Program;
use super::program_search::Programs;
use super::variables::Variables;
use super::view::View;
use super::why::{Field, Language, Root, Why};
use super::writes::RunTimeFacts;
use crate::image::{Kind, NameId, Tree};

/// Maximum number of notes. A script may have one on each of its lines.
const MAX_NOTES: usize = 10_000;

/// Maximum number of missing dependencies for which the searched directories are recorded.
const MAX_EXPLAINED: usize = 1000;

/// Code that a command of a script has Python run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PythonRun {
    pub(super) by: NameId,
    pub(super) line: usize,
    pub(super) code: PythonCode,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum PythonCode {
    /// `-m`
    Module(String),
    /// `-c`
    Text(String),
}

/// State that is shared by all tracers. State of a single tracer is a field of that tracer.
#[derive(Debug)]
pub(super) struct Keep<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) binaries: &'a Binaries,
    pub(super) build: &'a BuildHistory,
    pub(super) graph: Graph,
    pub(super) programs: Programs,
    pub(super) libraries: LibraryFiles,
    /// The variables of the image, which every script has.
    pub(super) variables: Rc<Variables>,
    pub(super) effort: Effort,
    /// The part of packages that is kept.
    pub(super) module_level: Modules,
    /// The packages that only requests keep.
    pub(super) installed: Rc<Installed>,
    /// Modules that command lines have Node load before its program.
    pub(super) preloaded: BTreeSet<String>,
    /// Scripts that have been read, so that each is read only once, even if an entry point, a
    /// service and another script refer to it.
    pub(super) scripts: HashSet<NameId>,
    /// Files of supervisord that were read, because they may include each other.
    pub(super) supervised: HashSet<NameId>,
    /// Patterns in scripts that were followed, with the script; none for the configuration.
    pub(super) globs: HashSet<(Option<NameId>, String)>,
    /// Files that command lines pass to an interpreter, whatever their names.
    pub(super) sources: BTreeMap<NameId, Language>,
    /// Modules and texts that scripts have Python run.
    pub(super) python_runs: Vec<PythonRun>,
    /// The first line of a script that has Python run something that is not known.
    pub(super) unknown_python: Option<(NameId, usize)>,
    /// Files in directories of packages that an instruction added: the directory, the file and its
    /// reason. They are kept unless a Python selects what it needs of the directory.
    pub(super) deferred: Vec<(NameId, NameId, Root)>,
    /// Interpreters that run code from outside the image, with a name of the program.
    pub(super) unknown_code: BTreeMap<Language, NameId>,
    /// Indices of rules that apply and leave out parts of a program.
    pub(super) with_parts_left_out: BTreeSet<usize>,
    /// Places that are written to at run time, and calls that need capabilities.
    pub(super) run_time: RunTimeFacts,
    /// The last command of the entry point's script if its program is computed: the script, the
    /// line and the word.
    pub(super) unknown_program: Option<(NameId, usize, String)>,
    /// Whether the image starts systemd, so that its tracer follows units.
    pub(super) starts_systemd: bool,
    /// The command lines of deployments.
    pub(super) deployed: Vec<Vec<(Field, String)>>,
    /// Programs that deployments start and that do not exist.
    pub(super) absent: Vec<(Field, String)>,
    /// The paths of the others.
    pub(super) deployed_programs: Vec<(Field, Vec<u8>)>,
    /// The imports of sources that were resolved.
    pub(super) imports: ResolvedImports,
    /// The bytes of modules that `--modules exact` would leave out.
    pub(super) exact_saves: u64,
    /// The reason why the units that systemd starts as the image's program are unknown.
    pub(super) unbootable: Option<String>,
    /// Programs, and libraries loaded on their own, in the order in which they were loaded.
    pub(super) loaded: Vec<Program>,
    /// One row per name: whether the tracers have seen it.
    shown: Vec<bool>,
    file_names: OnceCell<FileNames>,
    /// The paths in variables that are lists, by the names of the variables.
    path_lists: RefCell<BTreeMap<&'static str, Rc<[Vec<u8>]>>>,
    unmet: BTreeSet<Unmet>,
    /// Libraries that were found for a file in some process.
    met: HashSet<(NameId, Vec<u8>)>,
    notes: BTreeSet<Note>,
    /// Notes about files one of which may be meant; they only count for those that are not kept.
    unsettled: BTreeMap<Note, Vec<NameId>>,
    /// Whether notes were left out.
    has_more_notes: bool,
    warnings: BTreeSet<String>,
}

impl<'a> Keep<'a> {
    pub(super) fn new(view: &'a View<'a>, binaries: &'a Binaries, build: &'a BuildHistory) -> Self {
        Self {
            view,
            binaries,
            build,
            graph: Graph::new(view.tree().name_count()),
            programs: Programs::of(&view.image.config),
            libraries: LibraryFiles::default(),
            variables: Rc::new(Variables::of(&view.image.config)),
            effort: Effort::default(),
            module_level: Modules::Whole,
            installed: Rc::default(),
            preloaded: BTreeSet::new(),
            scripts: HashSet::new(),
            supervised: HashSet::new(),
            globs: HashSet::new(),
            sources: BTreeMap::new(),
            python_runs: Vec::new(),
            unknown_python: None,
            deferred: Vec::new(),
            unknown_code: BTreeMap::new(),
            with_parts_left_out: BTreeSet::new(),
            run_time: RunTimeFacts::default(),
            unknown_program: None,
            starts_systemd: false,
            deployed: Vec::new(),
            absent: Vec::new(),
            deployed_programs: Vec::new(),
            imports: ResolvedImports::default(),
            exact_saves: 0,
            unbootable: None,
            loaded: Vec::new(),
            shown: vec![false; view.tree().name_count()],
            file_names: OnceCell::new(),
            path_lists: RefCell::default(),
            unmet: BTreeSet::new(),
            met: HashSet::new(),
            notes: BTreeSet::new(),
            unsettled: BTreeMap::new(),
            has_more_notes: false,
            warnings: BTreeSet::new(),
        }
    }

    pub(super) fn tree(&self) -> &'a Tree {
        self.view.tree()
    }

    /// Whether the image makes so much work that no more files are found: a loop over what it
    /// names may end.
    pub(super) fn is_exhausted(&self) -> bool {
        self.graph.is_exhausted() || self.tree().is_exhausted()
    }

    /// The existing paths in a variable that is a list, such as `NODE_PATH`, each file once. The
    /// list may be long, and every source may be looked up in it, so it is made once.
    pub(super) fn path_list(&self, variable: &'static str) -> Rc<[Vec<u8>]> {
        let mut lists = self.path_lists.borrow_mut();
        let list = lists
            .entry(variable)
            .or_insert_with(|| self.existing_paths(variable));
        Rc::clone(list)
    }

    fn existing_paths(&self, variable: &str) -> Rc<[Vec<u8>]> {
        let value = self.view.image.config.env_value(variable);
        let mut seen = HashSet::new();
        let mut paths = Vec::new();
        for path in value.unwrap_or_default().split(':') {
            // An empty element means different things to different programs.
            if path.is_empty() {
                continue;
            }
            let path = self.programs.absolute(path.as_bytes());
            if let Ok(resolved) = self.tree().resolve(&path)
                && seen.insert(resolved.name)
            {
                paths.push(path);
            }
        }
        paths.into()
    }

    /// The files of the image by name. Few images need them, so they are sorted on first use.
    pub(super) fn file_names(&self) -> &FileNames {
        self.file_names.get_or_init(|| FileNames::of(self.tree()))
    }

    /// Keeps the entry at a path, with its parent directories. If the entry is a symlink, its
    /// target is kept because of the symlink, and returned. For a path that does not exist, nothing
    /// is kept.
    pub(super) fn keep_path(
        &mut self,
        path: &[u8],
        by: Option<NameId>,
        why: Why,
    ) -> Option<NameId> {
        let end = self.tree().resolve(path).ok()?.name;
        // The target is resolved first: for a path that does not exist, nothing is kept, not even a
        // dangling symlink.
        let entry = self.keep_entry(path, by, why)?;
        // The path names the symlink; its target is needed because of the symlink.
        if end != entry {
            self.graph.keep(end, Some(entry), Why::Target);
        }
        Some(end)
    }

    /// Keeps the entry at a path, even if it is a dangling symlink.
    pub(super) fn keep_entry(
        &mut self,
        path: &[u8],
        by: Option<NameId>,
        why: Why,
    ) -> Option<NameId> {
        let resolved = self.tree().resolve_link(path).ok()?;
        self.graph.keep(resolved.name, by, why);
        self.keep_way(resolved.name, &resolved.crossed);
        Some(resolved.name)
    }

    /// Keeps a file that the image's own Dockerfile added. In a directory of packages, what is kept
    /// is decided when it is known what is imported.
    pub(super) fn keep_added(&mut self, name: NameId, root: Root) {
        match site_of(self.tree(), name) {
            Some(site) => self.deferred.push((site, name, root)),
            None => self.graph.keep(name, None, Why::Root(root)),
        }
    }

    /// Keeps everything below a directory, but never the whole image, and no packages that only
    /// requests keep.
    pub(super) fn keep_below(&mut self, directory: NameId, by: Option<NameId>, why: &Why) {
        // A rule or a variable that refers to `/` would otherwise keep the whole image, so that
        // slimming would have no effect.
        if directory != NameId::ROOT {
            let mut skipped = HashSet::new();
            for name in self.tree().below(directory) {
                // More is not kept, and there may be many such directories.
                if self.graph.is_exhausted() {
                    break;
                }
                // A directory comes before its entries.
                if self.installed.is_entry(name) || skipped.contains(&self.tree().parent(name)) {
                    skipped.insert(name);
                    continue;
                }
                self.graph.keep(name, by, why.clone());
            }
        }
    }

    /// Keeps the symlinks and directories on the path to a kept name. Its parent directories are
    /// handled by the directory tracer.
    pub(super) fn keep_way(&mut self, name: NameId, crossed: &[NameId]) {
        for &met in crossed {
            // The parent directories of a name get their reason from the name itself, which is
            // clearer in a chain than "a directory or symlink on its path".
            if !self.tree().is_below(name, met) {
                self.graph.keep(met, Some(name), Why::OnTheWay);
            }
        }
    }

    pub(super) fn is_file(&self, name: NameId) -> bool {
        matches!(self.tree().inode(name).kind, Kind::File(_))
    }

    /// Remembers the file that a command line passes to an interpreter.
    pub(super) fn learn_source(&mut self, words: &[&str]) {
        self.preloaded
            .extend(interpreters::preloaded(words).map(str::to_owned));
        let Some((language, file)) = interpreters::source_argument(words) else {
            return;
        };
        let path = self.programs.absolute(file.as_bytes());
        if let Ok(resolved) = self.tree().resolve(&path)
            && self.is_file(resolved.name)
        {
            self.sources.insert(resolved.name, language);
        }
    }

    /// Remembers what a command of a script has Python run.
    pub(super) fn learn_python(&mut self, words: &[&str], by: NameId, line: usize) {
        // A script may have a command on each of its lines.
        if self.python_runs.len() >= MAX_NOTES {
            self.unknown_python.get_or_insert((by, line));
            return;
        }
        let code = match interpreters::python_start(words) {
            PythonStart::None => return,
            PythonStart::Module(module) => PythonCode::Module(module.to_owned()),
            PythonStart::Text(text) => PythonCode::Text(text.to_owned()),
            PythonStart::File(file) => {
                if !self.has_file_called(file) {
                    self.unknown_python.get_or_insert((by, line));
                }
                return;
            }
            PythonStart::Unknown => {
                self.unknown_python.get_or_insert((by, line));
                return;
            }
        };
        let run = PythonRun { by, line, code };
        if !self.python_runs.contains(&run) {
            self.python_runs.push(run);
        }
    }

    /// Whether the image has a file at a path, or one with its name: scripts change directories.
    fn has_file_called(&mut self, path: &str) -> bool {
        let absolute = self.programs.absolute(path.as_bytes());
        let tree = self.tree();
        if tree.resolve(&absolute).is_ok() {
            return true;
        }
        let name = crate::paths::file_name_bytes(path.as_bytes());
        // Without an end, each line of a script could walk over the image.
        self.effort.patterns.spend(tree.name_count())
            && tree.walk().any(|at| tree.file_name(at) == name)
    }

    /// Whether something starts a kept program, instead of only a text or a rule naming it.
    pub(super) fn is_run(&self, name: NameId) -> bool {
        let mut reasons = self.graph.reasons(name).iter();
        reasons.any(|reason| {
            matches!(
                reason.why,
                Why::Root(Root::Program(_) | Root::Argument { .. } | Root::ShellText { .. })
                    | Why::Command { .. }
                    | Why::Shebang
                    | Why::Target
                    | Why::UnitSetting { .. }
            )
        })
    }

    /// Whether a layer above the base image has a name's entry.
    pub(super) fn is_added(&self, name: NameId) -> bool {
        let layer = self.tree().inode(name).layer;
        // Without a base that is known, everything may be of the distribution.
        self.build.has_base() && !self.build.is_of_base(layer)
    }

    /// Whether the tracers have seen a name, which is kept then.
    pub(super) fn is_shown(&self, name: NameId) -> bool {
        self.shown[name.index()]
    }

    /// The next kept name that the tracers have not seen; it is marked as seen.
    pub(super) fn next_to_show(&mut self, next: &mut usize) -> Option<NameId> {
        let &name = self.graph.kept().get(*next)?;
        *next += 1;
        // The name is marked before the tracers run, because rules check during the run whether a
        // file has already been read.
        self.shown[name.index()] = true;
        Some(name)
    }

    /// Records a dependency that does not exist in the image.
    pub(super) fn unmet(&mut self, by: NameId, need: Need, mut looked_in: Vec<Vec<u8>>) {
        // The directories are shown for a few, and a hostile image may have many long ones.
        if self.unmet.len() >= MAX_EXPLAINED {
            looked_in.clear();
        }
        self.unmet.insert(Unmet {
            by,
            need,
            looked_in,
        });
    }

    /// Records that a process found a library for a file, which may be missing in another process:
    /// a plugin finds libraries in its program's process that it does not find separately.
    pub(super) fn met(&mut self, by: NameId, library: Vec<u8>) {
        self.met.insert((by, library));
    }

    pub(super) fn note(&mut self, at: Option<NameId>, line: Option<usize>, text: String) {
        if self.has_room_for_notes() {
            self.notes.insert(Note { at, line, text });
        }
    }

    /// Adds a note that only counts if one of these files is not kept in the end.
    pub(super) fn note_unless_kept(
        &mut self,
        at: Option<NameId>,
        line: usize,
        text: String,
        files: Vec<NameId>,
    ) {
        if self.has_room_for_notes() {
            let line = Some(line);
            self.unsettled.insert(Note { at, line, text }, files);
        }
    }

    fn has_room_for_notes(&mut self) -> bool {
        let has_room = self.notes.len() + self.unsettled.len() < MAX_NOTES;
        self.has_more_notes |= !has_room;
        has_room
    }

    /// The names that a pattern in a file matches; if there are too many, only those found so far.
    pub(super) fn matching(&mut self, pattern: &str, at: Option<NameId>) -> Vec<NameId> {
        let found = globs::matches(self.view.tree(), pattern, &mut self.effort.patterns);
        self.note_patterns(at);
        found
    }

    /// Adds a note to a file with patterns if the budget for comparing names is used up.
    pub(super) fn note_patterns(&mut self, at: Option<NameId>) {
        if self.effort.patterns.left() == 0 {
            let text = "too many names match patterns in the image: not all were followed";
            self.note(at, None, text.to_owned());
        }
    }

    /// Records a program that a deployment starts and that does not exist.
    pub(super) fn add_absent(&mut self, field: Field, program: &str) {
        self.warn(format!(
            "`{}`, the program of {field}, is not in the image",
            field.shown(program)
        ));
        self.absent.push((field, program.to_owned()));
    }

    /// Records that the result may be useless, whatever is kept.
    pub(super) fn warn(&mut self, text: String) {
        self.warnings.insert(text);
    }

    /// The warnings so far, in order.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.warnings.iter().cloned().collect()
    }

    /// The notes so far, in order.
    pub(super) fn notes(&self) -> Vec<Note> {
        let mut notes: Vec<Note> = self.notes.iter().cloned().collect();
        for (note, files) in &self.unsettled {
            let mut dropped = files.iter().filter(|&&name| !self.graph.is_kept(name));
            let Some(&first) = dropped.next() else {
                continue;
            };
            let first = self.tree().path(first);
            let meant = match dropped.count() {
                0 => first.escape_ascii().to_string(),
                others => format!(
                    "one of {} files, such as {}",
                    1 + others,
                    first.escape_ascii()
                ),
            };
            let text = format!("{}: it may be {meant}", note.text);
            notes.push(Note {
                text,
                ..note.clone()
            });
        }
        if self.has_more_notes {
            notes.push(Note {
                at: None,
                line: None,
                text: format!("more than {MAX_NOTES} notes: the rest are omitted"),
            });
        }
        notes
    }

    /// The missing dependencies of kept files, in order.
    pub(super) fn still_unmet(&self) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        for need in &self.unmet {
            // A library that is missing in one process may be found in another, which is only known
            // at the end, after all processes have been built.
            let is_met = self.is_met_elsewhere(need) || self.is_loaded_before(need);
            if self.graph.is_kept(need.by) && !is_met {
                unmet.push(need.clone());
            }
        }
        unmet
    }

    fn is_met_elsewhere(&self, unmet: &Unmet) -> bool {
        match &unmet.need {
            // A missing version or interpreter is missing in every process, so only libraries can
            // be found elsewhere.
            Need::Library(soname) => self.met.contains(&(unmet.by, soname.clone())),
            _ => false,
        }
    }

    /// Whether a plugin depends on a library that is kept although the loader would not find it:
    /// the program that loads the plugin has already loaded it, as `java` does with `libjvm.so`.
    fn is_loaded_before(&self, unmet: &Unmet) -> bool {
        let Need::Library(soname) = &unmet.need else {
            return false;
        };
        // A program has its own loader and is always loaded separately, so for a program the failed
        // search is the relevant one.
        let is_plugin = self
            .view
            .elf_of(unmet.by)
            .is_ok_and(|elf| elf.interpreter.is_none());
        is_plugin
            && self
                .graph
                .kept()
                .iter()
                // The loader compares the requested name with the names of mapped objects,
                // regardless of their directories.
                .any(|&name| self.tree().file_name(name) == soname.as_slice())
    }
}
