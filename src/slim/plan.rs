//! The plan: the kept names of an image, the reasons, and totals.

use std::collections::BTreeSet;

use super::binaries::Binaries;
use super::build_history::BuildHistory;
use super::graph::{Graph, Link, Note, Reason, Unmet};
use super::keep::Keep;
use super::keep_rules::{keep_rules, wildcard};
use super::mention_weight::MentionWeight;
use super::modules::imports::ResolvedImports;
use super::options::{PlanError, PlanOptions};
use super::process::Program;
use super::program_kind::{is_privileged, is_program};
use super::trace::{Traced, trace};
use super::view::View;
use super::why::{Confidence, Field, Root, Why};
use super::writes::RunTimeFacts;
use super::{companions, package_records, roots, tracers};
use crate::image::{Image, InodeId, Kind, NameId, ReadError, Selection, Tree};
use crate::knowledge::{ProgramClass, script_languages};
use crate::packages::{GeneratedRecord, Packages};

/// The names to keep. The same image and options result in the same plan.
#[derive(Debug)]
pub struct Plan {
    graph: Graph,
    /// Everything that would be kept if every reason counted; `None` if every reason does count.
    whole: Option<Graph>,
    /// The number of names of the whole graph that each level keeps.
    kept_at: Vec<(Confidence, usize)>,
    level: Confidence,
    companions: Vec<NameId>,
    left_out: Vec<PartLeftOut>,
    warnings: Vec<String>,
    pub(super) deployed: Deployed,
    pub(super) kept: Vec<NameId>,
    unmet: Vec<Unmet>,
    notes: Vec<Note>,
    totals: Totals,
    records: Vec<GeneratedRecord>,
    pub(super) loaded: Vec<Program>,
    exact_saves: u64,
    /// The imports that sources must still find.
    pub(super) imports: ResolvedImports,
    run_time: RunTimeFacts,
    /// Whether libraries that programs may open by name are kept.
    pub(super) keeps_opened: bool,
}

/// The programs that deployments start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Deployed {
    pub(super) programs: Vec<(Field, Vec<u8>)>,
    /// The names of those that are not in the image.
    absent: Vec<(Field, String)>,
}

/// A part of a kept program that the image contains, but that the keep rule leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartLeftOut {
    pub rule: &'static str,
    /// A noun phrase: `the JIT compiler`.
    pub part: &'static str,
    /// The value for `--keep` that keeps it.
    pub pattern: &'static str,
    /// The files that are not kept, each counted once.
    pub bytes: u64,
}

/// Totals of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub before: Count,
    pub after: Count,
    /// Kept files with a setuid or setgid bit, or file capabilities, in tree order.
    pub privileged: Vec<NameId>,
    /// Kept shells, by all of their kept names, in tree order.
    pub shells: Vec<NameId>,
    /// Kept programs of package managers, in tree order.
    pub package_managers: Vec<NameId>,
    /// Cumulative totals of each level, the most certain first.
    pub levels: Vec<(Confidence, Count)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Names of all kinds, without the root.
    pub names: usize,
    /// Regular files; each counts once, even if it has several names.
    pub files: usize,
    /// The total size of these.
    pub bytes: u64,
    /// Executable files in a `bin`, `sbin` or `libexec` directory, each counted once.
    pub programs: usize,
    /// Files with a setuid or setgid bit, or file capabilities, each counted once.
    pub privileged: usize,
}

/// Makes the plan.
pub(super) fn make<'p>(
    view: &View<'_>,
    binaries: &Binaries,
    options: &PlanOptions,
    packages: impl FnOnce() -> Result<&'p Packages, ReadError>,
) -> Result<Plan, PlanError> {
    let image = view.image;
    let packages = packages()?;
    let build = BuildHistory::of(image);
    let mut keep = Keep::new(view, binaries, &build);
    let mut tracers = tracers::all(view, binaries, packages, options);
    // The order of these calls is the order of reasons, and `why` shows the first: a request of the
    // user or the configuration explains a file better than a rule.
    roots::keep(&mut keep, options)?;
    let companions = companions::find(&keep, packages);
    if options.keep_companions {
        roots::keep_companions(&mut keep, &companions);
    }
    for tracer in &mut tracers {
        tracer.start(&mut keep);
    }
    roots::keep_copied(&mut keep);
    roots::keep_made(&mut keep, packages);
    let mut weight = MentionWeight::new(view, &build, packages);
    // Tracers do not know the purpose of the image, so nothing is added to these.
    let warnings = keep.warnings();
    let deployed = Deployed {
        programs: std::mem::take(&mut keep.deployed_programs),
        absent: std::mem::take(&mut keep.absent),
    };
    let traced = trace(keep, &mut tracers, &mut weight, options);
    let mut plan = finish(view, packages, options, traced, companions, warnings)?;
    plan.deployed = deployed;
    Ok(plan)
}

