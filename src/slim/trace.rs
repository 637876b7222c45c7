//! Tracing: every newly kept name is shown to every tracer, until nothing is new.

use std::collections::{BTreeSet, HashSet};

use super::effort::Effort;
use super::graph::{Graph, Need, Note, Unmet};
use super::keep_rules;
use super::program_search::Programs;
use super::tracers::{self, elf, runtimes};
use super::view::View;
use super::why::{Confidence, Why};
use crate::image::{Kind, NameId, Tree};

/// What tracers read and where they write.
#[derive(Debug)]
pub(super) struct Trace<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) graph: Graph,
    pub(super) programs: Programs,
    /// What the ELF tracer remembers between files.
    pub(super) loading: elf::Loading,
    /// What the keep rules remember between files.
    pub(super) rules: keep_rules::State,
    /// A row a name: the tracers have seen it.
    shown: Vec<bool>,
    /// Scripts that were read.
    pub(super) scripts: HashSet<NameId>,
    /// What the tracers of interpreters remember between names.
    pub(super) runtimes: runtimes::Runtimes,
    pub(super) effort: Effort,
    unmet: BTreeSet<Unmet>,
    notes: BTreeSet<Note>,
}

/// What came out.
#[derive(Debug)]
pub(super) struct Traced {
    /// What is kept for reasons that are sure enough.
    pub(super) graph: Graph,
    /// What would be kept if every reason counted; none where every one does.
    pub(super) whole: Option<Graph>,
    /// How many names of the whole graph each level keeps, with the levels below it.
    pub(super) kept_at: Vec<(Confidence, usize)>,
    pub(super) unmet: Vec<Unmet>,
    pub(super) notes: Vec<Note>,
    /// What was loaded as a program.
    pub(super) programs: Vec<elf::Program>,
}

impl<'a> Trace<'a> {
    pub(super) fn new(view: &'a View<'a>) -> Self {
        Self {
            view,
            graph: Graph::new(view.tree().name_count()),
            programs: Programs::of(&view.image.config),
            loading: elf::Loading::new(view).opening(),
            rules: keep_rules::State::new(view),
            shown: vec![false; view.tree().name_count()],
            scripts: HashSet::new(),
            runtimes: runtimes::Runtimes::default(),
            effort: Effort::default(),
            unmet: BTreeSet::new(),
            notes: BTreeSet::new(),
        }
    }

    pub(super) fn tree(&self) -> &'a Tree {
        self.view.tree()
    }

    /// Keeps the entry at a path, and the way to it. Where the entry is a link, what it leads to is
    /// kept for the link: that is returned. Of a path that leads nowhere, nothing is kept.
    pub(super) fn keep_path(
        &mut self,
        path: &[u8],
        by: Option<NameId>,
        why: Why,
    ) -> Option<NameId> {
        let end = self.tree().resolve(path).ok()?.name;
        let entry = self.keep_entry(path, by, why)?;
        if end != entry {
            self.graph.keep(end, Some(entry), Why::Target);
        }
        Some(end)
    }

    /// Keeps the entry at a path, be it a link that leads nowhere.
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

    /// Keeps what was met on the way to a kept name. The directories it is in come by themselves.
    pub(super) fn keep_way(&mut self, name: NameId, crossed: &[NameId]) {
        for &met in crossed {
            if !self.holds(met, name) {
                self.graph.keep(met, Some(name), Why::OnTheWay);
            }
        }
    }

    fn holds(&self, directory: NameId, name: NameId) -> bool {
        let mut at = name;
        while at != NameId::ROOT {
            at = self.tree().parent(at);
            if at == directory {
                return true;
            }
        }
        false
    }

    pub(super) fn is_file(&self, name: NameId) -> bool {
        matches!(self.tree().inode(name).kind, Kind::File(_))
    }

    /// Whether the tracers have seen a name, which is kept then.
    pub(super) fn is_shown(&self, name: NameId) -> bool {
        self.shown[name.index()]
    }

    pub(super) fn unmet(&mut self, by: NameId, need: Need, looked_in: Vec<Vec<u8>>) {
        self.unmet.insert(Unmet {
            by,
            need,
            looked_in,
        });
    }

    pub(super) fn note(&mut self, at: Option<NameId>, line: Option<usize>, text: String) {
        self.notes.insert(Note { at, line, text });
    }

    /// Traces all that is kept: first for reasons that are certain, then for likely and for
    /// possible ones too, so that the first reasons of a name are the surest it has. What counts is
    /// what was kept up to this level.
    pub(super) fn run(mut self, level: Confidence) -> Traced {
        let mut kept_at = Vec::new();
        let mut next = 0;
        let mut counted = None;
        for now in Confidence::ALL {
            self.graph.open(now);
            self.settle(&mut next);
            kept_at.push((now, self.graph.kept().len()));
            if now == level {
                counted = Some(self.counted());
            }
        }
        let (graph, unmet, notes, programs) = counted.unwrap_or_else(|| self.counted());
        let whole = (level < Confidence::Possible).then_some(self.graph);
        Traced {
            graph,
            whole,
            kept_at,
            unmet,
            notes,
            programs,
        }
    }

    /// Traces until nothing is new. Libraries that no program has loaded wait until all programs
    /// are through: they are loaded for themselves only if no program does it.
    fn settle(&mut self, next: &mut usize) {
        loop {
            while let Some(&name) = self.graph.kept().get(*next) {
                *next += 1;
                self.shown[name.index()] = true;
                for tracer in tracers::TRACERS {
                    tracer(self, name);
                }
            }
            if !elf::load_waiting(self) && !runtimes::settle(self) {
                break;
            }
        }
    }

    /// Whether a plugin needs a library that is kept, though the loader would not find it: who
    /// loads the plugin has loaded that one before it, as `java` does with `libjvm.so`.
    fn is_loaded_before(&self, unmet: &Unmet) -> bool {
        let Need::Library(soname) = &unmet.need else {
            return false;
        };
        let is_plugin = self
            .view
            .elf_of(unmet.by)
            .is_ok_and(|elf| elf.interpreter.is_none());
        is_plugin
            && self
                .graph
                .kept()
                .iter()
                .any(|&name| self.tree().file_name(name) == soname.as_slice())
    }

    /// What there is so far: the graph; what is unmet and what is noted, in order; and what was
    /// loaded as a program.
    fn counted(&self) -> (Graph, Vec<Unmet>, Vec<Note>, Vec<elf::Program>) {
        let is_met =
            |unmet: &Unmet| self.loading.is_met_elsewhere(unmet) || self.is_loaded_before(unmet);
        let counts = |unmet: &&Unmet| self.graph.is_kept(unmet.by) && !is_met(unmet);
        let unmet = self.unmet.iter().filter(counts).cloned().collect();
        (
            self.graph.clone(),
            unmet,
            self.notes.iter().cloned().collect(),
            self.loading.programs().to_vec(),
        )
    }
}