/// Turns the traced names into the plan, with records, notes and totals.
fn finish(
    view: &View<'_>,
    packages: &Packages,
    options: &PlanOptions,
    traced: Traced,
    companions: Vec<NameId>,
    warnings: Vec<String>,
) -> Result<Plan, PlanError> {
    let Traced {
        mut graph,
        whole,
        kept_at,
        unmet,
        notes,
        loaded,
        unknown_program,
        with_parts_left_out,
        unbootable,
        imports,
        exact_saves,
        run_time,
    } = traced;
    let image = view.image;
    check_start(&image.tree, unknown_program, unbootable, options)?;
    // Records are decided on last: a package is recorded if any of its files is kept.
    let records = if options.no_package_records {
        Vec::new()
    } else {
        package_records::keep(image, packages, &mut graph)?
    };
    let oversized = view.oversized();
    // A file that could not be read may hide dependencies, and no plan is better than a broken one.
    if let Some(error) = view.failure() {
        return Err(PlanError::Read(error));
    }
    let kept = kept_names(&image.tree, &graph);
    let left_out = parts_left_out(&image.tree, &graph, &with_parts_left_out);
    let mut notes: BTreeSet<Note> = notes.into_iter().collect();
    notes.extend(missing_runtimes(image, &graph));
    notes.extend(exhaustion(image, &graph));
    notes.extend(too_large(&image.tree, &kept, &oversized));
    let mut totals = totals(&image.tree, &kept, &records);
    // Levels are counted in the whole graph, which has every level.
    totals.levels = levels(&image.tree, whole.as_ref().unwrap_or(&graph), &kept_at);
    // The levels were counted before records were kept.
    add_records(&mut totals, options.level);
    // Verification only opens libraries by name if the plan keeps them; otherwise it would report
    // all of them as missing.
    let keeps_opened = options.level >= Confidence::Likely;
    Ok(Plan {
        graph,
        whole,
        kept_at,
        level: options.level,
        companions,
        left_out,
        warnings,
        deployed: Deployed::default(),
        kept,
        unmet,
        // The set puts the notes in order.
        notes: notes.into_iter().collect(),
        totals,
        records,
        loaded,
        exact_saves,
        imports,
        run_time,
        keeps_opened,
    })
}

/// Refuses an image if the programs that it starts are only known at run time.
fn check_start(
    tree: &Tree,
    unknown_program: Option<(NameId, usize, String)>,
    unbootable: Option<String>,
    options: &PlanOptions,
) -> Result<(), PlanError> {
    // A user who names files to keep may have included those of the program or the service.
    if !options.keep.is_empty() {
        return Ok(());
    }
    if let Some((script, line, word)) = unknown_program {
        let script = tree.path(script).escape_ascii().to_string();
        return Err(PlanError::ProgramComputed { script, line, word });
    }
    match unbootable {
        Some(reason) => Err(PlanError::Systemd { reason }),
        None => Ok(()),
    }
}

/// The kept names, in tree order.
fn kept_names(tree: &Tree, graph: &Graph) -> Vec<NameId> {
    tree.walk().filter(|&name| graph.is_kept(name)).collect()
}

/// The totals of each level. `kept_at` contains the number of names that each level keeps.
fn levels(tree: &Tree, graph: &Graph, kept_at: &[(Confidence, usize)]) -> Vec<(Confidence, Count)> {
    let mut levels = Vec::new();
    for &(level, names) in kept_at {
        // Names were kept level by level, so each level is a prefix of the list.
        let kept = graph.kept()[..names].iter().copied();
        levels.push((level, count(tree, kept)));
    }
    levels
}

/// The parts of kept programs that rules leave out, by rule, in the order of its page.
fn parts_left_out(tree: &Tree, graph: &Graph, rules: &BTreeSet<usize>) -> Vec<PartLeftOut> {
    let mut parts = Vec::new();
    for &rule in rules {
        let page = &keep_rules().pages[rule];
        for left_out in &page.left_out {
            let mut files = BTreeSet::new();
            for found in wildcard::expand(tree, left_out.pattern.as_bytes()) {
                files.insert(found.name);
                files.extend(tree.below(found.name));
            }
            files.retain(|&name| !graph.is_kept(name));
            let count = count(tree, files.into_iter());
            // The editor may be a symlink that every image contains.
            if count.names > 0 {
                parts.push(PartLeftOut {
                    rule: page.name,
                    part: left_out.part,
                    pattern: left_out.pattern,
                    bytes: count.bytes,
                });
            }
        }
    }
    parts
}

/// A note for every kept file that is too large to be analyzed.
fn too_large(tree: &Tree, kept: &[NameId], oversized: &BTreeSet<InodeId>) -> Vec<Note> {
    let mut notes = Vec::new();
    for &name in kept {
        if oversized.contains(&tree.inode_id(name)) {
            notes.push(Note {
                at: Some(name),
                line: None,
                text: "too large to analyze: its dependencies are unknown".to_owned(),
            });
        }
    }
    notes
}

/// Notes about the limits at which paths or dependencies were no longer followed.
fn exhaustion(image: &Image, graph: &Graph) -> Vec<Note> {
    let mut reasons: Vec<String> = Vec::new();
    if let Some(reason) = image.tree.exhaustion() {
        reasons.push(reason.to_owned());
    }
    if graph.is_exhausted() {
        let reason = "too many dependencies in the image: not all of them were followed";
        reasons.push(reason.to_owned());
    }
    let mut notes = Vec::new();
    for text in reasons {
        notes.push(Note {
            at: None,
            line: None,
            text,
        });
    }
    notes
}

/// A note for each language that sources of the user are in, and whose interpreter is in the image
/// but not kept.
fn missing_runtimes(image: &Image, graph: &Graph) -> Vec<Note> {
    let mut notes = Vec::new();
    for runtime in script_languages() {
        let tree = &image.tree;
        let mut sources = graph.kept().iter().copied().filter(|&name| {
            let file_name = tree.file_name(name);
            runtime.is_source(file_name) && graph.is_users(name)
        });
        let Some(source) = sources.next() else {
            continue;
        };
        // A library runs the language too: nginx's Perl, uWSGI's Python.
        let mut interpreters = tree
            .walk()
            .filter(|&name| runtime.is_interpreter(tree.file_name(name)) && is_started(tree, name))
            .peekable();
        if interpreters.peek().is_some() && !interpreters.any(|name| graph.is_kept(name)) {
            notes.push(Note {
                at: Some(source),
                line: None,
                text: format!(
                    "{} source files are kept without their interpreter: no kept file starts it",
                    runtime.name
                ),
            });
        }
    }
    notes
}

impl Plan {
    /// The kept names, in tree order, including the parent directories of each.
    pub fn kept(&self) -> &[NameId] {
        &self.kept
    }

    /// Generated files for scanners, which are written in addition to the kept names.
    pub fn records(&self) -> &[GeneratedRecord] {
        &self.records
    }

    /// The image to write, with the records in it, and the selection of its names.
    pub fn result(&self, image: &Image) -> (Image, Selection) {
        package_records::insert(image, &self.selection(&image.tree), &self.records)
    }

    /// The kept names, for the writer.
    pub fn selection(&self, tree: &Tree) -> Selection {
        let mut selection = Selection::none(tree);
        self.kept
            .iter()
            .for_each(|&name| selection.keep(tree, name));
        selection
    }

    pub fn is_kept(&self, name: NameId) -> bool {
        self.graph.is_kept(name)
    }

    /// Whether a kept name has another reason than being created by a RUN: the program, or
    /// something else, refers to it.
    pub fn is_reached(&self, name: NameId) -> bool {
        let is_made = |why: &Why| matches!(why, Why::Root(Root::Made { .. }));
        self.graph
            .reasons(name)
            .iter()
            .any(|reason| match reason.by {
                None => !is_made(&reason.why),
                Some(by) => {
                    let chain = self.graph.chain(by);
                    chain.first().is_some_and(|link| !is_made(link.why))
                }
            })
    }

    /// The chain of first reasons, from a root to this name; empty if it is not kept.
    pub fn why(&self, name: NameId) -> Vec<Link<'_>> {
        self.graph.chain(name)
    }

    /// The chain to a name that is not kept, but would be if reasons of lower confidence counted;
    /// empty if there is none.
    pub fn why_at_any_level(&self, name: NameId) -> Vec<Link<'_>> {
        self.whole.as_ref().unwrap_or(&self.graph).chain(name)
    }

    /// All reasons for a name, the first one first.
    pub fn reasons(&self, name: NameId) -> &[Reason] {
        self.graph.reasons(name)
    }

    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The names that a level keeps, with those of the levels before it, in the order in which they
    /// came in.
    pub fn kept_at(&self, level: Confidence) -> &[NameId] {
        let graph = self.whole.as_ref().unwrap_or(&self.graph);
        let row = self.kept_at.iter().find(|(known, _)| *known == level);
        row.map_or(&[], |&(_, names)| &graph.kept()[..names])
    }

    /// The requested level.
    pub fn level(&self) -> Confidence {
        self.level
    }

    /// Parts of kept programs that their rules leave out.
    pub fn left_out(&self) -> &[PartLeftOut] {
        &self.left_out
    }

    /// The bytes of unused modules of kept packages, which `--modules exact` would leave out.
    pub fn exact_saves(&self) -> u64 {
        self.exact_saves
    }

    /// Directories of packages that are only kept if something imports them.
    pub fn package_directories(&self) -> &BTreeSet<NameId> {
        &self.imports.package_directories
    }

    /// Places that kept programs write to at run time, and calls that need capabilities.
    pub fn run_time(&self) -> &RunTimeFacts {
        &self.run_time
    }

    /// Companion programs of the program that the image starts, whether they are kept or not.
    pub fn companions(&self) -> &[NameId] {
        &self.companions
    }

    /// Programs that deployments start and that are not in the image, each with the key that names
    /// it.
    pub fn absent_programs(&self) -> &[(Field, String)] {
        &self.deployed.absent
    }

    /// Reasons why the result may be useless, such as a command that does nothing by itself.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Needs that nothing in the image meets, ordered.
    pub fn unmet(&self) -> &[Unmet] {
        &self.unmet
    }

    /// Notes about unknown dependencies, ordered.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    pub fn totals(&self) -> &Totals {
        &self.totals
    }
}

fn totals(tree: &Tree, kept: &[NameId], records: &[GeneratedRecord]) -> Totals {
    // Generated records are not in the tree, but in the image that is written.
    let mut after = count(tree, kept.iter().copied());
    after.names += records.len();
    after.files += records.len();
    after.bytes += records
        .iter()
        .map(|record| record.bytes.len() as u64)
        .sum::<u64>();
    Totals {
        before: count(tree, tree.walk()),
        after,
        privileged: select(tree, kept, is_privileged),
        shells: select(tree, kept, is_shell),
        package_managers: select(tree, kept, is_package_manager),
        levels: Vec::new(),
    }
}

fn select(tree: &Tree, kept: &[NameId], is_wanted: fn(&Tree, NameId) -> bool) -> Vec<NameId> {
    kept.iter()
        .copied()
        .filter(|&name| is_wanted(tree, name))
        .collect()
}

/// Adds the package records, which are kept at every level.
fn add_records(totals: &mut Totals, asked_for: Confidence) {
    let Some(without) = totals
        .levels
        .iter()
        .find(|(level, _)| *level == asked_for)
        .map(|&(_, count)| count)
    else {
        return;
    };
    for (_, count) in &mut totals.levels {
        count.names += totals.after.names - without.names;
        count.files += totals.after.files - without.files;
        count.bytes += totals.after.bytes - without.bytes;
    }
}

fn is_shell(tree: &Tree, name: NameId) -> bool {
    is_started(tree, name) && ProgramClass::PosixShell.contains(tree.file_name(name))
}

fn is_package_manager(tree: &Tree, name: NameId) -> bool {
    is_started(tree, name) && ProgramClass::PackageManager.contains(tree.file_name(name))
}

/// Whether a name is that of a program: an executable file, or a symlink.
fn is_started(tree: &Tree, name: NameId) -> bool {
    match &tree.inode(name).kind {
        Kind::File(_) => tree.inode(name).header.mode & 0o111 != 0,
        Kind::Symlink { .. } => true,
        _ => false,
    }
}

fn count(tree: &Tree, names: impl Iterator<Item = NameId>) -> Count {
    // A file with hard links is stored once and counted once.
    let mut counted = vec![false; tree.inode_count()];
    let mut count = Count::default();
    for name in names {
        count.names += 1;
        let inode = tree.inode_id(name).index();
        if let Kind::File(content) = &tree.inode(name).kind
            && !std::mem::replace(&mut counted[inode], true)
        {
            count.files += 1;
            count.bytes += content.length();
            count.programs += usize::from(is_program(tree, name));
            count.privileged += usize::from(is_privileged(tree, name));
        }
    }
    count
}
